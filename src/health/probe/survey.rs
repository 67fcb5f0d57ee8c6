//! Many hosts asked the same through one call of `ansible`; each answer is taken from the callback's events, never from
//! what is printed. For questions that change nothing.

use super::program;
use crate::ansible::ask::{Adhoc, Ask, Common};
use crate::ansible::environment::{self, Channels};
use crate::ansible::event::{Outcome, What};
use crate::ansible::secrets::{self, Secrets};
use crate::ansible::tools::{self, Tool};
use crate::ansible::{callback, command, decode};
use crate::project::cfg::{AnsibleCfg, Env};
use crate::state::file;
use crate::text::{cut, plain};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Where questions are asked from.
#[derive(Debug, Clone)]
pub struct Place {
    pub cwd: PathBuf,
    /// Inventory sources, as given to `-i`.
    pub inventory: Vec<String>,
    /// Folder of callback plugins ([`crate::state::StateDir::plugins`]).
    pub plugins: PathBuf,
    /// A private folder in which a folder of each question lies while it is asked: the run's.
    pub scratch: PathBuf,
    /// Passwords that Ansible needs to reach hosts or to read vaulted variables.
    pub secrets: Secrets,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Said(Value),
    /// The module failed there; its message, safe for a terminal.
    Failed(String),
    /// The host could not be reached; why, safe for a terminal.
    Unreachable(String),
}

/// Runs `module` with `args` on `hosts` and gives each host's answer; hosts that gave none within `limit` are not in it.
///
/// # Errors
/// Ansible gave no answer of any host: in words, safe for a terminal.
pub fn ask(
    place: &Place,
    hosts: &[&str],
    module: &str,
    args: &Value,
    limit: Duration,
) -> Result<BTreeMap<String, Answer>, String> {
    let folder = place.scratch.join(format!("question-{}", uuid::Uuid::now_v7()));
    let asked = file::private_dir(&folder).map_err(|e| e.to_string()).and_then(|()| {
        let (events, ended) = run(place, &folder, hosts, module, args, limit)?;
        let answers = read(&events);
        if answers.is_empty() { Err(silence(&ended, limit)) } else { Ok(answers) }
    });
    if let Err(e) = std::fs::remove_dir_all(&folder) {
        tracing::warn!("{} cannot be removed: {e}", folder.display());
    }
    asked
}

fn run(
    place: &Place,
    folder: &Path,
    hosts: &[&str],
    module: &str,
    args: &Value,
    limit: Duration,
) -> Result<(PathBuf, program::Ended), String> {
    let env = Env::current();
    let tool = tools::find(Tool::Adhoc, &env).map_err(|e| e.to_string())?;
    let (events, stop_file, limit_file) = (folder.join("events.jsonl"), folder.join("stop"), folder.join("hosts"));
    let words = |e: io::Error| format!("Ansible could not be asked: {e}");
    // A file: the names of thousands of hosts are too long for a command line.
    file::write_cache(&limit_file, hosts.join("\n").as_bytes()).map_err(words)?;
    let plugin = callback::install(&place.plugins).map_err(words)?;
    let channels = Channels { plugin: &plugin, events: &events, stop_file: &stop_file };
    let added = environment::additions(channels, true, &AnsibleCfg::load(&place.cwd, &env), &env);
    let served = match place.secrets.is_empty() {
        true => None,
        false => Some(secrets::serve(&place.secrets, &folder.join("secrets")).map_err(words)?),
    };
    let ask = Ask::Adhoc(Adhoc {
        pattern: "all".into(),
        module: module.into(),
        args: Some(args.to_string()),
        common: Common {
            inventory: place.inventory.clone(),
            limit: Some(format!("@{}", limit_file.display())),
            ..Common::default()
        },
    });
    let argv = command::child(&ask, &tool, served.as_ref());
    let mut command = Command::new(&tool);
    command.args(&argv[1..]).envs(added).current_dir(&place.cwd);
    Ok((events, program::run(command, limit).map_err(words)?))
}

fn read(events: &Path) -> BTreeMap<String, Answer> {
    let mut answers = BTreeMap::new();
    let bytes = crate::open::read_own(events, crate::open::FLEET).unwrap_or_default();
    for line in bytes.split(|b| *b == b'\n') {
        let Ok(What::Result(outcome, result)) = decode(line).map(|e| e.what) else { continue };
        let message = || {
            let text = result.message().unwrap_or_else(|| "it does not say why".into());
            cut(&plain(&text), 200).to_owned()
        };
        let answer = match outcome {
            Outcome::Unreachable => Answer::Unreachable(message()),
            Outcome::Failed => Answer::Failed(message()),
            // A task that was skipped asked nothing.
            Outcome::Skipped => continue,
            Outcome::Ok | Outcome::Changed => {
                Answer::Said(result.body.and_then(|b| serde_json::from_str(b.get()).ok()).unwrap_or_default())
            }
        };
        answers.insert(result.host.into_owned(), answer);
    }
    answers
}

fn silence(ended: &program::Ended, limit: Duration) -> String {
    match (ended.status, ended.last_line()) {
        (None, _) => format!("ansible gave no answer within {} s and was killed", limit.as_secs()),
        (Some(_), Some(line)) => format!("ansible gave no answer: {line}"),
        (Some(status), None) => format!("ansible gave no answer ({status})"),
    }
}

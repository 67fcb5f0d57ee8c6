//! The operator's own Ansible as a helper: an inventory in Ansible's order, which source failed and why, and the values that a
//! connection needs, with templates and vaults resolved. It is kept warm for whoever asks next. `resolve.py` says what leaves it, and what it never evaluates.

use super::AskError;
use super::answer::{self, From};
use super::child::Cancel;
use super::door;
use super::helper::Patience;
use super::warm::{self, Key};
use crate::inventory::store::{Place, Stop, Store};
use crate::inventory::{Engine, Inventory, Options, Warning};
use crate::text;
use crate::yaml::Node;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a script or a plugin said longer ago (seconds) is asked of it again.
const OLDEST: u64 = 30;

/// What is asked of hosts beside their names.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Variables whose values are asked; none: only order and groups.
    pub names: Vec<String>,
    /// Variables of which only is asked whether they are set.
    pub hidden: Vec<String>,
    /// The hosts that are meant; `None`: all.
    pub hosts: Option<Vec<String>>,
}

/// A source that Ansible could not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// As it is named from the project's root.
    pub source: String,
    pub why: String,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.why)
    }
}

/// What it answered.
#[derive(Debug)]
pub struct Resolved {
    pub inventory: Inventory,
    /// Why what was asked of a host is not known.
    pub declined: HashMap<String, String>,
}

/// Asks about `sources` in `root`. Without sources Ansible's configuration decides. Blocking.
///
/// # Errors
/// Ansible is missing, takes too long, or cannot read one of the sources: half an inventory is none.
pub fn resolve(
    root: &Path,
    sources: &[String],
    wanted: &Wanted,
    options: &Options,
    limit: Duration,
    cancel: &Cancel,
) -> Result<Resolved, AskError> {
    let Wanted { names, hidden, hosts } = wanted;
    let question = serde_json::json!({
        "sources": sources, "names": names, "hidden": hidden, "hosts": hosts, "oldest": OLDEST,
    });
    let key = Key { root: root.to_path_buf(), sources: sources.to_vec(), env: options.env.clone() };
    let patience = Patience { deadline: Instant::now() + limit, limit, cancel };
    let question = question.to_string();
    let said = match door::borrow(&key, &question, patience)? {
        Some(said) => said,
        None => warm::ask(&key, &question, patience)?,
    };
    read(root, sources, options, &said)
}

fn read(root: &Path, sources: &[String], options: &Options, said: &str) -> Result<Resolved, AskError> {
    let tree = answer::object(said)?;
    if let Some(error) = tree.get("error").and_then(Node::text) {
        return Err(AskError::Unreadable(text::plain(error).into_owned()));
    }
    let list = |key: &str| tree.get(key).map_or(&[][..], Node::items);
    let failed: Vec<Failed> = list("sources").iter().filter_map(|source| failure(root, source)).collect();
    if !failed.is_empty() {
        return Err(AskError::Unread(failed));
    }
    let mut store = Store::new();
    let broken = |stop| match stop {
        Stop::Wrong(why) | Stop::Unsure(why) | Stop::TooLarge(why) => AskError::Unreadable(why),
    };
    for group in list("groups").iter().filter_map(Node::text) {
        store.add_group(group, Place::default()).map_err(broken)?;
    }
    store.announce(&list("hosts").iter().filter_map(Node::text).collect::<Vec<_>>());
    let warnings = tree.get("said").and_then(Node::text).unwrap_or_default();
    let warnings = warnings.lines().filter(|line| !line.trim().is_empty());
    let warnings = warnings.map(|line| Warning { file: None, mark: None, text: line.to_owned() }).collect();
    let from = From { root, sources, options, warnings, engine: Engine::Resolved };
    let held = tree.get("inventory").ok_or_else(|| AskError::Unreadable("it holds no inventory".into()))?;
    let inventory = answer::inventory(held, store, from)?;
    let declined = tree.get("declined").map_or(&[][..], Node::entries);
    let declined = declined
        .iter()
        .filter_map(|(host, why)| Some((host.text()?.to_owned(), text::plain(why.text()?).into_owned())))
        .collect();
    Ok(Resolved { inventory, declined })
}

fn failure(root: &Path, source: &Node) -> Option<Failed> {
    let field = |key: &str| source.get(key).and_then(Node::text).unwrap_or_default();
    if field("parsed") == "true" {
        return None;
    }
    let path = Path::new(field("source"));
    let shown = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let why = match path.is_dir() {
        true => "Ansible reads none of the files in this folder".to_owned(),
        false => why(field("said")),
    };
    Some(Failed { source: text::plain(&shown).into_owned(), why })
}

/// What went wrong with a source, in one line, from all that Ansible wrote of it.
fn why(said: &str) -> String {
    let lines = text::plain_lines(said);
    let mut lines = lines.iter().map(|line| line.trim());
    if lines.clone().any(|line| line.starts_with("Standard error from inventory script")) {
        let own = lines.skip_while(|line| !line.starts_with("Standard error from inventory script")).skip(1);
        let own: Vec<&str> = own.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty()).collect();
        if let Some(last) = own.last() {
            return (*last).to_owned();
        }
        return "the inventory script failed and said nothing".to_owned();
    }
    let known = |line: &&str| line.contains("unknown plugin '");
    if let Some(plugin) = lines.clone().find(known).and_then(|line| line.split("unknown plugin '").nth(1)) {
        let plugin = plugin.split('\'').next().unwrap_or_default();
        return match plugin.rsplit_once('.') {
            Some((collection, _)) => {
                format!("the collection {collection} is missing: ansible-galaxy collection install {collection}")
            }
            None => format!("there is no inventory plugin {plugin}"),
        };
    }
    let told = lines.find(|line| !line.is_empty() && !line.contains("Unable to parse"));
    let told = told.unwrap_or("no inventory plugin takes it").trim_start_matches("[WARNING]:").trim();
    let told = told.trim_start_matches('*').trim();
    // As versions before 2.19 say it: "* Failed to parse FILE with script plugin: Inventory script (FILE) had an execution
    // error: WORDS".
    let own = ["had an execution error: ", " plugin: "].iter().find_map(|words| told.split_once(words));
    own.map_or(told, |(_, own)| own.trim()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_source_failed_is_one_line() {
        let script = "[WARNING]: Failed to parse inventory with 'script' plugin: x\n\nStandard error from inventory script:\n\
                      cannot reach the cloud: token expired\n\n[WARNING]: Unable to parse /p as an inventory source\n";
        assert_eq!(why(script), "cannot reach the cloud: token expired");
        let plugin = "[WARNING]: Failed to parse inventory with 'auto' plugin: inventory config '/p/aws_ec2.yml' specifies \
                      unknown plugin 'amazon.aws.aws_ec2'\n";
        let missing = "the collection amazon.aws is missing: ansible-galaxy collection install amazon.aws";
        assert_eq!(why(plugin), missing);
        let older = "[WARNING]:  * Failed to parse /p/z.sh with script plugin: Inventory script (/p/z.sh) had an execution \
                     error: cannot reach the cloud\n[WARNING]:  * Failed to parse /p/z.sh with ini plugin: x\n";
        assert_eq!(why(older), "cannot reach the cloud");
        assert_eq!(why("[WARNING]: Unable to parse /p as an inventory source\n"), "no inventory plugin takes it");
    }
}

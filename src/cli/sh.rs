//! `opsdeck sh`: one shell command on many hosts over warm SSH connections, and what they said, folded.

use super::glass::Glass;
use super::target::{Hosts, Place};
use super::{Global, groups, start, wait};
use crate::ansible::Ask;
use crate::ansible::ask::{Common, Shell};
use crate::ansible::secrets::SecretName;
use crate::project::cfg::Env;
use crate::run::Request;
use crate::run::fan::engines::{self, Given};
use anyhow::{Result, bail};
use std::io::Write;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  opsdeck sh web -E production --wait -- uptime
  opsdeck sh 'all:!db' -i hosts.ini --wait -- 'df -h / | tail -1'
  opsdeck sh web -E production -b --timeout 20 --wait --json -- systemctl is-active nginx

The words behind -- are joined with spaces, as ssh does, and run by /bin/sh on each host. Hosts over SSH are logged in to \
once and stay connected for as long as Ansible's ssh_args say (ControlPersist, 60 s by default); the connections are those \
of Ansible. Hosts with another connection go through `ansible -m shell`, and that is said. With --wait the output comes \
folded: hosts that said the same are one group; + and - mark what differs from what most hosts said.";

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help())]
pub struct Args {
    /// Host pattern: `all`, `web`, `web:&eu:!canary`, `web[0:4]`, `~regex`
    #[arg(allow_hyphen_values = true)]
    pub pattern: String,
    /// Where and as whom.
    #[command(flatten)]
    pub hosts: Hosts,
    /// Seconds that the command may run on a host
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    pub timeout: u32,
    /// Bytes of long outputs that the run keeps at most, with K, M or G behind; default 1G. Each output is kept whole up to it
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub max_output: Option<u64>,
    /// Break-glass.
    #[command(flatten)]
    pub glass: Glass,
    /// Stay, print what the hosts said, exit with Ansible's code
    #[arg(short, long)]
    pub wait: bool,
    /// Print JSON: the id without --wait, the run's record and the groups after it
    #[arg(long)]
    pub json: bool,
    /// The command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// `500M`, `2G`, `1000000`.
fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        _ => return Err("expected a number of bytes, with K, M or G behind".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "expected a number of bytes, with K, M or G behind".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "more bytes than there are".to_owned())
}

fn long_help() -> String {
    format!("{EXAMPLES}\n\n{}", wait::CODES)
}

/// Launches it.
///
/// # Errors
/// The command line asks for what does not exist. Refusals have their own exit code.
pub fn run(global: &Global, args: Args) -> Result<ExitCode> {
    let place = Place::find(global, !args.hosts.inventory.is_empty())?;
    let (environment, inventory) = args.hosts.choose(&place)?;
    let command = args.command.join(" ");
    if command.trim().is_empty() {
        bail!("the command is empty");
    }
    let common = Common { inventory, ..args.hosts.common() };
    let shell = Shell { pattern: args.pattern, command, timeout: args.timeout, max_output: args.max_output, common };
    if args.hosts.passwords.secrets_from.is_some() {
        bail!("sh knows no variables: --secrets-from is for what takes -e");
    }
    let secrets = args.hosts.passwords.ask()?;
    let env = Env::current();
    let given = Given {
        become_password: secrets.names().any(|n| *n == SecretName::Become),
        connection_password: secrets.names().any(|n| *n == SecretName::Connection),
    };
    // What only `ansible-inventory` can tell is told by the run itself: nobody waits for it here.
    let planned = engines::plan(&shell, &place.project.root, &env, given, false);
    if let Some(engines) = planned.ok().filter(|engines| !engines.ansible.is_empty()) {
        eprintln!("opsdeck: {}", crate::text::plain(&engines.words()));
    }
    let request = Request {
        environment,
        cwd: place.project.root,
        only: None,
        shown: None,
        secrets,
        on_conflict: crate::run::spec::OnConflict::Warn,
        timeout: None,
        rerun_of: None,
        pauses_are_known: false,
        break_glass: args.glass.reason(),
        vars: serde_json::Map::new(),
        ask: Ask::Shell(shell),
    };
    if !args.wait {
        return start::start(global, request, false, args.json);
    }
    let desk = global.desk();
    let launched = match desk.acting()?.launch(request) {
        Ok(launched) => launched,
        Err(e) => return Ok(start::refused(&e.into())),
    };
    launched.warnings.iter().for_each(|w| eprintln!("opsdeck: {}", crate::text::plain(w)));
    let code = groups::watch(&desk, launched.id, args.json)?;
    let _ = std::io::stdout().flush();
    Ok(code.into())
}

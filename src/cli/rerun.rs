//! `opsdeck rerun`: a run once more.

use super::{Global, secret, start, wait};
use crate::ansible::secrets::{SecretName, Secrets};
use crate::run::{Follower, find, open_index, rerun};
use anyhow::{Result, bail};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  opsdeck rerun last
  opsdeck rerun 0199 --failed-hosts --wait";

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help())]
pub struct Args {
    /// The run: its number, its id, the beginning of it, or `last`
    pub run: String,
    /// Only hosts that failed, were unreachable, or did not come to an end
    #[arg(long)]
    pub failed_hosts: bool,
    /// Stay, print what Ansible prints, exit with its code
    #[arg(short, long)]
    pub wait: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Launch although the playbook has pauses that wait for a person: Ansible skips them
    #[arg(long)]
    pub skip_pauses: bool,
}

fn long_help() -> String {
    format!("{EXAMPLES}\n\n{}", wait::CODES)
}

/// Launches it again.
///
/// # Errors
/// No such run; a password cannot be asked for.
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    let store = global.store();
    let id = find(&store, &open_index(&store)?, &args.run)?;
    let run = Follower::open_exact(&store.run(id))?;
    let hosts = args.failed_hosts.then(|| rerun::unfinished(&run.spec, &run.state));
    if args.failed_hosts && !run.state.state.is_terminal() {
        bail!("run {id} has not ended: its unfinished hosts are not known yet");
    }
    if hosts.as_ref().is_some_and(Vec::is_empty) {
        eprintln!("opsdeck: every host of run {id} came to its end: there is nothing to do again");
        return Ok(start::REFUSED.into());
    }
    let mut secrets = Secrets::default();
    for name in &run.spec.secrets {
        let name: SecretName = name.parse()?;
        let value = secret::ask(&format!("{name} (not kept since the last time): "))?;
        secrets.set(name, value);
    }
    let mut request = rerun::again(&store, &run.spec, hosts.as_deref(), secrets)?;
    request.pauses_are_known = args.skip_pauses;
    start::start(global, request, args.wait, args.json)
}

//! `opsdeck rerun`: a run once more.

use super::glass::Glass;
use super::{Global, passwords, secret, start, target, wait};
use crate::ansible::ask::{Common, ExtraVars};
use crate::ansible::secrets::{SecretName, Secrets};
use crate::run::{Follower, Request, rerun};
use crate::state::StateDir;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::ExitCode;
use zeroize::Zeroizing;

const EXAMPLES: &str = "\
Examples:
  opsdeck rerun last
  opsdeck rerun 0199 --failed-hosts --wait
  opsdeck rerun 0199 --secrets-from <(pass show deploy)     # {\"db_password\": \"...\", \"become\": \"...\"}

Passwords and secret variables are never kept: they are asked for at the terminal, or given by their names.";

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help())]
pub struct Args {
    /// The run: its number, its id, the beginning of it, or `last`
    pub run: String,
    /// Only hosts that failed, were unreachable, or did not come to an end
    #[arg(long)]
    pub failed_hosts: bool,
    /// Break-glass.
    #[command(flatten)]
    pub glass: Glass,
    /// Stay, print what Ansible prints, exit with its code
    #[arg(short, long)]
    pub wait: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// A secret variable that it had, instead of asking: `db_password=x`, JSON (may be repeated)
    #[arg(short, long, value_name = "VARS", allow_hyphen_values = true)]
    pub extra_vars: Vec<String>,
    /// The secrets that it had, instead of asking: a JSON object or a YAML mapping in this file; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub secrets_from: Option<PathBuf>,
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
/// No such run. Refusals have their own exit code.
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    let store = global.store();
    let desk = global.desk();
    let run = desk.exact(desk.find(&args.run)?)?;
    match request(&store, &run, args) {
        Ok(request) => start::start(global, request, args.wait, args.json),
        Err(e) => Ok(start::refused(&e)),
    }
}

/// What is launched.
fn request(store: &StateDir, run: &Follower, args: &Args) -> Result<Request> {
    let id = run.spec.id;
    let hosts = args.failed_hosts.then(|| rerun::unfinished(&run.spec, &run.state));
    if args.failed_hosts && !run.state.state.is_terminal() {
        bail!("run {id} has not ended: its unfinished hosts are not known yet");
    }
    if hosts.as_ref().is_some_and(Vec::is_empty) {
        bail!("every host of run {id} came to its end: there is nothing to do again");
    }
    let secrets = secrets(&run.spec.secrets, args)?;
    let request = rerun::again(store, &run.spec, hosts.as_deref(), secrets)?;
    Ok(Request { pauses_are_known: args.skip_pauses, break_glass: args.glass.reason(), ..request })
}

/// The secrets that the run had (`names`, as its spec has them): given on the command line or in a file, else asked for.
fn secrets(names: &[String], args: &Args) -> Result<Secrets> {
    let named = names.iter().map(|name| name.parse()).collect::<Result<Vec<SecretName>, _>>()?;
    let had = || named.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut given = Secrets::default();
    for (key, json) in
        args.secrets_from.iter().map(|path| passwords::from_file(path)).collect::<Result<Vec<_>>>()?.concat()
    {
        let is = |name: &&SecretName| name.to_string() == key || matches!(name, SecretName::Extra(v) if *v == key);
        let Some(name) = named.iter().find(is) else { bail!("the run had no secret {key:?}: it had {}", had()) };
        let value = match name {
            SecretName::Extra(_) => json,
            _ => Zeroizing::new(serde_json::from_str(&json).with_context(|| format!("{key} must be a text"))?),
        };
        given.set(name.clone(), value);
    }
    let extra_vars = args.extra_vars.iter().map(|text| ExtraVars::from(text.as_str())).collect();
    let common = target::hidden(Common { extra_vars, ..Common::default() }, &mut given)?;
    let odd = given.names().find(|name| !named.contains(name)).map(ToString::to_string);
    if common.extra_vars.iter().any(|extra| extra.text().is_some()) || odd.is_some() {
        bail!("a run is repeated as it was: only the secrets that it had are given anew ({})", had());
    }
    let open: Vec<&SecretName> = named.iter().filter(|name| given.get(name).is_none()).collect();
    let all = open.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    for name in open {
        let value = secret::ask(&format!("{name} (not kept since the last time): ")).with_context(|| {
            format!("to be given again: {all}. Without a terminal give them with --secrets-from FILE")
        })?;
        given.typed(name.clone(), value);
    }
    // In the order that they had.
    let mut secrets = Secrets::default();
    for name in named {
        if let Some(value) = given.get(&name) {
            let value = Zeroizing::new(value.to_owned());
            secrets.set(name, value);
        }
    }
    Ok(secrets)
}

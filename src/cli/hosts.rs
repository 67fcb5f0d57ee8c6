//! `opsdeck hosts PATTERN`: the names that `ansible PATTERN --list-hosts` selects, one a line.
//!
//! Exit codes: 0 printed, also if there are none; 1 an error, or a limit that leaves no host; Ansible's own code where
//! Ansible failed.

use super::inventory::{Engine, From, LIMIT, tell, verdict, warn};
use super::{Global, print};
use crate::inventory::ask::{self, Cancel, Wanted};
use crate::inventory::{Declined, Inventory, Options, PatternError, Selection};
use crate::text;
use anyhow::bail;
use std::process::ExitCode;

const HELP: &str = "\
Examples:
  opsdeck hosts 'web:&eu:!canary' -i inventories/production
  opsdeck hosts all --limit @failed.txt --json

Exit codes: 0 printed, also if there are none; 1 an error, or a limit that leaves no host; Ansible's own code where \
Ansible failed.";

/// Options of `opsdeck hosts`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Host pattern, such as `web:&prod:!web3`, `db[0:2]`, `~web\d+`
    pub pattern: String,
    /// Where to read the inventory from and with what
    #[command(flatten)]
    pub from: From,
    /// Limit to another pattern; `@FILE` takes it from a file
    #[arg(short, long, value_name = "PATTERN")]
    pub limit: Option<String>,
    /// Print a JSON list
    #[arg(long)]
    pub json: bool,
}

/// Prints the hosts.
///
/// # Errors
/// A pattern that Ansible refuses, a limit that leaves no host, a decline under `--engine native`.
pub fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let limit = args.limit.as_deref();
    if args.from.engine != Some(Engine::Ansible) {
        match native(args, &args.from.sources(global)?, global) {
            Ok((inventory, selection)) => return show(args, &inventory, &selection),
            Err(PatternError::Wrong(what)) if limit.is_none() => {
                eprintln!("opsdeck: warning: no hosts: {}", text::plain(&what));
                return print_names(args, &[]);
            }
            Err(PatternError::Wrong(what)) => bail!("{}", text::plain(&what)),
            Err(PatternError::Declined(declined)) => {
                args.from.fall_back(&declined)?;
                return resolved(args, global);
            }
        }
    }
    match ask::hosts(&global.project, &args.from.given(global)?, &args.pattern, limit, LIMIT, &Cancel::default()) {
        Ok((names, stderr)) => {
            tell(&stderr);
            print_names(args, &names.iter().map(String::as_str).collect::<Vec<_>>())
        }
        Err(error) => verdict(error),
    }
}

fn native(args: &Args, sources: &[String], global: &Global) -> Result<(Inventory, Selection), PatternError> {
    let declined = |declined: Declined| PatternError::Declined(declined);
    let inventory = Inventory::load(&global.project, sources, &Options::current()).map_err(declined)?;
    let selection = inventory.select(&args.pattern, args.limit.as_deref())?;
    Ok((inventory, selection))
}

/// As Ansible itself reads the sources, in its order.
fn resolved(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let (sources, options) = (args.from.given(global)?, Options::current());
    let asked = ask::resolve(&global.project, &sources, &Wanted::default(), &options, LIMIT, &Cancel::default());
    let inventory = match asked {
        Ok(resolved) => resolved.inventory,
        Err(error) => return verdict(error),
    };
    match inventory.select(&args.pattern, args.limit.as_deref()) {
        Ok(selection) => show(args, &inventory, &selection),
        Err(e) => bail!("{}", text::plain(&e.to_string())),
    }
}

fn show(args: &Args, inventory: &Inventory, selection: &Selection) -> anyhow::Result<ExitCode> {
    warn(inventory);
    for pattern in &selection.unmatched {
        eprintln!("opsdeck: warning: `{}` matches no host and no group", text::plain(pattern));
    }
    if !selection.fixed {
        eprintln!(
            "opsdeck: note: Ansible itself takes these hosts in another order each time; this is the order of definition"
        );
    }
    let names: Vec<&str> = selection.hosts.iter().map(|id| inventory.host_name(*id)).collect();
    if names.is_empty() && args.limit.is_some() && inventory.host_count() > 0 {
        bail!("the pattern `{}` and the limit leave no host", text::plain(&args.pattern));
    }
    print_names(args, &names)
}

fn print_names(args: &Args, names: &[&str]) -> anyhow::Result<ExitCode> {
    if args.json {
        print::print(&(serde_json::to_string_pretty(names)? + "\n"))?;
    } else {
        print::print(&names.iter().map(|name| text::plain(name) + "\n").collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}

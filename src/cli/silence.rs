//! `opsdeck silence`, `silences`, `unsilence`: hosts, checks, services or a whole environment of which nobody is told for a
//! while, and to which recovery does nothing. Audited: intent before, outcome after.

use super::{Global, known, print};
use crate::health::silence::{self, Target, Word};
use crate::inventory::Inventory;
use crate::project::config::checks::METRICS;
use crate::project::{Environment, Project};
use crate::text::human::span;
use crate::text::{human, plain};
use anyhow::{Result, bail};
use serde_json::json;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  opsdeck silence web3 -E production --for 2h --reason 'its disk is being replaced'
  opsdeck silence 'web:&eu' check:ssh -E production --for 30m --reason 'firewall change, INC-4711'
  opsdeck silence 'check:disk /var on db1' -E production --for 8h --reason 'the archive job, INC-4712'
  opsdeck silence service:shop -E production --for 1h --reason 'migration'
  opsdeck silence all -E staging --for 8h --reason 'load test'
  opsdeck silences
  opsdeck unsilence web3 -E production --reason 'disk is in'

Exit codes: 0 done; 1 it could not be done, or there is no such thing; 2 a usage error.";

/// Options of `silence`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Set {
    #[command(flatten)]
    which: Which,
    /// For how long: 30m, 2h
    #[arg(long = "for", value_name = "TIME", value_parser = span)]
    span: i64,
}

/// Options of `unsilence`, and what both have.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Which {
    /// Hosts as a pattern, check:NAME, 'check:NAME on HOST', service:NAME; `all`: the whole environment with its checks beside hosts
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<String>,
    /// Environment of the project; not needed where there is only one
    #[arg(short = 'E', short_alias = 'e', long = "environment", alias = "env", value_name = "NAME")]
    environment: Option<String>,
    /// Why; the audit ledger keeps it, and whoever looks sees it
    #[arg(long, value_name = "TEXT", value_parser = super::line::reason)]
    reason: String,
}

/// Options of `silences`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct List {
    /// Only those of an environment
    #[arg(short = 'E', short_alias = 'e', long = "environment", alias = "env", value_name = "NAME")]
    environment: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Silences.
///
/// # Errors
/// No such environment, host, check or service; the control or the ledger cannot be used.
pub fn set(args: &Set, global: &Global) -> Result<ExitCode> {
    let project = Project::discover(&global.project)?;
    let environment = known::choose(&project, args.which.environment.as_deref())?;
    let targets = targets(&project, environment, &args.which.targets)?;
    let now = now();
    let word = args.which.word(environment, targets);
    global.desk().acting()?.silence(&word, now + args.span)?;
    let until = human::date_time(now + args.span);
    print::print(&plain(&format!("silenced in {} until {until}: {}", environment.name, word.words())))?;
    print::print("\n")?;
    Ok(ExitCode::SUCCESS)
}

/// Lifts silences before their time.
///
/// # Errors
/// Nothing of it is silenced, no such environment; the control or the ledger cannot be used.
pub fn lift(args: &Which, global: &Global) -> Result<ExitCode> {
    let project = Project::discover(&global.project)?;
    let environment = known::choose(&project, args.environment.as_deref())?;
    let held = global.desk().decisions()?.silences(Some(&environment.name), now())?;
    let is_held = |target: &Target| held.iter().any(|row| row.target == target.to_string());
    // What was silenced can be lifted by that name, also when the host or the check is gone meanwhile.
    let (mut lifted, unknown): (Vec<Target>, Vec<Target>) =
        args.targets.iter().map(|text| Target::named(text)).partition(is_held);
    if !unknown.is_empty() {
        let names: Vec<String> = unknown.iter().map(Target::to_string).collect();
        let found: Vec<Target> = targets(&project, environment, &names)?.into_iter().filter(is_held).collect();
        if found.is_empty() {
            bail!("{} is not silenced in {}; `opsdeck silences` lists what is", names.join(", "), environment.name);
        }
        lifted.extend(found);
    }
    let word = args.word(environment, lifted);
    global.desk().acting()?.lift(&word)?;
    print::print(&plain(&format!("silenced no more in {}: {}", environment.name, word.words())))?;
    print::print("\n")?;
    Ok(ExitCode::SUCCESS)
}

/// Lists silences that hold.
///
/// # Errors
/// control.db cannot be read.
pub fn list(args: &List, global: &Global) -> Result<ExitCode> {
    let now = now();
    let mut all = known::decided(global)?.silences(None, now)?;
    if let Some(name) = &args.environment {
        known::environment(global, name, all.iter().map(|row| row.environment.as_str()))?;
        all.retain(|row| row.environment == *name);
    }
    let out = if args.json {
        let one = |row: &crate::state::silences::SilenceRow| {
            json!({ "environment": row.environment, "target": row.target, "at": human::rfc3339(row.at),
                    "until": human::rfc3339(row.until), "operator": row.operator, "reason": row.reason })
        };
        serde_json::to_string_pretty(&all.iter().map(one).collect::<Vec<_>>())? + "\n"
    } else if all.is_empty() {
        "nothing is silenced\n".to_owned()
    } else {
        let line = |row: &crate::state::silences::SilenceRow| {
            let left = human::left(row.until - now);
            let text = format!("{}  {}  {}, {left} left", row.environment, row.target, silence::words(row));
            plain(&text).into_owned() + "\n"
        };
        all.iter().map(line).collect()
    };
    print::print(&out)?;
    Ok(ExitCode::SUCCESS)
}

impl Which {
    fn word(&self, environment: &Environment, targets: Vec<Target>) -> Word {
        Word { environment: environment.name.clone(), targets, reason: self.reason.clone() }
    }
}

/// What these texts name; what is not there would be silenced in vain.
fn targets(project: &Project, environment: &Environment, texts: &[String]) -> Result<Vec<Target>> {
    let mut inventory = None;
    let mut targets = Vec::new();
    for text in texts {
        match Target::named(text) {
            Target::All => targets.push(Target::All),
            Target::Check(name) => {
                is_check(project, &name)?;
                targets.push(Target::Check(name));
            }
            Target::One { check, host } => {
                is_check(project, &check)?;
                if once(&mut inventory, project, environment)?.host(&host).is_none() {
                    bail!("no host {host:?} in {}", environment.name);
                }
                targets.push(Target::One { check, host });
            }
            Target::Service(name) => {
                known::one("service", &name, "`recovery:` and `releases:`", project.services())?;
                targets.push(Target::Service(name));
            }
            Target::Host(pattern) => {
                let there = once(&mut inventory, project, environment)?;
                let hosts = match there.host(&pattern) {
                    Some(_) => vec![pattern],
                    None => known::hosts(there, &pattern)?,
                };
                if hosts.is_empty() {
                    bail!("no host of {} matches `{text}`", environment.name);
                }
                targets.extend(hosts.into_iter().map(Target::Host));
            }
        }
    }
    Ok(targets)
}

/// The environment's inventory: read where a host is named, and once.
fn once<'a>(read: &'a mut Option<Inventory>, project: &Project, environment: &Environment) -> Result<&'a Inventory> {
    match read {
        Some(inventory) => Ok(inventory),
        none => Ok(none.insert(known::inventory(project, environment)?)),
    }
}

fn is_check(project: &Project, name: &str) -> Result<()> {
    let own = project.checks.iter().map(|check| check.name.as_str());
    let known: Vec<&str> = own.chain(["ssh"]).chain(METRICS).collect();
    let family = name.split_once(' ').map_or(name, |(family, _)| family);
    // Only the sample has checks with a second word: `disk /var`.
    if !known.contains(&name) && !METRICS.contains(&family) {
        bail!("no check {name:?}: expected one of {}", known.join(", "));
    }
    Ok(())
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

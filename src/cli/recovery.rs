//! `opsdeck recovery`: what auto-recovery sees and does, its policies, and a person's word over it.

mod once;
mod policies;
mod show;
mod switch;
mod take;

use super::{Global, alarm, known, print};
use crate::recovery::incident::Incident;
use crate::text::{human, plain};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::process::ExitCode;
use uuid::Uuid;

const EXAMPLES: &str = "\
Examples:
  opsdeck recovery
  opsdeck recovery policies --json
  opsdeck recovery show 0199
  opsdeck recovery show 0199 --events
  opsdeck recovery take-over 0199 --reason 'looking into it'
  opsdeck recovery take-over -E production 'web:&eu' --reason 'the switch was off'
  opsdeck recovery take-over -E production --policy web
  opsdeck recovery off production --policy web --reason 'database is being moved'
  opsdeck recovery on production --policy web --reason 'done'

Exit codes: 0 done; 1 it could not be done, there is no such incident, environment or policy, or what was switched on stays off by another word; 2 a usage error.";

/// Options of `recovery`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do; without it incidents are listed
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: List,
}

impl Args {
    /// It changes something.
    pub fn acts(&self) -> bool {
        matches!(self.verb, Some(Verb::Once(_) | Verb::TakeOver(_) | Verb::Off(_) | Verb::On(_)))
    }
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List what is not well and what is done about it
    List(List),
    /// Tell an incident's story: what happened when, why, and what a person can do now
    Show(show::Args),
    /// List policies with all their numbers, and what people switched off
    Policies {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Do one round now, as `serve` does after each poll: decide, and begin what may be begun
    Once(once::Args),
    /// Take incidents over: nothing more is done there by itself
    TakeOver(take::Args),
    /// Let it act no more, until `on`
    Off(switch::Args),
    /// Let it act again; actions that were disabled are tried again
    On(switch::Args),
}

#[derive(Debug, clap::Args)]
struct List {
    /// Only those of an environment
    #[arg(short = 'E', short_alias = 'e', long = "environment", alias = "env", value_name = "NAME")]
    env: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows or changes it.
///
/// # Errors
/// No such incident, environment or policy; the index or the ledger cannot be used.
pub fn run(args: &Args, global: &Global) -> Result<ExitCode> {
    let text = match &args.verb {
        None => list(global, &args.list)?,
        Some(Verb::List(options)) => list(global, options)?,
        Some(Verb::Show(args)) => show::show(global, args)?,
        Some(Verb::Policies { json }) => policies::text(global, *json)?,
        Some(Verb::Once(args)) => return once::run(global, args),
        Some(Verb::TakeOver(args)) => return take::run(global, args),
        Some(Verb::Off(args)) => return switch::run(global, args, false),
        Some(Verb::On(args)) => return switch::run(global, args, true),
    };
    print::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn incidents(global: &Global, environment: Option<&str>) -> Result<Vec<Incident>> {
    Ok(global.desk().decisions()?.incidents(environment)?)
}

fn list(global: &Global, options: &List) -> Result<String> {
    let decisions = known::decided(global)?;
    let mut all = decisions.incidents(None)?;
    if let Some(name) = &options.env {
        known::environment(global, name, all.iter().map(|incident| incident.environment.as_str()))?;
        all.retain(|incident| incident.environment == *name);
    }
    if options.json {
        return Ok(format!("{:#}\n", Value::Array(all.iter().map(shown).collect())));
    }
    let mut out: String = all.iter().map(line).collect();
    let hands = alarm::hands(global, options.env.as_deref());
    match (all.is_empty(), hands.is_empty()) {
        (true, true) => out.push_str("nothing is wrong that a policy watches\n"),
        (true, false) => out.push_str("no incident is known, and that may not be all:\n"),
        (false, _) => {}
    }
    hands.iter().for_each(|reason| out += &alarm::line(reason));
    // Whoever sees nothing being done must see why.
    for switch in decisions.switches()?.iter().filter(|switch| !switch.on) {
        if options.env.as_ref().is_none_or(|name| *name == switch.environment) {
            out.push_str(&(plain(&switch::words(switch)).into_owned() + "\n"));
        }
    }
    Ok(out)
}

fn line(incident: &Incident) -> String {
    let now = jiff::Timestamp::now().as_millisecond();
    let run = incident.run.map(|run| format!("  run {run}")).unwrap_or_default();
    let Incident { id, environment, policy, host, .. } = incident;
    let text = format!("{id}  {environment}  {policy} on {host}  {}{run}", incident.words(now));
    plain(&text).into_owned() + "\n"
}

fn shown(incident: &Incident) -> Value {
    json!({
        "id": incident.id, "environment": incident.environment, "policy": incident.policy, "host": incident.host,
        "state": incident.state.name(), "since": human::rfc3339(incident.since), "why": incident.why,
        "opened": human::rfc3339(incident.opened), "run": incident.run, "called": incident.called,
        "well": incident.well.map(human::rfc3339),
    })
}

fn find(global: &Global, text: &str) -> Result<Incident> {
    let begins = |id: Uuid| id.to_string().starts_with(&text.to_ascii_lowercase());
    let all = incidents(global, None)?.into_iter();
    let mut found: Vec<Incident> = all.filter(|i| begins(i.id) || i.run.is_some_and(begins)).collect();
    match (found.pop(), found.len()) {
        (Some(incident), 0) => Ok(incident),
        (None, _) => bail!("no incident and no recovery of one begins with {text:?}; `opsdeck recovery` lists them"),
        (Some(_), more) => bail!("{text:?} is not enough: {} incidents begin so; type more of the id", more + 1),
    }
}

//! `opsdeck breaker`: circuit breakers shown, forced open or closed for a while, and left to themselves again. Audited:
//! intent before, outcome after.

mod known;

use super::known as names;
use super::{Global, print};
use crate::health::breaker::{Breaker, Forced, Forcing, Input, Keeper, Key};
use crate::state::operator::Operator;
use crate::text::human::span;
use crate::text::{human, plain};
use serde_json::{Value, json};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  opsdeck breaker
  opsdeck breaker open service:production/web --for 30m --reason 'migration, see INC-4711'
  opsdeck breaker close transport:production/web3 --for 2h --reason 'its switch is flapping, we know'
  opsdeck breaker auto service:production/web --reason 'migration is over'

Exit codes: 0 done; 1 it could not be done; 2 a usage error.";

/// Options of `breaker`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do; without it breakers are listed
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: List,
}

impl Args {
    /// It changes something.
    pub fn acts(&self) -> bool {
        !matches!(self.verb, None | Some(Verb::List(_)))
    }
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List breakers: those that ever had a failure, or that somebody forced
    List(List),
    /// Let nothing through: releases wait, recovery leaves it alone
    Open(Force),
    /// Let everything through, whatever results say
    Close(Force),
    /// Only watch: changes are shown, nobody is stopped
    MetricsOnly(Force),
    /// Take a person's word back: results decide again
    Auto(Which),
}

#[derive(Debug, clap::Args)]
struct List {
    /// Only those of an environment, and of endpoints
    #[arg(short = 'E', short_alias = 'e', long = "environment", alias = "env", value_name = "NAME")]
    env: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Force {
    #[command(flatten)]
    which: Which,
    /// For how long: 30m, 2h; without it until somebody says `auto`
    #[arg(long = "for", value_name = "TIME", value_parser = span)]
    span: Option<i64>,
}

#[derive(Debug, clap::Args)]
struct Which {
    /// The breaker: transport:ENVIRONMENT/HOST, service:ENVIRONMENT/SERVICE, endpoint:URL, fleet:ENVIRONMENT
    key: Key,
    /// Why; the audit ledger keeps it, and whoever waits sees it
    #[arg(long, value_name = "TEXT", value_parser = super::line::reason)]
    reason: String,
}

/// Lists breakers or changes one.
///
/// # Errors
/// No such breaker; the index or the ledger cannot be used.
pub fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let now = jiff::Timestamp::now().as_millisecond();
    let keeper = Keeper::open(&global.store())?;
    if matches!(args.verb, None | Some(Verb::List(_))) {
        names::decided(global)?;
    }
    let (which, input) = match &args.verb {
        None => return list(global, &keeper, &args.list, now),
        Some(Verb::List(options)) => return list(global, &keeper, options, now),
        Some(Verb::Open(force)) => (&force.which, force.input(Forcing::Open, now)),
        Some(Verb::Close(force)) => (&force.which, force.input(Forcing::Closed, now)),
        Some(Verb::MetricsOnly(force)) => (&force.which, force.input(Forcing::MetricsOnly, now)),
        Some(Verb::Auto(which)) => (which, Input::Auto),
    };
    known::check(global, &keeper, &which.key)?;
    let breaker = global.desk().acting()?.breaker(&which.key, &input, &which.reason)?;
    let words = breaker.words(now);
    print::print(&plain(&format!("breaker {} is {words}", which.key)))?;
    print::print("\n")?;
    Ok(ExitCode::SUCCESS)
}

impl Force {
    fn input(&self, to: Forcing, now: i64) -> Input {
        let (by, reason) = (Operator::current().name, self.which.reason.clone());
        Input::Force(Forced { to, until: self.span.map(|span| now + span), by, reason, at: now })
    }
}

fn list(global: &Global, keeper: &Keeper, options: &List, now: i64) -> anyhow::Result<ExitCode> {
    let all = keeper.list(options.env.as_deref())?;
    if let Some(name) = &options.env {
        names::environment(global, name, all.iter().filter_map(|(key, _)| key.environment()))?;
    }
    let out = if options.json {
        let all: Vec<Value> = all.iter().map(|(key, breaker)| shown(key, breaker, now)).collect();
        serde_json::to_string_pretty(&all)? + "\n"
    } else if all.is_empty() {
        "no breaker has anything to tell: all are closed\n".to_owned()
    } else {
        let line = |(key, breaker): &(Key, Breaker)| {
            let failed = breaker.results.iter().filter(|r| !r.ok).count();
            let text = format!("{key}  {}  ({failed} of {} failed)", breaker.words(now), breaker.results.len());
            plain(&text).into_owned() + "\n"
        };
        all.iter().map(line).collect()
    };
    print::print(&out)?;
    Ok(ExitCode::SUCCESS)
}

fn shown(key: &Key, breaker: &Breaker, now: i64) -> Value {
    json!({
        "key": key.to_string(),
        "environment": key.environment(),
        "position": breaker.position(now).name(),
        "blocks": breaker.blocks(now),
        "words": breaker.words(now),
        "since": human::rfc3339(breaker.since),
        "attempt": breaker.attempt,
        "why": breaker.why,
        "forced": breaker.word(now),
        "results": breaker.results,
    })
}

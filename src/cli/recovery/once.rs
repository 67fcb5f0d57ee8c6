//! `opsdeck recovery once`: one round now, as `serve` does after each poll.

use crate::cli::{Global, known, print};
use crate::project::config::recovery::Mode;
use crate::project::{Environment, Project, scope};
use crate::recovery::notice::Notice;
use crate::recovery::{self, Report};
use crate::state::beats::Beat;
use crate::state::operator::Operator;
use crate::state::{DbError, Index, StateDir};
use crate::text::plain;
use anyhow::Result;
use serde_json::{Value, json};
use std::process::ExitCode;

/// What it does and prints.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Environment; without it all that have a policy, in the order of the project
    environment: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A round in each environment that is meant. What it prints is told.
///
/// # Errors
/// No such environment; it cannot be printed. What fails in one environment keeps no other from its round.
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    let (store, project) = (global.store(), Project::discover(&global.project)?);
    if let Some(name) = &args.environment {
        known::of(&project, name)?;
    }
    let open = super::incidents(global, None)?;
    let meant = |env: &&Environment| match &args.environment {
        Some(name) => env.name == *name,
        None => {
            let holds = project.recovery.iter().any(|p| p.mode != Mode::Off && p.holds_in(&env.name));
            // What a policy that is gone has left is tidied up.
            holds || open.iter().any(|incident| incident.environment == env.name)
        }
    };
    let (mut all, mut launched, mut failed) = (Report::default(), Vec::new(), false);
    for env in project.environments.iter().filter(meant) {
        match recovery::tick(&store, &project, &env.name, jiff::Timestamp::now().as_millisecond()) {
            Ok(report) => {
                let one = |l: &recovery::Launched| json!({ "environment": env.name, "run": l.run, "policy": l.policy, "host": l.host });
                launched.extend(report.launched.iter().map(one));
                all.notices.extend(report.notices);
                // Whoever looks must see that somebody acts here.
                if let Err(e) = beat(&store, &project, env) {
                    eprintln!(
                        "opsdeck: {}",
                        plain(&format!("{}: that a round was done cannot be noted: {e}", env.name))
                    );
                }
            }
            Err(e) => {
                failed = true;
                eprintln!("opsdeck: {}", plain(&format!("{}: {e}", env.name)));
            }
        }
    }
    print::print(&if args.json {
        format!("{:#}\n", json!({ "launched": Value::Array(launched), "notices": all.notices }))
    } else if all.notices.is_empty() {
        "nothing is news\n".to_owned()
    } else {
        all.notices.iter().map(line).collect()
    })?;
    let keys: Vec<String> = all.notices.iter().map(|notice| notice.key.clone()).collect();
    recovery::told(&store, &keys)?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn beat(store: &StateDir, project: &Project, env: &Environment) -> Result<(), DbError> {
    let who = format!("recovery once of {}", Operator::current().name);
    let beat = Beat { who, at: jiff::Timestamp::now().as_millisecond() };
    Index::open(store)?.beat_once(&env.name, &scope(&env.inventory, &project.root), &beat)
}

fn line(notice: &Notice) -> String {
    let Notice { kind, environment, policy, host, text, .. } = notice;
    plain(&format!("{}  {environment}  {policy} on {host}: {text}", kind.name())).into_owned() + "\n"
}

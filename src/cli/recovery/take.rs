//! `opsdeck recovery take-over`: incidents that a person takes in hand, by their ids or many at once.

use super::{find, incidents, line, shown};
use crate::cli::{Global, known, print};
use crate::project::Project;
use crate::recovery::incident::{Incident, State};
use crate::text::plain;
use anyhow::{Result, bail};
use serde_json::Value;
use std::process::ExitCode;

/// What is taken over.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Incidents or runs of recoveries, by the beginning of their ids; with -E hosts as a pattern, or `all`
    #[arg(value_name = "TARGET", required_unless_present = "policy")]
    targets: Vec<String>,
    /// Those of an environment that nobody has in hand yet
    #[arg(short = 'E', long, value_name = "NAME")]
    environment: Option<String>,
    /// Only those of a policy
    #[arg(long, value_name = "NAME", requires = "environment")]
    policy: Option<String>,
    /// Why; the audit ledger keeps it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Print JSON: an object for one id, else a list
    #[arg(long)]
    json: bool,
}

/// Takes them over: nothing more is done there by itself. What cannot be taken keeps no other from it.
///
/// # Errors
/// No such incident, environment or policy; the index cannot be read.
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    let meant = match &args.environment {
        None => args.targets.iter().map(|id| find(global, id)).collect::<Result<_>>()?,
        Some(environment) => of(global, args, environment)?,
    };
    let (mut taken, mut code, desk) = (Vec::new(), ExitCode::SUCCESS, global.desk());
    for incident in &meant {
        match desk.acting()?.take_over(incident.id, args.reason.as_deref()) {
            Ok(incident) => taken.push(incident),
            Err(e) => {
                code = ExitCode::FAILURE;
                eprintln!("opsdeck: {}", plain(&format!("{} on {}: {e}", incident.policy, incident.host)));
            }
        }
    }
    print::print(&match (args.json, &args.environment, taken.as_slice()) {
        (true, None, [one]) => format!("{:#}\n", shown(one)),
        (true, ..) => format!("{:#}\n", Value::Array(taken.iter().map(shown).collect())),
        (false, ..) => taken.iter().map(line).collect(),
    })?;
    Ok(code)
}

/// Those of an environment that are meant.
fn of(global: &Global, args: &Args, environment: &str) -> Result<Vec<Incident>> {
    let mut open = incidents(global, None)?;
    known::environment(global, environment, open.iter().map(|i| i.environment.as_str()))?;
    open.retain(|i| i.environment == environment && !matches!(i.state, State::Healthy | State::Taken));
    if let Some(policy) = &args.policy {
        let here = open.iter().map(|i| i.policy.as_str());
        known::one("recovery policy", policy, &format!("what is open in {environment}"), here)?;
        open.retain(|i| i.policy == *policy);
    }
    let mut hosts: Vec<String> = Vec::new();
    for target in &args.targets {
        let is_host = open.iter().any(|i| i.host == *target);
        let named = match target.as_str() {
            "all" => open.iter().map(|i| i.host.clone()).collect(),
            host if is_host => vec![host.to_owned()],
            pattern => select(global, environment, pattern)?,
        };
        if !open.iter().any(|i| named.contains(&i.host)) {
            bail!("nothing of {target:?} is open in {environment}; `opsdeck recovery -E {environment}` lists what is");
        }
        hosts.extend(named);
    }
    if !args.targets.is_empty() {
        open.retain(|i| hosts.contains(&i.host));
    }
    if open.is_empty() {
        bail!(
            "nothing is open in {environment} that nobody has in hand; `opsdeck recovery -E {environment}` lists what is"
        );
    }
    Ok(open)
}

fn select(global: &Global, environment: &str, pattern: &str) -> Result<Vec<String>> {
    let project = Project::discover(&global.project)?;
    known::hosts(&known::inventory(&project, known::of(&project, environment)?)?, pattern)
}

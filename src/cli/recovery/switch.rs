//! `opsdeck recovery off|on`: what a person lets act, and what holds then, said as it is.

use crate::cli::{Global, known, print};
use crate::project::Project;
use crate::project::config::recovery::{Mode, Policy};
use crate::state::recovery::Switch;
use crate::text::plain;
use anyhow::Result;
use std::process::ExitCode;

/// All policies of an environment.
const ALL: &str = "*";

/// What is switched.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Environment
    environment: String,
    /// Only this policy; without it all
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = crate::cli::line::reason)]
    reason: String,
}

/// Switches, and says what is true then. Its code tells whether all that was meant is as it was asked.
///
/// # Errors
/// No such environment or policy; the control or the ledger cannot be used.
pub fn run(global: &Global, args: &Args, on: bool) -> Result<ExitCode> {
    let project = Project::discover(&global.project)?;
    let desk = global.desk();
    let decisions = desk.decisions()?;
    let (environment, policy) = (args.environment.as_str(), args.policy.as_deref());
    let meant = |env: &str, name: &str| env == environment && policy.is_none_or(|policy| name == policy);
    // What was switched once, or acts, can be switched also where it is gone from the project.
    let switched = decisions.switches()?.iter().any(|s| meant(&s.environment, &s.policy));
    let acts = || decisions.incidents(None).map(|all| all.iter().any(|i| meant(&i.environment, &i.policy)));
    if !switched && !acts()? {
        known::of(&project, environment)?;
        if let Some(policy) = policy {
            let here = project.recovery.iter().filter(|p| p.holds_in(environment)).map(|p| p.name.as_str());
            known::one("recovery policy", policy, environment, here)?;
        }
    }
    desk.acting()?.switch(environment, policy.unwrap_or(ALL), on, &args.reason)?;
    let what = policy.unwrap_or("every policy");
    let still = if on { still_off(decisions.switches()?, environment, policy) } else { Vec::new() };
    let mut text = match (policy, still.is_empty(), on) {
        (Some(_), false, _) => format!("recovery of {environment}: {what} stays off\n"),
        (None, false, _) => format!("recovery of {environment}: on, but not all of it\n"),
        (_, true, on) => format!("recovery of {environment}: {what} is {}\n", if on { "on" } else { "off" }),
    };
    text.extend(still.iter().map(|s| words(s) + "\n"));
    let mode = project.recovery.iter().find(|p| on && policy == Some(&p.name)).map(|p: &Policy| p.mode);
    if let Some(mode @ (Mode::Off | Mode::Observe)) = mode {
        text += &format!("its mode is {} in opsdeck.yaml: it does nothing\n", mode.name());
    }
    text.lines().try_for_each(|line| print::print(&(plain(line).into_owned() + "\n")))?;
    Ok(if still.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What keeps a policy (none: any) from acting although it was switched on.
fn still_off(mut switches: Vec<Switch>, environment: &str, policy: Option<&str>) -> Vec<Switch> {
    let of = |s: &Switch| policy.is_none_or(|policy| s.policy == policy || s.policy == ALL);
    switches.retain(|s| s.environment == environment && !s.on && of(s));
    switches
}

/// What is off, by whom and why, and what ends it.
pub fn words(switch: &Switch) -> String {
    let Switch { environment, policy, operator, reason, .. } = switch;
    let (what, only) = match policy.as_str() {
        ALL => ("everything".to_owned(), String::new()),
        policy => (policy.to_owned(), format!(" --policy {policy}")),
    };
    format!(
        "{what} is off in {environment} by {operator}: {reason}; `opsdeck recovery on {environment}{only} --reason TEXT` \
         ends that"
    )
}

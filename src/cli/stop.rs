//! `opsdeck stop`: the stop ladder.

use super::print::said;
use super::{Global, start};
use crate::release::state::At;
use crate::run::event::StopLevel;
use crate::run::{Follower, StopError};
use crate::state::{Answer, Lock};
use crate::text::plain;
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long the end is waited for; and where its supervisor does not answer.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  opsdeck stop last
  opsdeck stop 0199 --after-task
  opsdeck stop 0199 --now

Exit codes: 0 stopped (a release then waits, paused; with --after-task: asked to), 1 no such run, 64 refused: it has ended, or is being stopped, \
75 asked, but it has not ended yet.

A run that no supervisor can go on with (its journal is damaged, cut or not the one that was written) is ended by this: how \
it went is recorded as unknown, and its hosts are free again. What of it is still at work is killed with --now.")]
pub struct Args {
    /// The run: its number, its id, the beginning of it, or `last`
    pub run: String,
    /// Let the running task finish on every host, start no other
    #[arg(long, conflicts_with = "now")]
    pub after_task: bool,
    /// Kill everything of it on this host at once
    #[arg(long)]
    pub now: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Stops it.
///
/// # Errors
/// No such run; nobody answers.
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    let store = global.store();
    let desk = global.desk();
    let id = desk.find(&args.run)?;
    let level = match (args.after_task, args.now) {
        (true, _) => StopLevel::AfterTask,
        (_, true) => StopLevel::Kill,
        _ => StopLevel::Interrupt,
    };
    let before = desk.follow(id)?.state.phases.len();
    let beside = match desk.acting()?.stop(id, level) {
        Ok(stopping) => {
            if let Some(words) = stopping.words() {
                eprintln!("opsdeck: {}", plain(&words));
            }
            stopping.beside.is_some()
        }
        Err(e @ (StopError::Refused(_) | StopError::Over(_) | StopError::Unfit(_))) => {
            eprintln!("opsdeck: {}", plain(&e.to_string()));
            return Ok(start::REFUSED.into());
        }
        Err(e) => return Err(e.into()),
    };
    let dir = store.run(id);
    let mut run = desk.exact(id)?;
    // Whoever does not answer does not tell the end either.
    let deadline = Instant::now() + if beside { SHORT } else { LONG };
    // Where its journal does not tell, its supervisor's going does.
    let ended =
        |run: &Follower| run.state.state.is_terminal() && (!run.is_lost() || Lock::is_held(&dir.lock()) == Answer::No);
    // A release that was stopped waits for a person: nothing of it is at work any more.
    let rests = |run: &Follower| {
        let phase = run.state.phase.as_deref();
        run.state.phases.len() > before && (phase == Some(At::Paused.name()) || phase == Some(At::NeedsOperator.name()))
    };
    while level != StopLevel::AfterTask && !ended(&run) && !rests(&run) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
        run.poll();
    }
    let (state, why) = (run.state.state_name(), run.state.why.clone().unwrap_or_default());
    if args.json {
        let on = &run.state.maybe_running_on;
        said(&json!({ "id": id, "state": state, "why": why, "maybe_running_on": on }).to_string());
    } else {
        said(&format!("{}{}{}", state.replace('_', " "), if why.is_empty() { "" } else { ": " }, plain(&why)));
        if !run.state.maybe_running_on.is_empty() {
            said(&format!("may still run on: {}", plain(&run.state.maybe_running_on.join(", "))));
        }
    }
    let over = ended(&run) || rests(&run) || level == StopLevel::AfterTask;
    if beside && !over {
        eprintln!("opsdeck: no process of it is left; its supervisor tells its end when it is back");
    }
    Ok(if over || beside { ExitCode::SUCCESS } else { 75.into() })
}

//! How a run went. Never from the exit code alone: Ansible's 2 and 4 mean two things each, 0 may mean that nothing
//! ran, and a recap that names no host is a failure of its own. Pure.

use super::event::{Event, Failure, Rung};
use super::state::{RunState, State};
use serde::{Deserialize, Serialize};

/// How a child ended: the `exit` file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exit {
    /// Exit code, if it exited.
    pub rc: Option<i32>,
    /// Signal, if one killed it.
    pub signal: Option<i32>,
    /// Why it could not be started.
    pub error: Option<String>,
    /// It was stopped because its time was over.
    #[serde(default)]
    pub timed_out: bool,
    /// False if nobody was there to see it end.
    pub seen: bool,
    /// The machine was booted in between.
    #[serde(default)]
    pub rebooted: bool,
    /// When it ended (Unix milliseconds).
    pub ended_at: i64,
    /// Processes of the step that could not be killed.
    #[serde(default)]
    pub left: u32,
}

/// What else tells how it went: the end of what Ansible printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Last lines of stderr, made safe for a terminal.
    pub stderr: String,
}

/// Words with which Ansible says that no host is left to work on; with code 0, 1 or 4, depending on its version.
const NO_HOSTS: [&str; 7] = [
    "opsdeck: no hosts: ",
    "leaves us with no hosts to target",
    "No hosts matched",
    "no hosts matched",
    "Completely failed to parse inventory source",
    "Unable to parse",
    "Failed to parse inventory",
];

/// The end of a run whose step has ended and whose events were all taken in.
pub fn verdict(state: &RunState, exit: &Exit, evidence: &Evidence) -> Event<'static> {
    let (end, failure, why) = judge(state, exit, evidence);
    let stopped =
        !state.recap && (end == State::Cancelled || matches!(failure, Some(Failure::Timeout | Failure::Killed)));
    // With a recap: those of which it is known that nobody knows.
    let asked = stopped || end == State::Unknown || state.recap;
    let maybe_running_on = if asked { state.hosts_running() } else { Vec::new() };
    let why = match exit.left {
        0 => why,
        n => format!("{why}; {n} processes of it could not be killed"),
    };
    Event::Ended { state: end, why, failure, maybe_running_on }
}

fn judge(state: &RunState, exit: &Exit, evidence: &Evidence) -> (State, Option<Failure>, String) {
    let failed = |failure, why: String| (State::Failed, Some(failure), why);
    if let Some(error) = &exit.error {
        if state.stop.is_some() {
            return (State::Cancelled, None, format!("stopped before anything was started: {error}"));
        }
        return failed(Failure::Launch, error.clone());
    }
    if state.recap {
        return judge_recap(state, exit);
    }
    if exit.timed_out {
        return failed(Failure::Timeout, "stopped: it took longer than its timeout".into());
    }
    if state.stop.is_some() && exit.rc != Some(0) {
        let last = state.rungs.iter().map(|(r, _)| *r).max();
        return (State::Cancelled, None, cancel_words(last).into());
    }
    if exit.rebooted {
        return failed(Failure::Lost, "the control host was booted while it ran: how far it got is not known".into());
    }
    if !exit.seen {
        let why = "nobody saw Ansible end, and it left no recap: how it went is not known";
        return (State::Unknown, None, why.into());
    }
    if let Some(signal) = exit.signal {
        return failed(Failure::Killed, format!("Ansible was killed by signal {signal}, which opsdeck did not send"));
    }
    let rc = exit.rc.unwrap_or(-1);
    let worked = worked(state);
    let no_hosts = NO_HOSTS.iter().any(|words| evidence.stderr.contains(words));
    // The callback says hello before the first play: where it never did, nobody can tell what was done.
    if rc == 0 && state.core.is_none() && !no_hosts {
        let why = "Ansible ended with 0 and the callback said nothing at all: what was done is not known";
        return (State::Unknown, None, why.into());
    }
    if !worked && (rc == 0 || no_hosts) {
        return (State::NothingRan, None, nothing_words(rc, evidence));
    }
    match rc {
        0 => (State::Succeeded, None, "Ansible ended with 0".into()),
        99 => failed(Failure::Killed, "Ansible was interrupted (99), which opsdeck did not ask for".into()),
        _ => {
            let last = last_line(&evidence.stderr);
            let code = format!("Ansible gave up with code {rc}");
            failed(Failure::Ansible, if last.is_empty() { code } else { format!("{code}: {last}") })
        }
    }
}

fn judge_recap(state: &RunState, exit: &Exit) -> (State, Option<Failure>, String) {
    let count = |f: fn(&super::event::Tally) -> u32| state.hosts.values().filter(|h| f(&h.tally) > 0).count();
    let (failed, unreachable) = (count(|t| t.failed), count(|t| t.unreachable));
    if !worked(state) && failed + unreachable == 0 {
        let code = exit.rc.map_or(String::new(), |rc| format!(" (Ansible ended with {rc})"));
        return (State::NothingRan, None, format!("no task ran on any host{code}"));
    }
    let late = if state.stop.is_some() { "; it had ended before the stop took hold" } else { "" };
    // A play that `serial` cuts into batches may end before all of its hosts had their turn.
    let of = state.plays.iter().filter_map(|play| play.of).max().map_or(0, |n| n as usize).max(state.hosts.len());
    let late = match of - state.hosts.len() {
        0 => late.to_owned(),
        n => format!(", {n} not run{late}"),
    };
    let lost = state.hosts_running().len();
    if lost > 0 && exit.rc != Some(0) {
        let more = match (failed, unreachable) {
            (0, 0) => String::new(),
            (n, 0) => format!("; {n} failed"),
            (0, n) => format!("; {n} unreachable"),
            (n, m) => format!("; {n} failed, {m} unreachable"),
        };
        let why = format!("on {lost} of {of} hosts it is not known how it went{more}{late}");
        return (State::Failed, Some(Failure::HostsFailed), why);
    }
    match (exit.rc, failed, unreachable) {
        // Ansible's own word counts: a rescued failure or an ignored unreachable host is none.
        (Some(0), ..) => (State::Succeeded, None, format!("{of} hosts{late}")),
        (_, 0, 0) if exit.rc.is_none() && exit.signal.is_none() => {
            (State::Succeeded, None, format!("{of} hosts, by the recap{late}"))
        }
        (_, 0, 0) => {
            let code =
                exit.rc.map_or_else(|| format!("signal {}", exit.signal.unwrap_or(0)), |rc| format!("code {rc}"));
            (State::Failed, Some(Failure::Ansible), format!("no host failed, but Ansible ended with {code}{late}"))
        }
        (_, 0, n) => (State::Failed, Some(Failure::Unreachable), format!("{n} of {of} hosts unreachable{late}")),
        (_, n, 0) => (State::Failed, Some(Failure::HostsFailed), format!("{n} of {of} hosts failed{late}")),
        (_, n, m) => {
            (State::Failed, Some(Failure::HostsFailed), format!("{n} of {of} hosts failed, {m} unreachable{late}"))
        }
    }
}

// A host counts as worked on once a task began there or gave a result.
fn worked(state: &RunState) -> bool {
    state.hosts.values().any(|h| {
        let t = h.tally;
        h.running.is_some()
            || h.failed.is_some()
            || t.ok + t.changed + t.failed + t.unreachable + t.skipped + t.rescued + t.ignored > 0
    })
}

fn cancel_words(rung: Option<Rung>) -> &'static str {
    match rung {
        Some(Rung::Kill) => "stopped here: every process of it was killed; what runs on the hosts is not known",
        Some(Rung::File) => "stopped after the running task",
        _ => "stopped here: Ansible was interrupted; what runs on the hosts is not known",
    }
}

fn nothing_words(rc: i32, evidence: &Evidence) -> String {
    let said = evidence.stderr.lines().map(str::trim).rfind(|line| NO_HOSTS.iter().any(|words| line.contains(words)));
    match said {
        Some(line) => format!("no host was worked on (Ansible ended with {rc}): {line}"),
        None => format!("no host was worked on (Ansible ended with {rc})"),
    }
}

fn last_line(text: &str) -> String {
    // The reason stands in the line that begins with ERROR; what follows it is often an excerpt of a file.
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let error = lines.clone().find(|l| l.contains("ERROR"));
    error.or_else(|| lines.next_back()).unwrap_or_default().chars().take(300).collect()
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;

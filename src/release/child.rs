//! A step of a release as a child process: what is started, and what its end says of each host. Host by host from the
//! callback's events, never from the exit code alone.

use super::event::StepKey;
use super::machine::ChildEnd;
use super::plan::{Plan, StepKind};
use super::sealed::is_sealed;
use super::state::Mark;
use crate::ansible::ask::{Ask, ExtraVars};
use crate::run::step::StepCommand;
use crate::run::verdict::{Evidence, Exit};
use crate::run::{RunState, child};
use crate::state::{StateDir, file};
use crate::text::human;
use indexmap::IndexMap;
use std::io;
use std::path::Path;
use uuid::Uuid;

/// EX_TEMPFAIL of sysexits.h: a program's own word that it may go well another time.
const TEMPORARY: i32 = 75;
/// The longest limit that is given as an argument (bytes).
const LONGEST: usize = 64 << 10;
/// What apt and dpkg say when another of their kind is at work: it ends by itself.
const LOCKED: [&str; 4] = [
    "Could not get lock /var/lib/",
    "Unable to acquire the dpkg frontend lock",
    "Failed to lock apt",
    "is another process using it?",
];

/// What is to be started.
#[derive(Debug, Clone, Copy)]
pub struct What<'a> {
    pub run: Uuid,
    /// Number of the child in it.
    pub number: u32,
    pub step: &'a StepKey,
    /// What it does, its limit filled in.
    pub kind: &'a StepKind,
    /// Seconds after which it is stopped.
    pub timeout: Option<u32>,
    /// Fencing token of the environment's lease.
    pub fence: Option<i64>,
    /// Passwords are there for those who ask for them.
    pub secrets: bool,
    /// Variables that travel with the passwords.
    pub extra: &'a [String],
}

/// The command of a step. Vaulted values among its variables stay sealed; Ansible opens them when it uses them.
///
/// # Errors
/// Ansible is not there, or the folder cannot be written.
pub fn command(store: &StateDir, plan: &Plan, what: What<'_>) -> io::Result<StepCommand> {
    let What { run, number, timeout, fence, secrets, .. } = what;
    let (cwd, folder) = (plan.cwd.as_path(), store.run(run).step(number));
    file::private_dir(folder.path())?;
    let step = child::What { run, number, cwd, timeout, fence, secrets };
    let mut ask = match what.kind {
        StepKind::Playbook { play } => Ask::Playbook(play.clone()),
        StepKind::Adhoc { adhoc } => Ask::Adhoc(adhoc.clone()),
        StepKind::Command { argv } => return Ok(child::program(step, argv.clone())),
        kind => return Err(io::Error::other(format!("{kind:?} is no child process"))),
    };
    let vars = if is_rollback(plan, what.step) { &plan.rollback.vars } else { &plan.vars };
    let common = ask.common_mut();
    if common.inventory.is_empty() {
        common.inventory.clone_from(&plan.inventory);
    }
    if let Some(limit) = &mut common.limit {
        *limit = argument(limit, folder.path())?;
    }
    // Before those of the step itself, as the file of the others.
    if !what.extra.is_empty() {
        common.extra_vars.insert(0, ExtraVars::Secret { secret: what.extra.to_vec() });
    }
    let vars = vars.iter().filter(|(_, value)| !is_sealed(value));
    let vars = vars.map(|(name, value)| (name.clone(), value.clone())).collect();
    child::ansible(store, step, ask, vars)
}

/// A limit as `--limit` takes it: one argument holds no more than 128 kB on Linux, so long ones stand in a file.
fn argument(limit: &str, dir: &Path) -> io::Result<String> {
    if limit.len() <= LONGEST {
        return Ok(limit.to_owned());
    }
    let path = dir.join("limit");
    std::fs::write(&path, limit.replace(',', "\n") + "\n")?;
    Ok(format!("@{}", path.display()))
}

fn is_rollback(plan: &Plan, step: &StepKey) -> bool {
    plan.rollback.steps.iter().any(|own| own.id == step.step)
}

/// What the end of a child says.
pub fn end(run: &RunState, number: u32, kind: &StepKind, exit: &Exit, evidence: &Evidence) -> ChildEnd {
    let last = evidence.stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned();
    let end = ChildEnd {
        rc: exit.rc,
        timed_out: exit.timed_out,
        not_begun: exit.error.is_some(),
        why: exit.error.clone().unwrap_or_default(),
        ..ChildEnd::default()
    };
    if end.not_begun {
        return end;
    }
    let limit = match kind {
        StepKind::Playbook { play } => play.common.limit.as_deref(),
        StepKind::Adhoc { adhoc } => adhoc.common.limit.as_deref(),
        _ => return program(end, exit, &last),
    };
    let recap = run.steps.get(&number).is_some_and(|step| step.recap);
    // Which hosts it was to work on: those of its limit, else all that it named.
    let asked: Vec<&str> = limit.map(|l| l.split(',').filter(|h| !h.is_empty()).collect()).unwrap_or_default();
    let hosts = marks(run, number, recap, &asked);
    let count = |mark: Mark| hosts.iter().filter(|(_, m)| *m == mark).count();
    let (good, failed, unreachable, unknown) =
        (count(Mark::New), count(Mark::Failed), count(Mark::Unreachable), count(Mark::Unknown));
    let lost = !recap && (!exit.seen || exit.rebooted);
    let ended_well = recap && exit.signal.is_none() && exit.rc.is_none_or(|rc| rc == 0);
    let why = match () {
        () if lost && exit.rebooted => "the control host was booted while it ran".to_owned(),
        () if lost => "nobody saw it end, and it left no recap".to_owned(),
        () if exit.timed_out => "it took longer than its timeout".to_owned(),
        () if failed + unreachable + unknown > 0 => {
            let words = [(failed, "failed"), (unreachable, "unreachable"), (unknown, "unknown"), (good, "good")];
            let words = words.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}"));
            words.collect::<Vec<_>>().join(", ")
        }
        () if !ended_well => match (exit.rc, exit.signal) {
            (_, Some(signal)) => format!("Ansible was ended by signal {signal}"),
            (rc, None) => format!("Ansible gave up with code {}: {last}", rc.unwrap_or(-1)),
        },
        () if good == 0 => "nothing ran on any host".to_owned(),
        () => human::of(good as u64, "host"),
    };
    let ok = ended_well && good > 0 && failed + unreachable + unknown == 0;
    let locked = hosts.iter().filter(|(host, mark)| *mark == Mark::Failed && is_locked(run, number, host)).count();
    let transient = unreachable + locked > 0 && failed == locked && unknown == 0;
    ChildEnd { hosts, ok, lost, transient, why, ..end }
}

/// It failed in this step since another package manager was at work.
fn is_locked(run: &RunState, number: u32, host: &str) -> bool {
    let Some((at, _, state)) = run.hosts.get_full(host) else { return false };
    let Some((task, why)) = &state.failed else { return false };
    let here = run.tasks.get(*task as usize).is_some_and(|task| u32::from(task.cell(at).step) == number);
    here && LOCKED.iter().any(|words| why.contains(words))
}

/// What is known of each host. Where something ran on some of them, nobody knows the others: neither those that nothing
/// was heard of (left out by the play, or cut off by the first failure), nor those whose play was broken off for another's
/// failure before its end.
fn marks(run: &RunState, number: u32, recap: bool, asked: &[&str]) -> Vec<(String, Mark)> {
    let hosts = run.step_hosts(number).map(|(name, host)| (name.to_owned(), mark(host, recap)));
    let mut marks: IndexMap<String, Mark> = hosts.filter(|(_, mark)| *mark != Mark::Untouched).collect();
    if marks.is_empty() {
        return Vec::new();
    }
    let cut = run.steps.get(&number).is_some_and(|step| step.cut);
    if cut && marks.values().any(|mark| matches!(mark, Mark::Failed | Mark::Unreachable)) {
        marks.values_mut().filter(|mark| **mark == Mark::New).for_each(|mark| *mark = Mark::Unknown);
    }
    for host in asked {
        if !marks.contains_key(*host) {
            marks.insert((*host).to_owned(), Mark::Unknown);
        }
    }
    marks.into_iter().collect()
}

/// A program of the control host: its exit code is all that it says.
fn program(end: ChildEnd, exit: &Exit, last: &str) -> ChildEnd {
    let words = |how: String| if last.is_empty() { how } else { format!("{how}: {last}") };
    let why = match (exit.rc, exit.signal) {
        _ if exit.timed_out => "it took longer than its timeout".to_owned(),
        _ if !exit.seen => "nobody saw it end".to_owned(),
        (Some(0), _) => "ended well".to_owned(),
        (Some(rc), _) => words(format!("ended with {rc}")),
        (None, Some(signal)) => words(format!("was ended by signal {signal}")),
        (None, None) => "its end is not known".to_owned(),
    };
    let ok = exit.rc == Some(0) && !exit.timed_out;
    ChildEnd { ok, lost: !exit.seen && exit.rc.is_none(), transient: exit.rc == Some(TEMPORARY), why, ..end }
}

/// [`Mark::Untouched`]: it was named, and nothing ran on it.
fn mark(host: &crate::run::state::StepHost, recap: bool) -> Mark {
    let tally = &host.tally;
    match () {
        () if tally.failed > 0 => Mark::Failed,
        () if tally.unreachable > 0 => Mark::Unreachable,
        () if host.running.is_some() => Mark::Unknown,
        () if *tally == crate::run::event::Tally::default() => Mark::Untouched,
        () if recap => Mark::New,
        // It began, and how it ended was not told.
        () => Mark::Unknown,
    }
}

#[cfg(test)]
#[path = "child_tests.rs"]
mod tests;

//! From a step's files to what became of it: started, running, ended, or not begun. Looks only; kills nothing.

use crate::open;
use crate::run::step::{Processes, gone_within};
use crate::run::verdict::Exit;
use crate::state::tree;
use crate::state::{Identity, Life, Lock, StepDir};
use std::time::Duration;

/// What became of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// No step runner ever took it.
    Nothing,
    /// A step runner has it and has not written yet what it started.
    Starting,
    /// Its processes live, or did a moment ago.
    Running(Processes),
    /// It ended.
    Ended(Exit),
}

/// Looks at a step; `mark` is that of its processes.
pub fn look(dir: &StepDir, mark: &str) -> Found {
    if let Some(exit) = exit(dir) {
        return Found::Ended(exit);
    }
    let held = Lock::is_held(&dir.lock());
    let Some(found) = processes(dir) else {
        return if held { Found::Starting } else { Found::Nothing };
    };
    match &found.child {
        None if held => Found::Starting,
        // The step runner died in the moment between its two writings: the child wears the step's mark.
        None => match tree::oldest(mark) {
            Some(child) => Found::Running(Processes { child: Some(child), ..found }),
            None => Found::Ended(unseen(&found.runner)),
        },
        Some(child) if child.life() == Life::Alive || found.runner.life() == Life::Alive => Found::Running(found),
        // It may have written its last word between our two looks.
        Some(child) => Found::Ended(exit(dir).unwrap_or_else(|| unseen(child))),
    }
}

/// Waits until the step has ended and tells how. Blocks: for a thread of its own.
pub fn wait_end(dir: &StepDir, mark: &str, processes: &Processes) -> Exit {
    const LONG: Duration = Duration::from_secs(3600);
    while !gone_within(&processes.runner, LONG) {}
    if let Some(exit) = exit(dir) {
        return exit;
    }
    // The step runner was killed. Its child lives on; only its exit code is lost.
    let Some(child) = &processes.child else { return unseen(&processes.runner) };
    release(&dir.secrets());
    while !gone_within(child, LONG) {}
    let left = if dir.stop().exists() { tree::kill(&[], mark) } else { 0 };
    Exit { left, ..unseen(child) }
}

fn exit(dir: &StepDir) -> Option<Exit> {
    serde_json::from_slice(&open::read_own(&dir.exit(), open::WORD).ok()?).ok()
}

/// The `pid` file of a step.
pub fn processes(dir: &StepDir) -> Option<Processes> {
    serde_json::from_slice(&open::read_own(&dir.pid(), open::WORD).ok()?).ok()
}

fn unseen(last: &Identity) -> Exit {
    let ended_at = jiff::Timestamp::now().as_millisecond();
    Exit { rebooted: last.life() == Life::Rebooted, ended_at, ..Exit::default() }
}

/// Whoever waits at a FIFO that nobody serves any more gets an end instead of waiting for ever.
pub fn release(folder: &std::path::Path) {
    use rustix::fs::{Mode, OFlags};
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        // Succeeds only while a reader waits, and lets it go when the descriptor is closed again.
        drop(rustix::fs::open(entry.path(), OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()));
    }
    let _ = std::fs::remove_dir_all(folder);
}

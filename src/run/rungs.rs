//! The rungs of the stop ladder: what each does to a step's processes. Taken by the supervisor, and by whoever stops a run
//! whose supervisor does not hear them.

use super::event::{Rung, StopLevel};
use super::step::Processes;
use crate::open;
use crate::state::operator::Operator;
use crate::state::{Identity, Life, StepDir, file, tree};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;
use uuid::Uuid;

/// Who stopped a step beside its supervisor: left in its `stop` file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    pub level: StopLevel,
    pub by: Operator,
    /// What this stop is called in the ledger.
    pub ask: Uuid,
}

/// Takes a rung, and tells what was done. Never waits: what is killed is killed in a thread.
pub fn take(dir: &StepDir, mark: &str, processes: Option<&Processes>, rung: Rung) -> String {
    let child = processes.and_then(|p| p.child.clone());
    let pid = child.as_ref().map_or_else(|| "?".to_owned(), |c| c.pid.to_string());
    match (rung, &child) {
        (Rung::Interrupt, Some(child)) => drop(child.signal(Signal::INT)),
        (Rung::Terminate, Some(child)) => drop(child.signal(Signal::TERM)),
        (Rung::Kill | Rung::Timeout, _) => {
            let (processes, mark) = (processes.cloned(), mark.to_owned());
            std::thread::spawn(move || kill(processes.as_ref(), &mark));
        }
        _ => {}
    }
    // On every rung: nothing new begins, and the step runner sweeps what is left when Ansible has ended.
    let left = file::append(&dir.stop());
    // What is frozen hears nothing, and a frozen step runner tells no end.
    for process in processes.into_iter().flat_map(Processes::all) {
        process.signal(Signal::CONT);
    }
    let what = match rung {
        Rung::File => "asked Ansible to stop before its next task".to_owned(),
        Rung::Interrupt => format!("SIGINT to ansible {pid}"),
        Rung::Terminate => format!("SIGTERM to ansible {pid}"),
        Rung::Kill | Rung::Timeout => format!("SIGKILL to ansible {pid}, its workers and their children"),
    };
    match left {
        Ok(_) => what,
        Err(e) => format!("{what}; the word that nothing new begins could not be left: {e}"),
    }
}

/// Kills everything of a step; gives the number of processes that could not be killed. Waits for their end.
pub fn kill(processes: Option<&Processes>, mark: &str) -> u32 {
    // What stands below a pid is only theirs while the process is certainly the one that was meant.
    let alive = |process: &&Identity| process.life() == Life::Alive;
    let runner = processes.map(|p| &p.runner).filter(alive).map(|runner| runner.pid);
    match (runner, processes.and_then(|p| p.child.as_ref()).filter(alive)) {
        (Some(runner), _) => {
            let left = tree::kill(&[runner], mark);
            // A frozen one tells no end.
            if let Some(processes) = processes {
                processes.runner.signal(Signal::CONT);
            }
            left
        }
        (None, Some(child)) => {
            let left = tree::kill(&[child.pid], mark);
            child.signal(Signal::KILL);
            left
        }
        (None, None) => tree::kill(&[], mark),
    }
}

/// Leaves word in a `stop` file of who stops a step, or a run.
///
/// # Errors
/// It cannot be written whole; then it is empty, or not there.
pub fn leave_word(stop: &Path, word: &Stopped) -> io::Result<()> {
    file::write_whole(stop, &serde_json::to_vec(word)?).or_else(|e| {
        // A file without a word needs no room on the disk.
        file::append(stop).and(Err(e))
    })
}

/// Who stopped it, if they left word in its `stop` file.
pub fn word(stop: &Path) -> Option<Stopped> {
    let bytes = open::read_own(stop, open::WORD).ok()?;
    serde_json::from_slice(&bytes).ok()
}

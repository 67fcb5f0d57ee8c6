//! Stopping a run beside its supervisor, which is frozen or gone: word is left at each step that lives, then its own
//! processes (pid, start, mark) are signalled from here, rung after rung.

use super::event::{Rung, StopLevel};
use super::rungs::{self, Stopped};
use super::step::PATIENCE;
use super::step::Processes;
use super::supervise::attach::{self, Found};
use super::{RunSpec, ledger};
use crate::audit;
use crate::state::{Answer, RunDir, StateDir, StepDir, file, tree};
use std::time::{Duration, Instant};

/// How long a step may take to come up.
const COMING: Duration = Duration::from_secs(1);
const GLANCE: Duration = Duration::from_millis(10);

/// Stops every step of the run that lives. Returns when it is asked, or (but for [`StopLevel::AfterTask`]) when nothing of it is
/// left. Nothing of it begins any more.
///
/// # Errors
/// Whether something of it lives cannot be told; what could not be done.
pub fn stop(dir: &RunDir, word: &Stopped) -> Result<(), String> {
    let (mut living, mut failed) = (false, Vec::new());
    // Left first: a step runner that is just coming up finds it, or is found.
    let left = rungs::leave_word(&dir.stop(), word);
    for step in known(dir)? {
        let Some(processes) = &step.processes else { continue };
        living = true;
        let left = rungs::leave_word(&step.dir.stop(), word);
        match (word.level, left) {
            (StopLevel::AfterTask, Err(e)) if Answer::is_there(&step.dir.stop()) != Answer::Yes => {
                failed
                    .push(format!("Ansible cannot be asked to stop after its task, {e}: stop it without --after-task"));
            }
            (StopLevel::AfterTask, _) => {}
            (StopLevel::Interrupt, _) => failed.extend(step.interrupt(processes)),
            (StopLevel::Kill, _) => failed.extend(step.kill()),
        }
    }
    if !living
        && let Err(e) = left
        && Answer::is_there(&dir.stop()) != Answer::Yes
    {
        failed.push(format!("nothing of it is at work, and the word that nothing of it begins cannot be left: {e}"));
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
}

/// The open steps, after a moment for those of which it cannot be told yet: they are just coming up.
fn known(dir: &RunDir) -> Result<Vec<Open>, String> {
    let deadline = Instant::now() + COMING;
    loop {
        let open = open(dir)?;
        if open.iter().all(|step| step.processes.is_some()) || Instant::now() > deadline {
            return Ok(open);
        }
        std::thread::sleep(GLANCE);
    }
}

/// A step that lives, or may.
pub(super) struct Open {
    pub(super) number: u32,
    pub(super) dir: StepDir,
    mark: String,
    /// What of it can be signalled.
    processes: Option<Processes>,
}

/// Steps of a run that are not known to have ended.
///
/// # Errors
/// They cannot be looked for.
pub(super) fn open(dir: &RunDir) -> Result<Vec<Open>, String> {
    let id = dir.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut open = Vec::new();
    for number in dir.steps().map_err(|e| e.to_string())? {
        let (dir, mark) = (dir.step(number), tree::mark(&id, number));
        let processes = match attach::look(&dir, &mark) {
            Found::Nothing | Found::Ended(_) => continue,
            Found::Running(processes) => Some(processes),
            Found::Starting | Found::Unknown(_) => {
                // Whatever its files say, what wears its mark is of it.
                let child = tree::oldest(&mark).map_err(|e| file::at(dir.path(), "look for", e).to_string())?;
                child.map(|child| Processes { runner: child.clone(), child: Some(child) })
            }
        };
        open.push(Open { number, dir, mark, processes });
    }
    Ok(open)
}

impl Open {
    fn interrupt(&self, processes: &Processes) -> Option<String> {
        const LONG: Duration = Duration::from_millis(PATIENCE as u64);
        let child = processes.child.as_ref()?;
        for rung in [Rung::Interrupt, Rung::Terminate] {
            rungs::take(&self.dir, &self.mark, Some(processes), rung);
            if child.gone_within(LONG) == Answer::Yes {
                break;
            }
        }
        self.kill()
    }

    /// Kills all of it; tells what could not be killed.
    pub(super) fn kill(&self) -> Option<String> {
        match rungs::kill(self.processes.as_ref(), &self.mark) {
            0 => None,
            n => Some(format!("{n} processes of step {} could not be killed", self.number)),
        }
    }
}

/// Records it, after it was done or refused.
///
/// # Errors
/// The ledger does not take it.
pub fn record(store: &StateDir, spec: &RunSpec, word: &Stopped, refused: Option<String>) -> Result<(), audit::Error> {
    let row = ledger::stopping(store, spec, &word.by, word.level, Some(word.ask))?;
    ledger::stopped(store, spec, &word.by, row, refused)
}

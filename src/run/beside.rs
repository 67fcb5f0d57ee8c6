//! Stopping a run beside its supervisor, which is frozen or gone: word is left at each step that lives, then its own
//! processes (pid, start, mark) are signalled from here, rung after rung.

use super::event::{Rung, StopLevel};
use super::rungs::{self, Stopped};
use super::single::PATIENCE;
use super::step::Processes;
use super::supervise::attach::{self, Found};
use super::{RunSpec, ledger};
use crate::audit;
use crate::state::{Answer, RunDir, StateDir, StepDir, file, tree};
use std::time::Duration;

/// Stops every step of the run that lives; false: none does. Returns when it is asked, or (but for
/// [`StopLevel::AfterTask`]) when nothing of it is left.
///
/// # Errors
/// Whether something of it lives cannot be told; what could not be done.
pub fn stop(dir: &RunDir, word: &Stopped) -> Result<bool, String> {
    let living = living(dir)?;
    let mut failed = Vec::new();
    for (step, mark, processes) in &living {
        let left = rungs::leave_word(step, word);
        match (word.level, left) {
            (StopLevel::AfterTask, Err(e)) if Answer::is_there(&step.stop()) != Answer::Yes => {
                failed
                    .push(format!("Ansible cannot be asked to stop after its task, {e}: stop it without --after-task"));
            }
            (StopLevel::AfterTask, _) => {}
            (StopLevel::Interrupt, _) => failed.extend(interrupt(step, mark, processes)),
            (StopLevel::Kill, _) => failed.extend(kill(mark, processes)),
        }
    }
    if failed.is_empty() { Ok(!living.is_empty()) } else { Err(failed.join("; ")) }
}

/// Steps of a run that live, each with the mark of its processes.
fn living(dir: &RunDir) -> Result<Vec<(StepDir, String, Processes)>, String> {
    let id = dir.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut living = Vec::new();
    for number in dir.steps().map_err(|e| e.to_string())? {
        let (step, mark) = (dir.step(number), tree::mark(&id, number));
        match attach::look(&step, &mark) {
            Found::Running(processes) => living.push((step, mark, processes)),
            Found::Starting | Found::Unknown(_) => {
                // Whatever its files say, what wears its mark is of it.
                if let Some(child) =
                    tree::oldest(&mark).map_err(|e| file::at(step.path(), "look for", e).to_string())?
                {
                    living.push((step, mark, Processes { runner: child.clone(), child: Some(child) }));
                }
            }
            Found::Nothing | Found::Ended(_) => {}
        }
    }
    Ok(living)
}

fn interrupt(step: &StepDir, mark: &str, processes: &Processes) -> Option<String> {
    const LONG: Duration = Duration::from_millis(PATIENCE as u64);
    let child = processes.child.as_ref()?;
    for rung in [Rung::Interrupt, Rung::Terminate] {
        rungs::take(step, mark, Some(processes), rung);
        if child.gone_within(LONG) == Answer::Yes {
            break;
        }
    }
    kill(mark, processes)
}

fn kill(mark: &str, processes: &Processes) -> Option<String> {
    match rungs::kill(Some(processes), mark) {
        0 => None,
        n => Some(format!("{n} processes of it could not be killed")),
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

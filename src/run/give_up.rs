//! Ending a run with which no supervisor can go on (its journal is damaged, cut, forged, or no longer the one that was
//! written): because a person says so, and never for well. What lives of it here is killed where they want that, how it went is
//! recorded as unknown, and its hosts are free again.

use super::StopError;
use super::event::StopLevel;
use super::ledger::{self, End, EndRow};
use super::spec::VERSION;
use super::supervise::attach::{self, Found};
use super::{Follower, RunSpec, lease, list, rungs};
use crate::audit::Sum;
use crate::state::operator::Operator;
use crate::state::{Control, Lock, RunDir, StateDir, file, tree};
use std::io;

/// Ends it; `why` no supervisor can.
///
/// # Errors
/// It has ended, has a supervisor by now, or something of it is at work that is not to be killed; it cannot be recorded.
pub fn give_up(
    store: &StateDir,
    spec: &RunSpec,
    (level, operator): (StopLevel, &Operator),
    why: &str,
) -> Result<(), StopError> {
    let (id, dir) = (spec.id, store.run(spec.id));
    if spec.version > VERSION {
        return Err(StopError::Refused(why.to_owned()));
    }
    let Some(_lock) = Lock::try_take(&dir.lock())? else {
        return Err(StopError::Refused("it has a supervisor by now: stop it again".to_owned()));
    };
    at_rest(&dir, spec, level)?;
    let control = Control::open(store).map_err(io::Error::other)?;
    let known = matches!(ledger::end_of(store, id)?, Some(EndRow::Recorded { .. }));
    let words = format!("{} ended it: {why}", operator.name);
    if !known {
        file::write_whole(&dir.doubt(), words.as_bytes())?;
    }
    let run = Follower::open_exact(&dir)?;
    if !known {
        let journal = std::fs::metadata(dir.journal()).and_then(|meta| Sum::of(&dir.journal(), meta.len())).ok();
        ledger::ended(store, spec, &run.state, End { approvals: Vec::new(), journal, late: true })?;
    }
    let freed = lease::free(store, &control, id, None, "a person ended its run").map_err(io::Error::other)?;
    if let Err(e) = list::put_anew(store, spec, &run.state) {
        tracing::warn!("run {id} is listed as it was until it is looked at: {e}");
    }
    match known && !freed {
        true => Err(StopError::Refused(format!("the run has ended: {}", run.state.state_name()))),
        false => Ok(()),
    }
}

/// Nothing of its steps is at work, or no more.
fn at_rest(dir: &RunDir, spec: &RunSpec, level: StopLevel) -> Result<(), StopError> {
    for step in dir.steps()? {
        let (place, mark) = (dir.step(step), tree::mark(&spec.id.to_string(), step));
        let found = match attach::look(&place, &mark) {
            Found::Nothing | Found::Ended(_) => continue,
            Found::Running(processes) => Some(processes),
            Found::Starting | Found::Unknown(_) => None,
        };
        if level != StopLevel::Kill {
            let why = format!(
                "step {step} of it may be at work, and nobody can lead it to its end: `opsdeck stop {} --now` kills it",
                spec.id
            );
            return Err(StopError::Refused(why));
        }
        file::write_whole(&place.stop(), b"stop\n")?;
        let left = rungs::kill(found.as_ref(), &mark);
        if left > 0 {
            return Err(StopError::Refused(format!("{left} processes of step {step} could not be killed")));
        }
    }
    Ok(())
}

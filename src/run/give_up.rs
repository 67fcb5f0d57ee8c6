//! Ending a run with which no supervisor can go on (its journal is damaged, cut, forged, or no longer the one that was
//! written): because a person says so, and never for well. What lives of it here is killed where they want that, how it went is
//! recorded as unknown, and its hosts are free again.

use super::StopError;
use super::event::StopLevel;
use super::ledger::{self, End, EndRow};
use super::spec::VERSION;
use super::{Follower, RunSpec, beside, lease, list};
use crate::audit::Sum;
use crate::state::operator::Operator;
use crate::state::{Control, Lock, RunDir, StateDir, file};
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
    for step in beside::open(dir).map_err(io::Error::other)? {
        if level != StopLevel::Kill {
            let why = format!(
                "step {} of it may be at work, and nobody can lead it to its end: `opsdeck stop {} --now` kills it",
                step.number, spec.id
            );
            return Err(StopError::Refused(why));
        }
        file::write_whole(&step.dir.stop(), b"stop\n")?;
        if let Some(why) = step.kill() {
            return Err(StopError::Refused(why));
        }
    }
    Ok(())
}

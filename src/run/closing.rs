//! What a process that died left open in the ledger is closed by the next one that may write: the end of a run that has no
//! row, an intent that nobody answered. What may still be answered by whoever it belongs to is left to them. Likewise what an
//! earlier version left at work is taken over.

use super::ends::Told;
use super::event::Event;
use super::journal::Reader;
use super::ledger::{End, ended};
use super::{RunSpec, RunState, State, asked, elder, glass, index, ledger, list};
use crate::audit::{self, Action, Error, Ledger, Open, Phase, Status, Sum};
use crate::state::operator::Operator;
use crate::state::{Access, Answer, DbError, Filter, Life, Lock, RunDir, StateDir};
use serde_json::json;
use std::io;
use uuid::Uuid;

/// What can be asked under break-glass.
const GLASS: [Action; 3] = [Action::ReleaseRollback, Action::ReleaseResume, Action::ReleaseRetry];

/// Closes what can be closed. `tell` says what a run's own machine thinks of its end ([`super::ends`]).
///
/// # Errors
/// The ledger cannot be read or written.
pub fn close(store: &StateDir, tell: impl Fn(&RunSpec) -> Result<Told, String>) -> Result<(), Error> {
    if !store.audit().exists() || store.access() != Access::Write {
        return Ok(());
    }
    glass::settle_all(store)?;
    let ledger = Ledger::open(&store.audit())?;
    let (intents, runs) = ledger.left_open()?;
    for run in &runs {
        let over = Lock::is_held(&store.run(*run).lock()) == Answer::No && list::is_over(store, *run) == Some(true);
        if over && let Err(e) = stops(store, *run) {
            tracing::warn!("whether somebody stopped run {run} of whom the ledger does not know cannot be told: {e}");
        }
    }
    close_ended(store, &runs, tell)?;
    for intent in intents {
        if let Some((status, why)) = verdict(store, &intent) {
            ledger.close(&intent, status, &why)?;
        }
    }
    Ok(())
}

/// Who stopped a run that is over, or asked it for something under break-glass, where nobody could write it down then: by its
/// journal. For whoever has the run in hand, or
/// knows that nobody has.
///
/// # Errors
/// The journal cannot be read, or the ledger not be written.
pub fn stops(store: &StateDir, run: Uuid) -> io::Result<()> {
    let (dir, ledger) = (store.run(run), Ledger::open(&store.audit()).map_err(io::Error::other)?);
    let is_there = |action| ledger.find(run, action, Phase::Intent).map(|row| row.is_some()).map_err(io::Error::other);
    let spec = super::read_spec(&dir)?;
    let (mut stopped, mut glass) = (Vec::new(), Vec::new());
    let pass = Reader::open(&dir.journal())?.read(|entry| match &entry.event {
        Event::StopAsked { level, by } => stopped.push((*level, by.clone())),
        Event::BreakGlass { why, action: Some(action), by: Some(by), .. } => {
            glass.push((why.clone(), action.clone(), by.clone()));
        }
        _ => {}
    });
    pass.map_err(io::Error::other)?;
    for (why, action, name) in glass {
        let Some(action) = GLASS.into_iter().find(|known| known.name() == action) else { continue };
        if !is_there(action)? {
            let (by, body) =
                (Operator { name, ..Operator::default() }, json!({ "break_glass": why, "recorded": "late" }));
            let what = asked::Asked { action, words: "under break-glass", body: &body };
            let row = asked::asking_late(store, &spec, &by, what).map_err(io::Error::other)?;
            asked::asked(store, &spec, &by, row, what, None).map_err(io::Error::other)?;
        }
    }
    if is_there(Action::RunStop)? || is_there(Action::ReleaseStop)? {
        return Ok(());
    }
    for (level, name) in stopped {
        let by = Operator { name, ..Operator::default() };
        let row = ledger::stopping(store, &spec, &by, level, None).map_err(io::Error::other)?;
        ledger::stopped(store, &spec, &by, row, None).map_err(io::Error::other)?;
    }
    Ok(())
}

/// Gives every live run that an earlier version supervises a supervisor of this one: whoever looks at it would, but nobody
/// need look.
///
/// # Errors
/// The index cannot be used.
pub fn end_elders(store: &StateDir) -> Result<(), DbError> {
    if elder::may_be(store) {
        list::list(store, &index::open_index(store)?, &Filter { live: true, ..Filter::default() })?;
    }
    Ok(())
}

/// How an intent is to be answered; `None`: not by us, or not yet.
fn verdict(store: &StateDir, intent: &Open) -> Option<(Status, String)> {
    let process = intent.process.as_ref()?;
    if !matches!(process.life(), Life::Gone | Life::Rebooted) {
        return None;
    }
    let who = format!("process {} died before it could say how it went", process.pid);
    if intent.action == Action::RunLaunch.name() {
        let run = intent.run_id?;
        return match store.run(run).journal().try_exists() {
            Ok(true) => Some((Status::Success, format!("{who}; a supervisor has the run"))),
            Ok(false) => Some((Status::Unknown, who)),
            Err(_) => None,
        };
    }
    // What a run does is answered by its next supervisor, as long as it has not ended.
    let over = intent.run_id.is_none_or(|run| list::is_over(store, run) == Some(true));
    over.then_some((Status::Unknown, who))
}

/// Records the end of those of these runs that ended, by their journals, without a row: their supervisor was killed before it,
/// or the disk was full. `tell` says what the run's own machine thinks of that end: one that cannot be is recorded as not
/// known, and believed by nobody. Gives the runs that it recorded. A run whose supervisor lives is left to it, one that has its
/// row costs one look at the index; one that cannot be read is said in the log and left.
///
/// # Errors
/// The ledger cannot be read or written.
pub fn close_ended(
    store: &StateDir,
    runs: &[Uuid],
    tell: impl Fn(&RunSpec) -> Result<Told, String>,
) -> Result<Vec<Uuid>, Error> {
    let mut closed = Vec::new();
    if runs.is_empty() || !store.audit().exists() {
        return Ok(closed);
    }
    let ledger = Ledger::open(&store.audit())?;
    for run in runs {
        let known = ledger.find(*run, Action::RunEnd, Phase::Outcome)?.is_some();
        // A run that this ledger did not launch is none of its business.
        if known || ledger.find(*run, Action::RunLaunch, Phase::Intent)?.is_none() {
            continue;
        }
        match left_behind(&store.run(*run), &tell) {
            Ok(Some(Left { spec, state, approvals, journal, .. })) => {
                if state.state == State::Unknown
                    && let Err(e) = list::put_anew(store, &spec, &state)
                {
                    tracing::warn!("run {run} is listed as it was until it is looked at: {e}");
                }
                if ended(store, &spec, &state, End { approvals, journal: Some(journal), late: true })? {
                    closed.push(*run);
                }
            }
            Ok(None) => {}
            Err(e) => tracing::warn!("whether run {run} ended cannot be told: {e}"),
        }
    }
    Ok(closed)
}

/// What is to be recorded of a run that ended and has no supervisor.
struct Left {
    /// Nobody else begins to supervise it meanwhile.
    _lock: Lock,
    spec: RunSpec,
    state: RunState,
    approvals: Vec<String>,
    journal: Sum,
}

/// Folded from the journal alone.
fn left_behind(
    dir: &RunDir,
    tell: impl Fn(&RunSpec) -> Result<Told, String>,
) -> Result<Option<Left>, Box<dyn std::error::Error>> {
    let path = dir.journal();
    if !path.exists() || !audit::is_ended(&path)? {
        return Ok(None);
    }
    let Some(lock) = Lock::try_take(&dir.lock())? else { return Ok(None) };
    let mut state = RunState::default();
    let mut reader = Reader::open(&path)?;
    reader.read(|entry| state.apply(entry))?;
    if !state.state.is_terminal() {
        return Ok(None);
    }
    let spec = super::read_spec(dir)?;
    let told = tell(&spec)?;
    if let Some(why) = &told.doubt {
        state.disbelieve(why);
        crate::state::file::write_whole(&dir.doubt(), why.as_bytes())?;
    }
    let journal = Sum::of(&path, reader.offset())?;
    Ok(Some(Left { _lock: lock, spec, state, approvals: told.approvals, journal }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Identity;
    use uuid::Uuid;

    fn intent(action: Action, run: Option<Uuid>, process: Option<Identity>) -> Open {
        Open {
            seq: 1,
            event_id: Uuid::now_v7(),
            action: action.name().into(),
            operator: "ann".into(),
            timestamp_ms: 0,
            run_id: run,
            env: None,
            process,
        }
    }

    #[test]
    fn only_what_a_dead_process_left_is_answered_and_nothing_that_its_run_may_still_answer() {
        let dir = tempfile::tempdir().unwrap();
        let store = StateDir::at(dir.path());
        let own = Identity::own();
        let dead = Identity { start: own.start + 1, ..own.clone() };
        let unknown = Identity { boot: String::new(), ..own.clone() };
        let at = |intent: Open| verdict(&store, &intent).map(|(status, _)| status);
        assert_eq!(at(intent(Action::LineStop, None, Some(dead.clone()))), Some(Status::Unknown));
        for alive in [Some(own), Some(unknown), None] {
            assert_eq!(at(intent(Action::LineStop, None, alive)), None, "it lives, or it cannot be told");
        }
        let run = Uuid::now_v7();
        assert_eq!(at(intent(Action::RunLaunch, Some(run), Some(dead.clone()))), Some(Status::Unknown), "no such run");
        std::fs::create_dir_all(store.run(run).path()).unwrap();
        std::fs::write(store.run(run).journal(), "").unwrap();
        assert_eq!(at(intent(Action::RunLaunch, Some(run), Some(dead.clone()))), Some(Status::Success));
        assert_eq!(at(intent(Action::ReleaseStop, Some(run), Some(dead))), None, "its next supervisor answers");
    }
}

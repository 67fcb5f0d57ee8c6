//! Lists of runs, and ids from what a person types. Whoever lists also notices runs whose supervisor was killed.

use super::event::Failure;
use super::ledger::{self, EndRow};
use super::look::look;
use super::{Follower, RunSpec, RunState};
use crate::state::{Control, DbError, Filter, Index, RunDir, RunRow, StateDir};
use std::path::PathBuf;
use uuid::Uuid;

/// The index row of a run, as far as its spec and its events tell.
pub fn row(spec: &RunSpec, state: &RunState) -> RunRow {
    let count = |f: fn(&super::event::Tally) -> u32| state.hosts.values().filter(|h| f(&h.tally) > 0).count() as u32;
    RunRow {
        id: spec.id,
        number: spec.number,
        kind: spec.work.kind().to_owned(),
        title: spec.work.title(),
        environment: spec.environment.clone(),
        operator: spec.operator.name.clone(),
        cwd: spec.cwd.display().to_string(),
        state: state.state_name().to_owned(),
        failure: state.failure.map(Failure::name).map(str::to_owned),
        why: state.why.clone(),
        rc: state.rc,
        created_at: spec.created_at,
        started_at: state.started_at(),
        ended_at: state.ended_at(),
        hosts: match (&spec.hosts, state.hosts.len()) {
            (Some(hosts), 0) => hosts.len() as u32,
            (_, n) => n as u32,
        },
        failed: count(|t| t.failed),
        unreachable: count(|t| t.unreachable),
        changed: count(|t| t.changed),
        check: spec.work.check(),
        journal: None,
    }
}

/// A run's row, with its number and, of a run that has ended, what its journal is like now.
pub fn whole_row(dir: &RunDir, number: Option<u64>, spec: &RunSpec, state: &RunState) -> RunRow {
    let journal = state.ended_at().and_then(|_| stamp(dir));
    RunRow { number: spec.number.or(number), journal, ..row(spec, state) }
}

/// Lists a run anew as it is told now, in place of how it was listed.
///
/// # Errors
/// The index cannot be used.
pub fn put_anew(store: &StateDir, spec: &RunSpec, state: &RunState) -> Result<(), DbError> {
    let index = Index::open(store)?;
    let number = index.get(spec.id)?.and_then(|row| row.number);
    index.put(&whole_row(&store.run(spec.id), number, spec, state))
}

/// Length, time and file of a journal: another one than was folded says something else. `None`: there is none to look at.
fn stamp(dir: &RunDir) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let meta = std::fs::symlink_metadata(dir.journal()).ok()?;
    Some(format!("{} {}.{} {}", meta.len(), meta.mtime(), meta.mtime_nsec(), meta.ino()))
}

/// Runs, newest first. Those that say that they live are looked at: one without a supervisor gets one. So is one whose
/// journal is not what it was when its row was made. Where the index is not whole, what it lacks is read from the runs' own
/// folders.
///
/// # Errors
/// The index cannot be used.
pub fn list(store: &StateDir, index: &Index, filter: &Filter) -> Result<Vec<RunRow>, DbError> {
    rows(store, index, filter, true)
}

/// As [`list`], for whoever only looks: nothing is given a supervisor.
pub fn seen(store: &StateDir, index: &Index, filter: &Filter) -> Result<Vec<RunRow>, DbError> {
    rows(store, index, filter, false)
}

fn rows(store: &StateDir, index: &Index, filter: &Filter, revives: bool) -> Result<Vec<RunRow>, DbError> {
    let mut rows = match index.is_whole()? {
        true => index.list(filter)?,
        false => from_folders(store, index, filter)?,
    };
    for row in &mut rows {
        let dir = store.run(row.id);
        if row.ended_at.is_some() && row.journal == stamp(&dir) {
            continue;
        }
        let looked = if revives { look(store, row.id).map(|looked| looked.run) } else { Follower::open(&dir) };
        let Ok(run) = looked else { continue };
        // The index may be a moment behind; the journal is the truth.
        let ended = row.ended_at.is_some();
        *row = whole_row(&dir, row.number, &run.spec, &run.state);
        // Also where it says that a run lives which has ended: whoever supervised it could not tell the index, and is gone.
        if (ended || row.ended_at.is_some())
            && index.is_kept()
            && let Err(e) = index.put(row)
        {
            tracing::warn!("run {} is looked at anew each time until its row can be written: {e}", row.id);
        }
    }
    let states = &filter.states;
    rows.retain(|r| (states.is_empty() || states.contains(&r.state)) && !(filter.live && r.ended_at.is_some()));
    Ok(rows)
}

/// The same from the runs' own folders, where the index has no row of a run.
fn from_folders(store: &StateDir, index: &Index, filter: &Filter) -> Result<Vec<RunRow>, DbError> {
    let limit = filter.limit.map_or(usize::MAX, |n| n as usize);
    let mut rows = Vec::new();
    for id in store.run_ids()?.into_iter().rev() {
        if rows.len() >= limit {
            break;
        }
        let row = match index.get(id)? {
            Some(row) => Some(row),
            None => {
                let row = folded(store, id, None);
                // For the next look of this process.
                if let Some(row) = row.as_ref().filter(|_| index.is_aside()) {
                    index.put_missing(std::slice::from_ref(row))?;
                }
                row
            }
        };
        rows.extend(row.filter(|row| filter.takes(row)));
    }
    Ok(rows)
}

/// The row of a run as its folder tells it; `None`, and a word in the log, where that cannot be read.
pub fn folded(store: &StateDir, id: Uuid, number: Option<u64>) -> Option<RunRow> {
    let dir = store.run(id);
    match Follower::open(&dir) {
        Ok(run) => Some(whole_row(&dir, number, &run.spec, &run.state)),
        Err(e) => {
            tracing::warn!("run {id} is in no list: {e}");
            None
        }
    }
}

/// Whether a run is over, by its own journal; `None`: it cannot be told.
pub fn is_over(store: &StateDir, id: Uuid) -> Option<bool> {
    let dir = store.run(id);
    match dir.path().try_exists() {
        Ok(false) => Some(true),
        Ok(true) => {
            let run = Follower::open(&dir).ok()?;
            // Of one that is lost only a person could say that it is over.
            let told = !run.is_lost() || matches!(ledger::end_of(store, id), Ok(Some(EndRow::Recorded { .. })));
            told.then(|| run.state.state.is_terminal())
        }
        Err(_) => None,
    }
}

/// Why a text names no run.
#[derive(Debug, thiserror::Error)]
pub enum NoSuchRun {
    /// Neither control.db nor the index can be read.
    #[error("{0}")]
    Db(#[from] DbError),
    /// None begins like that.
    #[error("no run begins with {0:?}; `opsdeck runs` lists them")]
    None(String),
    /// None has this number.
    #[error("there is no run #{0}; `opsdeck runs` lists them")]
    Number(u64),
    /// The folders cannot be listed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// There is no run at all.
    #[error("there is no run yet in {0}")]
    Empty(PathBuf),
    #[error("{0:?} is not enough: {1} begin so; type more of the id")]
    Several(String, String),
}

/// The run that a person means: its number (`412` or `#412`), its id, the beginning of it, or `last` for the newest. Waits for
/// no index: whoever stops a run in a hurry names it, too.
pub fn find(store: &StateDir, text: &str) -> Result<Uuid, NoSuchRun> {
    if let Ok(id) = Uuid::parse_str(text)
        && store.run(id).spec().exists()
    {
        return Ok(id);
    }
    if text == "last" {
        return store.run_ids()?.pop().ok_or_else(|| NoSuchRun::Empty(store.root().to_owned()));
    }
    if let Some(number) = number(text) {
        let known = Control::open_where_it_is(store)
            .and_then(|control| control.map_or(Ok(None), |control| control.run_numbered(number)));
        let found = match known {
            // The index has copies of them.
            Err(e) => Index::open(store).and_then(|index| index.numbered(number)).map_err(|_| e)?,
            Ok(known) => known,
        };
        return found.ok_or(NoSuchRun::Number(number));
    }
    let prefix = text.to_ascii_lowercase();
    let listed = Index::open(store).and_then(|index| match index.is_whole()? {
        true => index.ids_with_prefix(&prefix, 5).map(Some),
        false => Ok(None),
    });
    let ids = match listed {
        Ok(Some(ids)) => ids,
        Ok(None) | Err(_) => {
            let ids = store.run_ids()?.into_iter().rev();
            ids.filter(|id| id.to_string().starts_with(&prefix)).take(5).collect()
        }
    };
    match ids.as_slice() {
        [] => Err(NoSuchRun::None(text.to_owned())),
        [id] => Ok(*id),
        several => {
            let names = several.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", ");
            Err(NoSuchRun::Several(text.to_owned(), names))
        }
    }
}

/// `#412` or `412`. Ids begin with a zero for some centuries to come.
fn number(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    digits.parse().ok().filter(|_| !digits.starts_with('0') && digits.len() < 18)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_no_beginning_of_an_id() {
        assert_eq!((number("412"), number("#412"), number("0199")), (Some(412), Some(412), None));
        assert_eq!((number("4a"), number("#"), number("")), (None, None, None));
    }
}

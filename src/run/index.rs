//! The index of runs kept whole: a new one (the old was deleted, or found damaged) is filled from the runs' own folders,
//! newest first, by one process at a time. Whoever is killed while filling has lost nothing: the next one goes on.

use super::list::folded;
use super::{spawn, unlisted};
use crate::audit::Ledger;
use crate::state::{Control, DbError, Index, Lock, RunRow, StateDir};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use uuid::Uuid;

const CHUNK: usize = 500;
/// So many runs are filled in at once by whoever opens the index; more are left to a process of their own.
const AT_ONCE: usize = 200;

/// Opens the index to look at it. One that is not whole is being filled behind the caller's back: [`super::list()`] reads
/// what it lacks from the runs' own folders meanwhile.
///
/// # Errors
/// The disk refuses.
pub fn open_index(store: &StateDir) -> Result<Index, DbError> {
    let index = Index::open(store)?;
    if index.is_kept()
        && let Err(e) = unlisted::heal(store, &index)
    {
        tracing::warn!("runs whose launchers were killed are in no list yet: {e}");
    }
    // One that is not kept is filled for nobody.
    if index.is_whole()? || !index.is_kept() {
        return Ok(index);
    }
    if missing(store, &index)?.len() <= AT_ONCE {
        match fill(store, &index) {
            // What it lacks is read from the runs' own folders.
            Err(e @ DbError::Busy { .. }) => tracing::warn!("the index is not whole: {e}"),
            other => drop(other?),
        }
    } else if let Err(e) = spawn::reindex(store) {
        tracing::warn!("the index is not whole, and nothing could be started to fill it: {e}");
    }
    Ok(index)
}

/// Opens the index to decide something by it: waits until it is whole, and fills it where nobody else does.
pub fn whole_index(store: &StateDir) -> Result<Index, DbError> {
    let mut index = Index::open(store)?;
    if !index.is_kept() && !index.is_whole()? {
        index = Index::aside(store)?;
    }
    while !index.is_whole()? {
        if !fill(store, &index)? {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(index)
}

/// Gives every run its row. False: another process is at it.
///
/// # Errors
/// The index cannot be written.
pub fn fill(store: &StateDir, index: &Index) -> Result<bool, DbError> {
    let kept = index.is_kept();
    let one = if kept { Lock::try_take(&store.root().join("index.fill.lock"))? } else { None };
    if kept && one.is_none() {
        return Ok(false);
    }
    let numbers: HashMap<Uuid, u64> = match Control::open(store).and_then(|control| control.numbers()) {
        Ok(numbers) => numbers,
        Err(e) => {
            tracing::warn!("runs of an earlier version are listed without their numbers: {e}");
            HashMap::new()
        }
    };
    if kept {
        Index::looked(store)?;
    }
    // Those whose end nobody recorded are looked at once more before what their journals say of it is listed for good.
    let open = if kept { unended(store) } else { HashSet::new() };
    let row = |id: &Uuid| {
        let row = folded(store, *id, numbers.get(id).copied())?;
        Some(if open.contains(id) { RunRow { journal: None, ..row } } else { row })
    };
    // What begins meanwhile puts its own row: such a run is seen in the second round at the latest.
    for _ in 0..2 {
        for ids in missing(store, index)?.chunks(CHUNK) {
            let rows: Vec<_> = ids.iter().filter_map(row).collect();
            index.put_missing(&rows)?;
        }
    }
    index.set_whole()?;
    drop(one);
    Ok(true)
}

/// Runs whose end the ledger misses.
fn unended(store: &StateDir) -> HashSet<Uuid> {
    match Ledger::open_to_read(&store.audit()).and_then(|ledger| ledger.left_open()) {
        Ok((_, runs)) => runs.into_iter().collect(),
        Err(e) => {
            tracing::debug!("which runs have no end in the ledger is not known: {e}");
            HashSet::new()
        }
    }
}

/// Runs without a row, newest first.
fn missing(store: &StateDir, index: &Index) -> Result<Vec<Uuid>, DbError> {
    let there = index.ids()?;
    Ok(store.run_ids()?.into_iter().rev().filter(|id| !there.contains(id)).collect())
}

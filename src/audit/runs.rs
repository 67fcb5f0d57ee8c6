//! The ledger held against the runs' folders: each run that lies there was launched by a row, what ended has its `run.end`,
//! and the journals hold what they held then; what it was launched to do has not changed. A tail that was cut together with the checkpoint shows here.

use super::journal::{Sum, is_ended};
use super::launched;
use super::newest::newest;
use super::record::{Action, Phase};
use super::verdict::{Broken, Journals};
use super::walk::Walk;
use crate::state::{Answer, Lock, StateDir};
use rusqlite::Connection;
use std::path::Path;
use uuid::Uuid;

/// Clocks, and what is written at the same moment, may differ by this (milliseconds).
const SLACK: i64 = 60_000;

/// The state directory in which a ledger lies; `None`: it is not where one has it.
pub(super) fn store(ledger: &Path) -> Option<StateDir> {
    let store = StateDir::at(ledger.parent()?);
    (store.audit() == ledger).then_some(store)
}

/// All runs that have a folder.
pub(super) fn folders(store: &StateDir) -> std::io::Result<Vec<Uuid>> {
    let entries = match std::fs::read_dir(store.runs()) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(crate::state::file::at(&store.runs(), "read", e)),
    };
    let mut all = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        all.extend(name.to_str().and_then(|name| Uuid::try_parse(name).ok()));
    }
    Ok(all)
}

/// Holds them against what was followed; gives what is to be said, and the runs that ended without a row.
pub(super) fn hold(
    db: &Connection,
    store: &StateDir,
    folders: &[Uuid],
    walk: &Walk,
) -> rusqlite::Result<Result<(Journals, Vec<Uuid>), Broken>> {
    let mut said = Journals::default();
    for (run, (seq, sum)) in &walk.journals {
        let path = store.run(*run).journal();
        let size = match std::fs::metadata(&path) {
            Ok(meta) => meta.len(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                said.missing += 1;
                continue;
            }
            Err(e) => {
                said.unread.push(format!("{}: {e}", path.display()));
                continue;
            }
        };
        match Sum::of(&path, sum.bytes) {
            Ok(found) if found == *sum && size == sum.bytes => said.same += 1,
            Ok(found) => {
                let what = match found == *sum {
                    true => "something was added behind its end",
                    false => "its content is not what it was",
                };
                let why = format!("the journal of run {run} was changed after the run had ended: {what}");
                return Ok(Err(Broken::at(*seq, why)));
            }
            Err(e) => said.unread.push(e.to_string()),
        }
    }
    for (run, (seq, digest)) in &walk.launched {
        match launched::is_same(&store.run(*run), digest) {
            Ok(true) => {}
            Ok(false) => {
                let why = format!("the spec of run {run}, or its first command, is not what was launched");
                return Ok(Err(Broken::at(*seq, why)));
            }
            // Its folder is not here any more.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => said.unread.push(e.to_string()),
        }
    }
    let first = walk.first.unwrap_or(i64::MAX);
    for run in folders {
        let Some(at) = born(*run) else { continue };
        let older = at + SLACK < first;
        if older && walk.whole {
            said.older += 1;
        }
        if !older && newest(db, *run, Action::RunLaunch, Phase::Intent)?.is_none() {
            if Answer::is_there(&store.unrecorded().join(run.to_string())) == Answer::Yes {
                said.unrecorded += 1;
                continue;
            }
            let why = format!(
                "run {run} has a folder, but no row says that it was launched: the tail was cut off, or the folder was \
                 copied here"
            );
            return Ok(Err(Broken::at(walk.seq() + 1, why)));
        }
    }
    let mut unended = Vec::new();
    for run in &walk.pairs.running {
        let dir = store.run(*run);
        match dir.journal().exists().then(|| is_ended(&dir.journal())) {
            // Whoever holds the lock is about to write it. And the row counts: an older mark may call it running still.
            Some(Ok(true))
                if Lock::is_held(&dir.lock()) == Answer::No
                    && newest(db, *run, Action::RunEnd, Phase::Outcome)?.is_none() =>
            {
                unended.push(*run);
            }
            Some(Err(e)) => said.unread.push(e.to_string()),
            _ => {}
        }
    }
    Ok(Ok((said, unended)))
}

/// When a run was asked (Unix milliseconds), by its id.
fn born(run: Uuid) -> Option<i64> {
    let (seconds, nanos) = run.get_timestamp()?.to_unix();
    i64::try_from(seconds).ok()?.checked_mul(1000)?.checked_add(i64::from(nanos / 1_000_000))
}

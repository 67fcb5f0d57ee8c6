//! The one lease for the whole state, of a run under break-glass that can take none in control.db: the file `lease.whole`
//! names it. It lives as a lease in control.db does: past the death of a supervisor, until its run is over. Whoever takes a
//! lease, either way, takes it first and looks then: of two at once one sees the other.

use super::{Hold, is_dead, words};
use crate::project::scope;
use crate::run::{Follower, RunSpec, read_spec};
use crate::state::leases::{Lease, touch};
use crate::state::{Answer, Control, DbError, Lock, RunDir, StateDir, file};
use serde::{Deserialize, Serialize};
use std::io::{self, ErrorKind};
use std::path::Path;
use uuid::Uuid;

/// Its token; one of control.db is never so small.
pub const TOKEN: i64 = 0;

/// What stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    run: Uuid,
    taken_at: i64,
}

/// Takes it, unless another run has it, or one that lives is on hosts of this one.
///
/// # Errors
/// The file cannot be read or written, or another writes it just now.
pub fn take(store: &StateDir, spec: &RunSpec, now: i64) -> Result<Hold, DbError> {
    let path = store.whole_lease();
    let Some(_one) = Lock::try_take(&path.with_extension("lock"))? else {
        return Err(io::Error::other(format!("{} is just being taken by another", path.display())).into());
    };
    if let Some((run, why)) = holder(store, Some(spec.id))? {
        return Ok(Hold::HeldBy { run, why });
    }
    file::write_whole(&path, &serde_json::to_vec(&Held { run: spec.id, taken_at: now }).map_err(io::Error::from)?)?;
    match others(store, Some(spec.id), &scope(spec.work.inventory(), &spec.cwd), spec.touched().as_deref())? {
        None => Ok(Hold::Got { token: TOKEN }),
        Some((run, why)) => {
            free(store, spec.id)?;
            Ok(Hold::HeldBy { run, why })
        }
    }
}

/// Who has it and lives, and in words; not the run `but`. That of a dead one is freed.
///
/// # Errors
/// The file cannot be read: whether somebody has it cannot be told.
pub fn holder(store: &StateDir, but: Option<Uuid>) -> io::Result<Option<(Uuid, String)>> {
    let Some(Held { run, taken_at }) = read(store)?.filter(|held| Some(held.run) != but) else { return Ok(None) };
    let lease = Lease { token: TOKEN, run, hosts: None, taken_at };
    if is_dead(store, &lease) {
        free(store, run)?;
        return Ok(None);
    }
    Ok(Some((run, words(store, &lease))))
}

/// A run that lives and is on some of these hosts: by control.db, else by the runs' own folders. Not the run `but`.
///
/// # Errors
/// It cannot be told.
pub fn others(
    store: &StateDir,
    but: Option<Uuid>,
    scope: &str,
    hosts: Option<&[String]>,
) -> Result<Option<(Uuid, String)>, DbError> {
    let leases = match Control::open(store).and_then(|control| control.leases(scope)) {
        Ok(leases) => leases,
        Err(e) => {
            tracing::warn!("who holds hosts is told by the runs' folders: {e}");
            by_folders(store, scope)?
        }
    };
    let on = |lease: &&Lease| Some(lease.run) != but && lease.overlaps(hosts);
    let found = leases.iter().filter(on).find(|lease| !is_dead(store, lease));
    Ok(found.map(|lease| (lease.run, words(store, lease))))
}

/// True if this run has it.
///
/// # Errors
/// The file cannot be read.
pub fn is_held(store: &StateDir, run: Uuid) -> io::Result<bool> {
    Ok(read(store)?.is_some_and(|held| held.run == run))
}

/// Frees it, if this run has it.
///
/// # Errors
/// The file cannot be read or removed.
pub fn free(store: &StateDir, run: Uuid) -> io::Result<()> {
    let path = store.whole_lease();
    if !is_held(store, run)? {
        return Ok(());
    }
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(file::at(&path, "remove", e)),
        _ => Ok(()),
    }
}

fn read(store: &StateDir) -> io::Result<Option<Held>> {
    let path = store.whole_lease();
    if Answer::is_there(&path) == Answer::No {
        return Ok(None);
    }
    match crate::open::read_own(&path, crate::open::WORD) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(file::at(&path, "read", e)),
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| {
            let path = path.display();
            io::Error::new(
                ErrorKind::InvalidData,
                format!("{path} does not say which run holds all hosts ({e}): remove it when none does"),
            )
        }),
    }
}

/// What the leases would be, by the journals of the runs of which something lives.
fn by_folders(store: &StateDir, wanted: &str) -> io::Result<Vec<Lease>> {
    let mut leases = Vec::new();
    for run in store.run_ids()?.into_iter().rev() {
        let dir = store.run(run);
        if !lives(&dir)? {
            continue;
        }
        let Ok(spec) = read_spec(&dir) else {
            // What it is on cannot be told: it may be anything.
            leases.push(Lease { token: TOKEN, run, hosts: None, taken_at: 0 });
            continue;
        };
        let holds = Follower::open(&dir).map_or(true, |run| run.is_lost() || run.state.lease.is_some());
        if holds && touch(&scope(spec.work.inventory(), &spec.cwd), wanted) {
            leases.push(Lease { token: TOKEN, run, hosts: spec.touched(), taken_at: spec.created_at });
        }
    }
    Ok(leases)
}

/// True unless certainly nobody has it in hand: no supervisor, nobody who would start one, no step.
fn lives(dir: &RunDir) -> io::Result<bool> {
    let held = |path: &Path| Lock::is_held(path) != Answer::No;
    if held(&dir.lock()) || held(&dir.guard()) {
        return Ok(true);
    }
    Ok(dir.steps()?.into_iter().any(|step| held(&dir.step(step).lock())))
}

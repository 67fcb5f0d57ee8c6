//! Runs that are about to be listed. A launcher may be killed between a run's spec and its row in the index, and no list would
//! ever show that run, nobody go on with it. So a mark stands before the spec is written, and goes with the row.

use super::list::folded;
use crate::state::{DbError, Index, StateDir, file};
use std::io;
use std::path::PathBuf;
use uuid::Uuid;

/// A launcher that is older than this (seconds) and has written no spec is gone.
const LONG: i64 = 60;

fn mark(store: &StateDir, id: Uuid) -> PathBuf {
    store.unlisted().join(id.to_string())
}

/// Before the spec of a run is written.
///
/// # Errors
/// The mark cannot be made: then nothing may be launched.
pub fn begins(store: &StateDir, id: Uuid) -> io::Result<()> {
    file::private_dir(&store.unlisted())?;
    file::ensure(&mark(store, id))
}

/// The run has its row, or is no run. A mark that stays costs a look.
pub fn ends(store: &StateDir, id: Uuid) {
    if let Err(e) = std::fs::remove_file(mark(store, id)).or_else(absent) {
        tracing::warn!("the mark of run {id} stays: {e}");
    }
}

fn absent(e: io::Error) -> io::Result<()> {
    if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) }
}

/// Gives those their rows whose launchers were killed in between.
///
/// # Errors
/// The index cannot be written.
pub fn heal(store: &StateDir, index: &Index) -> Result<(), DbError> {
    let Ok(entries) = std::fs::read_dir(store.unlisted()) else { return Ok(()) };
    let names = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<Uuid>().ok());
    for id in names {
        if !store.run(id).spec().exists() {
            if is_old(id) {
                ends(store, id);
            }
            continue;
        }
        if let Some(row) = folded(store, id, None) {
            index.put_missing(std::slice::from_ref(&row))?;
            ends(store, id);
        }
    }
    Ok(())
}

fn is_old(id: Uuid) -> bool {
    let Some((seconds, _)) = id.get_timestamp().map(|t| t.to_unix()) else { return true };
    let age = jiff::Timestamp::now().as_second() - i64::try_from(seconds).unwrap_or(0);
    // By the wall clock: one of the future was made before that was set back.
    !(0..LONG).contains(&age)
}

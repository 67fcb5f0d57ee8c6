//! Rows that are found on the index of runs, of either version: the newest of a kind, and that of an event.

use super::columns::PHASES;
use super::record::{Action, Phase};
use super::{v1, v2};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

/// The newest row of a run with this action in this phase.
pub(super) fn newest(db: &Connection, run: Uuid, action: Action, phase: Phase) -> rusqlite::Result<Option<i64>> {
    if v2::is_there(db)? {
        let sql = "SELECT seq FROM fields WHERE run_id = ?1 AND action = ?2 AND phase = ?3 ORDER BY seq DESC LIMIT 1";
        let place = PHASES.iter().position(|name| *name == phase.name()).and_then(|i| i64::try_from(i).ok());
        let found = db.prepare_cached(sql)?.query_row((run.as_bytes(), action.name(), place), |row| row.get(0));
        if let Some(seq) = found.optional()? {
            return Ok(Some(seq));
        }
    }
    if v1::is_there(db)? {
        let sql = "SELECT seq FROM audit WHERE run_id = ?1 AND action = ?2 AND json_extract(body, '$.phase') = ?3
                   ORDER BY seq DESC LIMIT 1";
        let found = db.prepare_cached(sql)?.query_row((run.to_string(), action.name(), phase.name()), |row| row.get(0));
        return found.optional();
    }
    Ok(None)
}

/// Number of the row of a run with this event id, of either version: on the index of runs.
pub(super) fn place_of(db: &Connection, run: Uuid, event: Uuid) -> rusqlite::Result<Option<i64>> {
    if v2::is_there(db)? {
        let sql = "SELECT seq FROM fields WHERE run_id = ?1 AND event_id = ?2";
        let found = db.prepare_cached(sql)?.query_row((run.as_bytes(), event.as_bytes()), |row| row.get(0));
        if let Some(seq) = found.optional()? {
            return Ok(Some(seq));
        }
    }
    if v1::is_there(db)? {
        let sql = "SELECT seq FROM audit WHERE run_id = ?1 AND json_extract(body, '$.event_id') = ?2";
        let found = db.prepare_cached(sql)?.query_row((run.to_string(), event.to_string()), |row| row.get(0));
        return found.optional();
    }
    Ok(None)
}

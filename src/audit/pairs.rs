//! Which intents have their answers, and which runs their ends: folded from the rows, one after the other.

use super::columns::{PHASES, STATUSES};
use super::record::{Action, Phase, Status};
use super::{v1, v2};
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What is open after some row: folded from all rows up to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pairs {
    /// Intents, by their id: row, action, run.
    pub open: BTreeMap<Uuid, (i64, String, Option<Uuid>)>,
    /// Runs that were launched and have no `run.end`.
    pub running: BTreeSet<Uuid>,
}

/// What of a row is needed for that.
pub(super) struct Step {
    pub seq: i64,
    pub event_id: Uuid,
    pub phase: Option<Phase>,
    pub failed: bool,
    pub action: String,
    pub parent: Option<Uuid>,
    pub run: Option<Uuid>,
}

impl Pairs {
    pub fn apply(&mut self, step: Step) {
        if step.phase == Some(Phase::Intent) {
            self.open.insert(step.event_id, (step.seq, step.action, step.run));
            return;
        }
        // A launch that has its answer already has it from the run's end: whoever launched was slower than the run.
        let late = step.parent.is_some_and(|parent| self.open.remove(&parent).is_none());
        if let (None, Some(of)) = (step.parent, step.run) {
            self.open.retain(|_, (_, action, run)| *run != Some(of) || *action != step.action);
        }
        match step.run {
            Some(run) if step.action == Action::RunEnd.name() => drop(self.running.remove(&run)),
            Some(run) if step.action == Action::RunLaunch.name() && !step.failed && !late => {
                self.running.insert(run);
            }
            _ => {}
        }
    }

    /// All rows after `after`.
    pub fn read(&mut self, db: &Connection, after: i64) -> rusqlite::Result<()> {
        if v1::is_there(db)? {
            let sql = "SELECT seq, json_extract(body, '$.event_id'), json_extract(body, '$.phase'), status, action,
                       json_extract(body, '$.parent_event_id'), run_id FROM audit WHERE seq > ?1 ORDER BY seq";
            let mut query = db.prepare_cached(sql)?;
            let mut rows = query.query([after])?;
            while let Some(row) = rows.next()? {
                self.apply(old(row)?);
            }
        }
        if v2::is_there(db)? {
            let sql = "SELECT seq, event_id, phase, status, action, parent_event_id, run_id FROM fields WHERE seq > ?1
                       ORDER BY seq";
            let mut query = db.prepare_cached(sql)?;
            let mut rows = query.query([after])?;
            while let Some(row) = rows.next()? {
                self.apply(new(row)?);
            }
        }
        Ok(())
    }
}

fn old(row: &Row<'_>) -> rusqlite::Result<Step> {
    let id = |text: Option<String>| text.and_then(|text| text.parse().ok());
    let phase: Option<String> = row.get(2)?;
    let status: String = row.get(3)?;
    Ok(Step {
        seq: row.get(0)?,
        event_id: id(row.get(1)?).unwrap_or_default(),
        phase: phase.and_then(|name| Phase::of(&name)),
        failed: status == Status::Failure.name(),
        action: row.get(4)?,
        parent: id(row.get(5)?),
        run: id(row.get(6)?),
    })
}

fn new(row: &Row<'_>) -> rusqlite::Result<Step> {
    let id = |bytes: Option<Vec<u8>>| bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok());
    let word = |words: &[&'static str], place: Option<i64>| {
        place.and_then(|i| usize::try_from(i).ok()).and_then(|i| words.get(i).copied())
    };
    Ok(Step {
        seq: row.get(0)?,
        event_id: id(row.get(1)?).unwrap_or_default(),
        phase: word(PHASES, row.get(2)?).and_then(Phase::of),
        failed: word(STATUSES, row.get(3)?) == Some(Status::Failure.name()),
        action: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
        parent: id(row.get(5)?),
        run: id(row.get(6)?),
    })
}

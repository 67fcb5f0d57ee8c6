//! What people ask of a run beside to stop, in the ledger: the intent before it is asked, then how it went.

use super::RunSpec;
use super::ledger::{about, held, of_run};
use super::machine::Vote;
use crate::audit::{Action, Error, Ledger, Phase, Record, Row, Status};
use crate::state::StateDir;
use crate::state::operator::Operator;
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// Something that only a run's own machine knows.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub action: Action,
    /// What exactly, in words: `skip gate up`.
    pub words: &'a str,
    /// As the run is asked (`{"verb": "approve", ...}`).
    pub body: &'a Value,
}

/// The intent to ask a run for it, before it is asked; other writers of the ledger are waited for so long.
pub fn asking(
    store: &StateDir,
    spec: &RunSpec,
    operator: &Operator,
    what: Asked<'_>,
    patience: Duration,
) -> Result<Uuid, Error> {
    let record = of_verb(Record::intent(what.action, operator), spec, what);
    // What only ends something, or lets it wait, is not kept from anybody.
    let ends = matches!(what.action, Action::ReleaseStop | Action::ReleasePause | Action::ReleaseReject);
    let ledger = if ends { Ledger::open_within(&store.audit(), patience)? } else { held(store, patience)? };
    Ok(ledger.append(&record)?.event_id)
}

/// Likewise of what was done already.
pub fn asking_late(store: &StateDir, spec: &RunSpec, operator: &Operator, what: Asked<'_>) -> Result<Uuid, Error> {
    let record = of_verb(Record::intent(what.action, operator), spec, what);
    Ok(Ledger::open(&store.audit())?.append(&record)?.event_id)
}

/// It was taken up, or was refused.
pub fn asked(
    store: &StateDir,
    spec: &RunSpec,
    operator: &Operator,
    parent: Uuid,
    what: Asked<'_>,
    refused: Option<String>,
) -> Result<(), Error> {
    let record = match refused {
        Some(why) => Record::denied(what.action, operator, why),
        None => Record::outcome(what.action, operator, Status::Success),
    };
    let record = of_verb(record, spec, what);
    Ledger::open(&store.audit())?.append(&Record { parent: Some(parent), ..record }).map(drop)
}

/// True if this row is the intent of what somebody asked this run for.
pub fn is_recorded(store: &StateDir, run: Uuid, row: Option<Uuid>) -> Result<bool, Error> {
    let Some(row) = row else { return Ok(false) };
    let found = Ledger::open(&store.audit())?.of_event(run, row)?;
    Ok(found.is_some_and(|row| row.entry.phase == Phase::Intent.name()))
}

/// True if a person asked this run for something, beside to be launched, and was not refused.
///
/// # Errors
/// The ledger cannot be read.
pub fn was_asked(store: &StateDir, run: Uuid) -> Result<bool, Error> {
    let ledger = match Ledger::open_to_read(&store.audit()) {
        Err(Error::Absent { .. }) => return Ok(false),
        other => other?,
    };
    let rows = of_run(&ledger, run)?;
    let is = |row: &&Row, phase: Phase| row.entry.phase == phase.name();
    let denied = |id: Uuid| rows.iter().any(|r| is(&r, Phase::Denied) && r.entry.parent_event_id == Some(id));
    let mut asked = rows.iter().filter(|row| is(row, Phase::Intent) && row.entry.action != Action::RunLaunch.name());
    Ok(asked.any(|row| !denied(row.entry.event_id)))
}

fn of_verb(record: Record, spec: &RunSpec, what: Asked<'_>) -> Record {
    let reason = record.reason.clone();
    let mut record = about(record, spec);
    let said = what.body.get("reason").and_then(Value::as_str).map(str::to_owned);
    record.reason = reason.or(said);
    record.subject = Some(format!("{}: {}", spec.work.title(), what.words));
    record.metadata.insert("asked".into(), what.body.clone());
    record
}

/// Which of these votes the ledger knows, one by one: its row is of this run and of that user, and was not denied. No row
/// counts twice.
pub fn votes(store: &StateDir, run: Uuid, votes: &[Vote]) -> Result<Vec<bool>, Error> {
    let rows = match Ledger::open_to_read(&store.audit()) {
        Err(Error::Absent { .. }) => Vec::new(),
        other => of_run(&other?, run)?,
    };
    let denied =
        |id: Uuid| rows.iter().any(|r| r.entry.parent_event_id == Some(id) && r.entry.phase == Phase::Denied.name());
    let mut used = Vec::new();
    let mut known = |vote: &Vote| {
        let found = rows.iter().map(|row| &row.entry).find(|row| {
            row.phase == Phase::Intent.name()
                && row.action == vote.action.name()
                && row.effective_user == vote.by
                && vote.row.is_none_or(|id| id == row.event_id)
                && !used.contains(&row.event_id)
                && !denied(row.event_id)
        });
        used.extend(found.map(|row| row.event_id));
        found.is_some()
    };
    Ok(votes.iter().map(&mut known).collect())
}

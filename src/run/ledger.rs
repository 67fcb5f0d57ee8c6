//! What of a run goes into the audit ledger: its launch (intent before anything happens, then outcome, or denial), each
//! stop, and its end. Where the ledger cannot be written, nothing is launched; what stops is recorded after it was done.

use super::event::{Failure, StopLevel};
use super::spec::{BreakGlass, Work};
use super::{RunSpec, RunState, State, diffs};
use crate::audit::{self, Action, Acts, Error, Filter, Ledger, Phase, Receipt, Record, Release, Row, Status, Sum};
use crate::state::operator::Operator;
use crate::state::{Control, StateDir};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

pub(super) fn about(record: Record, spec: &RunSpec) -> Record {
    let mut metadata = serde_json::Map::new();
    metadata.insert("kind".into(), json!(spec.work.kind()));
    metadata.insert("cwd".into(), json!(spec.cwd));
    metadata.insert("check".into(), json!(spec.work.check()));
    if let Some(limit) = spec.work.ask().and_then(|ask| ask.common().limit.as_ref()) {
        metadata.insert("limit".into(), json!(limit));
    }
    if let Some(other) = spec.rerun_of {
        metadata.insert("rerun_of".into(), json!(other));
    }
    Record {
        env: spec.environment.clone(),
        run_id: Some(spec.id),
        release: release(spec),
        subject: Some(spec.work.title()),
        targets: spec.hosts.as_ref().map(|hosts| hosts.iter().chain(&spec.beside).cloned().collect()),
        // An outcome's command is that of its intent.
        argv: if record.phase == Phase::Outcome { Vec::new() } else { spec.argv.clone() },
        metadata,
        ..record
    }
}

/// A plan is a release of its own, and the machine that carries it out keeps its digest beside it.
fn release(spec: &RunSpec) -> Release {
    let Work::Plan(plan) = &spec.work else { return Release::default() };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    Release {
        id: Some(spec.id),
        service: text(plan.body.get("plan").and_then(|plan| plan.get("service"))),
        plan_digest: text(plan.body.get("digest")),
        ..Release::default()
    }
}

/// Number and hash of its newest row; `None`: there is none yet.
///
/// # Errors
/// It cannot be read.
pub fn head(store: &StateDir) -> Result<Option<(i64, String)>, Error> {
    match Ledger::open_to_read(&store.audit()) {
        Ok(ledger) => Ok(Some(ledger.head()?).filter(|head| head.seq > 0).map(|head| (head.seq, head.hash))),
        Err(Error::Absent { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The intent to launch what was `frozen`; of what the ledger did not take then, late.
pub fn launching(acts: &Acts<'_>, spec: &RunSpec, frozen: Option<String>) -> Result<Receipt, Error> {
    let mut record = about(Record::intent(Action::RunLaunch, &spec.operator), spec);
    record.metadata.extend(frozen.map(|digest| (audit::launched::FROZEN.to_owned(), json!(digest))));
    acts.intent(&noted(record, spec))
}

/// The row of a launch under break-glass says so.
fn noted(mut record: Record, spec: &RunSpec) -> Record {
    let Some(BreakGlass { reason, unrecorded }) = &spec.break_glass else { return record };
    record.metadata.insert("break_glass".into(), json!(reason));
    if let Some(why) = unrecorded {
        record.metadata.insert("unrecorded".into(), json!(why));
        record.metadata.insert("launched_at".into(), json!(spec.created_at));
        record.metadata.insert("recorded".into(), json!("late"));
        record.metadata.insert("recorded_by".into(), json!(Operator::current().name));
    }
    record
}

/// The ledger, for an act that changes nothing in control.db: if it is the one that was written to last.
pub(super) fn held(store: &StateDir, patience: Duration) -> Result<Ledger, Error> {
    match audit::lost(store, &Control::open(store)?)? {
        Some(why) => Err(Error::Lost(why)),
        None => Ledger::open_within(&store.audit(), patience),
    }
}

/// The launch worked, or why it did not.
pub fn launched(store: &StateDir, spec: &RunSpec, parent: Uuid, failed: Option<String>) -> Result<(), Error> {
    let status = if failed.is_some() { Status::Failure } else { Status::Success };
    let record = about(Record::outcome(Action::RunLaunch, &spec.operator, status), spec);
    let record = Record { parent: Some(parent), reason: failed, ..record };
    Ledger::open(&store.audit())?.append(&record).map(drop)
}

/// A launch that was refused.
pub fn refused(store: &StateDir, spec: &RunSpec, why: &str) -> Result<(), Error> {
    let record = about(Record::denied(Action::RunLaunch, &spec.operator, why), spec);
    Ledger::open(&store.audit())?.append(&Record { run_id: None, ..record }).map(drop)
}

/// That somebody stops a run; `ask` is what this stop is called, however often it is told of.
pub fn stopping(
    store: &StateDir,
    spec: &RunSpec,
    operator: &Operator,
    level: StopLevel,
    ask: Option<Uuid>,
) -> Result<Uuid, Error> {
    let mut record = about(Record::intent(Action::RunStop, operator), spec);
    record.metadata.insert("level".into(), json!(level));
    if let Some(ask) = ask {
        record.metadata.insert("ask".into(), json!(ask));
    }
    Ok(Ledger::open(&store.audit())?.append(&record)?.event_id)
}

/// The stop was taken note of, or was refused.
pub fn stopped(
    store: &StateDir,
    spec: &RunSpec,
    operator: &Operator,
    parent: Uuid,
    refused: Option<String>,
) -> Result<(), Error> {
    let record = match refused {
        Some(why) => Record::denied(Action::RunStop, operator, why),
        None => Record::outcome(Action::RunStop, operator, Status::Success),
    };
    Ledger::open(&store.audit())?.append(&Record { parent: Some(parent), ..about(record, spec) }).map(drop)
}

/// True if the stop that is called so is in the ledger.
pub fn is_stop_recorded(store: &StateDir, run: Uuid, ask: Option<Uuid>) -> Result<bool, Error> {
    let Some(ask) = ask.map(|ask| ask.to_string()) else { return Ok(false) };
    let rows = of_run(&Ledger::open(&store.audit())?, run)?;
    Ok(rows.iter().any(|row| row.entry.metadata.get("ask").and_then(Value::as_str) == Some(&ask)))
}

/// Rows of a run, newest first.
pub(super) fn of_run(ledger: &Ledger, run: Uuid) -> Result<Vec<Row>, Error> {
    Ok(ledger.query(&Filter { run: Some(run.to_string()), ..Filter::default() }, usize::MAX)?.rows)
}

/// The intent to read these secret variables of a run.
pub fn reading_values(store: &StateDir, spec: &RunSpec, operator: &Operator, names: &[String]) -> Result<Uuid, Error> {
    let record = of_values(Record::intent(Action::ValuesRead, operator), spec, names);
    Ok(held(store, audit::PATIENCE)?.append(&record)?.event_id)
}

/// They were handed out, or why that did not work.
pub fn values_read(
    store: &StateDir,
    spec: &RunSpec,
    operator: &Operator,
    names: &[String],
    parent: Uuid,
    failed: Option<String>,
) -> Result<(), Error> {
    let status = if failed.is_some() { Status::Failure } else { Status::Success };
    let record = of_values(Record::outcome(Action::ValuesRead, operator, status), spec, names);
    Ledger::open(&store.audit())?.append(&Record { parent: Some(parent), reason: failed, ..record }).map(drop)
}

/// They were not handed out, and why.
pub fn values_refused(
    store: &StateDir,
    spec: &RunSpec,
    operator: &Operator,
    names: &[String],
    why: &str,
) -> Result<(), Error> {
    let record = of_values(Record::denied(Action::ValuesRead, operator, why), spec, names);
    Ledger::open(&store.audit())?.append(&record).map(drop)
}

fn of_values(record: Record, spec: &RunSpec, names: &[String]) -> Record {
    let mut record = about(record, spec);
    record.metadata.insert("names".into(), json!(names));
    record
}

/// A run told people that it needs them.
pub fn paged(store: &StateDir, spec: &RunSpec, text: &str) -> Result<(), Error> {
    let record = about(Record::outcome(Action::ReleasePage, &spec.operator, Status::Success), spec);
    let record = Record { reason: Some(text.to_owned()), ..record };
    Ledger::open(&store.audit())?.append(&record).map(drop)
}

/// A run holds the lease of its hosts, under a new token.
pub fn lease_taken(store: &StateDir, spec: &RunSpec, token: i64) -> Result<(), Error> {
    let record = about(Record::outcome(Action::LeaseTake, &spec.operator, Status::Success), spec);
    let record = Record { token: Some(token), metadata: Default::default(), argv: Vec::new(), ..record };
    Ledger::open(&store.audit())?.append(&record).map(drop)
}

/// Is it recorded that a run took the lease with this token?
pub fn has_taken(store: &StateDir, run: Uuid, token: i64) -> Result<bool, Error> {
    let row = Ledger::open(&store.audit())?.find(run, Action::LeaseTake, Phase::Outcome)?;
    Ok(row.is_some_and(|row| row.entry.token == Some(token)))
}

/// A run holds its lease no more, and why.
pub fn lease_freed(store: &StateDir, run: Uuid, token: i64, why: &str) -> Result<(), Error> {
    let record = Record::outcome(Action::LeaseFree, &Operator::current(), Status::Success);
    let record = Record { run_id: Some(run), token: Some(token), reason: Some(why.to_owned()), ..record };
    Ledger::open(&store.audit())?.append(&record).map(drop)
}

/// A run took the lease of another one away, because a person wanted it so.
pub fn lease_broken(store: &StateDir, spec: &RunSpec, of: Uuid) -> Result<(), Error> {
    let mut record = about(Record::outcome(Action::LeaseBreak, &spec.operator, Status::Success), spec);
    record.metadata.insert("taken_from".into(), json!(of));
    Ledger::open(&store.audit())?.append(&record).map(drop)
}

/// What the end of a run is recorded with.
#[derive(Debug, Clone, Default)]
pub struct End {
    pub approvals: Vec<String>,
    /// What its journal holds; `None`: it could not be read.
    pub journal: Option<Sum>,
    /// Whether another process than its supervisor records it.
    pub late: bool,
}

/// How the run ended; once, also when a supervisor died in between. False: it was there already.
pub fn ended(store: &StateDir, spec: &RunSpec, state: &RunState, end: End) -> Result<bool, Error> {
    let ledger = Ledger::open(&store.audit())?;
    if ledger.find(spec.id, Action::RunEnd, Phase::Outcome)?.is_some() {
        return Ok(false);
    }
    let intent = ledger.find(spec.id, Action::RunLaunch, Phase::Intent)?;
    let status = match state.state {
        State::Succeeded => Status::Success,
        State::Cancelled => Status::Cancelled,
        State::Unknown => Status::Unknown,
        _ => Status::Failure,
    };
    let mut record = about(Record::outcome(Action::RunEnd, &spec.operator, status), spec);
    record.metadata.insert("state".into(), json!(state.state_name()));
    record.release.approvals = end.approvals;
    if end.late {
        record.metadata.insert("recorded".into(), json!("late"));
        record.metadata.insert("recorded_by".into(), json!(Operator::current().name));
    }
    if spec.work.ask().is_some_and(|ask| ask.common().diff) {
        record.diff_digest = diffs::digest(&store.run(spec.id), state);
    }
    if !state.maybe_running_on.is_empty() {
        record.metadata.insert("maybe_running_on".into(), json!(state.maybe_running_on));
    }
    if state.dropped > 0 {
        record.metadata.insert("events_lost".into(), json!(state.dropped));
    }
    let took = state.ended_at().zip(state.started_at()).map(|(end, start)| (end - start).max(0).unsigned_abs());
    let hosts = (!state.hosts.is_empty()).then(|| state.hosts.keys().cloned().collect());
    ledger
        .append_once(&Record {
            journal: end.journal,
            parent: intent.map(|r| r.entry.event_id),
            targets: hosts.or(record.targets),
            reason: state.why.clone(),
            rc: state.rc,
            duration_ms: took,
            error_class: state.failure.map(Failure::name).map(str::to_owned),
            ..record
        })
        .map(|written| written.is_some())
}

/// What the ledger says of the end of a run that it launched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndRow {
    Recorded {
        row: i64,
        /// It says that the run ended well.
        well: bool,
    },
    /// It has none yet.
    Open,
}

/// Does the ledger hold the end of a run? `None`: it did not launch it, or there is no ledger.
///
/// # Errors
/// It cannot be read.
pub fn end_of(store: &StateDir, run: Uuid) -> Result<Option<EndRow>, Error> {
    Ok(match end_row(store, run)? {
        Some(Some(Row { entry, .. })) => {
            Some(EndRow::Recorded { row: entry.seq, well: entry.status == Status::Success.name() })
        }
        Some(None) => Some(EndRow::Open),
        None => None,
    })
}

/// The row of a run's end, where there is one; `None`: this ledger did not launch the run.
fn end_row(store: &StateDir, run: Uuid) -> Result<Option<Option<Row>>, Error> {
    let ledger = match Ledger::open_to_read(&store.audit()) {
        Err(Error::Absent { .. }) => return Ok(None),
        other => other?,
    };
    if let Some(row) = ledger.find(run, Action::RunEnd, Phase::Outcome)? {
        return Ok(Some(Some(row)));
    }
    Ok(ledger.find(run, Action::RunLaunch, Phase::Intent)?.map(|_| None))
}

/// Values were taken out of the journal of a run that had ended: what it held, and what it holds now.
pub fn journal_redacted(
    store: &StateDir,
    spec: &RunSpec,
    operator: &Operator,
    (old, new): (Sum, Sum),
    reason: &str,
) -> Result<(), Error> {
    let mut record = about(Record::outcome(Action::JournalRedact, operator, Status::Success), spec);
    record.metadata.insert("old_digest".into(), json!(old.digest));
    record.metadata.insert("old_bytes".into(), json!(old.bytes));
    let record = Record { journal: Some(new), reason: Some(reason.to_owned()), ..record };
    Ledger::open(&store.audit())?.append(&record).map(drop)
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;

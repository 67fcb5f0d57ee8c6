//! What of a run goes into the audit ledger: its launch (intent before anything happens, then outcome, or denial), each
//! stop, and its end. Where the ledger cannot be written, nothing is launched and nothing is stopped.

use super::event::{Failure, StopLevel};
use super::machine::Vote;
use super::spec::Work;
use super::{RunSpec, RunState, State, diffs};
use crate::audit::{Action, Error, Filter, Ledger, Phase, Record, Release, Status};
use crate::state::StateDir;
use crate::state::operator::Operator;
use serde_json::{Value, json};
use uuid::Uuid;

fn about(record: Record, spec: &RunSpec) -> Record {
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
        argv: spec.argv.clone(),
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

/// The intent to launch; gives the event's id.
pub fn launching(store: &StateDir, spec: &RunSpec) -> Result<Uuid, Error> {
    let record = about(Record::intent(Action::RunLaunch, &spec.operator), spec);
    Ok(Ledger::open(&store.audit())?.append(&record)?.event_id)
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

/// The intent to stop a run, before it is asked.
pub fn stopping(store: &StateDir, spec: &RunSpec, operator: &Operator, level: StopLevel) -> Result<Uuid, Error> {
    let mut record = about(Record::intent(Action::RunStop, operator), spec);
    record.metadata.insert("level".into(), json!(level));
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

/// Something that only a run's own machine knows.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// In the ledger's terms.
    pub action: Action,
    /// What exactly, in words: `skip gate up`.
    pub words: &'a str,
    /// As the run is asked (`{"verb": "approve", ...}`).
    pub body: &'a Value,
}

/// The intent to ask a run for it, before it is asked.
pub fn asking(store: &StateDir, spec: &RunSpec, operator: &Operator, what: Asked<'_>) -> Result<Uuid, Error> {
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
    let rows = of_run(&Ledger::open(&store.audit())?, run)?;
    Ok(rows.iter().any(|r| r.entry.event_id == row && r.entry.phase == Phase::Intent.name()))
}

/// Which of these votes the ledger knows, one by one: its row is of this run and of that user, and was not denied. No row
/// counts twice.
pub fn votes(store: &StateDir, run: Uuid, votes: &[Vote]) -> Result<Vec<bool>, Error> {
    let rows = of_run(&Ledger::open(&store.audit())?, run)?;
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

/// Rows of a run, newest first.
fn of_run(ledger: &Ledger, run: Uuid) -> Result<Vec<crate::audit::Row>, Error> {
    Ok(ledger.query(&Filter { run: Some(run.to_string()), ..Filter::default() }, usize::MAX)?.rows)
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

/// The intent to read these secret variables of a run.
pub fn reading_values(store: &StateDir, spec: &RunSpec, operator: &Operator, names: &[String]) -> Result<Uuid, Error> {
    let record = of_values(Record::intent(Action::ValuesRead, operator), spec, names);
    Ok(Ledger::open(&store.audit())?.append(&record)?.event_id)
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

/// A run took the lease of another one away, because a person wanted it so.
pub fn lease_broken(store: &StateDir, spec: &RunSpec, of: Uuid) -> Result<(), Error> {
    let mut record = about(Record::outcome(Action::LeaseBreak, &spec.operator, Status::Success), spec);
    record.metadata.insert("taken_from".into(), json!(of));
    Ledger::open(&store.audit())?.append(&record).map(drop)
}

/// How the run ended, and who had approved it; once, also when a supervisor died in between.
pub fn ended(store: &StateDir, spec: &RunSpec, state: &RunState, approvals: Vec<String>) -> Result<(), Error> {
    let ledger = Ledger::open(&store.audit())?;
    let rows = ledger.query(&Filter { run: Some(spec.id.to_string()), ..Filter::default() }, 100)?.rows;
    if rows.iter().any(|row| row.entry.action == Action::RunEnd.name()) {
        return Ok(());
    }
    let intent =
        rows.iter().find(|r| r.entry.action == Action::RunLaunch.name() && r.entry.phase == Phase::Intent.name());
    let status = match state.state {
        State::Succeeded => Status::Success,
        State::Cancelled => Status::Cancelled,
        State::Unknown => Status::Unknown,
        _ => Status::Failure,
    };
    let mut record = about(Record::outcome(Action::RunEnd, &spec.operator, status), spec);
    record.metadata.insert("state".into(), json!(state.state_name()));
    record.release.approvals = approvals;
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
        .append(&Record {
            parent: intent.map(|r| r.entry.event_id),
            targets: hosts.or(record.targets),
            reason: state.why.clone(),
            rc: state.rc,
            duration_ms: took,
            error_class: state.failure.map(Failure::name).map(str::to_owned),
            ..record
        })
        .map(drop)
}

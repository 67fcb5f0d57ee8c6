//! What of auto-recovery goes into the audit ledger: each decision, each action before and after it, each state.

use super::incident::Incident;
use super::launch::Body;
use crate::audit::{Action, Error, Ledger, Phase, Record, Status};
use crate::state::StateDir;
use crate::state::operator::Operator;
use serde_json::json;
use uuid::Uuid;

/// The intent of an action, before it.
pub fn intent(store: &StateDir, run: Uuid, body: &Body, rung: u32) -> Result<(), Error> {
    append(store, &of_action(Record::intent(Action::RecoveryAct, &Operator::opsdeck()), run, body, rung))
}

pub fn outcome(store: &StateDir, run: Uuid, body: &Body, rung: u32, helped: bool) -> Result<(), Error> {
    let status = if helped { Status::Success } else { Status::Failure };
    let record = of_action(Record::outcome(Action::RecoveryAct, &Operator::opsdeck(), status), run, body, rung);
    let intent = Ledger::open(&store.audit())?.find(run, Action::RecoveryAct, Phase::Intent)?;
    append(store, &Record { parent: intent.map(|row| row.entry.event_id), ..record })
}

/// Where a recovery goes.
pub fn step(store: &StateDir, run: Uuid, body: &Body, to: &str, why: &str) -> Result<(), Error> {
    let record = Record::outcome(Action::RecoveryStep, &Operator::opsdeck(), Status::Success);
    append(store, &Record { reason: Some(format!("{to}: {why}")), ..about(record, run, body) })
}

/// What was decided where no run tells it: inhibited, observed only, escalated.
pub fn decided(store: &StateDir, incident: &Incident) -> Result<(), Error> {
    let mut record = Record::outcome(Action::RecoveryDecide, &Operator::opsdeck(), Status::Success);
    record.metadata.insert("decision".into(), json!(incident.state.name()));
    record.metadata.insert("incident".into(), json!(incident.id));
    let record = Record {
        env: Some(incident.environment.clone()),
        run_id: incident.run,
        subject: Some(format!("{} on {}", incident.policy, incident.host)),
        targets: Some(vec![incident.host.clone()]),
        reason: Some(incident.why.clone()),
        ..record
    };
    append(store, &record)
}

fn of_action(record: Record, run: Uuid, body: &Body, rung: u32) -> Record {
    let mut record = about(record, run, body);
    if let Some(action) = body.ladder.get(rung as usize) {
        record.metadata.insert("runbook".into(), json!(action.name));
        record.metadata.insert("command".into(), json!(action.ask.title()));
    }
    record.metadata.insert("rung".into(), json!(rung + 1));
    record
}

fn about(record: Record, run: Uuid, body: &Body) -> Record {
    Record {
        env: Some(body.environment.clone()),
        run_id: Some(run),
        subject: Some(format!("{} on {}", body.policy.name, body.host)),
        targets: Some(vec![body.host.clone()]),
        ..record
    }
}

fn append(store: &StateDir, record: &Record) -> Result<(), Error> {
    Ledger::open(&store.audit())?.append(record).map(drop)
}

//! What people do with auto-recovery: take an incident over, switch a policy off and on again. Each is in the ledger before
//! it is done.

use super::book::{incidents, replace};
use super::incident::{Incident, Input, State};
use super::machine::Verb;
use crate::audit::{Action, Acts, Error as AuditError, Record};
use crate::project::config::recovery::Policy;
use crate::run::control::Command;
use crate::run::stop::put;
use crate::state::operator::Operator;
use crate::state::recovery::Switch;
use crate::state::{Control, DbError, StateDir};
use uuid::Uuid;

/// How often it is tried where the poller changes the same incident.
const TRIES: u32 = 20;

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// There is nothing to take over.
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Db(#[from] DbError),
    /// The ledger: what cannot be recorded is not done.
    #[error("nothing is done, since it cannot be recorded: {0}")]
    Audit(#[from] AuditError),
}

/// Takes over the incident `id`, or that of the recovery whose run it is: nothing more is begun by itself, and nobody else
/// is called. Gives the incident as it is now.
pub fn take_over(
    store: &StateDir,
    id: Uuid,
    operator: &Operator,
    reason: Option<&str>,
) -> Result<Incident, PersonError> {
    let control = Control::open(store)?;
    let find = || -> Result<Option<Incident>, PersonError> {
        Ok(incidents(&control, None)?
            .into_iter()
            .find(|i| (i.id == id || i.run == Some(id)) && i.state != State::Healthy))
    };
    let gone = || PersonError::Refused(format!("no incident {id} is open; `opsdeck recovery` lists them"));
    let incident = find()?.ok_or_else(gone)?;
    let acts = Acts::open(store, &control)?;
    let about = |record: Record| Record {
        env: Some(incident.environment.clone()),
        run_id: incident.run,
        subject: Some(format!("{} on {}", incident.policy, incident.host)),
        targets: Some(vec![incident.host.clone()]),
        reason: reason.map(str::to_owned),
        ..record
    };
    acts.around(Action::RecoveryTakeOver, operator, about, |row| {
        take(store, (&control, &find), (operator, row), reason)?.ok_or_else(gone)
    })
}

/// `row` is the intent: its run writes none of its own.
fn take(
    store: &StateDir,
    (control, find): (&Control, &dyn Fn() -> Result<Option<Incident>, PersonError>),
    (operator, row): (&Operator, Uuid),
    reason: Option<&str>,
) -> Result<Option<Incident>, PersonError> {
    for _ in 0..TRIES {
        control.in_step()?;
        let Some(before) = find()? else { return Ok(None) };
        if let Some(run) = before.run.filter(|_| before.follows()) {
            let verb = Verb::TakeOver { reason: reason.map(str::to_owned) };
            let body = serde_json::to_value(&verb).unwrap_or_default();
            // One that has ended meanwhile begins nothing more either.
            if let Err(e) = put(store, run, &Command::Own { body, row: Some(row), from: None, glass: None }) {
                tracing::warn!("recovery {run} was not told: {e}");
            }
        }
        let input = Input::Take { by: operator.name.clone(), reason: reason.map(str::to_owned) };
        let now = jiff::Timestamp::now().as_millisecond();
        let (after, _) = before.next(&Policy::default(), input, now, Uuid::now_v7());
        if replace(control, Some(&before), &after)? {
            return Ok(Some(after));
        }
    }
    Err(PersonError::Refused("whoever polls changes this incident all the time; try again".to_owned()))
}

/// Switches a policy (`*`: all) of an environment.
pub fn switch(store: &StateDir, switch: &Switch, operator: &Operator) -> Result<(), PersonError> {
    let control = Control::open(store)?;
    let acts = Acts::open(store, &control)?;
    let about = |mut record: Record| {
        record.metadata.insert("on".into(), switch.on.into());
        Record {
            env: Some(switch.environment.clone()),
            subject: Some(format!("recovery {}: {}", switch.policy, if switch.on { "on" } else { "off" })),
            reason: Some(switch.reason.clone()),
            ..record
        }
    };
    acts.around(Action::RecoverySwitch, operator, about, |_| Ok(control.switch_recovery(switch)?))
}

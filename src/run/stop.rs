//! Stopping a run from outside, in every state, also when its supervisor is dead: then it gets a new one first. One that no
//! supervisor can go on with is ended by whoever stops it ([`super::give_up`]).

use super::control::{self, Command, Reply, ask};
use super::event::StopLevel;
use super::give_up::give_up;
use super::spawn::{self, Revival};
use super::{Follower, RunSpec, belongs, ledger};
use crate::ansible::secrets::Secrets;
use crate::state::operator::Operator;
use crate::state::{RunDir, StateDir};
use std::io;
use std::time::{Duration, Instant};
use uuid::Uuid;
use zeroize::Zeroizing;

/// How long a supervisor may take to come up and to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a run is not stopped.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// It says why.
    #[error("{0}")]
    Refused(String),
    /// No supervisor can go on with it, and why.
    #[error("{0}: `opsdeck stop` ends it, and how it went is then recorded as unknown")]
    Unfit(String),
    /// The audit ledger cannot be written.
    #[error("nothing is stopped, since it cannot be recorded: {0}")]
    Audit(#[from] crate::audit::Error),
    /// Nobody answers.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Asks to stop a run; returns as soon as it is recorded and the first rung is taken.
///
/// # Errors
/// It has ended already, is being stopped already, or cannot be reached.
pub fn stop(store: &StateDir, id: Uuid, level: StopLevel, operator: &Operator) -> Result<(), StopError> {
    let spec = ours(store, id)?;
    let intent = ledger::stopping(store, &spec, operator, level)?;
    let command = Command::Stop { level, by: operator.name.clone(), row: Some(intent) };
    let result = match put(store, id, &command) {
        Err(StopError::Unfit(why)) => give_up(store, &spec, (level, operator), &why),
        other => other,
    };
    let refused = result.as_ref().err().map(ToString::to_string);
    if let Err(e) = ledger::stopped(store, &spec, operator, intent, refused) {
        tracing::error!("the audit ledger could not take the outcome of a stop of run {id}: {e}");
    }
    result
}

/// Puts a command to a run's supervisor, after starting one where there is none.
///
/// # Errors
/// It has ended, refuses, or cannot be reached.
pub fn put(store: &StateDir, id: Uuid, command: &Command) -> Result<(), StopError> {
    let decides = matches!(command, Command::Own { .. });
    reach(store, id, decides, |dir| ask(dir, command, PATIENCE))
}

/// Gives a run's supervisor its passwords again.
///
/// # Errors
/// As of [`put`]; none is missing, or not all were given.
pub fn give(store: &StateDir, id: Uuid, secrets: &Secrets) -> Result<(), StopError> {
    let mut wire = Zeroizing::new(Vec::with_capacity(64 << 10));
    secrets.write_to(&mut *wire)?;
    reach(store, id, false, |dir| control::give(dir, &wire, PATIENCE))
}

/// The spec of a run that belongs here: nobody else's supervisor is spoken to, nor a copy's original.
fn ours(store: &StateDir, id: Uuid) -> Result<RunSpec, StopError> {
    let spec = super::read_spec(&store.run(id))?;
    match belongs::of(store, id, &spec).read_only() {
        Some(why) => Err(StopError::Refused(why)),
        None => Ok(spec),
    }
}

/// What is decided by other things than the run's own is put to no supervisor that does not see them.
fn reach(
    store: &StateDir,
    id: Uuid,
    decides: bool,
    say: impl Fn(&RunDir) -> io::Result<Reply>,
) -> Result<(), StopError> {
    let dir = store.run(id);
    let deadline = Instant::now() + PATIENCE;
    ours(store, id)?;
    loop {
        // Whoever has it in hand is asked, whatever its journal looks like.
        match spawn::revive(store, id)? {
            Revival::Refused(why) => return Err(StopError::Unfit(why)),
            Revival::Unknown(why) => return Err(StopError::Refused(why)),
            Revival::Elder(why) if decides => return Err(StopError::Refused(why)),
            Revival::Ended => {
                let run = Follower::open_exact(&dir)?;
                return Err(StopError::Refused(format!("the run has ended: {}", run.state.state_name())));
            }
            _ => {}
        }
        match say(&dir) {
            Ok(reply) if reply.ok => return Ok(()),
            Ok(reply) => return Err(StopError::Refused(reply.message)),
            // It is coming up, or going down: look again.
            Err(e) if Instant::now() >= deadline => {
                return Err(io::Error::new(e.kind(), format!("the supervisor of run {id} does not answer: {e}")).into());
            }
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

//! Stopping a run from outside, in every state, also when its supervisor is dead: then it gets a new one first. One that no
//! supervisor can go on with is ended by whoever stops it (`give_up`).

use super::beside;
use super::control::{self, Command, Reply};
use super::event::StopLevel;
use super::give_up::give_up;
use super::rungs::Stopped;
use super::spawn::{self, Revival};
use super::stopping::{StopError, Stopping};
use super::{Follower, RunSpec, belongs, list};
use crate::ansible::secrets::Secrets;
use crate::state::operator::Operator;
use crate::state::{RunDir, StateDir, syslog};
use rustix::process::Signal;
use std::io;
use std::time::{Duration, Instant};
use uuid::Uuid;
use zeroize::Zeroizing;

/// How long a supervisor may take to come up and to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Likewise where a run is stopped, and killed: then it is done from here.
const SOFT: Duration = Duration::from_secs(3);
const HARD: Duration = Duration::from_millis(700);

/// Stops a run: first done, then recorded. Its supervisor is asked; where it does not hear (frozen, dead and not to be
/// started, behind a full disk) the run's own processes are signalled from here, one rung after the other.
///
/// # Errors
/// It has ended already, is being stopped already, or nothing of it can be reached.
pub fn stop(store: &StateDir, id: Uuid, level: StopLevel, operator: &Operator) -> Result<Stopping, StopError> {
    let ask = Uuid::now_v7();
    let from = Some(Box::new(operator.clone()));
    let command = Command::Stop { level, by: operator.name.clone(), row: None, ask: Some(ask), from };
    let patience = if level == StopLevel::Kill { HARD } else { SOFT };
    let spec = ours(store, id)?;
    let stopping = match reach(store, id, false, patience, |dir| control::ask(dir, &command, patience)) {
        Ok(reply) => Stopping { beside: None, unrecorded: reply.unrecorded },
        // It heard, and had ended before it could say so.
        Err(StopError::Io(_)) if list::is_over(store, id) == Some(true) => Stopping::default(),
        Err(StopError::Io(e)) => {
            let word = Stopped { level, by: operator.clone(), ask };
            let unheard = e.to_string();
            let dir = store.run(id);
            beside::stop(&dir, &word).map_err(|why| StopError::unheard(e, why))?;
            let unrecorded = beside::record(store, &spec, &word, None).err().map(|e| e.to_string());
            // A frozen one puts no host back that it took out: woken, it finds the word, and its record.
            match control::whose(&dir, HARD) {
                Ok(supervisor) => drop(supervisor.signal(Signal::CONT)),
                Err(e) => tracing::debug!("the supervisor of run {id} is not woken: {e}"),
            }
            Stopping { beside: Some(unheard), unrecorded }
        }
        Err(StopError::Unfit(why)) => {
            let word = Stopped { level, by: operator.clone(), ask };
            let done = give_up(store, &spec, (level, operator), &why);
            let refused = done.as_ref().err().map(ToString::to_string);
            let unrecorded = beside::record(store, &spec, &word, refused).err().map(|e| e.to_string());
            done.map(|()| Stopping { beside: None, unrecorded })?
        }
        Err(StopError::Over(why)) => {
            // No supervisor is left to record that it was refused.
            let word = Stopped { level, by: operator.clone(), ask };
            if let Err(e) = beside::record(store, &spec, &word, Some(why.clone())) {
                tracing::error!("the audit ledger could not take a refused stop of run {id}: {e}");
            }
            return Err(StopError::Over(why));
        }
        Err(e) => return Err(e),
    };
    if let Some(why) = &stopping.unrecorded {
        let line = format!("run {id} was stopped ({level:?}) by {}, not in the audit ledger: {why}", operator.name);
        if let Err(e) = syslog::warn(&line) {
            tracing::warn!("{line}; nor in the system's log: {e}");
        }
    }
    Ok(stopping)
}

/// Puts a command to a run's supervisor, after starting one where there is none.
///
/// # Errors
/// It has ended, refuses, or cannot be reached.
pub fn put(store: &StateDir, id: Uuid, command: &Command) -> Result<(), StopError> {
    ours(store, id)?;
    let decides = matches!(command, Command::Own { .. });
    reach(store, id, decides, PATIENCE, |dir| control::ask(dir, command, PATIENCE)).map(drop)
}

/// Gives a run's supervisor its passwords again.
///
/// # Errors
/// As of [`put`]; none is missing, or not all were given.
pub fn give(store: &StateDir, id: Uuid, secrets: &Secrets) -> Result<(), StopError> {
    ours(store, id)?;
    let mut wire = Zeroizing::new(Vec::with_capacity(64 << 10));
    secrets.write_to(&mut *wire)?;
    reach(store, id, false, PATIENCE, |dir| control::give(dir, &wire, PATIENCE)).map(drop)
}

/// The spec of a run that belongs here: nobody else's supervisor is spoken to, nor a copy's original.
fn ours(store: &StateDir, id: Uuid) -> Result<RunSpec, StopError> {
    let spec = super::read_spec(&store.run(id))?;
    match belongs::of(store, id, &spec).read_only() {
        Some(why) => Err(StopError::Refused(why)),
        None => Ok(spec),
    }
}

/// For a run that belongs here. What is decided by other things than the run's own is put to no supervisor that does not see
/// them.
fn reach(
    store: &StateDir,
    id: Uuid,
    decides: bool,
    patience: Duration,
    say: impl Fn(&RunDir) -> io::Result<Reply>,
) -> Result<Reply, StopError> {
    let dir = store.run(id);
    let deadline = Instant::now() + patience;
    loop {
        // Whoever has it in hand is asked, whatever its journal looks like.
        match spawn::revive(store, id)? {
            // Where nothing can be written nobody can be started either: what lives of it is stopped from here.
            Revival::Refused(why) if !decides && store.access().may_write().is_err() => {
                return Err(io::Error::other(why).into());
            }
            Revival::Refused(why) => return Err(StopError::Unfit(why)),
            Revival::Unknown(why) if decides => return Err(StopError::Refused(why)),
            Revival::Unknown(why) => return Err(io::Error::other(why).into()),
            Revival::Elder(why) if decides => return Err(StopError::Refused(why)),
            Revival::Ended => {
                let run = Follower::open_exact(&dir)?;
                return Err(StopError::Over(format!("the run has ended: {}", run.state.state_name())));
            }
            _ => {}
        }
        match say(&dir) {
            Ok(reply) if reply.ok => return Ok(reply),
            Ok(reply) => return Err(StopError::Refused(reply.message)),
            // It is coming up, or going down: look again.
            Err(e) if Instant::now() >= deadline => {
                let why = match e.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => format!("nothing came within {patience:?}"),
                    _ => e.to_string(),
                };
                return Err(
                    io::Error::new(e.kind(), format!("the supervisor of run {id} does not answer: {why}")).into()
                );
            }
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

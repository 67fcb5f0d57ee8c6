//! Making a state directory that is a copy one of its own, because a person says so: its runs stay what they are, read-only
//! for ever, and new ones may be launched.

use super::{belongs, read_spec};
use crate::audit::{self, Action, Error, Ledger, Record};
use crate::state::home::{self, Place};
use crate::state::operator::Operator;
use crate::state::{Answer, Control, DbError, Lock, StateDir};
use std::io;
use uuid::Uuid;

/// Why it is not claimed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is nothing to claim, or it may not be.
    #[error("{0}")]
    No(String),
    /// What cannot be recorded is not done.
    #[error("nothing was claimed, since it cannot be recorded: {0}")]
    Audit(#[from] Error),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Claims a state directory; gives its new id.
pub fn claim(store: &StateDir, operator: &Operator, reason: Option<&str>) -> Result<Uuid, Refused> {
    let no = |why: String| Err(Refused::No(why));
    let home = belongs::home(store);
    if let Err(why) = home.may_write() {
        return no(why);
    }
    let was = match &home.place {
        Place::Elsewhere(why) | Place::Unknown(why) => why.clone(),
        Place::Here { .. } => return no(format!("{} lies where it was made", store.root().display())),
        Place::Unmade => return no(format!("there is no state directory {}", store.root().display())),
    };
    if let Some(why) = busy(store)? {
        return no(why);
    }
    let about = |record: Record| {
        let mut record = Record { reason: reason.map(str::to_owned), ..record };
        record.subject = Some(store.root().display().to_string());
        record.metadata.insert("was".into(), was.clone().into());
        record
    };
    // Where control.db says nothing, what it says comes later; a ledger that lost rows is no place for this one.
    if let Ok(Some(control)) = Control::open_where_it_is(store)
        && let Some(why) = audit::lost(store, &control)?
    {
        return no(why);
    }
    Ledger::open(&store.audit())?.around(Action::StateClaim, operator, about, |_| Ok(home::claim(store)?))
}

/// Makes a new control.db in place of one that is gone or damaged. What people decided in it is lost: that is said, in the
/// ledger too.
///
/// # Errors
/// See [`Refused`]; the one that is there can be used.
pub fn new_control(store: &StateDir, operator: &Operator, reason: Option<&str>) -> Result<(), Refused> {
    let no = |why: String| Err(Refused::No(why));
    if let Err(why) = belongs::home(store).may_write() {
        return no(why);
    }
    let was = match Control::open(store) {
        Err(e @ (DbError::Lost(_) | DbError::Damaged { .. })) => e.to_string(),
        Err(e) => return no(format!("whether it is gone cannot be told: {e}")),
        Ok(control) => match audit::at_odds(store, &control)? {
            Some(_) if audit::lost(store, &control)?.is_some() => {
                return no(format!("{} can be used, but the ledger lost rows", store.control().display()));
            }
            Some(why) => why,
            None => return no(format!("{} is there and can be used", store.control().display())),
        },
    };
    if let Some(why) = busy(store)? {
        return no(why);
    }
    let about = |record: Record| {
        let mut record = Record { reason: reason.map(str::to_owned), ..record };
        record.subject = Some(store.control().display().to_string());
        record.metadata.insert("was".into(), was.clone().into());
        record
    };
    Ledger::open(&store.audit())?.around(Action::StateClaim, operator, about, |intent| {
        // A run that cannot be read has no number that could be kept.
        let number = |id: Uuid| read_spec(&store.run(id)).ok().and_then(|spec| spec.number);
        let runs: Vec<_> = store.run_ids()?.into_iter().map(|id| (id, number(id))).collect();
        let witness = (intent.seq, intent.hash.as_str());
        Control::anew(store, &runs, witness).map(drop).map_err(|e| Refused::Io(io::Error::other(e)))
    })
}

/// Begins a new ledger in place of one that lost rows. What is left of it is put aside, with its checkpoint.
///
/// # Errors
/// See [`Refused`]; the one that is there has all its rows.
pub fn new_ledger(store: &StateDir, operator: &Operator, reason: Option<&str>) -> Result<(), Refused> {
    let no = |why: String| Err(Refused::No(why));
    if let Err(why) = belongs::home(store).may_write() {
        return no(why);
    }
    let control = Control::open(store).map_err(|e| Refused::Io(io::Error::other(e)))?;
    let Some(was) = audit::lost(store, &control)? else {
        return no(format!("{} has every row that it had", store.audit().display()));
    };
    if let Some(why) = busy(store)? {
        return no(why);
    }
    let aside = store.root().join(format!("audit.aside-{}", Uuid::now_v7()));
    crate::state::file::private_dir(&aside)?;
    for name in ["audit.db", "audit.db-wal", "audit.db-shm", "audit.checkpoint", "audit.verified", "audit.open"] {
        match std::fs::rename(store.root().join(name), aside.join(name)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e.into()),
            _ => {}
        }
    }
    control.forget_witness().map_err(|e| Refused::Io(io::Error::other(e)))?;
    let about = |record: Record| {
        let mut record = Record { reason: reason.map(str::to_owned), ..record };
        record.subject = Some(store.audit().display().to_string());
        record.metadata.insert("was".into(), was.clone().into());
        record
    };
    Ledger::open(&store.audit())?.around(Action::StateClaim, operator, about, |_| Ok(()))
}

/// Something of it that runs: then it is no copy, or its copy is at work.
fn busy(store: &StateDir) -> io::Result<Option<String>> {
    let runs = match std::fs::read_dir(store.runs()) {
        Ok(runs) => runs,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(crate::state::file::at(&store.runs(), "read", e)),
    };
    for run in runs {
        let Some(id) = run?.file_name().to_str().and_then(|name| name.parse::<Uuid>().ok()) else { continue };
        match Lock::is_held(&store.run(id).lock()) {
            Answer::No => {}
            Answer::Yes => return Ok(Some(format!("run {id} in it has a supervisor: stop it where it was launched"))),
            Answer::Unknown(why) => return Ok(Some(format!("whether run {id} lives cannot be told: {why}"))),
        }
    }
    Ok(None)
}

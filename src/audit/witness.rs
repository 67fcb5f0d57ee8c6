//! The ledger and control.db held against each other: whoever acts writes the intent into the ledger, and keeps its number and
//! hash in control.db before anything is done. A ledger without that row was deleted, cut or put back from an older backup; a
//! control.db that does not know of an act that was done was put back itself, and what people decided since is not in it.
//!
//! Neither fires after a crash. The row is in the ledger before control.db knows of it, and what was done is said in the
//! ledger only after both: an intent of which nobody said that it was done may be ahead.

use super::columns::{PHASES, STATUSES};
use super::ledger::{Error, Ledger, PATIENCE, Receipt};
use super::record::{Action, Phase, Record, Status};
use super::v2;
use crate::state::operator::Operator;
use crate::state::{Control, StateDir};
use crate::text::human;
use rusqlite::Connection;
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

/// What changes control.db, and is done through [`Acts`] alone.
const ACTS: [Action; 8] = [
    Action::RunLaunch,
    Action::LineStop,
    Action::LineOpen,
    Action::BreakerForce,
    Action::SilenceSet,
    Action::SilenceLift,
    Action::RecoveryTakeOver,
    Action::RecoverySwitch,
];

/// The ledger as whoever acts has it: held against control.db, which follows it.
#[derive(Debug)]
pub struct Acts<'a> {
    ledger: Ledger,
    control: &'a Control,
}

impl<'a> Acts<'a> {
    /// Opens it.
    ///
    /// # Errors
    /// One of both is not what it was at the last act, in words; or it cannot be written.
    pub fn open(state: &StateDir, control: &'a Control) -> Result<Acts<'a>, Error> {
        Self::open_within(state, control, PATIENCE)
    }

    /// As [`Acts::open`], but waits only so long for other writers.
    pub fn open_within(state: &StateDir, control: &'a Control, patience: Duration) -> Result<Acts<'a>, Error> {
        // Looked before it is opened to write, which would make a new one.
        match at_odds(state, control)? {
            Some(why) => Err(Error::Lost(why)),
            None => Ok(Acts { ledger: Ledger::open_within(&state.audit(), patience)?, control }),
        }
    }

    /// Records an intent, of which control.db knows then.
    ///
    /// # Errors
    /// It is not recorded, or control.db does not know of it: what it announces must not be done.
    pub fn intent(&self, record: &Record) -> Result<Receipt, Error> {
        let receipt = self.ledger.append(record)?;
        self.control.keep_witness(receipt.seq, &receipt.hash)?;
        Ok(receipt)
    }

    /// Records the intent, does it, records how it went; `about` says what both records are about.
    ///
    /// # Errors
    /// That of the work; or one of them could not be recorded (without the intent it is not done).
    pub fn around<T, E: From<Error>>(
        &self,
        action: Action,
        operator: &Operator,
        about: impl Fn(Record) -> Record,
        work: impl FnOnce(Uuid) -> Result<T, E>,
    ) -> Result<T, E> {
        self.ledger.around(action, operator, about, |intent| {
            self.control.keep_witness(intent.seq, &intent.hash).map_err(|e| E::from(e.into()))?;
            work(intent.event_id)
        })
    }
}

/// Why one of both is not what it was at the last act; `None`: they agree.
///
/// # Errors
/// One of both cannot be read.
pub fn at_odds(state: &StateDir, control: &Control) -> Result<Option<String>, Error> {
    let (witness, ledger) = (control.witness()?, there(state)?);
    match missed(state, ledger.as_ref(), witness.as_ref())? {
        None => behind(state, ledger.as_ref(), control, witness.as_ref()),
        missed => Ok(missed),
    }
}

/// Why the ledger does not hold what control.db knows of; `None`: it does.
///
/// # Errors
/// One of both cannot be read.
pub fn lost(state: &StateDir, control: &Control) -> Result<Option<String>, Error> {
    let witness = control.witness()?;
    missed(state, there(state)?.as_ref(), witness.as_ref())
}

/// Why the ledger does not hold the row `witness` (number and hash); `None`: it does.
///
/// # Errors
/// It cannot be read.
pub fn missing(state: &StateDir, witness: Option<&(i64, String)>) -> Result<Option<String>, Error> {
    missed(state, there(state)?.as_ref(), witness)
}

/// Why control.db is older than the ledger: something was done of which it does not know. `None`: it knows of all.
///
/// # Errors
/// One of both cannot be read.
pub fn outrun(state: &StateDir, control: &Control) -> Result<Option<String>, Error> {
    let witness = control.witness()?;
    behind(state, there(state)?.as_ref(), control, witness.as_ref())
}

fn there(state: &StateDir) -> Result<Option<Ledger>, Error> {
    match Ledger::open_to_read(&state.audit()) {
        Err(Error::Absent { .. }) => Ok(None),
        other => other.map(Some),
    }
}

fn missed(state: &StateDir, ledger: Option<&Ledger>, witness: Option<&(i64, String)>) -> Result<Option<String>, Error> {
    let Some((seq, hash)) = witness else { return Ok(None) };
    let row = ledger.map_or(Ok(None), |ledger| ledger.row(*seq))?;
    Ok(row.is_none_or(|row| row.hash != *hash).then(|| {
        format!(
            "{} does not hold row {seq}, which the last act wrote: the ledger was deleted, cut, or put back from an older \
             backup. Put the right one back, or begin a new one with `opsdeck claim --new-ledger --reason ...`",
            state.audit().display()
        )
    }))
}

fn behind(
    state: &StateDir,
    ledger: Option<&Ledger>,
    control: &Control,
    witness: Option<&(i64, String)>,
) -> Result<Option<String>, Error> {
    let Some(ledger) = ledger else { return Ok(None) };
    let number = |witness: Option<&(i64, String)>| witness.map_or(0, |(seq, _)| *seq);
    let done = ledger.sql(newest_done(&ledger.db(), number(witness)))?;
    // Asked again: whoever acted meanwhile kept it before it was done.
    let known = number(control.witness()?.as_ref());
    Ok(done.filter(|done| done.seq > known).map(|done| {
        format!(
            "{} was put back from an older backup: it does not know of {} by {} at {} (row {} of the ledger). Which hosts are \
             held, which lines are stopped and what is silenced cannot be told: put the right one back, or begin anew with \
             `opsdeck claim --new-control --reason ...`",
            state.control().display(),
            done.action,
            done.operator,
            human::date_time(done.at),
            done.seq
        )
    }))
}

/// An intent of which somebody said that it was done.
struct Done {
    seq: i64,
    action: String,
    operator: String,
    at: i64,
}

/// The newest after a row.
fn newest_done(db: &Connection, since: i64) -> rusqlite::Result<Option<Done>> {
    if !v2::is_there(db)? {
        return Ok(None);
    }
    let place =
        |words: &[&str], word: &str| words.iter().position(|one| *one == word).and_then(|i| i64::try_from(i).ok());
    let (intent, outcome) = (place(PHASES, Phase::Intent.name()), place(PHASES, Phase::Outcome.name()));
    let success = place(STATUSES, Status::Success.name());
    let names = ACTS.map(|action| format!("'{}'", action.name())).join(", ");
    let sql = format!(
        "SELECT seq, phase, status, event_id, parent_event_id, action, operator, timestamp_ms FROM fields
         WHERE seq > ?1 AND action IN ({names}) ORDER BY seq"
    );
    let id = |bytes: Option<Vec<u8>>| bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok());
    let (mut open, mut newest) = (HashMap::new(), None::<Done>);
    let mut query = db.prepare_cached(&sql)?;
    let mut rows = query.query([since])?;
    while let Some(row) = rows.next()? {
        let phase: Option<i64> = row.get(1)?;
        if phase == intent {
            let text = |i| row.get::<_, Option<String>>(i).map(Option::unwrap_or_default);
            let at = row.get::<_, Option<i64>>(7)?.unwrap_or_default();
            open.insert(id(row.get(3)?), Done { seq: row.get(0)?, action: text(5)?, operator: text(6)?, at });
        } else if phase == outcome && row.get::<_, Option<i64>>(2)? == success {
            let done = open.remove(&id(row.get(4)?));
            newest = newest.into_iter().chain(done).max_by_key(|done| done.seq);
        }
    }
    Ok(newest)
}

#[cfg(test)]
#[path = "witness_tests.rs"]
mod tests;

//! The ledger: reading it, which is recorded in it, and holding it against all that is known of it.

use super::{Desk, ends};
use crate::audit::{Action, Broken, Error, Filter, Head, Intact, Ledger, Page, Record, Status, verify_absent};
use crate::run::closing;
use crate::state::{Answer, Control};
use serde_json::json;

/// A page of the ledger.
#[derive(Debug)]
pub struct Read {
    pub page: Page,
    /// Why that it was read is not recorded; `None`: it is.
    pub unrecorded: Option<Error>,
}

/// What a verification came to.
#[derive(Debug)]
pub struct Verified {
    /// The ledger is intact, or the first place where it is not.
    pub verdict: Result<Intact, Broken>,
    /// Why it is not recorded; `None`: it is, or there is no ledger.
    pub unrecorded: Option<Error>,
    /// The checkpoint beside the ledger was missing: a tail that was cut off with it would not show.
    pub unchecked: bool,
    /// What could not be closed or read on the way, in words.
    pub remarks: Vec<String>,
}

impl Desk {
    /// Records that match, newest first. Row: `audit.read`. Whoever may only read (a copy, another's ledger) reads all the same.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn records(&self, filter: &Filter, most: usize) -> Result<Read, Error> {
        match self.ledger().and_then(|ledger| ledger.read_as(&self.who, filter, most)) {
            Ok(page) => Ok(Read { page, unrecorded: None }),
            Err(refused) => {
                let page = Ledger::open_to_read(&self.state.audit())?.query(filter, most)?;
                Ok(Read { page, unrecorded: Some(refused) })
            }
        }
    }

    /// Verifies the ledger, against the head that `head` names, too; without `all` only what came since the last
    /// verification. What a dead process left open is closed first, where this one may write. Row: `audit.verify`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn verify(&self, head: Option<&Head>, all: bool) -> Result<Verified, Error> {
        let path = self.state.audit();
        // Looked at before anything is written: writing makes a new one.
        let unchecked = Answer::is_there(&path) == Answer::Yes && !self.has_checkpoint();
        let mut remarks = Vec::new();
        if !self.looks_only
            && let Err(e) = closing::close(&self.state, ends::of(&self.state))
        {
            remarks.push(format!("what was left open was not closed: {e}"));
        }
        let control = Control::open_where_it_is(&self.state);
        let witness = control.and_then(|control| control.map_or(Ok(None), |control| control.witness()));
        let witness = witness.unwrap_or_else(|e| {
            remarks.push(format!("the head that was kept beside the ledger cannot be read: {e}"));
            None
        });
        let witness = witness.map(|(seq, hash)| Head { seq, hash });
        let verdict = match Ledger::open_to_read(&path) {
            Ok(ledger) if all => ledger.witnessed(witness).verify(head)?,
            Ok(ledger) => ledger.witnessed(witness).verify_since(head)?,
            // Without a file there is still a head that may be known.
            Err(Error::Absent { .. }) => verify_absent(&path, head),
            Err(error) => return Err(error),
        };
        let unrecorded = path.exists().then(|| self.record(&verdict).err()).flatten();
        Ok(Verified { verdict, unrecorded, unchecked, remarks })
    }

    /// The ledger, to write to.
    pub(super) fn ledger(&self) -> Result<Ledger, Error> {
        if self.looks_only {
            return Err(Error::LookOnly(super::LooksOnly.to_string()));
        }
        self.state.access().may_write().map_err(Error::LookOnly)?;
        Ledger::open(&self.state.audit())
    }

    /// It, or a ledger that needs none yet.
    fn has_checkpoint(&self) -> bool {
        let path = self.state.audit();
        let rows = Ledger::open_to_read(&path).and_then(|ledger| ledger.head());
        Answer::is_there(&path.with_extension("checkpoint")) != Answer::No || rows.is_ok_and(|head| head.seq == 0)
    }

    fn record(&self, verdict: &Result<Intact, Broken>) -> Result<(), Error> {
        let status = if verdict.is_ok() { Status::Success } else { Status::Failure };
        let mut record = Record::outcome(Action::AuditVerify, &self.who, status);
        match verdict {
            Ok(intact) => record.metadata.insert("head".into(), json!(intact.head.to_string())),
            Err(broken) => record.metadata.insert("first_bad_seq".into(), json!(broken.seq)),
        };
        let ledger = self.ledger()?;
        ledger.append(&record)?;
        verdict.as_ref().map_or(Ok(()), |intact| ledger.remember(intact))
    }
}

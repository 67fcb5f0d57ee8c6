//! Intents and what answers them. An intent without an answer is not known to be done or not done; once the process that made
//! it is gone, a later one says so in its place.
//!
//! What answers an intent: a row that names it as its parent (for a launch: how it went, or the run's end); before rows named
//! it, a row of the same run and action. A run that was launched stays without an end until its `run.end`, whichever of the two
//! rows is written first.

use super::chain::{self, Head};
use super::ledger::{self, Error, Ledger, Receipt};
use super::mark::{self, Mark};
use super::pairs::Pairs;
use super::record::{Phase, Status};
use crate::state::Identity;
use crate::state::operator::Operator;
use rusqlite::Connection;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// Rows after which what was found is worth keeping.
const KEEP_AFTER: i64 = 1_000;

/// An intent without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    pub seq: i64,
    pub event_id: Uuid,
    /// What was to be done: `run.launch`.
    pub action: String,
    pub operator: String,
    /// When (Unix milliseconds).
    pub timestamp_ms: i64,
    pub run_id: Option<Uuid>,
    pub env: Option<String>,
    /// The process that made it; `None`: rows of version 1 do not say.
    pub process: Option<Identity>,
}

impl Ledger {
    /// All intents without an answer, oldest first. Reads only the rows since it was last asked.
    pub fn open_intents(&self) -> Result<Vec<Open>, Error> {
        Ok(self.left_open()?.0)
    }

    /// Likewise, with the runs that were launched and whose end has no row.
    pub fn left_open(&self) -> Result<(Vec<Open>, Vec<Uuid>), Error> {
        let kept = mark::read_open(self.path());
        let (pairs, head, from) = self.sql(now(&self.db(), kept))?;
        if head.seq - from >= KEEP_AFTER {
            mark::keep_open(self.path(), &Mark { head, pairs: pairs.clone() });
        }
        Ok((self.opened(&pairs)?, pairs.running.into_iter().collect()))
    }

    /// What the rows say of intents that are open.
    pub(super) fn opened(&self, pairs: &Pairs) -> Result<Vec<Open>, Error> {
        let mut all = Vec::new();
        for (seq, ..) in pairs.open.values() {
            let Some(row) = self.row(*seq)? else { continue };
            let entry = row.entry;
            all.push(Open {
                seq: entry.seq,
                event_id: entry.event_id,
                action: entry.action,
                operator: entry.operator,
                timestamp_ms: entry.timestamp_ms,
                run_id: entry.run_id,
                env: entry.env,
                process: entry.process,
            });
        }
        all.sort_by_key(|open| open.seq);
        Ok(all)
    }

    /// Answers an intent in place of the process that made it: `why` says how that is known. `None`: it has an answer by now.
    pub fn close(&self, intent: &Open, status: Status, why: &str) -> Result<Option<Receipt>, Error> {
        let Some(row) = self.row(intent.seq)? else {
            return Err(Error::Refused { seq: intent.seq, why: "there is no such row".to_owned() });
        };
        let mut entry = row.entry;
        let by = Operator::current();
        entry.redacted.clear();
        entry.phase = Phase::Outcome.name().to_owned();
        entry.status = status.name().to_owned();
        entry.code = entry.code.trim_end_matches('I').to_owned() + "O";
        entry.parent_event_id = Some(intent.event_id);
        entry.reason = Some(why.to_owned());
        (entry.process, entry.argv_digest) = (None, None);
        entry.metadata.insert("recorded".to_owned(), json!("late"));
        entry.metadata.insert("recorded_by".to_owned(), Value::from(by.name));
        let fields = super::fields::of(&entry)?;
        let kept = mark::read_open(self.path());
        self.write(|tx| match now(tx, kept.clone())?.0.open.contains_key(&intent.event_id) {
            true => ledger::append(tx, fields.clone()).map(Some),
            false => Ok(None),
        })
    }
}

/// What is open now, the newest row, and the row from which on it was read.
fn now(db: &Connection, kept: Option<Mark>) -> rusqlite::Result<(Pairs, Head, i64)> {
    // One moment for all that is read, where no transaction is open yet.
    let own = db.is_autocommit().then(|| db.unchecked_transaction()).transpose()?;
    let (seq, hash) = ledger::head(db)?;
    let mut from = Mark { head: Head { seq: 0, hash: chain::GENESIS.to_owned() }, pairs: Pairs::default() };
    if let Some(kept) = kept
        && ledger::hash_at(db, kept.head.seq)?.is_some_and(|hash| chain::hex(&hash) == kept.head.hash)
    {
        from = kept;
    }
    let (mut pairs, after) = (from.pairs, from.head.seq);
    pairs.read(db, after)?;
    drop(own);
    Ok((pairs, Head { seq, hash: chain::hex(&hash) }, after))
}

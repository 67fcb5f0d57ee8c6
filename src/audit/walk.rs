//! Following the chain, row by row, through both versions; and gathering what is held against each other afterwards.

use super::chain::{self, Head};
use super::commit::{self, Fields, Hash};
use super::journal::Sum;
use super::launched;
use super::mark::Mark;
use super::pairs::{Pairs, Step};
use super::record::{Action, Phase, Status};
use super::verdict::Broken;
use super::{v1, v2};
use rusqlite::Connection;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What is wrong with a row in whose place another one was kept.
pub(super) const ANOTHER: &str = "it is not the row whose hash was kept: the ledger was cut and written anew";

/// A place in the chain, and what was gathered on the way.
pub(super) struct Walk {
    seq: i64,
    hash: Hash,
    known: BTreeMap<i64, BTreeSet<String>>,
    pub pairs: Pairs,
    /// What the journal of each run held when it ended or was redacted, and the row that says so.
    pub journals: BTreeMap<Uuid, (i64, Sum)>,
    /// The digest of what each run was launched to do, and the row that says so.
    pub launched: BTreeMap<Uuid, (i64, String)>,
    /// Time of the first row that was read, or of the mark.
    pub first: Option<i64>,
    pub whole: bool,
    /// Commitments to redacted fields, by row.
    gone: BTreeMap<i64, BTreeMap<String, Hash>>,
    /// Rows and fields that a row says were redacted.
    announced: BTreeSet<(i64, String)>,
}

impl Walk {
    pub fn from_the_first(known: &[Head]) -> Self {
        Self::new(known, (0, commit::genesis()), Pairs::default(), true)
    }

    /// After the row that a mark names, which must be in the ledger.
    pub fn after(mark: &Mark, known: &[Head]) -> Result<Self, Broken> {
        let hash = commit::unhex(&mark.head.hash)
            .ok_or_else(|| Broken::at(0, format!("the mark of the last verification is damaged: {}", mark.head)))?;
        Ok(Self::new(known, (mark.head.seq, hash), mark.pairs.clone(), false))
    }

    fn new(known: &[Head], (seq, hash): (i64, Hash), pairs: Pairs, whole: bool) -> Self {
        let mut by_row: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
        for head in known {
            by_row.entry(head.seq).or_default().insert(head.hash.clone());
        }
        Walk {
            seq,
            hash,
            known: by_row,
            pairs,
            journals: BTreeMap::new(),
            launched: BTreeMap::new(),
            first: None,
            whole,
            gone: BTreeMap::new(),
            announced: BTreeSet::new(),
        }
    }

    /// The last row that follows.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: chain::hex(&self.hash) }
    }

    /// Follows all rows that come now.
    pub fn rows(&mut self, db: &Connection) -> rusqlite::Result<Result<(), Broken>> {
        let start = self.seq;
        if v1::is_there(db)? {
            let sql = format!("SELECT {} FROM audit a WHERE a.seq > ?1 ORDER BY a.seq", v1::SELECT);
            let mut query = db.prepare(&sql)?;
            let mut rows = query.query([self.seq])?;
            while let Some(row) = rows.next()? {
                let row = v1::stored(row)?;
                if let Err(broken) = self.next(row.seq, |previous| row.follow(previous)) {
                    return Ok(Err(broken));
                }
            }
        }
        if !v2::is_there(db)? {
            return Ok(Ok(()));
        }
        self.gone = v2::redacted(db, None)?;
        let sql = format!(
            "SELECT {} FROM ledger l LEFT JOIN fields f ON f.seq = l.seq WHERE l.seq > ?1 ORDER BY l.seq",
            v2::select()
        );
        let none = BTreeMap::new();
        let mut query = db.prepare(&sql)?;
        let mut rows = query.query([self.seq])?;
        while let Some(row) = rows.next()? {
            let row = v2::stored(row)?;
            let gone = self.gone.remove(&row.seq);
            let followed = self.next(row.seq, |previous| {
                let (fields, salts) = row.values?;
                match commit::row_hash(previous, &fields, &salts, gone.as_ref().unwrap_or(&none))? == row.hash {
                    true => Ok((fields, row.hash)),
                    false => {
                        Err("its hash does not follow from its fields and the row before: one of them was changed"
                            .to_owned())
                    }
                }
            });
            gone.map(|gone| self.gone.insert(row.seq, gone));
            if let Err(broken) = followed {
                return Ok(Err(broken));
            }
        }
        if let Some((seq, why)) = stray(db)? {
            return Ok(Err(Broken::at(seq, why)));
        }
        self.redactions(db, start)
    }

    /// The next row: `follow` gives what it says and its hash, or what is wrong with it.
    fn next(&mut self, seq: i64, follow: impl FnOnce(&Hash) -> Result<(Fields, Hash), String>) -> Result<(), Broken> {
        let expected = self.seq + 1;
        if seq != expected {
            return Err(Broken::at(expected, format!("missing: after row {} comes row {seq}", self.seq)));
        }
        let (fields, hash) = follow(&self.hash).map_err(|why| Broken::at(seq, why))?;
        if self.known.get(&seq).is_some_and(|kept| kept.iter().any(|kept| *kept != chain::hex(&hash))) {
            return Err(Broken::at(seq, ANOTHER));
        }
        self.gather(seq, &fields)?;
        (self.seq, self.hash) = (seq, hash);
        Ok(())
    }

    fn gather(&mut self, seq: i64, fields: &Fields) -> Result<(), Broken> {
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let id = |name: &str| text(name).and_then(|text| text.parse::<Uuid>().ok());
        self.first = self.first.or_else(|| fields.get("timestamp_ms").and_then(Value::as_i64));
        let (action, run) = (text("action").unwrap_or_default(), id("run_id"));
        if action == Action::AuditRedact.name() {
            let names = fields.get("metadata.fields").and_then(Value::as_array);
            let names = names.into_iter().flatten().filter_map(Value::as_str);
            if let Some(of) = fields.get("metadata.seq").and_then(Value::as_i64) {
                self.announced.extend(names.map(|name| (of, name.to_owned())));
            }
        }
        let sum = fields.get("journal_bytes").and_then(Value::as_u64).zip(text("journal_digest"));
        if let (Some(run), Some((bytes, digest))) = (run, sum) {
            let new = Sum { bytes, digest: digest.to_owned() };
            if action == Action::JournalRedact.name() {
                let old = text("metadata.old_digest");
                let follows = self.journals.get(&run).is_none_or(|(_, known)| Some(known.digest.as_str()) == old);
                if !follows {
                    let why = format!("it redacts a journal of run {run} that no row before it knows");
                    return Err(Broken::at(seq, why));
                }
            }
            self.journals.insert(run, (seq, new));
        }
        let frozen = text("metadata.frozen").filter(|said| launched::is_digest(said));
        if let (Some(run), Some(said)) = (run, frozen.filter(|_| action == Action::RunLaunch.name())) {
            self.launched.insert(run, (seq, said.to_owned()));
        }
        self.pairs.apply(Step {
            seq,
            event_id: id("event_id").unwrap_or_default(),
            phase: text("phase").and_then(Phase::of),
            failed: text("status") == Some(Status::Failure.name()),
            action: action.to_owned(),
            parent: id("parent_event_id"),
            run,
        });
        Ok(())
    }

    /// A field is gone only where a row says who redacted it; a row before `start` that was redacted since still follows.
    fn redactions(&self, db: &Connection, start: i64) -> rusqlite::Result<Result<(), Broken>> {
        for (seq, gone) in &self.gone {
            let silent = gone.keys().find(|name| !self.announced.contains(&(*seq, (*name).clone())));
            if let Some(name) = silent.filter(|_| self.whole) {
                let why = format!("its field {name} is gone, and no row says who redacted it");
                return Ok(Err(Broken::at(*seq, why)));
            }
        }
        let earlier: BTreeSet<i64> = self.announced.iter().map(|(seq, _)| *seq).filter(|seq| *seq <= start).collect();
        for seq in earlier {
            let previous = super::ledger::hash_at(db, seq - 1)?.unwrap_or_else(commit::genesis);
            let Some(row) = v2::load(db, seq)? else { continue };
            let gone = self.gone.get(&seq).cloned().unwrap_or_default();
            let hash = row.values.and_then(|(fields, salts)| commit::row_hash(&previous, &fields, &salts, &gone));
            match hash {
                Ok(hash) if hash == row.hash => {}
                Ok(_) => return Ok(Err(Broken::at(seq, "it was redacted, and does not follow any more"))),
                Err(why) => return Ok(Err(Broken::at(seq, why))),
            }
        }
        Ok(Ok(()))
    }
}

/// Values or commitments of a row that is not there.
fn stray(db: &Connection) -> rusqlite::Result<Option<(i64, &'static str)>> {
    use rusqlite::OptionalExtension;
    let seq: Option<i64> = db
        .query_row("SELECT max(seq) FROM fields WHERE seq > (SELECT coalesce(max(seq), 0) FROM ledger)", [], |r| {
            r.get(0)
        })
        .optional()?
        .flatten();
    Ok(seq.map(|seq| (seq, "it has values and no hash: its row was taken out")))
}

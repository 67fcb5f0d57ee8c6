//! Whether the ledger is what was written: every row, every link, no gap, no tail cut off a head that is known; and whether
//! it and the runs' folders agree.

use super::chain::{self, Head};
use super::ledger::{Error, Ledger, hash_at};
use super::mark::{self, Mark};
use super::verdict::{Broken, Intact};
use super::walk::Walk;
use super::{checkpoint, runs};
use rusqlite::Connection;
use std::path::Path;

impl Ledger {
    /// Verifies every row, that the heads that are known (`kept`, the witness, the checkpoint's) are in the chain, and that
    /// the runs' folders agree.
    ///
    /// # Errors
    /// The ledger can't be read; a broken chain is no error but `Err` inside.
    pub fn verify(&self, kept: Option<&Head>) -> Result<Result<Intact, Broken>, Error> {
        self.examine(kept, false)
    }

    /// Verifies what came since the verification that was remembered last ([`Ledger::remember`]); all, where none was.
    pub fn verify_since(&self, kept: Option<&Head>) -> Result<Result<Intact, Broken>, Error> {
        self.examine(kept, true)
    }

    /// Remembers up to where it is intact.
    ///
    /// # Errors
    /// It can't be written: then the next verification reads more.
    pub fn remember(&self, intact: &Intact) -> Result<(), Error> {
        let mark = Mark { head: intact.head.clone(), pairs: (*intact.pairs).clone() };
        Ok(mark::write(&mark::verified(self.path()), &mark)?)
    }

    fn examine(&self, kept: Option<&Head>, since: bool) -> Result<Result<Intact, Broken>, Error> {
        let checkpoint = match checkpoint::read(self.path()) {
            Ok(head) => head,
            Err(why) => return Ok(Err(Broken::at(0, format!("the checkpoint can't be read: {why}")))),
        };
        let marked = mark::read(&mark::verified(self.path())).unwrap_or_else(|why| {
            tracing::warn!("{why}; the whole ledger is read instead");
            None
        });
        let known: Vec<Head> = kept
            .cloned()
            .into_iter()
            .chain(self.witness.clone())
            .chain(checkpoint)
            .chain(marked.iter().map(|mark| mark.head.clone()))
            .collect();
        // Before the ledger is: a run's row is there before its folder is.
        let store = runs::store(self.path());
        let folders = store.as_ref().map(runs::folders).transpose()?.unwrap_or_default();
        let from = marked.filter(|mark| since && mark.head.seq > 0);
        let examined = {
            let db = self.db();
            let moment = self.sql(db.unchecked_transaction())?;
            let examined = self.follow(&db, &known, from.as_ref());
            drop(moment);
            match examined? {
                Ok(walk) => Ok(match &store {
                    Some(store) => runs::hold(&db, store, &folders, &walk),
                    None => Ok(Ok(Default::default())),
                }
                .map(|held| held.map(|held| (walk, held)))),
                Err(broken) => Err(broken),
            }
        };
        let (walk, (journals, unended)) = match examined {
            Ok(held) => match self.sql(held)? {
                Ok(both) => both,
                Err(broken) => return Ok(Err(broken)),
            },
            Err(broken) => return Ok(Err(broken)),
        };
        let head = walk.head();
        Ok(Ok(Intact {
            rows: head.seq,
            head,
            known: known.into_iter().max_by_key(|head| head.seq),
            since: from.map(|mark| mark.head),
            open: self.opened(&walk.pairs)?,
            unended,
            journals,
            pairs: Box::new(walk.pairs),
        }))
    }

    /// Follows the chain to its end.
    fn follow(&self, db: &Connection, known: &[Head], from: Option<&Mark>) -> Result<Result<Walk, Broken>, Error> {
        let mut walk = match from {
            Some(mark) => match Walk::after(mark, known) {
                Ok(walk) => walk,
                Err(broken) => return Ok(Err(broken)),
            },
            None => Walk::from_the_first(known),
        };
        let walked = (|| {
            // What lies before is not read again: only that the known heads are in it.
            for known in known.iter().filter(|known| known.seq > 0 && known.seq <= walk.seq()) {
                match hash_at(db, known.seq)? {
                    Some(hash) if chain::hex(&hash) == known.hash => {}
                    Some(_) => return Ok(Err(Broken::at(known.seq, super::walk::ANOTHER))),
                    None => return Ok(Err(Broken::at(known.seq, "missing: its hash was kept"))),
                }
            }
            walk.rows(db)
        })();
        let damaged = |walk: &Walk, e: rusqlite::Error| match is_damage(&e) {
            true => Ok(Broken::at(walk.seq() + 1, format!("it can't be read: {e}"))),
            false => self.sql(Err(e)),
        };
        match walked {
            Ok(Ok(())) => {}
            Ok(Err(broken)) => return Ok(Err(broken)),
            Err(e) => return Ok(Err(damaged(&walk, e)?)),
        }
        if let Some(beyond) = known.iter().filter(|known| known.seq > walk.seq()).max_by_key(|known| known.seq) {
            let why = format!("rows from here to {} are missing: the tail was cut off", beyond.seq);
            return Ok(Err(Broken::at(walk.seq() + 1, why)));
        }
        if from.is_none() {
            let checked = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
            match checked {
                Ok(said) if said == "ok" => {}
                Ok(said) => return Ok(Err(Broken::at(0, format!("its rows follow, but the file is damaged: {said}")))),
                Err(e) => return Ok(Err(damaged(&walk, e)?)),
            }
        }
        Ok(Ok(walk))
    }
}

/// True where the file, not the disk or another process, is to blame.
pub(super) fn is_damage(e: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode;
    match e {
        rusqlite::Error::SqliteFailure(e, _) => {
            matches!(e.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        }
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..) => true,
        _ => false,
    }
}

/// The verdict where no ledger lies at `path`: nothing was recorded, unless a known head says otherwise.
pub fn verify_absent(path: &Path, kept: Option<&Head>) -> Result<Intact, Broken> {
    let checkpoint = checkpoint::read(path);
    let marked = mark::read(&mark::verified(path));
    let unreadable = checkpoint.as_ref().err().or(marked.as_ref().err()).cloned();
    let known = kept.cloned().into_iter().chain(checkpoint.ok().flatten()).chain(marked.ok().flatten().map(|m| m.head));
    match (known.max_by_key(|head| head.seq), unreadable) {
        (Some(known), _) => Err(Broken::at(1, format!("the whole ledger is gone; it had at least {} rows", known.seq))),
        (None, Some(why)) => {
            Err(Broken::at(1, format!("the whole ledger is gone, and what it had is not known: {why}")))
        }
        (None, None) => Ok(Intact::of(0, Head::default(), None)),
    }
}

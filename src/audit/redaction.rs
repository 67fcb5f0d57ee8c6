//! Taking values out of a row for good: what they were committed to stays, so the row still verifies; who did it and why is a
//! row of its own.

use super::commit::{Hash, Salts, commitment};
use super::ledger::{self, Error, Ledger, Receipt};
use super::record::{Action, Record, Status};
use super::{fields, v1, v2};
use crate::state::operator::Operator;
use rusqlite::Connection;
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    /// The row that says so.
    pub receipt: Receipt,
    /// The fields that are gone.
    pub fields: Vec<String>,
    /// False: another process reads the ledger, and until it is done the old bytes lie in its write-ahead log.
    pub erased: bool,
}

impl Ledger {
    /// Takes the values of these fields out of a row; `metadata` means all of its fields.
    ///
    /// # Errors
    /// The row or a field is not there, is needed to find rows, or was written before fields could be redacted; or the ledger
    /// can't be written.
    pub fn redact(&self, seq: i64, names: &[String], reason: &str, operator: &Operator) -> Result<Redaction, Error> {
        let done = self.write(|tx| match without(tx, seq, names)? {
            Ok(gone) => {
                let mut record = Record::outcome(Action::AuditRedact, operator, Status::Success);
                record.reason = Some(reason.to_owned());
                record.subject = Some(format!("row {seq}: {}", gone.join(", ")));
                record.metadata.insert("seq".to_owned(), json!(seq));
                record.metadata.insert("fields".to_owned(), json!(gone));
                let drafted = ledger::draft(&record).map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
                Ok(Ok((ledger::append(tx, drafted)?, gone)))
            }
            Err(why) => Ok(Err(why)),
        })?;
        let (receipt, fields) = done.map_err(|why| Error::Refused { seq, why })?;
        Ok(Redaction { receipt, fields, erased: self.erase() })
    }

    /// Empties the write-ahead log, in which the old values may lie.
    fn erase(&self) -> bool {
        let emptied = self.db().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        emptied.is_ok_and(|busy| busy == 0)
    }
}

/// Takes them out of the row; gives their names, or why not.
fn without(db: &Connection, seq: i64, names: &[String]) -> rusqlite::Result<Result<Vec<String>, String>> {
    let Some(row) = v2::load(db, seq)? else {
        let old = v1::is_there(db)? && v1::hash_at(db, seq)?.is_some();
        let why = "it was written before fields could be redacted: one hash is over all of it";
        return Ok(Err(if old { why } else { "there is no such row" }.to_owned()));
    };
    let (mut rest, salts) = match row.values {
        Ok(both) => both,
        Err(why) => return Ok(Err(why)),
    };
    let mut gone: Vec<String> = Vec::new();
    for name in names {
        let found: Vec<String> = rest.keys().filter(|field| is_meant(name, field)).cloned().collect();
        if found.is_empty() {
            let there: Vec<&str> = rest.keys().map(String::as_str).filter(|name| fields::may_go(name)).collect();
            return Ok(Err(format!("it has no field {name}; it has {}", there.join(", "))));
        }
        if let Some(fixed) = found.iter().find(|name| !fields::may_go(name)) {
            return Ok(Err(format!("{fixed} stays: rows are found and paired by it")));
        }
        gone.extend(found);
    }
    gone.sort();
    gone.dedup();
    let mut commitments = Vec::new();
    for name in &gone {
        let Some((salt, value)) = salts.of(name).zip(rest.remove(name)) else {
            return Ok(Err(format!("the salt of its field {name} is missing")));
        };
        commitments.push((name, commitment(&salt, name, &value)));
    }
    // The row's own salt goes too: with it a short value could be guessed.
    let each: Option<BTreeMap<String, Hash>> = rest.keys().map(|name| Some((name.clone(), salts.of(name)?))).collect();
    let Some(each) = each else { return Ok(Err("one of its salts is missing".to_owned())) };
    // From here on nothing is refused any more: half of it must not be committed.
    for (name, commitment) in commitments {
        db.prepare_cached("INSERT INTO redacted (seq, field, commitment) VALUES (?1, ?2, ?3)")?
            .execute((seq, name, commitment))?;
    }
    let count = v2::redacted(db, Some(seq))?.remove(&seq).unwrap_or_default().len();
    db.execute("DELETE FROM fields WHERE seq = ?1", [seq])?;
    v2::insert_fields(db, &rest, &Salts::Each(each), count)?;
    Ok(Ok(gone))
}

fn is_meant(name: &str, field: &str) -> bool {
    name == field || name == "metadata" && field.starts_with("metadata.")
}

//! Rows of version 1: a row is its canonical JSON, hashed as a whole after the row before, beside columns to search it by.
//! They are read and verified where they lie; no row of this version is written any more.

use super::commit::{self, Fields, Hash};
use super::{canonical, chain};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;

/// Lets no row in any more, also not from an older opsdeck that still has the file open.
pub(super) fn seal(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(&format!(
        "DROP TRIGGER IF EXISTS audit_next_only;
        CREATE TRIGGER IF NOT EXISTS audit_sealed BEFORE INSERT ON audit
            BEGIN SELECT RAISE(ABORT, '{}: a newer opsdeck works on this state directory, leave this one and start the \
                new one'); END;",
        super::chain::REFUSED
    ))
}

/// True where the file has this table.
pub(super) fn has_table(db: &Connection, name: &str) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")?.exists([name])
}

/// True where the table is there.
pub(super) fn is_there(db: &Connection) -> rusqlite::Result<bool> {
    has_table(db, "audit")
}

/// Number and hash of the last row.
pub(super) fn head(db: &Connection) -> rusqlite::Result<Option<(i64, Hash)>> {
    let head: Option<(i64, String)> = db
        .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    head.map(|(seq, hash)| Ok((seq, bytes(&hash, 1)?))).transpose()
}

/// The hash of a row.
pub(super) fn hash_at(db: &Connection, seq: i64) -> rusqlite::Result<Option<Hash>> {
    let hash: Option<String> =
        db.prepare_cached("SELECT hash FROM audit WHERE seq = ?1")?.query_row([seq], |row| row.get(0)).optional()?;
    hash.map(|hash| bytes(&hash, 0)).transpose()
}

fn bytes(hash: &str, column: usize) -> rusqlite::Result<Hash> {
    let wrong = || format!("expected 64 hex digits, found {hash:?}").into();
    commit::unhex(hash)
        .ok_or_else(|| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, wrong()))
}

/// A row as it lies in the file, columns and all.
pub(super) struct Stored {
    pub seq: i64,
    ts: i64,
    columns: [Option<String>; 6],
    /// Its canonical JSON.
    pub body: String,
    hash: String,
}

/// Columns of [`stored`]; the table is `a`.
pub(super) const SELECT: &str =
    "a.seq, a.ts, a.event_id, a.action, a.status, a.operator, a.env, a.run_id, a.body, a.hash";

/// The row that [`SELECT`] gave.
pub(super) fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let column = |i| row.get::<_, Option<String>>(i);
    Ok(Stored {
        seq: row.get(0)?,
        ts: row.get(1)?,
        columns: [column(2)?, column(3)?, column(4)?, column(5)?, column(6)?, column(7)?],
        body: row.get(8)?,
        hash: row.get(9)?,
    })
}

impl Stored {
    /// What it says and its hash, if it follows the hash `previous`; else what is wrong with it.
    pub fn follow(&self, previous: &Hash) -> Result<(Fields, Hash), String> {
        let body: Value = serde_json::from_str(&self.body).map_err(|_| "its text is no JSON")?;
        if canonical(&body) != self.body {
            return Err("its text is not in canonical form".to_owned());
        }
        let hash = commit::unhex(&self.hash).ok_or("its hash is not 64 hex digits")?;
        if chain::link(&chain::hex(previous), &self.body) != self.hash {
            let why = "its hash does not follow from its text and the row before: one of them was changed";
            return Err(why.to_owned());
        }
        let names = ["event_id", "action", "status", "operator", "env", "run_id"];
        let texts = names.iter().zip(&self.columns).all(|(name, column)| body[name].as_str() == column.as_deref());
        if !texts || body["seq"].as_i64() != Some(self.seq) || body["timestamp_ms"].as_i64() != Some(self.ts) {
            return Err("a search column says something else than its text".to_owned());
        }
        Ok((fields(body), hash))
    }
}

/// The fields of a row's text, as rows of version 2 name them.
pub(super) fn fields(body: Value) -> Fields {
    let mut fields = Fields::new();
    let Value::Object(body) = body else { return fields };
    for (name, value) in body {
        match (name.as_str(), value) {
            ("metadata", Value::Object(metadata)) => {
                fields.extend(metadata.into_iter().map(|(key, value)| (format!("metadata.{key}"), value)));
            }
            (_, value) => drop(fields.insert(name, value)),
        }
    }
    fields
}

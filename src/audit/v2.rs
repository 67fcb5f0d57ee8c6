//! Rows of version 2 in the file: `ledger` holds what binds them, `fields` their values and salts, `redacted` the
//! commitments to what was redacted. The triggers let nothing be changed but `fields`, and that only by a redaction.
//!
//! A plain `INSERT OR REPLACE` would delete a row without firing its delete trigger, so inserts are checked too.

use super::chain::REFUSED;
use super::columns;
use super::commit::{self, Fields, Hash, Salts};
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Creates the tables; the first row is the one after `base`, the last of version 1.
pub(super) fn create(db: &Connection, base: i64) -> rusqlite::Result<()> {
    let fields = columns::definitions();
    db.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS ledger (
            seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, chain TEXT, key TEXT, token INTEGER) STRICT;
        CREATE TABLE IF NOT EXISTS fields (
            seq INTEGER PRIMARY KEY, salt BLOB, salts TEXT, gone INTEGER NOT NULL, {fields}) STRICT;
        CREATE TABLE IF NOT EXISTS redacted (
            seq INTEGER NOT NULL, field TEXT NOT NULL, commitment BLOB NOT NULL, PRIMARY KEY (seq, field)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS fields_time ON fields (timestamp_ms);
        CREATE INDEX IF NOT EXISTS fields_operator ON fields (operator);
        CREATE INDEX IF NOT EXISTS fields_status ON fields (status);
        CREATE INDEX IF NOT EXISTS fields_env ON fields (env);
        CREATE INDEX IF NOT EXISTS fields_run ON fields (run_id) WHERE run_id IS NOT NULL;
        {refuse_ledger_update}
        {refuse_ledger_delete}
        {refuse_fields_update}
        {refuse_redacted_update}
        {refuse_redacted_delete}
        CREATE TRIGGER IF NOT EXISTS ledger_next_only BEFORE INSERT ON ledger
            WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), {base}) + 1 FROM ledger)
            BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END;
        CREATE TRIGGER IF NOT EXISTS fields_once BEFORE INSERT ON fields
            WHEN NEW.gone IS NOT (SELECT count(*) FROM redacted WHERE seq = NEW.seq)
                OR EXISTS (SELECT 1 FROM fields WHERE seq = NEW.seq)
                OR NEW.gone = 0 AND NEW.seq IS NOT (SELECT max(seq) FROM ledger)
            BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END;
        CREATE TRIGGER IF NOT EXISTS fields_redaction_only BEFORE DELETE ON fields
            WHEN OLD.gone >= (SELECT count(*) FROM redacted WHERE seq = OLD.seq)
            BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END;
        CREATE TRIGGER IF NOT EXISTS redacted_once BEFORE INSERT ON redacted
            WHEN EXISTS (SELECT 1 FROM redacted WHERE seq = NEW.seq AND field = NEW.field)
                OR NOT EXISTS (SELECT 1 FROM fields WHERE seq = NEW.seq)
            BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END;",
        refuse_ledger_update = refuse("ledger", "UPDATE"),
        refuse_ledger_delete = refuse("ledger", "DELETE"),
        refuse_fields_update = refuse("fields", "UPDATE"),
        refuse_redacted_update = refuse("redacted", "UPDATE"),
        refuse_redacted_delete = refuse("redacted", "DELETE"),
    ))
}

fn refuse(table: &str, what: &str) -> String {
    format!(
        "CREATE TRIGGER IF NOT EXISTS {table}_no_{} BEFORE {what} ON {table}
            BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END;",
        what.to_lowercase()
    )
}

/// True where the tables are there.
pub(super) fn is_there(db: &Connection) -> rusqlite::Result<bool> {
    super::v1::has_table(db, "ledger")
}

/// Number and hash of the last row.
pub(super) fn head(db: &Connection) -> rusqlite::Result<Option<(i64, Hash)>> {
    db.prepare_cached("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// The hash of a row.
pub(super) fn hash_at(db: &Connection, seq: i64) -> rusqlite::Result<Option<Hash>> {
    db.prepare_cached("SELECT hash FROM ledger WHERE seq = ?1")?.query_row([seq], |row| row.get(0)).optional()
}

/// Writes a row; its fields hold `seq`, and `chain`, `key_id` and `token` where they are known.
pub(super) fn insert(db: &Connection, fields: &Fields, salts: &Salts, hash: &Hash) -> rusqlite::Result<()> {
    let of = |name: &str| fields.get(name);
    let text = |name| of(name).and_then(Value::as_str);
    let number = |name| of(name).and_then(Value::as_i64);
    db.prepare_cached("INSERT INTO ledger (seq, hash, chain, key, token) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute((
        number("seq"),
        hash,
        text("chain"),
        text("key_id"),
        number("token"),
    ))?;
    insert_fields(db, fields, salts, 0)
}

/// Writes a row's values; so many of its fields are `gone`.
pub(super) fn insert_fields(db: &Connection, fields: &Fields, salts: &Salts, gone: usize) -> rusqlite::Result<()> {
    let mut rest = fields.clone();
    let seq = rest.remove("seq").and_then(|seq| seq.as_i64());
    ["chain", "key_id", "token"].iter().for_each(|name| drop(rest.remove(*name)));
    let (salt, each) = match salts {
        Salts::Row(salt) => (Sql::Blob(salt.to_vec()), Sql::Null),
        Salts::Each(salts) => {
            let hex = |(name, salt): (&String, &Hash)| (name.clone(), Value::from(super::chain::hex(salt)));
            (Sql::Null, Sql::Text(Value::Object(salts.iter().map(hex).collect()).to_string()))
        }
    };
    let gone = i64::try_from(gone).unwrap_or(i64::MAX);
    let mut values = vec![seq.map_or(Sql::Null, Sql::Integer), salt, each, Sql::Integer(gone)];
    values.extend(columns::values(&rest));
    let marks = vec!["?"; values.len()].join(", ");
    let names = columns::names();
    let sql = format!("INSERT INTO fields (seq, salt, salts, gone, {names}) VALUES ({marks})");
    db.prepare_cached(&sql)?.execute(rusqlite::params_from_iter(values)).map(drop)
}

/// A row as it lies in the file.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub seq: i64,
    pub hash: Hash,
    /// Its values, or what is wrong with them.
    pub values: Result<(Fields, Salts), String>,
}

/// Columns of [`stored`]; the tables are `l` and `f`.
pub(super) fn select() -> String {
    let names = columns::names().split(", ").map(|name| format!("f.{name}")).collect::<Vec<_>>().join(", ");
    format!("l.seq, l.hash, l.chain, l.key, l.token, f.seq, f.salt, f.salts, {names}")
}

/// The row that [`select`] gave.
pub(super) fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored { seq: row.get(0)?, hash: row.get(1)?, values: values(row) })
}

fn values(row: &Row<'_>) -> Result<(Fields, Salts), String> {
    let said = |e: rusqlite::Error| e.to_string();
    let (seq, of): (i64, Option<i64>) = (row.get(0).map_err(said)?, row.get(5).map_err(said)?);
    if of.is_none() {
        return Err("its values are missing".to_owned());
    }
    let mut fields = Fields::from([("seq".to_owned(), Value::from(seq))]);
    let text = |i| row.get::<_, Option<String>>(i).map_err(said);
    let own = [("chain", text(2)?.map(Value::from)), ("key_id", text(3)?.map(Value::from))];
    let token = row.get::<_, Option<i64>>(4).map_err(said)?.map(Value::from);
    for (name, value) in own.into_iter().chain([("token", token)]) {
        value.map(|value| fields.insert(name.to_owned(), value));
    }
    columns::fields(|i| row.get_ref(8 + i), &mut fields)?;
    let salts = match (row.get_ref(6).map_err(said)?, text(7)?) {
        (ValueRef::Blob(salt), None) => Salts::Row(salt.try_into().map_err(|_| "its salt is not 16 bytes".to_owned())?),
        (ValueRef::Null, Some(each)) => {
            let each: Map<String, Value> = serde_json::from_str(&each).map_err(|e| format!("its salts: {e}"))?;
            let salt = |(name, salt): (String, Value)| Some((name, commit::unhex(salt.as_str()?)?));
            let each: Option<BTreeMap<String, Hash>> = each.into_iter().map(salt).collect();
            Salts::Each(each.ok_or("its salts cannot be read")?)
        }
        _ => return Err("it has no salt, or two".to_owned()),
    };
    Ok((fields, salts))
}

/// The commitments to redacted fields of all rows, or of one.
pub(super) fn redacted(db: &Connection, of: Option<i64>) -> rusqlite::Result<BTreeMap<i64, BTreeMap<String, Hash>>> {
    let mut query = db.prepare_cached("SELECT seq, field, commitment FROM redacted WHERE ?1 IS NULL OR seq = ?1")?;
    let mut rows = query.query([of])?;
    let mut all: BTreeMap<i64, BTreeMap<String, Hash>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        all.entry(row.get(0)?).or_default().insert(row.get(1)?, row.get(2)?);
    }
    Ok(all)
}

pub(super) fn load(db: &Connection, seq: i64) -> rusqlite::Result<Option<Stored>> {
    let sql = format!("SELECT {} FROM ledger l LEFT JOIN fields f ON f.seq = l.seq WHERE l.seq = ?1", select());
    db.prepare_cached(&sql)?.query_row([seq], stored).optional()
}

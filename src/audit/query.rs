//! Reading the ledger: filters, newest first, page by page.

use super::entry::Entry;
use super::ledger::{Error, Ledger};
use super::record::{Action, Phase, Record, Status};
use crate::state::operator::Operator;
use rusqlite::types::Value as Sql;
use serde::Serialize;
use serde_json::{Value, json};

/// Which rows. Every field that is set must hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Filter {
    /// Not before (Unix milliseconds).
    pub since: Option<i64>,
    /// Not after (Unix milliseconds).
    pub until: Option<i64>,
    /// Operator's name.
    pub operator: Option<String>,
    /// Status.
    pub status: Option<Status>,
    /// Phase.
    pub phase: Option<Phase>,
    /// Environment.
    pub env: Option<String>,
    /// Run: its id or the beginning of it.
    pub run: Option<String>,
    /// Words anywhere in subject, reason, action or targets; upper and lower case alike.
    pub text: Option<String>,
    /// Only rows before this number: the `next` of the page before.
    pub before: Option<i64>,
}

/// Rows, newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// `before` of the next page; `None`: this was the last.
    pub next: Option<i64>,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it says.
    pub entry: Entry,
    /// All that it says, fields of newer versions included.
    pub body: Value,
    /// Hash of the row before.
    pub prev_hash: String,
    /// Its own.
    pub hash: String,
}

impl Row {
    /// The row with both hashes, as `--json` prints it.
    pub fn json(&self) -> Value {
        let mut whole = self.body.clone();
        whole["prev_hash"] = json!(self.prev_hash);
        whole["hash"] = json!(self.hash);
        whole
    }
}

impl Ledger {
    /// Up to `limit` rows that match.
    ///
    /// # Errors
    /// The ledger can't be read, or a row in it is damaged (see [`Ledger::verify`]).
    pub fn query(&self, filter: &Filter, limit: usize) -> Result<Page, Error> {
        let (conditions, mut values) = conditions(filter);
        let sql = format!(
            "SELECT a.body, a.hash, coalesce((SELECT hash FROM audit p WHERE p.seq = a.seq - 1), ?1)
             FROM audit a WHERE {conditions} ORDER BY a.seq DESC LIMIT ?2"
        );
        values[0] = Sql::Text(super::chain::GENESIS.to_owned());
        values[1] = Sql::Integer(i64::try_from(limit).unwrap_or(i64::MAX - 1).saturating_add(1));
        let mut rows = self.rows(&sql, values)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok(Page { next: rows.last().filter(|_| more).map(|row| row.entry.seq), rows })
    }

    /// The first `limit` rows after a number, oldest first: for whoever follows the ledger.
    ///
    /// # Errors
    /// As [`Ledger::query`].
    pub fn after(&self, seq: i64, limit: u32) -> Result<Vec<Row>, Error> {
        let sql = "SELECT a.body, a.hash, coalesce((SELECT hash FROM audit p WHERE p.seq = a.seq - 1), ?1)
                   FROM audit a WHERE a.seq > ?2 ORDER BY a.seq LIMIT ?3";
        let genesis = Sql::Text(super::chain::GENESIS.to_owned());
        self.rows(sql, vec![genesis, Sql::Integer(seq), Sql::Integer(limit.into())])
    }

    fn rows(&self, sql: &str, values: Vec<Sql>) -> Result<Vec<Row>, Error> {
        let db = self.db();
        let read = db.prepare_cached(sql).and_then(|mut query| {
            let rows = query.query_map(rusqlite::params_from_iter(values), |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        });
        let row = |(body, hash, prev_hash): (String, String, String)| {
            let body: Value = serde_json::from_str(&body)?;
            Ok(Row { entry: serde_json::from_value(body.clone())?, body, prev_hash, hash })
        };
        self.sql(read)?.into_iter().map(row).collect()
    }

    /// Reads on behalf of a person: the reading itself is recorded first, and is not among the rows.
    ///
    /// # Errors
    /// As [`Ledger::query`] and [`Ledger::append`].
    pub fn read_as(&self, operator: &Operator, filter: &Filter, limit: usize) -> Result<Page, Error> {
        let mut record = Record::outcome(Action::AuditRead, operator, Status::Success);
        if let Value::Object(fields) = serde_json::to_value(filter)? {
            record.metadata = fields.into_iter().filter(|(_, value)| !value.is_null()).collect();
        }
        let own = self.append(&record)?.seq;
        let before = Some(filter.before.map_or(own, |before| before.min(own)));
        self.query(&Filter { before, ..filter.clone() }, limit)
    }
}

/// The SQL of a filter. The first two values are the caller's.
fn conditions(filter: &Filter) -> (String, Vec<Sql>) {
    let mut sql = vec!["1".to_owned()];
    let mut values = vec![Sql::Null, Sql::Null];
    let mut add = |condition: &str, value: Sql| {
        values.push(value);
        sql.push(condition.replace('?', &format!("?{}", values.len())));
    };
    if let Some(since) = filter.since {
        add("a.ts >= ?", Sql::Integer(since));
    }
    if let Some(until) = filter.until {
        add("a.ts <= ?", Sql::Integer(until));
    }
    if let Some(operator) = &filter.operator {
        add("a.operator = ?", Sql::Text(operator.clone()));
    }
    if let Some(status) = filter.status {
        add("a.status = ?", Sql::Text(status.name().to_owned()));
    }
    if let Some(phase) = filter.phase {
        add("json_extract(a.body, '$.phase') = ?", Sql::Text(phase.name().to_owned()));
    }
    if let Some(env) = &filter.env {
        add("a.env = ?", Sql::Text(env.clone()));
    }
    if let Some(run) = &filter.run {
        add("substr(a.run_id, 1, length(?)) = ?", Sql::Text(run.to_lowercase()));
    }
    for word in filter.text.as_deref().unwrap_or_default().split_whitespace() {
        let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        // The first schema had `error_class`.
        let names =
            ["subject", "reason", "action", "targets", "operator", "env", "service", "error.class", "error_class"];
        let any = names.map(|name| format!("json_extract(a.body, '$.\"{name}\"') LIKE ? ESCAPE '\\'")).join(" OR ");
        add(&format!("({any})"), Sql::Text(format!("%{escaped}%")));
    }
    if let Some(before) = filter.before {
        add("a.seq < ?", Sql::Integer(before));
    }
    (sql.join(" AND "), values)
}

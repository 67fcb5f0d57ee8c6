//! Reading the ledger: filters, newest first, page by page.

use super::columns::{PHASES, STATUSES};
use super::entry::Entry;
use super::ledger::{Error, Ledger, hash_at};
use super::newest::{newest, place_of};
use super::record::{Action, Phase, Record, Status};
use super::{chain, commit, v1, v2};
use crate::state::operator::Operator;
use rusqlite::types::Value as Sql;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// Which rows. Every field that is set must hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Filter {
    /// Not before (Unix milliseconds).
    pub since: Option<i64>,
    /// Not after (Unix milliseconds).
    pub until: Option<i64>,
    pub operator: Option<String>,
    pub status: Option<Status>,
    pub phase: Option<Phase>,
    pub env: Option<String>,
    /// Run: its id or the beginning of it.
    pub run: Option<String>,
    /// Words anywhere in subject, reason, action or targets; upper and lower case alike.
    pub text: Option<String>,
    /// Only rows before this number: the `next` of the page before.
    pub before: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    pub rows: Vec<Row>,
    /// `before` of the next page; `None`: this was the last.
    pub next: Option<i64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub entry: Entry,
    /// All that it says, fields of newer versions included.
    pub body: Value,
    /// Hash of the row before.
    pub prev_hash: String,
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
        let most = limit.saturating_add(1);
        let mut rows = self.new_rows(&conditions(filter, &NEW), "DESC", most)?;
        if rows.len() < most {
            rows.extend(self.old_rows(&conditions(filter, &OLD), "DESC", most - rows.len())?);
        }
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok(Page { next: rows.last().filter(|_| more).map(|row| row.entry.seq), rows })
    }

    /// The first `limit` rows after a number, oldest first: for whoever follows the ledger.
    pub fn after(&self, seq: i64, limit: u32) -> Result<Vec<Row>, Error> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let after = |table: &str| (format!("{table}.seq > ?1"), vec![Sql::Integer(seq)]);
        let mut rows = self.old_rows(&after("a"), "ASC", most)?;
        if rows.len() < most {
            rows.extend(self.new_rows(&after("f"), "ASC", most - rows.len())?);
        }
        Ok(rows)
    }

    /// The newest row of a run with this action in this phase.
    pub fn find(&self, run: Uuid, action: Action, phase: Phase) -> Result<Option<Row>, Error> {
        let seq = self.sql(newest(&self.db(), run, action, phase))?;
        match seq {
            Some(seq) => self.row(seq),
            None => Ok(None),
        }
    }

    /// The row of a run with this event id, whatever else the run has.
    pub fn of_event(&self, run: Uuid, event: Uuid) -> Result<Option<Row>, Error> {
        let seq = self.sql(place_of(&self.db(), run, event))?;
        match seq {
            Some(seq) => self.row(seq),
            None => Ok(None),
        }
    }

    /// The row with this number.
    pub fn row(&self, seq: i64) -> Result<Option<Row>, Error> {
        let before = seq.checked_sub(1).unwrap_or_default();
        Ok(self.after(before, 1)?.into_iter().next().filter(|row| row.entry.seq == seq))
    }

    fn new_rows(&self, (which, values): &Condition, order: &str, limit: usize) -> Result<Vec<Row>, Error> {
        let db = self.db();
        let read = (|| {
            if !v2::is_there(&db)? {
                return Ok(Vec::new());
            }
            let sql = format!(
                "SELECT {} FROM fields f JOIN ledger l ON l.seq = f.seq WHERE {which} ORDER BY f.seq {order} LIMIT {}",
                v2::select(),
                i64::try_from(limit).unwrap_or(i64::MAX)
            );
            let mut query = db.prepare_cached(&sql)?;
            let stored = query.query_map(rusqlite::params_from_iter(values), v2::stored)?;
            stored
                .map(|row| {
                    let row = row?;
                    let previous = hash_at(&db, row.seq - 1)?;
                    let gone = v2::redacted(&db, Some(row.seq))?.remove(&row.seq).unwrap_or_default();
                    Ok((row, previous, gone.into_keys().collect::<Vec<_>>()))
                })
                .collect::<rusqlite::Result<Vec<_>>>()
        })();
        let rows = self.sql(read)?.into_iter().map(|(row, previous, gone)| {
            let damaged = |why| Error::Damaged { path: self.path().to_path_buf(), seq: row.seq, why };
            let (fields, _) = row.values.map_err(damaged)?;
            let (entry, body) = super::fields::entry(fields, gone).map_err(|e| damaged(e.to_string()))?;
            Ok(Row {
                entry,
                body,
                prev_hash: chain::hex(&previous.unwrap_or(commit::genesis())),
                hash: chain::hex(&row.hash),
            })
        });
        rows.collect()
    }

    fn old_rows(&self, (which, values): &Condition, order: &str, limit: usize) -> Result<Vec<Row>, Error> {
        let db = self.db();
        let read = (|| {
            if !v1::is_there(&db)? {
                return Ok(Vec::new());
            }
            let sql = format!(
                "SELECT a.seq, a.body, a.hash, coalesce((SELECT hash FROM audit p WHERE p.seq = a.seq - 1), '{}')
                 FROM audit a WHERE {which} ORDER BY a.seq {order} LIMIT {}",
                chain::GENESIS,
                i64::try_from(limit).unwrap_or(i64::MAX)
            );
            let mut query = db.prepare_cached(&sql)?;
            let rows = query.query_map(rusqlite::params_from_iter(values), |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                    row.get::<_, String>(3)?,
                ))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })();
        let row = |(seq, body, hash, prev_hash): (i64, String, String, String)| {
            let damaged =
                |e: serde_json::Error| Error::Damaged { path: self.path().to_path_buf(), seq, why: e.to_string() };
            let body: Value = serde_json::from_str(&body).map_err(damaged)?;
            Ok(Row { entry: serde_json::from_value(body.clone()).map_err(damaged)?, body, prev_hash, hash })
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

/// SQL, and the values of its marks.
type Condition = (String, Vec<Sql>);

/// How the rows of one version are searched: where each thing stands.
struct Places {
    table: &'static str,
    time: &'static str,
    phase: &'static str,
    /// Texts in which words are looked for.
    texts: &'static [&'static str],
    status: fn(Status) -> Sql,
    phases: fn(Phase) -> Sql,
    /// Of 32 digits.
    run: fn(&str) -> Sql,
}

const OLD: Places = Places {
    table: "a",
    time: "ts",
    phase: "json_extract(a.body, '$.phase')",
    // The first schema had `error_class`.
    texts: &[
        "json_extract(a.body, '$.\"subject\"')",
        "json_extract(a.body, '$.\"reason\"')",
        "json_extract(a.body, '$.\"action\"')",
        "json_extract(a.body, '$.\"targets\"')",
        "json_extract(a.body, '$.\"operator\"')",
        "json_extract(a.body, '$.\"env\"')",
        "json_extract(a.body, '$.\"service\"')",
        "json_extract(a.body, '$.\"error.class\"')",
        "json_extract(a.body, '$.\"error_class\"')",
    ],
    status: |status| Sql::Text(status.name().to_owned()),
    phases: |phase| Sql::Text(phase.name().to_owned()),
    run: |digits| Uuid::try_parse(digits).map_or(Sql::Null, |run| Sql::Text(run.to_string())),
};

const NEW: Places = Places {
    table: "f",
    time: "timestamp_ms",
    phase: "f.phase",
    texts: &["f.subject", "f.reason", "f.action", "f.targets", "f.operator", "f.env", "f.service", "f.error_class"],
    status: |status| place(STATUSES, status.name()),
    phases: |phase| place(PHASES, phase.name()),
    run: |digits| Uuid::try_parse(digits).map_or(Sql::Null, |run| Sql::Blob(run.as_bytes().to_vec())),
};

fn place(words: &[&str], word: &str) -> Sql {
    words.iter().position(|one| *one == word).and_then(|i| i64::try_from(i).ok()).map_or(Sql::Null, Sql::Integer)
}

/// The SQL of a filter.
fn conditions(filter: &Filter, at: &Places) -> Condition {
    let (table, mut sql, mut values) = (at.table, vec!["1".to_owned()], Vec::new());
    let mut mark = |value: Sql| {
        values.push(value);
        format!("?{}", values.len())
    };
    let text = |text: &String| Sql::Text(text.clone());
    if let Some(since) = filter.since {
        sql.push(format!("{table}.{} >= {}", at.time, mark(Sql::Integer(since))));
    }
    if let Some(until) = filter.until {
        sql.push(format!("{table}.{} <= {}", at.time, mark(Sql::Integer(until))));
    }
    if let Some(operator) = &filter.operator {
        sql.push(format!("{table}.operator = {}", mark(text(operator))));
    }
    if let Some(status) = filter.status {
        sql.push(format!("{table}.status = {}", mark((at.status)(status))));
    }
    if let Some(phase) = filter.phase {
        sql.push(format!("{} = {}", at.phase, mark((at.phases)(phase))));
    }
    if let Some(env) = &filter.env {
        sql.push(format!("{table}.env = {}", mark(text(env))));
    }
    if let Some(run) = filter.run.as_ref().map(|run| run.replace('-', "").to_lowercase()).filter(|run| !run.is_empty())
    {
        if run.len() > 32 || !run.bytes().all(|b| b.is_ascii_hexdigit()) {
            sql.push("0".to_owned());
        } else if run.len() == 32 {
            // On the index, in the order of the rows.
            sql.push(format!("{table}.run_id = {}", mark((at.run)(&run))));
        } else {
            let [from, to] = ["0", "f"].map(|fill| mark((at.run)(&format!("{run}{}", fill.repeat(32 - run.len())))));
            sql.push(format!("{table}.run_id BETWEEN {from} AND {to}"));
        }
    }
    for word in filter.text.as_deref().unwrap_or_default().split_whitespace() {
        let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let word = mark(Sql::Text(format!("%{escaped}%")));
        let any: Vec<_> = at.texts.iter().map(|text| format!("{text} LIKE {word} ESCAPE '\\'")).collect();
        sql.push(format!("({})", any.join(" OR ")));
    }
    if let Some(before) = filter.before {
        sql.push(format!("{table}.seq < {}", mark(Sql::Integer(before))));
    }
    (sql.join(" AND "), values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_run_are_found_on_the_index_and_the_ledger_is_never_scanned() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        v2::create(&db, 0).unwrap();
        let filter = Filter { run: Some(Uuid::now_v7().to_string()), ..Filter::default() };
        let (which, values) = conditions(&filter, &NEW);
        let of_run = format!(
            "SELECT {} FROM fields f JOIN ledger l ON l.seq = f.seq WHERE {which} ORDER BY f.seq DESC LIMIT 1000",
            v2::select()
        );
        let newest =
            "SELECT seq FROM fields WHERE run_id = ?1 AND action = 'a' AND phase = 1 ORDER BY seq DESC LIMIT 1";
        for sql in [of_run.as_str(), newest, "SELECT seq FROM fields WHERE run_id = ?1 AND event_id = 'e'"] {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = plan.query_map(rusqlite::params_from_iter(&values), |row| row.get::<_, String>(3)).unwrap();
            let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
            assert!(steps[0].contains("USING INDEX fields_run"), "{sql}: {steps:?}");
            assert!(steps.iter().all(|step| !step.starts_with("SCAN")), "{sql}: {steps:?}");
        }
    }
}

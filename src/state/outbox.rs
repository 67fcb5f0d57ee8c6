//! The outbox: what people are to be told, kept until it was. A notice stands once a receiver under its key, however often it
//! is put; those about one thing go to a receiver one after the other. What a body holds is for `serve` to say.

use super::{Control, DbError};
use rusqlite::{OptionalExtension, Row};
use serde::Serialize;

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is still to be told.
    Pending,
    Sent,
    /// Nobody took it in time.
    Failed,
}

/// A notice for one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutboxRow {
    /// Its place in the order.
    pub id: i64,
    pub receiver: String,
    /// The same notice has the same key.
    pub key: String,
    /// What it is about: those of one thing go out in order.
    pub about: String,
    /// The notice, as JSON.
    pub body: String,
    /// Where it stands.
    pub state: Standing,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last try failed.
    pub why: Option<String>,
    /// When it was put here (Unix milliseconds).
    pub created_at: i64,
    /// When it is tried next (Unix milliseconds).
    pub next_at: i64,
}

/// A notice to put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put<'a> {
    pub receiver: &'a str,
    pub key: &'a str,
    pub about: &'a str,
    /// The notice, as JSON.
    pub body: &'a str,
    /// [`Standing::Sent`] where lying here is all that is needed: screens read it.
    pub state: Standing,
}

/// How many of a receiver stand where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    pub receiver: String,
    /// Where they stand.
    pub state: Standing,
    pub count: u64,
    /// When the oldest was put in (Unix milliseconds).
    pub oldest: i64,
}

impl Backlog {
    /// From receiver, state, count and the oldest.
    pub(super) fn of(r: &Row<'_>) -> rusqlite::Result<Backlog> {
        let state = Standing::named(&r.get::<_, String>(1)?);
        Ok(Backlog { receiver: r.get(0)?, state, count: r.get::<_, i64>(2)?.unsigned_abs(), oldest: r.get(3)? })
    }
}

impl Standing {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Pending => "pending",
            Standing::Sent => "sent",
            Standing::Failed => "failed",
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "sent" => Standing::Sent,
            "failed" => Standing::Failed,
            _ => Standing::Pending,
        }
    }
}

const COLUMNS: &str = "id, receiver, key, about, body, state, attempts, why, created_at, next_at";

impl Control {
    /// Puts a notice in, unless it is there.
    pub fn put_notice(&self, scope: &str, put: &Put<'_>, now: i64) -> Result<(), DbError> {
        let query =
            "INSERT OR IGNORE INTO outbox (scope, receiver, key, about, body, state, attempts, created_at, next_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?7)";
        let Put { receiver, key, about, body, state } = put;
        let params = (scope, receiver, key, about, body, state.name(), now);
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.execute(params)).map(drop))
    }

    /// The notices of a receiver that are due: of each thing the first one only, the newest first.
    pub fn due_notices(&self, scope: &str, receiver: &str, now: i64) -> Result<Vec<OutboxRow>, DbError> {
        let query = format!(
            "SELECT {COLUMNS} FROM outbox o
             WHERE scope = ?1 AND receiver = ?2 AND state = 'pending' AND next_at <= ?3 AND NOT EXISTS (
                 SELECT 1 FROM outbox p WHERE p.scope = ?1 AND p.receiver = ?2 AND p.state = 'pending'
                     AND p.about = o.about AND p.id < o.id)
             ORDER BY id DESC LIMIT 1000"
        );
        let params = (scope, receiver, now);
        self.sql(self.db.prepare_cached(&query).and_then(|mut q| q.query_map(params, row)?.collect()))
    }

    /// Notes how a try went: where the notice stands now, why it failed, when it is tried next.
    pub fn notice_tried(&self, id: i64, state: Standing, why: Option<&str>, next_at: i64) -> Result<(), DbError> {
        let query = "UPDATE outbox SET state = ?2, why = ?3, next_at = ?4, attempts = attempts + 1 WHERE id = ?1";
        let params = (id, state.name(), why, next_at);
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.execute(params)).map(drop))
    }

    /// Notices of all scopes, newest first; `open`: only those that were not told.
    pub fn notices(&self, open: bool, limit: u32) -> Result<Vec<OutboxRow>, DbError> {
        let query = format!("SELECT {COLUMNS} FROM outbox WHERE NOT ?1 OR state <> 'sent' ORDER BY id DESC LIMIT ?2");
        self.sql(self.db.prepare_cached(&query).and_then(|mut q| q.query_map((open, limit), row)?.collect()))
    }

    /// Receivers that were told something about this.
    pub fn told_about(&self, scope: &str, about: &str) -> Result<Vec<String>, DbError> {
        let query = "SELECT receiver FROM outbox WHERE scope = ?1 AND about = ?2
                     UNION SELECT receiver FROM firing WHERE scope = ?1 AND about = ?2";
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.query_map((scope, about), |r| r.get(0))?.collect()))
    }

    /// What lies in the outbox of a scope and was not told, by receiver.
    pub fn backlog(&self, scope: &str) -> Result<Vec<Backlog>, DbError> {
        let query = "SELECT receiver, state, count(*), min(created_at) FROM outbox
                     WHERE scope = ?1 AND state <> 'sent' GROUP BY receiver, state ORDER BY receiver, state";
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.query_map([scope], Backlog::of)?.collect()))
    }

    /// Notices that were put in before `expired` and that nobody took have failed. Told ones are forgotten that were put in before `sent`, failed ones before `failed`. Gives how many failed.
    pub fn tidy_outbox(&self, scope: &str, expired: i64, sent: i64, failed: i64) -> Result<usize, DbError> {
        let failing = "UPDATE outbox SET state = 'failed' WHERE scope = ?1 AND state = 'pending' AND created_at < ?2";
        let forgetting = "DELETE FROM outbox WHERE scope = ?1 AND (state = 'sent' AND created_at < ?2
                          OR state = 'failed' AND created_at < ?3)";
        self.alone(|| {
            let count = self.sql(self.db.execute(failing, (scope, expired)))?;
            self.sql(self.db.execute(forgetting, (scope, sent, failed)))?;
            Ok(count)
        })
    }

    /// What a receiver was told that still holds, and when it was last told.
    pub fn firing(&self, scope: &str, receiver: &str) -> Result<Vec<(String, String, i64)>, DbError> {
        let query = "SELECT about, body, told_at FROM firing WHERE scope = ?1 AND receiver = ?2 ORDER BY about";
        let row = |r: &Row<'_>| Ok((r.get(0)?, r.get(1)?, r.get(2)?));
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.query_map((scope, receiver), row)?.collect()))
    }

    /// A receiver was told this, and it holds; `None`: it holds no more.
    pub fn set_firing(
        &self,
        (scope, receiver, about): (&str, &str, &str),
        body: Option<&str>,
        now: i64,
    ) -> Result<(), DbError> {
        let Some(body) = body else {
            let gone = "DELETE FROM firing WHERE scope = ?1 AND receiver = ?2 AND about = ?3";
            let key = (scope, receiver, about);
            return self.sql(self.db.prepare_cached(gone).and_then(|mut q| q.execute(key)).map(drop));
        };
        let query = "INSERT OR REPLACE INTO firing (scope, receiver, about, body, told_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let params = (scope, receiver, about, body, now);
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.execute(params)).map(drop))
    }

    /// Everything that was said and holds, of a scope.
    pub fn said(&self, scope: &str) -> Result<Vec<(String, String)>, DbError> {
        let query = "SELECT about, body FROM said WHERE scope = ?1 ORDER BY about";
        let row = |r: &Row<'_>| Ok((r.get(0)?, r.get(1)?));
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.query_map([scope], row)?.collect()))
    }

    /// Something was said and holds; `None`: it holds no more.
    pub fn set_said(&self, scope: &str, about: &str, body: Option<&str>) -> Result<(), DbError> {
        let done = match body {
            Some(body) => self.db.execute("INSERT OR REPLACE INTO said VALUES (?1, ?2, ?3)", (scope, about, body)),
            None => self.db.execute("DELETE FROM said WHERE scope = ?1 AND about = ?2", (scope, about)),
        };
        self.sql(done.map(drop))
    }

    /// Up to where the audit ledger was read for a scope.
    pub fn cursor(&self, scope: &str) -> Result<Option<i64>, DbError> {
        let query = "SELECT seq FROM cursors WHERE scope = ?1";
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.query_row([scope], |r| r.get(0)).optional()))
    }

    /// Notes up to where.
    pub fn set_cursor(&self, scope: &str, seq: i64) -> Result<(), DbError> {
        self.sql(self.db.execute("INSERT OR REPLACE INTO cursors VALUES (?1, ?2)", (scope, seq)).map(drop))
    }
}

fn row(r: &Row<'_>) -> rusqlite::Result<OutboxRow> {
    Ok(OutboxRow {
        id: r.get(0)?,
        receiver: r.get(1)?,
        key: r.get(2)?,
        about: r.get(3)?,
        body: r.get(4)?,
        state: Standing::named(&r.get::<_, String>(5)?),
        attempts: r.get(6)?,
        why: r.get(7)?,
        created_at: r.get(8)?,
        next_at: r.get(9)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::StateDir;

    fn put<'a>(key: &'a str, about: &'a str) -> Put<'a> {
        Put { receiver: "a", key, about, body: "{}", state: Standing::Pending }
    }

    #[test]
    fn notices_of_one_thing_go_in_order_and_stand_once() {
        let dir = tempfile::tempdir().unwrap();
        let control = Control::open(&StateDir::at(dir.path())).unwrap();
        for (key, about) in [("1", "x"), ("2", "x"), ("3", "y"), ("1", "x")] {
            control.put_notice("s", &put(key, about), 10).unwrap();
        }
        let due = |now| {
            let rows = control.due_notices("s", "a", now).unwrap();
            rows.into_iter().map(|row| (row.id, row.key)).collect::<Vec<_>>()
        };
        let keys = |now| due(now).into_iter().map(|(_, key)| key).collect::<Vec<_>>();
        assert_eq!(keys(10), ["3", "1"]);
        let first = due(10)[1].0;
        control.notice_tried(first, Standing::Pending, Some("refused"), 50).unwrap();
        assert_eq!(keys(10), ["3"], "the second waits for the first");
        control.notice_tried(first, Standing::Sent, None, 50).unwrap();
        assert_eq!(keys(10), ["3", "2"]);
        assert!(control.due_notices("other", "a", 99).unwrap().is_empty());
        assert_eq!(control.told_about("s", "x").unwrap(), ["a"]);
        assert_eq!(control.tidy_outbox("s", 11, 11, 0).unwrap(), 2, "two expired");
        let left = control.notices(true, 9).unwrap();
        assert!(left.len() == 2 && left.iter().all(|row| row.state == Standing::Failed), "{left:?}");
        let backlog = control.backlog("s").unwrap();
        assert_eq!((backlog.len(), backlog[0].count, backlog[0].oldest), (1, 2, 10));
    }

    #[test]
    fn what_holds_is_kept_until_it_holds_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let control = Control::open(&StateDir::at(dir.path())).unwrap();
        control.set_firing(("s", "a", "x"), Some("1"), 5).unwrap();
        control.set_firing(("s", "a", "x"), Some("2"), 6).unwrap();
        assert_eq!(control.firing("s", "a").unwrap(), [("x".into(), "2".into(), 6)]);
        control.set_firing(("s", "a", "x"), None, 7).unwrap();
        assert!(control.firing("s", "a").unwrap().is_empty());
        control.set_said("s", "x", Some("1")).unwrap();
        assert_eq!(control.said("s").unwrap(), [("x".into(), "1".into())]);
        control.set_said("s", "x", None).unwrap();
        control.set_cursor("s", 7).unwrap();
        assert!(control.said("s").unwrap().is_empty() && control.cursor("s").unwrap() == Some(7));
    }
}

//! Tables of fleet health: the newest report of each probe, the last raw answers, who polls, and what is asked for. What a
//! report holds is for `health` to say. All of it is a cache: lost rows are measured again.

use super::db::alone;
use super::{DbError, Index};
use rusqlite::{Connection, OptionalExtension, named_params};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthRow {
    /// Host; empty: measured once for all.
    pub host: String,
    pub probe: String,
    pub data: Vec<u8>,
    /// The raw answer and when it came (Unix milliseconds).
    pub raw: Option<(i64, Vec<u8>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollerRow {
    /// A name that no other poller has.
    pub holder: String,
    /// Who that is, for people.
    pub who: String,
    /// Since when (milliseconds since boot).
    pub since: i64,
    /// Until when, unless it says so again (milliseconds since boot).
    pub until: i64,
}

impl Index {
    /// Writes reports and their raw answers, of which the last `keep` stay. False: `holder` is not the poller (any more) by
    /// the lease of that name, and nothing was written.
    pub fn put_health(
        &self,
        (scope, lease): (&str, &str),
        holder: &str,
        rows: &[HealthRow],
        now: i64,
        keep: u32,
    ) -> Result<bool, DbError> {
        self.ask(|db| alone(db, |e| e, || put_rows(db, (scope, lease), holder, rows, now, keep)))
    }

    /// Reports that were written at or after this moment (Unix milliseconds).
    pub fn health(&self, scope: &str, since: i64) -> Result<Vec<Vec<u8>>, DbError> {
        let query = "SELECT data FROM health WHERE scope = ?1 AND written >= ?2 ORDER BY host, probe";
        self.ask(|db| db.prepare_cached(query)?.query_map((scope, since), |r| r.get(0))?.collect())
    }

    /// Raw answers of a probe, newest first.
    pub fn health_raw(&self, scope: &str, host: &str, probe: &str, most: u32) -> Result<Vec<Vec<u8>>, DbError> {
        let query =
            "SELECT data FROM health_raw WHERE scope = ?1 AND host = ?2 AND probe = ?3 ORDER BY at DESC LIMIT ?4";
        let params = (scope, host, probe, most);
        self.ask(|db| db.prepare_cached(query)?.query_map(params, |r| r.get(0))?.collect())
    }

    /// Forgets what nobody has written for long.
    pub fn forget_health(&self, scope: &str, before: i64) -> Result<(), DbError> {
        self.ask(|db| {
            db.execute("DELETE FROM health WHERE scope = ?1 AND written < ?2", (scope, before))?;
            db.execute("DELETE FROM health_raw WHERE scope = ?1 AND at < ?2", (scope, before)).map(drop)
        })
    }

    /// Forgets what readers wanted before that moment, and all leases of a scope that have another name than
    /// this one: the scope itself, or what follows it behind a unit separator.
    pub fn forget_leases(&self, scope: &str, lease: &str, before: i64) -> Result<(), DbError> {
        let other = "(scope = ?1 OR substr(scope, 1, length(?1) + 1) = ?1 || char(31)) AND scope <> ?2";
        self.ask(|db| {
            db.execute("DELETE FROM health_wanted WHERE scope = ?1 AND until < ?2", (lease, before))?;
            db.execute(&format!("DELETE FROM health_wanted WHERE {other}"), (scope, lease))?;
            db.execute(&format!("DELETE FROM health_poller WHERE {other}"), (scope, lease)).map(drop)
        })
    }

    /// Becomes the poller of a scope, or stays it, until then; `None`. Else who it is. A poller whose time ended, or that
    /// took more than `longest`, is none.
    pub fn take_poller(
        &self,
        scope: &str,
        poller: &PollerRow,
        now: i64,
        longest: i64,
    ) -> Result<Option<PollerRow>, DbError> {
        let query = "INSERT INTO health_poller (scope, holder, who, since, until)
                     VALUES (:scope, :holder, :who, :since, :until)
                     ON CONFLICT (scope) DO UPDATE SET
                         since = CASE holder WHEN excluded.holder THEN since ELSE excluded.since END,
                         holder = excluded.holder, who = excluded.who, until = excluded.until
                     WHERE holder = excluded.holder OR until <= :now OR until > :now + :longest";
        let PollerRow { holder, who, since, until } = poller;
        let changed = self.ask(|db| {
            db.prepare_cached(query)?.execute(named_params! {
                ":scope": scope, ":holder": holder, ":who": who, ":since": since, ":until": until, ":now": now,
                ":longest": longest,
            })
        })?;
        if changed == 1 { Ok(None) } else { self.poller(scope) }
    }

    /// Who polls a scope, or last did.
    pub fn poller(&self, scope: &str) -> Result<Option<PollerRow>, DbError> {
        let query = "SELECT holder, who, since, until FROM health_poller WHERE scope = ?1";
        let row = |r: &rusqlite::Row<'_>| {
            Ok(PollerRow { holder: r.get(0)?, who: r.get(1)?, since: r.get(2)?, until: r.get(3)? })
        };
        self.ask(|db| db.prepare_cached(query)?.query_row([scope], row).optional())
    }

    /// Is the poller no more.
    pub fn free_poller(&self, scope: &str, holder: &str) -> Result<(), DbError> {
        let query = "DELETE FROM health_poller WHERE scope = ?1 AND holder = ?2";
        self.ask(|db| db.execute(query, (scope, holder)).map(drop))
    }

    /// A reader wants these hosts (`None`: all) to be asked until then; a moment that has passed: no longer.
    pub fn want_health(&self, scope: &str, reader: &str, hosts: Option<&str>, until: i64) -> Result<(), DbError> {
        let query = "INSERT OR REPLACE INTO health_wanted (scope, reader, hosts, until) VALUES (?1, ?2, ?3, ?4)";
        self.ask(|db| db.prepare_cached(query)?.execute((scope, reader, hosts, until)).map(drop))
    }

    /// What readers want now. Whoever wants it for more than `longest` wants nothing.
    pub fn health_wanted(&self, scope: &str, now: i64, longest: i64) -> Result<Vec<Option<String>>, DbError> {
        let query = "SELECT hosts FROM health_wanted WHERE scope = ?1 AND until > ?2 AND until <= ?2 + ?3";
        self.ask(|db| db.prepare_cached(query)?.query_map((scope, now, longest), |r| r.get(0))?.collect())
    }
}

fn put_rows(
    db: &Connection,
    (scope, lease): (&str, &str),
    holder: &str,
    rows: &[HealthRow],
    now: i64,
    keep: u32,
) -> rusqlite::Result<bool> {
    let query = "SELECT EXISTS (SELECT 1 FROM health_poller WHERE scope = ?1 AND holder = ?2)";
    if !db.prepare_cached(query)?.query_row((lease, holder), |r| r.get(0))? {
        return Ok(false);
    }
    let mut latest = db.prepare_cached("INSERT OR REPLACE INTO health VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut raw = db.prepare_cached("INSERT OR REPLACE INTO health_raw VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut old = db.prepare_cached(
        "DELETE FROM health_raw WHERE scope = ?1 AND host = ?2 AND probe = ?3 AND at <= (
             SELECT at FROM health_raw WHERE scope = ?1 AND host = ?2 AND probe = ?3
             ORDER BY at DESC LIMIT 1 OFFSET ?4)",
    )?;
    // Of a clock that was set back: they would be the newest for as long as that takes.
    let mut ahead =
        db.prepare_cached("DELETE FROM health_raw WHERE scope = ?1 AND host = ?2 AND probe = ?3 AND at > ?4")?;
    for row in rows {
        latest.execute((scope, &row.host, &row.probe, now, &row.data))?;
        if let Some((at, data)) = &row.raw {
            ahead.execute((scope, &row.host, &row.probe, now.max(*at)))?;
            raw.execute((scope, &row.host, &row.probe, at, data))?;
            old.execute((scope, &row.host, &row.probe, keep))?;
        }
    }
    Ok(true)
}

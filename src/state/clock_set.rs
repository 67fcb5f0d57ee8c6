//! What control.db keeps from one look to the next is in wall time, so that people can read it, and moves with that clock
//! where it was set: no duration gets longer or shorter.

use super::clock::{ahead, wall};
use super::identity::boot_id;
use super::{Control, DbError};
use rusqlite::OptionalExtension;
use serde_json::Value;
use std::sync::OnceLock;

/// A difference that is no step (milliseconds).
const STEP: i64 = 2_000;
/// Moments in the bodies of breakers and incidents, by their names. What a person said of a breaker is of the calendar.
const MOMENTS: [&str; 9] = ["since", "opened", "well", "called_at", "silenced", "at", "began", "ended", "until"];
const OF_THE_CALENDAR: &str = "forced";

/// By which clock moments were written.
struct Kept {
    boot: String,
    ahead: i64,
}

impl Control {
    /// Brings the moments from which durations are counted into step with the wall clock, if that was set since the last look.
    /// What people named by the calendar (silences, their word over a breaker) stays. Between two boots nobody can tell how
    /// long it was but the wall clock itself: then what lies in the future is moved to this moment. Call it before deciding
    /// anything by them.
    ///
    /// # Errors
    /// control.db cannot be read, or not be written.
    pub fn in_step(&self) -> Result<(), DbError> {
        // Of which boot it is cannot be told: then the wall clock is all that there is.
        let Some(now) = Kept::now().filter(|_| !self.is_fixed()) else { return Ok(()) };
        if self.kept()?.is_some_and(|kept| kept.step(&now).is_some_and(|by| by.abs() < STEP)) {
            return Ok(());
        }
        let moved = self.alone(|| {
            self.sql(self.db.execute_batch(
                "CREATE TABLE IF NOT EXISTS clock (boot TEXT NOT NULL, ahead INTEGER NOT NULL) STRICT",
            ))?;
            // Another process may have been first.
            let (by, latest) = match self.kept()?.map(|kept| kept.step(&now)) {
                Some(Some(by)) if by.abs() < STEP => return Ok(()),
                Some(Some(by)) => {
                    tracing::warn!("the wall clock was set by {} s: durations go on as they were", by / 1_000);
                    (by, i64::MAX)
                }
                Some(None) | None => (0, wall()),
            };
            self.move_rows(by, latest)?;
            self.move_bodies("breakers", by, latest)?;
            self.move_bodies("recovery_incidents", by, latest)?;
            self.sql(self.db.execute("DELETE FROM clock", []))?;
            self.sql(self.db.execute("INSERT INTO clock VALUES (?1, ?2)", (&now.boot, now.ahead)).map(drop))
        });
        match moved {
            // Whoever only looks moves nothing.
            Err(DbError::LookOnly(_)) => Ok(()),
            other => other,
        }
    }

    fn kept(&self) -> Result<Option<Kept>, DbError> {
        let there = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'clock')";
        if !self.sql(self.db.prepare_cached(there).and_then(|mut q| q.query_row([], |r| r.get::<_, bool>(0))))? {
            return Ok(None);
        }
        let row = |r: &rusqlite::Row<'_>| Ok(Kept { boot: r.get(0)?, ahead: r.get(1)? });
        self.sql(
            self.db.prepare_cached("SELECT boot, ahead FROM clock").and_then(|mut q| q.query_row([], row).optional()),
        )
    }

    fn move_rows(&self, by: i64, latest: i64) -> Result<(), DbError> {
        for query in [
            "UPDATE recovery_tokens SET at = min(at + ?1, ?2)",
            "UPDATE recovery_switches SET at = min(at + ?1, ?2)",
            "UPDATE outbox SET created_at = min(created_at + ?1, ?2), next_at = min(next_at + ?1, ?2) WHERE state = 'pending'",
            "UPDATE firing SET told_at = min(told_at + ?1, ?2)",
        ] {
            self.sql(self.db.execute(query, (by, latest)))?;
        }
        Ok(())
    }

    fn move_bodies(&self, table: &str, by: i64, latest: i64) -> Result<(), DbError> {
        let query = format!("SELECT rowid, body FROM {table}");
        let rows: Vec<(i64, String)> = self.sql(
            self.db.prepare(&query).and_then(|mut q| q.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()),
        )?;
        for (id, body) in rows {
            // What cannot be read is said by whoever needs it.
            let Some(body) = moved(&body, by, latest) else { continue };
            let query = format!("UPDATE {table} SET body = ?2 WHERE rowid = ?1");
            self.sql(self.db.execute(&query, (id, body)))?;
        }
        Ok(())
    }
}

impl Kept {
    fn now() -> Option<Kept> {
        static BOOT: OnceLock<String> = OnceLock::new();
        let boot = BOOT.get_or_init(boot_id).clone();
        (!boot.is_empty()).then(|| Kept { boot, ahead: ahead() })
    }

    /// How far the wall clock was set since; `None`: in another boot.
    fn step(&self, now: &Kept) -> Option<i64> {
        (self.boot == now.boot).then(|| now.ahead - self.ahead)
    }
}

/// A body whose moments are moved, all by as much: so far that what has been lies no later than `latest`.
fn moved(body: &str, by: i64, latest: i64) -> Option<String> {
    let mut body: Value = serde_json::from_str(body).ok()?;
    let mut newest = i64::MIN;
    each(&mut body, &mut |name, at| {
        newest = if name == "until" { newest } else { newest.max(at) };
        at
    });
    let by = by.saturating_add(latest.saturating_sub(newest.saturating_add(by)).min(0));
    if by == 0 || newest == i64::MIN {
        return None;
    }
    each(&mut body, &mut |_, at| at.saturating_add(by));
    Some(body.to_string())
}

/// Each moment in a body; 0 is none.
fn each(body: &mut Value, change: &mut impl FnMut(&str, i64) -> i64) {
    match body {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut().filter(|(name, _)| *name != OF_THE_CALENDAR) {
                match value.as_i64() {
                    Some(at) if at != 0 && MOMENTS.contains(&name.as_str()) => *value = change(name, at).into(),
                    Some(_) => {}
                    None => each(value, change),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| each(value, change)),
        _ => {}
    }
}

#[cfg(test)]
#[path = "clock_set_tests.rs"]
mod tests;

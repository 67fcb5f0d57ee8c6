//! Silences that people set, one row each. What a target means is the business of `health::silence`; here it is only kept.

use super::{Control, DbError};
use serde::Serialize;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SilenceRow {
    pub environment: String,
    /// What is silenced, as people type it.
    pub target: String,
    /// Until when (Unix milliseconds).
    pub until: i64,
    pub operator: String,
    pub reason: String,
    /// When it was set (Unix milliseconds).
    pub at: i64,
}

impl Control {
    /// Those that hold at a moment (Unix milliseconds), of an environment or of all.
    pub fn silences(&self, environment: Option<&str>, now: i64) -> Result<Vec<SilenceRow>, DbError> {
        let query = "SELECT environment, target, until, operator, reason, at FROM silences
                     WHERE (?1 IS NULL OR environment = ?1) AND until > ?2 ORDER BY environment, target";
        let row = |r: &rusqlite::Row<'_>| {
            Ok(SilenceRow {
                environment: r.get(0)?,
                target: r.get(1)?,
                until: r.get(2)?,
                operator: r.get(3)?,
                reason: r.get(4)?,
                at: r.get(5)?,
            })
        };
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.query_map((environment, now), row)?.collect()))
    }

    /// Sets silences, each in place of one of the same target. Those that are over are forgotten.
    pub fn put_silences(&self, rows: &[SilenceRow], now: i64) -> Result<(), DbError> {
        let query = "INSERT OR REPLACE INTO silences (environment, target, until, operator, reason, at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.alone(|| {
            self.sql((|| {
                self.db.execute("DELETE FROM silences WHERE until <= ?1", [now])?;
                let mut put = self.db.prepare_cached(query)?;
                rows.iter().try_for_each(|r| {
                    put.execute((&r.environment, &r.target, r.until, &r.operator, &r.reason, r.at)).map(drop)
                })
            })())
        })
    }

    pub fn lift_silences(&self, environment: &str, targets: &[String]) -> Result<(), DbError> {
        let query = "DELETE FROM silences WHERE environment = ?1 AND target = ?2";
        let lift = |target: &String| self.sql(self.db.execute(query, (environment, target)).map(drop));
        self.alone(|| targets.iter().try_for_each(lift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::StateDir;

    #[test]
    fn a_silence_stands_once_ends_by_itself_and_can_be_lifted() {
        let dir = tempfile::tempdir().unwrap();
        let control = Control::open(&StateDir::at(dir.path())).unwrap();
        let row = |environment: &str, target: &str, until| SilenceRow {
            environment: environment.into(),
            target: target.into(),
            until,
            operator: "ann".into(),
            reason: "switch is replaced".into(),
            at: 1,
        };
        control.put_silences(&[row("prod", "w1", 10), row("prod", "w2", 50), row("dev", "w1", 50)], 1).unwrap();
        control.put_silences(&[row("prod", "w1", 20)], 2).unwrap();
        assert_eq!(control.silences(Some("prod"), 19).unwrap(), [row("prod", "w1", 20), row("prod", "w2", 50)]);
        assert_eq!(control.silences(Some("prod"), 20).unwrap(), [row("prod", "w2", 50)]);
        control.lift_silences("prod", &["w2".into()]).unwrap();
        assert_eq!(control.silences(None, 20).unwrap(), [row("dev", "w1", 50)]);
    }
}

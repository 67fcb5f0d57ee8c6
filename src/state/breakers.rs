//! Circuit breakers, one row each. What stands in a body is the business of `health::breaker`; here it is only kept, and
//! changed by one process at a time.

use super::{Control, DbError};
use rusqlite::OptionalExtension;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerRow {
    /// What it is about: `transport:production/web1`.
    pub key: String,
    /// Environment, where it belongs to one.
    pub environment: Option<String>,
    /// The breaker, as JSON.
    pub body: String,
}

impl Control {
    /// All breakers by key, or those of an environment and those that belong to none.
    pub fn breakers(&self, environment: Option<&str>) -> Result<Vec<BreakerRow>, DbError> {
        let query = "SELECT key, environment, body FROM breakers
                     WHERE ?1 IS NULL OR environment IS NULL OR environment = ?1 ORDER BY key";
        self.sql(self.db.prepare_cached(query).and_then(|mut q| {
            let row =
                |r: &rusqlite::Row<'_>| Ok(BreakerRow { key: r.get(0)?, environment: r.get(1)?, body: r.get(2)? });
            q.query_map([environment], row)?.collect()
        }))
    }

    pub fn breaker(&self, key: &str) -> Result<Option<String>, DbError> {
        let query = "SELECT body FROM breakers WHERE key = ?1";
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.query_row([key], |r| r.get(0)).optional()))
    }

    /// Writes breakers, replacing those that are there: all of them, or none.
    pub fn put_breakers(&self, rows: &[BreakerRow]) -> Result<(), DbError> {
        let query = "INSERT OR REPLACE INTO breakers (key, environment, body) VALUES (?1, ?2, ?3)";
        self.alone(|| {
            self.sql(self.db.prepare_cached(query).and_then(|mut q| {
                rows.iter().try_for_each(|row| q.execute((&row.key, &row.environment, &row.body)).map(drop))
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::StateDir;

    #[test]
    fn rows_are_kept_by_key_and_a_failure_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let control = Control::open(&StateDir::at(dir.path())).unwrap();
        let row = |key: &str, environment: Option<&str>| BreakerRow {
            key: key.into(),
            environment: environment.map(str::to_owned),
            body: "{}".into(),
        };
        let rows = [row("fleet:prod", Some("prod")), row("endpoint:http://x", None), row("fleet:dev", Some("dev"))];
        control.alone(|| control.put_breakers(&rows)).unwrap();
        let keys = |of| control.breakers(of).unwrap().into_iter().map(|r| r.key).collect::<Vec<_>>();
        assert_eq!(keys(Some("prod")), ["endpoint:http://x", "fleet:prod"]);
        assert_eq!(keys(None).len(), 3);
        let failed: Result<(), DbError> = control.alone(|| {
            control.put_breakers(&[row("fleet:new", None)])?;
            Err(DbError::Io(std::io::Error::other("no")))
        });
        assert!(failed.is_err() && control.breaker("fleet:new").unwrap().is_none());
        assert_eq!(control.breaker("fleet:dev").unwrap().as_deref(), Some("{}"));
    }
}

//! Stopped lines: environments in which a person said that no release begins or goes on. By name alone: two copies of a
//! project mean the same environment.

use super::{Control, DbError};
use serde::Serialize;

/// A line that is stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub environment: String,
    pub reason: String,
    pub operator: String,
    /// When (Unix milliseconds).
    pub at: i64,
}

impl Control {
    /// Stops a line. One that is stopped already keeps who stopped it first; false then.
    pub fn stop_line(&self, line: &Line) -> Result<bool, DbError> {
        let query = "INSERT INTO lines (environment, reason, operator, at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (environment) DO NOTHING";
        let params = (&line.environment, &line.reason, &line.operator, line.at);
        Ok(self.sql(self.db.execute(query, params))? > 0)
    }

    /// Opens a line; false where it was not stopped.
    pub fn open_line(&self, environment: &str) -> Result<bool, DbError> {
        Ok(self.sql(self.db.execute("DELETE FROM lines WHERE environment = ?1", [environment]))? > 0)
    }

    /// All lines that are stopped, by name.
    pub fn stopped_lines(&self) -> Result<Vec<Line>, DbError> {
        let query = "SELECT environment, reason, operator, at FROM lines ORDER BY environment";
        self.sql(self.db.prepare_cached(query).and_then(|mut q| {
            let row = |r: &rusqlite::Row<'_>| {
                Ok(Line { environment: r.get(0)?, reason: r.get(1)?, operator: r.get(2)?, at: r.get(3)? })
            };
            q.query_map([], row)?.collect()
        }))
    }
}

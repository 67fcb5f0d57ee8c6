//! The outbox for whoever follows it: what came in since, for a receiver that takes it from there by itself.

use super::{Control, DbError};

impl Control {
    /// The place of the newest notice of all; 0: there is none.
    pub fn newest_notice(&self) -> Result<i64, DbError> {
        let query = "SELECT coalesce(max(id), 0) FROM outbox";
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.query_row([], |r| r.get(0))))
    }

    /// Notices of a receiver behind a place in the order, the oldest first: their places and bodies; at most 1000.
    pub fn notices_since(&self, scope: &str, receiver: &str, after: i64) -> Result<Vec<(i64, String)>, DbError> {
        let query = "SELECT id, body FROM outbox WHERE scope = ?1 AND receiver = ?2 AND id > ?3 ORDER BY id LIMIT 1000";
        let row = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, r.get(1)?));
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.query_map((scope, receiver, after), row)?.collect()))
    }
}

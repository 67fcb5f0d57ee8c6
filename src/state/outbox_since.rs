//! The outbox for whoever follows it: what came in since, for a receiver that takes it from there by itself; what no receiver
//! took.

use super::outbox::Backlog;
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

    /// What no receiver took, of all scopes, by receiver: what was tried in vain or waits since before `stuck`, and what was
    /// given up and put in after `given_up` (Unix milliseconds).
    pub fn undelivered(&self, stuck: i64, given_up: i64) -> Result<Vec<Backlog>, DbError> {
        // Two halves, so that the partial index serves the first.
        let query = "SELECT receiver, state, count(*), min(created_at) FROM (
                         SELECT receiver, state, created_at FROM outbox
                         WHERE state = 'pending' AND (attempts > 0 OR created_at < ?1)
                         UNION ALL SELECT receiver, state, created_at FROM outbox
                         WHERE state = 'failed' AND created_at > ?2)
                     GROUP BY receiver, state ORDER BY receiver, state";
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.query_map([stuck, given_up], Backlog::of)?.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::StateDir;
    use crate::state::outbox::{Put, Standing};

    #[test]
    fn undelivered_is_what_was_tried_in_vain_waits_for_long_or_was_given_up_lately() {
        let dir = tempfile::tempdir().unwrap();
        let control = Control::open(&StateDir::at(dir.path())).unwrap();
        let put = |key: &str, state, at| {
            let put = Put { receiver: "chat", key, about: key, body: "{}", state };
            control.put_notice("s", &put, at).unwrap();
        };
        put("given up long ago", Standing::Failed, 1);
        put("given up", Standing::Failed, 60);
        put("stuck", Standing::Pending, 70);
        put("told", Standing::Sent, 71);
        put("refused", Standing::Pending, 90);
        put("fresh", Standing::Pending, 95);
        let found = || {
            let all = control.undelivered(80, 50).unwrap().into_iter();
            all.map(|of| (of.state, of.count, of.oldest)).collect::<Vec<_>>()
        };
        assert_eq!(found(), [(Standing::Failed, 1, 60), (Standing::Pending, 1, 70)]);
        let refused = control.notices(true, 9).unwrap().into_iter().find(|row| row.key == "refused").unwrap();
        control.notice_tried(refused.id, Standing::Pending, Some("500"), 91).unwrap();
        assert_eq!(found(), [(Standing::Failed, 1, 60), (Standing::Pending, 2, 70)]);
    }
}

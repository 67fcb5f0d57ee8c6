//! Leases: who works on which hosts. Each has a fencing token that only grows. Nothing here expires by time:
//! whoever frees another's lease must have seen that it is dead.

use super::{Control, DbError};
use rusqlite::OptionalExtension;
use std::path::Path;
use uuid::Uuid;

/// A lease that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Fencing token: larger than that of every lease before it.
    pub token: i64,
    /// The run that holds it.
    pub run: Uuid,
    /// Hosts; `None`: not known, so it may be any.
    pub hosts: Option<Vec<String>>,
    /// Since when (Unix milliseconds).
    pub taken_at: i64,
}

/// What `Control::take_lease` came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// Ours now (or ours already).
    Got { token: i64, new: bool },
    /// Another run holds some of these hosts.
    HeldBy(Lease),
}

/// True if two scopes (paths, one a line) have hosts in common: a path of one is a path of the other, or holds it.
pub fn touch(a: &str, b: &str) -> bool {
    let holds = |a: &str, b: &str| Path::new(a).starts_with(b) || Path::new(b).starts_with(a);
    a.lines().any(|a| b.lines().any(|b| holds(a, b)))
}

impl Lease {
    /// True if both may touch the same host. What is not known overlaps.
    pub fn overlaps(&self, hosts: Option<&[String]>) -> bool {
        match (&self.hosts, hosts) {
            (Some(mine), Some(theirs)) => {
                let mine: std::collections::HashSet<&str> = mine.iter().map(String::as_str).collect();
                theirs.iter().any(|h| mine.contains(h.as_str()))
            }
            _ => true,
        }
    }
}

impl Control {
    /// Takes a lease on hosts of a scope (paths of an environment's inventory, one a line), unless another run's overlaps.
    /// Asking again for the same run gives the same token.
    pub fn take_lease(&self, run: Uuid, scope: &str, hosts: Option<&[String]>, now: i64) -> Result<Taken, DbError> {
        self.alone(|| self.take_in_transaction(run, scope, hosts, now))
    }

    fn take_in_transaction(
        &self,
        run: Uuid,
        scope: &str,
        hosts: Option<&[String]>,
        now: i64,
    ) -> Result<Taken, DbError> {
        for lease in self.leases(scope)? {
            if lease.run == run {
                return Ok(Taken::Got { token: lease.token, new: false });
            }
            if lease.overlaps(hosts) {
                return Ok(Taken::HeldBy(lease));
            }
        }
        let json = hosts.map(|h| serde_json::to_string(h).unwrap_or_default());
        // Larger than all before it, also of a control.db that was put in the place of this one.
        let query = "INSERT INTO leases (token, run, scope, hosts, taken_at) VALUES
            (max(?4, (SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'leases')), ?1, ?2, ?3, ?4)";
        self.sql(self.db.execute(query, (run.to_string(), scope, json, now)))?;
        Ok(Taken::Got { token: self.db.last_insert_rowid(), new: true })
    }

    /// Leases of a scope and of those that have hosts in common with it, oldest first.
    pub fn leases(&self, scope: &str) -> Result<Vec<Lease>, DbError> {
        let query = "SELECT token, run, hosts, scope, taken_at FROM leases ORDER BY token";
        let all: Vec<(Lease, String)> = self.sql(self.db.prepare_cached(query).and_then(|mut q| {
            q.query_map([], |r| {
                let (run, hosts): (String, Option<String>) = (r.get(1)?, r.get(2)?);
                // What cannot be read is not known, and what is not known overlaps.
                let lease = Lease {
                    token: r.get(0)?,
                    run: Uuid::parse_str(&run).unwrap_or_default(),
                    hosts: hosts.and_then(|h| serde_json::from_str(&h).ok()),
                    taken_at: r.get(4)?,
                };
                Ok((lease, r.get(3)?))
            })?
            .collect()
        }))?;
        Ok(all.into_iter().filter(|(_, held)| touch(held, scope)).map(|(lease, _)| lease).collect())
    }

    /// True if this run holds a lease with this token: what a fenced step asks before it begins.
    pub fn is_held(&self, run: Uuid, token: i64) -> Result<bool, DbError> {
        let query = "SELECT EXISTS (SELECT 1 FROM leases WHERE run = ?1 AND token = ?2)";
        self.sql(self.db.query_row(query, (run.to_string(), token), |r| r.get(0)))
    }

    /// Frees the lease of a run, if it holds one; gives its token. With a `token` only that one: whoever saw it there frees no
    /// lease that the run took since.
    pub fn free_lease(&self, run: Uuid, token: Option<i64>) -> Result<Option<i64>, DbError> {
        let query = "DELETE FROM leases WHERE run = ?1 AND (?2 IS NULL OR token = ?2) RETURNING token";
        self.sql(self.db.query_row(query, (run.to_string(), token), |r| r.get(0)).optional())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::StateDir;

    fn hosts(names: &[&str]) -> Vec<String> {
        names.iter().map(|&n| n.to_owned()).collect()
    }

    #[test]
    fn overlapping_hosts_wait_and_others_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let control = Control::open(&StateDir::at(dir.path())).unwrap();
        let (a, b) = (Uuid::now_v7(), Uuid::now_v7());
        let take = |run, scope: &str, h: Option<&[String]>| control.take_lease(run, scope, h, 0).unwrap();
        let Taken::Got { token, new: true } = take(a, "prod", Some(&hosts(&["w1", "w2"]))) else { panic!() };
        assert_eq!(
            take(a, "prod", Some(&hosts(&["w1"]))),
            Taken::Got { token, new: false },
            "asking again is no second lease"
        );
        assert!(matches!(take(b, "prod", Some(&hosts(&["w2"]))), Taken::HeldBy(l) if l.run == a));
        assert!(matches!(take(b, "prod", None), Taken::HeldBy(_)), "unknown hosts overlap");
        let Taken::Got { token: other, new: true } = take(b, "prod", Some(&hosts(&["w3"]))) else { panic!() };
        assert!(other > token);
        assert!(control.is_held(a, token).unwrap() && !control.is_held(b, token).unwrap());
        assert_eq!(control.free_lease(a, Some(token + 100)).unwrap(), None, "another lease than the one that was seen");
        control.free_lease(a, Some(token)).unwrap();
        assert!(!control.is_held(a, token).unwrap());
        control.free_lease(b, None).unwrap();
        let Taken::Got { token: later, new: true } = take(b, "prod", None) else { panic!() };
        assert!(later > other, "tokens grow even when leases were freed");
        assert!(matches!(take(a, "staging", None), Taken::Got { .. }));
    }

    #[test]
    fn scopes_touch_where_one_lies_in_the_other_and_not_by_their_letters() {
        for (a, b, expected) in [
            ("/p/staging", "/p/staging", true),
            ("/p/staging/hosts.ini", "/p/staging", true),
            ("/p", "/q\n/p/staging", true),
            ("/p/staging", "/p/staging-2", false),
            ("/p/staging\n/p/x", "/p/production", false),
        ] {
            assert_eq!((touch(a, b), touch(b, a)), (expected, expected), "{a:?} {b:?}");
        }
    }
}

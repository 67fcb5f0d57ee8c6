//! What was written, read again only where it is new: for whoever shows how things are while another polls.

use super::board::Board;
use super::record::Report;
use super::silence::Silences;
use super::store::Store;
use crate::state::DbError;
use std::collections::{BTreeMap, BTreeSet};

/// What was written so shortly before the last reading is read again (milliseconds): it may have been on its way.
const OVERLAP: i64 = 5_000;

/// What was ever written, and when it was read.
#[derive(Debug)]
pub struct Reader {
    store: Store,
    all: BTreeMap<(Option<String>, String), Report>,
    /// The store's version then, and the moment.
    read: Option<(i64, i64)>,
}

impl Reader {
    /// Of a store, nothing read yet.
    pub fn new(store: Store) -> Self {
        Reader { store, all: BTreeMap::new(), read: None }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Reads what is new. False: nobody wrote anything since the last time. `now`: Unix milliseconds.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn read(&mut self, now: i64) -> Result<bool, DbError> {
        let version = self.store.version()?;
        let since = match self.read {
            Some((before, _)) if before == version => return Ok(false),
            // A clock that was set back: what was written since is older than what was read.
            Some((_, read)) if now >= read => read - OVERLAP,
            Some(_) | None => 0,
        };
        let reports = self.store.reports(since)?;
        self.read = Some((version, now));
        self.all.extend(reports.into_iter().map(|report| ((report.host.clone(), report.probe.clone()), report)));
        Ok(true)
    }

    /// The hosts of which anything was ever written.
    pub fn hosts(&self) -> BTreeSet<&str> {
        self.all.keys().filter_map(|(host, _)| host.as_deref()).collect()
    }

    /// When a probe of a host was last asked (Unix milliseconds).
    pub fn asked(&self, key: &(Option<String>, String)) -> Option<i64> {
        self.all.get(key).map(|report| report.at)
    }

    /// The picture of some hosts at a moment, in their order.
    pub fn board(&self, hosts: &[String], silences: &Silences, now: i64) -> Board {
        Board::new(self.all.values(), hosts, silences, now)
    }
}

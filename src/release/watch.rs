//! A release as its run's files tell it, followed from outside: for verbs. Needs no supervisor, and works on a copied folder.

use super::alerts::Around;
use super::launch;
use super::state::Release;
use super::supervise::Body;
use super::votes;
use crate::run::Follower;
use crate::state::{RunDir, StateDir};
use std::io;

/// A release that is followed.
#[derive(Debug)]
pub struct Watched {
    pub run: Follower,
    pub body: Body,
    /// How far it has come.
    pub release: Release,
    /// Why it is shown no further than up to some event of its own.
    pub unread: Option<String>,
    folded: usize,
    /// Approvals that were held against the ledger.
    held: usize,
}

/// Why a run cannot be followed as a release.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("run {0} is no release: `opsdeck show {0}` tells what it is")]
    NoRelease(uuid::Uuid),
    #[error("run {run} holds what this version cannot read: {error}")]
    Unreadable {
        run: uuid::Uuid,
        /// What is wrong with it.
        error: serde_json::Error,
    },
}

impl Watched {
    /// Opens a run's folder and reads what is there.
    pub fn open(dir: &RunDir) -> Result<Watched, WatchError> {
        Self::of(Follower::open(dir)?)
    }

    /// Likewise for a run that is open already.
    pub fn of(run: Follower) -> Result<Watched, WatchError> {
        let id = run.spec.id;
        let body = launch::body(&run.spec).map_err(|error| WatchError::Unreadable { run: id, error })?;
        let body = body.ok_or(WatchError::NoRelease(id))?;
        let mut watched = Watched { run, body, release: Release::default(), unread: None, folded: 0, held: 0 };
        watched.fold();
        Ok(watched)
    }

    /// Takes in what the journal has gained.
    pub fn poll(&mut self) {
        self.run.poll();
        self.fold();
    }

    /// Holds the approvals against the ledger, if there are others than when last asked: those without a row are shown as
    /// such.
    ///
    /// # Errors
    /// The ledger cannot be read: which of them count cannot be told.
    pub fn hold(&mut self, store: &StateDir) -> Result<(), crate::audit::Error> {
        let count = self.release.approvals.len();
        if count != self.held {
            let unfounded = votes::unfounded(store, self.run.spec.id, &self.release)?;
            self.release.without_row(&unfounded);
            self.held = count;
        }
        Ok(())
    }

    /// What it touches, from when to when; to this moment (Unix milliseconds) while it goes on.
    pub fn around(&self, now: i64) -> Around<'_> {
        let until = self.run.state.ended_at().unwrap_or(now);
        Around { plan: &self.body.plan, from: self.run.spec.created_at, until }
    }

    fn fold(&mut self) {
        if self.run.state.own.len() < self.folded {
            // What it told before is not what it tells now.
            (self.release, self.unread, self.folded, self.held) = (Release::default(), None, 0, 0);
        }
        if self.unread.is_some() {
            return;
        }
        for (at, json) in self.run.state.own.iter().skip(self.folded) {
            match serde_json::from_str(json) {
                Ok(event) => {
                    self.release.apply(*at, &event);
                    self.folded += 1;
                }
                Err(e) => {
                    let journal = self.run.dir().journal();
                    self.unread = Some(format!(
                        "{}, event {} of the release: {e}; it is shown as it was before, and what comes after it is not known",
                        journal.display(),
                        self.folded + 1
                    ));
                    return;
                }
            }
        }
    }
}

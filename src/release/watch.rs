//! A release as its run's files tell it, followed from outside: for verbs. Needs no supervisor, and works on a copied folder.

use super::alerts::Around;
use super::launch;
use super::state::Release;
use super::supervise::Body;
use crate::run::Follower;
use crate::state::RunDir;
use std::io;

/// A release that is followed.
#[derive(Debug)]
pub struct Watched {
    /// Its run.
    pub run: Follower,
    /// What was frozen.
    pub body: Body,
    /// How far it has come.
    pub release: Release,
    folded: usize,
}

/// Why a run cannot be followed as a release.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// Its files.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("run {0} is no release: `opsdeck show {0}` tells what it is")]
    NoRelease(uuid::Uuid),
    /// Written by another version.
    #[error("run {run} holds what this version cannot read: {error}")]
    Unreadable {
        /// The run.
        run: uuid::Uuid,
        /// What is wrong with it.
        error: serde_json::Error,
    },
}

impl Watched {
    /// Opens a run's folder and reads what is there.
    ///
    /// # Errors
    /// See [`WatchError`].
    pub fn open(dir: &RunDir) -> Result<Watched, WatchError> {
        Self::of(Follower::open(dir)?)
    }

    /// Likewise for a run that is open already.
    ///
    /// # Errors
    /// See [`WatchError`].
    pub fn of(run: Follower) -> Result<Watched, WatchError> {
        let id = run.spec.id;
        let body = launch::body(&run.spec).map_err(|error| WatchError::Unreadable { run: id, error })?;
        let body = body.ok_or(WatchError::NoRelease(id))?;
        let mut watched = Watched { run, body, release: Release::default(), folded: 0 };
        watched.fold()?;
        Ok(watched)
    }

    /// Takes in what the journal has gained.
    ///
    /// # Errors
    /// It holds what this version cannot read.
    pub fn poll(&mut self) -> Result<(), WatchError> {
        self.run.poll();
        self.fold()
    }

    /// What it touches, from when to when; to this moment (Unix milliseconds) while it goes on.
    pub fn around(&self, now: i64) -> Around<'_> {
        let until = self.run.state.ended_at().unwrap_or(now);
        Around { plan: &self.body.plan, from: self.run.spec.created_at, until }
    }

    fn fold(&mut self) -> Result<(), WatchError> {
        for (at, event) in self.run.state.own.iter().skip(self.folded) {
            let event =
                serde_json::from_str(event).map_err(|error| WatchError::Unreadable { run: self.run.spec.id, error })?;
            self.release.apply(*at, &event);
            self.folded += 1;
        }
        Ok(())
    }
}

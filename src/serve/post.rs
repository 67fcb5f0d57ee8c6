//! One environment that is watched, and where its loop stands.

use super::Options;
use crate::health::store::scope;
use crate::project::Environment;
use crate::project::config::recovery::Policy;
use std::sync::{Mutex, PoisonError};

/// What it does in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Role {
    /// It has not looked yet.
    #[default]
    Begins,
    /// Another process acts: who, where that is known.
    Waits(Option<String>),
    Acts,
}

/// Where its loop stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stands {
    pub role: Role,
    /// When the last round that went well ended (Unix milliseconds).
    pub round: Option<i64>,
    /// Why the last round failed.
    pub failed: Option<String>,
}

/// One environment that is watched.
#[derive(Debug)]
pub struct Post {
    pub name: String,
    /// Where its health is stored.
    pub scope: String,
    /// Which checks belong to a service, for its silences.
    pub policies: Vec<Policy>,
    pub(super) stands: Mutex<Stands>,
}

impl Post {
    /// Of an environment, before its loop begins.
    pub fn new(options: &Options, environment: &Environment) -> Post {
        let scope = scope(&environment.inventory, &options.project.root);
        let policies = options.project.recovery.clone();
        Post { name: environment.name.clone(), scope, policies, stands: Mutex::default() }
    }

    /// Where its loop stands.
    pub fn stands(&self) -> Stands {
        self.stands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, change: impl FnOnce(&mut Stands)) {
        change(&mut self.stands.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

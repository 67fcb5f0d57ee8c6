//! The alarm: what waits for a person, and where nobody polls or acts who should. `watch` reads it from the state directory,
//! cheaply enough for every second; `reasons` says it in words, the gravest first, for the console's second line and for verbs.

pub mod reasons;
mod watch;
#[cfg(test)]
mod watch_tests;

pub use reasons::{Grade, Place, Reason, Sight, reasons};
pub use watch::Watch;

use crate::state::outbox::Backlog;
use uuid::Uuid;

/// What is known at one moment. No time is in it that passes by itself: the same facts, the same line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// Releases that go no further without a person.
    pub releases: Vec<Waits>,
    /// Incidents to which nothing is done until somebody takes them over.
    pub escalated: Vec<Escalated>,
    /// Alerts of an Alertmanager that fire, as far as it told.
    pub alerts: Vec<Fires>,
    /// Notices that no receiver took.
    pub undelivered: Vec<Backlog>,
    /// The environments of the project.
    pub posts: Vec<Post>,
    /// Why the ledger takes nothing; `None`: it does.
    pub closed: Option<String>,
    /// What could not be read, and why: what it would have told is not known.
    pub unknown: Vec<String>,
}

/// A release that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    pub run: Uuid,
    pub number: Option<u64>,
    pub environment: Option<String>,
    pub needs: Needs,
}

/// What a release needs of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// It does not know on.
    Operator,
    Approval,
    /// It is resumed, or ended.
    Resume,
}

/// An incident that is escalated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalated {
    pub environment: String,
    pub policy: String,
    pub host: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fires {
    pub name: String,
    /// The environment that it names.
    pub environment: Option<String>,
    /// It calls for somebody at once.
    pub critical: bool,
    /// Since when (Unix milliseconds).
    pub since: i64,
    /// What it says in words.
    pub summary: String,
}

/// Who polls and who acts in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub environment: String,
    /// A policy in `act` says that somebody should poll and act.
    pub policy: bool,
    /// A receiver says that somebody should act, to notify it.
    pub receiver: bool,
    pub polls: Hands,
    pub acts: Hands,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hands {
    Of(String),
    /// Nobody does; who did last, and until when (Unix milliseconds), where that is known.
    Nobody(Option<(String, i64)>),
    /// It cannot be told; why.
    Unknown(String),
}

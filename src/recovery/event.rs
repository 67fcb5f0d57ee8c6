//! What a recovery's journal holds beside what every run's holds.

use crate::run::State;
use serde::{Deserialize, Serialize};

/// What happened. `k` names the kind in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum Event {
    /// It went over into a state.
    Entered { at: At, why: String },
    /// The host's lease was got.
    Leased { token: i64 },
    /// It was given back: nothing is done to the host any more.
    Freed,
    /// About to start a child: the intent.
    StepIntent {
        /// Its number in the run.
        child: u32,
        step: Step,
    },
    StepEnded {
        child: u32,
        /// It did what it was to do.
        ok: bool,
        why: String,
    },
    Measured {
        /// It passes, or not; `None`: that could not be told.
        ok: Option<bool>,
        got: String,
    },
    /// Whether the last action helped.
    Settled { helped: bool },
    /// A person takes over: nothing more is begun.
    TakenOver { by: String, reason: Option<String> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Writes down how the host is before anything is done to it.
    Diagnostics,
    /// A rung of the ladder, from 0.
    Action(u32),
}

/// Where a recovery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// Writes down how the host is.
    #[default]
    Diagnosing,
    /// Asks whether the next action is allowed.
    Deciding,
    /// It is not, for now.
    Inhibited,
    /// An action is under way.
    Acting,
    Verifying,
    Probation,
    Healthy,
    Escalated,
    /// A person took it over.
    TakenOver,
}

impl At {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            At::Diagnosing => "diagnosing",
            At::Deciding => "deciding",
            At::Inhibited => "inhibited",
            At::Acting => "acting",
            At::Verifying => "verifying",
            At::Probation => "probation",
            At::Healthy => "healthy",
            At::Escalated => "escalated",
            At::TakenOver => "taken_over",
        }
    }

    /// What it is to every reader of runs.
    pub fn counts_as(self) -> State {
        match self {
            At::Healthy => State::Succeeded,
            At::Escalated => State::Failed,
            At::TakenOver => State::Cancelled,
            At::Inhibited => State::Queued,
            At::Diagnosing | At::Deciding | At::Acting | At::Verifying | At::Probation => State::Running,
        }
    }

    pub fn is_terminal(self) -> bool {
        matches!(self, At::Healthy | At::Escalated | At::TakenOver)
    }

    /// Every state, in the order of a recovery.
    pub const ALL: [At; 9] = [
        At::Diagnosing,
        At::Deciding,
        At::Inhibited,
        At::Acting,
        At::Verifying,
        At::Probation,
        At::Healthy,
        At::Escalated,
        At::TakenOver,
    ];

    /// The state of this name.
    pub fn named(name: &str) -> Option<At> {
        At::ALL.into_iter().find(|at| at.name() == name)
    }
}

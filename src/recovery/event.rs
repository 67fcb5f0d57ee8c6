//! What a recovery's journal holds beside what every run's holds.

use super::state::At;
use serde::{Deserialize, Serialize};

/// What happened. `k` names the kind in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum Event {
    /// It went over into a state.
    Entered {
        /// Which.
        at: At,
        /// Why, in words.
        why: String,
    },
    /// The host's lease was got.
    Leased {
        /// Fencing token.
        token: i64,
    },
    /// It was given back: nothing is done to the host any more.
    Freed,
    /// About to start a child: the intent.
    StepIntent {
        /// Its number in the run.
        child: u32,
        /// What it does.
        step: Step,
    },
    /// A child ended.
    StepEnded {
        /// Its number.
        child: u32,
        /// It did what it was to do.
        ok: bool,
        /// In words.
        why: String,
    },
    /// The check was read.
    Measured {
        /// It passes, or not; `None`: that could not be told.
        ok: Option<bool>,
        /// What was got.
        got: String,
    },
    /// Whether the last action helped.
    Settled {
        /// It did.
        helped: bool,
    },
    /// A person takes over: nothing more is begun.
    TakenOver {
        /// Who.
        by: String,
        /// Why.
        reason: Option<String>,
    },
}

/// What a child does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Writes down how the host is before anything is done to it.
    Diagnostics,
    /// A rung of the ladder, from 0.
    Action(u32),
}

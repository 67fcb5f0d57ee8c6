//! What a kind of run must know: a pure function from what happened to what is to be done. No clock, no disk, no
//! process in here. The supervisor performs the effects and knows no kind of run.

use super::event::{Event, Rung, StopLevel};
use super::state::RunState;
use super::verdict::{Evidence, Exit};

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// A supervisor took over: the first one, or one after another's death.
    Begin,
    /// The lease was got.
    LeaseGot {
        /// Fencing token.
        token: i64,
    },
    /// Another run holds the hosts.
    LeaseHeld {
        /// Its id.
        by: String,
        /// In words.
        why: String,
    },
    /// The child runs.
    Started {
        /// Step.
        step: u32,
        /// Its process id.
        pid: u32,
    },
    /// The child ended (or never began), and all that it reported was taken in.
    Exited {
        /// Step.
        step: u32,
        /// How.
        exit: &'a Exit,
        /// What else tells how it went.
        evidence: &'a Evidence,
    },
    /// Somebody asks to stop.
    Stop {
        /// How hard.
        level: StopLevel,
        /// Who.
        by: &'a str,
    },
    /// Time went by.
    Tick,
}

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Append to the journal, fold, wait for the disk.
    Record(Event<'static>),
    /// Try to get the lease; [`Input::LeaseGot`] or [`Input::LeaseHeld`] follows.
    TakeLease,
    /// Start a step, or find the one that was started: [`Input::Started`] or [`Input::Exited`] follows.
    Start {
        /// Step (from 1).
        step: u32,
    },
    /// Take a rung of the stop ladder (its intent is recorded first).
    Take(Rung),
}

/// Why something that was asked is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// A kind of run.
pub trait Machine {
    /// What to do about `input`, given what the journal says. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// A refusal that says why; then nothing is done.
    fn decide(&self, state: &RunState, input: &Input<'_>, now: i64) -> Result<Vec<Effect>, Refusal>;
}

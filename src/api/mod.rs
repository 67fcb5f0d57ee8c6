//! What opsdeck can be asked, and what can be done through it: one handler for each, for verbs, console and service alike.
//!
//! Whoever asks has a [`Desk`]: who they are, and about which state directory they ask. What only looks is a handler of the
//! desk. What changes something is a handler of [`Acting`], which not every desk gives; each is in the ledger under the name of
//! whoever asks: its intent before it is done, or, where it stops something, after. Nothing here prints, and nothing here
//! knows a screen.

mod act;
mod audit;
mod decisions;
pub mod ends;
mod health;
mod inventory;
mod launch;
mod notices;
mod release;
mod runs;

pub use audit::{Read, Verified};
pub use decisions::Decisions;
pub use health::{Readings, Standing};
pub use notices::Notices;
pub use release::{Asked, Built, Offer, Votes, Wanted};
pub use runs::{Item, List};

use crate::state::StateDir;
use crate::state::operator::Operator;

/// Who asks, and about what.
#[derive(Debug, Clone)]
pub struct Desk {
    state: StateDir,
    who: Operator,
    looks_only: bool,
}

/// A desk at which something may be changed.
#[derive(Debug, Clone, Copy)]
pub struct Acting<'a>(&'a Desk);

/// Nothing is changed from a desk that only looks.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("nothing is changed from here: this console only looks (--read-only)")]
pub struct LooksOnly;

impl Desk {
    /// A desk of that person.
    pub fn new(state: StateDir, who: Operator) -> Desk {
        Desk { state, who, looks_only: false }
    }

    /// One that only looks, and starts nothing for others either.
    pub fn looks_only(self) -> Desk {
        Desk { looks_only: true, ..self }
    }

    /// May something be changed from here?
    ///
    /// # Errors
    /// No.
    pub fn acting(&self) -> Result<Acting<'_>, LooksOnly> {
        if self.looks_only { Err(LooksOnly) } else { Ok(Acting(self)) }
    }

    /// The state directory that is asked about.
    pub fn state(&self) -> &StateDir {
        &self.state
    }

    pub fn who(&self) -> &Operator {
        &self.who
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_changed_from_a_desk_that_only_looks() {
        let tmp = tempfile::tempdir().unwrap();
        let desk = Desk::new(StateDir::at(tmp.path()), Operator::current());
        assert!(desk.acting().is_ok());
        let why = desk.looks_only().acting().unwrap_err().to_string();
        assert!(why.contains("--read-only"), "{why}");
    }
}

//! What arrives for Fleet, and what it wants done.

pub use crate::tui::model::fleet::{Data, Effect, LastRun, Outcome, Var, Verdict};

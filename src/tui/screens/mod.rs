//! The screens: each a record of functions over the model, a state, and a `Data` and an `Effect` type of its own.

pub mod audit;
pub mod away;
pub mod diagnostics;
pub mod fleet;
pub mod health;
pub mod launch;
pub mod release;
pub mod releases;
pub mod run;
pub mod runs;

pub use super::model::screen::{Request, Screen, ScreenId};

/// Every screen, in the order of the help.
pub const ALL: &[&Screen] = &[
    &fleet::SCREEN,
    &launch::SCREEN,
    &releases::SCREEN,
    &runs::SCREEN,
    &run::SCREEN,
    &release::SCREEN,
    &audit::SCREEN,
    &health::SCREEN,
    &diagnostics::SCREEN,
    &away::SCREEN,
];

//! Auto-recovery (releases.md part 4): a check that fails on a host may start a ladder of runbooks there, if every guard
//! agrees; it is verified, watched, and a person is called where it does not help.
//!
//! `guards` and `incident` are pure: may it act, and what becomes of a host that is not well. A recovery itself is a run
//! with a machine of its own (`machine`, `event`, `state`), carried out by the supervisor of runs with `world` for what only
//! a recovery needs. [`tick`] is the loop's body, for whoever polls; nothing that was launched depends on it any more.

mod book;
mod counted;
pub mod event;
pub mod facts;
pub mod guards;
pub mod incident;
pub mod launch;
pub mod machine;
mod measure;
pub mod notice;
mod person;
mod polled;
mod record;
pub mod state;
pub mod story;
mod tick;
pub mod watch;
mod words;
pub mod world;

pub use book::{incidents, told};
pub use launch::{Body, KIND};
pub use person::{PersonError, switch, take_over};
pub use tick::{Launched, Report, TickError, tick};

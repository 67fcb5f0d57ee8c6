//! Runs: what is launched, how it is supervised, recorded and read back. The one spine of opsdeck.
//!
//! spec -> supervisor -> events -> journal -> fold -> [`RunState`], which TUI, CLI and audit all show.

pub mod event;
mod fold;
mod follow;
pub mod journal;
pub mod log;
mod progress;
pub mod snapshot;
pub mod spec;
pub mod state;
mod tail;

pub use event::{Entry, Event};
pub use fold::fold;
pub use follow::{Follower, read_spec, result};
pub use progress::Progress;
pub use spec::{Ask, RunSpec};
pub use state::{RunState, State};
pub use tail::{Grown, Tail};

//! Runs: what is launched, how it is supervised, recorded and read back. The one spine of opsdeck.
//!
//! spec -> supervisor -> events -> journal -> fold -> [`RunState`], which TUI, CLI and audit all show.

pub mod belongs;
pub mod child;
pub mod claim;
pub mod closing;
pub mod control;
pub mod diffs;
pub mod elder;
pub mod ends;
pub mod event;
pub mod extra;
pub mod fan;
mod fold;
mod follow;
mod give_up;
pub mod index;
pub mod journal;
pub mod launch;
pub mod lease;
pub mod ledger;
pub mod list;
pub mod log;
pub mod look;
pub mod machine;
pub mod outputs;
mod progress;
pub mod rerun;
pub mod single;
pub mod snapshot;
pub mod spawn;
pub mod spec;
pub mod state;
pub mod step;
mod steps;
pub mod stop;
pub mod supervise;
mod tail;
pub mod targets;
pub mod values;
pub mod verdict;

pub use belongs::Belongs;
pub use event::{Entry, Event};
pub use fold::fold;
pub use follow::{Follower, read_own_spec, read_spec, result};
pub use index::{open_index, whole_index};
pub use launch::{LaunchError, Launched, Request, launch};
pub use list::{find, list};
pub use progress::Progress;
pub use spawn::{Revival, revive};
pub use spec::{Ask, RunSpec, Work};
pub use state::{RunState, State};
pub use stop::{StopError, stop};
pub use tail::{Grown, Tail};

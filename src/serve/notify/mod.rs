//! Telling people: what is worth telling is found (`sources`, `checks`), folded where it has one cause (`fold`), put into the outbox for each receiver (`route`) and brought to
//! them (`deliver`), each in its own way (`alertmanager`, `send`). Between the two lies the disk: whatever dies, nothing is
//! lost; what was told twice has the same key.

mod alertmanager;
mod checks;
pub mod deliver;
mod fold;
mod message;
mod missing;
mod route;
mod send;
mod sources;

pub use missing::missing;
pub use sources::tell;

use crate::health::silence::Silences;
use crate::project::config::notify::Notify;
use crate::state::StateDir;

/// Where a round looks.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub state: &'a StateDir,
    pub environment: &'a str,
    /// Where its health is stored.
    pub scope: &'a str,
    pub notify: &'a Notify,
    /// What nobody is to be told of.
    pub silences: &'a Silences,
    /// The clock (Unix milliseconds).
    pub now: i64,
}

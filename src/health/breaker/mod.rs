//! Circuit breakers (releases.md part 3): who has failed too often is left alone for a while, then tried once, and is
//! trusted again only after that went well. One for each host's transport, each service's deploys, each endpoint, and one
//! for the fleet of an environment: when many hosts fail at once it is the control host or the network.
//!
//! `machine` and `fleet` are pure; `keeper` is the one place that reads and writes them, `record` puts every change into the
//! ledger.

mod fleet;
pub mod keeper;
mod key;
mod limits;
mod machine;
mod person;
mod record;

pub use fleet::tripped;
pub use keeper::{Keeper, KeeperError, Seen};
pub use key::Key;
pub use limits::Limits;
pub use machine::{Breaker, Change, Forced, Forcing, Input, Next, Outcome, Position, Probe, State};
pub use person::{SayError, say};

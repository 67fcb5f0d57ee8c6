//! Commands on many hosts over multiplexed OpenSSH connections: the real `ssh` logs in, with the very arguments that
//! Ansible would give it, and stays as a master; each command after that is a few messages on the master's socket, no
//! process. Ansible's runs find our masters warm, and we find theirs.
//!
//! What a command means, and what is done with its output, is told elsewhere: nothing here knows runs or screens.

mod became;
mod escalate;
mod failure;
mod hostkey;
mod kept;
mod master;
mod mux;
mod options;
mod order;
mod plain;
mod pool;
mod route;
mod session;
mod share;
mod ways;

pub use escalate::{Become, Method};
pub use failure::{Failure, Unreached};
pub use kept::Kept;
pub use options::Options;
pub use pool::{Chunk, Command, Exit, Limits, Pool};
pub use route::{Route, Target, route, variables};
pub use ways::{resolved_way, ways};

//! The log of a run: its output files as one list of lines, in the order in which they came, never loaded whole.
//!
//! [`LogStore`] indexes (sixteen bytes a line) and reads lines on demand; [`View`] is a filtered list of them that
//! grows with the log; [`Scan`] searches. What Ansible said is recognised by its words ([`Class`]), for finding one's
//! way only. Nothing here draws.

mod classify;
mod entry;
mod search;
mod source;
mod store;
mod view;

#[cfg(test)]
mod tests;

pub use entry::Class;
pub use search::{Found, Scan};
pub use store::{Info, LogStore, Refresh};
pub use view::{Filter, View};

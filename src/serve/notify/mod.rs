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
pub use sources::{Place, tell};

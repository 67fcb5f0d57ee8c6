//! The real Ansible with our callback plugin, our environment, our argv and our FIFOs, over local connections.
//! Tests that prove one of the measured traps of Ansible wear its number.

mod docs;
mod events;
mod scene;
mod secrets;
mod stopping;
mod traps;

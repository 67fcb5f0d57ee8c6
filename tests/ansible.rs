//! The real Ansible with our callback plugin, our environment, our argv and our FIFOs, over local connections.
//! Tests that prove one of the measured traps of Ansible wear its number.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "ansible/docs.rs"]
mod docs;
#[path = "ansible/events.rs"]
mod events;
#[path = "ansible/scene.rs"]
mod scene;
#[path = "ansible/secrets.rs"]
mod secrets;
#[path = "ansible/stopping.rs"]
mod stopping;
#[path = "ansible/traps.rs"]
mod traps;
#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "support/wait.rs"]
mod wait;

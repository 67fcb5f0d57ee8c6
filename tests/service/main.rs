//! The console, the daemon, health, recoveries and ssh: the real binary in a pseudo-terminal and in the background, over real
//! sshd hosts.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod e2e;
mod health;
mod recoveries;
mod serve;
mod ssh;
#[path = "../support/mod.rs"]
mod support;
mod traps;

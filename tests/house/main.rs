//! What the sources and README say, held against each other and against the program. Quick: no Ansible, no hosts.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod circles;
mod configuration;
mod readme;
mod rules;
mod source;

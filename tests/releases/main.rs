//! Releases: their plans and gates, the machine walked at random, and whole ones on the real Ansible behind a real HAProxy.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod gates;
mod kubernetes;
mod model;
mod plan;
mod rolling;
#[path = "../support/mod.rs"]
mod support;
mod switch;
mod traffic;
mod undo;
mod verb;
mod walks;
mod world;

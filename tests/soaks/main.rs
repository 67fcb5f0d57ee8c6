//! What takes minutes and more, and is not of the suite: `tests/soak kills`, `undo` and `upgrade` run it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod kills;
#[path = "../support/mod.rs"]
mod support;
mod undo;
mod upgrade;

//! What end-to-end tests share: private sshd hosts with an inventory, the real binary in a pseudo-terminal or in tmux,
//! and the one way to wait. Holds no test.
#![allow(dead_code, unused_imports, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

pub mod lab;
pub mod odd;
pub mod pty;
pub mod runs;
pub mod tmux;
pub mod wait;

pub use lab::Lab;
pub use pty::Pty;
pub use runs::Run;

/// The opsdeck that these tests are about.
pub const OPSDECK: &str = env!("CARGO_BIN_EXE_opsdeck");

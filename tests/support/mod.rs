//! What tests share: the one way to wait, projects of this machine and private sshd hosts with an inventory, the real binary
//! in a pseudo-terminal or in tmux, servers to ask, and what can go wrong. Holds no test.
#![allow(dead_code, unused_imports, reason = "each test binary uses its own part")]

pub mod bare;
pub mod chance;
pub mod elder_ledger;
pub mod lab;
pub mod odd;
pub mod prometheus;
pub mod pty;
pub mod room;
pub mod runs;
pub mod sandbox;
pub mod server;
pub mod supervisor;
pub mod tmux;
pub mod trail;
pub mod wait;
pub mod web;
pub mod world;

pub use lab::Lab;
pub use pty::Pty;
pub use runs::Run;

/// The opsdeck that these tests are about.
pub const OPSDECK: &str = env!("CARGO_BIN_EXE_opsdeck");

//! Runs, the ledger, the state directory, inventories and projects: the real binary and the real Ansible on this machine,
//! without sshd.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod ansible;
mod audit;
mod busy;
mod check;
mod elder;
mod endless;
mod glass;
mod home;
mod incidents;
mod inventories;
mod inventory;
mod inventory_verbs;
mod journals;
mod looking;
mod mutations;
mod names;
mod project;
mod resolve;
mod runs;
mod secrets;
mod shapes;
mod state;
mod steps;
mod stop;
#[path = "../support/mod.rs"]
mod support;
mod values;
mod writes;
mod yaml;

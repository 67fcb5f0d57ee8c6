//! opsdeck: the map of the house. DESIGN in one line: spec -> effects -> events -> fold -> views.
//!
//! Imports run downward only, floor by floor, with no circle; `tests/house` holds these rules:
//!
//! | floor | rooms | job |
//! |---|---|---|
//! | 1 | `main` | entry |
//! | 2 | [`cli`] | one file a verb |
//! | 3 | [`tui`], [`serve`] | model, update, view; the daemon: polls, recovers, notifies, its HTTP |
//! | 4 | [`api`] | one handler for each thing that can be asked or done: verbs, console and service come through it |
//! | 5 | [`alarm`] | what waits for a person, and where nobody polls or acts |
//! | 6 | [`release`], [`recovery`] | plans, their machine, traffic, gates; auto-recovery: guards, ladder, escalation |
//! | 7 | [`run`], [`health`] | spec, events, fold, journal, launcher, supervisor, step runner; probes, breakers, what the hosts are like |
//! | 8 | [`ssh`] | commands on many hosts over multiplexed OpenSSH |
//! | 9 | [`ansible`], [`inventory`], [`audit`] | the real Ansible; hosts and patterns; the ledger |
//! | 10 | [`project`], [`state`] | what the operator wrote; the state directory |
//! | 11 | [`open`], [`text`], [`yaml`] | files of others, opened with care; hostile text made safe; YAML as Ansible reads it |
//!
//! Nothing imports `tui` or `cli`; `tui` starts no process and opens no file of a run itself.

pub mod alarm;
pub mod ansible;
pub mod api;
pub mod audit;
#[cfg(test)]
mod cases;
pub mod cli;
pub mod health;
pub mod inventory;
pub mod open;
pub mod project;
pub mod recovery;
pub mod release;
pub mod run;
pub mod serve;
pub mod ssh;
pub mod state;
pub mod text;
pub mod tui;
pub mod yaml;

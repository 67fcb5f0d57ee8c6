//! Releases: a plan, a pure machine that carries it out, drivers for traffic, gates. A release is a run like any other;
//! this room brings its machine, its events and its fold, and `run` knows nothing of them.
//!
//! plan (frozen) -> machine -> effects -> world (Ansible, balancers, requests) -> events -> fold -> [`state::Release`]

pub mod admission;
pub mod alerts;
pub mod ask;
mod back;
mod breakers;
pub mod build;
pub mod child;
pub mod event;
mod fold;
pub mod gate;
pub mod junit;
pub mod launch;
pub mod line;
pub mod machine;
pub mod news;
pub mod outcome;
pub mod plan;
pub mod probe;
pub mod progress;
mod recorded;
pub mod rehearse;
pub mod rotation;
#[cfg(test)]
mod sample;
pub mod sealed;
pub mod state;
pub mod supervise;
pub mod timeline;
pub mod traffic;
pub mod undo;
#[cfg(test)]
mod views_tests;
pub mod votes;
pub mod watch;
pub mod world;

pub use ask::{ask, ask_breaking_glass, give};
pub use back::back;
pub use fold::fold;
pub use launch::launch;

//! The real Ansible: argv, environment, secrets, the callback plugin and its events. Nothing here knows what a run is.

pub mod ask;

pub use ask::Ask;

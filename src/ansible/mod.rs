//! The real Ansible: argv, environment, secrets, the callback plugin and its events. Nothing here knows what a run is.

pub mod ask;
pub mod callback;
mod child;
pub mod command;
pub mod doc;
pub mod environment;
pub mod event;
pub mod hostkeys;
pub mod prompts;
mod quote;
mod result;
pub mod secrets;
pub mod tools;

pub use ask::Ask;
pub use event::{CallbackEvent, decode};
pub use quote::shell;

//! What arrives for Launch, and what it wants done.

pub use crate::tui::model::launch::{Data, Effect};

//! What the Away screen knows, what arrives for it and what it wants done.

use crate::api::Item;
use crate::tui::list::List;

/// What this screen wants done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Find what happened since the operator looked last, then note that the operator looks now, and go on noting it.
    Look,
}

/// What arrives for this screen.
#[derive(Debug)]
pub enum Data {
    /// What happened since then; empty: nothing.
    Since {
        /// When this operator's screen last looked; where it never did, the begin of what is told (Unix milliseconds).
        since: i64,
        /// It never looked before.
        first: bool,
        /// Runs that began or ended after that, or still live.
        items: Vec<Item>,
    },
}

#[derive(Debug, Default)]
pub struct Away {
    /// Since when it is told; `None`: that is not read yet.
    pub since: Option<i64>,
    /// This operator's screen never looked before.
    pub first: bool,
    pub items: Vec<Item>,
    pub list: List,
}

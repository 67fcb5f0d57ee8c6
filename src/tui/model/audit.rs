//! What the Audit screen knows, what arrives for it and what it wants done.

use crate::audit::Broken;
use crate::audit::Filter;
use crate::audit::Intact;
use crate::audit::Page;
use crate::audit::Row;
use crate::tui::list::List;
use crate::tui::widgets::field::Field;

/// What this screen wants done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Read a page; with `before` in the filter, the next one.
    Read(Filter),
    /// Verify the chain: all of it, or what came since the last time.
    Verify { all: bool },
}

/// What arrives for this screen.
#[derive(Debug)]
pub enum Data {
    Page {
        /// What was asked; an answer to an older question is left out.
        filter: Filter,
        /// They, or why not.
        page: Result<Page, String>,
        /// Why the reading itself could not be recorded.
        unrecorded: Option<String>,
    },
    Verified(Verdict),
}

pub type Verdict = Result<Result<Intact, Broken>, String>;

#[derive(Debug, Default)]
pub struct Audit {
    pub field: Field,
    pub typing: bool,
    /// What is wrong with the search line.
    pub mistake: Option<String>,
    pub asked: Filter,
    pub rows: Vec<Row>,
    pub next: Option<i64>,
    /// Read at least once.
    pub read: bool,
    pub problem: Option<String>,
    pub unrecorded: Option<String>,
    pub list: List,
    pub detail: bool,
    pub verdict: Option<Verdict>,
}

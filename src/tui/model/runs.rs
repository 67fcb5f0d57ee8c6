//! What the Runs screen knows, what arrives for it and what it wants done.

use crate::api::Item;
use crate::run::State;
use crate::state::lines::Line;
use crate::tui::list::List;
use crate::tui::widgets::field::Field;

/// What this screen wants done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Read the list, and again when it changes.
    Load,
    /// Look for these words in all runs, those that are too old for the list too.
    Search(String),
}

/// What arrives for this screen.
#[derive(Debug)]
pub enum Data {
    Rows(Vec<Item>),
    /// Older runs that hold the words of a filter.
    Older(String, Vec<Item>),
    /// Environments whose line is stopped, or why nobody can tell.
    Stopped(Result<Vec<Line>, String>),
    /// They could not be read.
    Failed(String),
}

#[derive(Debug, Default)]
pub struct Runs {
    /// What is known, newest first; `None`: not read yet.
    pub items: Option<Vec<Item>>,
    /// Runs at the end of `items` that are too old for the list: they were searched for.
    pub older: usize,
    /// Why the list could not be read the last time.
    pub problem: Option<String>,
    /// What is shown: heads and places in `items`.
    pub rows: Vec<Row>,
    pub list: List,
    pub sort: Sort,
    pub grouped: bool,
    pub live_only: bool,
    pub filter: Field,
    pub typing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// What began last comes first.
    #[default]
    Newest,
    Longest,
    /// What failed on most hosts.
    Failures,
    /// By playbook or module.
    What,
    Who,
    /// By number, the oldest first.
    Number,
}

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// The head of a group.
    Head { state: State, unwatched: bool, count: usize },
    /// A run, by its place in the items.
    Run(usize),
}

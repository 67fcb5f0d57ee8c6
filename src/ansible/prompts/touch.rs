//! What decides which hosts a playbook touches: its plays, what they delegate, what they make, and what nobody can see.

use std::path::{Path, PathBuf};

/// One of these, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    pub kind: TouchKind,
    /// File, relative to the project where it lies below it.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TouchKind {
    /// A play begins: its patterns, as written.
    Play(Vec<String>),
    Delegated(To),
    /// A task makes hosts or groups, or has the inventory read anew: plays that come later may select others.
    Makes(String),
    /// Something that could not be looked into: what, and why.
    Unseen {
        what: String,
        /// Why it could not be looked into.
        why: String,
        /// It holds plays; else tasks.
        plays: bool,
    },
}

/// Where a task is delegated to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// The host of this name, in the inventory or not.
    Host(String),
    /// One or several hosts of this pattern, never others.
    Pattern(String),
    /// Known only when it runs: the text as written.
    Template(String),
}

impl Touch {
    pub(super) fn new(kind: TouchKind, file: &Path, line: u32) -> Self {
        Self { kind, file: file.to_path_buf(), line }
    }

    /// `site.yml:12`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file.display(), self.line)
    }
}

//! What a playbook would ask at a terminal, and what decides which hosts it touches, found before it runs: a background
//! run has no terminal, and a lease is taken before. Read from the files, as far as their paths can be told; what could not
//! be looked into is said, never passed over.
//!
//! Facts (measured, ansible-core 2.19): without a terminal `pause` that waits for Enter is skipped in silence, and
//! `vars_prompt` takes its default, or None.

mod among;
mod delegate;
mod given;
mod tasks;
mod touch;
mod walk;
mod words;

pub use given::given_names;
pub use touch::{To, Touch, TouchKind};
pub use words::templated;

use crate::project::cfg::AnsibleCfg;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Something that a playbook would ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub kind: QuestionKind,
    /// File, relative to the project where it lies below it.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// A `when`, or the tag `never`, may keep it from being asked.
    pub maybe: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuestionKind {
    /// A variable of `vars_prompt` that no extra var answers.
    Variable {
        name: String,
        /// The question; the name where none is written.
        prompt: String,
        /// The answer is secret: not echoed, and handed over by FIFO.
        private: bool,
        /// What Enter means, as written.
        default: Option<String>,
        confirm: bool,
    },
    /// A `pause` that waits for a person.
    Pause { prompt: Option<String> },
    /// The task debugger, which opens when a task fails.
    Debugger,
}

/// A file or role that could not be looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    pub what: String,
    /// Why it could not be looked into.
    pub why: String,
    pub file: PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// It is a file that is there and cannot be read: broken, encrypted, too large. Else only the run knows its name.
    pub unread: bool,
}

/// What a playbook would ask.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scan {
    /// Questions in the order in which files are read.
    pub questions: Vec<Question>,
    /// What could not be looked into: it may ask too.
    pub unseen: Vec<Unseen>,
    /// What decides which hosts are touched, in the order in which plays run.
    pub touches: Vec<Touch>,
}

impl Scan {
    /// Variables that must be answered before launch.
    pub fn variables(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|q| matches!(q.kind, QuestionKind::Variable { .. }))
    }

    /// Questions that no answer given before can satisfy: pauses and debuggers. They are a reason to refuse.
    pub fn gates(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|q| !matches!(q.kind, QuestionKind::Variable { .. }))
    }
}

/// Reads `playbook` (relative to `root`) and all that it includes by a literal path. `given` are the names of extra
/// vars: they answer `vars_prompt`.
pub fn scan(root: &Path, playbook: &str, given: &BTreeSet<String>, cfg: &AnsibleCfg) -> Scan {
    let mut walk = walk::Walk::new(root, given, cfg);
    walk.playbook(&root.join(playbook), None);
    walk.scan
}

#[cfg(test)]
mod tests;

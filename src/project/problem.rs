//! A mistake in what the operator wrote: where, what was found, what was expected. Never fatal to discovery.

use crate::yaml::Mark;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Works, but perhaps not as meant.
    Warning,
    /// Does not work as written.
    Error,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// The file, relative to the project's root where it lies below it.
    pub file: PathBuf,
    /// Line, from 1; `None`: the file as a whole.
    pub line: Option<u32>,
    /// Column in characters, from 1.
    pub column: Option<u32>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What stands there.
    pub found: Option<String>,
    /// What should stand there.
    pub expected: Option<String>,
}

impl Problem {
    /// An error about a whole file.
    pub fn error(file: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.into(),
            line: None,
            column: None,
            message: message.into(),
            found: None,
            expected: None,
        }
    }

    /// A warning about a whole file.
    pub fn warning(file: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(file, message) }
    }

    /// Broken YAML, with its place.
    pub fn yaml(file: impl Into<PathBuf>, error: &crate::yaml::Error) -> Self {
        Self::error(file, format!("this is not YAML: {}", error.message)).at(error.mark)
    }

    /// The same, at a place.
    pub fn at(self, mark: Mark) -> Self {
        Self { line: Some(mark.line), column: Some(mark.column), ..self }
    }

    /// The same, with what was found; long text is cut.
    pub fn found(self, found: impl Into<String>) -> Self {
        Self { found: Some(shorten(found.into())), ..self }
    }

    /// The same, with what was expected.
    pub fn expected(self, expected: impl Into<String>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }

    /// The same, its file made relative to `root`.
    pub fn below(mut self, root: &Path) -> Self {
        if let Ok(relative) = self.file.strip_prefix(root) {
            self.file = relative.to_path_buf();
        }
        self
    }
}

/// `file:line:column: error: message; found X, expected Y`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        let severity = if self.severity == Severity::Error { "error" } else { "warning" };
        write!(f, ": {severity}: {}", self.message)?;
        match (&self.found, &self.expected) {
            (Some(found), Some(expected)) => write!(f, "; found {found}, expected {expected}"),
            (Some(found), None) => write!(f, "; found {found}"),
            (None, Some(expected)) => write!(f, "; expected {expected}"),
            (None, None) => Ok(()),
        }
    }
}

fn shorten(text: String) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

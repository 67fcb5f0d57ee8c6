//! Notices that reach the open screens, and for what the terminal rings.

use crate::project::config::notify::Kind;
use crate::project::config::notify::Severity;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bell {
    /// Notices alone: somebody wrote down which.
    #[default]
    Notices,
    /// Everything in sight that becomes bad or needs a person, too.
    All,
    Silent,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub environment: Option<String>,
    pub kind: Kind,
    pub severity: Severity,
    /// What it is about is over.
    pub over: bool,
    /// In words, safe for a terminal.
    pub text: String,
}

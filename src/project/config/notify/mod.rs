//! `notify:` of `opsdeck.yaml`: whom `opsdeck serve` tells what. Secrets stand in files of their own, never here.

mod read;
#[cfg(test)]
mod tests;

pub use read::Notify;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// How it is told.
    pub via: Via,
    /// What is told; empty: everything.
    pub kinds: Vec<Kind>,
    /// At least so grave.
    pub severity: Severity,
    /// Of these environments; empty: all.
    pub environments: Vec<String>,
}

/// How a receiver is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// An Alertmanager (API v2) at this address.
    Alertmanager(Target),
    /// JSON, posted to this address.
    Webhook(Target),
    /// A program with arguments; JSON on its stdin.
    Command(Vec<String>),
    /// The open screens: bell and OSC 9.
    Screen,
}

/// An address, and what it wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where it listens.
    pub address: Address,
    /// A file of its owner alone with headers, one a line (`Authorization: Bearer ...`); relative to the project.
    pub headers_file: Option<PathBuf>,
}

/// The address of a receiver. Chats hand out addresses that are secrets themselves: such a one stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// As it stands in `opsdeck.yaml`.
    Url(String),
    /// A file of its owner alone with the address on a line; relative to the project.
    File(PathBuf),
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Auto-recovery.
    Recovery,
    /// A circuit breaker.
    Breaker,
    /// A check.
    Check,
    /// A release that needs a person.
    Page,
    /// A release that ended.
    Release,
}

/// How grave it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For the record.
    #[default]
    Info,
    /// Somebody should look, in time.
    Warning,
    /// Somebody must look now.
    Critical,
}

impl Kind {
    /// All, with their names.
    pub const ALL: [(&str, Kind); 5] = [
        ("recovery", Kind::Recovery),
        ("breaker", Kind::Breaker),
        ("check", Kind::Check),
        ("page", Kind::Page),
        ("release", Kind::Release),
    ];

    /// Lower-case name.
    pub fn name(self) -> &'static str {
        Kind::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

impl Severity {
    /// All, with their names.
    pub const ALL: [(&str, Severity); 3] =
        [("info", Severity::Info), ("warning", Severity::Warning), ("critical", Severity::Critical)];

    /// Lower-case name.
    pub fn name(self) -> &'static str {
        Severity::ALL.iter().find(|(_, severity)| *severity == self).map_or("", |(name, _)| name)
    }
}

impl Receiver {
    /// It wants to hear of this.
    pub fn wants(&self, kind: Kind, severity: Severity, environment: Option<&str>) -> bool {
        let here = |env: &str| self.environments.is_empty() || self.environments.iter().any(|name| name == env);
        (self.kinds.is_empty() || self.kinds.contains(&kind))
            && severity >= self.severity
            && environment.is_none_or(here)
    }
}

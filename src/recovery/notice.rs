//! What auto-recovery tells people. Whoever sends notices says [`super::told`] when they are in safe hands; until then they
//! come again, each under the same key.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The same notice has the same key, however often it comes.
    pub key: String,
    pub kind: Kind,
    /// The incident: stable over all its notices.
    pub incident: Uuid,
    pub environment: String,
    pub policy: String,
    pub service: String,
    pub check: String,
    pub host: String,
    /// In words. Holds text from hosts.
    pub text: String,
    /// The recovery's run, with diagnostics and every step.
    pub run: Option<Uuid>,
    /// Who is called; `None`: whoever is called by default.
    pub receiver: Option<String>,
    /// When (Unix milliseconds).
    pub at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Observed only: what would have been done.
    WouldHave,
    Acting,
    /// Something was done; what comes next must wait.
    Waits,
    /// It helped, and stayed so.
    Recovered,
    Escalated,
    /// It changes too often; nothing is done.
    Flapping,
}

impl Kind {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::WouldHave => "would_have",
            Kind::Acting => "acting",
            Kind::Waits => "waits",
            Kind::Recovered => "recovered",
            Kind::Escalated => "escalated",
            Kind::Flapping => "flapping",
        }
    }
}

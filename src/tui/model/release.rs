//! What the Release screen knows, what arrives for it and what it wants done.

use crate::ansible::secrets::SecretName;
use crate::release::alerts::Beside;
use crate::release::machine::Machine;
use crate::release::machine::Verb;
use crate::release::state::Consent;
use crate::release::state::Release;
use crate::tui::model::secrets::Kept;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::secret::Secret;
use uuid::Uuid;

/// What this screen wants done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    Ask {
        id: Uuid,
        verb: Verb,
    },
    /// Give the supervisor the release's passwords again.
    Give {
        id: Uuid,
        /// All that it was launched with.
        secrets: Kept,
    },
    /// Write the time line into a file.
    Export {
        id: Uuid,
        text: String,
    },
}

/// What arrives for this screen. What comes for another run than the one in sight is late, and left out.
#[derive(Debug)]
pub enum Data {
    /// A verb was taken up, by this run or by one of its own; or it was refused, or could not be asked, for a reason.
    Answered(Uuid, Result<Uuid, String>),
    /// Alerts of other systems that stand beside it, the worst first.
    Alerts(Uuid, Vec<Beside>),
    /// Approvals in its journal that have no row in the ledger.
    Unfounded(Uuid, Vec<Consent>),
    /// Where the time line was written, or why it was not.
    Exported(Result<String, String>),
}

#[derive(Debug, Default)]
pub struct Live {
    pub shown: Option<Shown>,
    /// What is asked of the person.
    pub dialog: Option<Dialog>,
    /// Passwords that are asked of the person.
    pub give: Option<Give>,
    /// Tasks of every batch are shown, not only of the one in work.
    pub all_steps: bool,
    /// A verb that was sent and has no answer yet.
    pub busy: Option<&'static str>,
}

/// One field a password that the release was launched with.
#[derive(Debug)]
pub struct Give {
    pub fields: Vec<(SecretName, Secret)>,
    pub at: usize,
}

#[derive(Debug)]
pub struct Dialog {
    pub title: String,
    pub choices: Vec<Choice>,
    pub at: usize,
    /// Why; must not stay empty where it is asked.
    pub reason: Option<Field>,
}

/// One thing that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub head: String,
    /// What it leads to; may be empty.
    pub text: String,
    /// What is asked of the supervisor; `None`: nothing.
    pub verb: Option<Verb>,
}

/// A release as far as it was read.
#[derive(Debug)]
pub struct Shown {
    /// Its machine: the plan, and what would be answered to a verb.
    pub machine: Machine,
    pub release: Release,
    /// Events of its own that were taken in.
    pub folded: usize,
    /// Some of them are of a newer opsdeck, and left out.
    pub newer: bool,
    /// Alerts of other systems beside it.
    pub alerts: Vec<Beside>,
}

//! What people can ask of a release. Sent through the control socket as JSON.

use crate::release::state::Mark;
use serde::{Deserialize, Serialize};

/// What a person can ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Verb {
    /// Approve it, by the digest that the person saw.
    Approve {
        digest: String,
    },
    /// End it before it begins.
    Reject {
        reason: String,
    },
    /// Wait at the next boundary.
    Pause {
        reason: Option<String>,
    },
    Resume,
    /// Go on, and stop for nothing but failures any more.
    Promote,
    /// Leave out a gate, a freeze or another guard that is waited for.
    Skip {
        /// Which, as it is named in `waits` or the gate's name.
        what: String,
        /// Why; never empty.
        reason: String,
    },
    /// Run the steps of the current batch again on hosts that are not new.
    RetryFailed,
    Stop {
        how: Stop,
        reason: Option<String>,
    },
    /// Undo: traffic first, then hosts. No approval.
    Rollback {
        reason: Option<String>,
    },
    /// Say what a host is, where it cannot be observed. Needs two people.
    Mark {
        host: String,
        /// What it is: new, old or failed.
        mark: Mark,
    },
    /// End it with hosts of two versions. Needs two people.
    AcceptMixed {
        reason: String,
    },
    /// End it for another release that goes forward from here: where it needs a person. Needs two people.
    RollForward {
        to: String,
        /// Why; never empty.
        reason: String,
    },
    /// Take the environment's lease from whoever holds it.
    TakeOver {
        /// Why; never empty.
        reason: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// After this batch; then wait for a person.
    AfterBatch,
    /// Now: interrupt, then kill. Then look what became of the hosts, and wait for a person.
    Now,
    AndRollBack,
}

impl Verb {
    /// True for what only stops or holds a release: it waits for no record.
    pub fn halts(&self) -> bool {
        matches!(self, Verb::Pause { .. } | Verb::Stop { how: Stop::AfterBatch | Stop::Now, .. })
    }

    /// True for what a person can ask without the ledger: what undoes a release, or lets it go on. What counts only with its row
    /// is not among it.
    pub fn breaks_glass(&self) -> bool {
        matches!(self, Verb::Rollback { .. } | Verb::Resume | Verb::RetryFailed)
    }
}

//! Stages of a plan and their steps.

use crate::ansible::ask::{Adhoc, Play};
use crate::health::probe::Http;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name: `prepare`, `build`, `deploy`, `verify` or any other.
    pub name: String,
    pub when: When,
    /// Groups one after another; the steps of a group run in parallel.
    pub groups: Vec<Vec<Step>>,
    /// What a failed step does to the others of its group.
    pub join: Join,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Before the first batch: state `preparing`.
    Before,
    /// Once for each batch, on its hosts.
    Deploy,
    /// After the last batch and the switch: state `verifying`.
    After,
}

/// How a parallel group ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// All steps are waited for.
    #[default]
    All,
    /// The first failure stops the others.
    FailFast,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Unique in the plan: `deploy/1` (stage and number).
    pub id: String,
    pub name: String,
    pub kind: StepKind,
    /// Seconds after which it is stopped.
    pub timeout: Option<u32>,
    /// Tries after the first, for transient errors only.
    pub retries: u32,
    /// It may be done twice: after a crash it is run again.
    pub idempotent: bool,
    /// Nothing brings back what it does (a database migration): from its start on no automatic rollback.
    pub irreversible: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StepKind {
    /// A program on the control host, started without a shell.
    Command {
        /// Program and arguments, with variables already filled in.
        argv: Vec<String>,
    },
    /// `ansible-playbook`; in the deploy stage limited to the batch.
    Playbook {
        #[serde(flatten)]
        play: Play,
    },
    /// `ansible`; in the deploy stage limited to the batch.
    Adhoc {
        #[serde(flatten)]
        adhoc: Adhoc,
    },
    /// One request that must be answered as expected.
    Http {
        #[serde(flatten)]
        request: Http,
    },
    /// Waits until so many people approved, in the middle of a release.
    Approval { needed: u8 },
    /// Waits until a person resumes it.
    Pause {
        /// What they should look at.
        message: String,
        /// Goes on by itself after so many seconds.
        seconds: Option<u32>,
    },
    /// Measures a gate of `Plan::gates` until it passes or fails.
    Gate { gate: String },
    /// Moves all traffic to the pool that was deployed.
    Switch,
}

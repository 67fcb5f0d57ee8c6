//! What arrives for Fleet, and what it wants done.

use super::topology::Topology;
use std::collections::HashMap;

/// What arrives for this screen; `env` is the index of the environment.
#[derive(Debug)]
pub enum Data {
    /// Hosts and groups, or why there are none (in whole sentences).
    Topology {
        env: usize,
        /// Who is where.
        result: Result<Topology, String>,
        /// What is known of them against Ansible.
        verdict: Verdict,
    },
    /// What Ansible says of them.
    Verdict { env: usize, verdict: Verdict },
    Vars {
        env: usize,
        host: String,
        /// They, or why there are none.
        result: Result<Vec<Var>, String>,
    },
    /// The hosts that a pattern selects, in Ansible's order.
    Selected {
        env: usize,
        /// The pattern as it was asked.
        pattern: String,
        /// Host names, or what is wrong with it.
        result: Result<Vec<String>, String>,
    },
    /// The newest run that each host was part of, as recorded.
    LastRuns {
        env: usize,
        runs: HashMap<String, LastRun>,
        /// There are older runs than the newest ones that were looked at, which are so many.
        newest: Option<u32>,
    },
}

/// What this screen wants done; answered by [`Data`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Topology { env: usize },
    Verify { env: usize },
    Vars { env: usize, host: String },
    Select { env: usize, pattern: String },
    LastRuns { env: usize },
}

/// How sure the hosts and groups are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Verdict {
    /// Read natively; Ansible was not asked yet.
    #[default]
    Native,
    /// Read natively; `ansible-inventory` is being asked.
    Checking,
    Same,
    /// Ansible says something else, and that is shown; what differed, in lines.
    Differs(Vec<String>),
    /// Not read natively, for a reason; Ansible's own answer is shown.
    Ansible(String),
    /// Ansible could not be asked, for a reason.
    Unverified(String),
}

/// A variable of a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Var {
    pub name: String,
    pub value: String,
    /// `file:line`, or the file, or empty where it is not known.
    pub origin: String,
    /// True: encrypted, and not opened.
    pub vaulted: bool,
}

/// A run as one host saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    pub title: String,
    pub outcome: Outcome,
    /// Unix milliseconds: when the run ended, or was last heard of.
    pub at: i64,
}

/// How a run went on one host, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Unreachable,
    Failed,
    Unknown,
    Running,
    Changed,
    Ok,
}

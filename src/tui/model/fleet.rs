//! What the Fleet screen knows, what arrives for it and what it wants done.

use crate::health::judge::Status;
use crate::tui::list::List;
use crate::tui::model::asked::Asked;
use crate::tui::widgets::field::Field;
use std::collections::HashMap;
use std::collections::HashSet;

/// What this screen wants done; answered by [`Data`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Topology { env: usize },
    Verify { env: usize },
    Vars { env: usize, host: String },
    Select { env: usize, pattern: String },
    LastRuns { env: usize },
}

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

/// Who is where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topology {
    /// Host names, in the order of the inventory.
    pub hosts: Vec<String>,
    /// Groups; the first is `all`.
    pub groups: Vec<Group>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    pub name: String,
    /// Groups directly below it, by index.
    pub children: Vec<u32>,
    /// Hosts in it or below it, by index, ascending, each once.
    pub hosts: Vec<u32>,
    pub direct: Vec<u32>,
}

#[derive(Debug, Default)]
pub struct Fleet {
    /// One for each environment of the project.
    pub places: Vec<Place>,
    pub env_list: crate::tui::list::List,
    /// Which part has the keyboard.
    pub pane: Pane,
    pub edit: Option<Edit>,
}

/// A line that is being typed.
#[derive(Debug)]
pub enum Edit {
    /// `/`.
    Filter(Field),
    Pattern(Field),
}

/// Which part has the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    Environments,
    Groups,
    #[default]
    Hosts,
    Variables,
}

#[derive(Debug, Default)]
pub struct Place {
    /// Hosts and groups; `None`: still loading; an error says why there are none.
    pub topology: Option<Result<Topology, String>>,
    pub verdict: Verdict,
    /// For each host the groups it is in, as text.
    pub groups_of: Vec<String>,
    /// The newest run of each host, by name; `None`: not known yet.
    pub last_runs: Option<HashMap<String, LastRun>>,
    /// So many runs were looked at for that, and there are older ones.
    pub newest: Option<u32>,
    /// How hosts are, by name, for the order of the table.
    pub health: HashMap<String, How>,
    /// Groups that are closed in the tree.
    pub closed: HashSet<String>,
    /// The lines of the tree.
    pub tree: Vec<TreeRow>,
    pub tree_list: List,
    /// Only this group's hosts are shown; `None`: all.
    pub group: Option<u32>,
    /// Only hosts whose name or groups hold this text.
    pub filter: String,
    /// Host pattern, and the hosts that it selects with their place in Ansible's order.
    pub pattern: Option<Asked<HashMap<String, usize>>>,
    pub sort: Sort,
    /// The table: hosts by index, filtered and sorted.
    pub rows: Vec<u32>,
    pub host_list: List,
    pub marks: HashSet<String>,
    /// Row of the last mark that was set, for ranges.
    pub anchor: Option<usize>,
    /// Variables of the host that was asked for last.
    pub vars: Option<Asked<Vec<Var>>>,
    pub var_list: List,
}

/// By what, in the order of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// As the inventory has them (a pattern: as Ansible would run them).
    #[default]
    Inventory,
    /// By name; numbers in names count as numbers.
    Name,
    /// By how they are, worst first; what is stale or not known stands before what is well.
    State,
    /// By processor, highest first; where it is not known now stands apart, below.
    Cpu,
    Memory,
    /// By their fullest disk, likewise.
    Disk,
    /// By how their last run went, worst first, then newest first; those without one last.
    LastRun,
    Groups,
}

/// One line of the group tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeRow {
    pub group: u32,
    /// How deep it stands; `all` is 0.
    pub depth: u16,
    /// True if it has groups below it.
    pub branch: bool,
    /// True if those are shown.
    pub open: bool,
}

/// How a host is, as far as the order needs it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct How {
    /// How bad it is; more is worse.
    pub worst: (Status, bool),
    pub cpu: Option<f64>,
    pub memory: Option<f64>,
    pub disk: Option<f64>,
}

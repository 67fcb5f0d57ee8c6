//! What was asked, frozen at launch: `spec.yaml` of a run. Holds no secret, only the names of those that were given.
//! What a plan holds is the business of its own machine.

pub use crate::ansible::ask::{Adhoc, Ask, Common, Play};
use crate::state::home::Mark;
use crate::state::operator::Operator;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use uuid::Uuid;

/// Version of the format that this program writes.
pub const VERSION: u32 = 2;

/// A run's spec. Written once, before anything happens; never changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Version of this format; a reader that knows only older ones opens the run read-only.
    pub version: u32,
    /// The run (UUIDv7, so that ids sort by time).
    pub id: Uuid,
    /// What is to be done: `ask` or `plan` in the file.
    #[serde(flatten)]
    pub work: Work,
    /// The environment's name, where the inventory belongs to one.
    pub environment: Option<String>,
    /// Working directory of the child: the project's root.
    pub cwd: PathBuf,
    /// The exact command. Pasted into a shell in `cwd` it does the same.
    pub argv: Vec<String>,
    /// What opsdeck adds to the child's environment.
    pub env: BTreeMap<String, String>,
    /// Hosts that the pattern and limit select, as far as was known at launch (`None`: not known).
    pub hosts: Option<Vec<String>>,
    /// Hosts that tasks are delegated to besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
    /// Why it may touch other hosts than these; then its lease is on any of its environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<String>,
    /// Names of secrets that were given ("become", "connection", "vault:default", "prompt:password").
    pub secrets: Vec<String>,
    /// What to do when another run holds a lease on the same hosts.
    pub on_conflict: OnConflict,
    /// Seconds after which the step runner stops it; `None`: never.
    #[serde(default)]
    pub timeout: Option<u32>,
    /// Who asked, and from where.
    pub operator: Operator,
    /// The run that this one repeats.
    pub rerun_of: Option<Uuid>,
    /// When it was asked (Unix milliseconds).
    pub created_at: i64,
    /// Its number, for people. Runs of version 0.1 have theirs in control.db.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// It was launched under break-glass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<BreakGlass>,
    /// Where it belongs, written when its folder is made; format 1 has none. The last one, see [`super::frozen`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<Home>,
}

/// A person said that it is launched whether or not the ledger takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    pub reason: String,
    /// Why the ledger did not take its launch; `None`: it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<String>,
}

impl BreakGlass {
    /// For a launch that is not recorded yet.
    pub fn because(reason: String) -> BreakGlass {
        BreakGlass { reason, unrecorded: None }
    }
}

/// Where a run belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// Id of the state directory.
    pub state: Uuid,
    pub folder: Mark,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Work {
    /// One command, in Ansible's terms.
    #[serde(rename = "ask")]
    Ansible(Ask),
    /// What a machine of its own carries out, in many steps.
    #[serde(rename = "plan")]
    Plan(Planned),
}

/// A plan, as far as every reader of a run needs to know it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// Which machine: `release`, `recovery`.
    pub kind: String,
    pub title: String,
    /// Inventory sources, as given to `-i`.
    pub inventory: Vec<String>,
    pub check: bool,
    /// What its lease is on.
    #[serde(default)]
    pub scope: Scope,
    /// The machine's own plan, frozen.
    pub body: serde_json::Value,
}

/// What a plan's lease is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The whole environment: its probes and balancers touch more than the hosts it names.
    #[default]
    Environment,
    Hosts,
}

impl RunSpec {
    /// Every host that it may touch; `None`: it may be any of its environment.
    pub fn touched(&self) -> Option<Vec<String>> {
        let whole = matches!(&self.work, Work::Plan(plan) if plan.scope == Scope::Environment);
        let hosts = self.hosts.as_ref().filter(|_| !whole && self.open.is_none())?;
        Some(hosts.iter().chain(&self.beside).cloned().collect())
    }
}

impl Work {
    /// `adhoc`, `playbook`, `release`.
    pub fn kind(&self) -> &str {
        match self {
            Work::Ansible(ask) => ask.kind(),
            Work::Plan(plan) => &plan.kind,
        }
    }

    pub fn title(&self) -> String {
        match self {
            Work::Ansible(ask) => ask.title(),
            Work::Plan(plan) => plan.title.clone(),
        }
    }

    /// Inventory sources, as given to `-i`.
    pub fn inventory(&self) -> &[String] {
        match self {
            Work::Ansible(ask) => &ask.common().inventory,
            Work::Plan(plan) => &plan.inventory,
        }
    }

    pub fn check(&self) -> bool {
        match self {
            Work::Ansible(ask) => ask.common().check,
            Work::Plan(plan) => plan.check,
        }
    }

    /// The one command, where it is no plan.
    pub fn ask(&self) -> Option<&Ask> {
        match self {
            Work::Ansible(ask) => Some(ask),
            Work::Plan(_) => None,
        }
    }
}

/// When another run holds the hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// Wait, visibly (state `queued`).
    Wait,
    /// Refuse to launch, naming the holder.
    #[default]
    Refuse,
    /// Never blocked, only warned: ad-hoc runs.
    Warn,
}

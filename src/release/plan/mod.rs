//! A release's plan, frozen: everything that will happen, decided before anything does. What `opsdeck plan` prints,
//! what an approval is bound to (by its digest), and all that the machine knows. Data only; it is built in `build`.

mod probe;
mod stage;
mod traffic;

pub use crate::health::probe::{Http, Probe};
pub use probe::{Gate, VersionProbe};
pub use stage::{Join, Stage, Step, StepKind, When};
pub use traffic::{Balancer, Driver, HaproxyMap, Prove, Traffic};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Version of the format that this program writes.
pub const FORMAT: u32 = 1;

/// What will happen. Times in seconds unless a name says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub format: u32,
    /// The release's name in `opsdeck.yaml`.
    pub release: String,
    /// What is deployed, in words; by default the release's name.
    pub service: String,
    pub environment: String,
    /// Version of the artifact that is brought out.
    pub version: String,
    /// Version of the last release of this name here that was marked stable; `None`: none is known.
    pub current: Option<String>,
    /// It is brought out although it is the stable version already: a person asked for that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    pub cwd: PathBuf,
    /// Inventory sources, as given to `-i`.
    pub inventory: Vec<String>,
    /// Stages in order. Exactly one is [`When::Deploy`]; those before it are [`When::Before`], those after it `After`.
    pub stages: Vec<Stage>,
    /// How hosts are brought over.
    pub strategy: Strategy,
    /// Hosts in slices; each slice is one `ansible-playbook --limit` a step of the deploy stage.
    pub batches: Vec<Batch>,
    pub limits: Limits,
    /// What is measured between batches, and after a switch.
    pub gates: Vec<Gate>,
    /// Load balancers, where traffic is moved by opsdeck.
    pub traffic: Option<Traffic>,
    pub rollback: Rollback,
    /// How many people must agree, and until when.
    pub approval: Approval,
    /// What a failed gate or an exhausted budget leads to.
    pub on_failure: OnFailure,
    /// What comes of it when nobody watches it any more.
    #[serde(default, skip_serializing_if = "OnDetach::is_continue")]
    pub on_detach: OnDetach,
    /// How long after the last gate or switch it is watched before it counts as stable.
    pub bake: u32,
    /// How to ask a host which version it runs.
    pub version_probe: Option<VersionProbe>,
    /// All layers of variables merged (common, environment, release, command line), vaulted values still sealed.
    pub vars: BTreeMap<String, serde_json::Value>,
    /// Which layer each variable came from.
    pub vars_from: BTreeMap<String, Layer>,
    /// Digests of what the plan was made from.
    pub sources: Sources,
    /// What a person should know before it runs (a play that sets `serial` ...).
    pub warnings: Vec<String>,
}

impl Plan {
    /// Why it does not begin: it would bring out what is stable there already, and nobody asked for that.
    pub fn is_out(&self) -> Option<String> {
        let out = self.current.as_deref() == Some(&self.version) && !self.again;
        out.then(|| format!("{} is the stable version of {} already", self.version, self.environment))
    }

    /// People must approve it, or a step of it.
    pub fn needs_approval(&self) -> bool {
        let mut steps = self.stages.iter().flat_map(|stage| stage.groups.iter().flatten());
        self.approval.needed > 0 || steps.any(|step| matches!(step.kind, StepKind::Approval { .. }))
    }
}

/// How hosts are brought over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Strategy {
    /// Batch after batch in place.
    Rolling {
        /// Hosts that are added while it runs, so that capacity stays; they are the first batch.
        surge: Vec<String>,
    },
    /// The pool that takes no traffic is deployed as a whole, then traffic is switched.
    BlueGreen {
        /// Pool that takes traffic when the plan is made.
        active: String,
        /// Pool that is deployed and switched to.
        idle: String,
        /// Hosts of each pool, by its name.
        pools: BTreeMap<String, Vec<String>>,
    },
    /// A first group or a share of traffic, growing.
    Canary,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its hosts; none: only `weight` changes.
    pub hosts: Vec<String>,
    /// Share of traffic for the new version after it (percent): canary by weight.
    pub weight: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// So many hosts may be out of service at once, those in work included.
    pub max_unavailable: u32,
    /// So many hosts must serve at any moment.
    pub min_in_service: u32,
    /// So many hosts may be failed, unreachable or unknown before it stops.
    pub budget: u32,
    /// Seconds in which at least one host of a batch must come further.
    pub progress_deadline: u32,
    /// Seconds between the end of a batch and its gates.
    pub soak: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rollback {
    /// Version to go back to; `None`: no stable release is known.
    pub to: Option<String>,
    /// Steps, each limited to slices of the touched hosts; they must be idempotent. Empty: only a switch goes back.
    pub steps: Vec<Step>,
    /// It begins by itself where [`OnFailure::Rollback`] says so, once.
    pub automatic: bool,
    /// All layers of variables merged for the version to go back to.
    #[serde(default)]
    pub vars: BTreeMap<String, serde_json::Value>,
}

/// Who must agree before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Distinct people, never the one who submitted it. 0: none.
    pub needed: u8,
    /// Seconds after which it is not waited for any more.
    pub expires: u32,
}

/// What a failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    #[default]
    Rollback,
    Pause,
}

/// What comes of a release when nobody watches it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDetach {
    #[default]
    Continue,
    /// It goes on to the end of its gates, and waits there for somebody.
    PauseAtGate,
}

impl OnDetach {
    fn is_continue(&self) -> bool {
        *self == OnDetach::Continue
    }
}

/// Layers of variables, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// `vars:` of opsdeck.yaml.
    Common,
    /// `vars:` of the environment.
    Environment,
    /// `vars:` of the release.
    Release,
    /// `-e` of the command line.
    CommandLine,
}

/// Digests (SHA-256, hex) of what the plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sources {
    /// Each playbook, by its path.
    pub playbooks: BTreeMap<String, String>,
    /// The project's commit, with `+dirty` where files differ; `None`: no git there.
    pub git: Option<String>,
    /// The inventory's hosts and groups.
    pub inventory: String,
    pub vars: String,
    /// The artifact, where its file is known.
    pub artifact: Option<String>,
}

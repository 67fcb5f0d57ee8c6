//! A release's plan, frozen: everything that will happen, decided before anything does. What `opsdeck plan` prints,
//! what an approval is bound to (by its digest), and all that the machine knows. Data only; it is built in `build`.

use crate::ansible::ask::{Adhoc, Play};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Version of the format that this program writes.
pub const FORMAT: u32 = 1;

/// What will happen. Times in seconds unless a name says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// See [`FORMAT`].
    pub format: u32,
    /// The release's name in `opsdeck.yaml`.
    pub release: String,
    /// What is deployed, in words; by default the release's name.
    pub service: String,
    /// Environment.
    pub environment: String,
    /// Version of the artifact that is brought out.
    pub version: String,
    /// Version of the last release of this name here that was marked stable; `None`: none is known.
    pub current: Option<String>,
    /// The project's root.
    pub cwd: PathBuf,
    /// Inventory sources, as given to `-i`.
    pub inventory: Vec<String>,
    /// Stages in order. Exactly one is [`When::Deploy`]; those before it are [`When::Before`], those after it `After`.
    pub stages: Vec<Stage>,
    /// How hosts are brought over.
    pub strategy: Strategy,
    /// Hosts in slices; each slice is one `ansible-playbook --limit` a step of the deploy stage.
    pub batches: Vec<Batch>,
    /// What must hold throughout.
    pub limits: Limits,
    /// What is measured between batches, and after a switch.
    pub gates: Vec<Gate>,
    /// Load balancers, where traffic is moved by opsdeck.
    pub traffic: Option<Traffic>,
    /// How it is undone.
    pub rollback: Rollback,
    /// How many people must agree, and until when.
    pub approval: Approval,
    /// What a failed gate or an exhausted budget leads to.
    pub on_failure: OnFailure,
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

/// Steps that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name: `prepare`, `build`, `deploy`, `verify` or any other.
    pub name: String,
    /// When it runs.
    pub when: When,
    /// Groups one after another; the steps of a group run in parallel.
    pub groups: Vec<Vec<Step>>,
    /// What a failed step does to the others of its group.
    pub join: Join,
}

/// When a stage runs.
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

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Unique in the plan: `deploy/1` (stage and number).
    pub id: String,
    /// What a person reads.
    pub name: String,
    /// What it does.
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

/// What a step does.
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
        /// It.
        #[serde(flatten)]
        play: Play,
    },
    /// `ansible`; in the deploy stage limited to the batch.
    Adhoc {
        /// It.
        #[serde(flatten)]
        adhoc: Adhoc,
    },
    /// One request that must be answered as expected.
    Http {
        /// It.
        #[serde(flatten)]
        request: Http,
    },
    /// Waits until so many people approved, in the middle of a release.
    Approval {
        /// How many.
        needed: u8,
    },
    /// Waits until a person resumes it.
    Pause {
        /// What they should look at.
        message: String,
        /// Goes on by itself after so many seconds.
        seconds: Option<u32>,
    },
    /// Measures a gate of [`Plan::gates`] until it passes or fails.
    Gate {
        /// Its name.
        gate: String,
    },
    /// Moves all traffic to the pool that was deployed.
    Switch,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Http {
    /// Method; `GET` by default.
    pub method: String,
    /// Address.
    pub url: String,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Body.
    #[serde(default)]
    pub body: Option<String>,
    /// Statuses that are good; empty: 200 to 299.
    #[serde(default)]
    pub status: Vec<u16>,
    /// Text that the answer's body must hold.
    #[serde(default)]
    pub contains: Option<String>,
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

/// One slice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its hosts; none: only `weight` changes.
    pub hosts: Vec<String>,
    /// Share of traffic for the new version after it (percent): canary by weight.
    pub weight: Option<u8>,
}

/// What must hold throughout.
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

/// A measurement that must pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Unique in the plan.
    pub name: String,
    /// What is measured.
    pub probe: Probe,
    /// Seconds between two readings.
    pub interval: u32,
    /// Seconds that a reading may take.
    pub timeout: u32,
    /// Passes one after another that are needed.
    pub passes: u32,
    /// Fails one after another that decide.
    pub fails: u32,
    /// Readings that could not be made or had no data, one after another, before a person is asked.
    pub inconclusive: u32,
    /// Seconds that all of it must take at least.
    pub window: u32,
}

/// What a gate measures. `{host}` in an address or command: once for each host of the batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Probe {
    /// A request.
    Http {
        /// It.
        #[serde(flatten)]
        request: Http,
    },
    /// A connection that can be opened.
    Tcp {
        /// `host:port`.
        address: String,
    },
    /// A program on the control host; exit code 0 passes, 75 (EX_TEMPFAIL) is inconclusive, anything else fails.
    Command {
        /// Program and arguments.
        argv: Vec<String>,
    },
    /// A unit that is active and was not restarted meanwhile, on the batch's hosts, asked through Ansible.
    Systemd {
        /// Its name.
        unit: String,
    },
    /// An instant query whose every sample must be within bounds; no sample is no data.
    Prometheus {
        /// Server, `http://127.0.0.1:9090`.
        url: String,
        /// Query.
        query: String,
        /// Must be above or at this.
        min: Option<f64>,
        /// Must be below or at this.
        max: Option<f64>,
    },
}

/// Load balancers and what is switched on them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// The balancers, standby first: in this order they are written.
    pub balancers: Vec<Balancer>,
    /// Proved through the balancers after a switch: a request that must be answered by the new version.
    pub prove: Option<Prove>,
    /// Seconds that the old pool may take to finish its sessions.
    pub drain: u32,
    /// Seconds for which the old pool is kept running, for an instant way back.
    pub keep_warm: u32,
}

/// One load balancer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Balancer {
    /// Its name on the screen.
    pub name: String,
    /// How it is driven.
    pub driver: Driver,
}

/// How a balancer is driven.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "driver", rename_all = "snake_case")]
pub enum Driver {
    /// HAProxy's runtime API.
    Haproxy {
        /// Path of the stats socket, on the balancer.
        socket: String,
        /// `[user@]host` to reach it over OpenSSH; `None`: on this machine.
        ssh: Option<String>,
        /// Map that names the active backend, and its key (blue-green).
        map: Option<HaproxyMap>,
        /// Backend of each pool (blue-green) by the pool's name; else the one backend under the name `""`.
        backends: BTreeMap<String, String>,
        /// Server name in the backend by inventory host; those that are not named are called as the host.
        servers: BTreeMap<String, String>,
    },
    /// A Service's selector, by `kubectl patch`.
    Kubernetes {
        /// `--context`.
        context: Option<String>,
        /// `--namespace`.
        namespace: String,
        /// Service.
        service: String,
        /// Label of the selector that is switched.
        label: String,
        /// Deployment of each pool, by the pool's name (which is the label's value).
        deployments: BTreeMap<String, String>,
    },
    /// Programs of the operator's own, which answer in JSON.
    Command {
        /// `status`: prints `{"active": "blue", "pools": {"blue": {"up": 3, "total": 3}}}`.
        status: Vec<String>,
        /// `check POOL`: may it be switched to?
        check: Option<Vec<String>>,
        /// `switch POOL`.
        switch: Vec<String>,
        /// `drain POOL`.
        drain: Option<Vec<String>>,
        /// The switch is done when `switch` returns.
        instant: bool,
        /// `switch POOL PERCENT` is understood.
        weights: bool,
    },
}

/// A map of HAProxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HaproxyMap {
    /// Its file on the balancer, as HAProxy's configuration names it.
    pub file: String,
    /// The key whose value is the active backend.
    pub key: String,
}

/// Proof by real requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prove {
    /// Requests through each balancer, one address a balancer (in their order) or one for all.
    pub urls: Vec<String>,
    /// Header that carries the version; else the body must hold it.
    pub header: Option<String>,
    /// How many in a row must be answered by the new version.
    pub requests: u32,
}

/// How it is undone.
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
    /// Undo what was done.
    #[default]
    Rollback,
    /// Wait for a person.
    Pause,
}

/// How a host tells its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VersionProbe {
    /// A command on the host (through Ansible): its first word of output is the version.
    Command {
        /// It, for the `command` module.
        command: String,
    },
    /// A file on the host whose first word is the version.
    File {
        /// Its path.
        path: String,
    },
    /// A request from the control host; `{host}` is the inventory name, `{ansible_host}` and other host variables too.
    Http {
        /// Address.
        url: String,
        /// Header with the version; else the first word of the body, or of this key where the body is JSON.
        header: Option<String>,
        /// Key in a JSON body.
        key: Option<String>,
    },
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
    /// The merged variables.
    pub vars: String,
    /// The artifact, where its file is known.
    pub artifact: Option<String>,
}

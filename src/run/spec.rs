//! What was asked, frozen at launch: `spec.yaml` of a run. Holds no secret, only the names of those that were given.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use uuid::Uuid;

/// A run's spec. Written once, before anything happens; never changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Version of this format; a reader that knows only older ones opens the run read-only.
    pub version: u32,
    /// The run (UUIDv7, so that ids sort by time).
    pub id: Uuid,
    /// What was asked, in Ansible's terms.
    pub ask: Ask,
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
    /// Names of secrets that were given ("become", "connection", "vault:default", "prompt:password").
    pub secrets: Vec<String>,
    /// What to do when another run holds a lease on the same hosts.
    pub on_conflict: OnConflict,
    /// Who asked, and from where.
    pub operator: Operator,
    /// The run that this one repeats.
    pub rerun_of: Option<Uuid>,
    /// When it was asked (Unix milliseconds).
    pub created_at: i64,
}

/// The two kinds of run that exist today.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Ask {
    /// `ansible PATTERN -m MODULE -a ARGS`.
    Adhoc(Adhoc),
    /// `ansible-playbook PLAYBOOK`.
    Playbook(Play),
}

/// What `ansible` and `ansible-playbook` share.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Common {
    /// Inventory sources, as given to `-i`, in order.
    #[serde(default)]
    pub inventory: Vec<String>,
    /// `--limit`.
    pub limit: Option<String>,
    /// `--become`.
    #[serde(default)]
    pub r#become: bool,
    /// `--become-user`.
    pub become_user: Option<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `--forks`.
    pub forks: Option<u32>,
    /// `--check`.
    #[serde(default)]
    pub check: bool,
    /// `--diff`.
    #[serde(default)]
    pub diff: bool,
    /// `--extra-vars`, in order, as written.
    #[serde(default)]
    pub extra_vars: Vec<String>,
    /// How many `-v`.
    #[serde(default)]
    pub verbosity: u8,
}

/// An ad-hoc command.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Adhoc {
    /// Host pattern.
    pub pattern: String,
    /// Module name.
    pub module: String,
    /// Module arguments (`-a`), as written.
    pub args: Option<String>,
    /// Shared options.
    #[serde(flatten)]
    pub common: Common,
}

/// A playbook.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Play {
    /// Playbook file, relative to `cwd` where it lies below it.
    pub playbook: String,
    /// `--tags`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// `--skip-tags`.
    #[serde(default)]
    pub skip_tags: Vec<String>,
    /// `--start-at-task`.
    pub start_at_task: Option<String>,
    /// Shared options.
    #[serde(flatten)]
    pub common: Common,
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

/// Who asked, and from where. Fields that only the environment says are marked unverified in the audit ledger.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Operator {
    /// Login name: of `/proc/self/loginuid` where it is set (it survives sudo), else of the real uid.
    pub name: String,
    /// Effective user's name.
    pub effective: String,
    /// Client address and port from `SSH_CONNECTION`.
    pub from: Option<String>,
    /// Terminal device.
    pub tty: Option<String>,
    /// Audit session id of the kernel, where there is one.
    pub session: Option<String>,
    /// Name of the control host.
    pub host: String,
}

impl Ask {
    /// `adhoc` or `playbook`.
    pub fn kind(&self) -> &'static str {
        match self {
            Ask::Adhoc(_) => "adhoc",
            Ask::Playbook(_) => "playbook",
        }
    }

    /// The shared options.
    pub fn common(&self) -> &Common {
        match self {
            Ask::Adhoc(a) => &a.common,
            Ask::Playbook(p) => &p.common,
        }
    }

    /// One line for lists: `service name=nginx state=restarted` or `deploy.yml`.
    pub fn title(&self) -> String {
        match self {
            Ask::Adhoc(a) => format!("{} {}", a.module, a.args.as_deref().unwrap_or("")).trim_end().to_owned(),
            Ask::Playbook(p) => p.playbook.clone(),
        }
    }
}

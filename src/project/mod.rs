//! What the operator wrote: an Ansible project found without configuration, its environments and playbooks,
//! `ansible.cfg`, and the optional `opsdeck.yaml`. Runs nothing and parses no inventory.

mod belongs;
pub mod cfg;
mod check;
pub mod colour;
pub mod config;
mod declared;
mod discover;
mod environments;
pub mod freeze;
mod kinds;
mod passed_over;
mod playbooks;
mod problem;
mod sources;

pub use belongs::scope;
pub use cfg::{AnsibleCfg, Env};
pub use colour::Colour;
pub use config::checks::CheckConfig;
pub use config::release::ReleaseConfig;
pub use discover::Error;
pub use environments::protected_by_name;
pub use freeze::Freeze;
pub use passed_over::PassedOver;
pub use playbooks::one as playbook;
pub use problem::{Problem, Severity};

use crate::yaml::Node;
use std::path::PathBuf;

/// Variables in the order written, as they were written: what Ansible makes of them is for `inventory` to say.
pub type Vars = Vec<(String, Node)>;

/// An Ansible project, as found on disk.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Project {
    /// Its root: the working directory of every run.
    pub root: PathBuf,
    /// The `ansible.cfg` that Ansible will use there, if any (environment, root, home, /etc, in Ansible's order).
    pub config_file: Option<PathBuf>,
    /// Environments, in the order shown.
    pub environments: Vec<Environment>,
    /// Playbooks, the usual ones first, each part sorted by path.
    pub playbooks: Vec<Playbook>,
    /// Recovery commands of `opsdeck.yaml`.
    pub runbooks: Vec<Runbook>,
    /// Policies of auto-recovery of `opsdeck.yaml`.
    pub recovery: Vec<config::recovery::Policy>,
    /// Releases of `opsdeck.yaml`.
    pub releases: Vec<ReleaseConfig>,
    /// Health checks of `opsdeck.yaml`.
    pub checks: Vec<CheckConfig>,
    /// Whom `opsdeck serve` tells what, of `opsdeck.yaml`.
    pub notify: config::notify::Notify,
    /// Variables of all releases.
    pub vars: Vars,
    /// `--forks` where nobody says otherwise.
    pub forks: Option<u32>,
    /// Ansible's configuration as it holds in the root.
    pub cfg: AnsibleCfg,
    /// What is wrong in the project's files; never fatal, always shown.
    pub problems: Vec<Problem>,
}

/// A set of hosts with its own inventory: production, staging ...
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Environment {
    /// Name, shown everywhere.
    pub name: String,
    /// Inventory sources as passed to `-i`, relative to the root where they lie below it.
    pub inventory: Vec<String>,
    /// Colour of the top line: a colour name or `#rrggbb`.
    pub colour: Option<String>,
    /// Ask to type the name before anything runs there. Where `opsdeck.yaml` does not say: [`protected_by_name`].
    pub protect: bool,
    /// Variables of releases to it.
    pub vars: Vars,
    /// Times in which no release begins.
    pub freeze: Vec<Freeze>,
    /// How many people must agree to a release, at least.
    pub approvals: u8,
}

/// A YAML file that holds plays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Playbook {
    /// Path relative to the root.
    pub path: String,
    /// Name and hosts pattern of each play.
    pub plays: Vec<(String, String)>,
    /// It lies where playbooks usually do: in the root, or in a folder of them.
    pub usual: bool,
}

/// A recovery command with a key of its own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Runbook {
    /// Name in the menu.
    pub name: String,
    /// One key that launches it from the recovery menu.
    pub key: Option<char>,
    /// What it is for.
    pub help: Option<String>,
    /// Environments it is offered in; empty: all.
    pub environments: Vec<String>,
    /// Module and arguments of an ad-hoc command; or else
    pub module: Option<String>,
    /// its arguments,
    pub args: Option<String>,
    /// the playbook to run.
    pub playbook: Option<String>,
    /// Host pattern (ad-hoc) or limit (playbook); `None`: the marked hosts.
    pub hosts: Option<String>,
    /// `--become`.
    pub r#become: bool,
    /// Extra vars, as for `-e`.
    pub extra_vars: Vec<String>,
}

//! `releases:` of `opsdeck.yaml`, as written: what each release does, before anything is filled in or looked up.
//! Short forms are already spelled out. What becomes of it with an environment and a version: `release::build`.

mod balancers;
mod checks;
mod gate;
mod pace;
pub(in crate::project::config) mod probes;
mod read;
pub(in crate::project::config) mod schema;
mod stages;
mod step;
mod steps;
mod traffic;

pub use gate::{Gate, Probe, VersionProbe};
pub use schema::definitions;
pub use step::{Http, Options, Stage, Step, StepKind};
pub use traffic::{Driver, Prove, Traffic};

use super::keys::{Shape, of};
use super::text::Text;
use crate::project::Vars;
use crate::yaml::Mark;

/// The section.
pub(in crate::project::config) fn releases() -> impl Shape<Value = Vec<ReleaseConfig>> {
    of(|node, _, reader| Some(read::read(node, reader)), schema::releases)
}

/// One release.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReleaseConfig {
    /// Its name.
    pub name: String,
    /// Where it stands in the file.
    pub mark: Mark,
    /// What it is for.
    pub help: Option<String>,
    /// What is deployed, in words.
    pub service: Option<String>,
    /// Environments it may go to; empty: all.
    pub environments: Vec<String>,
    /// Releases that should be out before.
    pub after: Vec<String>,
    /// Host pattern (rolling, canary).
    pub hosts: Option<Text>,
    /// Its variables.
    pub vars: Vars,
    /// What a version must look like (regular expression).
    pub version_pattern: Option<String>,
    /// File of the artifact.
    pub artifact: Option<Text>,
    /// How hosts are brought over.
    pub strategy: Strategy,
    /// How fast, and when it stops.
    pub pace: Pace,
    /// Stages in the order in which they run.
    pub stages: Vec<Stage>,
    /// Gates by name.
    pub gates: Vec<Gate>,
    /// Load balancers.
    pub traffic: Option<Traffic>,
    /// How it is undone.
    pub rollback: Vec<Step>,
    /// A failure waits for a person instead of undoing by itself; `None`: not said.
    pub pause_on_failure: Option<bool>,
    /// It waits at a gate when nobody watches it.
    pub pause_on_detach: bool,
    /// How many people must agree.
    pub approvals: Option<u8>,
    /// Seconds after which approvals are not waited for any more.
    pub approval_expires: Option<u32>,
    /// Seconds.
    pub bake: Option<u32>,
    /// How a host tells its version.
    pub version_probe: Option<VersionProbe>,
}

/// How hosts are brought over.
#[derive(Debug, Clone, PartialEq)]
pub enum Strategy {
    /// Batch after batch.
    Rolling {
        /// Pattern of hosts that are added.
        surge: Option<Text>,
    },
    /// Two pools and a switch.
    BlueGreen {
        /// Name and pattern of each.
        pools: Vec<(String, Text)>,
    },
    /// A first group that grows; with `weights` a share of traffic that grows.
    Canary {
        /// Shares (percent) in steps.
        weights: Vec<u8>,
        /// Pattern of the hosts that take them.
        hosts: Option<Text>,
    },
}

impl Default for Strategy {
    fn default() -> Self {
        Self::Rolling { surge: None }
    }
}

/// How fast, and when it stops. `None`: the default of the builder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pace {
    /// Sizes of batches; the last repeats.
    pub batches: Vec<Size>,
    /// Hosts out of service at once.
    pub max_unavailable: Option<Size>,
    /// Bad hosts before it stops.
    pub budget: Option<Size>,
    /// Seconds between a batch and its gates.
    pub soak: Option<u32>,
    /// Seconds in which a host must come further.
    pub progress_deadline: Option<u32>,
}

/// A number of hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// So many.
    Hosts(u32),
    /// So many of a hundred.
    Percent(u32),
}

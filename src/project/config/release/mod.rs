//! `releases:` of `opsdeck.yaml`, as written: what each release does, before anything is filled in or looked up.
//! Short forms are already spelled out. What becomes of it with an environment and a version: `release::build`.

mod checks;
mod gate;
mod pace;
mod stages;
mod steps;
mod traffic;

pub use super::probes::{Http, Probe};
pub use super::values::Size;
pub use gate::{Gate, VersionProbe};
pub use pace::{How, Pace, Strategy};
pub use stages::Stage;
pub use steps::{Options, Step, StepKind};
pub use traffic::{Driver, Prove, Traffic};

use super::keys::{Keys, Shape, keys, of};
use super::probes::Request;
use super::reader::{Entry, Reader};
use super::shapes::{environments, mapping, names, seconds, small, template, text, vars, word};
use super::text::Text;
use crate::project::Vars;
use crate::yaml::{Mark, Node};
use serde_json::{Value, json};

keys! {
    /// One release.
    #[derive(Debug, Clone, PartialEq)]
    pub struct ReleaseConfig {
        {
            /// Its name.
            name: String,
            /// Where it stands in the file.
            mark: Mark,
        }
        /// What it is for.
        help: Option<String> => text();
        /// What is deployed, in words. Default: the release's name.
        service: Option<String> => text();
        /// Environments it may go to. Default: all.
        environments: Vec<String> => environments();
        /// Releases that should be out before this one.
        after: Vec<String> => names("other release", |known| &known.releases);
        /// Host pattern: rolling and canary.
        hosts: Option<Text> => template();
        /// Variables; over those of the file and of the environment.
        vars: Vars => vars();
        /// What a version looks like, and its artifact.
        version: Version => mapping::<Version>();
        /// How hosts are brought over: rolling, blue_green or canary. Default: rolling.
        how as "strategy": How => pace::strategy();
        /// Stages in order. The stage deploy runs once for each batch.
        stages: Vec<Stage> => stages::stages();
        /// What is measured between batches and after a switch.
        gates: Vec<Gate> => gate::gates();
        /// Load balancers.
        traffic: Option<Traffic> => traffic::traffic();
        /// Steps that bring the old version back, which may be done twice; or none.
        rollback: Vec<Step> => rollback();
        /// What comes of it when nobody watches it any more, in a console or with --wait. Default: continue; pause_at_gate: it stands before the next batch or switch until somebody does.
        pause_on_detach as "on_detach": bool => word("way to go on", &[("continue", false), ("pause_at_gate", true)]);
        /// What a failure leads to. Default: rollback; with an irreversible step or without rollback: pause.
        pause_on_failure as "on_failure": Option<bool> => word("way to go on", &[("rollback", false), ("pause", true)]);
        /// How many people must agree, never the one who submitted it.
        approvals: Option<u8> => small(0, 20);
        /// How long approvals are waited for.
        approval_expires: u32 = 86_400 => seconds();
        /// How long it is watched at the end.
        bake: u32 = 60 => seconds();
        /// How a host tells its version.
        version_probe: Option<VersionProbe> => gate::version_probe();
        /// Short form of stages: this playbook deploys.
        playbook: Option<Step> => steps::short();
    }
}

keys! {
    /// What a version looks like, and its artifact.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Version {
        /// Regular expression that a version must match.
        pattern: Option<String> => pattern();
        /// File of the artifact, such as dist/web-{{ version }}.tar.gz.
        artifact: Option<Text> => template();
    }
}

/// The section, in the order written.
pub(in crate::project::config) fn releases() -> impl Shape<Value = Vec<ReleaseConfig>> {
    let schema = || json!({ "type": ["object", "null"], "additionalProperties": ReleaseConfig::schema() });
    of(|node, what, reader| Some(read(node, what, reader)), schema)
}

/// What stands in several places of its schema.
pub(in crate::project::config) fn definitions() -> Value {
    let (step, gate, http) = (steps::schema(), gate::Written::schema(), Request::schema());
    json!({ "Step": step, "Gate": gate, "Http": http, "Driver": traffic::schema() })
}

fn read(node: &Node, what: &str, reader: &mut Reader) -> Vec<ReleaseConfig> {
    let entries = reader.mapping(node, what, None);
    let mut releases: Vec<(ReleaseConfig, &Node)> = Vec::new();
    for entry in &entries {
        let others = entries.iter().filter(|other| other.key != entry.key);
        reader.known.releases = others.map(|other| other.key.to_owned()).collect();
        releases.extend(release(entry, reader).map(|release| (release, entry.value)));
    }
    checks::circle(&releases, reader);
    releases.into_iter().map(|(release, _)| release).collect()
}

fn release(entry: &Entry<'_>, reader: &mut Reader) -> Option<ReleaseConfig> {
    let before = reader.problems.len();
    let mut release = ReleaseConfig { name: entry.key.to_owned(), mark: entry.mark, ..ReleaseConfig::default() };
    let fields = release.fill(entry.value, entry.mark, &format!("release \"{}\"", entry.key), reader);
    // the shortest form: `playbook: deploy.yml` deploys
    if let Some(step) = release.playbook.take() {
        release.stages.push(Stage { name: "deploy".into(), groups: vec![vec![step]], fail_fast: false });
    }
    checks::together(&release, &fields, entry, reader);
    // what is half read is not offered
    (reader.problems.len() == before || reader.newer).then_some(release)
}

fn rollback() -> impl Shape<Value = Vec<Step>> {
    let read = |node: &Node, what: &str, reader: &mut Reader| match node.text() {
        Some("none") => Some(Vec::new()),
        _ => Some(steps::groups().read(node, what, reader)?.into_iter().flatten().collect()),
    };
    of(read, || json!({ "oneOf": [steps::groups().schema(), { "const": "none" }] }))
}

fn pattern() -> impl Shape<Value = String> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let pattern = reader.text(node, what)?;
        if let Err(error) = regex::Regex::new(&pattern) {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let message = format!("this is no regular expression ({why})");
            reader.mistake(node.mark, message, format!("{pattern:?}"), "such as '^\\d+\\.\\d+$'");
        }
        Some(pattern)
    };
    of(read, || text().schema())
}

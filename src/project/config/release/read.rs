//! Reads `releases:`: each release by its name, its fields handed to the files beside; then what must fit together.

use super::{ReleaseConfig, Stage, balancers, checks, pace, probes, stages, steps};
use crate::project::config::keys::Shape;
use crate::project::config::reader::{Entry, Reader};
use crate::project::config::shapes::environments;
use crate::yaml::Node;

/// Keys of a release.
pub const KEYS: [&str; 19] = [
    "help",
    "service",
    "environments",
    "after",
    "hosts",
    "vars",
    "version",
    "strategy",
    "stages",
    "gates",
    "traffic",
    "rollback",
    "on_detach",
    "on_failure",
    "approvals",
    "approval_expires",
    "bake",
    "version_probe",
    "playbook",
];
/// Keys of `version`.
pub const VERSION: [&str; 2] = ["pattern", "artifact"];

/// The releases, in the order written.
pub fn read(node: &Node, reader: &mut Reader) -> Vec<ReleaseConfig> {
    let entries = reader.mapping(node, "releases", None);
    let names: Vec<&str> = entries.iter().map(|entry| entry.key).collect();
    let mut releases: Vec<(ReleaseConfig, &Node)> = Vec::new();
    for entry in &entries {
        releases.extend(release(entry, &names, reader).map(|release| (release, entry.value)));
    }
    checks::circle(&releases, reader);
    releases.into_iter().map(|(release, _)| release).collect()
}

fn release(entry: &Entry<'_>, names: &[&str], reader: &mut Reader) -> Option<ReleaseConfig> {
    let before = reader.problems.len();
    let what = format!("release \"{}\"", entry.key);
    let fields = reader.mapping(entry.value, &what, Some(&KEYS));
    let mut release = ReleaseConfig { name: entry.key.to_owned(), mark: entry.mark, ..ReleaseConfig::default() };
    let mut deploys = None;
    for Entry { key, value, .. } in &fields {
        match *key {
            "help" => release.help = reader.text(value, key),
            "service" => release.service = reader.text(value, key),
            "environments" => release.environments = environments().read(value, key, reader).unwrap_or_default(),
            "after" => release.after = checks::after(value, entry.key, names, reader),
            "hosts" => release.hosts = reader.template(value, key),
            "vars" => release.vars = reader.vars(value, "vars"),
            "version" => version(value, &mut release, reader),
            "strategy" => {
                if let Some((strategy, pace)) = pace::strategy(value, reader) {
                    (release.strategy, release.pace) = (strategy, pace);
                }
            }
            "stages" => release.stages = stages::stages(value, reader),
            "gates" => release.gates = probes::gates(value, reader),
            "traffic" => release.traffic = balancers::traffic(value, reader),
            "rollback" if value.text() == Some("none") => {}
            "rollback" => {
                let groups = steps::groups(value, "rollback", reader);
                release.rollback = groups.into_iter().flatten().collect();
            }
            "on_failure" => release.pause_on_failure = on_failure(value, reader),
            "on_detach" => release.pause_on_detach = on_detach(value, reader),
            "approvals" => release.approvals = approvals(value, reader),
            "approval_expires" => release.approval_expires = reader.seconds(value, key),
            "bake" => release.bake = reader.seconds(value, key),
            "version_probe" => release.version_probe = probes::version_probe(value, reader),
            _ => deploys = steps::step_of_playbook(value, reader),
        }
    }
    // the shortest form: `playbook: deploy.yml` deploys
    if let Some(step) = deploys {
        release.stages.push(Stage { name: "deploy".into(), groups: vec![vec![step]], fail_fast: false });
    }
    checks::together(&release, &fields, entry, reader);
    // what is half read is not offered
    (reader.problems.len() == before || reader.newer).then_some(release)
}

fn approvals(node: &Node, reader: &mut Reader) -> Option<u8> {
    reader.number(node, "approvals", 0, 20).and_then(|people| u8::try_from(people).ok())
}

fn on_detach(node: &Node, reader: &mut Reader) -> bool {
    match node.text() {
        Some("pause_at_gate") => return true,
        Some("continue") => {}
        other => {
            let expected = ["continue", "pause_at_gate"];
            reader.no_such("way to go on", other.unwrap_or("(no text)"), node.mark, &expected);
        }
    }
    false
}

fn on_failure(node: &Node, reader: &mut Reader) -> Option<bool> {
    match node.text() {
        Some("pause") => Some(true),
        Some("rollback") => Some(false),
        other => {
            reader.no_such("way to go on", other.unwrap_or("(no text)"), node.mark, &["rollback", "pause"]);
            None
        }
    }
}

fn version(node: &Node, release: &mut ReleaseConfig, reader: &mut Reader) {
    for Entry { key, value, .. } in reader.mapping(node, "version", Some(&VERSION)) {
        if key == "artifact" {
            release.artifact = reader.template(value, key);
            continue;
        }
        release.version_pattern = reader.text(value, key);
        if let Some(Err(error)) = release.version_pattern.as_deref().map(regex::Regex::new) {
            let found = format!("{:?}", release.version_pattern.as_deref().unwrap_or_default());
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            reader.mistake(
                value.mark,
                format!("this is no regular expression ({why})"),
                found,
                "such as '^\\d+\\.\\d+$'",
            );
        }
    }
}

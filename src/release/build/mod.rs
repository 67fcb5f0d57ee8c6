//! From `opsdeck.yaml`, an inventory, a version and a command line to the frozen plan: everything is looked up, filled in
//! and decided here, and nothing is done. The only room that knows both what the operator wrote and the plan.

mod batches;
mod changed;
mod fill;
mod history;
mod hosts;
mod sources;
mod steps;
mod traffic;
mod vars;
mod warnings;

pub use changed::changed;
pub use history::last_stable;
pub use hosts::problems;

use super::plan::{self, OnDetach, Plan};
use crate::audit::hex;
use crate::project::config::release::{self as written, ReleaseConfig, Strategy};
use crate::project::{Environment, Project};
use fill::Fill;
use hosts::Hosts;
use plan::OnFailure;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Why there is no plan: what was found, where, and what was expected.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// What is to be planned.
pub struct Wish<'a> {
    pub project: &'a Project,
    pub release: &'a str,
    pub environment: &'a str,
    pub version: &'a str,
    /// `-x` of the command line: `key=value`, JSON or `@file`.
    pub extra_vars: &'a [String],
    /// Version that is stable there now, see [`last_stable`].
    pub current: Option<String>,
    /// Bring it out although it is stable there already.
    pub again: bool,
    /// Tells the pool that takes traffic (blue-green).
    pub active: &'a dyn Fn(&plan::Traffic) -> Result<String, String>,
}

/// Bytes of a version, at most: a file's name holds 255, and has more in it.
const LONGEST_VERSION: usize = 128;

/// The plan.
///
/// # Errors
/// Why there can be none.
pub fn build(wish: &Wish<'_>) -> Result<Plan, Refused> {
    let (release, environment) = find(wish)?;
    check_version(release, wish.version)?;
    wish.current.as_deref().map_or(Ok(()), is_version)?;
    let layers = vars::layers(wish, release, environment)?;
    let (vars, vars_from) = layers.merged(Some(wish.version));
    let fill = Fill::new(&vars);
    let hosts = Hosts::load(wish.project, environment)?;
    let mut warnings = Vec::new();
    let traffic = release.traffic.as_ref().map(|traffic| traffic::traffic(traffic, &fill)).transpose()?;
    let sliced = batches::slice(wish, release, &hosts, &fill, traffic.as_ref(), &mut warnings)?;
    let stages = steps::stages(release, wish.project, environment, &fill)?;
    let irreversible = stages.iter().flat_map(|stage| stage.groups.iter().flatten()).any(|step| step.irreversible);
    let pause = release.pause_on_failure.unwrap_or(irreversible);
    let back = layers.merged(wish.current.as_deref()).0;
    let rollback = plan::Rollback {
        to: wish.current.clone(),
        // without a version to go back to, steps would bring out nothing: they are kept out
        steps: match &wish.current {
            Some(_) => steps::rollback(release, wish.project, environment, &Fill::new(&back))?,
            None => Vec::new(),
        },
        automatic: !pause,
        vars: if wish.current.is_some() { back } else { BTreeMap::new() },
    };
    let mut plan = Plan {
        format: plan::FORMAT,
        release: release.name.clone(),
        service: release.service.clone().unwrap_or_else(|| release.name.clone()),
        environment: environment.name.clone(),
        version: wish.version.to_owned(),
        current: wish.current.clone(),
        again: wish.again,
        cwd: wish.project.root.clone(),
        inventory: environment.inventory.clone(),
        stages,
        strategy: sliced.strategy,
        batches: sliced.batches,
        limits: sliced.limits,
        gates: steps::gates(release, &fill)?,
        traffic,
        rollback,
        approval: plan::Approval {
            needed: release.approvals.unwrap_or_default().max(environment.approvals),
            expires: release.approval_expires,
        },
        on_failure: if pause { OnFailure::Pause } else { OnFailure::Rollback },
        on_detach: if release.pause_on_detach { OnDetach::PauseAtGate } else { OnDetach::Continue },
        bake: release.bake,
        version_probe: release.version_probe.as_ref().map(|probe| version_probe(probe, &fill)).transpose()?,
        sources: sources::sources(wish.project, release, &hosts, &vars, &fill)?,
        vars,
        vars_from,
        warnings: Vec::new(),
    };
    warnings::of(&plan, wish, release, environment, &mut warnings);
    plan.warnings = warnings;
    Ok(plan)
}

impl Plan {
    /// SHA-256 (hex) of the canonical JSON: what approvals are bound to. Not to the values of secret variables: those
    /// could be found out by trying.
    pub fn digest(&self) -> String {
        let mut sealed = self.clone();
        sealed.seal();
        let json = serde_json::to_value(sealed).unwrap_or_default();
        sha256(crate::audit::canonical(&json).as_bytes())
    }
}

/// SHA-256, hex.
fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn find<'a>(wish: &Wish<'a>) -> Result<(&'a ReleaseConfig, &'a Environment), Refused> {
    let project = wish.project;
    let none = |what: &str, name: &str, known: Vec<&str>| {
        let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        Refused(format!("no {what} {name:?} in {}: {known} (`opsdeck check` tells mistakes)", project.root.display()))
    };
    let release = project.releases.iter().find(|release| release.name == wish.release);
    let names = || project.releases.iter().map(|release| release.name.as_str()).collect();
    let release = release.ok_or_else(|| none("release", wish.release, names()))?;
    let environment = project.environment(wish.environment).ok_or_else(|| {
        none("environment", wish.environment, project.environments.iter().map(|env| env.name.as_str()).collect())
    })?;
    if !release.environments.is_empty() && !release.environments.contains(&environment.name) {
        let to = release.environments.join(", ");
        return Err(Refused(format!("{} does not go to {}, only to {to}", release.name, environment.name)));
    }
    Ok((release, environment))
}

/// A version becomes an argument, a variable and a part of paths on the hosts: nothing in it may mean more than itself.
///
/// # Errors
/// What is wrong with it.
pub fn is_version(version: &str) -> Result<(), Refused> {
    let why = match version {
        _ if version.is_empty() => "it is empty",
        _ if version.starts_with('-') => "it begins with `-`, as an option does",
        _ if version.chars().any(|c| c.is_control() || c.is_whitespace()) => "it holds a blank or a control character",
        _ if version.contains(['/', '\\']) => "it holds a separator of paths",
        _ if version.starts_with('.') || version.contains("..") => "it leads to another folder in a path",
        _ if version.len() > LONGEST_VERSION => "it is longer than any version",
        _ => return Ok(()),
    };
    Err(Refused(format!("{version:?} is no version: {why}; expected a word such as 4.12.1")))
}

fn check_version(release: &ReleaseConfig, version: &str) -> Result<(), Refused> {
    is_version(version)?;
    let pattern = release.version.pattern.as_deref().and_then(|pattern| regex::Regex::new(pattern).ok());
    match pattern {
        Some(pattern) if !pattern.is_match(version) => Err(Refused(format!(
            "{version:?} is no version of {}: expected one that matches {}",
            release.name,
            pattern.as_str()
        ))),
        _ => Ok(()),
    }
}

fn version_probe(probe: &written::VersionProbe, fill: &Fill<'_>) -> Result<plan::VersionProbe, Refused> {
    Ok(match probe {
        written::VersionProbe::Command(command) => plan::VersionProbe::Command { command: command.clone() },
        written::VersionProbe::File(path) => plan::VersionProbe::File { path: path.clone() },
        written::VersionProbe::Http { url, header, key } => {
            plan::VersionProbe::Http { url: fill.text(url)?, header: header.clone(), key: key.clone() }
        }
    })
}

/// True where all hosts of the release are in two pools.
fn is_blue_green(release: &ReleaseConfig) -> bool {
    matches!(release.how.strategy, Strategy::BlueGreen { .. })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_version_is_nothing_but_a_word() {
        for good in ["4.12.1", "v2", "2026-11-30_3", "1.0+build.7", "4.13.0-rc1", "a1b2c3d", "1.0~beta"] {
            assert!(super::is_version(good).is_ok(), "{good}");
        }
        let long = "1".repeat(129);
        for bad in
            ["", "-x", "../../x", "a/b", "a\\b", "..", ".hidden", "1..2", "1 2", "1\n2", "1\0", "\u{1b}[31m", &long]
        {
            let why = super::is_version(bad).unwrap_err().to_string();
            assert!(why.contains("is no version: ") && why.contains("expected a word such as 4.12.1"), "{why}");
        }
    }
}

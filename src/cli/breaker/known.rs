//! A breaker that people name: one that would stand for nothing is refused, one that has a row can always be handled.

use crate::cli::{Global, known};
use crate::health::breaker::{Keeper, Key};
use crate::project::Project;
use crate::project::config::release::Probe;
use anyhow::{Result, anyhow};

/// Refuses a breaker of an environment, service, host or endpoint that is nowhere.
///
/// # Errors
/// It is nowhere; what is there cannot be read.
pub fn check(global: &Global, keeper: &Keeper, key: &Key) -> Result<()> {
    if keeper.list(None)?.iter().any(|(there, _)| there == key) {
        return Ok(());
    }
    let project = Project::discover(&global.project)?;
    if let Some(environment) = key.environment() {
        known::of(&project, environment)?;
    }
    match key {
        Key::Fleet { .. } => Ok(()),
        Key::Service { service, .. } => known::one("service", service, "opsdeck.yaml", project.services()),
        Key::Transport { environment, host } => host_of(&project, environment, host),
        Key::Endpoint { url } => endpoint(&project, url),
    }
}

fn host_of(project: &Project, environment: &str, host: &str) -> Result<()> {
    let is_there = known::inventory(project, known::of(project, environment)?)?.host(host).is_some();
    // There may be hundreds: they are not listed.
    is_there
        .then_some(())
        .ok_or_else(|| anyhow!("no host {host:?} in {environment}; `opsdeck hosts all -E {environment}` lists them"))
}

/// Servers that gates ask. Where one is filled in by a release's variables, nobody can tell which it is.
fn endpoint(project: &Project, url: &str) -> Result<()> {
    let gates = project.releases.iter().flat_map(|release| &release.gates);
    let asked = gates.filter_map(|gate| match &gate.probe {
        Probe::Prometheus { url, .. } => Some(url.fill(|_| None).ok()),
        _ => None,
    });
    let asked: Vec<Option<String>> = asked.collect();
    if asked.contains(&None) {
        return Ok(());
    }
    known::one("endpoint", url, "the gates of opsdeck.yaml", asked.iter().flatten().map(String::as_str))
}

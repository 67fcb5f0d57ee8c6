//! Hosts of patterns: the native engine, or `ansible` itself where the native one declines. And, for `opsdeck check`,
//! patterns of releases that select nothing.

use super::fill::Fill;
use super::{Refused, sha256, vars};
use crate::inventory::ask::{self, Cancel, Depth};
use crate::inventory::{Inventory, Options, PatternError};
use crate::project::config::release::{ReleaseConfig, StepKind, Strategy};
use crate::project::config::text::Text;
use crate::project::{Environment, Problem, Project};
use crate::text;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long Ansible may take to tell hosts.
const LIMIT: Duration = Duration::from_secs(120);

pub struct Hosts<'a> {
    project: &'a Project,
    environment: &'a Environment,
    inventory: Inventory,
}

impl<'a> Hosts<'a> {
    /// Reads the inventory.
    ///
    /// # Errors
    /// Ansible could not read it either.
    pub fn load(project: &'a Project, environment: &'a Environment) -> Result<Self, Refused> {
        let (root, sources, options) = (&project.root, &environment.inventory, Options::current());
        let inventory = Inventory::load(root, sources, &options).or_else(|declined| {
            if declined.hopeless {
                return Err(Refused(format!("the inventory of {}: {declined}", environment.name)));
            }
            ask::inventory(root, sources, Depth::Topology, &options, LIMIT, &Cancel::default())
                .map_err(|error| Refused(format!("the inventory of {}: {error}", environment.name)))
        })?;
        Ok(Self { project, environment, inventory })
    }

    /// The hosts of a pattern, in Ansible's order; at least one.
    ///
    /// # Errors
    /// It selects none, or Ansible refuses it.
    pub fn select(&self, pattern: &Text, fill: &Fill<'_>) -> Result<Vec<String>, Refused> {
        let place = format!("opsdeck.yaml:{}:{}", pattern.mark.line, pattern.mark.column);
        let filled = fill.text(pattern)?;
        let hosts = match self.inventory.select(&filled, None) {
            Ok(selection) => selection.hosts.iter().map(|id| self.inventory.host_name(*id).to_owned()).collect(),
            Err(PatternError::Wrong(why)) => return Err(Refused(format!("{place}: {why}"))),
            Err(PatternError::Declined(_)) => {
                let (root, sources) = (&self.project.root, &self.environment.inventory);
                let said = ask::hosts(root, sources, &filled, None, LIMIT, &Cancel::default());
                said.map_err(|error| Refused(format!("{place}: {error}")))?.0
            }
        };
        if hosts.is_empty() {
            let environment = &self.environment.name;
            return Err(Refused(format!("{place}: {filled:?} selects no host of {environment}")));
        }
        Ok(hosts)
    }

    /// SHA-256 of all groups with their hosts.
    pub fn digest(&self) -> String {
        let inventory = &self.inventory;
        let groups: BTreeMap<&str, Vec<&str>> = inventory
            .groups()
            .map(|group| {
                let mut hosts: Vec<_> =
                    inventory.hosts_of(group).hosts.iter().map(|id| inventory.host_name(*id)).collect();
                hosts.sort_unstable();
                (inventory.group_name(group), hosts)
            })
            .collect();
        sha256(crate::audit::canonical(&json!(groups)).as_bytes())
    }
}

/// Patterns of releases that select nothing in an environment they may go to; what only Ansible can tell is left to it.
pub fn problems(project: &Project) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    for environment in &project.environments {
        let Ok(inventory) = Inventory::load(&project.root, &environment.inventory, &Options::current()) else {
            continue;
        };
        for release in &project.releases {
            if !release.environments.is_empty() && !release.environments.contains(&environment.name) {
                continue;
            }
            let Ok(vars) = vars::known(project, release, environment) else { continue };
            let fill = Fill::new(&vars);
            for pattern in patterns(release) {
                // a variable of the command line is not known yet
                let Ok(filled) = fill.text(pattern) else { continue };
                let message = match inventory.select(&filled, None) {
                    Ok(selection) if selection.hosts.is_empty() => {
                        format!("this pattern selects no host of {}", environment.name)
                    }
                    Err(PatternError::Wrong(why)) => format!("no pattern for {}: {why}", environment.name),
                    _ => continue,
                };
                let problem = Problem::error("opsdeck.yaml", text::plain(&message)).at(pattern.mark);
                problems.push(problem.found(format!("{filled:?}")).expected("a group or a host of the inventory"));
            }
        }
    }
    problems
}

fn patterns(release: &ReleaseConfig) -> Vec<&Text> {
    let mut patterns: Vec<&Text> = release.hosts.iter().collect();
    match &release.how.strategy {
        Strategy::Rolling { surge } => patterns.extend(surge),
        Strategy::BlueGreen { pools } => patterns.extend(pools.iter().map(|(_, pattern)| pattern)),
        Strategy::Canary { hosts, .. } => patterns.extend(hosts),
    }
    for step in release.stages.iter().flat_map(|stage| stage.groups.iter().flatten()) {
        if let StepKind::Playbook { options, .. } | StepKind::Adhoc { options, .. } = &step.kind {
            patterns.extend(&options.hosts);
        }
    }
    patterns
}

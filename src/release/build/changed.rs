//! What a frozen plan was made from, compared with what is there now: an approval holds for exactly that.

use super::fill::Fill;
use super::hosts::Hosts;
use super::sources;
use crate::project::Project;
use crate::release::plan::Plan;

/// What differs from what the plan was made from, one sentence each. `untouched`: nothing was done yet, so the inventory
/// and the artifact are what they were too; later steps of the release itself may have changed them.
pub fn changed(plan: &Plan, project: &Project, untouched: bool) -> Vec<String> {
    let mut changed = Vec::new();
    for (path, digest) in &plan.sources.playbooks {
        match sources::playbook(&project.root, path) {
            Ok(now) if now == *digest => {}
            Ok(_) => changed.push(format!("{path} or a role was changed after the plan was made")),
            Err(error) => changed.push(format!("{path} cannot be read any more: {error}")),
        }
    }
    if untouched {
        changed.extend(inventory(plan, project));
        changed.extend(artifact(plan, project));
    }
    changed
}

fn inventory(plan: &Plan, project: &Project) -> Option<String> {
    let environment = project.environment(&plan.environment).filter(|_| !plan.sources.inventory.is_empty())?;
    match Hosts::load(project, environment) {
        Ok(hosts) if hosts.digest() == plan.sources.inventory => None,
        Ok(_) => Some(format!("the inventory of {} has other hosts or groups than the plan", plan.environment)),
        Err(error) => Some(error.to_string()),
    }
}

fn artifact(plan: &Plan, project: &Project) -> Option<String> {
    let digest = plan.sources.artifact.as_ref()?;
    let release = project.releases.iter().find(|release| release.name == plan.release)?;
    let path = Fill::new(&plan.vars).maybe(release.version.artifact.as_ref()).ok()??;
    match sources::file(&project.root.join(&path)) {
        Ok(now) if now == *digest => None,
        Ok(_) => Some(format!("{path} is another artifact than the plan's")),
        Err(error) => Some(format!("{path}: {error}")),
    }
}

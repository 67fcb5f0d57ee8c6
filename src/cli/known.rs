//! Names that people type: what neither the project nor the state directory knows is refused, with what there is.

use super::Global;
use crate::api::Decisions;
use crate::health::probe::target::load;
use crate::inventory::Inventory;
use crate::project::config::nearest;
use crate::project::{Environment, Error, Project};
use crate::run::{RunSpec, belongs};
use crate::state::StateDir;
use anyhow::{Result, anyhow, bail};
use std::time::Duration;

/// Refuses an environment that neither `recorded` holds nor the project here. What is gone from the project can still be
/// looked at and handled by its name, also from elsewhere.
///
/// # Errors
/// There is no such environment; the project here cannot be read.
pub fn environment<'a>(global: &Global, name: &str, recorded: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let recorded: Vec<&str> = recorded.into_iter().collect();
    if recorded.contains(&name) {
        return Ok(());
    }
    let project = match Project::discover(&global.project) {
        Ok(project) => project,
        Err(Error::None { .. }) => return Err(none("environment", name, "what was recorded", recorded)),
        Err(e) => return Err(e.into()),
    };
    of(&project, name).map(drop)
}

/// The environment of this name in the project.
///
/// # Errors
/// There is none.
pub fn of<'a>(project: &'a Project, name: &str) -> Result<&'a Environment> {
    let known = project.environments.iter().map(|env| env.name.as_str()).collect();
    project.environment(name).ok_or_else(|| none("environment", name, &project.root.display().to_string(), known))
}

/// The environment of this name, or the only one.
///
/// # Errors
/// There is none, or there are several and none is named.
pub fn choose<'a>(project: &'a Project, name: Option<&str>) -> Result<&'a Environment> {
    match (name, project.environments.as_slice()) {
        (Some(name), _) => of(project, name),
        (None, [one]) => Ok(one),
        (None, []) => bail!("no environment was found in {}", project.root.display()),
        (None, some) => {
            let names: Vec<&str> = some.iter().map(|env| env.name.as_str()).collect();
            bail!("which environment? Choose with -E NAME: {}", names.join(", "))
        }
    }
}

/// How long `ansible-inventory` may take, where only it can read an inventory.
const INVENTORY: Duration = Duration::from_secs(60);

/// The hosts and groups of an environment.
///
/// # Errors
/// Why they cannot be read.
pub fn inventory(project: &Project, environment: &Environment) -> Result<Inventory> {
    load(&project.root, &environment.inventory, INVENTORY).map_err(anyhow::Error::msg)
}

/// The hosts that a pattern selects.
///
/// # Errors
/// It is no pattern, or needs Ansible.
pub fn hosts(inventory: &Inventory, pattern: &str) -> Result<Vec<String>> {
    let chosen = inventory.select(pattern, None)?.hosts;
    Ok(chosen.iter().map(|id| inventory.host_name(*id).to_owned()).collect())
}

/// Refuses a name that is none of `known`.
///
/// # Errors
/// It is none of them.
pub fn one<'a>(what: &str, name: &str, place: &str, known: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let known: Vec<&str> = known.into_iter().collect();
    if known.contains(&name) { Ok(()) } else { Err(none(what, name, place, known)) }
}

fn none(what: &str, name: &str, place: &str, mut known: Vec<&str>) -> anyhow::Error {
    known.sort_unstable();
    known.dedup();
    let there =
        if known.is_empty() { "there is none".to_owned() } else { format!("expected one of {}", known.join(", ")) };
    let hint = nearest(name, known).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
    anyhow!("no {what} {name:?} in {place}: {there}{hint}")
}

/// Says on standard error that the project here has no such environment, where nothing of it was found: history may hold one
/// that is gone, so it is no mistake.
pub fn hint(global: &Global, name: Option<&str>) {
    if let (Some(name), Ok(project)) = (name, Project::discover(&global.project))
        && let Err(e) = of(&project, name)
    {
        eprintln!("opsdeck: {}", crate::text::plain(&e.to_string()));
    }
}

/// What people decided, to be looked at. Where control.db is older than the ledger it is not all of it: that is said.
///
/// # Errors
/// It cannot be opened.
pub fn decided(global: &Global) -> Result<Decisions> {
    let desk = global.desk();
    let decisions = desk.decisions()?;
    if let Some(why) = desk.lacks(&decisions) {
        eprintln!("opsdeck: {}", crate::text::plain(&why));
    }
    Ok(decisions)
}

/// Why a run is read-only, where that is not said of its whole directory already.
pub fn read_only(store: &StateDir, run: &RunSpec) -> Option<String> {
    belongs::home(store).may_begin().ok()?;
    belongs::of(store, run.id, run).read_only()
}

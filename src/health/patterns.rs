//! Patterns of checks that ask nobody, for `opsdeck check`.

use crate::inventory::{Inventory, Options, PatternError};
use crate::project::config::checks::CheckConfig;
use crate::project::config::text::Text;
use crate::project::{Environment, Problem, Project};
use crate::text;

/// Checks whose `on:` selects no host of any environment that they belong to, or says nothing. What only Ansible can tell is
/// left to it.
pub fn problems(project: &Project) -> Vec<Problem> {
    let with: Vec<(&CheckConfig, &Text)> = project.checks.iter().filter_map(|c| Some((c, c.on.as_ref()?))).collect();
    if with.is_empty() {
        return Vec::new();
    }
    let load = |env: &Environment| Inventory::load(&project.root, &env.inventory, &Options::current()).ok();
    let all: Vec<(&str, Option<Inventory>)> =
        project.environments.iter().map(|env| (env.name.as_str(), load(env))).collect();
    let problem = |(check, on): (&CheckConfig, &Text)| {
        if !check.is_of_hosts() {
            let warning = Problem::warning("opsdeck.yaml", "this check is asked once for all: its hosts say nothing");
            return Some(warning.at(on.mark).expected("{host} or {ansible_host} in what is asked, or no \"on\""));
        }
        let here = all
            .iter()
            .filter(|(name, _)| check.environments.is_empty() || check.environments.iter().any(|e| e == name));
        let (mut names, mut wrong) = (Vec::new(), None);
        for (name, inventory) in here {
            match inventory.as_ref()?.select(&on.text, None) {
                Ok(selection) if selection.hosts.is_empty() => names.push(*name),
                Err(PatternError::Wrong(why)) => wrong = Some(why),
                _ => return None,
            }
        }
        let message = match wrong {
            Some(why) => format!("no pattern: {why}"),
            None if names.is_empty() => return None,
            None => format!("this pattern selects no host of {}", names.join(", ")),
        };
        let problem = Problem::error("opsdeck.yaml", text::plain(&message)).at(on.mark);
        Some(problem.found(format!("{:?}", on.text)).expected("a group or a host of the inventory"))
    };
    with.into_iter().filter_map(problem).collect()
}

//! Checks that ask nobody, or nothing: patterns without hosts and names of variables that are slips, for `opsdeck check`.

use super::probe::target::between_braces;
use crate::inventory::{Inventory, Options, PatternError};
use crate::project::config::checks::{CheckConfig, What};
use crate::project::config::nearest;
use crate::project::config::text::Text;
use crate::project::{Environment, Problem, Project};
use crate::text;
use std::collections::BTreeSet;

/// Names that every host has (`probe::target`).
const ALWAYS: [&str; 3] = ["host", "inventory_hostname", "ansible_host"];
/// So many hosts are asked whether they have a variable.
const HOSTS: usize = 50;

/// Checks whose `on:` selects no host of any environment that they belong to, or says nothing; and what stands between braces
/// and is nearly, but not quite, a variable of its hosts. What only Ansible can tell is left to it.
pub fn problems(project: &Project) -> Vec<Problem> {
    if project.checks.is_empty() {
        return Vec::new();
    }
    let with: Vec<(&CheckConfig, &Text)> = project.checks.iter().filter_map(|c| Some((c, c.on.as_ref()?))).collect();
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
    let slips = project.checks.iter().flat_map(|check| slips(check, &all));
    with.into_iter().filter_map(problem).chain(slips).collect()
}

/// Braces also stand in JSON and in programs: only what is near to a name that is known is a slip.
fn slips(check: &CheckConfig, all: &[(&str, Option<Inventory>)]) -> Vec<Problem> {
    let What::Probe(probe) = &check.what else { return Vec::new() };
    let asked = probe.texts();
    let named: Vec<(&Text, &str)> =
        asked.iter().flat_map(|text| between_braces(&text.text).map(move |name| (*text, name))).collect();
    if named.iter().all(|(_, name)| ALWAYS.contains(name)) {
        return Vec::new();
    }
    let mut known: BTreeSet<String> = ALWAYS.iter().map(|name| (*name).to_owned()).collect();
    for (_, inventory) in all {
        let Some(inventory) = inventory else { return Vec::new() };
        let pattern = check.on.as_ref().map_or("all", |on| on.text.as_str());
        let Ok(selection) = inventory.select(pattern, None) else { continue };
        for host in selection.hosts.iter().take(HOSTS) {
            let Ok(found) = inventory.host_vars(*host) else { return Vec::new() };
            known.extend(found.vars.iter().map(|var| var.name.to_string()));
        }
    }
    let slip = |(text, name): &(&Text, &str)| {
        let near = nearest(name, known.iter().map(String::as_str)).filter(|_| !known.contains(*name))?;
        let message = format!("no host of this check has the variable {name:?}; did you mean \"{near}\"?");
        let problem = Problem::warning("opsdeck.yaml", text::plain(&message)).at(text.mark);
        Some(problem.found(format!("{:?}", text.text)).expected("{host}, or {a variable} of the hosts"))
    };
    named.iter().filter_map(slip).collect()
}

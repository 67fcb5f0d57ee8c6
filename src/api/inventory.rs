//! Inventories: read natively where that gives Ansible's answer, else asked of Ansible itself.

use super::Desk;
use crate::inventory::ask::{self, AskError, Cancel, Depth};
use crate::inventory::{Declined, Inventory, Options, PatternError};
use crate::project::{Environment, Project};
use crate::text;
use std::time::Duration;

/// How long Ansible may think about an inventory.
const PATIENCE: Duration = Duration::from_secs(120);

impl Desk {
    /// The inventory of an environment, read natively.
    ///
    /// # Errors
    /// It is Ansible's to read, or nobody's, and why.
    pub fn inventory(&self, project: &Project, environment: &Environment) -> Result<Inventory, Declined> {
        Inventory::load(&project.root, &environment.inventory, &Options::current())
    }

    /// As Ansible reads it: groups and hosts, without variables. `cancel` ends the question.
    pub fn asked(&self, project: &Project, environment: &Environment, cancel: &Cancel) -> Result<Inventory, AskError> {
        let (root, sources) = (&project.root, &environment.inventory);
        ask::inventory(root, sources, Depth::Topology, &Options::current(), PATIENCE, cancel)
    }

    /// Hosts that match a pattern; Ansible is asked where only it can tell.
    ///
    /// # Errors
    /// It is no pattern, Ansible could not tell, or no host matches.
    pub fn select(
        &self,
        project: &Project,
        environment: &Environment,
        inventory: &Inventory,
        pattern: &str,
        cancel: &Cancel,
    ) -> Result<Vec<String>, String> {
        let names: Vec<String> = match inventory.select(pattern, None) {
            Ok(chosen) => chosen.hosts.iter().map(|id| inventory.host_name(*id).to_owned()).collect(),
            Err(PatternError::Wrong(why)) => return Err(why),
            Err(PatternError::Declined(_)) => {
                let asked = ask::hosts(&project.root, &environment.inventory, pattern, None, PATIENCE, cancel);
                asked.map_err(|e| text::plain(&e.to_string()).into_owned())?.0
            }
        };
        if names.is_empty() { Err(format!("no host matches `{pattern}`")) } else { Ok(names) }
    }
}

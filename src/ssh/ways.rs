//! How many hosts are reached: each by its [`route`], with what Ansible resolves where a template or a vault stands in the
//! way.

use super::options::Options;
use super::route::{Route, route};
use crate::inventory::ask::Resolved;
use crate::inventory::{HostId, Inventory, Value};
use crate::project::cfg::AnsibleCfg;

/// The ways to `hosts`, in their order. `resolve` is asked once, for the hosts that need it by name; without it they go
/// through Ansible.
pub fn ways(
    inventory: &Inventory,
    hosts: &[HostId],
    (cfg, options): (&AnsibleCfg, &Options),
    resolve: impl FnOnce(Vec<String>) -> Result<Resolved, String>,
) -> (Vec<Route>, Option<Resolved>) {
    let mut ways: Vec<Route> = hosts.iter().map(|host| route(inventory, *host, cfg, options)).collect();
    let sealed: Vec<usize> = (0..hosts.len())
        .filter(|at| matches!(ways[*at], Route::Ansible { .. }) && needs_ansible(inventory, hosts[*at]))
        .collect();
    if sealed.is_empty() {
        return (ways, None);
    }
    let names = sealed.iter().map(|at| inventory.host_name(hosts[*at]).to_owned()).collect();
    let resolved = match resolve(names) {
        Ok(resolved) => resolved,
        Err(why) => {
            for at in sealed {
                if let Route::Ansible { why: reason } = &mut ways[at] {
                    reason.push_str(&format!(" ({why})"));
                }
            }
            return (ways, None);
        }
    };
    for at in sealed {
        let name = inventory.host_name(hosts[at]);
        ways[at] = resolved_way(&resolved, name, (cfg, options));
    }
    (ways, Some(resolved))
}

/// The way to a host of an inventory that Ansible resolved.
pub fn resolved_way(resolved: &Resolved, name: &str, (cfg, options): (&AnsibleCfg, &Options)) -> Route {
    if let Some(why) = resolved.declined.get(name) {
        return Route::Ansible { why: why.clone() };
    }
    match resolved.inventory.host(name) {
        Some(host) => route(&resolved.inventory, host, cfg, options),
        None => Route::Ansible { why: "it is not in the inventory any more".to_owned() },
    }
}

/// A template, a vault or a file that only Ansible reads stands in the way.
fn needs_ansible(inventory: &Inventory, host: HostId) -> bool {
    let Ok(vars) = inventory.host_vars(host) else { return true };
    let open = |value: &Value| match value {
        Value::Vault(_) => true,
        Value::Text(text) => ["{{", "{%", "{#"].iter().any(|sign| text.contains(sign)),
        _ => false,
    };
    !vars.sealed.is_empty() || vars.vars.iter().any(|var| var.name.starts_with("ansible_") && open(&var.value))
}

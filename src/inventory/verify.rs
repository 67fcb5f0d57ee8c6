//! Where our answer and Ansible's differ, in words. Where they do, Ansible's wins.

use super::{GroupId, HostId, Inventory, Value};
use std::collections::BTreeSet;

/// Compares groups, hosts and, if `with_vars`, all variables. Empty: no difference. Hosts whose variables lie in encrypted
/// files are compared without variables.
pub fn verify(native: &Inventory, ansible: &Inventory, with_vars: bool) -> Vec<String> {
    let mut found = Vec::new();
    let names = |inventory: &Inventory| -> BTreeSet<String> {
        inventory.hosts().map(|id| inventory.host_name(id).to_owned()).collect()
    };
    compare(&mut found, "host", &names(native), &names(ansible));
    // Ansible does not print groups without hosts and children
    let groups = |inventory: &Inventory| -> BTreeSet<String> {
        let full = |id: &GroupId| !(inventory.children_of(*id).is_empty() && inventory.direct_hosts_of(*id).is_empty());
        inventory.groups().filter(full).map(|id| inventory.group_name(id).to_owned()).collect()
    };
    let (ours, theirs) = (groups(native), groups(ansible));
    compare(&mut found, "group", &ours, &theirs);
    for name in ours.intersection(&theirs) {
        group(&mut found, name, native, ansible);
    }
    if with_vars {
        for id in native.hosts() {
            if let Some(other) = ansible.host(native.host_name(id)) {
                host(&mut found, (native, id), (ansible, other));
            }
        }
    }
    found
}

fn compare(found: &mut Vec<String>, what: &str, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) {
    found.extend(ours.difference(theirs).map(|name| format!("{what} `{name}`: we see it, Ansible does not")));
    found.extend(theirs.difference(ours).map(|name| format!("{what} `{name}`: Ansible sees it, we do not")));
}

fn group(found: &mut Vec<String>, name: &str, native: &Inventory, ansible: &Inventory) {
    let (Some(ours), Some(theirs)) = (native.group(name), ansible.group(name)) else { return };
    let children = |inventory: &Inventory, id| -> Vec<String> {
        inventory.children_of(id).iter().map(|id| inventory.group_name(*id).to_owned()).collect()
    };
    let hosts = |inventory: &Inventory, id| -> Vec<String> {
        inventory.direct_hosts_of(id).iter().map(|id| inventory.host_name(*id).to_owned()).collect()
    };
    let mut differ = |what: &str, ours: Vec<String>, theirs: Vec<String>| {
        if ours != theirs {
            let text = format!("{what} of group `{name}`: we see {}, Ansible {}", ours.join(", "), theirs.join(", "));
            found.push(text);
        }
    };
    differ("children", children(native, ours), children(ansible, theirs));
    if name != "all" {
        differ("hosts", hosts(native, ours), hosts(ansible, theirs));
    }
}

fn host(found: &mut Vec<String>, (native, ours): (&Inventory, HostId), (ansible, theirs): (&Inventory, HostId)) {
    let name = native.host_name(ours);
    let (ours, theirs) = match (native.host_vars(ours), ansible.host_vars(theirs)) {
        (Ok(ours), Ok(theirs)) if ours.sealed.is_empty() => (ours.vars, theirs.vars),
        _ => return,
    };
    let text = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_json);
    let all: BTreeSet<&str> = ours.iter().chain(&theirs).map(|var| &*var.name).collect();
    for var in all {
        let value = |vars: &'_ [super::Var]| text(vars.iter().find(|v| &*v.name == var).map(|v| &v.value));
        let (ours, theirs) = (value(&ours), value(&theirs));
        if ours != theirs {
            found.push(format!("variable `{var}` of host `{name}`: we see {ours}, Ansible {theirs}"));
        }
    }
}

//! The whole inventory as the JSON that `ansible-inventory --list` prints, to the byte.

use super::dump::Dump;
use super::store::{ALL, GroupId};
use super::vars::{Cache, Shared};
use super::{Declined, Inventory};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// The name of the format, as Ansible writes it.
const PROFILE: &str = "inventory_legacy";

impl Inventory {
    /// What `ansible-inventory --list` prints, without the last line break.
    ///
    /// # Errors
    /// A variable file that only Ansible can read, an encrypted one among them; a setting that changes the rules.
    pub fn list_json(&self) -> Result<String, Declined> {
        let mut dump = Dump::default();
        dump.open();
        let groups = self.printed_groups();
        let (before, after): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(name, _)| *name < "_meta");
        let print = |dump: &mut Dump, groups: Vec<(&str, GroupId)>| {
            groups.into_iter().filter(|(name, _)| *name != "_meta").for_each(|(_, id)| self.print_group(dump, id));
        };
        print(&mut dump, before);
        dump.key("_meta");
        dump.open();
        dump.key("hostvars");
        dump.open();
        self.print_hosts(&mut dump)?;
        dump.close();
        dump.key("profile");
        super::dump::text(&mut dump.out, PROFILE);
        dump.close();
        print(&mut dump, after);
        dump.close();
        Ok(dump.out)
    }

    /// Groups below `all`, sorted by name.
    fn printed_groups(&self) -> BTreeMap<&str, GroupId> {
        let mut seen = HashSet::from([ALL]);
        let mut todo = vec![ALL];
        let mut found = BTreeMap::new();
        while let Some(id) = todo.pop() {
            found.insert(self.group_name(id), id);
            todo.extend(self.children_of(id).iter().filter(|child| seen.insert(**child)));
        }
        found
    }

    /// A group with neither children nor hosts of its own is left out, as Ansible does.
    fn print_group(&self, dump: &mut Dump, id: GroupId) {
        let children = self.children_of(id);
        // hosts that only `all` names are not printed there
        let hosts = if id == ALL { &[] } else { self.direct_hosts_of(id) };
        if children.is_empty() && hosts.is_empty() {
            return;
        }
        dump.key(self.group_name(id));
        dump.open();
        if !children.is_empty() {
            dump.key("children");
            dump.texts(children.iter().map(|id| self.group_name(*id)));
        }
        if !hosts.is_empty() {
            dump.key("hosts");
            dump.texts(hosts.iter().map(|id| self.host_name(*id)));
        }
        dump.close();
    }

    fn print_hosts(&self, dump: &mut Dump) -> Result<(), Declined> {
        let mut cache = Cache::default();
        let mut texts: HashMap<*const Shared, Vec<String>> = HashMap::new();
        let mut hosts = self.hosts_of(ALL).hosts.clone();
        hosts.sort_by_key(|id| self.host_name(*id));
        for id in hosts {
            let layers = self.layers(id, &mut cache)?;
            if let Some(file) = layers.sealed.first() {
                let why = "it is encrypted: which variables it holds is not known without the password".to_owned();
                return Err(Declined { file: Some(file.clone()), mark: None, why, hopeless: false });
            }
            if layers.is_empty() {
                continue;
            }
            dump.key(self.host_name(id));
            dump.open();
            // most of what hosts print comes from their groups: written once, copied often
            let texts = texts.entry(Arc::as_ptr(&layers.shared)).or_insert_with(|| {
                layers.shared.vars.iter().map(|found| dump.apart(|dump| dump.value(&found.value))).collect()
            });
            layers.each(|found, shared| {
                dump.key(&found.name);
                match shared.and_then(|at| texts.get(at)) {
                    Some(text) => dump.out.push_str(text),
                    None => dump.value(&found.value),
                }
            });
            dump.close();
        }
        Ok(())
    }
}

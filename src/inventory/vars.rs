//! The variables of one host, on demand: sources, `group_vars` and `host_vars`, merged in Ansible's order.
//!
//! Order (ansible-core 2.19, `vars/manager.py`, `cli/inventory.py`): `all` in the sources, groups in the sources, files
//! of `all` beside each source and in the project's root, files of groups, the host in the sources, files of the host.
//! Groups sort by depth, priority and name; each folder of files is taken whole before the next.

mod files;

pub use files::Files;

use super::store::{ALL, GroupId, HostId, Place, Vars};
use super::value::Value;
use super::{Declined, Engine, Inventory, Origin};
use files::{FileVars, Kind};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A variable of a host.
#[derive(Debug, Clone, PartialEq)]
pub struct Var {
    pub name: Arc<str>,
    /// Its value; encrypted ones are opaque.
    pub value: Value,
    /// The place that won; `None` where Ansible's own answer does not tell.
    pub origin: Option<Origin>,
}

/// All variables of a host.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HostVars {
    /// Sorted by name; Ansible's internal ones are left out.
    pub vars: Vec<Var>,
    /// Encrypted files that may hold more, or override some of these.
    pub sealed: Vec<PathBuf>,
}

/// Variables that Ansible leaves out of `ansible-inventory --list`; sorted.
const INTERNAL: [&str; 33] = [
    "ansible_async_path",
    "ansible_collection_name",
    "ansible_config_file",
    "ansible_dependent_role_names",
    "ansible_diff_mode",
    "ansible_facts",
    "ansible_forks",
    "ansible_inventory_sources",
    "ansible_limit",
    "ansible_play_batch",
    "ansible_play_hosts",
    "ansible_play_hosts_all",
    "ansible_play_role_names",
    "ansible_playbook_python",
    "ansible_role_name",
    "ansible_role_names",
    "ansible_run_tags",
    "ansible_skip_tags",
    "ansible_verbosity",
    "ansible_version",
    "group_names",
    "groups",
    "hostvars",
    "inventory_dir",
    "inventory_file",
    "inventory_hostname",
    "inventory_hostname_short",
    "play_hosts",
    "playbook_dir",
    "role_name",
    "role_names",
    "role_path",
    "role_uuid",
];

/// A value and where it comes from.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) name: Arc<str>,
    pub(super) value: Value,
    place: Where,
}

#[derive(Debug, Clone)]
enum Where {
    Source(Place),
    File(Arc<str>, u32),
}

/// What a set of groups gives to each of its hosts.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Sorted by name, internal ones left out.
    pub(super) vars: Vec<Found>,
    sealed: Vec<PathBuf>,
}

/// Remembers what hosts with the same groups share.
#[derive(Debug, Default)]
pub(super) struct Cache(HashMap<Vec<GroupId>, Arc<Shared>>);

/// One host's variables in two sorted halves: what its groups give, and its own, which win.
pub(super) struct Layers {
    pub(super) shared: Arc<Shared>,
    pub(super) own: Vec<Found>,
    pub(super) sealed: Vec<PathBuf>,
}

impl Inventory {
    /// The variables of a host as `ansible-inventory` tells them.
    ///
    /// # Errors
    /// A file that Ansible refuses or that only Ansible can read; a setting that changes the rules.
    pub fn host_vars(&self, id: HostId) -> Result<HostVars, Declined> {
        let layers = self.layers(id, &mut Cache::default())?;
        let mut vars = Vec::with_capacity(layers.shared.vars.len() + layers.own.len());
        layers.each(|found, _| {
            let origin = match &found.place {
                Where::Source(place) => self.origin(*place),
                Where::File(file, line) => Some(Origin { file: file.clone(), line: Some(*line) }),
            };
            vars.push(Var { name: found.name.clone(), value: found.value.clone(), origin });
        });
        Ok(HostVars { vars, sealed: layers.sealed })
    }

    /// What a host's groups and the host itself say.
    pub(super) fn layers(&self, id: HostId, cache: &mut Cache) -> Result<Layers, Declined> {
        let Some(host) = self.store.hosts.get(id.0 as usize) else {
            return Ok(Layers { shared: Arc::default(), own: Vec::new(), sealed: Vec::new() });
        };
        if let Some(declined) = self.settings.vars.as_ref().filter(|_| self.engine == Engine::Native) {
            return Err(declined.clone());
        }
        let shared = match cache.0.get(host.groups.as_slice()) {
            Some(shared) => shared.clone(),
            None => {
                let shared = Arc::new(self.shared(id)?);
                cache.0.insert(host.groups.clone(), shared.clone());
                shared
            }
        };
        let files = self.var_files(Kind::Host, &host.name)?;
        let mut own = Vec::new();
        source(&mut own, &host.vars);
        from_files(&mut own, &files);
        let mut sealed = shared.sealed.clone();
        sealed.extend(sealed_of(&files));
        Ok(Layers { shared, own: settled(own), sealed })
    }

    fn shared(&self, id: HostId) -> Result<Shared, Declined> {
        let groups = self.groups_of(id);
        let mut files = self.var_files(Kind::Group, "all")?;
        files.extend(self.var_files_of(Kind::Group, groups.iter().map(|id| self.group_name(*id)))?);
        let mut vars = Vec::new();
        source(&mut vars, &self.store.group(ALL).vars);
        groups.iter().for_each(|group| source(&mut vars, &self.store.group(*group).vars));
        from_files(&mut vars, &files);
        Ok(Shared { vars: settled(vars), sealed: sealed_of(&files).collect() })
    }
}

fn source(found: &mut Vec<Found>, vars: &Vars) {
    found.extend(vars.0.iter().map(|(name, value, place)| Found {
        name: name.clone(),
        value: value.clone(),
        place: Where::Source(*place),
    }));
}

fn from_files(found: &mut Vec<Found>, files: &[Arc<FileVars>]) {
    for file in files {
        found.extend(file.vars.iter().map(|(name, value, line)| Found {
            name: name.clone(),
            value: value.clone(),
            place: Where::File(file.name.clone(), *line),
        }));
    }
}

fn sealed_of(files: &[Arc<FileVars>]) -> impl Iterator<Item = PathBuf> + '_ {
    files.iter().filter(|file| file.sealed).map(|file| PathBuf::from(&*file.name))
}

/// Sorted by name, the last of each name kept, internal ones left out.
fn settled(mut found: Vec<Found>) -> Vec<Found> {
    found.reverse();
    found.sort_by(|a, b| a.name.cmp(&b.name)); // stable: of one name the last comes first
    found.dedup_by(|later, first| later.name == first.name);
    found.retain(|found| INTERNAL.binary_search(&&*found.name).is_err());
    found
}

impl Layers {
    /// Calls `each` with every variable in the order of names, and its index in the shared half if it is from there.
    pub(super) fn each(&self, mut each: impl FnMut(&Found, Option<usize>)) {
        let mut own = self.own.iter().peekable();
        for (at, shared) in self.shared.vars.iter().enumerate() {
            while let Some(found) = own.next_if(|own| own.name < shared.name) {
                each(found, None);
            }
            match own.next_if(|own| own.name == shared.name) {
                Some(found) => each(found, None),
                None => each(shared, Some(at)),
            }
        }
        own.for_each(|found| each(found, None));
    }

    /// True if there is no variable at all.
    pub(super) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.shared.vars.is_empty()
    }
}

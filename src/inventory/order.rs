//! The hosts of a group in Ansible's order, and whether Ansible has one: it walks grandchildren in the order of a
//! Python set of objects, which is another one in each process.

use super::Inventory;
use super::store::{GroupId, HostId};
use std::collections::{HashMap, HashSet};

/// All hosts of a group, those of its children included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// Each host once. Where the order is not fixed this is the order of definition.
    pub hosts: Vec<HostId>,
    /// True if Ansible gives this order each time; false if its own order changes from run to run.
    pub fixed: bool,
}

impl Inventory {
    /// All hosts of a group, found once.
    pub fn hosts_of(&self, id: GroupId) -> &Members {
        static NONE: Members = Members { hosts: Vec::new(), fixed: true };
        self.members.get(id.0 as usize).map_or(&NONE, |cell| cell.get_or_init(|| self.walk(id)))
    }

    fn walk(&self, start: GroupId) -> Members {
        let mut found = Members { hosts: Vec::new(), fixed: true };
        // the level on which each host was first met
        let mut met: HashMap<HostId, usize> = HashMap::new();
        let mut take = |id: GroupId, level: usize, hosts: &mut Vec<HostId>| {
            let mut brings = false;
            for host in self.direct_hosts_of(id) {
                let first = *met.entry(*host).or_insert_with(|| {
                    hosts.push(*host);
                    level
                });
                brings |= first == level;
            }
            brings
        };
        take(start, 0, &mut found.hosts);
        let mut groups: Vec<GroupId> = self.children_of(start).to_vec();
        for id in &groups {
            take(*id, 1, &mut found.hosts);
        }
        let mut seen: HashSet<GroupId> = HashSet::new();
        for level in 2.. {
            if groups.is_empty() {
                break;
            }
            seen.extend(&groups);
            let mut next: Vec<GroupId> = Vec::new();
            // parents whose children bring hosts of this level: with two of them, which comes first is chance
            let mut bringing = 0;
            for parent in &groups {
                let mut brings = false;
                for child in self.children_of(*parent).iter().filter(|child| !seen.contains(child)) {
                    brings |= take(*child, level, &mut found.hosts);
                    if !next.contains(child) {
                        next.push(*child);
                    }
                }
                bringing += usize::from(brings);
            }
            found.fixed &= bringing < 2;
            groups = next;
        }
        found
    }
}

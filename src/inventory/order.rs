//! The hosts of a group in Ansible's order, and whether Ansible has one: it walks grandchildren in the order of a
//! Python set of objects, which is another one in each process.

use super::Inventory;
use super::store::{GroupId, HostId};
use std::collections::HashSet;

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
        let mut taken = HashSet::new();
        let mut take = |id: GroupId, hosts: &mut Vec<HostId>| {
            let before = hosts.len();
            hosts.extend(self.direct_hosts_of(id).iter().filter(|host| taken.insert(**host)));
            hosts.len() > before
        };
        take(start, &mut found.hosts);
        let mut level: Vec<GroupId> = self.children_of(start).to_vec();
        for id in &level {
            take(*id, &mut found.hosts);
        }
        let mut seen: HashSet<GroupId> = HashSet::new();
        while !level.is_empty() {
            seen.extend(&level);
            let mut next = Vec::new();
            // parents whose children bring hosts: with two of them, which comes first is chance
            let mut bringing = 0;
            for parent in &level {
                let mut brings = false;
                for child in self.children_of(*parent).iter().filter(|child| !seen.contains(child)) {
                    if !next.contains(child) {
                        next.push(*child);
                        brings |= take(*child, &mut found.hosts);
                    } else {
                        // two parents name it: its place depends on which is walked first
                        brings |= !self.direct_hosts_of(*child).is_empty();
                    }
                }
                bringing += usize::from(brings);
            }
            found.fixed &= bringing < 2;
            level = next;
        }
        found
    }
}

//! Hosts and groups of an environment by number, ready to be shown: no variables, no parsing.

pub use crate::tui::model::fleet::{Group, Topology, TreeRow};
use std::collections::HashMap;

/// Groups may contain each other only by mistake; deeper than this is not shown.
const MAX_DEPTH: u16 = 32;

impl Topology {
    /// From host names and, for each group, its name, child groups and direct hosts (by name, in order). Names that
    /// do not exist are left out. `all` is made where it is missing and holds everything.
    pub fn build(hosts: Vec<String>, groups: Vec<(String, Vec<String>, Vec<String>)>) -> Self {
        let number = |names: &mut dyn Iterator<Item = &str>| -> HashMap<String, u32> {
            (0u32..).zip(names).map(|(i, n)| (n.to_owned(), i)).collect()
        };
        let host_at = number(&mut hosts.iter().map(String::as_str));
        let mut sorted = groups;
        sorted.sort_by_key(|(name, _, _)| name != "all");
        if sorted.first().is_none_or(|(name, _, _)| name != "all") {
            sorted.insert(0, ("all".into(), vec![], hosts.clone()));
        }
        let group_at = number(&mut sorted.iter().map(|(name, _, _)| name.as_str()));
        let mut groups: Vec<Group> = sorted
            .into_iter()
            .map(|(name, children, direct)| Group {
                name,
                children: children.iter().filter_map(|c| group_at.get(c).copied()).collect(),
                direct: direct.iter().filter_map(|h| host_at.get(h).copied()).collect(),
                hosts: vec![],
            })
            .collect();
        for index in 1..groups.len() {
            groups[index].hosts = below(&groups, index);
        }
        groups[0].hosts = (0u32..).take(hosts.len()).collect();
        Self { hosts, groups }
    }

    /// The names of the groups that a host is directly in, `all` and `ungrouped` left out.
    pub fn groups_of(&self) -> Vec<String> {
        let mut out = vec![String::new(); self.hosts.len()];
        for group in self.groups.iter().skip(1).filter(|g| g.name != "ungrouped") {
            for host in &group.direct {
                let text = &mut out[*host as usize];
                if !text.is_empty() {
                    text.push_str(", ");
                }
                text.push_str(&group.name);
            }
        }
        out
    }

    /// The lines of the tree, given which groups are closed.
    pub fn tree(&self, closed: impl Fn(&str) -> bool) -> Vec<TreeRow> {
        let mut rows = vec![];
        if !self.groups.is_empty() {
            self.walk(0, 0, &closed, &mut rows);
        }
        rows
    }

    fn walk(&self, group: u32, depth: u16, closed: &impl Fn(&str) -> bool, rows: &mut Vec<TreeRow>) {
        let Some(this) = self.groups.get(group as usize) else { return };
        let branch = !this.children.is_empty() && depth < MAX_DEPTH;
        let open = branch && !closed(&this.name);
        rows.push(TreeRow { group, depth, branch, open });
        if open {
            for child in &this.children {
                self.walk(*child, depth + 1, closed, rows);
            }
        }
    }
}

fn below(groups: &[Group], start: usize) -> Vec<u32> {
    let (mut seen, mut open, mut hosts) = (vec![false; groups.len()], vec![start], vec![]);
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut seen[at], true) {
            hosts.extend(&groups[at].direct);
            open.extend(groups[at].children.iter().map(|c| *c as usize));
        }
    }
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn counts_hosts_below_once_and_opens_branches() {
        let t = Topology::build(
            names(&["w1", "w2", "d1"]),
            vec![
                ("eu".into(), vec![], names(&["w1"])),
                ("all".into(), names(&["web", "db"]), vec![]),
                ("web".into(), names(&["eu"]), names(&["w1", "w2"])),
                ("db".into(), vec![], names(&["d1", "nowhere"])),
            ],
        );
        let web = t.groups.iter().find(|g| g.name == "web").unwrap();
        assert_eq!(web.hosts, [0, 1]);
        assert_eq!(t.groups_of(), ["eu, web", "web", "db"]);
        let shown = |closed: &str| {
            let rows = t.tree(|n| n == closed);
            rows.iter().map(|r| (t.groups[r.group as usize].name.clone(), r.depth)).collect::<Vec<_>>()
        };
        assert_eq!(shown(""), [("all".into(), 0), ("web".into(), 1), ("eu".into(), 2), ("db".into(), 1)]);
        assert_eq!(shown("web").len(), 3);
    }

    #[test]
    fn groups_that_contain_each_other_end() {
        let loops = vec![("a".into(), names(&["b"]), names(&["h"])), ("b".into(), names(&["a"]), vec![])];
        let t = Topology::build(names(&["h"]), loops);
        assert_eq!(t.groups[2].hosts, [0]);
        assert!(t.tree(|_| false).len() < 100);
    }
}

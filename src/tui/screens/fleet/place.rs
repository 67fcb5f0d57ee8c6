//! One environment as Fleet shows it: what was loaded, what is filtered and marked, where the cursors stand.

use super::data::{LastRun, Var, Verdict};
use super::sort::{self, How, Sort};
use super::topology::{Topology, TreeRow};
use crate::health::board::Board;
use crate::tui::list::List;
use crate::tui::model::asked::Asked;
use std::collections::{HashMap, HashSet};

#[derive(Debug, Default)]
pub struct Place {
    /// Hosts and groups; `None`: still loading; an error says why there are none.
    pub topology: Option<Result<Topology, String>>,
    pub verdict: Verdict,
    /// For each host the groups it is in, as text.
    pub groups_of: Vec<String>,
    /// The newest run of each host, by name; `None`: not known yet.
    pub last_runs: Option<HashMap<String, LastRun>>,
    /// So many runs were looked at for that, and there are older ones.
    pub newest: Option<u32>,
    /// How hosts are, by name, for the order of the table.
    pub health: HashMap<String, How>,
    /// Groups that are closed in the tree.
    pub closed: HashSet<String>,
    /// The lines of the tree.
    pub tree: Vec<TreeRow>,
    pub tree_list: List,
    /// Only this group's hosts are shown; `None`: all.
    pub group: Option<u32>,
    /// Only hosts whose name or groups hold this text.
    pub filter: String,
    /// Host pattern, and the hosts that it selects with their place in Ansible's order.
    pub pattern: Option<Asked<HashMap<String, usize>>>,
    pub sort: Sort,
    /// The table: hosts by index, filtered and sorted.
    pub rows: Vec<u32>,
    pub host_list: List,
    pub marks: HashSet<String>,
    /// Row of the last mark that was set, for ranges.
    pub anchor: Option<usize>,
    /// Variables of the host that was asked for last.
    pub vars: Option<Asked<Vec<Var>>>,
    pub var_list: List,
}

impl Place {
    /// Hosts and groups, where they are known.
    pub fn known(&self) -> Option<&Topology> {
        self.topology.as_ref()?.as_ref().ok()
    }

    /// Name of the host under the cursor.
    pub fn current(&self) -> Option<&str> {
        let index = *self.rows.get(self.host_list.cursor)?;
        self.known()?.hosts.get(index as usize).map(String::as_str)
    }

    /// Takes hosts and groups in. Marks stay on hosts that still exist.
    pub fn load(&mut self, result: Result<Topology, String>) {
        if let Ok(topology) = &result {
            self.groups_of = topology.groups_of();
            let there: HashSet<&str> = topology.hosts.iter().map(String::as_str).collect();
            self.marks.retain(|name| there.contains(name.as_str()));
            self.group = self.group.filter(|g| (*g as usize) < topology.groups.len());
        }
        self.topology = Some(result);
        self.plant();
        self.refilter();
    }

    /// Makes the tree anew after branches were opened or closed.
    pub fn plant(&mut self) {
        let closed = &self.closed;
        self.tree =
            self.topology.as_ref().and_then(|t| t.as_ref().ok()).map_or(vec![], |t| t.tree(|n| closed.contains(n)));
    }

    /// Makes the table anew after anything that decides what is in it. The cursor stays on its host if it can.
    pub fn refilter(&mut self) {
        let before = self.current().map(str::to_owned);
        let Some(Ok(topology)) = &self.topology else {
            self.rows.clear();
            return;
        };
        let needle = self.filter.to_lowercase();
        // What selects no host shows none; until it is known what it selects, all are shown.
        let none = HashMap::new();
        let chosen = match &self.pattern {
            Some(Asked { answer: Some(Ok(hosts)), .. }) => Some(hosts),
            Some(Asked { answer: Some(Err(_)), .. }) => Some(&none),
            _ => None,
        };
        let all: Vec<u32> = match self.group.and_then(|g| topology.groups.get(g as usize)) {
            Some(group) => group.hosts.clone(),
            None => (0u32..).take(topology.hosts.len()).collect(),
        };
        let keeps = |index: &u32| {
            let name = &topology.hosts[*index as usize];
            let group = self.groups_of.get(*index as usize).map_or("", String::as_str);
            chosen.is_none_or(|c| c.contains_key(name))
                && (needle.is_empty()
                    || name.to_lowercase().contains(&needle)
                    || group.to_lowercase().contains(&needle))
        };
        let rows = all.into_iter().filter(keeps).collect();
        let was = std::mem::replace(&mut self.rows, rows);
        match (chosen, self.sort) {
            // A pattern's own order is Ansible's.
            (Some(order), Sort::Inventory) => {
                self.rows.sort_by_key(|i| order.get(&topology.hosts[*i as usize]).copied());
            }
            (_, by) => {
                let known = sort::Known {
                    groups_of: &self.groups_of,
                    last_runs: self.last_runs.as_ref(),
                    health: &self.health,
                };
                sort::sort(&mut self.rows, by, topology, known);
            }
        }
        if self.rows == was {
            return;
        }
        let at = before.and_then(|name| self.rows.iter().position(|i| topology.hosts[*i as usize] == name));
        self.host_list.cursor = at.unwrap_or(0);
        self.anchor = None;
    }

    /// Takes in how the hosts are.
    pub fn fares(&mut self, board: &Board) {
        self.health = board.cells.iter().map(|cell| (cell.host.clone(), How::from(cell))).collect();
        if self.sort.is_by_health() {
            self.refilter();
        }
    }

    /// Marked hosts in the order of the inventory.
    pub fn marked(&self) -> Vec<&str> {
        let hosts = self.known().map_or(&[][..], |t| &t.hosts);
        hosts.iter().map(String::as_str).filter(|h| self.marks.contains(*h)).collect()
    }

    /// Marks or unmarks the host under the cursor.
    pub fn toggle_mark(&mut self) {
        if let Some(name) = self.current().map(str::to_owned)
            && !self.marks.remove(&name)
        {
            self.marks.insert(name);
            self.anchor = Some(self.host_list.cursor);
        }
    }

    /// Marks all rows from the last mark to the cursor.
    pub fn mark_range(&mut self) {
        let here = self.host_list.cursor;
        let from = self.anchor.unwrap_or(here);
        let names = self.names(from.min(here)..=from.max(here));
        self.marks.extend(names);
        self.anchor = Some(here);
    }

    /// Marks every row of the table, or none where all are marked.
    pub fn mark_shown(&mut self, mark: bool) {
        for name in self.names(0..=self.rows.len().saturating_sub(1)) {
            if mark {
                self.marks.insert(name);
            } else {
                self.marks.remove(&name);
            }
        }
    }

    /// Marks what was not marked among the rows of the table, and the other way round.
    pub fn invert_marks(&mut self) {
        for name in self.names(0..=self.rows.len().saturating_sub(1)) {
            if !self.marks.remove(&name) {
                self.marks.insert(name);
            }
        }
    }

    fn names(&self, rows: std::ops::RangeInclusive<usize>) -> Vec<String> {
        let Some(topology) = self.known() else { return vec![] };
        let (from, to) = rows.into_inner();
        let rows = self.rows.iter().take(to + 1).skip(from);
        rows.map(|i| topology.hosts[*i as usize].clone()).collect()
    }
}

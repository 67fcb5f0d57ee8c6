//! Order of the host table.

use super::data::LastRun;
use super::topology::Topology;
use crate::health::board::Cell;
pub use crate::tui::model::fleet::{How, Sort};
use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;

impl Sort {
    /// All, in the order in which the key goes through them.
    pub const ALL: [Sort; 8] =
        [Sort::Inventory, Sort::Name, Sort::State, Sort::Cpu, Sort::Memory, Sort::Disk, Sort::LastRun, Sort::Groups];

    pub fn index(self) -> usize {
        self as usize
    }

    /// The next one, for the key that goes through them.
    pub fn next(self) -> Self {
        Self::ALL[(self.index() + 1) % Self::ALL.len()]
    }

    pub fn word(self) -> &'static str {
        match self {
            Sort::Inventory => "inventory order",
            Sort::Name => "by name",
            Sort::State => "by state",
            Sort::Cpu => "by cpu",
            Sort::Memory => "by memory",
            Sort::Disk => "by disk",
            Sort::LastRun => "by last run",
            Sort::Groups => "by groups",
        }
    }

    /// It changes with what is known of the hosts' health.
    pub fn is_by_health(self) -> bool {
        matches!(self, Sort::State | Sort::Cpu | Sort::Memory | Sort::Disk)
    }
}

impl From<&Cell> for How {
    fn from(cell: &Cell) -> How {
        How { worst: (cell.status, cell.suspect), cpu: cell.cpu, memory: cell.memory, disk: cell.disk }
    }
}

/// What the order is made from, beside the hosts themselves.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// For each host its groups, as text.
    pub groups_of: &'a [String],
    pub last_runs: Option<&'a HashMap<String, LastRun>>,
    /// How they are, by host; one that is not there was never asked.
    pub health: &'a HashMap<String, How>,
}

/// Sorts rows; equal ones keep the inventory's order.
pub fn sort(rows: &mut [u32], by: Sort, topology: &Topology, known: Known<'_>) {
    let name = |i: &u32| topology.hosts[*i as usize].as_str();
    let how = |i: &u32| known.health.get(name(i)).copied().unwrap_or_default();
    // The highest first, and below them those of which it is not known, the worst of those first.
    let highest = |rows: &mut [u32], of: fn(&How) -> Option<f64>| {
        rows.sort_by(|a, b| {
            let (a, b) = (how(a), how(b));
            let of = |how: &How| of(how).unwrap_or(-1.0);
            of(&b).total_cmp(&of(&a)).then_with(|| if of(&a) < 0.0 { b.worst.cmp(&a.worst) } else { Ordering::Equal })
        });
    };
    match by {
        Sort::Inventory => rows.sort_unstable(),
        Sort::Name => rows.sort_by(|a, b| natural(name(a), name(b))),
        Sort::State => rows.sort_by_cached_key(|i| Reverse(how(i).worst)),
        Sort::Cpu => highest(rows, |how| how.cpu),
        Sort::Memory => highest(rows, |how| how.memory),
        Sort::Disk => highest(rows, |how| how.disk),
        Sort::Groups => rows.sort_by(|a, b| {
            let group = |i: &u32| known.groups_of.get(*i as usize).map_or("", String::as_str);
            group(a).cmp(group(b)).then_with(|| natural(name(a), name(b)))
        }),
        Sort::LastRun => rows.sort_by_cached_key(|i| {
            let run = known.last_runs.and_then(|runs| runs.get(name(i)));
            (run.is_none(), run.map(|r| r.outcome), run.map(|r| Reverse(r.at)))
        }),
    }
}

/// `web2` before `web10`.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        let (Some(x), Some(y)) = (a.first(), b.first()) else { return a.len().cmp(&b.len()) };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (n, rest_a) = number(a);
            let (m, rest_b) = number(b);
            let order = n.len().cmp(&m.len()).then_with(|| n.cmp(m));
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (rest_a, rest_b);
        } else if x == y {
            (a, b) = (&a[1..], &b[1..]);
        } else {
            return x.cmp(y);
        }
    }
}

/// Leading digits without leading zeros, and the rest.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
    let zeros = text[..end].iter().position(|c| *c != b'0').unwrap_or(end);
    (&text[zeros..end], &text[end..])
}

#[cfg(test)]
#[path = "sort_tests.rs"]
mod tests;

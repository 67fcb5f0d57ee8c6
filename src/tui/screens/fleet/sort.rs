//! Order of the host table.

use super::data::LastRun;
use super::topology::Topology;
use std::cmp::Ordering;
use std::collections::HashMap;

/// By what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// As the inventory has them (a pattern: as Ansible would run them).
    #[default]
    Inventory,
    /// By name; numbers in names count as numbers.
    Name,
    /// By how their last run went, worst first, then newest first; those without one last.
    LastRun,
    /// By groups.
    Groups,
}

impl Sort {
    /// The next one, for the key that goes through them.
    pub fn next(self) -> Self {
        match self {
            Sort::Inventory => Sort::Name,
            Sort::Name => Sort::LastRun,
            Sort::LastRun => Sort::Groups,
            Sort::Groups => Sort::Inventory,
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Inventory => "inventory order",
            Sort::Name => "by name",
            Sort::LastRun => "by last run",
            Sort::Groups => "by groups",
        }
    }
}

/// Sorts rows; equal ones keep the inventory's order.
pub fn sort(
    rows: &mut [u32],
    by: Sort,
    topology: &Topology,
    groups_of: &[String],
    last_runs: Option<&HashMap<String, LastRun>>,
) {
    let name = |i: &u32| topology.hosts[*i as usize].as_str();
    match by {
        Sort::Inventory => rows.sort_unstable(),
        Sort::Name => rows.sort_by(|a, b| natural(name(a), name(b))),
        Sort::Groups => rows.sort_by(|a, b| {
            let group = |i: &u32| groups_of.get(*i as usize).map_or("", String::as_str);
            group(a).cmp(group(b)).then_with(|| natural(name(a), name(b)))
        }),
        Sort::LastRun => rows.sort_by_cached_key(|i| {
            let run = last_runs.and_then(|runs| runs.get(name(i)));
            (run.is_none(), run.map(|r| r.outcome), run.map(|r| std::cmp::Reverse(r.at)))
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
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names = vec!["web10", "web2", "web02b", "db1", "web", "数10", "数9"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["db1", "web", "web2", "web02b", "web10", "数9", "数10"]);
    }
}

//! In which order tasks and hosts are shown, and which of them: made anew when events came or the person asked for
//! another order, so that drawing a frame never sorts.

use crate::run::RunState;
use crate::run::state::{HostState, TaskState};
use std::collections::BTreeSet;

/// What the person asked to see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// Failing hosts and tasks first, each in its old order otherwise.
    pub failing_first: bool,
    /// Only what failed.
    pub failed_only: bool,
    /// Only hosts whose name holds this text.
    pub host: String,
    /// Only tasks of these steps, and hosts that have a part in them; none: all.
    pub steps: Vec<u32>,
}

/// Numbers of tasks and hosts in the order in which they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order {
    /// Indices into [`RunState::tasks`].
    pub tasks: Vec<u32>,
    /// Indices into [`RunState::hosts`].
    pub hosts: Vec<u32>,
}

/// True if the host failed or was not reached, and nothing rescued it.
pub fn host_failed(host: &HostState) -> bool {
    host.failed.is_some() || host.tally.failed > 0 || host.tally.unreachable > 0
}

/// True if the task failed on some host.
pub fn task_failed(task: &TaskState) -> bool {
    task.counts.failed > 0 || task.counts.unreachable > 0
}

/// The order that `wish` asks for. O(tasks + hosts).
pub fn order(run: &RunState, wish: &Wish) -> Order {
    let mut tasks = pick(run.tasks.iter().map(task_failed), wish);
    let named = |name: &str| wish.host.is_empty() || name.contains(&wish.host);
    let mut hosts = pick(run.hosts.values().map(host_failed), wish);
    hosts.retain(|&h| run.hosts.get_index(h as usize).is_some_and(|(name, _)| named(name)));
    if !wish.steps.is_empty() {
        let names = wish.steps.iter().flat_map(|s| run.step_hosts(*s)).map(|(name, _)| name);
        let parts: BTreeSet<usize> = names.filter_map(|name| run.hosts.get_index_of(name)).collect();
        let of_steps = |t: &TaskState| parts.iter().any(|h| wish.steps.contains(&t.cell(*h).step.into()));
        hosts.retain(|h| parts.contains(&(*h as usize)));
        tasks.retain(|t| run.tasks.get(*t as usize).is_some_and(of_steps));
    }
    Order { tasks, hosts }
}

fn pick(failed: impl Iterator<Item = bool>, wish: &Wish) -> Vec<u32> {
    let (mut bad, mut rest) = (Vec::new(), Vec::new());
    for (i, failed) in (0u32..).zip(failed) {
        let list = if failed && (wish.failing_first || wish.failed_only) { &mut bad } else { &mut rest };
        list.push(i);
    }
    if !wish.failed_only {
        bad.append(&mut rest);
    }
    bad
}

/// The first error of the run: (task, host) by time of the task, then by the host's place; the worst kind there is
/// wins: an error that was ignored is only taken where nothing else failed.
pub fn first_error(run: &RunState) -> Option<(u32, u32)> {
    use crate::run::state::CellStatus::{Failed, Ignored, Unknown, Unreachable};
    let find = |wanted: &[crate::run::state::CellStatus], has: fn(&TaskState) -> bool| {
        (0u32..).zip(&run.tasks).filter(|(_, t)| has(t)).find_map(|(t, task)| {
            let hit = (0..run.hosts.len()).find(|&h| wanted.contains(&task.cell(h).status))?;
            Some((t, u32::try_from(hit).ok()?))
        })
    };
    find(&[Failed, Unreachable], task_failed)
        .or_else(|| if run.recap { None } else { find(&[Unknown], |_| true) })
        .or_else(|| find(&[Ignored], |t| t.counts.ignored > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::fixtures;

    #[test]
    fn failing_come_first_and_else_keep_their_order() {
        let run = fixtures::failed();
        let natural = order(&run, &Wish::default());
        assert_eq!(natural.hosts, (0..8).collect::<Vec<_>>());
        let first = order(&run, &Wish { failing_first: true, ..Wish::default() });
        assert_eq!(first.hosts[0], 4);
        assert_eq!(first.hosts.len(), 8);
        assert_eq!(first.tasks[0], 2);
        let only = order(&run, &Wish { failed_only: true, ..Wish::default() });
        assert_eq!(only.hosts, [4, 6]);
        let named = order(&run, &Wish { host: "05".into(), ..Wish::default() });
        assert_eq!(named.hosts, [4]);
    }

    #[test]
    fn the_first_error_is_where_the_first_task_failed() {
        assert_eq!(first_error(&fixtures::failed()), Some((2, 4)));
        assert_eq!(first_error(&fixtures::succeeded()), None);
    }
}

//! How far a run is and how long it may still take. Says nothing where nothing is known.

use super::state::RunState;

/// Progress of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Results so far, over all tasks and hosts.
    pub done: u64,
    /// Results to expect, as far as the plan tells; `None`: there is no plan.
    pub total: Option<u64>,
}

impl RunState {
    /// Results had and results to expect. The plan counts tasks a play; a play that has not begun is expected to run
    /// on `hosts` hosts (those of the spec), or on as many as took part so far.
    pub fn progress(&self, hosts: Option<usize>) -> Progress {
        let mut done = 0_u64;
        for task in &self.tasks {
            let c = task.counts;
            done += u64::from(c.ok + c.changed + c.failed + c.unreachable + c.skipped + c.ignored);
        }
        let rest = hosts.unwrap_or(self.hosts.len()).max(1) as u64;
        // `serial` repeats a play under its name, a batch at a time.
        let mut begun = self.plays.iter().peekable();
        let mut total = 0_u64;
        for (i, (name, tasks)) in self.plan.iter().enumerate() {
            // Two plays of one name cannot be told from two batches of one play: then each is one batch.
            let twin = self.plan.get(i + 1).is_some_and(|(next, _)| next == name);
            let mut of_play = begun.next().map_or(rest, |p| u64::from(p.hosts));
            while !twin && let Some(batch) = begun.next_if(|p| p.name == *name) {
                of_play += u64::from(batch.hosts);
            }
            total += of_play * u64::from(*tasks);
        }
        let total = (!self.plan.is_empty()).then_some(if self.state.is_terminal() { done } else { total.max(done) });
        Progress { done, total }
    }

    /// Milliseconds until it ends, if that can be guessed: from the median of `past` durations (milliseconds) of the
    /// same thing, else from what is done of what is planned.
    pub fn eta(&self, now: i64, past: &[i64], hosts: Option<usize>) -> Option<i64> {
        if self.state.is_terminal() {
            return None;
        }
        let elapsed = now - self.started_at()?;
        let mut past = past.to_vec();
        past.sort_unstable();
        if let Some(median) = past.get(past.len() / 2) {
            // Once it takes longer than usual, the past knows nothing more.
            if *median > elapsed {
                return Some(median - elapsed);
            }
        }
        let Progress { done, total } = self.progress(hosts);
        let total = total?;
        // Too little done says nothing about the rest.
        if done == 0 || done * 20 < total || done >= total {
            return None;
        }
        Some((elapsed as i128 * i128::from(total - done) / i128::from(done)) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::state::{Counts, PlayState, State, TaskState};

    fn play(name: &str, hosts: u32) -> PlayState {
        PlayState { name: name.into(), hosts, ..PlayState::default() }
    }

    fn running() -> RunState {
        RunState {
            state: State::Running,
            history: vec![(State::Starting, 1_000), (State::Running, 1_500)],
            plan: vec![("web".into(), 4), ("db".into(), 2)],
            plays: vec![play("web", 3), play("web", 2)],
            tasks: vec![TaskState {
                counts: Counts { ok: 6, failed: 4, running: 9, ..Counts::default() },
                ..TaskState::default()
            }],
            ..RunState::default()
        }
    }

    #[test]
    fn counts_batches_of_a_play_and_plays_to_come() {
        let progress = running().progress(Some(10));
        assert_eq!(progress, Progress { done: 10, total: Some((3 + 2) * 4 + 10 * 2) });
        assert_eq!(RunState::default().progress(None), Progress { done: 0, total: None });
        assert_eq!(
            RunState { state: State::Failed, ..running() }.progress(None).total,
            Some(10),
            "an end is all there is"
        );
    }

    #[test]
    fn guesses_the_end_only_with_a_reason() {
        let state = running();
        assert_eq!(state.eta(11_000, &[30_000, 20_000, 25_000], Some(10)), Some(15_000), "the median of the past");
        assert_eq!(state.eta(41_000, &[20_000], Some(10)), Some(120_000), "longer than ever: from what is done");
        assert_eq!(state.eta(11_000, &[], Some(10)), Some(30_000));
        assert_eq!(RunState { plan: vec![], ..running() }.eta(11_000, &[], None), None);
        assert_eq!(RunState::default().eta(11_000, &[5], None), None, "not begun");
    }
}

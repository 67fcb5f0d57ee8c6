//! How far a run is and how long it may still take. Says nothing where nothing is known.

use super::state::RunState;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Results so far, over all tasks and hosts.
    pub done: u64,
    /// Results to expect, as far as the plan tells; `None`: there is no plan.
    pub total: Option<u64>,
}

/// A play that began, all its batches together.
struct Played {
    /// Hosts of the batches that began.
    begun: u64,
    all: u64,
}

impl RunState {
    /// Results had and results to expect. The plan counts tasks a play; a play that has not begun is expected to run
    /// on `hosts` hosts (those of the spec), or on as many as took part so far. A run that goes beyond its plan (it
    /// includes files) has no total: nobody knows how far it will go.
    pub fn progress(&self, hosts: Option<usize>) -> Progress {
        let mut done = 0_u64;
        for task in &self.tasks {
            let c = task.counts;
            done += u64::from(c.ok + c.changed + c.failed + c.unreachable + c.skipped + c.ignored);
        }
        if self.state.is_terminal() {
            return Progress { done, total: (!self.plan.is_empty()).then_some(done) };
        }
        let rest = hosts.unwrap_or(self.hosts.len()).max(1) as u64;
        let played = self.played();
        let of_play = played.iter().map(|p| p.all).chain(std::iter::repeat(rest));
        let total = self.plan.iter().zip(of_play).map(|((_, tasks), hosts)| hosts * u64::from(*tasks)).sum();
        let known = !self.plan.is_empty() && played.len() <= self.plan.len() && done <= total;
        Progress { done, total: known.then_some(total) }
    }

    /// True if batches of a play (`serial`) that began are still to come.
    pub fn has_batches_to_come(&self) -> bool {
        self.played().iter().any(|p| p.begun < p.all)
    }

    /// `serial` announces a play once a batch, under the same name, until it has been on all its hosts.
    fn played(&self) -> Vec<Played> {
        let mut played: Vec<Played> = Vec::new();
        let mut before = None;
        for play in &self.plays {
            let (name, hosts) = (play.name.as_str(), u64::from(play.hosts));
            match played.last_mut() {
                Some(last) if before == Some((name, play.of)) && last.begun < last.all => last.begun += hosts,
                _ => played.push(Played { begun: hosts, all: hosts.max(play.of.unwrap_or(0).into()) }),
            }
            before = Some((name, play.of));
        }
        played
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

    fn play(name: &str, hosts: u32, of: Option<u32>) -> PlayState {
        PlayState { name: name.into(), hosts, of, ..PlayState::default() }
    }

    fn running() -> RunState {
        RunState {
            state: State::Running,
            history: vec![(State::Starting, 1_000), (State::Running, 1_500)],
            plan: vec![("web".into(), 4), ("db".into(), 2)],
            plays: vec![play("web", 3, Some(5)), play("web", 2, Some(5))],
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
    fn batches_to_come_count_before_they_begin() {
        // the first batch is done on both its hosts, the second has not begun
        let mut run = RunState {
            plan: vec![("web".into(), 5)],
            plays: vec![play("web", 2, Some(6))],
            tasks: vec![TaskState { counts: Counts { ok: 10, ..Counts::default() }, ..TaskState::default() }],
            ..running()
        };
        assert_eq!(run.progress(Some(6)), Progress { done: 10, total: Some(30) });
        assert!(run.has_batches_to_come());
        run.plays = vec![play("web", 2, Some(6)), play("web", 4, Some(6))];
        assert_eq!(run.progress(Some(6)).total, Some(30));
        assert!(!run.has_batches_to_come());
        // two plays of one name, each in two batches
        run.plan = vec![("web".into(), 5), ("web".into(), 1)];
        run.plays = vec![2, 2, 3, 1].into_iter().map(|n| play("web", n, Some(4))).collect();
        assert_eq!(run.progress(Some(6)).total, Some(4 * 5 + 4));
        run.plays.pop();
        assert!(run.has_batches_to_come());
    }

    #[test]
    fn beyond_its_plan_a_run_has_no_total() {
        let mut run = RunState { plan: vec![("web".into(), 1), ("db".into(), 0)], ..running() };
        assert_eq!(run.progress(None), Progress { done: 10, total: None }, "included files gave more than was planned");
        run.plan = vec![("web".into(), 4)];
        run.plays.push(play("imported", 2, None));
        assert_eq!(run.progress(None).total, None, "a play that the plan does not have");
        assert_eq!(run.eta(11_000, &[], None), None);
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

//! When each job is due. Pure: time is milliseconds since the poller began. The first time at once, then at a moment of its
//! own within the interval, so that hundreds of hosts are not asked in the same second. A job is never asked twice at once:
//! what is late leaves out turns, and holds up no other.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The jobs that wait for their turn.
#[derive(Debug, Default)]
pub struct Schedule {
    due: BinaryHeap<Reverse<(u64, usize)>>,
    /// The turn of each: a job has one, whatever else is still queued for it.
    turns: HashMap<usize, u64>,
}

/// When in its interval a thing has its turn.
pub fn phase(of: &impl Hash, interval: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish() % interval.max(1)
}

impl Schedule {
    /// Job `n` is due at once.
    pub fn now(&mut self, n: usize, now: u64) {
        self.set(n, now);
    }

    fn set(&mut self, n: usize, turn: u64) {
        self.due.push(Reverse((turn, n)));
        self.turns.insert(n, turn);
    }

    /// Job `n` has its next turn after `now`.
    pub fn next(&mut self, n: usize, phase: u64, interval: u64, now: u64) {
        let interval = interval.max(1);
        let turn = (now.saturating_sub(phase) / interval + u64::from(now >= phase)) * interval + phase;
        self.set(n, turn);
    }

    /// The next job that is due by now.
    pub fn take(&mut self, now: u64) -> Option<usize> {
        while let Some(Reverse((at, n))) = self.due.peek().copied().filter(|Reverse((at, _))| *at <= now) {
            self.due.pop();
            // Else its turn was moved since.
            if self.turns.get(&n) == Some(&at) {
                self.turns.remove(&n);
                return Some(n);
            }
        }
        None
    }

    /// When the next one is due.
    pub fn at(&self) -> Option<u64> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_turn_is_at_once_and_the_others_at_a_moment_of_its_own() {
        let mut schedule = Schedule::default();
        schedule.now(7, 5);
        assert_eq!((schedule.take(4), schedule.take(5), schedule.take(5)), (None, Some(7), None));
        schedule.next(7, 300, 1000, 5);
        assert_eq!(schedule.at(), Some(300));
        assert_eq!(schedule.take(300), Some(7));
        schedule.next(7, 300, 1000, 300);
        assert_eq!(schedule.at(), Some(1300));
        schedule.take(1300);
        // It took three turns: two are left out.
        schedule.next(7, 300, 1000, 4200);
        assert_eq!(schedule.at(), Some(4300));
        // Its turn is moved: it has it once.
        schedule.now(7, 4210);
        assert_eq!((schedule.take(4210), schedule.take(4300)), (Some(7), None));
        let phases: std::collections::HashSet<u64> = (0..100).map(|n| phase(&format!("w{n}"), 15_000)).collect();
        assert!(phases.len() > 90, "hosts are spread");
    }

    proptest! {
        #![proptest_config(crate::cases::cases(256))]

        #[test]
        fn the_next_turn_is_later_and_within_an_interval(interval in 1..100_000_u64, at in 0..10_000_000_u64, key in any::<u64>()) {
            let mut schedule = Schedule::default();
            schedule.next(1, phase(&key, interval), interval, at);
            let turn = schedule.at().unwrap();
            prop_assert!(turn > at && turn <= at + interval, "{turn} after {at} of {interval}");
        }
    }
}

//! Bounds of a number, with hysteresis: where a level is entered it is not left at once.

use super::{Got, Reading, Status};
use crate::health::probe::Verdict;
use serde::{Deserialize, Serialize};

/// Where a level begins and where it ends again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    pub enter: f64,
    /// Back on the good side of this it ends.
    pub leave: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Small numbers are the bad ones (memory that is left).
    pub low: bool,
    /// Where a person should look.
    pub warn: Option<Edge>,
    /// Where it is bad.
    pub bad: Option<Edge>,
}

impl Limits {
    pub fn above(warn: Option<Edge>, bad: Option<Edge>) -> Self {
        Limits { low: false, warn, bad }
    }

    pub fn below(warn: Option<Edge>, bad: Option<Edge>) -> Self {
        Limits { low: true, warn, bad }
    }

    /// The line that a sparkline shows: where the first trouble begins.
    pub fn threshold(&self) -> Option<f64> {
        self.warn.or(self.bad).map(|edge| edge.enter)
    }

    /// The line that a value of this status has passed, or else will pass next.
    pub fn limit(&self, status: Status) -> Option<f64> {
        let passed = if status == Status::Bad { self.bad.or(self.warn) } else { self.warn.or(self.bad) };
        passed.map(|edge| edge.enter)
    }

    fn beyond(&self, value: f64, line: f64) -> bool {
        if self.low { value < line } else { value > line }
    }

    fn holds(&self, edge: Option<Edge>, value: f64, entered: bool) -> bool {
        edge.is_some_and(|edge| {
            self.beyond(value, edge.enter)
                || (entered && (self.beyond(value, edge.leave) || value.total_cmp(&edge.leave).is_eq()))
        })
    }

    /// What one reading says by itself, after a reading that said `before`; `None`: it could not be made.
    pub(super) fn level(&self, reading: &Reading, before: Status) -> Option<Status> {
        let level = match reading.got {
            Got::Verdict(Verdict::Inconclusive) => return None,
            Got::Verdict(Verdict::Pass) => Status::Ok,
            Got::Verdict(Verdict::Fail) => Status::Bad,
            Got::Value(value) if !value.is_finite() => return None,
            Got::Value(value) if self.holds(self.bad, value, before == Status::Bad) => Status::Bad,
            Got::Value(value) if self.holds(self.warn, value, before >= Status::Warn) => Status::Warn,
            Got::Value(_) => Status::Ok,
        };
        Some(reading.least.map_or(level, |least| level.max(least)))
    }
}

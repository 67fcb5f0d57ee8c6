//! Flapping, as Nagios counts it (base/flapping.c): the last 21 states, newer changes weigh more.

use serde::{Deserialize, Serialize};

/// Changes that are remembered: one less than Nagios' MAX_STATE_HISTORY_ENTRIES.
const SLOTS: u32 = 20;
/// Weight of the oldest and of the newest change.
const WEIGHTS: (f64, f64) = (0.75, 1.25);
/// Percent at which it begins, and at which it ends.
const START: f64 = 30.0;
const STOP: f64 = 20.0;

/// The last changes of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Flaps {
    /// One bit a reading, the newest lowest: another state than the reading before.
    changes: u32,
    flapping: bool,
}

impl Flaps {
    /// One more reading.
    pub fn push(&mut self, changed: bool) {
        self.changes = (self.changes << 1 | u32::from(changed)) & ((1 << SLOTS) - 1);
        let percent = self.percent();
        self.flapping = if self.flapping { percent > STOP } else { percent >= START };
    }

    /// How much it changes (percent; 100: with every reading).
    pub fn percent(self) -> f64 {
        let (low, high) = WEIGHTS;
        let step = (high - low) / f64::from(SLOTS - 1);
        let weight = |age: u32| high - step * f64::from(age);
        let sum: f64 = (0..SLOTS).filter(|age| self.changes >> age & 1 == 1).map(weight).sum();
        sum * 100.0 / f64::from(SLOTS)
    }

    /// It changes so often that no single state says anything.
    pub fn is_flapping(self) -> bool {
        self.flapping
    }
}

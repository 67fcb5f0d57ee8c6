//! What a row of readings means. Pure: (state, reading) -> state; rise and fall, enter and leave, how long it must hold,
//! flapping. Nothing here measures and nothing acts.

mod flap;
mod limits;
#[cfg(test)]
mod tests;

pub use flap::Flaps;
pub use limits::{Edge, Limits};

use super::probe::Verdict;
use serde::{Deserialize, Serialize};

/// Milliseconds without a reading, at the least, after which a check begins anew. Slow answers of hosts that hang are none.
const UNSEEN: i64 = 120_000;
/// After so many intervals without a reading it is not known any more how things are.
const STALE: i64 = 3;

/// How something is, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Ok,
    /// It was never known, or could not be measured.
    #[default]
    Unknown,
    /// The last reading is too old to go by. Never kept, only seen: see [`CheckState::seen`].
    Stale,
    Warn,
    /// It does not work, or will not for long.
    Bad,
}

impl Status {
    pub const ALL: [Status; 5] = [Status::Bad, Status::Warn, Status::Stale, Status::Unknown, Status::Ok];

    /// Lower-case name, as on the screen and in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Unknown => "unknown",
            Status::Stale => "stale",
            Status::Warn => "warn",
            Status::Bad => "bad",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Got {
    /// It works, or not; or that could not be told.
    Verdict(Verdict),
    /// A number, for [`Limits`] to judge.
    Value(f64),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// When it was asked for (Unix milliseconds): of what came later it says nothing.
    pub began: i64,
    /// When it was made (Unix milliseconds).
    pub at: i64,
    pub got: Got,
    /// In words (`connection refused`, `91% used`), safe for a terminal, one line.
    pub text: String,
    /// At least so bad, whatever the number says (a disk that will be full in an hour).
    pub least: Option<Status>,
}

/// What readings are held against. Kept with what it judged, so that a screen shows the limit that held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Seconds between two readings.
    pub interval: u32,
    /// Good readings in a row until it is better again; at least 1.
    pub rise: u32,
    /// Bad readings in a row until it counts; at least 1.
    pub fall: u32,
    /// Seconds that bad readings must last before they count.
    pub hold: u32,
    /// For numbers. Without any a number is only shown.
    pub limits: Limits,
}

impl Rule {
    /// Milliseconds after which a reading is too old to go by.
    pub fn stale_after(&self) -> i64 {
        STALE * i64::from(self.interval) * 1000
    }
}

impl Default for Rule {
    /// releases.md part 6: interval 10 s, fall 3, rise 2.
    fn default() -> Self {
        Rule { interval: 10, rise: 2, fall: 3, hold: 0, limits: Limits::default() }
    }
}

/// How far a reading's clock may be ahead (milliseconds): who looks took the time a moment before.
const AHEAD: i64 = 2_000;

/// True for a moment that has not come yet: the clock was set back since. Nothing is known of now by it.
pub fn is_ahead(at: i64, now: i64) -> bool {
    at - now > AHEAD
}

/// What is known of one check in one place, after all its readings.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CheckState {
    /// What counts: rise, fall and hold are behind it. Not yet how old it is: see [`CheckState::seen`].
    pub status: Status,
    /// Since when (Unix milliseconds).
    pub since: i64,
    /// What the last readings in a row say, at the least: `status`, or that which it is about to become.
    pub tends: Status,
    /// How many readings in a row say so.
    pub streak: u32,
    /// When the first of them was made (Unix milliseconds).
    pub streak_since: i64,
    /// Readings in a row that could not be made.
    pub missing: u32,
    pub last: Option<Reading>,
    /// What the last reading that could be made said by itself: hysteresis needs it.
    level: Status,
    pub flaps: Flaps,
}

impl CheckState {
    /// How it looks at this moment: too old is stale, whatever it was, and so is what lies in the future.
    pub fn seen(&self, rule: &Rule, now: i64) -> Status {
        match &self.last {
            Some(last) if now - last.at > rule.stale_after() || is_ahead(last.at, now) => Status::Stale,
            _ => self.status,
        }
    }

    /// How many readings in a row the next change needs, or the last one needed.
    pub fn needed(&self, rule: &Rule) -> u32 {
        match self.tends < self.status || (self.tends, self.status) == (Status::Ok, Status::Ok) {
            true => rule.rise.max(1),
            false => rule.fall.max(1),
        }
    }

    /// True while it still counts as well, but the last readings say otherwise.
    pub fn is_suspect(&self) -> bool {
        self.status == Status::Ok && (self.tends != Status::Ok || self.missing > 0)
    }

    /// What becomes of it with one more reading. A reading that is not newer than the last changes nothing; one that is older
    /// by more than an interval comes from a clock that was set back, and what lies in its future is thrown away.
    #[must_use]
    pub fn judge(&self, rule: &Rule, reading: Reading) -> CheckState {
        let mut next = self.clone();
        if let Some(last) = &self.last {
            let stepped = last.at - reading.at > i64::from(rule.interval) * 1000;
            if reading.at <= last.at && !stepped {
                return next;
            }
            // Nobody asked meanwhile: time that nobody saw is credited to no state.
            if stepped || reading.at - last.at > UNSEEN.max(rule.stale_after()) {
                next = CheckState { flaps: self.flaps, level: self.level, ..CheckState::default() };
            }
        }
        let at = reading.at;
        match rule.limits.level(&reading, next.level) {
            None => next.not_known(rule, at),
            Some(level) => next.known(rule, at, level),
        }
        next.last = Some(reading);
        next
    }

    /// One reading that could not be made says nothing, some in a row say that nothing is known.
    fn not_known(&mut self, rule: &Rule, at: i64) {
        self.missing += 1;
        if self.last.is_none() {
            (self.since, self.streak_since) = (at, at);
        }
        if self.missing >= rule.fall.max(1) && self.status != Status::Unknown {
            (self.status, self.tends, self.since) = (Status::Unknown, Status::Unknown, at);
            (self.streak, self.streak_since) = (0, at);
        }
    }

    fn known(&mut self, rule: &Rule, at: i64, level: Status) {
        self.missing = 0;
        if self.last.is_some() {
            self.flaps.push(level != self.level);
        }
        self.level = level;
        // The first one that is good is enough; and what must last has not lasted yet.
        if self.last.is_none() && (level == Status::Ok || rule.hold > 0) {
            (self.status, self.tends, self.since) = (Status::Ok, Status::Ok, at);
        }
        let side = |status: Status| status.cmp(&self.status);
        match self.streak > 0 && side(level) == side(self.tends) {
            true => {
                self.streak += 1;
                // On the same side of what counts: all of them say at least the nearer of the two.
                let nearer = if level > self.status { self.tends.min(level) } else { self.tends.max(level) };
                self.tends = nearer;
            }
            false => (self.tends, self.streak, self.streak_since) = (level, 1, at),
        }
        let lasted = at - self.streak_since >= i64::from(rule.hold) * 1000;
        let worse = self.tends > self.status && self.tends != Status::Ok;
        let enough = if worse { self.streak >= rule.fall.max(1) && lasted } else { self.streak >= rule.rise.max(1) };
        if self.tends != self.status && enough {
            self.status = self.tends;
            self.since = at;
        }
        if self.since == 0 {
            self.since = at;
        }
    }
}

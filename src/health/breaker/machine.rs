//! The machine of one breaker: a pure function from (breaker, input, now) to a breaker and what changed. Times are Unix
//! milliseconds. Numbers and rules are those of releases.md part 3.

use super::Limits;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Breaker {
    /// Where it stands.
    pub state: State,
    /// Since when. What began before is of another time: it is kept, and moves nothing.
    pub since: i64,
    /// How often in a row it opened.
    pub attempt: u32,
    pub results: Vec<Outcome>,
    pub why: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced: Option<Forced>,
    /// Changes that the audit ledger does not have yet, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unrecorded: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    #[default]
    Closed,
    Open {
        /// When the next one who asks may try.
        until: i64,
    },
    /// Tried, one at a time.
    HalfOpen {
        /// The try that is under way.
        probe: Option<Probe>,
        good: u32,
    },
}

/// A try that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    pub at: i64,
    /// Whose: the run, or `poll`.
    pub by: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// When that of which it is the result began.
    pub began: i64,
    pub ended: i64,
    /// It went well (and was not slow).
    pub ok: bool,
}

/// A person's word over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forced {
    /// What it is to be.
    pub to: Forcing,
    /// Until when; `None`: until somebody takes it back.
    pub until: Option<i64>,
    pub by: String,
    pub reason: String,
    pub at: i64,
}

/// What a person can make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forcing {
    Open,
    Closed,
    /// It goes on by itself and stops nobody: its changes are only shown.
    MetricsOnly,
}

/// Where it stands for whoever asks: its own state, or a person's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    Closed,
    Open,
    HalfOpen,
    ForcedOpen,
    Disabled,
    MetricsOnly,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Result {
        began: i64,
        ok: bool,
    },
    /// Somebody wants to try; the answer is [`Next::permit`].
    Ask {
        /// Who: the same one is let through again.
        by: String,
    },
    /// A try was not made after all.
    GiveBack {
        by: String,
    },
    /// Others than its own results say that it must open.
    Trip {
        why: String,
    },
    Force(Forced),
    /// A person takes it back.
    Auto,
    /// Whoever tried is gone with its process.
    Restart,
    Tick,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The breaker from now on.
    pub breaker: Breaker,
    pub permit: bool,
    /// It stands elsewhere now.
    pub change: Option<Change>,
}

/// A change of its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub from: Position,
    pub to: Position,
    pub why: String,
}

impl Breaker {
    /// Where it stands now.
    pub fn position(&self, now: i64) -> Position {
        self.under(self.word(now))
    }

    fn under(&self, word: Option<&Forced>) -> Position {
        match (word.map(|forced| forced.to), &self.state) {
            (Some(Forcing::Open), _) => Position::ForcedOpen,
            (Some(Forcing::Closed), _) => Position::Disabled,
            (Some(Forcing::MetricsOnly), _) => Position::MetricsOnly,
            (None, State::Closed) => Position::Closed,
            (None, State::Open { .. }) => Position::Open,
            (None, State::HalfOpen { .. }) => Position::HalfOpen,
        }
    }

    /// A person's word, while it holds.
    pub fn word(&self, now: i64) -> Option<&Forced> {
        self.forced.as_ref().filter(|forced| forced.until.is_none_or(|until| now < until))
    }

    /// It lets nobody through but the one who tries it.
    pub fn blocks(&self, now: i64) -> bool {
        matches!(self.position(now), Position::Open | Position::HalfOpen | Position::ForcedOpen)
    }

    /// What comes of `input`. `jitter` (0 to 1) lengthens the time that it stays open by up to a tenth, so that not all are
    /// tried at the same moment.
    pub fn next(&self, input: &Input, now: i64, limits: &Limits, jitter: f64) -> Next {
        // As it was shown last: that a person's word is over is a change too.
        let from = self.under(self.forced.as_ref());
        let mut next = Next { breaker: self.clone(), permit: false, change: None };
        let breaker = &mut next.breaker;
        let mut why = None;
        if breaker.forced.is_some() && breaker.word(now).is_none() {
            breaker.forced = None;
            why = Some("what a person said is over".to_owned());
        }
        let frozen = breaker.word(now).is_some_and(|forced| forced.to != Forcing::MetricsOnly);
        match input {
            Input::Result { began, ok } => {
                breaker.keep(Outcome { began: *began, ended: now, ok: *ok }, limits);
                if !frozen && *began >= breaker.since {
                    why = breaker.judge(*ok, now, limits, jitter).or(why);
                }
            }
            Input::Ask { by } => {
                why = breaker.late(now, limits, jitter).or(why);
                let (permit, said) = if frozen { (false, None) } else { breaker.ask(by, now) };
                next.permit = permit || !breaker.blocks(now);
                why = said.or(why);
            }
            Input::GiveBack { by } => breaker.give_back(|probe| probe.by == *by),
            Input::Trip { why: said } => {
                if !frozen && breaker.state == State::Closed {
                    why = Some(breaker.open(said.clone(), now, limits, jitter));
                }
            }
            Input::Force(forced) => {
                why = Some(forced.reason.clone());
                breaker.forced = Some(forced.clone());
            }
            Input::Auto => {
                why = Some("a person left it to itself again".to_owned());
                breaker.forced = None;
            }
            Input::Restart => {
                breaker.give_back(|_| true);
                if !frozen && matches!(breaker.state, State::Open { until } if until <= now) {
                    why = Some(breaker.half_open(now));
                }
            }
            Input::Tick => why = breaker.late(now, limits, jitter).or(why),
        }
        let to = breaker.position(now);
        if to != from || (matches!(input, Input::Force(_)) && self.forced != breaker.forced) {
            let why = why.unwrap_or_default();
            breaker.why.clone_from(&why);
            next.change = Some(Change { from, to, why });
        } else if self.state != breaker.state
            && let Some(why) = why
        {
            // Beneath a person's word: shown with it, and nobody's news.
            breaker.why = why;
        }
        next
    }

    fn keep(&mut self, outcome: Outcome, limits: &Limits) {
        let slow = outcome.ok && self.is_slow(outcome.ended - outcome.began, limits);
        self.results.push(Outcome { ok: outcome.ok && !slow, ..outcome });
        let over = self.results.len().saturating_sub(limits.window);
        self.results.drain(..over);
    }

    /// Usual is the middle of what went well; a few of them are no measure.
    fn is_slow(&self, took: i64, limits: &Limits) -> bool {
        let mut usual: Vec<i64> = self.results.iter().filter(|r| r.ok).map(|r| r.ended - r.began).collect();
        usual.sort_unstable();
        usual.len() >= limits.min
            && took > limits.slow_floor
            && took > usual[usual.len() / 2].saturating_mul(i64::from(limits.slow))
    }

    /// A result of the time that is.
    fn judge(&mut self, said: bool, now: i64, limits: &Limits, jitter: f64) -> Option<String> {
        let ok = said && self.results.last().is_some_and(|last| last.ok);
        match &mut self.state {
            State::Closed => {
                let why = self.reason(now, limits)?;
                Some(self.open(why, now, limits, jitter))
            }
            // Nobody was to try: it moves nothing.
            State::Open { .. } => None,
            State::HalfOpen { probe, good } if ok => {
                (*probe, *good) = (None, *good + 1);
                if *good < limits.good {
                    return None;
                }
                (self.state, self.since, self.attempt) = (State::Closed, now, 0);
                Some(format!("{} tries in a row went well", limits.good))
            }
            State::HalfOpen { .. } => Some(self.open("the try failed".to_owned(), now, limits, jitter)),
        }
    }

    /// Why its results open it.
    fn reason(&self, now: i64, limits: &Limits) -> Option<String> {
        let counts = |r: &&Outcome| r.began >= self.since && now - r.ended <= limits.age;
        let all: Vec<&Outcome> = self.results.iter().filter(counts).collect();
        let row = all.iter().rev().take_while(|r| !r.ok).count();
        if row >= limits.row {
            return Some(format!("{row} failures in a row"));
        }
        let failed = all.iter().filter(|r| !r.ok).count();
        let share = all.len() >= limits.min && failed * 100 >= all.len() * limits.percent as usize;
        share.then(|| format!("{failed} of {} failed", all.len()))
    }

    fn open(&mut self, why: String, now: i64, limits: &Limits, jitter: f64) -> String {
        let span = limits.open.saturating_mul(1 << self.attempt.min(20)).min(limits.longest);
        let span = span + (span as f64 / 10.0 * jitter.clamp(0.0, 1.0)) as i64;
        self.state = State::Open { until: now + span.min(limits.longest) };
        (self.since, self.attempt) = (now, self.attempt.saturating_add(1));
        why
    }

    fn half_open(&mut self, now: i64) -> String {
        (self.state, self.since) = (State::HalfOpen { probe: None, good: 0 }, now);
        "its time is over: it is tried".to_owned()
    }

    fn ask(&mut self, by: &str, now: i64) -> (bool, Option<String>) {
        let why = matches!(self.state, State::Open { until } if until <= now).then(|| self.half_open(now));
        let permit = match &mut self.state {
            State::Closed => true,
            State::Open { .. } => false,
            State::HalfOpen { probe: Some(probe), .. } => probe.by == by,
            State::HalfOpen { probe, .. } => {
                *probe = Some(Probe { at: now, by: by.to_owned() });
                true
            }
        };
        (permit, why)
    }

    fn give_back(&mut self, of: impl Fn(&Probe) -> bool) {
        if let State::HalfOpen { probe, .. } = &mut self.state
            && probe.as_ref().is_some_and(of)
        {
            *probe = None;
        }
    }

    /// A try without a verdict has failed.
    fn late(&mut self, now: i64, limits: &Limits, jitter: f64) -> Option<String> {
        match &self.state {
            State::HalfOpen { probe: Some(probe), .. } if now - probe.at >= limits.verdict => {
                let why = format!("the try of {} had no verdict for {} s", probe.by, limits.verdict / 1000);
                Some(self.open(why, now, limits, jitter))
            }
            _ => None,
        }
    }
}

impl Position {
    /// Lower-case name, as in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Position::Closed => "closed",
            Position::Open => "open",
            Position::HalfOpen => "half_open",
            Position::ForcedOpen => "forced_open",
            Position::Disabled => "disabled",
            Position::MetricsOnly => "metrics_only",
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;

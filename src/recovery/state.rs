//! What a recovery's events fold to.

pub use super::event::At;
use super::event::{Event, Step};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Rung of the ladder, from 0.
    pub rung: u32,
    /// Number of its child in the run.
    pub child: u32,
    /// When (Unix milliseconds).
    pub began: i64,
    /// It ended: whether it did what it was to do, and why.
    pub ended: Option<(bool, String)>,
    /// Whether it helped, as far as is known.
    pub helped: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Each state that it entered, when (Unix milliseconds) and why, oldest first.
    pub history: Vec<(At, i64, String)>,
    /// The diagnostics' child, and whether it ended.
    pub diagnostics: Option<(u32, bool)>,
    /// Actions that began, oldest first.
    pub acts: Vec<Act>,
    /// Readings in a row that passed, and when the first of them was made.
    pub good: (u32, i64),
    /// Readings in a row that failed.
    pub bad: u32,
    pub last: Option<(i64, Option<bool>, String)>,
    /// How often it went bad again in probation.
    pub relapses: u32,
    /// Fencing token of the host's lease, while it is held.
    pub lease: Option<i64>,
    /// Who took it over, and why.
    pub taken: Option<(String, Option<String>)>,
}

impl Recovery {
    /// Where it stands.
    pub fn at(&self) -> At {
        self.history.last().map_or(At::Diagnosing, |(at, ..)| *at)
    }

    /// Since when (Unix milliseconds).
    pub fn since(&self) -> i64 {
        self.history.last().map_or(0, |(_, at, _)| *at)
    }

    /// When it began (Unix milliseconds).
    pub fn began(&self) -> i64 {
        self.history.first().map_or(0, |(_, at, _)| *at)
    }

    /// The child that is under way.
    pub fn open(&self) -> Option<u32> {
        let act = self.acts.last().filter(|act| act.ended.is_none()).map(|act| act.child);
        act.or_else(|| self.diagnostics.filter(|(_, ended)| !ended).map(|(child, _)| child))
    }

    /// Folds an event. `ts` in Unix milliseconds.
    pub fn apply(&mut self, ts: i64, event: &Event) {
        match event {
            Event::Entered { at, why } => {
                self.relapses += u32::from(self.at() == At::Probation && !at.is_terminal() && *at != At::Probation);
                // What was read in another state counts for nothing in this one; another reason to wait is no other state.
                if (self.at(), *at) != (At::Inhibited, At::Inhibited) {
                    (self.good, self.bad) = ((0, 0), 0);
                }
                self.history.push((*at, ts, why.clone()));
            }
            Event::Leased { token } => self.lease = Some(*token),
            Event::Freed => self.lease = None,
            Event::StepIntent { child, step: Step::Diagnostics } => self.diagnostics = Some((*child, false)),
            Event::StepIntent { child, step: Step::Action(rung) } => {
                self.acts.push(Act { rung: *rung, child: *child, began: ts, ended: None, helped: None });
            }
            Event::StepEnded { child, ok, why } => {
                if let Some(act) = self.acts.iter_mut().find(|act| act.child == *child) {
                    act.ended = Some((*ok, why.clone()));
                } else if let Some((own, ended)) = &mut self.diagnostics
                    && own == child
                {
                    *ended = true;
                }
            }
            Event::Measured { ok, got } => {
                match ok {
                    Some(true) => {
                        let (n, since) = self.good;
                        (self.good, self.bad) = ((n + 1, if n == 0 { ts } else { since }), 0);
                    }
                    Some(false) => (self.good, self.bad) = ((0, 0), self.bad + 1),
                    // Unknown is no pass, and no failure either.
                    None => self.good = (0, 0),
                }
                self.last = Some((ts, *ok, got.clone()));
            }
            Event::Settled { helped } => {
                if let Some(act) = self.acts.last_mut() {
                    act.helped = Some(*helped);
                }
            }
            Event::TakenOver { by, reason } => self.taken = Some((by.clone(), reason.clone())),
        }
    }
}

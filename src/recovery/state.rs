//! What a recovery's events fold to.

use super::event::{Event, Step};
use crate::run::State;
use serde::{Deserialize, Serialize};

/// Where a recovery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// Writes down how the host is.
    #[default]
    Diagnosing,
    /// Asks whether the next action is allowed.
    Deciding,
    /// It is not, for now.
    Inhibited,
    /// An action is under way.
    Acting,
    /// Whether it helped.
    Verifying,
    /// Whether it stays so.
    Probation,
    /// It did.
    Healthy,
    /// A person must look.
    Escalated,
    /// A person took it over.
    TakenOver,
}

/// An action that began.
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

/// A recovery.
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
    /// The newest reading.
    pub last: Option<(i64, Option<bool>, String)>,
    /// How often it went bad again in probation.
    pub relapses: u32,
    /// Fencing token of the host's lease, while it is held.
    pub lease: Option<i64>,
    /// Who took it over, and why.
    pub taken: Option<(String, Option<String>)>,
}

impl At {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            At::Diagnosing => "diagnosing",
            At::Deciding => "deciding",
            At::Inhibited => "inhibited",
            At::Acting => "acting",
            At::Verifying => "verifying",
            At::Probation => "probation",
            At::Healthy => "healthy",
            At::Escalated => "escalated",
            At::TakenOver => "taken_over",
        }
    }

    /// What it is to every reader of runs.
    pub fn counts_as(self) -> State {
        match self {
            At::Healthy => State::Succeeded,
            At::Escalated => State::Failed,
            At::TakenOver => State::Cancelled,
            At::Inhibited => State::Queued,
            At::Diagnosing | At::Deciding | At::Acting | At::Verifying | At::Probation => State::Running,
        }
    }

    /// Nothing follows.
    pub fn is_terminal(self) -> bool {
        matches!(self, At::Healthy | At::Escalated | At::TakenOver)
    }

    /// Every state, in the order of a recovery.
    pub const ALL: [At; 9] = [
        At::Diagnosing,
        At::Deciding,
        At::Inhibited,
        At::Acting,
        At::Verifying,
        At::Probation,
        At::Healthy,
        At::Escalated,
        At::TakenOver,
    ];

    /// The state of this name.
    pub fn named(name: &str) -> Option<At> {
        At::ALL.into_iter().find(|at| at.name() == name)
    }
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

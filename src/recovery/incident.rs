//! What becomes of a host that is not well: the machine of one incident (releases.md part 4), pure. Readings and a person's
//! word move it; while a recovery is under way it stands where that run stands. Times are Unix milliseconds.

use super::guards::Verdict;
use super::notice::{Kind, Notice};
use super::state::At;
use crate::project::config::recovery::{Mode, Policy};
use crate::text::human;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How a reason begins where it is only said what would have been done.
pub const OBSERVED: &str = "observed: ";

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    #[default]
    Healthy,
    /// It failed, not often enough yet to count.
    Suspect,
    Confirmed,
    /// It is asked whether anything may be done.
    Deciding,
    Acting,
    Verifying,
    Probation,
    /// Nothing may be done, for now.
    Inhibited,
    /// A person must look; only a person leads out of here.
    Escalated,
    /// A person has it in hand.
    Taken,
    /// It changes so often that nothing is done.
    Flapping,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub id: Uuid,
    pub environment: String,
    pub policy: String,
    pub host: String,
    /// Where it stands.
    pub state: State,
    pub since: i64,
    pub why: String,
    /// Since when it is not well.
    pub opened: i64,
    /// The recovery of it, under way or the last one.
    pub run: Option<Uuid>,
    /// Since when it is well again, while it is a person's.
    pub well: Option<i64>,
    /// What was got when it went bad.
    #[serde(default)]
    pub got: String,
    /// People were told that its next action must wait.
    #[serde(default)]
    pub waits: bool,
    /// How many of those who can be called were.
    pub called: u32,
    /// When the last of them was.
    pub called_at: i64,
    /// Its time to be recovered in begins here, not before: it was silenced until then.
    #[serde(default)]
    pub silenced: i64,
    /// What nobody has taken note of yet.
    pub notices: Vec<Notice>,
}

/// How the check is on the host, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    Good,
    Unknown,
    /// It failed, not often enough yet.
    Failing,
    Flapping,
    Bad,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Seen(Look, String),
    Decided(Verdict),
    /// The recovery stands here; why.
    Run(At, String),
    /// Its run could not be begun: nothing was done.
    NotBegun(String),
    /// A person takes it in hand.
    Take {
        by: String,
        reason: Option<String>,
    },
    Tick,
    /// Time went by, and a person silenced the host, the check or the service.
    Silenced {
        /// Until when (Unix milliseconds).
        until: i64,
        why: String,
    },
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Ask the guards: [`Input::Decided`] follows.
    Decide,
    /// Begin the recovery whose run the incident names.
    Launch,
}

impl Incident {
    /// One that has not begun: the host is well.
    pub fn new(environment: &str, policy: &str, host: &str, now: i64) -> Self {
        Incident {
            id: Uuid::nil(),
            environment: environment.to_owned(),
            policy: policy.to_owned(),
            host: host.to_owned(),
            state: State::Healthy,
            since: now,
            why: String::new(),
            opened: now,
            run: None,
            well: None,
            got: String::new(),
            waits: false,
            called: 0,
            called_at: 0,
            silenced: 0,
            notices: Vec::new(),
        }
    }

    /// What comes of `input`. `fresh`: an id for what begins now, if anything does.
    #[must_use]
    pub fn next(&self, policy: &Policy, input: Input, now: i64, fresh: Uuid) -> (Incident, Option<Effect>) {
        let mut next = self.clone();
        let effect = match input {
            // While it is under way its run decides.
            Input::Seen(..) | Input::Tick | Input::Silenced { .. } if self.follows() => None,
            Input::Seen(look, got) => next.seen(policy, look, &got, now, fresh),
            Input::Decided(verdict) if self.state == State::Deciding => next.decided(policy, verdict, now, fresh),
            Input::Run(at, why) if self.follows() => next.follow(policy, at, &why, now),
            Input::NotBegun(why) if self.follows() => {
                next.run = None;
                // Nobody is told of what was not begun, round after round.
                next.notices.retain(|notice| notice.run != self.run);
                next.enter(State::Confirmed, format!("the recovery was not begun: {why}"), now)
            }
            Input::Take { by, reason } if self.state != State::Healthy => {
                let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                next.enter(State::Taken, format!("{by} took it over{why}"), now)
            }
            Input::Tick => next.tick(policy, now),
            Input::Silenced { until, why } => next.hush(until, why, now),
            Input::Decided(_) | Input::Run(..) | Input::NotBegun(_) | Input::Take { .. } => None,
        };
        (next, effect)
    }

    /// Its run says where it stands.
    pub fn follows(&self) -> bool {
        use State::{Acting, Inhibited, Probation, Verifying};
        self.run.is_some() && matches!(self.state, Acting | Verifying | Probation | Inhibited)
    }

    fn enter(&mut self, state: State, why: impl Into<String>, now: i64) -> Option<Effect> {
        (self.state, self.since, self.why) = (state, now, why.into());
        None
    }

    fn seen(&mut self, policy: &Policy, look: Look, got: &str, now: i64, fresh: Uuid) -> Option<Effect> {
        use State::{Confirmed, Deciding, Escalated, Flapping, Healthy, Inhibited, Suspect, Taken};
        let fails = matches!((self.state, look), (Healthy | Suspect | Flapping, Look::Failing | Look::Bad));
        let effect = match (self.state, look) {
            (Healthy, Look::Failing | Look::Bad | Look::Flapping) => {
                let notices = std::mem::take(&mut self.notices);
                let new = Incident::new(&self.environment, &self.policy, &self.host, now);
                *self = Incident { id: fresh, notices, ..new };
                match look {
                    Look::Failing => self.enter(Suspect, got, now),
                    Look::Bad => self.enter(Confirmed, got, now),
                    _ => self.flap(policy, got, now),
                }
            }
            (Suspect | Confirmed | Deciding | Inhibited, Look::Good) => self.enter(Healthy, "it is well again", now),
            (Suspect, Look::Bad) => self.enter(Confirmed, got, now),
            (Suspect | Confirmed | Deciding | Inhibited, Look::Flapping) => self.flap(policy, got, now),
            (Flapping, Look::Good) => self.enter(Healthy, "it flaps no more", now),
            (Flapping, Look::Bad) => self.enter(Confirmed, got, now),
            (Flapping, Look::Failing) => self.enter(Suspect, got, now),
            (Taken, Look::Good) => {
                let since = *self.well.get_or_insert(now);
                let over = now - since >= i64::from(policy.probation) * 1000;
                if over { self.enter(Healthy, "it is well again, in a person's hands", now) } else { None }
            }
            (Taken, _) => {
                self.well = None;
                None
            }
            (Escalated, Look::Good) => {
                self.well.get_or_insert(now);
                None
            }
            (Escalated, Look::Bad) => self.again(policy, got, now),
            _ => None,
        };
        if fails {
            got.clone_into(&mut self.got);
        }
        effect
    }

    /// Bad again while nobody took it over: it is news where it was well for as long as its probation.
    fn again(&mut self, policy: &Policy, got: &str, now: i64) -> Option<Effect> {
        let well = now - self.well.take()?;
        if well >= i64::from(policy.probation) * 1000 {
            (self.called, self.called_at) = (1, now);
            let (well, since) = (human::short(well), human::date_time(self.since));
            let nothing = format!("nothing is done here since {since}, until somebody takes it over");
            self.say(policy, Kind::Escalated, format!("bad again after it was well for {well}: {got}; {nothing}"), now);
        }
        None
    }

    fn flap(&mut self, policy: &Policy, got: &str, now: i64) -> Option<Effect> {
        self.say(policy, Kind::Flapping, format!("flapping, nothing is done: {got}"), now);
        self.enter(State::Flapping, got, now)
    }

    fn decided(&mut self, policy: &Policy, verdict: Verdict, now: i64, fresh: Uuid) -> Option<Effect> {
        let first = policy.ladder.first().map_or("", |rung| rung.runbook.as_str());
        match (policy.mode, verdict) {
            (Mode::Act, Verdict::Allow) => {
                self.run = Some(fresh);
                self.say(policy, Kind::Acting, format!("recovery begins with {first:?}: {}", self.got), now);
                self.enter(State::Acting, format!("recovery begins with {first:?}"), now);
                Some(Effect::Launch)
            }
            (Mode::Act, Verdict::Escalate(why)) => self.escalate(policy, why, now),
            (_, Verdict::Inhibited(why)) => self.enter_once(State::Inhibited, why, now),
            (_, Verdict::Allow) => self.would(policy, format!("would have run {first:?}"), now),
            (_, Verdict::Escalate(why)) => self.would(policy, format!("would have called a person: {why}"), now),
        }
    }

    /// Observed only: said once an incident.
    fn would(&mut self, policy: &Policy, what: String, now: i64) -> Option<Effect> {
        if self.called == 0 {
            (self.called, self.called_at) = (1, now);
            self.say(policy, Kind::WouldHave, what.clone(), now);
        }
        self.enter_once(State::Inhibited, format!("{OBSERVED}{what}"), now)
    }

    /// Time in a state runs on where only its reason's numbers changed.
    fn enter_once(&mut self, state: State, why: String, now: i64) -> Option<Effect> {
        self.state = state;
        if self.why != why {
            (self.why, self.since) = (why, now);
        }
        None
    }

    fn escalate(&mut self, policy: &Policy, why: String, now: i64) -> Option<Effect> {
        (self.called, self.called_at) = (1, now);
        self.say(policy, Kind::Escalated, why.clone(), now);
        self.enter(State::Escalated, why, now)
    }

    fn follow(&mut self, policy: &Policy, at: At, why: &str, now: i64) -> Option<Effect> {
        // A rung that was begun is none that waits.
        self.waits &= at != At::Acting;
        let state = match at {
            At::Diagnosing | At::Deciding | At::Acting => State::Acting,
            At::Inhibited => {
                if !std::mem::replace(&mut self.waits, true) {
                    self.say(policy, Kind::Waits, format!("its next action waits: {why}"), now);
                }
                State::Inhibited
            }
            At::Verifying => State::Verifying,
            At::Probation => State::Probation,
            At::Healthy => {
                self.say(policy, Kind::Recovered, why.to_owned(), now);
                return self.enter(State::Healthy, why, now);
            }
            At::Escalated => return self.escalate(policy, why.to_owned(), now),
            At::TakenOver => return self.enter(State::Taken, why, now),
        };
        if state != self.state || self.why != why {
            self.enter(state, why, now);
        }
        None
    }

    /// Nothing is decided and nobody is called meanwhile; afterwards it has its whole time yet.
    fn hush(&mut self, until: i64, why: String, now: i64) -> Option<Effect> {
        if self.state == State::Escalated {
            self.silenced = until;
            if self.well.is_some() {
                // That it was bad again meanwhile holds no more.
                self.notices.retain(|notice| notice.at <= self.since);
            }
        }
        if !matches!(self.state, State::Confirmed | State::Deciding | State::Inhibited) {
            return None;
        }
        self.silenced = until;
        self.enter_once(State::Inhibited, why, now)
    }

    fn tick(&mut self, policy: &Policy, now: i64) -> Option<Effect> {
        let late = now - self.opened.max(self.silenced) >= i64::from(policy.deadline) * 1000;
        match self.state {
            State::Inhibited | State::Confirmed | State::Deciding if late && policy.mode == Mode::Act => {
                self.escalate(policy, format!("nothing may be done for too long: {}", self.why), now)
            }
            State::Confirmed | State::Inhibited | State::Deciding => {
                // A silence that was lifted before its time is over now.
                self.silenced = self.silenced.min(now);
                self.state = State::Deciding;
                Some(Effect::Decide)
            }
            State::Escalated => {
                self.silenced = self.silenced.min(now);
                let next = now - self.called_at.max(self.silenced) >= i64::from(policy.answer_within) * 1000;
                if next && self.called < policy.receivers.len().max(1) as u32 {
                    (self.called, self.called_at) = (self.called + 1, now);
                    self.say(policy, Kind::Escalated, self.why.clone(), now);
                }
                None
            }
            _ => None,
        }
    }

    fn say(&mut self, policy: &Policy, kind: Kind, text: String, now: i64) {
        let to = self.called.saturating_sub(1) as usize;
        let receiver = if kind == Kind::Escalated { policy.receivers.get(to) } else { policy.receivers.first() };
        self.notices.push(Notice {
            key: format!("{}/{}/{}", self.id, kind.name(), now),
            kind,
            incident: self.id,
            environment: self.environment.clone(),
            policy: self.policy.clone(),
            service: policy.service.clone(),
            check: policy.check.clone(),
            host: self.host.clone(),
            text,
            run: self.run,
            receiver: receiver.cloned(),
            at: now,
        });
    }
}

impl State {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            State::Healthy => "healthy",
            State::Suspect => "suspect",
            State::Confirmed => "confirmed",
            State::Deciding => "deciding",
            State::Acting => "acting",
            State::Verifying => "verifying",
            State::Probation => "probation",
            State::Inhibited => "inhibited",
            State::Escalated => "escalated",
            State::Taken => "taken",
            State::Flapping => "flapping",
        }
    }
}

#[cfg(test)]
#[path = "incident_tests.rs"]
mod tests;

//! The machine of a release: a pure function from (plan, state, input, now) to effects, or a refusal that says why.
//! No clock, no disk, no process in here.
//!
//! Level-triggered: inputs are written down as facts (`facts`, `people`), and a tick asks what is to be done in the
//! state that is (one file a family of states). So a supervisor that took over goes on by the same code as one that lived.
//! Effects that only look (`Observe`, `Measure`, `Admit`, `TakeLease`, `Traffic`) are asked for again at every tick;
//! whoever performs them leaves out one that is under way.

mod back;
mod begin;
mod deploy;
mod effect;
mod facts;
mod gating;
mod input;
mod people;
mod prepare;
#[cfg(test)]
mod scenarios;
mod serving;
mod steps;
mod stop;
mod switch;
mod tidy;
mod traffic;
mod verb;
mod verify;

pub use effect::{Effect, Refusal};
pub use input::{ChildEnd, Input};
pub use verb::{Stop, Verb};

use super::event::{Event, Person};
use super::plan::Plan;
use super::state::{At, Pause, Release};

/// A release's machine: its frozen plan and who submitted it.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    pub plan: Plan,
    /// The plan's digest: what approvals must name.
    pub digest: String,
    pub submitter: Person,
    /// It undoes a release of this plan that succeeded a while ago: traffic goes back, nothing is deployed.
    pub undoes: bool,
}

impl Machine {
    /// What to do about `input`, given what the journal says. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// A refusal that says why and what could be done instead; then nothing is done.
    pub fn decide(&self, state: &Release, input: &Input, now: i64) -> Result<Vec<Effect>, Refusal> {
        let view = View { machine: self, plan: &self.plan, state, now };
        match input {
            Input::Asked { verb, by } => view.asked(verb, by),
            _ if state.at.is_terminal() => Ok(Vec::new()),
            Input::Begin => Ok(view.begin()),
            Input::Tick { progress } => Ok(view.tidied(view.tick(*progress))),
            fact => Ok(view.tidied(view.fact(fact))),
        }
    }
}

/// All that a decision is made from.
#[derive(Clone, Copy)]
struct View<'a> {
    machine: &'a Machine,
    plan: &'a Plan,
    state: &'a Release,
    now: i64,
}

impl View<'_> {
    fn tick(&self, progress: i64) -> Vec<Effect> {
        let acts = |at: At| {
            matches!(at, At::Preparing | At::Deploying { .. } | At::Switching | At::Verifying | At::RollingBack { .. })
        };
        // Lost to another meanwhile: nothing is done before it is ours again.
        if self.state.lease.is_none() && acts(self.state.at) {
            return vec![Effect::TakeLease { force: false }];
        }
        match self.state.at {
            At::Planned => self.planned(),
            At::AwaitingApproval => self.awaiting(),
            At::Queued => self.queued(),
            At::Preparing => self.preparing(),
            At::Deploying { batch } => self.deploying(batch, progress),
            At::Gating { batch } => self.gating(batch),
            At::Switching => self.switching(),
            At::Verifying => self.verifying(),
            At::Paused => self.paused(),
            At::Stopping => self.stopping(),
            At::Reconciling => self.reconciling(),
            At::RollingBack { batch } => self.rolling_back(batch),
            At::NeedsOperator => self.needs_operator(),
            _ => Vec::new(),
        }
    }

    /// What is waited for. All that a decision waits for is joined, and recorded only when it is news (`tidy`).
    fn waits(&self, what: impl Into<String>) -> Vec<Effect> {
        vec![record(Event::Waits { what: Some(what.into()), blocks: Vec::new() })]
    }

    /// What stands in the way, and can be left out by a person.
    fn blocked(&self, blocks: &[String]) -> Effect {
        record(Event::Waits { what: Some(blocks.join("; ")), blocks: blocks.to_vec() })
    }

    /// Waits for a person who can leave out what stands in the way.
    fn barred(&self, blocks: &[String], resume_to: At) -> Vec<Effect> {
        let mut effects = self.pause(blocks.join("; "), None, resume_to);
        // Entering a state forgets what was in the way before.
        effects.push(self.blocked(blocks));
        effects
    }

    /// Waits for a person, and goes on in `resume_to`.
    fn pause(&self, reason: impl Into<String>, by: Option<&Person>, resume_to: At) -> Vec<Effect> {
        let reason = reason.into();
        let pause = Pause { reason: reason.clone(), by: by.cloned(), resume_to, until: None };
        let mut effects = vec![record(Event::Paused { pause }), enter(At::Paused, reason.clone())];
        if by.is_none() {
            effects.extend(self.page(&format!("paused: {reason}")));
        }
        effects
    }

    fn page(&self, what: &str) -> [Effect; 2] {
        let text = format!("{} {} on {}: {what}", self.plan.release, self.plan.version, self.plan.environment);
        [record(Event::Paged { text: text.clone() }), Effect::Page { text }]
    }

    /// Seconds of the plan as a moment after `since`, moved by nothing: states begin anew after a pause.
    fn over(&self, since: i64, seconds: u32) -> bool {
        self.now >= since + i64::from(seconds) * 1000
    }

    fn is_blue_green(&self) -> bool {
        matches!(self.plan.strategy, super::plan::Strategy::BlueGreen { .. })
    }

    /// A person wishes to stop or to pause: taken up at a boundary, on the way to `next`.
    fn boundary(&self, next: At) -> Option<Vec<Effect>> {
        let wish = self.state.wish.as_ref()?;
        let reason = |what: &str| match &wish.reason {
            Some(reason) => format!("{what} by {}: {reason}", wish.by.name),
            None => format!("{what} by {}", wish.by.name),
        };
        Some(match wish.verb.as_str() {
            "stop_now" => self.stop(At::Paused, reason("stopped")),
            "stop_and_roll_back" => self.stop(At::RollingBack { batch: 0 }, reason("stopped and rolled back")),
            "stop_after_batch" => self.pause(reason("stopped after the batch"), Some(&wish.by), next),
            _ => self.pause(reason("paused"), Some(&wish.by), next),
        })
    }
}

fn record(event: Event) -> Effect {
    Effect::Record(event)
}

fn enter(at: At, why: impl Into<String>) -> Effect {
    record(Event::Entered { at, why: why.into() })
}

fn refuse<T>(why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(why.into()))
}

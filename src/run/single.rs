//! The machine of an ad-hoc command and of a playbook: get the lease, start one step, see it end. Pure.

use super::event::{Event, Failure, Rung, StopLevel};
use super::machine::{Effect, Input, Machine, Never, Refusal};
use super::spec::{Ask, OnConflict};
use super::state::{RunState, State};
use super::step::PATIENCE;
use super::verdict::verdict;
use crate::audit::Action;

/// Kills that are tried before it is said that something could not be killed.
const KILLS: usize = 3;

/// In place of a holder: it is not known whether there is one.
const UNKNOWN: &str = "unknown";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Single {
    /// What to do when the hosts are held.
    pub on_conflict: OnConflict,
    /// It takes a lease at all: a playbook does, an ad-hoc command is over before anybody could wait for it.
    pub leases: bool,
}

impl Single {
    pub fn of(ask: &Ask, on_conflict: OnConflict) -> Self {
        Single { on_conflict, leases: matches!(ask, Ask::Playbook(_)) }
    }
}

impl Machine for Single {
    type Event = Never;
    type State = ();
    type Effect = Never;
    type Outcome = Never;
    type Command = Never;

    fn apply(&self, (): &mut (), _: i64, event: &Never) {
        match *event {}
    }

    fn recorded(&self, command: &Never) -> (Action, String) {
        match *command {}
    }

    fn decide(&self, state: &RunState, (): &(), input: &Input<'_>, now: i64) -> Result<Vec<Effect>, Refusal> {
        if state.state.is_terminal() {
            return match input {
                Input::Stop { .. } => Err(Refusal(format!("the run has ended: {}", state.state.name()))),
                _ => Ok(Vec::new()),
            };
        }
        Ok(match input {
            Input::Begin => self.begin(state),
            Input::LeaseGot { .. } | Input::LeaseHeld { .. } if state.last_step() > 0 => Vec::new(),
            Input::LeaseGot { token } => {
                [Effect::Record(Event::Leased { token: *token })].into_iter().chain(start()).collect()
            }
            Input::LeaseHeld { by, why } => self.held(state, by, why),
            // Asked again at every tick; nothing begins without an answer.
            Input::LeaseUnknown { why } if state.last_step() == 0 => queued(state, UNKNOWN, why),
            Input::LeaseUnknown { .. } => Vec::new(),
            Input::Started { step, pid } => vec![Effect::Record(Event::StepStarted { step: *step, pid: *pid })],
            Input::Exited { step, exit, evidence } => {
                let mut effects = Vec::new();
                // A supervisor that died between the two leaves the first behind.
                if !state.has_exited() {
                    if exit.timed_out {
                        let what = "its time was over: the step runner stopped it".to_owned();
                        effects.push(Effect::Record(Event::Signal { step: *step, rung: Rung::Timeout, what }));
                    }
                    let (rc, signal, seen) = (exit.rc, exit.signal, exit.seen);
                    effects.push(Effect::Record(Event::StepExited { step: *step, rc, signal, seen }));
                }
                effects.push(Effect::Record(verdict(state, exit, evidence)));
                effects
            }
            Input::Stop { level, by } => return stop(state, *level, &by.name),
            Input::Tick => self.tick(state, now),
            Input::Own(never) | Input::Asked { command: never, .. } => match *never {},
        })
    }
}

fn start() -> [Effect; 2] {
    [Effect::Record(Event::StepIntent { step: 1 }), Effect::Start { step: 1, child: None }]
}

fn queued(state: &RunState, by: &str, why: &str) -> Vec<Effect> {
    if state.queued_by.as_deref() == Some(by) {
        return Vec::new();
    }
    vec![Effect::Record(Event::Queued { by: by.to_owned(), why: why.to_owned() })]
}

fn cancelled(why: &str) -> Effect {
    Effect::Record(Event::Ended {
        state: State::Cancelled,
        why: why.to_owned(),
        failure: None,
        maybe_running_on: Vec::new(),
    })
}

impl Single {
    fn begin(&self, state: &RunState) -> Vec<Effect> {
        let mut effects = Vec::new();
        if state.history.is_empty() {
            effects.push(Effect::Record(Event::Requested));
        }
        effects.extend(match state {
            // The intent is there: what became of it is looked at, never done a second time.
            s if s.last_step() > 0 => vec![Effect::Start { step: s.last_step(), child: None }],
            s if s.stop.is_some() => vec![cancelled("stopped before anything was started")],
            _ if !self.leases => start().into(),
            _ => vec![Effect::TakeLease { force: false }],
        });
        effects
    }

    fn held(&self, state: &RunState, by: &str, why: &str) -> Vec<Effect> {
        match self.on_conflict {
            OnConflict::Wait => {}
            OnConflict::Warn => return start().into(),
            OnConflict::Refuse => {
                return vec![Effect::Record(Event::Ended {
                    state: State::Failed,
                    why: format!("not started: {why}"),
                    failure: Some(Failure::Launch),
                    maybe_running_on: Vec::new(),
                })];
            }
        }
        queued(state, by, why)
    }

    fn tick(&self, state: &RunState, now: i64) -> Vec<Effect> {
        if state.last_step() == 0 {
            let waits = self.leases && state.stop.is_none();
            return waits.then_some(Effect::TakeLease { force: false }).into_iter().collect();
        }
        let Some(level) = state.stop else { return Vec::new() };
        let Some((rung, at)) = state.rungs.last() else { return vec![take(state, first_rung(level))] };
        let over = now - at >= PATIENCE;
        let next = match rung {
            // Whoever asked may have died between the asking and the act.
            Rung::File if level > StopLevel::AfterTask => Some(first_rung(level)),
            Rung::Interrupt | Rung::Terminate if level == StopLevel::Kill => Some(Rung::Kill),
            Rung::Interrupt if over => Some(Rung::Terminate),
            Rung::Terminate if over => Some(Rung::Kill),
            Rung::Kill if over && state.rungs.iter().filter(|(r, _)| *r == Rung::Kill).count() < KILLS => {
                Some(Rung::Kill)
            }
            _ => None,
        };
        next.map(|rung| take(state, rung)).into_iter().collect()
    }
}

fn take(state: &RunState, rung: Rung) -> Effect {
    Effect::Take { step: state.last_step(), rung }
}

fn first_rung(level: StopLevel) -> Rung {
    match level {
        StopLevel::AfterTask => Rung::File,
        StopLevel::Interrupt => Rung::Interrupt,
        StopLevel::Kill => Rung::Kill,
    }
}

fn stop(state: &RunState, level: StopLevel, by: &str) -> Result<Vec<Effect>, Refusal> {
    if state.stop >= Some(level) && level != StopLevel::Kill {
        return Err(Refusal(match state.stop {
            Some(StopLevel::AfterTask) => {
                "it is being stopped already, after the running task; a harder stop can be asked".into()
            }
            _ => "it is being stopped already; --now kills it at once".into(),
        }));
    }
    let asked = Effect::Record(Event::StopAsked { level, by: by.to_owned() });
    if state.last_step() == 0 {
        return Ok(vec![asked, cancelled("stopped before anything was started")]);
    }
    Ok(vec![asked, take(state, first_rung(level))])
}

#[cfg(test)]
#[path = "single_tests.rs"]
mod tests;

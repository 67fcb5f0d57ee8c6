//! The machine of a recovery, for the supervisor of runs: diagnostics, then rung after rung of the ladder, each decided,
//! done once, verified and watched. Pure. What happened outside is written down; a tick asks what is to be done in the state
//! that is, so a supervisor that took over goes on by the same code: an action that was begun is looked for, never begun again.

use super::event::{Event, Step};
use super::guards::Verdict;
use super::launch::Body;
use super::state::{At, Recovery};
use crate::audit::Action;
use crate::run::event::{Event as RunEvent, Rung, StopLevel};
use crate::run::machine::{Decision, Effect, EffectOf, Input, InputOf, Machine as RunMachine, Refusal};
use crate::run::state::RunState;
use crate::run::step::PATIENCE;
use crate::run::step::StepCommand;
use crate::run::verdict::Exit;
use serde::{Deserialize, Serialize};

/// Failures in a row that are no slip any more, in probation and after an action.
const FALL: u32 = 2;

#[derive(Debug)]
pub struct Machine {
    pub body: Body,
    /// Secrets that it was launched with and that are gone with an earlier supervisor.
    pub lost: Vec<String>,
    /// The command of each child: diagnostics, then the rungs of the ladder. What cannot be made says why when it is begun.
    pub commands: Box<dyn Commands>,
}

/// Makes the commands of children: their paths are those of a run's folder.
pub trait Commands: std::fmt::Debug {
    /// That of a step; `None`: it cannot be made.
    fn command(&self, child: u32, step: Step, fence: Option<i64>) -> Option<StepCommand>;
}

/// What only a recovery wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// Ask the guards for a rung: [`Outcome::Decided`] follows.
    Decide {
        /// Rung of the ladder, from 0.
        rung: u32,
        /// Number of the action in the run, from 0.
        number: u32,
        /// If they agree, count it and write its intent into the ledger: it is about to be done.
        count: bool,
    },
    /// Read the check once: [`Outcome::Measured`] follows.
    Measure,
    /// Write into the ledger where it goes.
    Note { at: At, why: String },
    /// Write down whether an action helped. May come twice.
    Settle {
        /// Number of the action in the run.
        number: u32,
        rung: u32,
        helped: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Decided(Verdict),
    Measured {
        /// When it was begun (Unix milliseconds).
        began: i64,
        /// It passes, or not; `None`: that could not be told.
        ok: Option<bool>,
        /// What was got, safe for a terminal.
        got: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Verb {
    /// Begin nothing more: a person has it in hand.
    TakeOver { reason: Option<String> },
}

type Effects = Vec<EffectOf<Machine>>;

impl RunMachine for Machine {
    type Event = Event;
    type State = Recovery;
    type Effect = Want;
    type Outcome = Outcome;
    type Command = Verb;

    fn apply(&self, own: &mut Recovery, ts: i64, event: &Event) {
        own.apply(ts, event);
    }

    fn recorded(&self, command: &Verb) -> (Action, String) {
        let Verb::TakeOver { .. } = command;
        (Action::RecoveryTakeOver, "take over".to_owned())
    }

    fn decide(&self, run: &RunState, own: &Recovery, input: &InputOf<'_, Self>, now: i64) -> Decision<Self> {
        let view = View { machine: self, body: &self.body, run, own, now };
        if own.at().is_terminal() {
            return match input {
                Input::Stop { .. } | Input::Asked { .. } => {
                    Err(Refusal(format!("the recovery has ended: {}", own.at().name().replace('_', " "))))
                }
                // Its end may have been torn off.
                Input::Begin => Ok(view.repair()),
                _ => Ok(Vec::new()),
            };
        }
        Ok(match input {
            Input::Begin => view.begin(),
            Input::LeaseGot { token } if own.lease == Some(*token) => Vec::new(),
            Input::LeaseGot { token } => {
                let leased = RunEvent::Leased { token: *token };
                vec![Effect::RecordOwn(Event::Leased { token: *token }, vec![leased])]
            }
            Input::LeaseHeld { why, .. } if own.at() == At::Deciding => view.leave(At::Inhibited, why.clone()),
            Input::LeaseHeld { .. } | Input::LeaseUnknown { .. } => Vec::new(),
            Input::Started { step, pid } => vec![Effect::Record(RunEvent::StepStarted { step: *step, pid: *pid })],
            Input::Exited { step, exit, .. } => view.exited(*step, exit),
            Input::Own(outcome) => view.outcome(outcome),
            Input::Stop { level, by } => return view.stop(*level, &by.name),
            Input::Asked { command: Verb::TakeOver { reason }, by } => {
                let taken = Event::TakenOver { by: by.name.clone(), reason: reason.clone() };
                vec![Effect::RecordOwn(taken, Vec::new())]
            }
            Input::Tick => view.tick(),
        })
    }
}

/// All that a decision is made from.
struct View<'a> {
    machine: &'a Machine,
    body: &'a Body,
    run: &'a RunState,
    own: &'a Recovery,
    now: i64,
}

impl View<'_> {
    fn begin(&self) -> Effects {
        if self.own.history.is_empty() {
            let requested = self.run.history.is_empty().then_some(Effect::Record(RunEvent::Requested));
            return requested.into_iter().chain(self.enter(At::Diagnosing, self.body.why.clone())).collect();
        }
        let mut effects = self.repair();
        if self.own.lease.is_some() {
            effects.push(Effect::TakeLease { force: false });
        }
        // Looked for, never begun: what became of it is seen by its end, and then by the check itself.
        effects.extend(self.own.open().map(|step| Effect::Find { step }));
        effects.extend(self.settled());
        // Unseen time is never credited.
        if matches!(self.own.at(), At::Verifying | At::Probation) {
            effects.extend(self.enter(self.own.at(), "read anew: the supervisor was gone"));
        }
        effects
    }

    /// What a death may have torn off between an event and its meaning.
    fn repair(&self) -> Effects {
        let Some((at, _, why)) = self.own.history.last() else { return Vec::new() };
        if self.run.phase.as_deref() == Some(at.name()) && !at.is_terminal() {
            return Vec::new();
        }
        meaning(*at, why).into_iter().map(Effect::Record).collect()
    }

    fn tick(&self) -> Effects {
        let own = self.own;
        if let Some(effects) = self.ending() {
            return effects;
        }
        match own.at() {
            At::Diagnosing => match (own.diagnostics, &self.body.diagnostics) {
                (Some((_, true)), _) | (None, None) => self.enter(At::Deciding, "how it was is written down"),
                (Some((_, false)), _) => Vec::new(),
                (None, Some(_)) => self.start(Step::Diagnostics),
            },
            At::Deciding if self.rung() as usize >= self.body.ladder.len() => self.escalate("the ladder is used up"),
            At::Deciding if let Some(why) = self.cannot() => self.escalate(&why),
            At::Deciding if own.lease.is_none() => vec![Effect::TakeLease { force: false }],
            At::Deciding => vec![self.ask(true)],
            At::Inhibited => self.inhibited(),
            At::Acting => match own.acts.last() {
                Some(act) if act.ended.is_none() => Vec::new(),
                act => {
                    let why = act.and_then(|act| act.ended.as_ref()).map(|(_, why)| why.clone());
                    self.enter(At::Verifying, why.unwrap_or_else(|| "nothing is known of the action".into()))
                }
            },
            At::Verifying => self.verifying(),
            At::Probation => self.probation(),
            At::Healthy | At::Escalated | At::TakenOver => Vec::new(),
        }
    }

    /// A person wants it to end, or its time is over; a child that is under way is let come to its end.
    fn ending(&self) -> Option<Effects> {
        let open = self.own.open();
        if let Some((by, reason)) = &self.own.taken {
            if let (Some(step), Some(StopLevel::Interrupt | StopLevel::Kill)) = (open, self.run.stop) {
                return Some(self.ladder(step));
            }
            if open.is_some() {
                return Some(Vec::new());
            }
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let mut effects = self.settle(false);
            effects.extend(self.enter(At::TakenOver, format!("{by} took it over{reason}")));
            return Some(effects);
        }
        let late = self.now - self.own.began() >= i64::from(self.body.policy.deadline) * 1000;
        let waits = matches!(self.own.at(), At::Deciding | At::Inhibited);
        (late && waits && open.is_none()).then(|| self.escalate("its time is over"))
    }

    /// The next rung of the stop ladder on a child.
    fn ladder(&self, step: u32) -> Effects {
        let rungs = self.run.steps.get(&step).map_or(&[][..], |step| &step.rungs);
        let rung = match (rungs.last(), self.run.stop) {
            (Some((Rung::Kill, _)), _) => None,
            (_, Some(StopLevel::Kill)) => Some(Rung::Kill),
            (None, _) => Some(Rung::Interrupt),
            (Some((rung, at)), _) if self.now - at >= PATIENCE => {
                Some(if *rung == Rung::Interrupt { Rung::Terminate } else { Rung::Kill })
            }
            _ => None,
        };
        rung.map(|rung| Effect::Take { step, rung }).into_iter().collect()
    }

    /// The rung that comes next: each is tried once.
    fn rung(&self) -> u32 {
        self.own.acts.last().map_or(0, |act| act.rung + 1)
    }

    /// Why the rung that comes next cannot be done.
    fn cannot(&self) -> Option<String> {
        let action = self.body.ladder.get(self.rung() as usize)?;
        let is_lost = |name: &&String| self.machine.lost.iter().any(|lost| lost.strip_prefix("extra:") == Some(name));
        let lost: Vec<&str> = action.secrets().filter(is_lost).map(String::as_str).collect();
        let gone = || format!("its secret variables are gone with the supervisor that died: {}", lost.join(", "));
        let why = action.cannot.clone().or_else(|| (!lost.is_empty()).then(gone))?;
        Some(format!("the runbook {:?} cannot be run: {why}", action.name))
    }

    fn ask(&self, count: bool) -> EffectOf<Machine> {
        Effect::Act(Want::Decide { rung: self.rung(), number: self.own.acts.len() as u32, count })
    }

    /// Waits to be allowed; it may get well by itself meanwhile.
    fn inhibited(&self) -> Effects {
        if self.is_verified() {
            return self.leave(At::Healthy, "it got well by itself".into());
        }
        let mut effects = self.measure();
        effects.push(self.ask(false));
        effects
    }

    fn verifying(&self) -> Effects {
        let verify = &self.body.policy.verify;
        if self.is_verified() {
            let mut effects = self.settle(true);
            effects.extend(self.leave(At::Probation, format!("{} readings in a row passed", self.own.good.0)));
            return effects;
        }
        let acted = self.own.acts.last().is_some_and(|act| matches!(act.ended, Some((true, _))));
        let over = self.now - self.own.since() >= i64::from(verify.deadline) * 1000;
        // What did not do its work is not waited for long.
        if over || (!acted && self.own.bad >= FALL) {
            return self.next_rung("it did not help");
        }
        self.measure()
    }

    fn probation(&self) -> Effects {
        let policy = &self.body.policy;
        if self.own.bad >= FALL {
            if self.own.relapses >= policy.relapses {
                return self.escalate("it went bad again");
            }
            return self.next_rung("it went bad again");
        }
        let spent = self.now - self.own.since();
        let over = spent - i64::from(policy.probation) * 1000;
        if over >= 0 && self.own.bad == 0 && self.own.good.0 > 0 {
            return self.enter(At::Healthy, "it stayed well");
        }
        if over >= i64::from(policy.verify.deadline) * 1000 {
            return self.escalate("nobody can tell whether it stays well");
        }
        self.measure()
    }

    fn next_rung(&self, why: &str) -> Effects {
        if self.rung() as usize >= self.body.ladder.len() {
            return self.escalate(&format!("{why}, and the ladder is used up"));
        }
        let mut effects = self.settle(false);
        effects.extend(self.enter(At::Deciding, why));
        effects
    }

    fn is_verified(&self) -> bool {
        let (verify, (n, since)) = (&self.body.policy.verify, self.own.good);
        let last = self.own.last.as_ref().map_or(0, |(at, ..)| *at);
        n >= verify.passes && last - since >= i64::from(verify.window) * 1000
    }

    fn measure(&self) -> Effects {
        let last = self.own.last.as_ref().map_or(0, |(at, ..)| *at).max(self.own.since());
        let due = self.now - last >= i64::from(self.body.policy.verify.interval) * 1000;
        let first = self.own.last.as_ref().is_none_or(|(at, ..)| *at < self.own.since());
        if due || first { vec![Effect::Act(Want::Measure)] } else { Vec::new() }
    }

    fn outcome(&self, outcome: &Outcome) -> Effects {
        let at = self.own.at();
        match outcome {
            Outcome::Measured { began, ok, got } => {
                let waited = matches!(at, At::Inhibited | At::Verifying | At::Probation);
                // One that was begun before the action ended says nothing of what it came to.
                if !waited || *began < self.own.since() {
                    return Vec::new();
                }
                vec![Effect::RecordOwn(Event::Measured { ok: *ok, got: got.clone() }, Vec::new())]
            }
            Outcome::Decided(_) if self.own.taken.is_some() => Vec::new(),
            Outcome::Decided(Verdict::Escalate(why)) if matches!(at, At::Deciding | At::Inhibited) => {
                self.escalate(why)
            }
            // Nothing stands in the way any more: for the lease, and asked once more.
            Outcome::Decided(Verdict::Allow) if at == At::Inhibited => self.enter(At::Deciding, "it may be done now"),
            Outcome::Decided(Verdict::Inhibited(why)) if at == At::Inhibited => {
                let said = self.own.history.last().is_some_and(|(_, _, said)| said == why);
                if said { Vec::new() } else { self.enter(At::Inhibited, why.clone()) }
            }
            Outcome::Decided(_) if at != At::Deciding => Vec::new(),
            // It was the lease that made it ours: without one nothing is begun.
            Outcome::Decided(Verdict::Allow) if self.own.lease.is_none() => Vec::new(),
            Outcome::Decided(Verdict::Allow) => {
                let rung = self.rung();
                let name = self.body.ladder.get(rung as usize).map_or("", |rung| rung.name.as_str());
                let mut effects = self.enter(At::Acting, format!("allowed: {name}"));
                effects.extend(self.start(Step::Action(rung)));
                effects
            }
            Outcome::Decided(Verdict::Inhibited(why)) => self.leave(At::Inhibited, why.clone()),
            Outcome::Decided(Verdict::Escalate(_)) => Vec::new(),
        }
    }

    /// The intent, then the act.
    fn start(&self, step: Step) -> Effects {
        let child = self.run.steps.keys().copied().max().unwrap_or(0) + 1;
        let fence = self.own.lease.filter(|token| *token != 0 && step != Step::Diagnostics);
        let command = self.machine.commands.command(child, step, fence);
        vec![
            Effect::RecordOwn(Event::StepIntent { child, step }, vec![RunEvent::StepIntent { step: child }]),
            Effect::Start { step: child, child: command.map(Box::new) },
        ]
    }

    fn exited(&self, step: u32, exit: &Exit) -> Effects {
        if self.own.open() != Some(step) {
            return Vec::new();
        }
        let mut effects = Vec::new();
        if self.run.steps.get(&step).is_none_or(|of| of.exited.is_none()) {
            let exited = RunEvent::StepExited { step, rc: exit.rc, signal: exit.signal, seen: exit.seen };
            effects.push(Effect::Record(exited));
        }
        let ok = exit.rc == Some(0) && !exit.timed_out;
        let why = match (exit.rc, exit.signal) {
            _ if exit.error.is_some() => exit.error.clone().unwrap_or_default(),
            _ if exit.timed_out => "its time was over: it was stopped".to_owned(),
            _ if !exit.seen => "nobody saw it end".to_owned(),
            (Some(0), _) => "it did what it was to do".to_owned(),
            (Some(rc), _) => format!("Ansible ended with {rc}"),
            (None, Some(signal)) => format!("it was ended by signal {signal}"),
            (None, None) => "its end is not known".to_owned(),
        };
        effects.push(Effect::RecordOwn(Event::StepEnded { child: step, ok, why }, Vec::new()));
        effects
    }

    fn stop(&self, level: StopLevel, by: &str) -> Decision<Machine> {
        if self.own.taken.is_some() && self.run.stop >= Some(level) {
            return Err(Refusal("it is being stopped already".to_owned()));
        }
        let asked = RunEvent::StopAsked { level, by: by.to_owned() };
        let taken = Event::TakenOver { by: by.to_owned(), reason: Some("stopped".to_owned()) };
        Ok(vec![Effect::RecordOwn(taken, vec![asked])])
    }

    fn escalate(&self, why: &str) -> Effects {
        let mut effects = self.settle(false);
        effects.extend(self.enter(At::Escalated, why));
        effects
    }

    /// Whether the last action helped, once.
    fn settle(&self, helped: bool) -> Effects {
        let number = self.own.acts.len().saturating_sub(1) as u32;
        match self.own.acts.last() {
            Some(act) if act.helped.is_none() => vec![
                Effect::RecordOwn(Event::Settled { helped }, Vec::new()),
                Effect::Act(Want::Settle { number, rung: act.rung, helped }),
            ],
            _ => Vec::new(),
        }
    }

    /// What was written into the journal and perhaps nowhere else.
    fn settled(&self) -> Effects {
        let number = self.own.acts.len().saturating_sub(1) as u32;
        let last = self.own.acts.last().and_then(|act| Some((act.rung, act.helped?)));
        last.map(|(rung, helped)| Effect::Act(Want::Settle { number, rung, helped })).into_iter().collect()
    }

    /// Into a state in which nothing is done to the host: others may.
    fn leave(&self, at: At, why: String) -> Effects {
        let mut effects = self.enter(at, why);
        if self.own.lease.is_some() {
            effects.extend([Effect::FreeLease, Effect::RecordOwn(Event::Freed, Vec::new())]);
        }
        effects
    }

    fn enter(&self, at: At, why: impl Into<String>) -> Effects {
        let why = why.into();
        // Twice in the ledger rather than never.
        let note = Effect::Act(Want::Note { at, why: why.clone() });
        let with = meaning(at, &why);
        vec![note, Effect::RecordOwn(Event::Entered { at, why }, with)]
    }
}

/// What a state means to every reader of runs.
fn meaning(at: At, why: &str) -> Vec<RunEvent<'static>> {
    let state = at.counts_as();
    let mut events = vec![RunEvent::Phase { name: at.name().to_owned(), state, why: why.to_owned() }];
    if at.is_terminal() {
        let (why, maybe_running_on) = (why.to_owned(), Vec::new());
        events.push(RunEvent::Ended { state, why, failure: None, maybe_running_on });
    }
    events
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;

//! A release as a run: its pure machine between what every run's supervisor knows and what only a release's world can
//! do. Nothing is decided here; inputs, events and effects are put into the other one's words.

use super::event::{Event, Person, StepOutcome};
use super::machine::{self, Stop, Verb};
use super::plan::{Plan, StepKind};
use super::state::{At, Mark, Release};
use super::traffic::{Op, Report};
use super::{child, recorded, votes};
use crate::audit::Action;
use crate::run::event::{Event as RunEvent, Rung, StopLevel};
use crate::run::machine::{Asker, Decision, Effect, EffectOf, Input, InputOf, Machine, Refusal, Vote};
use crate::run::state::RunState;
use crate::run::verdict::{Evidence, Exit};
use crate::run::{read_spec, values};
use crate::state::StateDir;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The kind of run that a release is, as its spec names it.
pub const KIND: &str = "release";

/// How often balancers are looked at (milliseconds).
const LOOK: i64 = 30_000;

/// What a release's spec holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// The plan's digest: what approvals must name.
    pub digest: String,
    pub submitter: Person,
    pub plan: Plan,
    /// The run of this plan that succeeded, and whose switch is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Uuid>,
}

/// The machine of a release, for the supervisor of runs.
#[derive(Debug)]
pub struct Supervised {
    machine: machine::Machine,
    store: StateDir,
    run: Uuid,
    /// Passwords were given for its steps.
    secrets: bool,
    /// Variables that travel with them.
    extra: Vec<String>,
}

impl Supervised {
    /// For a run of a frozen plan.
    pub fn new(store: &StateDir, run: Uuid, body: Body) -> Self {
        let Body { digest, submitter, plan, undoes } = body;
        let spec = read_spec(&store.run(run));
        let secrets = spec.as_ref().is_ok_and(|spec| !spec.secrets.is_empty());
        let extra = spec.map(|spec| values::names(&spec)).unwrap_or_default();
        let machine = machine::Machine { plan, digest, submitter, undoes: undoes.is_some() };
        Supervised { machine, store: store.clone(), run, secrets, extra }
    }
}

impl Machine for Supervised {
    type Event = Event;
    type State = Release;
    type Effect = machine::Effect;
    type Outcome = machine::Input;
    type Command = Verb;

    fn apply(&self, own: &mut Release, ts: i64, event: &Event) {
        own.apply(ts, event);
    }

    fn approved_by(&self, own: &Release) -> Vec<String> {
        own.approvals.iter().map(|consent| consent.by.name.clone()).collect()
    }

    fn recorded(&self, command: &Verb) -> (Action, String) {
        recorded::recorded(command)
    }

    fn halts(&self, command: &Verb) -> bool {
        command.halts()
    }

    fn breaks_glass(&self, command: &Verb) -> bool {
        command.breaks_glass()
    }

    /// From the word on until all has come to rest.
    fn is_stopping(&self, _: &RunState, own: &Release) -> bool {
        let wished =
            own.wish.as_ref().is_some_and(|wish| matches!(wish.verb.as_str(), "stop_now" | "stop_and_roll_back"));
        wished || matches!(own.at, At::Stopping | At::Reconciling)
    }

    fn overtaken(&self, own: &Release, effect: &machine::Effect) -> Option<machine::Input> {
        let why = || "it was not done: a stop came first".to_owned();
        match effect {
            machine::Effect::Traffic(op) if !op.only_looks() => {
                let after =
                    own.traffic.iter().map(|report| Report { problem: Some(why()), ..report.clone() }).collect();
                Some(machine::Input::Traffic { op: op.clone(), after, ok: false })
            }
            machine::Effect::Do { step, .. } => Some(machine::Input::Done {
                step: step.clone(),
                outcome: StepOutcome::Cancelled,
                why: why(),
                transient: false,
            }),
            _ => None,
        }
    }

    /// A look, and what runs the stable version back into rotation.
    fn is_free(&self, own: &Release, effect: &machine::Effect) -> bool {
        let old = |host: &String| matches!(own.mark(host), Mark::Old | Mark::Untouched);
        match effect {
            machine::Effect::Observe { .. } => true,
            machine::Effect::Traffic(op) if op.only_looks() => true,
            machine::Effect::Traffic(Op::In { hosts }) => !hosts.is_empty() && hosts.iter().all(old),
            _ => false,
        }
    }

    fn votes(&self, own: &Release) -> Vec<Vote> {
        votes::of(own)
    }

    fn unfounded(&self, own: &Release, vote: usize) -> Option<Event> {
        let consent = own.approvals.get(vote)?;
        Some(Event::Unfounded { by: consent.by.clone(), step: consent.step.clone() })
    }

    fn decide(&self, run: &RunState, own: &Release, input: &InputOf<'_, Self>, now: i64) -> Decision<Self> {
        // Asked again at the next tick.
        if matches!(input, Input::LeaseUnknown { .. }) {
            return Ok(Vec::new());
        }
        let (before, theirs) = self.translated(run, own, input);
        let effects = self.machine.decide(own, &theirs, now).map_err(|refusal| Refusal(refusal.0))?;
        let look = matches!(input, Input::Tick) && self.is_to_look(own, now);
        let look = look.then_some(machine::Effect::Traffic(Op::Status));
        let effects = effects.into_iter().chain(look).map(|effect| self.effect(own, effect));
        Ok(before.into_iter().map(Effect::Record).chain(effects).collect())
    }
}

impl Supervised {
    /// Balancers are looked at every so often while the release lives: somebody else may move traffic, too.
    fn is_to_look(&self, own: &Release, now: i64) -> bool {
        let idle = matches!(own.at, At::Planned | At::AwaitingApproval) || own.at.is_terminal();
        let open = own.traffic_open.is_some() || own.draining;
        self.machine.plan.traffic.is_some() && !idle && !open && own.traffic_at.is_some_and(|at| now - at >= LOOK)
    }

    /// What every run's journal gets, and what the release's machine hears.
    fn translated(
        &self,
        run: &RunState,
        own: &Release,
        input: &InputOf<'_, Self>,
    ) -> (Vec<RunEvent<'static>>, machine::Input) {
        match input {
            Input::Begin => (repairs(run, own), machine::Input::Begin),
            Input::Tick | Input::LeaseUnknown { .. } => {
                (Vec::new(), machine::Input::Tick { progress: run.result_at.unwrap_or(0) })
            }
            Input::LeaseGot { token } => (Vec::new(), machine::Input::LeaseGot { token: *token }),
            Input::LeaseHeld { by, why } => {
                (Vec::new(), machine::Input::LeaseHeld { by: by.clone(), why: why.clone() })
            }
            Input::Started { step, pid } => {
                (vec![RunEvent::StepStarted { step: *step, pid: *pid }], machine::Input::Started { child: *step })
            }
            Input::Exited { step, exit, evidence } => {
                (exited(run, *step, exit), self.end(run, own, *step, exit, evidence))
            }
            Input::Stop { level, by } => {
                let how = if *level == StopLevel::AfterTask { Stop::AfterBatch } else { Stop::Now };
                let verb = Verb::Stop { how, reason: None };
                (Vec::new(), machine::Input::Asked { verb, by: person(by) })
            }
            Input::Own(input) => (Vec::new(), input.clone()),
            Input::Asked { command, by } => {
                (Vec::new(), machine::Input::Asked { verb: command.clone(), by: person(by) })
            }
        }
    }

    fn end(&self, run: &RunState, own: &Release, number: u32, exit: &Exit, evidence: &Evidence) -> machine::Input {
        let of = own.steps.iter().find(|step| step.child == Some(number));
        let kind = of.and_then(|step| self.kind(&step.key.step)).cloned();
        let kind = kind.map(|kind| match of {
            Some(step) if !step.hosts.is_empty() => limited(kind, step.hosts.iter()),
            _ => kind,
        });
        let end = match kind {
            Some(kind) => child::end(run, number, &kind, exit, evidence),
            None => machine::ChildEnd { lost: true, why: "no step of the plan".into(), ..Default::default() },
        };
        machine::Input::Exited { child: number, end }
    }

    fn kind(&self, id: &str) -> Option<&StepKind> {
        let plan = &self.machine.plan;
        let stages = plan.stages.iter().flat_map(|stage| stage.groups.iter().flatten());
        stages.chain(&plan.rollback.steps).find(|step| step.id == id).map(|step| &step.kind)
    }

    fn effect(&self, own: &Release, effect: machine::Effect) -> EffectOf<Self> {
        use machine::Effect as Theirs;
        match effect {
            Theirs::Record(event) => {
                let with = meaning(&event);
                Effect::RecordOwn(event, with)
            }
            Theirs::TakeLease { force } => Effect::TakeLease { force },
            Theirs::Start { child: number, step, kind, timeout } => {
                // Without an index nobody else can hold a lease either.
                let fence = own.lease.filter(|token| *token != 0);
                let (run, secrets) = (self.run, self.secrets);
                let extra = self.extra.as_slice();
                let what = child::What { run, number, step: &step, kind: &kind, timeout, fence, secrets, extra };
                let command = child::command(&self.store, &self.machine.plan, what);
                // Without a command it is not begun, and says so.
                let command = command.inspect_err(|e| tracing::error!("step {number} ({}): {e}", step.step));
                Effect::Start { step: number, child: command.ok().map(Box::new) }
            }
            Theirs::Take { child, rung } => Effect::Take { step: child, rung },
            other => Effect::Act(other),
        }
    }
}

/// The step for the hosts that it works on only.
fn limited<'a>(mut kind: StepKind, hosts: impl Iterator<Item = &'a String>) -> StepKind {
    let limit = Some(hosts.map(String::as_str).collect::<Vec<_>>().join(","));
    match &mut kind {
        StepKind::Playbook { play } => play.common.limit = limit,
        StepKind::Adhoc { adhoc } => adhoc.common.limit = limit,
        _ => {}
    }
    kind
}

fn person(by: &Asker) -> Person {
    Person { uid: by.uid, name: by.name.clone(), row: by.row }
}

/// What an event of a release means to every reader of runs.
fn meaning(event: &Event) -> Vec<RunEvent<'static>> {
    match event {
        Event::Entered { at, why } => standing(*at, why),
        Event::Leased { token } => vec![RunEvent::Leased { token: *token }],
        Event::StepIntent { child: Some(step), .. } => vec![RunEvent::StepIntent { step: *step }],
        _ => Vec::new(),
    }
}

fn standing(at: At, why: &str) -> Vec<RunEvent<'static>> {
    let (state, why) = (at.counts_as(), why.to_owned());
    let mut events = vec![RunEvent::Phase { name: at.name().to_owned(), state, why: why.clone() }];
    if at.is_terminal() {
        events.push(RunEvent::Ended { state, why, failure: None, maybe_running_on: Vec::new() });
    }
    events
}

/// What stands first in a run's journal, and what a death may have torn off between an event and its meaning.
fn repairs(run: &RunState, own: &Release) -> Vec<RunEvent<'static>> {
    let Some((at, _, why)) = own.history.last() else {
        return if run.history.is_empty() { vec![RunEvent::Requested] } else { Vec::new() };
    };
    let mut events = Vec::new();
    if run.phase.as_deref() != Some(at.name()) || at.is_terminal() {
        events.extend(standing(*at, why));
    }
    let open = own.steps.iter().filter(|step| step.ended.is_none()).filter_map(|step| step.child);
    events.extend(open.filter(|n| !run.steps.contains_key(n)).map(|step| RunEvent::StepIntent { step }));
    events
}

/// A step's end, once: the supervisor that saw it may have died before its machine wrote down what it means.
fn exited(run: &RunState, step: u32, exit: &Exit) -> Vec<RunEvent<'static>> {
    if run.steps.get(&step).is_some_and(|of| of.exited.is_some()) {
        return Vec::new();
    }
    let mut events = Vec::new();
    if exit.timed_out {
        let what = "its time was over: the step runner stopped it".to_owned();
        events.push(RunEvent::Signal { step, rung: Rung::Timeout, what });
    }
    events.push(RunEvent::StepExited { step, rc: exit.rc, signal: exit.signal, seen: exit.seen });
    events
}

#[cfg(test)]
#[path = "supervise_tests.rs"]
mod tests;

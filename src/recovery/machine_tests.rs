//! The machine of a recovery, carried out by a fake supervisor whose death may come at any moment.

use super::*;
use crate::ansible::ask::{Adhoc, Ask};
use crate::project::config::recovery::{Policy, Verify};
use crate::recovery::launch::{Action, Watch};
use crate::run::event::{Entry, Json};
use crate::run::machine::Asker;
use crate::run::state::State;
use crate::run::step::Child;
use crate::run::verdict::Evidence;
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};
use uuid::Uuid;

#[derive(Debug)]
struct Programs;

impl Commands for Programs {
    fn command(&self, _: u32, _: Step, fence: Option<i64>) -> Option<StepCommand> {
        let child = Child::Program { argv: vec!["true".into()] };
        let (env, cwd, run) = (BTreeMap::new(), "/".into(), String::new());
        Some(StepCommand { child, env, cwd, timeout: None, run, secrets: false, fence })
    }
}

fn body(rungs: u32) -> Body {
    let ask = Ask::Adhoc(Adhoc { pattern: "h1".into(), module: "ping".into(), ..Adhoc::default() });
    let action = |n: u32| Action { name: format!("rung {n}"), ask: ask.clone(), timeout: 9, cannot: None };
    let verify = Verify { passes: 3, window: 30, deadline: 120, interval: 5 };
    Body {
        incident: Uuid::nil(),
        environment: "prod".into(),
        host: "h1".into(),
        why: "refused".into(),
        policy: Policy { name: "web".into(), verify, ..Policy::default() },
        cwd: "/".into(),
        inventory: Vec::new(),
        ladder: (0..rungs).map(action).collect(),
        diagnostics: Some(ask),
        watch: Watch::Polled,
    }
}

/// A supervisor and its world.
struct Sim {
    machine: Machine,
    run: RunState,
    own: Recovery,
    now: i64,
    /// Children that a step runner took, and what they do; those that have ended.
    started: Vec<(u32, bool)>,
    counted: Vec<(u32, Verdict)>,
    settled: Vec<(u32, bool)>,
    lease: bool,
    others: bool,
    verdicts: VecDeque<Verdict>,
    /// How the check is at a moment.
    well: Box<dyn Fn(i64, usize) -> Option<bool>>,
    inbox: VecDeque<Outcome>,
    /// Effects until the supervisor dies.
    life: usize,
}

impl Sim {
    fn new(rungs: u32, well: impl Fn(i64, usize) -> Option<bool> + 'static) -> Sim {
        let machine = Machine { body: body(rungs), lost: Vec::new(), commands: Box::new(Programs) };
        let mut sim = Sim {
            machine,
            run: RunState::default(),
            own: Recovery::default(),
            now: 1_000_000,
            started: Vec::new(),
            counted: Vec::new(),
            settled: Vec::new(),
            lease: false,
            others: false,
            verdicts: VecDeque::new(),
            well: Box::new(well),
            inbox: VecDeque::new(),
            life: usize::MAX,
        };
        sim.input(&Input::Begin);
        sim
    }

    fn write(&mut self, event: RunEvent<'static>) {
        let entry = Entry { seq: self.run.seq + 1, ts: self.now, event };
        self.run.apply(&entry);
    }

    /// False: the supervisor died in the middle.
    fn input(&mut self, input: &InputOf<'_, Machine>) -> bool {
        let effects = self.machine.decide(&self.run, &self.own, input, self.now).unwrap();
        effects.into_iter().all(|effect| self.perform(effect))
    }

    fn perform(&mut self, effect: EffectOf<Machine>) -> bool {
        if self.life == 0 {
            return false;
        }
        self.life -= 1;
        match effect {
            Effect::Record(event) => self.write(event),
            Effect::RecordOwn(event, with) => {
                self.write(RunEvent::Own { body: Json(serde_json::to_string(&event).unwrap()) });
                self.own.apply(self.now, &event);
                with.into_iter().for_each(|event| self.write(event));
            }
            Effect::TakeLease { .. } if self.others => {
                let held = Input::LeaseHeld { by: "x".into(), why: "a release".into() };
                return self.input(&held);
            }
            Effect::TakeLease { .. } => {
                self.lease = true;
                return self.input(&Input::LeaseGot { token: 7 });
            }
            Effect::FreeLease => self.lease = false,
            Effect::Start { step, child } => {
                assert!(self.run.steps.contains_key(&step), "its intent was written");
                assert!(self.started.iter().all(|(n, _)| *n != step), "child {step} is never begun twice");
                let fenced = child.unwrap().fence == Some(7);
                assert_eq!(fenced, self.own.acts.iter().any(|act| act.child == step), "actions have a fence");
                self.started.push((step, false));
            }
            Effect::Find { step } => {
                if self.started.iter().all(|(n, _)| *n != step) {
                    let exit = Exit { error: Some("never begun".into()), seen: true, ..Exit::default() };
                    return self.input(&Input::Exited { step, exit: &exit, evidence: &Evidence::default() });
                }
            }
            Effect::Take { step, rung } => self.write(RunEvent::Signal { step, rung, what: String::new() }),
            Effect::Act(Want::Decide { rung, number, count }) => {
                if self.inbox.iter().all(|o| !matches!(o, Outcome::Decided(_))) {
                    let verdict = self.verdicts.pop_front().unwrap_or(Verdict::Allow);
                    if count {
                        assert_eq!(number as usize, self.own.acts.len());
                        self.counted.push((rung, verdict.clone()));
                    }
                    self.inbox.push_back(Outcome::Decided(verdict));
                }
            }
            Effect::Act(Want::Measure) => {
                let ok = (self.well)(self.now, self.own.acts.len());
                self.inbox.push_back(Outcome::Measured { began: self.now, ok, got: "x".into() });
            }
            Effect::Act(Want::Settle { number, helped, .. }) => self.settled.push((number, helped)),
            Effect::Act(Want::Note { .. }) => {}
        }
        true
    }

    /// Five seconds go by: children end, outcomes arrive, time ticks.
    fn step(&mut self) -> bool {
        self.now += 5_000;
        for n in 0..self.started.len() {
            let (child, ended) = self.started[n];
            if !ended && self.own.open() == Some(child) {
                self.started[n].1 = true;
                let exit = Exit { rc: Some(0), seen: true, ..Exit::default() };
                if !self.input(&Input::Exited { step: child, exit: &exit, evidence: &Evidence::default() }) {
                    return false;
                }
            }
        }
        while let Some(outcome) = self.inbox.pop_front() {
            if !self.input(&Input::Own(outcome)) {
                return false;
            }
        }
        self.input(&Input::Tick)
    }

    fn revive(&mut self, life: usize) {
        self.inbox.clear();
        // What the dead one was told of and did not write down is seen again.
        self.started.iter_mut().for_each(|(child, ended)| *ended &= self.own.open() != Some(*child));
        self.life = life;
        self.input(&Input::Begin);
    }

    fn end(mut self) -> Sim {
        for _ in 0..2_000 {
            self.step();
            if self.own.at().is_terminal() {
                assert!(self.run.state.is_terminal());
                return self;
            }
        }
        panic!("it never ends: {:?}", self.own.history);
    }

    fn path(&self) -> Vec<At> {
        self.own.history.iter().map(|(at, ..)| *at).collect()
    }
}

#[test]
fn it_looks_acts_verifies_watches_and_is_done() {
    let sim = Sim::new(2, |_, acts| Some(acts > 0)).end();
    assert_eq!(sim.path(), [At::Diagnosing, At::Deciding, At::Acting, At::Verifying, At::Probation, At::Healthy]);
    assert_eq!((sim.run.state, &sim.settled[..], sim.lease), (State::Succeeded, &[(0, true)][..], false));
    let spent = |at: At| sim.own.history.windows(2).find(|w| w[0].0 == at).map(|w| w[1].1 - w[0].1).unwrap();
    assert!((30_000..60_000).contains(&spent(At::Verifying)) && spent(At::Probation) >= 600_000);
}

#[test]
fn what_does_not_help_goes_up_the_ladder_and_then_to_a_person() {
    let sim = Sim::new(2, |_, _| Some(false)).end();
    assert_eq!(sim.own.at(), At::Escalated);
    assert_eq!(
        sim.own.acts.iter().map(|act| (act.rung, act.helped)).collect::<Vec<_>>(),
        [(0, Some(false)), (1, Some(false))]
    );
    assert!(sim.own.history.last().unwrap().2.contains("ladder is used up"));
    assert_eq!(sim.run.state, State::Failed);
}

#[test]
fn what_goes_bad_again_in_probation_climbs_once_and_then_is_for_a_person() {
    // Well for a while after each action, then bad again.
    let sim = Sim::new(9, |now, acts| Some(acts > 0 && (now / 100_000) % 2 == 0)).end();
    assert_eq!((sim.own.at(), sim.own.relapses), (At::Escalated, 1));
    assert_eq!(sim.own.acts.len(), 2);
}

#[test]
fn what_is_not_known_is_never_well() {
    let sim = Sim::new(1, |_, _| None).end();
    assert_eq!(sim.own.at(), At::Escalated);
}

#[test]
fn inhibited_it_waits_and_may_get_well_by_itself() {
    let mut sim = Sim::new(1, |now, _| Some(now > 1_200_000));
    sim.verdicts = std::iter::repeat_n(Verdict::Inhibited("busy".into()), 500).collect();
    let sim = sim.end();
    assert_eq!(sim.path(), [At::Diagnosing, At::Deciding, At::Inhibited, At::Healthy]);
    assert!(sim.own.acts.is_empty() && !sim.lease);
    let mut sim = Sim::new(1, |_, acts| Some(acts > 0));
    sim.verdicts = std::iter::repeat_n(Verdict::Inhibited("busy".into()), 20).collect();
    assert_eq!(sim.end().own.at(), At::Healthy, "it acts when it may");
    let mut sim = Sim::new(1, |_, _| Some(false));
    sim.others = true;
    let sim = sim.end();
    assert_eq!((sim.own.at(), sim.own.acts.len()), (At::Escalated, 0), "a lease that others hold is not broken");
}

#[test]
fn a_person_takes_over_and_nothing_more_is_begun() {
    let mut sim = Sim::new(3, |_, _| Some(false));
    while sim.own.acts.is_empty() {
        sim.step();
    }
    let by = Asker { uid: 0, name: "ann".into(), row: None };
    sim.input(&Input::Asked { command: Verb::TakeOver { reason: Some("mine".into()) }, by: &by });
    let sim = sim.end();
    assert_eq!((sim.own.at(), sim.run.state, sim.own.acts.len()), (At::TakenOver, State::Cancelled, 1));
    assert!(sim.own.acts[0].ended.is_some(), "what was begun came to its end");
    let ask = Input::Asked { command: Verb::TakeOver { reason: None }, by: &by };
    assert!(sim.machine.decide(&sim.run, &sim.own, &ask, sim.now).is_err());
}

#[test]
fn killed_after_the_intent_the_action_is_not_begun_by_the_next_one() {
    let mut sim = Sim::new(1, |_, _| Some(false));
    while sim.own.at() != At::Deciding || sim.inbox.is_empty() {
        sim.step();
    }
    // Just the note, the state and the intent: the act itself is not done any more.
    sim.life = 3;
    sim.step();
    assert_eq!((sim.own.acts.len(), sim.started.len()), (1, 1), "{:?}", sim.own.history);
    sim.revive(usize::MAX);
    let sim = sim.end();
    assert_eq!(sim.started.len(), 1, "only the diagnostics were ever begun");
    assert!(sim.path().contains(&At::Verifying));
    assert_eq!(sim.own.acts[0].ended, Some((false, "never begun".into())));
}

proptest! {
    #![proptest_config(crate::cases::cases(400))]

    #[test]
    fn killed_anywhere_no_action_is_done_twice_and_it_always_ends(
        lives in prop::collection::vec(1_usize..60, 0..8), rungs in 0_u32..4,
        verdicts in prop::collection::vec(0_u8..4, 0..12), readings in prop::collection::vec(any::<Option<bool>>(), 1..40),
    ) {
        let row = readings.clone();
        let mut sim = Sim::new(rungs, move |now, _| row[(now / 5_000) as usize % row.len()]);
        sim.verdicts = verdicts.into_iter().map(|n| match n {
            0 => Verdict::Inhibited("busy".into()),
            1 => Verdict::Escalate("common cause".into()),
            _ => Verdict::Allow,
        }).collect();
        for life in lives {
            sim.life = life;
            for _ in 0..400 {
                if !sim.step() {
                    break;
                }
            }
            sim.revive(usize::MAX);
        }
        let sim = sim.end();
        let acts = &sim.own.acts;
        prop_assert!(acts.iter().enumerate().all(|(n, act)| act.rung == n as u32), "each rung once, in order");
        let allowed = sim.counted.iter().filter(|(_, verdict)| *verdict == Verdict::Allow).count();
        prop_assert!(acts.len() <= allowed, "each was counted first");
        prop_assert!(acts.iter().all(|act| act.helped.is_some()), "each was settled");
        for number in 0..acts.len() as u32 {
            prop_assert!(sim.settled.iter().any(|(n, helped)| *n == number && Some(*helped) == acts[number as usize].helped));
        }
        if sim.own.at() == At::Healthy {
            prop_assert!(readings.contains(&Some(true)));
        }
    }
}

#[test]
fn another_reason_to_wait_takes_no_reading_back() {
    let (mut own, entered) = (Recovery::default(), |at, why: &str| Event::Entered { at, why: why.into() });
    let passed = || Event::Measured { ok: Some(true), got: "200".into() };
    for event in [entered(At::Inhibited, "busy"), passed(), passed(), entered(At::Inhibited, "a breaker")] {
        own.apply(1, &event);
    }
    assert_eq!(own.good.0, 2);
    own.apply(2, &entered(At::Deciding, "it may be done now"));
    assert_eq!(own.good.0, 0);
}

//! Whole releases against a small world that does what it is told: each strategy, a failure, the way back.

use super::*;
use crate::ansible::ask::Play;
use crate::release::event::StepKey;
use crate::release::fold;
use crate::release::plan::*;
use crate::release::state::{Mark, Verdict};
use crate::release::traffic::{Op, Report};
use std::collections::{BTreeMap, BTreeSet};

struct World {
    machine: Machine,
    state: Release,
    journal: Vec<(i64, Event)>,
    now: i64,
    /// Version on each host.
    hosts: BTreeMap<String, String>,
    /// Hosts on which every task fails.
    broken: BTreeSet<String>,
    active: String,
    /// What gates read.
    verdict: Verdict,
    /// Every act on hosts: their number, and whether each had an intent.
    acts: Vec<Vec<String>>,
}

fn step(id: &str, kind: StepKind) -> Step {
    let name = id.to_owned();
    Step { id: id.into(), name, kind, timeout: None, retries: 0, idempotent: true, irreversible: false }
}

fn playbook(id: &str) -> Step {
    step(id, StepKind::Playbook { play: Play { playbook: "deploy.yml".into(), ..Play::default() } })
}

fn stage(name: &str, when: When, steps: Vec<Step>) -> Stage {
    Stage { name: name.into(), when, groups: steps.into_iter().map(|s| vec![s]).collect(), join: Join::All }
}

fn gate() -> Gate {
    let probe = Probe::Tcp { address: "x:1".into() };
    Gate { name: "up".into(), probe, interval: 5, timeout: 1, passes: 2, fails: 2, inconclusive: 3, window: 5 }
}

fn plan(hosts: usize, batches: &[usize]) -> Plan {
    let names: Vec<String> = (1..=hosts).map(|n| format!("w{n}")).collect();
    let mut rest = names.as_slice();
    let batches = batches.iter().map(|n| {
        let (batch, left) = rest.split_at(*n);
        rest = left;
        Batch { hosts: batch.to_vec(), weight: None }
    });
    Plan {
        format: FORMAT,
        release: "web".into(),
        service: "web".into(),
        environment: "production".into(),
        version: "2".into(),
        current: Some("1".into()),
        cwd: "/p".into(),
        inventory: vec!["hosts".into()],
        stages: vec![
            stage("prepare", When::Before, vec![step("prepare/1", StepKind::Command { argv: vec!["true".into()] })]),
            stage("deploy", When::Deploy, vec![playbook("deploy/1"), playbook("deploy/2")]),
            stage("verify", When::After, vec![playbook("verify/1")]),
        ],
        strategy: Strategy::Rolling { surge: Vec::new() },
        batches: batches.collect(),
        limits: Limits {
            max_unavailable: 2,
            min_in_service: (hosts as u32).saturating_sub(2),
            budget: 0,
            progress_deadline: 600,
            soak: 3,
        },
        gates: vec![gate()],
        traffic: None,
        rollback: Rollback {
            to: Some("1".into()),
            steps: vec![playbook("rollback/1")],
            automatic: true,
            vars: BTreeMap::new(),
        },
        approval: Approval { needed: 0, expires: 60 },
        on_failure: OnFailure::Rollback,
        bake: 10,
        version_probe: Some(VersionProbe::File { path: "/v".into() }),
        vars: BTreeMap::new(),
        vars_from: BTreeMap::new(),
        sources: Sources::default(),
        warnings: Vec::new(),
    }
}

fn ann() -> Person {
    Person { uid: 1, name: "ann".into() }
}

fn bob() -> Person {
    Person { uid: 2, name: "bob".into() }
}

impl World {
    fn new(plan: Plan) -> World {
        let hosts = plan.batches.iter().flat_map(|b| b.hosts.iter().cloned()).map(|h| (h, "1".to_owned())).collect();
        let mut world = World {
            machine: Machine { plan, digest: "d".into(), submitter: ann() },
            state: Release::default(),
            journal: Vec::new(),
            now: 1_000,
            hosts,
            broken: BTreeSet::new(),
            active: "blue".into(),
            verdict: Verdict::Pass,
            acts: Vec::new(),
        };
        world.input(Input::Begin);
        world
    }

    fn ask(&mut self, verb: Verb, by: Person) -> Result<(), Refusal> {
        let effects = self.machine.decide(&self.state, &Input::Asked { verb, by }, self.now)?;
        self.perform(effects);
        self.settle();
        Ok(())
    }

    fn input(&mut self, input: Input) {
        let effects = self.machine.decide(&self.state, &input, self.now).unwrap();
        self.perform(effects);
        self.settle();
    }

    /// Ticks until one records nothing.
    fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 500, "it does not come to rest: {:?}", &self.journal[self.journal.len() - 6..]);
            let before = self.journal.len();
            let tick = Input::Tick { progress: 0 };
            let effects = self.machine.decide(&self.state, &tick, self.now).unwrap();
            self.perform(effects);
            if self.journal.len() == before {
                return;
            }
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let back = self.world(effect);
            if let Some(input) = back {
                let effects = self.machine.decide(&self.state, &input, self.now).unwrap();
                self.perform(effects);
            }
        }
    }

    fn world(&mut self, effect: Effect) -> Option<Input> {
        Some(match effect {
            Effect::Record(event) => {
                self.state.apply(self.now, &event);
                self.journal.push((self.now, event));
                return None;
            }
            Effect::TakeLease { .. } => Input::LeaseGot { token: 7 },
            Effect::Admit => Input::Admission { blocks: Vec::new() },
            Effect::Observe { hosts } => {
                let version = |host: String| (host.clone(), self.hosts.get(&host).cloned());
                Input::Observed { hosts: hosts.into_iter().map(version).collect() }
            }
            Effect::Start { child, step, kind, .. } => return self.run(child, &step, &kind),
            Effect::Measure { gate, .. } => {
                Input::Measured { gate, verdict: self.verdict, got: "x".into(), need: "y".into() }
            }
            Effect::Traffic(op) => {
                if let Op::Switch { to, .. } = &op {
                    self.active.clone_from(to);
                }
                let report = Report { balancer: "lb".into(), active: Some(self.active.clone()), ..Report::default() };
                Input::Traffic { op, after: vec![report], ok: true }
            }
            Effect::Take { .. } | Effect::Do { .. } | Effect::Page { .. } => return None,
        })
    }

    fn run(&mut self, child: u32, step: &StepKey, kind: &StepKind) -> Option<Input> {
        let StepKind::Playbook { play } = kind else {
            return Some(Input::Exited { child, end: ChildEnd { rc: Some(0), ok: true, ..ChildEnd::default() } });
        };
        let hosts: Vec<String> = play.common.limit.iter().flat_map(|l| l.split(',')).map(str::to_owned).collect();
        if step.batch.is_some() {
            assert!(hosts.iter().all(|h| self.state.mark(h) == Mark::Running), "{hosts:?} without an intent");
            self.acts.push(hosts.clone());
        }
        let to = if step.step.starts_with("rollback") { "1" } else { "2" };
        let mut marks = Vec::new();
        for host in hosts {
            let bad = self.broken.contains(&host) && to == "2";
            if !bad {
                self.hosts.insert(host.clone(), to.into());
            }
            marks.push((host, if bad { Mark::Failed } else { Mark::New }));
        }
        let ok = marks.iter().all(|(_, mark)| *mark == Mark::New);
        Some(Input::Exited { child, end: ChildEnd { rc: Some(0), hosts: marks, ok, ..ChildEnd::default() } })
    }

    /// Lets time go by until it has come to a state.
    fn until(&mut self, what: &str, done: impl Fn(&Release) -> bool) {
        for _ in 0..5_000 {
            if done(&self.state) {
                assert_eq!(fold(self.journal.iter().map(|(ts, event)| (*ts, event))), self.state);
                return;
            }
            self.now += 1_000;
            self.settle();
        }
        panic!("waited for {what}; it is {:?}, waits {:?}: {:#?}", self.state.at, self.state.waits, self.state.history);
    }

    fn names(&self) -> Vec<&'static str> {
        self.state.history.iter().map(|(at, ..)| at.name()).collect()
    }
}

#[test]
fn a_rolling_release_brings_batch_after_batch_over() {
    let mut world = World::new(plan(5, &[1, 2, 2]));
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!(world.state.at, At::Succeeded, "{:#?}", world.state.history);
    assert!(world.hosts.values().all(|v| v == "2"));
    assert_eq!(world.acts.len(), 6, "two steps a batch");
    let expected = [
        "planned",
        "queued",
        "preparing",
        "deploying",
        "gating",
        "deploying",
        "gating",
        "deploying",
        "gating",
        "verifying",
        "succeeded",
    ];
    assert_eq!(world.names(), expected);
}

#[test]
fn a_failed_host_stops_it_and_every_touched_host_goes_back() {
    let mut world = World::new(plan(5, &[1, 2, 2]));
    world.broken.insert("w3".into());
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!(world.state.at, At::RolledBack, "{:#?}", world.state.history);
    assert!(world.hosts.values().all(|v| v == "1"), "{:?}", world.hosts);
    assert_eq!(world.state.mark("w4"), Mark::Untouched);
}

#[test]
fn a_failed_gate_rolls_back_and_one_without_data_waits_for_a_person() {
    let mut world = World::new(plan(3, &[1, 2]));
    world.verdict = Verdict::Fail;
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!(world.state.at, At::RolledBack);
    let mut world = World::new(plan(3, &[1, 2]));
    world.verdict = Verdict::Inconclusive;
    world.until("a pause", |s| s.at == At::Paused);
    assert!(world.ask(Verb::Skip { what: "up".into(), reason: " ".into() }, bob()).is_err());
    world.ask(Verb::Skip { what: "up".into(), reason: "Prometheus is down".into() }, bob()).unwrap();
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!(world.state.at, At::Succeeded);
}

#[test]
fn two_others_must_approve_the_plan_they_saw() {
    let mut plan = plan(1, &[1]);
    plan.approval.needed = 2;
    let mut world = World::new(plan.clone());
    assert_eq!(world.state.at, At::AwaitingApproval);
    let approve = |digest: &str| Verb::Approve { digest: digest.into() };
    assert!(world.ask(approve("d"), ann()).is_err(), "never the one who submitted it");
    assert!(world.ask(approve("other"), bob()).is_err());
    world.ask(approve("d"), bob()).unwrap();
    assert!(world.ask(approve("d"), bob()).is_err(), "not twice");
    assert_eq!(world.state.waits.as_deref(), Some("1 of 2 approvals (bob did); ann submitted it and cannot"));
    world.ask(approve("d"), Person { uid: 3, name: "eve".into() }).unwrap();
    world.until("its end", |s| s.at == At::Succeeded);
    let mut late = World::new(plan);
    late.until("its end", |s| s.at == At::Cancelled);
}

#[test]
fn blue_green_switches_and_a_bad_bake_switches_back() {
    let mut plan = plan(2, &[2]);
    let pools = [("green".to_owned(), vec!["w1".to_owned(), "w2".to_owned()])].into();
    plan.strategy = Strategy::BlueGreen { active: "blue".into(), idle: "green".into(), pools };
    plan.rollback.steps.clear();
    let driver =
        Driver::Command { status: vec![], check: None, switch: vec![], drain: None, instant: true, weights: false };
    let balancers = vec![Balancer { name: "lb".into(), driver }];
    plan.traffic = Some(Traffic { balancers, prove: None, drain: 10, keep_warm: 60 });
    let mut world = World::new(plan.clone());
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!((world.state.at, world.active.as_str()), (At::Succeeded, "green"));
    let mut world = World::new(plan);
    world.until("the bake", |s| s.at == At::Verifying);
    assert_eq!(world.active, "green");
    world.verdict = Verdict::Fail;
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!((world.state.at, world.active.as_str()), (At::RolledBack, "blue"));
}

#[test]
fn pause_resume_and_undo_by_hand() {
    let mut world = World::new(plan(5, &[1, 2, 2]));
    world.until("the first gate", |s| s.at == At::Gating { batch: 0 });
    world.ask(Verb::Pause { reason: Some("lunch".into()) }, bob()).unwrap();
    world.until("a pause", |s| s.at == At::Paused);
    assert_eq!(world.state.pause.as_ref().map(|p| p.resume_to), Some(At::Deploying { batch: 1 }));
    world.ask(Verb::Resume, bob()).unwrap();
    world.until("the last gate", |s| s.at == At::Gating { batch: 2 });
    world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!(world.state.at, At::RolledBack);
    assert!(world.hosts.values().all(|v| v == "1"));
    assert!(world.acts.iter().all(|hosts| hosts.len() <= 2), "never more than may be out of service");
}

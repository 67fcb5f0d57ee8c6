//! Releases against a small world that does what it is told, or refuses, or dies. The stories stand in files of their own.

use super::*;
use crate::ansible::ask::Play;
use crate::release::event::{StepKey, StepOutcome};
use crate::release::fold;
use crate::release::plan::*;
use crate::release::state::{Mark, Verdict};
use crate::release::traffic::{Op, Report};
use std::collections::{BTreeMap, BTreeSet};

mod people;
mod rotation;
mod steps;
mod strategies;
mod traffic;
mod undo;
mod waits;
mod whole;

struct World {
    machine: Machine,
    state: Release,
    journal: Vec<(i64, Event)>,
    now: i64,
    hosts: BTreeMap<String, String>,
    /// Hosts on which every task fails.
    broken: BTreeSet<String>,
    /// Hosts that a rollback leaves as they are, and says nothing of it.
    stuck: BTreeSet<String>,
    active: String,
    verdict: Verdict,
    acts: Vec<Vec<String>>,
    /// What stands in the way.
    blocks: Vec<String>,
    /// Steps whose process does not end before it is told to.
    held: BTreeSet<String>,
    open: Vec<(u32, StepKey, StepKind)>,
    /// Operations on the balancers that give no answer before they are told to.
    mute: fn(&Op) -> bool,
    unanswered: Vec<Op>,
    /// The balancers cannot be read, and nothing can be done with them.
    deaf: bool,
    /// When they were looked at last.
    looked: i64,
    /// Hosts that cannot be reached so many times.
    away: BTreeMap<String, u32>,
    /// Another run has the lease.
    leased: bool,
    /// All that was asked of the world.
    asked: Vec<Effect>,
    /// Breakers of the fleet and of endpoints that are open.
    dark: Vec<String>,
    /// What the breaker of the service was told.
    deployed: Vec<bool>,
    /// Hosts that the balancers send nothing to.
    out: BTreeSet<String>,
    /// Hosts that answer nobody, and cannot be reached.
    dead: BTreeSet<String>,
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
        again: false,
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
        on_detach: Default::default(),
        on_failure: OnFailure::Rollback,
        bake: 10,
        version_probe: Some(VersionProbe::File { path: "/v".into() }),
        vars: BTreeMap::new(),
        vars_from: BTreeMap::new(),
        sources: Sources::default(),
        warnings: Vec::new(),
    }
}

/// A second gate, which stands between batches as the first does.
fn gate_named(name: &str) -> Gate {
    Gate { name: name.into(), ..gate() }
}

/// Two hosts in the pool `green`, without traffic.
fn blue_green() -> Plan {
    let mut plan = plan(2, &[2]);
    let pools = [("green".to_owned(), vec!["w1".to_owned(), "w2".to_owned()])].into();
    plan.strategy = Strategy::BlueGreen { active: "blue".into(), idle: "green".into(), pools };
    plan.rollback.steps.clear();
    plan.traffic = Some(balancers());
    plan
}

fn balancers() -> Traffic {
    let driver =
        Driver::Command { status: vec![], check: None, switch: vec![], drain: None, instant: true, weights: true };
    Traffic { balancers: vec![Balancer { name: "lb".into(), driver }], prove: None, drain: 10, keep_warm: 60 }
}

fn eve() -> Person {
    Person { uid: 3, name: "eve".into(), row: None }
}

fn skip(what: &str) -> Verb {
    Verb::Skip { what: what.into(), reason: "known".into() }
}

fn ann() -> Person {
    Person { uid: 1, name: "ann".into(), row: None }
}

fn bob() -> Person {
    Person { uid: 2, name: "bob".into(), row: None }
}

impl World {
    fn new(plan: Plan) -> World {
        World::with(plan, |_| {})
    }

    /// With what `change` makes of the world before anything begins.
    fn with(plan: Plan, change: impl FnOnce(&mut World)) -> World {
        let hosts = plan.batches.iter().flat_map(|b| b.hosts.iter().cloned()).map(|h| (h, "1".to_owned())).collect();
        let mut world = World {
            machine: Machine { plan, digest: "d".into(), submitter: ann(), undoes: false },
            state: Release::default(),
            journal: Vec::new(),
            now: 1_000,
            hosts,
            broken: BTreeSet::new(),
            stuck: BTreeSet::new(),
            active: "blue".into(),
            verdict: Verdict::Pass,
            acts: Vec::new(),
            blocks: Vec::new(),
            held: BTreeSet::new(),
            open: Vec::new(),
            mute: |_| false,
            unanswered: Vec::new(),
            deaf: false,
            looked: 0,
            away: BTreeMap::new(),
            leased: false,
            asked: Vec::new(),
            dark: Vec::new(),
            deployed: Vec::new(),
            out: BTreeSet::new(),
            dead: BTreeSet::new(),
        };
        change(&mut world);
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
        if !matches!(effect, Effect::Record(_)) {
            self.asked.push(effect.clone());
        }
        Some(match effect {
            Effect::Record(event) => {
                self.state.apply(self.now, &event);
                self.journal.push((self.now, event));
                return None;
            }
            Effect::TakeLease { force: false } if self.leased => {
                Input::LeaseHeld { by: "other".into(), why: "another run holds it".into() }
            }
            Effect::TakeLease { .. } => Input::LeaseGot { token: 7 },
            Effect::Admit => Input::Admission { blocks: self.blocks.clone() },
            Effect::Breakers => Input::Breakers { open: self.dark.clone() },
            Effect::Deployed { ok, .. } => {
                self.deployed.push(ok);
                return None;
            }
            Effect::Observe { hosts } => {
                let version = |host: String| {
                    (host.clone(), self.hosts.get(&host).filter(|_| !self.dead.contains(&host)).cloned())
                };
                Input::Observed { hosts: hosts.into_iter().map(version).collect() }
            }
            Effect::Start { child, step, kind, .. } => return self.run(child, &step, &kind),
            Effect::Measure { gate, .. } => {
                Input::Measured { gate, began: self.now, verdict: self.verdict, got: "x".into(), need: "y".into() }
            }
            Effect::Traffic(op) if (self.mute)(&op) => {
                self.unanswered.push(op);
                return None;
            }
            // As in the world outside: not looked at twice at once.
            Effect::Traffic(Op::Status) if self.looked == self.now => return None,
            Effect::Traffic(op) => {
                if op == Op::Status {
                    self.looked = self.now;
                }
                self.traffic(op)
            }
            Effect::Take { child, .. } => return self.killed(child),
            Effect::Do { step, .. } => {
                Input::Done { step, outcome: StepOutcome::Ok, why: String::new(), transient: false }
            }
            Effect::Page { .. } => return None,
        })
    }

    fn traffic(&mut self, op: Op) -> Input {
        if self.deaf {
            let report =
                Report { balancer: "lb".into(), problem: Some("connection refused".into()), ..Report::default() };
            return Input::Traffic { op, after: vec![report], ok: false };
        }
        let problem = self.moved(&op).err();
        let (ok, active) = (problem.is_none(), Some(self.active.clone()));
        let down: Vec<String> = self.dead.iter().cloned().collect();
        let out = self.out.difference(&self.dead).cloned().collect();
        let report = Report { balancer: "lb".into(), active, out, down, problem, ..Report::default() };
        Input::Traffic { op, after: vec![report], ok }
    }

    /// As HAProxy does it: never without a server, and what is dead is not found well.
    fn moved(&mut self, op: &Op) -> Result<(), String> {
        match op {
            Op::Switch { to, .. } => self.active.clone_from(to),
            Op::Out { hosts } => {
                let serving = self.serving();
                if serving.iter().any(|host| hosts.contains(host)) && serving.iter().all(|host| hosts.contains(host)) {
                    return Err("no server of web would be left: nothing was taken out".into());
                }
                self.out.extend(hosts.iter().cloned());
            }
            Op::In { hosts } => {
                self.out.retain(|host| !hosts.contains(host));
                if let Some(dead) = hosts.iter().find(|host| self.dead.contains(*host)) {
                    return Err(format!("after 60 s {dead} is DOWN with 0 sessions"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Hosts that answer those who come through the balancers.
    fn serving(&self) -> Vec<String> {
        let serves = |host: &&String| !self.out.contains(*host) && !self.dead.contains(*host);
        self.hosts.keys().filter(serves).cloned().collect()
    }

    fn killed(&mut self, child: u32) -> Option<Input> {
        let at = self.open.iter().position(|(open, ..)| *open == child)?;
        self.open.remove(at);
        Some(Input::Exited { child, end: ChildEnd { rc: Some(99), why: "stopped".into(), ..ChildEnd::default() } })
    }

    /// The supervisor dies, and another takes over.
    fn dies(&mut self) {
        self.unanswered.clear();
        self.input(Input::Begin);
    }

    fn run(&mut self, child: u32, step: &StepKey, kind: &StepKind) -> Option<Input> {
        if self.held.contains(&step.step) {
            self.open.push((child, step.clone(), kind.clone()));
            return None;
        }
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
            if self.dead.contains(&host) {
                marks.push((host, Mark::Unreachable));
                continue;
            }
            if let Some(left) = self.away.get_mut(&host).filter(|left| **left > 0) {
                *left -= 1;
                marks.push((host, Mark::Unreachable));
                continue;
            }
            let bad = self.broken.contains(&host) && to == "2";
            if !bad && (to == "2" || !self.stuck.contains(&host)) {
                self.hosts.insert(host.clone(), to.into());
            }
            marks.push((host, if bad { Mark::Failed } else { Mark::New }));
        }
        let ok = marks.iter().all(|(_, mark)| *mark == Mark::New);
        let transient = !ok && marks.iter().all(|(_, mark)| *mark != Mark::Failed);
        Some(Input::Exited { child, end: ChildEnd { rc: Some(0), hosts: marks, ok, transient, ..ChildEnd::default() } })
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

    fn ends(&mut self) -> At {
        self.until("its end", |s| s.at.is_terminal());
        self.state.at
    }

    fn paused(&mut self) -> String {
        self.until("a pause", |s| s.at == At::Paused);
        self.state.pause.as_ref().map(|pause| pause.reason.clone()).unwrap_or_default()
    }

    /// To its end, with everything that stands in the way left out.
    fn ends_or_pauses(&mut self) -> At {
        while !self.state.at.is_terminal() {
            self.until("its end or a pause", |s| s.at.is_terminal() || s.at == At::Paused);
            if self.state.at == At::Paused {
                let what = self.waits().to_owned();
                self.ask(skip(&what), bob()).unwrap();
            }
        }
        self.state.at
    }

    fn waits(&self) -> &str {
        self.state.waits.as_deref().unwrap_or_default()
    }

    /// Operations on the balancers that were asked for, looks left out.
    fn ops(&self) -> Vec<Op> {
        let op = |effect: &Effect| match effect {
            Effect::Traffic(op) if !op.only_looks() => Some(op.clone()),
            _ => None,
        };
        self.asked.iter().filter_map(op).collect()
    }

    fn names(&self) -> Vec<&'static str> {
        self.state.history.iter().map(|(at, ..)| at.name()).collect()
    }
}

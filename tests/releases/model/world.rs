//! What the machine acts on: processes, balancers, gates, people who stop the line, another run that wants the lease.
//! What it began is under way until it ends, in whatever order.

use super::Chance;
use opsdeck::release::event::StepOutcome;
use opsdeck::release::machine::{ChildEnd, Effect, Input};
use opsdeck::release::plan::{Plan, StepKind};
use opsdeck::release::state::{Mark, Verdict};
use opsdeck::release::traffic::{Op, Report};
use std::collections::BTreeMap;

/// A process that runs.
#[derive(Debug, Clone)]
pub struct Process {
    pub child: u32,
    pub hosts: Vec<String>,
    back: bool,
}

/// Who has the environment's lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    Nobody,
    Us,
    Other,
}

#[derive(Debug)]
pub struct World {
    /// Nothing goes wrong any more.
    pub fair: bool,
    pub processes: Vec<Process>,
    /// Looks, readings, requests and operations under way: they die with the supervisor.
    threads: Vec<Effect>,
    pub versions: BTreeMap<String, String>,
    pub active: String,
    pub lease: Holder,
    token: i64,
    stopped: bool,
    /// When a host came further last.
    pub progress: i64,
    looked: i64,
}

impl World {
    pub fn new(plan: &Plan) -> World {
        let hosts = plan.batches.iter().flat_map(|batch| batch.hosts.iter().cloned());
        World {
            versions: hosts.map(|host| (host, "1".to_owned())).collect(),
            fair: false,
            processes: Vec::new(),
            threads: Vec::new(),
            active: "blue".into(),
            lease: Holder::Nobody,
            token: 0,
            stopped: false,
            progress: 0,
            looked: 0,
        }
    }

    pub fn is_idle(&self) -> bool {
        self.processes.is_empty() && self.threads.is_empty()
    }

    pub fn any_host(&self, chance: &mut Chance) -> String {
        let at = chance.below(self.versions.len() as u64) as usize;
        self.versions.keys().nth(at).cloned().unwrap_or_default()
    }

    pub fn dies(&mut self) {
        self.threads.clear();
    }

    pub fn line(&mut self, chance: &mut Chance) {
        self.stopped = chance.one_in(2);
    }

    /// Another run breaks our lease.
    pub fn loses_lease(&mut self) -> bool {
        let ours = self.lease == Holder::Us;
        if ours {
            self.lease = Holder::Other;
        }
        ours
    }

    pub fn other_ends(&mut self) {
        if self.lease == Holder::Other {
            self.lease = Holder::Nobody;
        }
    }

    /// Begins what is asked; what is known at once is answered at once.
    pub fn perform(&mut self, effect: Effect, now: i64, chance: &mut Chance) -> Option<Input> {
        match effect {
            Effect::TakeLease { force } => {
                let taken =
                    self.lease == Holder::Other || (!self.fair && self.lease == Holder::Nobody && chance.one_in(6));
                if taken && !force {
                    self.lease = Holder::Other;
                    return Some(Input::LeaseHeld { by: "other".into(), why: "another run holds it".into() });
                }
                self.token += i64::from(self.lease != Holder::Us);
                self.lease = Holder::Us;
                Some(Input::LeaseGot { token: self.token })
            }
            Effect::Start { child, step, kind, .. } => {
                if !self.processes.iter().any(|process| process.child == child) {
                    let hosts = limit(&kind).map(|l| l.split(',').map(str::to_owned).collect()).unwrap_or_default();
                    self.processes.push(Process { child, hosts, back: step.step.starts_with("rollback") });
                }
                None
            }
            Effect::Take { child, .. } => {
                let at = self.processes.iter().position(|process| process.child == child)?;
                if chance.one_in(3) && !self.fair {
                    return None;
                }
                let process = self.processes.remove(at);
                let hosts = process.hosts.into_iter().map(|host| (host, Mark::Unknown)).collect();
                let why = "stopped".to_owned();
                Some(Input::Exited { child, end: ChildEnd { rc: Some(143), hosts, why, ..ChildEnd::default() } })
            }
            Effect::Page { .. } | Effect::Record(_) => None,
            // Looked at again only a while later, and never twice at once.
            Effect::Admit | Effect::Observe { .. } | Effect::Traffic(Op::Status) if now < self.looked + 500 => None,
            effect => {
                if matches!(effect, Effect::Traffic(Op::Status)) {
                    self.looked = now;
                }
                let twice = |other: &Effect| std::mem::discriminant(other) == std::mem::discriminant(&effect);
                let looks = matches!(
                    effect,
                    Effect::Admit | Effect::Breakers | Effect::Observe { .. } | Effect::Traffic(Op::Status)
                );
                let doubled = looks && self.threads.iter().any(twice);
                if !(doubled || self.threads.contains(&effect)) {
                    self.threads.push(effect);
                }
                None
            }
        }
    }

    /// Something that is under way ends; `None`: nothing is.
    pub fn next(&mut self, chance: &mut Chance) -> Option<Input> {
        let all = self.processes.len() + self.threads.len();
        let at = chance.below(all.max(1) as u64) as usize;
        if all == 0 {
            None
        } else if at < self.processes.len() {
            let process = self.processes.remove(at);
            self.progress += 1;
            Some(Input::Exited { child: process.child, end: self.ends(&process, chance) })
        } else {
            let effect = self.threads.remove(at - self.processes.len());
            self.comes_of(effect, chance)
        }
    }

    fn ends(&mut self, process: &Process, chance: &mut Chance) -> ChildEnd {
        let fails = |chance: &mut Chance| chance.one_in(12);
        if !self.fair && chance.one_in(25) {
            return ChildEnd { lost: true, why: "nobody saw it end".into(), ..ChildEnd::default() };
        }
        if process.hosts.is_empty() {
            let ok = self.fair || !fails(chance);
            return ChildEnd { rc: Some(i32::from(!ok)), ok, why: "ended".into(), ..ChildEnd::default() };
        }
        let version = if process.back { "1" } else { "2" };
        let mut marks = Vec::new();
        for host in &process.hosts {
            let mark = match chance.below(30) {
                0 if !self.fair => Mark::Failed,
                1 if !self.fair => Mark::Unreachable,
                2 if !self.fair => Mark::Unknown,
                _ => Mark::New,
            };
            if mark == Mark::New || chance.one_in(2) {
                self.versions.insert(host.clone(), version.into());
            }
            marks.push((host.clone(), mark));
        }
        let ok = marks.iter().all(|(_, mark)| *mark == Mark::New);
        let transient = !ok && marks.iter().all(|(_, mark)| matches!(mark, Mark::New | Mark::Unreachable));
        ChildEnd { rc: Some(0), hosts: marks, ok, transient, why: "ended".into(), ..ChildEnd::default() }
    }

    fn comes_of(&mut self, effect: Effect, chance: &mut Chance) -> Option<Input> {
        let bad = !self.fair && chance.one_in(8);
        Some(match effect {
            Effect::Admit => Input::Admission {
                blocks: self.stopped.then(|| "eve stopped the line: disk full".to_owned()).into_iter().collect(),
            },
            // Else a failure is the release's own doing, most of the time.
            Effect::Breakers => Input::Breakers {
                open: (bad && chance.one_in(2)).then(|| "control host or network?".to_owned()).into_iter().collect(),
            },
            Effect::Observe { hosts } => {
                let told = |host: String| (host.clone(), self.versions.get(&host).filter(|_| !bad).cloned());
                Input::Observed { hosts: hosts.into_iter().map(told).collect() }
            }
            Effect::Measure { gate, .. } => {
                let verdict = match chance.below(10) {
                    0 if !self.fair => Verdict::Fail,
                    1 if !self.fair => Verdict::Inconclusive,
                    _ => Verdict::Pass,
                };
                // Asked and answered at once.
                Input::Measured { gate, began: i64::MAX, verdict, got: "x".into(), need: "y".into() }
            }
            Effect::Do { step, .. } => {
                let outcome = if bad { StepOutcome::Failed } else { StepOutcome::Ok };
                Input::Done { step, outcome, why: "so".into(), transient: bad }
            }
            Effect::Traffic(op) => {
                // What failed may have been done all the same, or half.
                if let Op::Switch { to, .. } = &op
                    && (!bad || chance.one_in(2))
                {
                    self.active.clone_from(to);
                }
                let problem = bad.then(|| "connection refused".to_owned());
                let active = Some(self.active.clone());
                let report = Report { balancer: "lb".into(), active, problem, ..Report::default() };
                Input::Traffic { op, after: vec![report], ok: !bad }
            }
            _ => return None,
        })
    }
}

/// The hosts that a step is limited to.
pub fn limit(kind: &StepKind) -> Option<&str> {
    match kind {
        StepKind::Playbook { play } => play.common.limit.as_deref(),
        StepKind::Adhoc { adhoc } => adhoc.common.limit.as_deref(),
        _ => None,
    }
}

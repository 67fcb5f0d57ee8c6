//! A world in which everything takes its time: processes, drains, answers. Hosts are out of the balancer or in it, and die;
//! what acts on the balancer acts at once, as HAProxy does, and only its answer comes later.

use super::Chance;
use super::world::limit;
use opsdeck::release::event::StepOutcome;
use opsdeck::release::machine::{ChildEnd, Effect, Input};
use opsdeck::release::plan::{Plan, Strategy};
use opsdeck::release::state::{Mark, Verdict};
use opsdeck::release::traffic::{Op, Report};
use std::collections::{BTreeMap, BTreeSet};

/// How long a balancer waits for a host that is dead (milliseconds).
const WELL: i64 = 60_000;

/// A process that runs.
#[derive(Debug, Clone)]
struct Process {
    child: u32,
    hosts: Vec<String>,
    back: bool,
    /// When each host gets its version.
    changes: Vec<i64>,
    ends: i64,
    stopped: bool,
}

/// What somebody is told later.
#[derive(Debug, Clone)]
struct Answer {
    at: i64,
    began: i64,
    effect: Effect,
    /// What became of an act, where it is one.
    problem: Option<String>,
}

/// The world of one release.
#[derive(Debug, Clone)]
pub struct Timed {
    /// Hosts of the plan with their versions.
    versions: BTreeMap<String, String>,
    out: BTreeSet<String>,
    /// Hosts that answer nobody, and whether a process on them can bring them back.
    pub dead: BTreeMap<String, bool>,
    share: Option<(Vec<String>, u8)>,
    active: String,
    /// Hosts of the pool that had the traffic before that are alive.
    pub old_pool: usize,
    processes: Vec<Process>,
    answers: Vec<Answer>,
    moves: bool,
    pools: bool,
}

impl Timed {
    pub fn new(plan: &Plan) -> Timed {
        let hosts = plan.batches.iter().flat_map(|batch| batch.hosts.iter().cloned());
        let pools = matches!(plan.strategy, Strategy::BlueGreen { .. });
        Timed {
            versions: hosts.map(|host| (host, "1".to_owned())).collect(),
            out: BTreeSet::new(),
            dead: BTreeMap::new(),
            share: None,
            active: "blue".into(),
            old_pool: 3,
            processes: Vec::new(),
            answers: Vec::new(),
            moves: plan.traffic.is_some() && !pools,
            pools,
        }
    }

    /// When something happens next; `None`: nothing is under way.
    pub fn next(&self) -> Option<i64> {
        self.answers.iter().map(|a| a.at).chain(self.processes.iter().map(|p| p.ends)).min()
    }

    /// Hosts that answer those who come through the balancer.
    pub fn serving(&self) -> usize {
        match self.pools {
            true if self.active == "blue" => self.old_pool,
            true => self.versions.keys().filter(|host| !self.dead.contains_key(*host)).count(),
            false => self.versions.keys().filter(|host| self.serves(host)).count(),
        }
    }

    pub fn serves(&self, host: &str) -> bool {
        let idle = match &self.share {
            Some((new, percent)) if new.len() < self.versions.len() && !new.is_empty() => {
                let new = new.iter().any(|of| of == host);
                (new && *percent == 0) || (!new && *percent == 100)
            }
            _ => false,
        };
        let at_work = || !self.moves && self.processes.iter().any(|p| p.hosts.iter().any(|of| of == host));
        !self.is_out(host) && !self.dead.contains_key(host) && !idle && !at_work()
    }

    pub fn is_out(&self, host: &str) -> bool {
        self.out.contains(host)
    }

    pub fn hosts(&self) -> impl Iterator<Item = &String> {
        self.versions.keys()
    }

    pub fn version(&self, host: &str) -> &str {
        &self.versions[host]
    }

    /// Whoever waited for answers is gone.
    pub fn forget(&mut self) {
        self.answers.clear();
    }

    /// Begins what is asked; what is known at once is answered at once.
    pub fn perform(&mut self, effect: Effect, now: i64, chance: &mut Chance) -> Option<Input> {
        let mut problem = None;
        let takes = match &effect {
            Effect::TakeLease { .. } => return Some(Input::LeaseGot { token: 1 }),
            Effect::Page { .. } | Effect::Record(_) | Effect::Deployed { .. } => return None,
            Effect::Start { child, step, kind, .. } => {
                if !self.processes.iter().any(|process| process.child == *child) {
                    let hosts: Vec<String> =
                        limit(kind).map(|l| l.split(',').map(str::to_owned).collect()).unwrap_or_default();
                    let ends = now + 500 + chance.below(12_000) as i64;
                    let changes = hosts.iter().map(|_| now + chance.below((ends - now) as u64) as i64).collect();
                    let back = step.step.starts_with("rollback");
                    self.processes.push(Process { child: *child, hosts, back, changes, ends, stopped: false });
                }
                return None;
            }
            Effect::Take { child, .. } => {
                if let Some(process) = self.processes.iter_mut().find(|p| p.child == *child && !p.stopped) {
                    process.ends = process.ends.min(now + 50 + chance.below(1_500) as i64);
                    process.stopped = true;
                }
                return None;
            }
            Effect::Traffic(op) if !op.only_looks() => {
                // What only waits is over as soon as something else is done.
                for answer in &mut self.answers {
                    if let Effect::Traffic(other) = &answer.effect
                        && other.only_waits()
                    {
                        (answer.at, answer.problem) = (now, Some("given up".into()));
                    }
                }
                match self.acts(op, chance) {
                    Ok(takes) => takes,
                    Err((takes, why)) => {
                        problem = Some(why);
                        takes
                    }
                }
            }
            Effect::Observe { .. } => 50 + chance.below(400) as i64,
            _ => 2 + chance.below(20) as i64,
        };
        // Nothing is looked at twice at once.
        if !self.answers.iter().any(|answer| answer.effect == effect) {
            self.answers.push(Answer { at: now + takes, began: now, effect, problem });
        }
        None
    }

    /// Acts on the balancer: how long its answer takes, and why it fails.
    fn acts(&mut self, op: &Op, chance: &mut Chance) -> Result<i64, (i64, String)> {
        match op {
            Op::Out { hosts } => {
                let up = |host: &&String| !self.is_out(host) && !self.dead.contains_key(*host);
                let (taken, rest): (Vec<&String>, Vec<&String>) =
                    self.versions.keys().filter(up).partition(|host| hosts.contains(host));
                if !taken.is_empty() && rest.is_empty() {
                    return Err((1, "no server would be left: nothing was taken out".into()));
                }
                self.out.extend(hosts.iter().cloned());
                if chance.one_in(10) {
                    return Err((8_000, "sessions did not end".into()));
                }
                Ok(10 + chance.below(8_000) as i64)
            }
            Op::In { hosts } => {
                self.out.retain(|host| !hosts.contains(host));
                match hosts.iter().find(|host| self.dead.contains_key(*host)) {
                    Some(dead) => Err((WELL, format!("{dead} is DOWN"))),
                    None => Ok(50 + chance.below(500) as i64),
                }
            }
            Op::Weight { hosts, percent } => {
                self.share = Some((hosts.clone(), *percent));
                Ok(5)
            }
            Op::Switch { to, version } => {
                if version.is_none() && to == "blue" && self.old_pool == 0 && self.active != *to {
                    return Err((5, "no server of blue is up".into()));
                }
                self.active.clone_from(to);
                Ok(5 + chance.below(200) as i64)
            }
            _ => Ok(10 + chance.below(3_000) as i64),
        }
    }

    /// What happens at this moment; `None`: nothing.
    pub fn happens(&mut self, now: i64) -> Option<Input> {
        for process in &self.processes {
            for (host, at) in process.hosts.iter().zip(&process.changes) {
                if *at <= now && !self.dead.contains_key(host) {
                    self.versions.insert(host.clone(), if process.back { "1" } else { "2" }.into());
                }
            }
        }
        if let Some(at) = self.processes.iter().position(|process| process.ends <= now) {
            let process = self.processes.remove(at);
            return Some(Input::Exited { child: process.child, end: self.ends(&process) });
        }
        let at = self.answers.iter().position(|answer| answer.at <= now)?;
        let Answer { began, effect, problem, .. } = self.answers.remove(at);
        self.told(effect, problem, began)
    }

    fn ends(&mut self, process: &Process) -> ChildEnd {
        let mut marks = Vec::new();
        for host in &process.hosts {
            let mark = match self.dead.get(host) {
                _ if process.stopped => Mark::Unknown,
                Some(false) => Mark::Unreachable,
                _ => Mark::New,
            };
            if mark == Mark::New {
                self.dead.remove(host);
                self.versions.insert(host.clone(), if process.back { "1" } else { "2" }.into());
            }
            marks.push((host.clone(), mark));
        }
        let ok = !process.stopped && marks.iter().all(|(_, mark)| *mark == Mark::New);
        ChildEnd { rc: Some(i32::from(!ok)), ok, hosts: marks, why: "ended".into(), ..ChildEnd::default() }
    }

    fn told(&self, effect: Effect, problem: Option<String>, began: i64) -> Option<Input> {
        Some(match effect {
            Effect::Admit => Input::Admission { blocks: Vec::new() },
            Effect::Breakers => Input::Breakers { open: Vec::new() },
            Effect::Observe { hosts } => {
                let alive = |host: &String| !self.dead.contains_key(host);
                let told = |host: String| (host.clone(), self.versions.get(&host).filter(|_| alive(&host)).cloned());
                Input::Observed { hosts: hosts.into_iter().map(told).collect() }
            }
            Effect::Measure { gate, .. } => {
                Input::Measured { gate, began, verdict: Verdict::Pass, got: "x".into(), need: "y".into() }
            }
            Effect::Do { step, .. } => {
                Input::Done { step, outcome: StepOutcome::Ok, why: String::new(), transient: false }
            }
            Effect::Traffic(op) => {
                let (mut report, ok) = (self.report(), problem.is_none());
                report.problem = problem;
                Input::Traffic { op, after: vec![report], ok }
            }
            _ => return None,
        })
    }

    fn report(&self) -> Report {
        let mut report = Report { balancer: "lb".into(), ..Report::default() };
        report.up.insert(String::new(), (self.serving() as u32, self.versions.len() as u32));
        if self.pools {
            report.active = Some(self.active.clone());
            return report;
        }
        if self.moves {
            report.out = self.out.iter().filter(|host| !self.dead.contains_key(*host)).cloned().collect();
            report.down = self.dead.keys().cloned().collect();
        }
        report
    }
}

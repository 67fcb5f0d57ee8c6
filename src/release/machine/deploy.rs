//! One batch: out of service, the steps of the deploy stage, seen with the new version, back into service.

use super::steps::Progress;
use super::{Effect, View, enter, record};
use crate::release::event::Event;
use crate::release::plan::{Strategy, When};
use crate::release::state::{At, Mark};
use crate::release::traffic::Op;

impl View<'_> {
    pub(super) fn deploying(&self, batch: u32, progress: i64) -> Vec<Effect> {
        let Some(plan) = self.plan.batches.get(batch as usize) else {
            return self.pause(format!("the plan has no batch {}", batch + 1), None, At::Verifying);
        };
        if let Some(wish) = &self.state.wish
            && wish.verb.starts_with("stop_")
            && wish.verb != "stop_after_batch"
            && let Some(effects) = self.boundary(self.state.at)
        {
            return effects;
        }
        let hosts = &plan.hosts;
        let slice = self.state.slice.as_ref().filter(|slice| slice.batch == batch && !slice.rollback);
        let Some(slice) = slice else { return self.begin_batch(batch, hosts) };
        if let Some(why) = self.over_budget() {
            return self.failed(&why, At::Gating { batch });
        }
        let rolls = self.moves_hosts();
        if rolls && !hosts.is_empty() {
            match self.traffic_step(slice.began, Op::Out { hosts: slice.hosts.clone() }) {
                Moved::Done => {}
                Moved::Effects(effects) => return effects,
                Moved::Failed(why) => return self.failed(&why, At::Deploying { batch }),
            }
        }
        let at_work = self.at_work();
        if !at_work.is_empty() {
            match self.stages(When::Deploy, Some(batch), &at_work) {
                Progress::Effects(effects) if effects.is_empty() && self.is_late(slice.began, progress) => {
                    let why = format!("no host came further for {} s", self.plan.limits.progress_deadline);
                    return self.failed(&why, At::Deploying { batch });
                }
                Progress::Effects(effects) if effects.is_empty() => {
                    return self.waits(format!("{} of {} hosts", at_work.len(), slice.hosts.len()));
                }
                Progress::Effects(effects) => return effects,
                Progress::Failed(why) => return self.failed(&why, At::Deploying { batch }),
                Progress::Done => return self.see(at_work),
            }
        }
        if self.is_working() {
            return self.waits("other steps of the batch to end");
        }
        self.end_batch(batch, slice.began, plan.weight)
    }

    /// The intent, after the guard.
    fn begin_batch(&self, batch: u32, hosts: &[String]) -> Vec<Effect> {
        let hosts: Vec<String> = hosts.iter().filter(|host| self.state.mark(host) != Mark::New).cloned().collect();
        if let Some(why) = self.guard(&hosts).filter(|why| !hosts.is_empty() && !self.is_skipped(why)) {
            return self.pause(why, None, At::Deploying { batch });
        }
        vec![record(Event::BatchIntent { batch, hosts, rollback: false })]
    }

    /// All steps ended well: what is there now? Asked of the hosts where the plan says how.
    fn see(&self, hosts: Vec<String>) -> Vec<Effect> {
        if self.plan.version_probe.is_some() {
            if self.state.observed_seq < self.state.step_seq {
                return vec![Effect::Observe { hosts }];
            }
            let mark = |host: &String| match self.state.hosts.get(host).and_then(|state| state.version.as_deref()) {
                Some(version) if version == self.plan.version => Mark::New,
                Some(_) => Mark::Failed,
                None => Mark::Unknown,
            };
            let marks = hosts.iter().map(|host| (host.clone(), mark(host))).collect();
            return vec![record(Event::Hosts { marks, by: None })];
        }
        let marks = hosts.into_iter().map(|host| (host, Mark::New)).collect();
        vec![record(Event::Hosts { marks, by: None })]
    }

    /// No host is at work any more: traffic, the budget, and on to the gates.
    fn end_batch(&self, batch: u32, began: i64, weight: Option<u8>) -> Vec<Effect> {
        let slice = self.state.slice.iter().flat_map(|slice| &slice.hosts);
        let good: Vec<String> = slice.filter(|host| self.state.mark(host) == Mark::New).cloned().collect();
        let op = match weight {
            Some(percent) => Some(Op::Weight { hosts: self.state.touched_with(&[Mark::New]), percent }),
            None if self.moves_hosts() && !good.is_empty() => Some(Op::In { hosts: good.clone() }),
            None => None,
        };
        if let Some(op) = op.filter(|_| self.plan.traffic.is_some()) {
            match self.traffic_step(began, op) {
                Moved::Done => {}
                Moved::Effects(effects) => return effects,
                Moved::Failed(why) => return self.failed(&why, At::Gating { batch }),
            }
        }
        let why = format!("batch {}: {} hosts have the new version", batch + 1, good.len());
        vec![enter(At::Gating { batch }, why)]
    }

    /// Hosts are taken out of service one batch at a time.
    pub(super) fn moves_hosts(&self) -> bool {
        let weights = self.plan.batches.iter().any(|batch| batch.weight.is_some());
        self.plan.traffic.is_some()
            && matches!(self.plan.strategy, Strategy::Rolling { .. } | Strategy::Canary)
            && !weights
    }

    /// The new hosts of a surge take traffic for the first time: nothing to take out.
    pub(super) fn traffic_step(&self, since: i64, op: Op) -> Moved {
        if let Some(open) = &self.state.traffic_open {
            let words = format!("the load balancers ({})", open.words());
            return Moved::Effects(self.waits(words));
        }
        match &self.state.traffic_last {
            Some((last, true, at)) if *last == op && *at >= since => Moved::Done,
            Some((last, false, at)) if *last == op && *at >= since => {
                let problems =
                    self.state.traffic.iter().filter_map(|r| Some(format!("{}: {}", r.balancer, r.problem.as_ref()?)));
                Moved::Failed(format!("{} failed: {}", op.words(), problems.collect::<Vec<_>>().join("; ")))
            }
            // An Out that was done stays done while the batch is put back In.
            Some((Op::In { .. }, true, at)) if matches!(op, Op::Out { .. }) && *at >= since => Moved::Done,
            _ => {
                let before = self.state.traffic.clone();
                Moved::Effects(vec![record(Event::TrafficIntent { op: op.clone(), before }), Effect::Traffic(op)])
            }
        }
    }

    fn is_late(&self, began: i64, progress: i64) -> bool {
        let ends = self.state.steps.iter().map(|run| run.ended.map_or(run.began, |(_, at)| at));
        let last = ends.chain([began, progress, self.state.entered_at()]).max().unwrap_or(began);
        self.over(last, self.plan.limits.progress_deadline)
    }
}

/// How far an operation on the balancers is.
pub(super) enum Moved {
    /// It ended well.
    Done,
    /// To be done now, or waited for.
    Effects(Vec<Effect>),
    /// It did not; why.
    Failed(String),
}

impl Op {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Op::Status => "look".into(),
            Op::Check { to } => format!("check of {to}"),
            Op::Switch { to, .. } => format!("switch to {to}"),
            Op::Weight { percent, .. } => format!("{percent}% to the new version"),
            Op::Out { hosts } => format!("{} out of service", hosts.join(", ")),
            Op::In { hosts } => format!("{} back into service", hosts.join(", ")),
            Op::Drain { pool } => format!("drain of {pool}"),
        }
    }
}

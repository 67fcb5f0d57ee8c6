//! Operations on the balancers: intent, act, what was seen; each done once in its batch, round or state. After a death in
//! the middle of one nobody knows what it came to: it is done again.

use super::{Effect, View, enter, record};
use crate::release::event::Event;
use crate::release::plan::Strategy;
use crate::release::state::{At, Done, Mark, Slice};
use crate::release::traffic::{Op, Report};

/// Seconds for which balancers are looked at after a death before an operation is done again all the same.
const PATIENCE: u32 = 60;

/// How far an operation on the balancers is.
pub(super) enum Moved {
    Done,
    /// To be done now, or waited for.
    Effects(Vec<Effect>),
    /// It did not; why.
    Failed(String),
}

impl View<'_> {
    /// Hosts are taken out of service one batch at a time.
    pub(super) fn moves_hosts(&self) -> bool {
        self.plan.traffic.is_some() && matches!(self.plan.strategy, Strategy::Rolling { .. } | Strategy::Canary)
    }

    /// Brings an operation on. `first`: how many operations had ended when that began which it belongs to.
    pub(super) fn traffic_step(&self, first: usize, op: Op) -> Moved {
        // What only waits gives way: what comes next may be what brings a host back.
        let gives_way = self.state.traffic_open.as_ref().is_some_and(|open| open.only_waits() && *open != op);
        if let Some(effects) = self.traffic_waits().filter(|_| !gives_way) {
            return Moved::Effects(effects);
        }
        match self.state.ops.iter().skip(first).rev().find(|done| done.op == op) {
            Some(done) if done.ok => Moved::Done,
            Some(_) => Moved::Failed(format!("{} failed: {}", op.words(), self.traffic_problems())),
            None => {
                let before = self.state.traffic.clone();
                Moved::Effects(vec![record(Event::TrafficIntent { op: op.clone(), before }), Effect::Traffic(op)])
            }
        }
    }

    /// What an operation without an outcome is waited for with; `None`: there is none, or it is to be done again.
    pub(super) fn traffic_waits(&self) -> Option<Vec<Effect>> {
        let open = self.state.traffic_open.as_ref()?;
        let Some(lost) = self.state.traffic_lost else {
            return Some(self.waits(format!("the load balancers ({})", open.words())));
        };
        // Only a switch goes wrong by being done blindly.
        let seen = self.state.traffic_at.is_some_and(|at| at > lost) && self.traffic_is_read();
        if seen || self.over(lost, PATIENCE) || !matches!(open, Op::Switch { .. }) {
            return None;
        }
        let mut effects = vec![Effect::Traffic(Op::Status)];
        effects.extend(self.waits(format!("the load balancers ({}): {}", open.words(), self.traffic_problems())));
        Some(effects)
    }

    /// All balancers were read, and nothing is wrong with them.
    pub(super) fn traffic_is_read(&self) -> bool {
        let seen = &self.state.traffic;
        self.state.traffic_at.is_some() && !seen.is_empty() && seen.iter().all(|report| report.problem.is_none())
    }

    /// What is wrong with the balancers, in words.
    pub(super) fn traffic_problems(&self) -> String {
        let problem = |r: &Report| Some(format!("{}: {}", r.balancer, r.problem.as_ref()?));
        let problems: Vec<String> = self.state.traffic.iter().filter_map(problem).collect();
        if problems.is_empty() { "not read yet".into() } else { problems.join("; ") }
    }

    /// What ended since the state was entered, newest first.
    pub(super) fn ops_here(&self) -> impl Iterator<Item = &Done> {
        self.state.ops.iter().skip(self.state.entered_op).rev()
    }

    /// A look at the balancers since the state was entered, before hosts are moved by what they say. `None`: there was
    /// one, or there is none to be looked at. One that failed is none to wait for.
    pub(super) fn looked(&self) -> Option<Vec<Effect>> {
        let due = self.moves_hosts() && self.state.lease.is_some() && self.state.traffic_seq <= self.state.entered_seq;
        due.then(|| vec![Effect::Traffic(Op::Status)])
    }

    /// What is out of service, alive and as it was serves again before anything else is done. `None`: there is nothing
    /// like that (any more). Best effort: what cannot be put back holds nothing up.
    pub(super) fn put_back(&self, first: usize) -> Option<Vec<Effect>> {
        let old = |host: &&String| matches!(self.state.mark(host), Mark::Old | Mark::Untouched);
        let idle = |host: &&String| self.state.is_out(host) && !self.state.is_down(host);
        if !self.moves_hosts() || self.state.lease.is_none() {
            return None;
        }
        let hosts: Vec<String> = self.state.touched.iter().filter(old).filter(idle).cloned().collect();
        match self.traffic_step(first, Op::In { hosts: hosts.clone() }) {
            _ if hosts.is_empty() => None,
            Moved::Effects(effects) => Some(effects),
            Moved::Done | Moved::Failed(_) => None,
        }
    }

    /// The batch is out of service, or was put back already.
    pub(super) fn is_taken_out(&self, slice: &Slice) -> bool {
        self.state.traffic_open.is_none()
            && self.state.ops.iter().skip(slice.first_op).any(|done| match &done.op {
                Op::Out { hosts } => done.ok && *hosts == slice.hosts,
                Op::In { .. } | Op::Weight { .. } => true,
                _ => false,
            })
    }

    /// Blue-green: the pool that is about to be worked on must still be the one without traffic. `None`: it is.
    pub(super) fn pools_seen(&self) -> Option<Vec<Effect>> {
        let old = self.old_pool().filter(|_| self.plan.traffic.is_some())?;
        let fresh = self.state.traffic_seq > self.state.entered_seq;
        if !fresh || !self.traffic_is_read() {
            let mut effects = vec![Effect::Traffic(Op::Status)];
            if fresh {
                effects.extend(self.waits(format!("the load balancers: {}", self.traffic_problems())));
            }
            return Some(effects);
        }
        let moved = self.moved_pool(old)?;
        Some(match self.is_touched() {
            true => self.pause(moved, None, self.state.at),
            false => vec![enter(At::Cancelled, format!("{moved}; nothing was changed: plan again"))],
        })
    }

    /// Traffic is not where the plan found it; in words.
    pub(super) fn moved_pool(&self, old: &str) -> Option<String> {
        let other = self.state.traffic.iter().find(|report| report.active.as_deref() != Some(old))?;
        let (balancer, now) = (&other.balancer, other.active.as_deref().unwrap_or("nobody knows where"));
        Some(format!("{balancer} sends traffic to {now}, and did to {old} when the plan was made"))
    }
}

impl Op {
    pub fn words(&self) -> String {
        match self {
            Op::Status => "look".into(),
            Op::Check { to } => format!("check of {to}"),
            Op::Switch { to, .. } => format!("switch to {to}"),
            Op::Weight { hosts, .. } if hosts.is_empty() => "the same share to every host".into(),
            Op::Weight { percent, .. } => format!("{percent}% to the new version"),
            Op::Out { hosts } => format!("{} out of service", hosts.join(", ")),
            Op::In { hosts } => format!("{} back into service", hosts.join(", ")),
            Op::Drain { pool } => format!("drain of {pool}"),
        }
    }
}

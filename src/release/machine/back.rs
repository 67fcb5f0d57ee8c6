//! Going back: traffic first, hosts second, never more of them at once than may be out of service. Best effort: one host
//! that cannot be brought back does not hold up the others.

use super::steps::Progress;
use super::tidy::only_waits;
use super::traffic::Moved;
use super::{Effect, View, enter, record};
use crate::release::event::Event;
use crate::release::plan::Join;
use crate::release::state::{At, Mark, Slice};
use crate::release::traffic::Op;
use crate::text::human;
use std::collections::HashSet;

impl View<'_> {
    pub(super) fn rolling_back(&self, batch: u32) -> Vec<Effect> {
        if let Some(effects) = self.traffic_back() {
            return effects;
        }
        if self.plan.rollback.steps.is_empty() || self.machine.undoes {
            return match self.old_pool() {
                Some(old) => {
                    let why = format!("traffic is on {old} again; the other pool takes none");
                    vec![enter(At::RolledBack, why)]
                }
                None => self.helpless("the plan has no steps to roll back with"),
            };
        }
        let slice = self.state.slice.as_ref().filter(|slice| slice.rollback && slice.batch == batch);
        let Some(slice) = slice else { return self.next_slice(batch) };
        if self.state.running() == 0 && !self.is_working() {
            return self.end_slice(batch, slice);
        }
        if self.moves_hosts() && !self.is_taken_out(slice) {
            match self.traffic_step(slice.first_op, Op::Out { hosts: slice.hosts.clone() }) {
                Moved::Done => {}
                Moved::Effects(effects) => return effects,
                Moved::Failed(why) => return self.helpless(&why),
            }
        }
        let skip = slice.first_step;
        for step in &self.plan.rollback.steps {
            match self.group(std::slice::from_ref(step), Join::All, Some(batch), skip) {
                Progress::Done => {}
                Progress::Effects(effects) if only_waits(&effects) => {
                    return self.waits(format!("{} of {} hosts", self.state.running(), slice.hosts.len()));
                }
                Progress::Effects(effects) => return effects,
                Progress::Failed(_) => {
                    let marks = self.at_work().into_iter().map(|host| (host, Mark::Failed)).collect();
                    return vec![record(Event::Hosts { marks, by: None })];
                }
            }
        }
        self.see(self.plan.rollback.to.as_deref().unwrap_or_default(), Mark::Old)
    }

    /// Traffic to where it was; `None` when it is there, or was never moved, or when too few would be left to serve.
    fn traffic_back(&self) -> Option<Vec<Effect>> {
        self.plan.traffic.as_ref()?;
        let op = match self.old_pool() {
            Some(old) => {
                if self.traffic_is_back() && self.state.traffic_open.is_none() {
                    return None;
                }
                // What a death left open is not waited for: the way back is never held up.
                if self.state.traffic_open.is_some() && self.state.traffic_lost.is_none() {
                    return self.traffic_waits();
                }
                let op = Op::Switch { to: old.to_owned(), version: None };
                if self.state.traffic_lost.is_some() {
                    let before = self.state.traffic.clone();
                    return Some(vec![record(Event::TrafficIntent { op: op.clone(), before }), Effect::Traffic(op)]);
                }
                op
            }
            None => {
                let new = self.state.touched_with(&[Mark::New]);
                let moved = self.is_shared() && self.state.rolled.is_empty();
                if !moved || self.guard_share(&new, 0).is_some() {
                    return None;
                }
                Op::Weight { hosts: new, percent: 0 }
            }
        };
        self.moved(self.state.round_op, op)
    }

    /// `None` when it was done; a failure needs a person.
    fn moved(&self, first: usize, op: Op) -> Option<Vec<Effect>> {
        match self.traffic_step(first, op) {
            Moved::Done => None,
            Moved::Effects(effects) => Some(effects),
            Moved::Failed(why) => Some(self.helpless(&why)),
        }
    }

    /// First the hosts that do not serve anyway, all at once; then the others, as many as may be out of service.
    fn next_slice(&self, batch: u32) -> Vec<Effect> {
        let open = |host: &&String| self.is_not_back(host) && !self.state.rolled.contains(*host);
        let left: Vec<String> = self.state.touched.iter().filter(open).cloned().collect();
        if left.is_empty() {
            return self.gone_back();
        }
        let (serving, down): (Vec<String>, Vec<String>) =
            left.into_iter().partition(|host| self.state.mark(host) == Mark::New);
        // What was added for the time of the release holds the others' place: it goes last.
        let (own, added): (Vec<String>, Vec<String>) = serving.into_iter().partition(|host| !self.is_surge(host));
        let hosts = match (down.is_empty(), own.is_empty()) {
            // They are out already: nothing is lost by working on them.
            (false, _) => down,
            (true, _) if self.is_blue_green() => own,
            (true, true) => added,
            (true, false) => own.into_iter().take(self.may_take()).collect(),
        };
        if hosts.is_empty() {
            return self.helpless("no host may be taken out of service to be brought back");
        }
        vec![record(Event::BatchIntent { batch, hosts, rollback: true })]
    }

    fn end_slice(&self, batch: u32, slice: &Slice) -> Vec<Effect> {
        let good = slice.hosts.iter().filter(|host| self.state.mark(host) == Mark::Old);
        let good: Vec<String> = good.cloned().collect();
        if self.moves_hosts()
            && !good.is_empty()
            && let Some(effects) = self.moved(slice.first_op, Op::In { hosts: good })
        {
            return effects;
        }
        vec![enter(At::RollingBack { batch: batch + 1 }, format!("slice {} is done", batch + 1))]
    }

    /// Every touched host was worked on.
    fn gone_back(&self) -> Vec<Effect> {
        let (left, back): (Vec<&String>, Vec<&String>) =
            self.state.touched.iter().partition(|host| self.is_not_back(host));
        let left: Vec<String> = left.into_iter().cloned().collect();
        let out: HashSet<&String> = self.state.traffic.iter().flat_map(|report| &report.out).collect();
        let idle: Vec<String> = back.into_iter().filter(|host| out.contains(host)).cloned().collect();
        if self.moves_hosts()
            && !idle.is_empty()
            && let Some(effects) = self.moved(self.state.round_op, Op::In { hosts: idle })
        {
            return effects;
        }
        // Shares that were given end with the release; only what is not back gets nothing.
        if self.is_shared()
            && let Some(effects) = self.moved(self.state.round_op, Op::Weight { hosts: left.clone(), percent: 0 })
        {
            return effects;
        }
        if let Some(first) = left.first() {
            let hosts = human::of(left.len() as u64, "host");
            let why = self.state.steps.iter().rev().find(|run| run.hosts.contains(first)).map_or("", |run| &run.why);
            return self.helpless(&format!("{hosts} could not be brought back; {first}: {why}"));
        }
        let to = self.plan.rollback.to.as_deref().unwrap_or("the old version");
        vec![enter(At::RolledBack, format!("every touched host has {to} again"))]
    }

    /// Something was done to it, and it is not as it was.
    fn is_not_back(&self, host: &str) -> bool {
        !matches!(self.state.mark(host), Mark::Old | Mark::Untouched)
    }

    fn helpless(&self, why: &str) -> Vec<Effect> {
        let mut effects = self.page(why).to_vec();
        effects.push(enter(At::NeedsOperator, why));
        effects
    }
}

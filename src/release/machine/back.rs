//! Going back: traffic first, hosts second, never more of them at once than may be out of service. Best effort: one host
//! that cannot be brought back does not hold up the others.

use super::deploy::Moved;
use super::steps::Progress;
use super::{Effect, View, enter, record};
use crate::release::event::Event;
use crate::release::plan::Join;
use crate::release::state::{At, Mark};
use crate::release::traffic::Op;

impl View<'_> {
    pub(super) fn rolling_back(&self, batch: u32) -> Vec<Effect> {
        if let Some(effects) = self.traffic_back() {
            return effects;
        }
        if self.plan.rollback.steps.is_empty() {
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
        let at_work = self.at_work();
        if at_work.is_empty() && !self.is_working() {
            return self.end_slice(batch, slice.began);
        }
        if self.moves_hosts() {
            match self.traffic_step(slice.began, Op::Out { hosts: slice.hosts.clone() }) {
                Moved::Done => {}
                Moved::Effects(effects) => return effects,
                Moved::Failed(why) => return self.helpless(&why),
            }
        }
        let skip = slice.first_step;
        for step in &self.plan.rollback.steps {
            match self.group(std::slice::from_ref(step), Join::All, Some(batch), &at_work, skip) {
                Progress::Done => {}
                Progress::Effects(effects) if effects.is_empty() => {
                    return self.waits(format!("{} of {} hosts", at_work.len(), slice.hosts.len()));
                }
                Progress::Effects(effects) => return effects,
                Progress::Failed(_) => {
                    let marks = at_work.into_iter().map(|host| (host, Mark::Failed)).collect();
                    return vec![record(Event::Hosts { marks, by: None })];
                }
            }
        }
        let marks = at_work.into_iter().map(|host| (host, Mark::Old)).collect();
        vec![record(Event::Hosts { marks, by: None })]
    }

    /// Traffic to where it was; `None` when it is there, or was never moved.
    fn traffic_back(&self) -> Option<Vec<Effect>> {
        self.plan.traffic.as_ref()?;
        let op = match self.old_pool() {
            Some(old) => {
                if self.traffic_is_back() && self.state.traffic_open.is_none() {
                    return None;
                }
                Op::Switch { to: old.to_owned(), version: None }
            }
            None => {
                let weighted = self.plan.batches.iter().any(|batch| batch.weight.is_some());
                let moved = matches!(&self.state.traffic_last, Some((Op::Weight { percent, .. }, ..)) if *percent > 0);
                if !weighted || !(moved || self.state.traffic_open.is_some()) {
                    return None;
                }
                Op::Weight { hosts: self.state.touched.clone(), percent: 0 }
            }
        };
        match self.traffic_step(self.round_began(), op) {
            Moved::Done => None,
            Moved::Effects(effects) => Some(effects),
            Moved::Failed(why) => Some(self.helpless(&why)),
        }
    }

    /// When this round of going back began.
    fn round_began(&self) -> i64 {
        let mut began = self.state.entered_at();
        for (at, ts, _) in self.state.history.iter().rev() {
            match at {
                At::RollingBack { .. } => began = *ts,
                _ => break,
            }
        }
        began
    }

    /// First the hosts that do not serve anyway, all at once; then the others, as many as may be out of service.
    fn next_slice(&self, batch: u32) -> Vec<Effect> {
        let open = |host: &&String| self.is_not_back(host) && !self.state.rolled.contains(host);
        let left: Vec<String> = self.state.touched.iter().filter(open).cloned().collect();
        if left.is_empty() {
            return self.gone_back();
        }
        let (serving, down): (Vec<String>, Vec<String>) =
            left.into_iter().partition(|host| self.state.mark(host) == Mark::New);
        let hosts = match down.is_empty() {
            // They are out already: nothing is lost by working on them.
            false => down,
            true if self.is_blue_green() => serving,
            true => serving.into_iter().take(self.may_take()).collect(),
        };
        if hosts.is_empty() {
            return self.helpless("no host may be taken out of service to be brought back");
        }
        vec![record(Event::BatchIntent { batch, hosts, rollback: true })]
    }

    fn end_slice(&self, batch: u32, began: i64) -> Vec<Effect> {
        let slice = self.state.slice.iter().flat_map(|slice| &slice.hosts);
        let good: Vec<String> = slice.filter(|host| self.state.mark(host) == Mark::Old).cloned().collect();
        if self.moves_hosts() && !good.is_empty() {
            match self.traffic_step(began, Op::In { hosts: good }) {
                Moved::Done => {}
                Moved::Effects(effects) => return effects,
                Moved::Failed(why) => return self.helpless(&why),
            }
        }
        vec![enter(At::RollingBack { batch: batch + 1 }, format!("slice {} is done", batch + 1))]
    }

    /// Every touched host was worked on.
    fn gone_back(&self) -> Vec<Effect> {
        let left = self.state.touched.iter().filter(|host| self.is_not_back(host)).count();
        let out = |host: &&String| self.state.traffic.iter().any(|report| report.out.contains(host));
        let idle: Vec<String> =
            self.state.touched.iter().filter(|h| !self.is_not_back(h)).filter(out).cloned().collect();
        if self.moves_hosts() && !idle.is_empty() {
            match self.traffic_step(self.round_began(), Op::In { hosts: idle }) {
                Moved::Done => {}
                Moved::Effects(effects) => return effects,
                Moved::Failed(why) => return self.helpless(&why),
            }
        }
        if left > 0 {
            return self.helpless(&format!("{left} hosts could not be brought back"));
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

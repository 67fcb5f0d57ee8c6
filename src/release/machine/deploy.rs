//! One batch: out of service, the steps of the deploy stage, seen with the new version, back into service.

use super::steps::Progress;
use super::tidy::only_waits;
use super::traffic::Moved;
use super::{Effect, View, enter, record};
use crate::release::event::Event;
use crate::release::plan::When;
use crate::release::state::{At, Mark, Slice};
use crate::release::traffic::Op;
use crate::text::human;

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
        let slice = self.state.slice.as_ref().filter(|slice| slice.batch == batch && !slice.rollback);
        let Some(slice) = slice else { return self.before_batch() };
        if let Some(why) = self.over_budget() {
            return self.failed(&why, At::Deploying { batch });
        }
        if self.moves_hosts() && !slice.hosts.is_empty() && !self.is_taken_out(slice) {
            match self.traffic_step(slice.first_op, Op::Out { hosts: slice.hosts.clone() }) {
                Moved::Done => {}
                Moved::Effects(effects) => return effects,
                Moved::Failed(why) => return self.failed(&why, At::Deploying { batch }),
            }
        }
        let at_work = self.state.running();
        if at_work > 0 {
            match self.stages(When::Deploy, Some(batch)) {
                Progress::Effects(effects) if !only_waits(&effects) => return effects,
                Progress::Effects(mut effects) => {
                    if self.is_working() {
                        if self.is_late(slice.began, progress) {
                            let why = format!("no host came further for {} s", self.plan.limits.progress_deadline);
                            return self.failed(&why, At::Deploying { batch });
                        }
                        effects.extend(self.waits(format!("{at_work} of {} hosts", slice.hosts.len())));
                    }
                    return effects;
                }
                Progress::Failed(why) => return self.failed(&why, At::Deploying { batch }),
                Progress::Done => return self.see(&self.plan.version, Mark::New),
            }
        }
        if self.is_working() {
            return self.waits("other steps of the batch to end");
        }
        self.end_batch(batch, slice, plan.weight)
    }

    /// Nothing is begun unasked: a freeze or a stopped line may have come since the last batch, or while it was paused.
    fn before_batch(&self) -> Vec<Effect> {
        if let Some(effects) = self.pools_seen() {
            return effects;
        }
        vec![Effect::Admit]
    }

    /// The intent, after the guard.
    pub(super) fn begin_batch(&self, batch: u32) -> Vec<Effect> {
        let hosts = self.plan.batches.get(batch as usize).map(|batch| batch.hosts.as_slice()).unwrap_or_default();
        let hosts: Vec<String> = hosts.iter().filter(|host| self.state.mark(host) != Mark::New).cloned().collect();
        if let Some(why) = self.guard(&hosts).filter(|why| !hosts.is_empty() && !self.is_skipped(why)) {
            return self.barred(&[why], At::Deploying { batch });
        }
        vec![record(Event::BatchIntent { batch, hosts, rollback: false })]
    }

    /// All steps ended well: do the hosts at work have the version `wanted` now? Asked of them where the plan says how.
    pub(super) fn see(&self, wanted: &str, good: Mark) -> Vec<Effect> {
        let hosts = self.at_work();
        if self.plan.version_probe.is_some() && self.state.observed_seq < self.state.step_seq {
            return vec![Effect::Observe { hosts }];
        }
        let mark = |host: &String| match self.state.hosts.get(host).and_then(|state| state.version.as_deref()) {
            _ if self.plan.version_probe.is_none() => good,
            Some(version) if version == wanted => good,
            Some(_) => Mark::Failed,
            None => Mark::Unknown,
        };
        let marks = hosts.iter().map(|host| (host.clone(), mark(host))).collect();
        vec![record(Event::Hosts { marks, by: None })]
    }

    /// No host is at work any more: the share of traffic, service, and on to the gates. The share comes before service:
    /// a host that is new takes no more than its share at any moment.
    fn end_batch(&self, batch: u32, slice: &Slice, weight: Option<u8>) -> Vec<Effect> {
        let good: Vec<String> = slice.hosts.iter().filter(|host| self.state.mark(host) == Mark::New).cloned().collect();
        let share = weight.map(|percent| Op::Weight { hosts: self.state.touched_with(&[Mark::New]), percent });
        let back = (self.moves_hosts() && !good.is_empty()).then(|| Op::In { hosts: good.clone() });
        if let Some(Op::Weight { hosts, percent }) = &share
            && let Some(why) = self.guard_share(hosts, *percent).filter(|why| !self.is_skipped(why))
        {
            return self.barred(&[why], At::Deploying { batch });
        }
        for op in share.into_iter().chain(back).filter(|_| self.plan.traffic.is_some()) {
            match self.traffic_step(slice.first_op, op) {
                Moved::Done => {}
                Moved::Effects(effects) => return effects,
                Moved::Failed(why) => return self.failed(&why, At::Deploying { batch }),
            }
        }
        let why = format!("batch {}: the new version is on {}", batch + 1, human::of(good.len() as u64, "host"));
        vec![enter(At::Gating { batch }, why)]
    }

    /// Late are processes that do nothing; what waits for people or for a gate is not.
    fn is_late(&self, began: i64, progress: i64) -> bool {
        let ends = self.state.steps.iter().map(|run| run.ended.map_or(run.began, |(_, at)| at));
        let last = ends.chain([began, progress, self.state.entered_at()]).max().unwrap_or(began);
        self.over(last, self.plan.limits.progress_deadline)
    }
}

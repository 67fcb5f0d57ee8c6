//! Before the first batch: approvals, the lease and what stands in its way, the stages that touch no host yet.

use super::steps::Progress;
use super::{Effect, View, enter, record};
use crate::release::event::{Event, Person};
use crate::release::plan::When;
use crate::release::state::At;
use crate::release::traffic::Op;

/// Seconds after which a balancer that could not be read is read again.
const AGAIN: u32 = 5;

impl View<'_> {
    pub(super) fn planned(&self) -> Vec<Effect> {
        match self.plan.approval.needed {
            0 => vec![enter(At::Queued, "no approval is needed")],
            n => vec![enter(At::AwaitingApproval, format!("{n} must approve"))],
        }
    }

    /// People who approved (the release, or a step of it).
    pub(super) fn approvers(&self, step: Option<&str>) -> Vec<&Person> {
        let of = self.state.approvals.iter().filter(|(_, _, of)| of.as_deref() == step);
        of.map(|(person, ..)| person).collect()
    }

    pub(super) fn awaiting(&self) -> Vec<Effect> {
        let (needed, given) = (usize::from(self.plan.approval.needed), self.approvers(None));
        if given.len() >= needed {
            let names: Vec<_> = given.iter().map(|person| person.name.as_str()).collect();
            return vec![enter(At::Queued, format!("approved by {}", names.join(", ")))];
        }
        if self.over(self.state.entered_at(), self.plan.approval.expires) {
            return vec![enter(At::Cancelled, "nobody approved it in time")];
        }
        self.waits(self.approval_words(needed, &given))
    }

    pub(super) fn approval_words(&self, needed: usize, given: &[&Person]) -> String {
        let names: Vec<_> = given.iter().map(|person| person.name.as_str()).collect();
        let so_far = if names.is_empty() { String::new() } else { format!(" ({} did)", names.join(", ")) };
        let missing = needed - given.len();
        format!("{missing} of {needed} approvals{so_far}; {} submitted it and cannot", self.machine.submitter.name)
    }

    /// First what stands in the way, then the lease, then a look at what is there before anything is touched.
    pub(super) fn queued(&self) -> Vec<Effect> {
        if let Some(effects) = self.boundary(At::Queued) {
            return effects;
        }
        if self.state.lease.is_none() {
            return vec![Effect::Admit];
        }
        if self.plan.traffic.is_some() {
            match &self.state.traffic_last {
                Some((_, true, _)) => {}
                Some((_, false, at)) if !self.over(*at, AGAIN) => {
                    let problems = self.state.traffic.iter().filter_map(|r| r.problem.as_deref());
                    return self.waits(format!("the load balancers: {}", problems.collect::<Vec<_>>().join("; ")));
                }
                _ => return vec![Effect::Traffic(Op::Status)],
            }
        }
        if self.plan.version_probe.is_some() && self.state.observed_at.is_none() {
            let hosts = self.plan.batches.iter().flat_map(|batch| batch.hosts.iter().cloned()).collect();
            return vec![Effect::Observe { hosts }];
        }
        vec![enter(At::Preparing, "the environment is ours")]
    }

    /// Nothing stands in the way, or something does.
    pub(super) fn admitted(&self, blocks: &[String]) -> Vec<Effect> {
        let open: Vec<&String> = blocks.iter().filter(|block| !self.is_skipped(block)).collect();
        let words = || open.iter().map(|block| block.as_str()).collect::<Vec<_>>().join("; ");
        match self.state.at {
            At::Queued if open.is_empty() && self.state.lease.is_none() => vec![Effect::TakeLease { force: false }],
            At::Queued if !open.is_empty() => self.waits(words()),
            At::Gating { batch } if self.gates_passed(batch) => match open.is_empty() {
                true => self.after_gates(batch),
                false => self.pause(words(), None, At::Gating { batch }),
            },
            _ => Vec::new(),
        }
    }

    /// A skip names what is waited for, or a word of it.
    pub(super) fn is_skipped(&self, block: &str) -> bool {
        self.state.skips.iter().any(|skip| block.contains(skip.as_str()))
    }

    pub(super) fn preparing(&self) -> Vec<Effect> {
        if let Some(effects) = self.boundary(At::Preparing).filter(|_| !self.is_working()) {
            return effects;
        }
        match self.stages(When::Before, None, &[]) {
            Progress::Effects(effects) => effects,
            Progress::Done => vec![enter(At::Deploying { batch: 0 }, "prepared")],
            Progress::Failed(why) => vec![enter(At::Failed, format!("{why}; nothing was changed on any host"))],
        }
    }

    pub(super) fn paused(&self) -> Vec<Effect> {
        let Some(pause) = &self.state.pause else { return Vec::new() };
        match pause.until {
            Some(until) if self.now >= until => {
                let mut effects = self.end_pauses("its time is over");
                effects.push(enter(pause.resume_to, "the pause is over"));
                effects
            }
            _ => self.waits(format!("a person: {}", pause.reason)),
        }
    }

    pub(super) fn needs_operator(&self) -> Vec<Effect> {
        self.waits("a person: roll back again, retry, mark hosts, or accept two versions")
    }

    /// Something was done to a host, or to traffic.
    pub(super) fn is_touched(&self) -> bool {
        !self.state.touched.is_empty() || !self.state.traffic_before.is_empty()
    }

    /// Writes down how versions were seen.
    pub(super) fn observed(hosts: &[(String, Option<String>)]) -> Effect {
        record(Event::Observed { hosts: hosts.to_vec() })
    }
}

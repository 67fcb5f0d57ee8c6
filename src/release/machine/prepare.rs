//! Before the first batch: approvals, the lease and what stands in its way, the stages that touch no host yet.

use super::steps::Progress;
use super::{Effect, View, enter, record};
use crate::release::admission::STALE;
use crate::release::breakers::same;
use crate::release::event::{Event, Person, StepKey};
use crate::release::plan::{StepKind, Strategy, When};
use crate::release::state::At;
use crate::release::traffic::Op;

/// Seconds after which a balancer that could not be read is read again.
const AGAIN: u32 = 5;
/// Seconds after which people are told again that it waits for them.
const REMIND: u32 = 1_800;

impl View<'_> {
    pub(super) fn planned(&self) -> Vec<Effect> {
        if self.machine.undoes {
            return vec![enter(At::Queued, "an undo asks nobody")];
        }
        if let Some(why) = self.plan.is_out() {
            return vec![enter(At::Cancelled, format!("{why}; nothing was changed"))];
        }
        match self.plan.approval.needed {
            0 => vec![enter(At::Queued, "no approval is needed")],
            n => vec![enter(At::AwaitingApproval, format!("{n} must approve"))],
        }
    }

    /// People who approved (the release, or a step of it).
    pub(super) fn approvers(&self, step: Option<&StepKey>) -> Vec<&Person> {
        let of = self.state.approvals.iter().filter(|consent| consent.step.as_ref() == step && !consent.unfounded);
        of.map(|consent| &consent.by).collect()
    }

    pub(super) fn lacks_approvals(&self) -> bool {
        self.approvers(None).len() < usize::from(self.plan.approval.needed)
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
            // A rollback is always allowed, in a freeze and on a stopped line too.
            return vec![if self.machine.undoes { Effect::TakeLease { force: false } } else { Effect::Admit }];
        }
        if self.plan.traffic.is_some() && !self.traffic_is_read() {
            let again = self.state.traffic_at.is_none_or(|at| self.over(at, AGAIN));
            let mut effects = self.waits(format!("the load balancers: {}", self.traffic_problems()));
            effects.extend(again.then_some(Effect::Traffic(Op::Status)));
            return effects;
        }
        if self.machine.undoes {
            return self.undoing();
        }
        if self.plan.traffic.is_some()
            && let Some(moved) = self.old_pool().and_then(|old| self.moved_pool(old))
        {
            return vec![enter(At::Cancelled, format!("{moved}; nothing was changed: plan again"))];
        }
        if self.plan.version_probe.is_some() && self.state.observed_at.is_none() {
            let hosts = self.plan.batches.iter().flat_map(|batch| batch.hosts.iter().cloned()).collect();
            return vec![Effect::Observe { hosts }];
        }
        vec![enter(At::Preparing, "the environment is ours")]
    }

    /// The switch of a release that succeeded is taken back, if traffic is still where it left it.
    fn undoing(&self) -> Vec<Effect> {
        let Strategy::BlueGreen { active, idle, .. } = &self.plan.strategy else {
            return vec![enter(At::Cancelled, "there is no switch to take back")];
        };
        match self.moved_pool(idle) {
            Some(_) if self.traffic_is_back() => {
                vec![enter(At::RolledBack, format!("traffic goes to {active} already"))]
            }
            Some(moved) => vec![enter(At::Cancelled, format!("{moved}; nothing was changed"))],
            None => vec![enter(At::RollingBack { batch: 0 }, format!("traffic goes back to {active}"))],
        }
    }

    /// Nothing stands in the way, or something does.
    pub(super) fn admitted(&self, blocks: &[String]) -> Vec<Effect> {
        let begun =
            self.state.slice.as_ref().is_some_and(|slice| At::Deploying { batch: slice.batch } == self.state.at);
        let asks = match self.state.at {
            At::Queued => self.state.lease.is_none(),
            At::Deploying { .. } => !begun,
            At::Switching => self.state.traffic_open.is_none() && self.ops_here().next().is_none(),
            _ => false,
        };
        if !asks {
            return Vec::new();
        }
        if let Some(why) = blocks.iter().find_map(|block| block.strip_prefix(STALE)) {
            return match self.is_touched() {
                true => self.pause(why, None, self.state.at),
                false => vec![enter(At::Cancelled, format!("{why}; nothing was changed"))],
            };
        }
        let open: Vec<String> = blocks.iter().filter(|block| !self.is_skipped(block)).cloned().collect();
        match self.state.at {
            At::Queued if open.is_empty() => vec![Effect::TakeLease { force: false }],
            At::Queued => vec![self.blocked(&open)],
            at if !open.is_empty() => self.barred(&open, at),
            At::Deploying { batch } => self.begin_batch(batch),
            _ => self.check_switch(),
        }
    }

    /// Left out by a person: in these very words, or as the breaker that it is.
    pub(super) fn is_skipped(&self, block: &str) -> bool {
        self.state.skips.iter().any(|skip| !skip.gate && (skip.what == block || same(&skip.what, block)))
    }

    pub(super) fn preparing(&self) -> Vec<Effect> {
        if let Some(effects) = self.boundary(At::Preparing).filter(|_| !self.is_working()) {
            return effects;
        }
        match self.stages(When::Before, None) {
            Progress::Effects(effects) => effects,
            Progress::Done => vec![enter(At::Deploying { batch: 0 }, "prepared")],
            Progress::Failed(why) => vec![enter(At::Failed, format!("{why}; {}", self.left_by_stages()))],
        }
    }

    /// What stages before the first batch may have left behind.
    fn left_by_stages(&self) -> String {
        let on_hosts = |id: &str| {
            let step = self.step(id)?;
            matches!(step.kind, StepKind::Playbook { .. } | StepKind::Adhoc { .. }).then_some(step.name.as_str())
        };
        let mut ran: Vec<&str> = self.state.steps.iter().filter_map(|run| on_hosts(&run.key.step)).collect();
        ran.dedup();
        match ran.is_empty() {
            true => "nothing was changed on any host".into(),
            false => format!("no batch was begun; what {} did stays", ran.join(", ")),
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
            _ => {
                let what = Some(format!("a person: {}", pause.reason));
                let mut effects = vec![record(Event::Waits { what, blocks: self.state.blocks.clone() })];
                // Nobody came: they are told again.
                if pause.until.is_none()
                    && self.over(self.state.paged_at.max(Some(self.state.entered_at())).unwrap_or(0), REMIND)
                {
                    effects.extend(self.page(&format!("still paused: {}", pause.reason)));
                }
                effects
            }
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

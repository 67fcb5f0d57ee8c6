//! After the last batch: the stages that follow, the bake, the end.

use super::steps::Progress;
use super::{Effect, View, enter, record};
use crate::release::event::Event;
use crate::release::plan::When;
use crate::release::state::At;
use crate::release::traffic::Op;
use crate::text::human;

impl View<'_> {
    pub(super) fn verifying(&self) -> Vec<Effect> {
        if let Some(effects) = self.boundary(At::Verifying).filter(|_| !self.is_working()) {
            return effects;
        }
        match self.stages(When::After, None) {
            Progress::Effects(effects) => return effects,
            Progress::Failed(why) => return self.failed(&why, At::Verifying),
            Progress::Done => {}
        }
        let (mut effects, failed) = self.bake_gates();
        if let Some(name) = failed {
            return self.failed(&format!("gate {name} failed in the bake"), At::Verifying);
        }
        let since = self.baking_since();
        if !self.over(since, self.plan.bake) || !self.bake_passed() {
            let left = (since + i64::from(self.plan.bake) * 1000 - self.now).max(0);
            effects.extend(self.waits(format!("the bake, {} left", human::clock(left.div_euclid(5000) * 5000))));
            return effects;
        }
        if let (Some(old), Some(_)) = (self.old_pool(), &self.plan.traffic) {
            // What does not end in time is left open: the old pool stays warm, nothing is cut.
            if self.state.draining {
                return self.waits(format!("sessions of {old} to end"));
            }
            let op = Op::Drain { pool: old.to_owned() };
            if !self.ops_here().any(|done| done.op == op) {
                let before = self.state.traffic.clone();
                return vec![record(Event::TrafficIntent { op: op.clone(), before }), Effect::Traffic(op)];
            }
        }
        vec![enter(At::Succeeded, format!("{} is out and stable", self.plan.version))]
    }

    /// The bake begins when the stages have ended.
    pub(super) fn baking_since(&self) -> i64 {
        let ended = self.state.steps.iter().filter(|run| run.key.batch.is_none()).filter_map(|run| run.ended);
        ended.map(|(_, at)| at).chain([self.state.entered_at()]).max().unwrap_or_default()
    }
}

//! Blue-green: all traffic to the pool that was deployed. What stands in the way and every balancer are looked at first,
//! then the intent, then the act. A switch that a death interrupted is done again and proved; it is never taken on trust.

use super::traffic::Moved;
use super::{Effect, View, enter};
use crate::release::plan::Strategy;
use crate::release::state::At;
use crate::release::traffic::Op;

impl View<'_> {
    pub(super) fn switching(&self) -> Vec<Effect> {
        let Strategy::BlueGreen { active, idle, .. } = &self.plan.strategy else {
            return vec![enter(At::Verifying, "there is nothing to switch")];
        };
        if self.plan.traffic.is_none() {
            return vec![enter(At::Verifying, "the plan names no load balancer")];
        }
        let lost = self.state.traffic_lost.is_some();
        let begun = self.state.traffic_open.is_some() || self.ops_here().any(|d| matches!(d.op, Op::Switch { .. }));
        if !begun {
            // A switch is never left half done: from here on a stop waits for its end.
            if let Some(effects) = self.boundary(At::Switching) {
                return effects;
            }
            match self.ops_here().find(|done| matches!(done.op, Op::Check { .. })) {
                None => return vec![Effect::Admit],
                Some(done) if !done.ok => {
                    return self.pause(
                        format!("nothing was switched: {}", self.traffic_problems()),
                        None,
                        At::Switching,
                    );
                }
                Some(_) => {}
            }
            // Some of them may be there already, after a pause in the middle; a third pool is nobody's plan.
            let here = |pool: &str| pool == active || pool == idle;
            if let Some(moved) = self
                .moved_pool(active)
                .filter(|_| self.state.traffic.iter().any(|report| !report.active.as_deref().is_some_and(here)))
            {
                return self.pause(format!("nothing was switched: {moved}"), None, At::Switching);
            }
        } else if lost && let Some(wish) = self.state.wish.as_ref().filter(|wish| wish.verb == "stop_and_roll_back") {
            return vec![enter(At::RollingBack { batch: 0 }, format!("stopped and rolled back by {}", wish.by.name))];
        }
        let op = Op::Switch { to: idle.clone(), version: Some(self.plan.version.clone()) };
        match self.traffic_step(self.state.entered_op, op) {
            Moved::Effects(effects) => effects,
            Moved::Done => match self.boundary(At::Verifying) {
                Some(effects) => effects,
                None => vec![enter(At::Verifying, format!("traffic goes to {idle}"))],
            },
            Moved::Failed(why) => self.switch_failed(why),
        }
    }

    /// Nothing stands in the way: may the balancers be switched?
    pub(super) fn check_switch(&self) -> Vec<Effect> {
        let Strategy::BlueGreen { idle, .. } = &self.plan.strategy else { return Vec::new() };
        let checked = self.state.traffic_open.is_some() || self.ops_here().next().is_some();
        if checked { Vec::new() } else { vec![Effect::Traffic(Op::Check { to: idle.clone() })] }
    }

    /// The balancers were put back by whoever switched them, as far as they could be; the rest is a rollback like any
    /// other, by itself only where the plan and what was done allow it.
    fn switch_failed(&self, why: String) -> Vec<Effect> {
        if !self.may_undo_itself() {
            return self.pause(why, None, At::Switching);
        }
        let mut effects = self.page(&why).to_vec();
        effects.push(enter(At::RollingBack { batch: 0 }, why));
        effects
    }

    /// The pool that had the traffic before.
    pub(super) fn old_pool(&self) -> Option<&str> {
        match &self.plan.strategy {
            Strategy::BlueGreen { active, .. } => Some(active),
            _ => None,
        }
    }

    /// Every balancer is known to send everything to the old pool.
    pub(super) fn traffic_is_back(&self) -> bool {
        let Some(old) = self.old_pool() else { return true };
        self.traffic_is_read() && self.moved_pool(old).is_none()
    }
}

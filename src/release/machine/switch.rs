//! Blue-green: all traffic to the pool that was deployed. A look at every balancer first, then the intent, then the act.

use super::deploy::Moved;
use super::{Effect, View, enter};
use crate::release::plan::Strategy;
use crate::release::state::At;
use crate::release::traffic::Op;

impl View<'_> {
    pub(super) fn switching(&self) -> Vec<Effect> {
        let Strategy::BlueGreen { idle, .. } = &self.plan.strategy else {
            return vec![enter(At::Verifying, "there is nothing to switch")];
        };
        if self.plan.traffic.is_none() {
            return vec![enter(At::Verifying, "the plan names no load balancer")];
        }
        let since = self.state.entered_at();
        let checked =
            matches!(&self.state.traffic_last, Some((Op::Check { .. } | Op::Switch { .. }, _, at)) if *at >= since);
        // A switch is never left half done: a stop waits for its end.
        if self.state.traffic_open.is_none()
            && !checked
            && let Some(effects) = self.boundary(At::Switching)
        {
            return effects;
        }
        if !checked && self.state.traffic_open.is_none() {
            return vec![Effect::Traffic(Op::Check { to: idle.clone() })];
        }
        if let Some((Op::Check { .. }, false, at)) = &self.state.traffic_last
            && *at >= since
        {
            let problems =
                self.state.traffic.iter().filter_map(|r| Some(format!("{}: {}", r.balancer, r.problem.as_ref()?)));
            let why = format!("nothing was switched: {}", problems.collect::<Vec<_>>().join("; "));
            return self.pause(why, None, At::Switching);
        }
        let op = Op::Switch { to: idle.clone(), version: Some(self.plan.version.clone()) };
        match self.traffic_step(since, op) {
            Moved::Effects(effects) => effects,
            Moved::Done => match self.boundary(At::Verifying) {
                Some(effects) => effects,
                None => vec![enter(At::Verifying, format!("traffic goes to {idle}"))],
            },
            Moved::Failed(why) => {
                let mut effects = self.page(&why).to_vec();
                effects.push(enter(At::RollingBack { batch: 0 }, why));
                effects
            }
        }
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
        let seen = &self.state.traffic;
        !seen.is_empty() && seen.iter().all(|r| r.problem.is_none() && r.active.as_deref() == Some(old))
    }
}

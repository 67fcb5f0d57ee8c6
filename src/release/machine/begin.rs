//! A supervisor took over: what the journal says is open is looked at, never done a second time (releases.md part 1, the
//! table of kill -9).

use super::steps::{ended, limited};
use super::{Effect, View, enter, record};
use crate::release::event::{Event, StepOutcome};
use crate::release::plan::StepKind;
use crate::release::state::At;

impl View<'_> {
    pub(super) fn begin(&self) -> Vec<Effect> {
        let state = self.state;
        if state.history.is_empty() {
            let submitted =
                Event::Submitted { by: self.machine.submitter.clone(), digest: self.machine.digest.clone() };
            let planned = Event::Entered { at: At::Planned, why: "the plan is frozen".into() };
            return vec![record(submitted), record(planned)];
        }
        let mut effects = Vec::new();
        // Nothing was touched yet: what was approved by nobody is asked for again.
        if matches!(state.at, At::Queued | At::Preparing) && !self.machine.undoes && self.lacks_approvals() {
            effects.push(enter(At::AwaitingApproval, "an approval has no row in the ledger: it does not count"));
            return effects;
        }
        if state.lease.is_some() {
            effects.push(Effect::TakeLease { force: false });
        }
        if state.draining || (state.traffic_open.is_some() && state.traffic_lost.is_none()) {
            effects.push(record(Event::TrafficLost));
        }
        for run in state.steps.iter().filter(|run| run.ended.is_none()) {
            let Some(step) = self.step(&run.key.step) else { continue };
            match (run.child, &step.kind) {
                // Found by its number; begun only if no step runner ever took it.
                (Some(child), kind) => effects.push(Effect::Start {
                    child,
                    step: run.key.clone(),
                    kind: Box::new(limited(kind, run.key.batch.map(|_| run.hosts.as_slice()))),
                    timeout: step.timeout,
                }),
                (None, StepKind::Http { request }) if step.idempotent || request.method == "GET" => {
                    effects.push(Effect::Do {
                        step: run.key.clone(),
                        kind: Box::new(step.kind.clone()),
                        timeout: step.timeout,
                    });
                }
                (None, StepKind::Http { .. }) => effects.push(ended(
                    run,
                    StepOutcome::Unknown,
                    "the supervisor died while the request was under way, and it is not marked idempotent",
                )),
                _ => {}
            }
        }
        // Unseen time is never credited: the window begins anew.
        match state.at {
            At::Gating { batch } => effects.push(enter(At::Gating { batch }, "measured anew: the supervisor was gone")),
            At::Verifying => effects.push(enter(At::Verifying, "measured anew: the supervisor was gone")),
            _ => {}
        }
        effects
    }
}

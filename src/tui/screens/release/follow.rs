//! From the run that is open to its release: the plan out of its spec, the state out of its own events.

use super::Shown;
use crate::release::event::Event;
use crate::release::launch;
use crate::release::machine::Machine;
use crate::release::state::Release;
use crate::release::supervise::Body;
use crate::run::{RunSpec, RunState};
use crate::tui::model::Model;
use crate::tui::model::screen::ScreenId;
use crate::tui::screens::run;

/// A run was opened: a release is shown on its own screen, every other run on that of runs.
pub fn opened(model: &mut Model) {
    let seen = run::opened(model).map(|(spec, state)| read(spec, state));
    match seen {
        Some(Some(Ok(shown))) => {
            model.release.shown = Some(shown);
            if model.is_at(ScreenId::Run) {
                swap(model, ScreenId::Release);
            }
        }
        Some(other) => {
            model.release.forget();
            if model.is_at(ScreenId::Release) {
                swap(model, ScreenId::Run);
            }
            // What can't be read as a release is still a run, with its steps and their output.
            if let Some(Err(why)) = other {
                model.toast(crate::tui::msg::Level::Error, why);
            }
        }
        None => {}
    }
    grown(model);
}

fn swap(model: &mut Model, screen: ScreenId) {
    model.stack.pop();
    model.show(screen);
}

/// `None`: it is no release.
fn read(spec: &RunSpec, state: &RunState) -> Option<Result<Shown, String>> {
    let body = launch::body(spec).map_err(|e| format!("the plan in the run's spec.yaml can't be read: {e}"));
    let shown = |Body { digest, submitter, plan, undoes }| {
        let machine = Machine { plan, digest, submitter, undoes: undoes.is_some() };
        let mut shown = Shown { machine, release: Release::default(), folded: 0, newer: false, alerts: vec![] };
        shown.take_in(state);
        shown
    };
    body.transpose().map(|body| body.map(shown))
}

/// The run has gained events.
pub fn grown(model: &mut Model) {
    let Some(mut shown) = model.release.shown.take() else { return };
    if let Some((_, state)) = run::opened(model) {
        shown.take_in(state);
    }
    let steps = if model.release.all_steps { vec![] } else { shown.steps() };
    model.release.shown = Some(shown);
    run::only_steps(model, steps);
}

impl Shown {
    /// Child processes of the batch (or slice of a rollback) that is, or was last, worked on.
    fn steps(&self) -> Vec<u32> {
        let Some(slice) = &self.release.slice else { return vec![] };
        self.release.steps.iter().skip(slice.first_step).filter_map(|step| step.child).collect()
    }

    /// Folds what was not yet.
    fn take_in(&mut self, state: &RunState) {
        for (ts, body) in state.own.iter().skip(self.folded) {
            match serde_json::from_str::<Event>(body) {
                Ok(event) => self.release.apply(*ts, &event),
                Err(e) => {
                    tracing::warn!("an event of the release is not known here: {e}");
                    self.newer = true;
                }
            }
        }
        self.folded = state.own.len();
    }
}

//! One release, live or past: its machine, stages, batches, traffic and gates above; the tasks of its hosts and the
//! output of its steps below, as on the Run screen. And all that a person can ask of it.

mod actions;
mod alerts;
mod batches;
mod boxes;
mod data;
mod dialog;
#[cfg(test)]
pub mod fixtures;
mod follow;
mod gates;
mod give;
mod keys;
mod layout;
#[cfg(test)]
mod looks;
mod machine;
mod questions;
mod refuse;
mod says;
pub mod signs;
mod stages;
mod steps;
#[cfg(test)]
mod tests;
mod traffic;
mod view;
mod words;

use super::{Request, Screen, ScreenId, run};
use crate::release::alerts::Beside;
use crate::release::machine::Machine;
use crate::release::state::{Release, Undo};
use crate::release::undo;
use crate::tui::model::Model;
pub use data::{Data, Effect, arrived};
pub use says::batches;
pub use words::{Line, wrap};

/// The screen. Its panes are the Run screen's, and so are their keys; the run that is open there is the release.
pub const SCREEN: Screen = Screen {
    crumbs: view::crumbs,
    actions: actions::ACTIONS,
    shared: run::PANES,
    typing: |m| m.release.dialog.is_some() || m.release.give.is_some() || (run::SCREEN.typing)(m),
    key: keys::key,
    paste: keys::paste,
    motion: run::SCREEN.motion,
    mouse: keys::mouse,
    enter: run::SCREEN.enter,
    leave: |m| (m.release.dialog, m.release.give) = (None, None),
    asked: |m, request| {
        match request {
            Request::RunOpened => follow::opened(m),
            Request::RunGrown => follow::grown(m),
            Request::Run(_) | Request::Again { .. } => {}
        }
        vec![]
    },
    settle: run::SCREEN.settle,
    panes: view::panes_area,
    ..Screen::plain(ScreenId::Release, view::view)
};

#[derive(Debug, Default)]
pub struct Live {
    shown: Option<Shown>,
    /// What is asked of the person.
    dialog: Option<dialog::Dialog>,
    /// Passwords that are asked of the person.
    give: Option<give::Give>,
    /// Tasks of every batch are shown, not only of the one in work.
    all_steps: bool,
    /// A verb that was sent and has no answer yet.
    busy: Option<&'static str>,
}

/// A release as far as it was read.
#[derive(Debug)]
pub(super) struct Shown {
    /// Its machine: the plan, and what would be answered to a verb.
    machine: Machine,
    release: Release,
    /// Events of its own that were taken in.
    folded: usize,
    /// Some of them are of a newer opsdeck, and left out.
    newer: bool,
    /// Alerts of other systems beside it.
    alerts: Vec<Beside>,
}

impl Shown {
    /// Can it be undone now?
    fn undo(&self, now: i64) -> Undo {
        undo::undo(&self.machine.plan, &self.release, now)
    }
}

impl Live {
    /// Another run is open: nothing of this one stays.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

/// The release that is open, if one is.
fn shown(model: &Model) -> Option<&Shown> {
    model.release.shown.as_ref()
}

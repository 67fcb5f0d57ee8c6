//! What can be done on the list of runs.

use super::{Runs, refresh};
use crate::tui::actions::Action;
use crate::tui::effect::Effect;
use crate::tui::model::Model;
use crate::tui::model::screen::Request;

pub const ACTIONS: &[Action] = &[
    Action::new("runs.open", &["enter"], "open", "Open the run: its state, its hosts and tasks, its output", open)
        .hint(80)
        .unless(none),
    Action::new("runs.filter", &["/"], "filter", "Show only runs whose line holds these words", |m| {
        m.runs.typing = true;
        vec![]
    })
    .hint(70),
    Action::new("runs.live", &["v"], "live", "Show only runs that have not ended, or all", |m| {
        m.runs.live_only = !m.runs.live_only;
        refresh(m);
        vec![]
    })
    .hint(50),
    Action::new(
        "runs.group",
        &["b"],
        "group",
        "Put runs in groups by state, the most urgent first, or in one list",
        |m| {
            m.runs.grouped = !m.runs.grouped;
            refresh(m);
            vec![]
        },
    )
    .hint(45),
    Action::new(
        "runs.sort",
        &["o"],
        "sort",
        "Change the order: newest, longest, most failures, name, operator, number",
        |m| {
            m.runs.sort = m.runs.sort.next();
            refresh(m);
            vec![]
        },
    )
    .hint(40),
    Action::new("runs.copy", &["y"], "copy id", "Copy the run's id to the clipboard", |m| {
        m.runs.current().map(|i| Effect::Copy(i.row.id.to_string())).into_iter().collect()
    })
    .unless(none),
];

fn none(model: &Model) -> Option<String> {
    match &model.runs {
        Runs { items: None, .. } => Some("the list is not read yet".into()),
        runs if runs.current().is_none() => Some("no run under the cursor".into()),
        _ => None,
    }
}

/// Opens the run under the cursor.
pub fn open(model: &mut Model) -> Vec<Effect> {
    match model.runs.current().map(|i| i.row.id) {
        Some(id) => model.ask(Request::Run(id)),
        None => vec![],
    }
}

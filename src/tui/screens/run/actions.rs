//! What can be done with an ad-hoc or playbook run as a whole.

use super::look::unread;
use super::{Effect, stop};
use crate::run::rerun::unfinished;
use crate::tui::actions::Action;
use crate::tui::effect;
use crate::tui::model::Model;

type Effects = Vec<effect::Effect>;

pub const ACTIONS: &[Action] = &[
    Action::new(
        "run.stop",
        &["s"],
        "stop...",
        "Stop the run: a ladder of three, each with what it leaves behind",
        |m| {
            m.run.stop = Some(0);
            vec![]
        },
    )
    .hint(75)
    .unless(stop::why_not),
    Action::new("run.copy", &["y"], "copy command", "Copy the exact command to the clipboard", |m| {
        m.run.opened.as_ref().map(|o| effect::Effect::Copy(super::view::command(o))).into_iter().collect()
    })
    .unless(unread),
    Action::new("run.rerun", &["R"], "rerun", "Open the form to launch the same again, on all its hosts", |m| {
        rerun(m, false)
    })
    .hint(45)
    .unless(no_rerun),
    Action::new(
        "run.rerun-failed",
        &["r"],
        "rerun failed",
        "Open the form to launch the same again on the hosts that failed or did not come to an end",
        |m| rerun(m, true),
    )
    .hint(65)
    .unless(no_failed),
];

/// A run can be repeated when it ended, and only where it was launched from.
fn no_rerun(model: &Model) -> Option<String> {
    let Some(o) = &model.run.opened else { return unread(model) };
    if !o.state.state.is_terminal() && model.run.is_watched() {
        return Some("it has not ended".into());
    }
    if model.read_only {
        return Some("this console is read-only (--read-only)".into());
    }
    if o.spec.cwd != model.project.root {
        return Some(format!("it belongs to another project: {}", o.spec.cwd.display()));
    }
    let nowhere = || format!("its inventory is of no environment here: `opsdeck rerun {}`", o.spec.id);
    o.env.is_none().then(nowhere)
}

fn no_failed(model: &Model) -> Option<String> {
    no_rerun(model).or_else(|| {
        let none = model.run.opened.as_ref().is_none_or(|o| unfinished(&o.spec, &o.state).is_empty());
        none.then(|| "every host came to its end".into())
    })
}

fn rerun(model: &mut Model, failed_hosts: bool) -> Effects {
    model.run.id.map(|id| effect::Effect::Run(Effect::Again { id, failed_hosts })).into_iter().collect()
}

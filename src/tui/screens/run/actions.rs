//! What can be done with an ad-hoc or playbook run as a whole.

use super::look::unread;
use super::{Effect, stop};
use crate::run::rerun::unfinished;
use crate::tui::actions::{Action, Danger};
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::widgets::paint::of;

type Effects = Vec<effect::Effect>;

/// Its actions.
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
        m.run.opened.as_ref().map(|o| effect::Effect::Copy(super::view::command(&o.spec))).into_iter().collect()
    })
    .unless(unread),
    Action::new("run.rerun", &["R"], "rerun", "Launch the same again, on all its hosts", |m| rerun(m, false))
        .hint(45)
        .unless(no_rerun)
        .asks(Danger::TypeName, |m| question(m, false)),
    Action::new(
        "run.rerun-failed",
        &["r"],
        "rerun failed",
        "Launch the same again on the hosts that failed or did not come to an end",
        |m| rerun(m, true),
    )
    .hint(65)
    .unless(no_failed)
    .asks(Danger::TypeName, |m| question(m, true)),
];

/// A run can be repeated when it ended, and only where it was launched from.
fn no_rerun(model: &Model) -> Option<String> {
    let Some(o) = &model.run.opened else { return unread(model) };
    if !o.state.state.is_terminal() && model.run.is_watched() {
        return Some("it has not ended".into());
    }
    if !o.spec.secrets.is_empty() {
        // They were never kept, and this screen asks for none.
        return Some(format!("it needs {}: use `opsdeck rerun`, which asks", o.spec.secrets.join(", ")));
    }
    (o.spec.cwd != model.project.root).then(|| format!("it belongs to another project: {}", o.spec.cwd.display()))
}

fn no_failed(model: &Model) -> Option<String> {
    no_rerun(model).or_else(|| {
        let none = model.run.opened.as_ref().is_none_or(|o| unfinished(&o.spec, &o.state).is_empty());
        none.then(|| "every host came to its end".into())
    })
}

fn question(model: &Model, failed_hosts: bool) -> Vec<String> {
    let Some(o) = &model.run.opened else { return vec![] };
    let failed = unfinished(&o.spec, &o.state);
    let on = if failed_hosts {
        let names = failed.iter().take(8).cloned().collect::<Vec<_>>().join(" ");
        let more = if failed.len() > 8 { format!(" and {} more", failed.len() - 8) } else { String::new() };
        format!(
            "On the {} that failed, were not reached or did not come to an end: {names}{more}",
            of(failed.len() as u64, "host")
        )
    } else {
        format!("On all its hosts ({})", o.spec.hosts.as_ref().map_or("not known".into(), |h| h.len().to_string()))
    };
    let limit = if failed_hosts { "  --limit <those hosts>" } else { "" };
    let mut lines = vec![format!("$ {}{limit}", super::view::command(&o.spec)), on];
    if o.spec.work.check() {
        lines.push("CHECK MODE: it changes nothing.".into());
    }
    lines
}

fn rerun(model: &mut Model, failed_hosts: bool) -> Effects {
    model.run.id.map(|id| effect::Effect::Run(Effect::Rerun { id, failed_hosts })).into_iter().collect()
}

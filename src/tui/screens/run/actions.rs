//! What can be done with a run.

use super::{Effect, Pane, Typing, logs, stop};
use crate::run::event::Status;
use crate::run::rerun::unfinished;
use crate::run::state::CellStatus;
use crate::tui::actions::{Action, Danger};
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::widgets::order::first_error;
use crate::tui::widgets::paint::of;

type Effects = Vec<effect::Effect>;

/// Its actions.
pub const ACTIONS: &[Action] = &[
    Action::new("run.first-error", &["e"], "first error", "Go to the first error and unfold it", first)
        .hint(80)
        .unless(no_error),
    Action::new("run.next-error", &["E"], "next error", "Go to the next error after the cursor and unfold it", next)
        .hint(30)
        .unless(no_error),
    Action::new("run.result", &["enter"], "result", "Unfold the result under the cursor: message, output, diff", show)
        .hint(70)
        .unless(unread),
    Action::new("run.unfold", &["u"], "unfold", "Show all lines of the result, or only the first forty", |m| {
        if let Some(shown) = &mut m.run.result {
            (shown.unfolded, shown.top) = (!shown.unfolded, 0);
        }
        vec![]
    })
    .unless(|m| m.run.result.is_none().then(|| "no result is shown".into())),
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
    Action::new("run.pane", &["tab"], "pane", "Give the keys to the next part of the screen", pane).hint(40),
    Action::new("run.zoom", &["z"], "zoom", "Give the whole screen to this part, or share it again", |m| {
        m.run.zoom = !m.run.zoom;
        vec![]
    })
    .hint(20),
    Action::new("run.by-host", &["v"], "hosts", "Show a row a host, or the matrix of hosts by tasks", |m| {
        m.run.by_host = !m.run.by_host;
        vec![]
    })
    .hint(60)
    .unless(unread),
    Action::new("run.failing-first", &["F"], "failing first", "Put failing hosts and tasks first, or back", |m| {
        m.run.wish.failing_first = !m.run.wish.failing_first;
        m.run.reorder();
        vec![]
    })
    .hint(25)
    .unless(unread),
    Action::new("run.failed-only", &["x"], "failed only", "Show only hosts and tasks that failed, or all", |m| {
        m.run.wish.failed_only = !m.run.wish.failed_only;
        m.run.reorder();
        let failed = m.run.wish.failed_only;
        logs::filter(m, |f| f.failed = failed);
        vec![]
    })
    .hint(50)
    .unless(unread),
    Action::new("run.host", &["H"], "host", "Show only hosts whose name holds a text", |m| logs::ask(m, Typing::Host))
        .hint(35)
        .unless(unread),
    Action::new("run.search", &["/"], "search", "Search the output; n and N go to the next match and back", |m| {
        logs::ask(m, Typing::Search)
    })
    .hint(62)
    .unless(unread),
    Action::new("run.next-match", &["n"], "next match", "Go to the next match in the output", |m| {
        m.run.log.next_match(false);
        vec![]
    }),
    Action::new("run.previous-match", &["N"], "match before", "Go to the match before in the output", |m| {
        m.run.log.next_match(true);
        vec![]
    }),
    Action::new(
        "run.only",
        &["&"],
        "lines",
        "Show only lines of the output that match a text, or with ! none of them",
        |m| logs::ask(m, Typing::Only),
    )
    .unless(unread),
    Action::new("run.follow", &["f"], "follow", "Follow the end of the output, or stop where it is", |m| {
        m.run.log.toggle_follow();
        vec![]
    })
    .hint(55),
    Action::new("run.wrap", &["w"], "wrap", "Fold long lines of the output, or cut them", |m| {
        m.run.log.wrap = !m.run.log.wrap;
        vec![]
    })
    .hint(22),
    Action::new("run.time", &["t"], "time", "Show when each line of the output came", |m| {
        m.run.log.time = !m.run.log.time;
        vec![]
    })
    .hint(18),
    Action::new("run.mark", &["m"], "mark", "Mark the line of the output, or take its mark away", |m| {
        m.run.log.toggle_mark();
        vec![]
    }),
    Action::new("run.copy-lines", &["Y"], "copy lines", "Copy the marked lines of the output", logs::copy).unless(
        |m| {
            let none = m.run.log.marks().next().is_none() && m.run.log.line().is_none();
            none.then(|| "no line is marked".into())
        },
    ),
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

fn unread(model: &Model) -> Option<String> {
    model.run.state().is_none().then(|| "the run is not read yet".into())
}

fn no_error(model: &Model) -> Option<String> {
    unread(model).or_else(|| model.run.state().and_then(first_error).is_none().then(|| "nothing failed".into()))
}

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
    if o.spec.ask.common().check {
        lines.push("CHECK MODE: it changes nothing.".into());
    }
    lines
}

fn rerun(model: &mut Model, failed_hosts: bool) -> Effects {
    model.run.id.map(|id| effect::Effect::Run(Effect::Rerun { id, failed_hosts })).into_iter().collect()
}

fn pane(model: &mut Model) -> Effects {
    model.run.pane = match model.run.focus() {
        Pane::Grid if model.run.result.is_some() => Pane::Result,
        Pane::Grid | Pane::Result => Pane::Log,
        Pane::Log => Pane::Grid,
    };
    vec![]
}

/// Unfolds what stands under the cursor. In the list of hosts: its failure, else the task it did last.
pub fn show(model: &mut Model) -> Effects {
    let run = &mut model.run;
    run.chosen = true;
    let Some((mut task, host)) = run.under_cursor().or_else(|| Some((0, *run.order.hosts.get(run.cursor.host)?)))
    else {
        return vec![];
    };
    if run.by_host
        && let Some(state) = run.state()
        && let Some((_, h)) = state.hosts.get_index(host as usize)
    {
        let had = |t: &u32| state.tasks[*t as usize].cell(host as usize).step > 0;
        let last = (0..u32::try_from(state.tasks.len()).unwrap_or(0)).rev().find(had);
        task = h.failed.as_ref().map(|(t, _)| *t).or(last).unwrap_or(task);
    }
    run.unfold(task, host)
}

fn first(model: &mut Model) -> Effects {
    let Some((task, host)) = model.run.state().and_then(first_error) else { return vec![] };
    let run = &mut model.run;
    if let Some(o) = run.opened.as_ref().filter(|o| o.log.errors() > 0) {
        run.log.first_error(&o.log);
    }
    goto(model, task, host)
}

fn goto(model: &mut Model, task: u32, host: u32) -> Effects {
    model.run.chosen = true;
    model.run.jump(task, host);
    model.run.unfold(task, host)
}

/// The next failed cell after the cursor, by task and then by host; after the last one the first again.
fn next(model: &mut Model) -> Effects {
    let failed = [CellStatus::from(Status::Failed), CellStatus::from(Status::Unreachable)];
    let at = model.run.result.as_ref().map(|r| (r.task, r.host)).or_else(|| model.run.under_cursor());
    let Some(state) = model.run.state() else { return vec![] };
    let hosts = u32::try_from(state.hosts.len()).unwrap_or(0);
    let errors =
        (0u32..).zip(&state.tasks).filter(|(_, t)| crate::tui::widgets::order::task_failed(t)).flat_map(|(t, task)| {
            (0..hosts).filter(move |h| failed.contains(&task.cell(*h as usize).status)).map(move |h| (t, h))
        });
    let found = errors.clone().find(|e| Some(*e) > at).or_else(|| errors.clone().next());
    match found {
        Some((task, host)) => goto(model, task, host),
        None => first(model),
    }
}

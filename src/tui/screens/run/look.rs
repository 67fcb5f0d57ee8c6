//! Looking at a run: errors, results, panes, filters, the output. The same for every kind of run.

use super::{Pane, Typing, groups, logs};
use crate::run::event::Status;
use crate::run::state::CellStatus;
use crate::tui::actions::Action;
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::widgets::order::first_error;

type Effects = Vec<effect::Effect>;

/// What is done with the panes of a run. Another screen that shows them may use a key of theirs for something of its
/// own: each that is likely to be taken has a second one.
pub const PANES: &[Action] = &[
    Action::new("run.first-error", &["e"], "first error", "Go to the first error and unfold it", first)
        .hint(80)
        .unless(no_error),
    Action::new("run.next-error", &["E"], "next error", "Go to the next error after the cursor and unfold it", next)
        .hint(30)
        .unless(no_error),
    Action::new("run.result", &["enter"], "result", "Unfold the result under the cursor: message, output, diff", show)
        .hint(70)
        .unless(unread),
    Action::new("run.unfold", &["u", "U"], "unfold", "Show all lines of the result, or only the first forty", |m| {
        if let Some(shown) = &mut m.run.result {
            (shown.unfolded, shown.top) = (!shown.unfolded, 0);
        }
        vec![]
    })
    .unless(|m| m.run.result.is_none().then(|| "no result is shown".into())),
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
    Action::new("run.by-group", &["o"], "outputs", "Show what the hosts said: equal output is one group", |m| {
        m.run.by_group = !m.run.by_group;
        groups::ask(&mut m.run)
    })
    .hint(16)
    .unless(unread),
    Action::new("run.failing-first", &["F"], "failing first", "Put failing hosts and tasks first, or back", |m| {
        m.run.wish.failing_first = !m.run.wish.failing_first;
        m.run.reorder();
        vec![]
    })
    .hint(25)
    .unless(unread),
    Action::new("run.failed-only", &["x", "X"], "failed only", "Show only hosts and tasks that failed, or all", |m| {
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
    Action::new("run.previous-match", &["N", "b"], "match before", "Go to the match before in the output", |m| {
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
    Action::new("run.time", &["t", "ctrl-t"], "time", "Show when each line of the output came", |m| {
        m.run.log.time = !m.run.log.time;
        vec![]
    })
    .hint(18),
    Action::new("run.mark", &["m", "M"], "mark", "Mark the line of the output, or take its mark away", |m| {
        m.run.log.toggle_mark();
        vec![]
    }),
    Action::new("run.copy-lines", &["Y"], "copy lines", "Copy the marked lines of the output", logs::copy).unless(
        |m| {
            let none = m.run.log.marks().next().is_none() && m.run.log.line().is_none();
            none.then(|| "no line is marked".into())
        },
    ),
];

/// The run was not read yet.
pub(super) fn unread(model: &Model) -> Option<String> {
    model.run.state().is_none().then(|| "the run is not read yet".into())
}

fn no_error(model: &Model) -> Option<String> {
    unread(model).or_else(|| model.run.state().and_then(first_error).is_none().then(|| "nothing failed".into()))
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

//! Movement, the host filter's keys and the mouse on the Run screen.

use super::{GRID, GROUPS, HOSTS, LOG, PACK, RESULT};
use super::{Pane, Typing, logs, stop};
use crate::tui::effect::Effect;
use crate::tui::hits::Target;
use crate::tui::list::Motion;
use crate::tui::model::Model;
use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};

const ROW: isize = 1;

/// A movement in the pane that has the keys.
pub fn motion(model: &mut Model, motion: Motion) -> Vec<Effect> {
    let at = model.run.focus();
    let page = model.page(match (at, model.run.by_host) {
        (Pane::Grid, _) if model.run.by_group => GROUPS,
        (Pane::Result, _) => RESULT,
        (Pane::Log, _) => LOG,
        (Pane::Grid, true) => HOSTS,
        (Pane::Grid, false) => GRID,
    });
    match at {
        Pane::Grid => grid(model, motion, page),
        Pane::Result => scroll(model, motion, page),
        Pane::Log => log(model, motion),
    }
    vec![]
}

fn log(model: &mut Model, motion: Motion) {
    let pane = &mut model.run.log;
    match motion {
        Motion::Up => pane.step(-ROW),
        Motion::Down => pane.step(ROW),
        Motion::PageUp => pane.page(-1),
        Motion::PageDown => pane.page(1),
        Motion::First => pane.home(),
        Motion::Last => pane.end(),
        Motion::Left => pane.right(-8),
        Motion::Right => pane.right(8),
    }
}

fn step(at: usize, motion: Motion, len: usize, page: usize) -> usize {
    let last = len.saturating_sub(1);
    match motion {
        Motion::Up | Motion::Left => at.saturating_sub(1),
        Motion::Down | Motion::Right => at + 1,
        Motion::PageUp => at.saturating_sub(page),
        Motion::PageDown => at + page,
        Motion::First => 0,
        Motion::Last => last,
    }
    .min(last)
}

fn grid(model: &mut Model, motion: Motion, page: usize) {
    let run = &mut model.run;
    let (tasks, hosts) = (run.order.tasks.len(), run.order.hosts.len());
    if run.by_group {
        let rows = run.groups.rows();
        run.groups.top = step(run.groups.top, motion, rows, page).min(rows.saturating_sub(page.max(1)));
        return;
    }
    match (run.by_host, motion) {
        (true, Motion::Left | Motion::Right) => {}
        (true, _) => run.cursor.host = step(run.cursor.host, motion, hosts, page),
        (false, Motion::Left | Motion::Right) => run.cursor.host = step(run.cursor.host, motion, hosts, page),
        (false, _) => {
            run.cursor.task = step(run.cursor.task, motion, tasks, page);
            // Back on the newest task it goes on following.
            run.follow = run.cursor.task + 1 >= tasks;
        }
    }
}

fn scroll(model: &mut Model, motion: Motion, page: usize) {
    let len = model.hits.len(RESULT);
    let Some(shown) = &mut model.run.result else { return };
    let last = len.saturating_sub(page);
    shown.top = step(shown.top.min(last), motion, len, page).min(last);
}

/// A key that no action has, or one while something is typed or chosen.
pub fn key(model: &mut Model, key: KeyEvent) -> Option<Vec<Effect>> {
    if model.run.stop.is_some() {
        return Some(stop::key(model, key));
    }
    let typing = model.run.typing;
    if typing == Typing::No {
        return None;
    }
    match key.code {
        KeyCode::Enter => {
            model.run.typing = Typing::No;
            let text = model.run.line.text().to_owned();
            match typing {
                Typing::Search => logs::search(model, &text),
                Typing::Only => logs::only(model, &text),
                Typing::Host | Typing::No => {}
            }
        }
        KeyCode::Esc => {
            model.run.typing = Typing::No;
            if typing == Typing::Host {
                model.run.line.set("");
                host(model);
            }
        }
        _ => {
            if model.run.line.key(key)? {
                typed(model);
            }
        }
    }
    Some(vec![])
}

/// What is typed for hosts holds at once; a search waits for Enter.
pub fn typed(model: &mut Model) {
    if model.run.typing == Typing::Host {
        host(model);
    }
}

fn host(model: &mut Model) {
    model.run.wish.host = model.run.line.text().to_owned();
    model.run.reorder();
    logs::same_hosts(model);
}

pub fn mouse(model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<Effect> {
    let click = event.kind == MouseEventKind::Down(MouseButton::Left);
    if model.run.stop.is_some() {
        return match target {
            Some(Target::Part { part: stop::PART, index }) if click => stop::choose(model, index),
            None if click => {
                model.run.stop = None;
                vec![]
            }
            _ => vec![],
        };
    }
    match (event.kind, target) {
        (MouseEventKind::ScrollUp | MouseEventKind::ScrollDown, Some(Target::Row { list: LOG, .. })) => {
            model.run.log.step(if event.kind == MouseEventKind::ScrollUp { -3 } else { 3 });
            vec![]
        }
        (_, Some(Target::Row { list: LOG, index })) if click => {
            model.run.pane = Pane::Log;
            if let Some(o) = &model.run.opened {
                model.run.log.click(&o.log, u16::try_from(index).unwrap_or(0));
            }
            vec![]
        }
        (MouseEventKind::ScrollUp, _) => motion(model, Motion::Up),
        (MouseEventKind::ScrollDown, _) => motion(model, Motion::Down),
        (_, Some(Target::Part { part: GRID, index })) if click => {
            // The place in the matrix, packed by the view: task and host.
            model.run.pane = Pane::Grid;
            (model.run.cursor.task, model.run.cursor.host) = (index / PACK, index % PACK);
            model.run.follow = false;
            super::look::show(model)
        }
        (_, Some(Target::Row { list: HOSTS, index })) if click => {
            (model.run.pane, model.run.cursor.host) = (Pane::Grid, index);
            super::look::show(model)
        }
        (_, Some(Target::Part { part: RESULT, .. } | Target::Row { list: RESULT, .. })) if click => {
            model.run.pane = Pane::Result;
            vec![]
        }
        _ => vec![],
    }
}

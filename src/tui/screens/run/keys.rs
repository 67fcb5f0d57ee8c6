//! Movement, the host filter's keys and the mouse on the Run screen.

use super::{Pane, stop};
use crate::tui::effect::Effect;
use crate::tui::hits::Target;
use crate::tui::list::Motion;
use crate::tui::model::Model;
use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};

/// Names of the parts in the hits. A cell of the matrix is found by its row (`CELLS`, the task's place) and by the
/// column under the pointer (`COLUMNS`, the host's place).
pub const GRID: &str = "run.grid";
/// The result pane.
pub const RESULT: &str = "run.result";
/// A row of the list of hosts.
pub const HOSTS: &str = "run.hosts";

/// A movement in the pane that has the keys.
pub fn motion(model: &mut Model, motion: Motion) -> Vec<Effect> {
    let page = model.page(match (model.run.pane, model.run.by_host) {
        (Pane::Result, _) => RESULT,
        (Pane::Grid, true) => HOSTS,
        (Pane::Grid, false) => GRID,
    });
    match model.run.pane {
        Pane::Grid => grid(model, motion, page),
        Pane::Result => scroll(model, motion, page),
    }
    vec![]
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
    let Some(shown) = &mut model.run.result else { return };
    let Some(Ok(lines)) = &shown.lines else { return };
    let cut = crate::tui::widgets::result::FOLDED;
    let len = if shown.unfolded { lines.len() } else { lines.len().min(cut + 1) };
    let last = len.saturating_sub(page);
    shown.top = step(shown.top.min(last), motion, len, page).min(last);
}

/// A key that no action has, or one while something is typed or chosen.
pub fn key(model: &mut Model, key: KeyEvent) -> Option<Vec<Effect>> {
    if model.run.stop.is_some() {
        return Some(stop::key(model, key));
    }
    if !model.run.typing {
        return None;
    }
    let run = &mut model.run;
    match key.code {
        KeyCode::Enter => run.typing = false,
        KeyCode::Esc => {
            run.typing = false;
            run.host.set("");
            run.reorder();
        }
        _ => {
            if run.host.key(key)? {
                run.reorder();
            }
        }
    }
    Some(vec![])
}

/// The mouse.
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
        (MouseEventKind::ScrollUp, _) => motion(model, Motion::Up),
        (MouseEventKind::ScrollDown, _) => motion(model, Motion::Down),
        (_, Some(Target::Part { part: GRID, index })) if click => {
            // The place in the matrix, packed by the view: task and host.
            model.run.pane = Pane::Grid;
            (model.run.cursor.task, model.run.cursor.host) = (index / PACK, index % PACK);
            model.run.follow = false;
            super::actions::show(model)
        }
        (_, Some(Target::Row { list: HOSTS, index })) if click => {
            (model.run.pane, model.run.cursor.host) = (Pane::Grid, index);
            super::actions::show(model)
        }
        (_, Some(Target::Part { part: RESULT, .. } | Target::Row { list: RESULT, .. })) if click => {
            model.run.pane = Pane::Result;
            vec![]
        }
        _ => vec![],
    }
}

/// Hosts that one task's row can have in a packed place.
pub const PACK: usize = 1 << 20;

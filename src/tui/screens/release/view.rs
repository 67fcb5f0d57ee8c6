//! The live view, drawn: the release above, the panes of the Run screen below.

use super::layout::{self, Part, Scene};
use super::{Shown, says, shown, words};
use crate::tui::hits::Hits;
use crate::tui::model::Model;
use crate::tui::screens::run;
use crate::tui::theme::Role;
use crate::tui::widgets::diagram;
use crate::tui::widgets::paint::{put_right, width};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Its part of the breadcrumbs.
pub fn crumbs(model: &Model) -> Vec<String> {
    shown(model).map(|s| format!("{} {}", s.machine.plan.service, s.machine.plan.version)).into_iter().collect()
}

fn scene<'a>(model: &'a Model, s: &'a Shown) -> Scene<'a> {
    Scene {
        plan: &s.machine.plan,
        release: &s.release,
        alerts: &s.alerts,
        undo: s.undo(model.now.ms),
        watched: run::watched(model),
        seen: run::seen(model),
        now: model.now.ms,
        theme: &model.theme,
    }
}

/// What is left for the panes.
fn rest(model: &Model, s: &Shown, body: Rect) -> Rect {
    if run::is_zoomed(model) { body } else { layout::plan(&scene(model, s), body).1 }
}

fn split(area: Rect) -> (Rect, Rect) {
    let title = Rect { height: 1.min(area.height), ..area };
    (title, Rect { y: area.y + title.height, height: area.height - title.height, ..area })
}

/// What is left for the panes of the run; `None` while no release was read.
pub fn panes_area(model: &Model, area: Rect) -> Option<Rect> {
    shown(model).map(|s| rest(model, s, split(area).1))
}

pub fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let Some(s) = shown(model) else { return (run::SCREEN.view)(model, frame, area, hits) };
    let theme = &model.theme;
    let inner = run::inner(area);
    let (head, body) = split(inner);
    let buf = frame.buffer_mut();
    let asked = says::asked(&s.release, model.now, model.absolute_time);
    let asked = if inner.width >= 60 { asked } else { String::new() };
    put_right(buf, theme, head.right(), head.y, head.width, &asked, theme.style(Role::Dim));
    let room = head.width.saturating_sub(width(&asked) + 1);
    says::title(&s.machine.plan, &s.release, inner.width >= 100).draw(theme, Rect { width: room, ..head }, buf);
    if !run::is_zoomed(model) {
        for (area, part) in layout::plan(&scene(model, s), body).0 {
            match part {
                Part::Machine(machine) => diagram::draw(&machine, theme, area, buf),
                Part::Lines(lines) => words::draw(&lines, theme, area, buf),
            }
        }
    }
    run::draw_panes(model, rest(model, s, body), frame, hits);
    if let Some(dialog) = &model.release.dialog {
        dialog.view(model, frame, area, hits);
    }
    if let Some(give) = &model.release.give {
        give.view(model, frame, area, hits);
    }
}

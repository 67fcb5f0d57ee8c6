//! The lower part of the Run screen: the matrix or the list of hosts, the result that is
//! unfolded, the output.

use super::plan::Plan;
use super::{Opened, Pane, Run, Typing};
use crate::text::human;
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::matrix::Frame as Ground;
use crate::tui::widgets::paint::{put, width};
use crate::tui::widgets::{hosts, log, matrix, result, sign};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the parts of the open run into an area of another screen.
pub fn draw_in(model: &Model, area: Rect, frame: &mut Frame, hits: &mut Hits) {
    if let Some(o) = &model.run.opened {
        view(model, o, &Plan::of_panes(&model.run, area), frame, hits);
    }
}

/// Draws the parts where the plan has them.
pub fn view(model: &Model, o: &Opened, plan: &Plan, frame: &mut Frame, hits: &mut Hits) {
    if let Some(area) = plan.grid {
        grid(model, o, area, frame, hits);
    }
    if let Some(area) = plan.result {
        unfolded(model, o, area, frame.buffer_mut(), hits);
    }
    if let Some(area) = plan.log {
        output(model, o, area, frame, hits);
    }
}

fn output(model: &Model, o: &Opened, area: Rect, frame: &mut Frame, hits: &mut Hits) {
    let (run, theme) = (&model.run, &model.theme);
    log::draw(&run.log, &o.log, theme, run.focus() == Pane::Log, area, frame.buffer_mut());
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    hits.list(super::LOG, body, 0, usize::from(body.height));
    prompt(run, run.typing, &[Typing::Search, Typing::Only], theme, area, frame);
}

/// The field of what is being typed, over the line above its pane.
fn prompt(run: &Run, typing: Typing, here: &[Typing], theme: &Theme, area: Rect, frame: &mut Frame) {
    if !here.contains(&typing) {
        return;
    }
    let x = put(
        frame.buffer_mut(),
        theme,
        area.x + 2,
        area.y,
        area.width.saturating_sub(4),
        typing.word(),
        theme.style(Role::Key),
    );
    let field = Rect { x, y: area.y, width: 32.min(area.right().saturating_sub(x)), height: 1.min(area.height) };
    run.line.view(theme, frame, field, true);
}

/// The line above a part; gives what is below it.
fn rule(theme: &Theme, area: Rect, title: &str, focus: bool, buf: &mut Buffer) -> Rect {
    let style = theme.style(if focus { Role::BorderFocus } else { Role::Border });
    let dash = if theme.ascii { "-" } else { "─" };
    put(buf, theme, area.x, area.y, area.width, &dash.repeat(usize::from(area.width)), style);
    let room = area.width.saturating_sub(4);
    let title = format!(" {title} ");
    let words = theme.style(if focus { Role::Title } else { Role::Dim });
    put(buf, theme, area.x + 2, area.y, room.min(width(&title)), &title, words);
    Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
}

fn grid(model: &Model, o: &Opened, area: Rect, frame: &mut Frame, hits: &mut Hits) {
    let (run, theme) = (&model.run, &model.theme);
    let here = run.focus() == Pane::Grid;
    let ground = Ground { theme, now: model.now.ms, focus: here, live: run.is_live() };
    let buf = frame.buffer_mut();
    if run.by_group {
        let body = rule(theme, area, &run.groups.title(), here, buf);
        run.groups.draw(theme, body, buf);
        hits.list(super::GROUPS, body, 0, run.groups.rows());
        return;
    }
    let mut title = vec![if run.by_host { "hosts".to_owned() } else { "tasks by hosts".to_owned() }];
    title.extend(run.wish.failing_first.then(|| "failing first".into()));
    title.extend(run.wish.failed_only.then(|| "failed only".into()));
    if !run.wish.host.is_empty() {
        title.push(format!("host: {}", run.wish.host));
    }
    let shown = |title: &[String]| title.join(" · ").replace('·', if theme.ascii { "|" } else { "·" });
    let body = rule(theme, area, &shown(&title), here, buf);
    if run.by_host {
        hosts::list(&o.state, &run.order, run.cursor.host, ground, body, buf);
        let rows = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
        let window = matrix::window(run.cursor.host, usize::from(rows.height), run.order.hosts.len());
        hits.list(super::HOSTS, rows, window.start, run.order.hosts.len());
    } else {
        let m = matrix::draw(&o.state, &run.order, run.cursor, ground, body, buf);
        hits.list(super::GRID, m.cells, 0, 0);
        for (t, y) in m.tasks.clone().zip(m.cells.y..) {
            for (h, x) in m.hosts.clone().zip((m.cells.x..).step_by(usize::from(m.step.max(1)))) {
                let cell = Rect { x, y, width: m.step, height: 1 };
                hits.add(cell, Target::Part { part: super::GRID, index: t * super::PACK + h });
            }
        }
        if m.hosts.len() < run.order.hosts.len() {
            let range =
                |from: usize, to: usize| format!("{}-{}", human::count(from as u64 + 1), human::count(to as u64));
            title.push(format!(
                "hosts {} of {}",
                range(m.hosts.start, m.hosts.end),
                human::count(run.order.hosts.len() as u64)
            ));
            rule(theme, area, &shown(&title), here, buf);
        }
    }
    prompt(run, run.typing, &[Typing::Host], theme, area, frame);
}

fn unfolded(model: &Model, o: &Opened, area: Rect, buf: &mut Buffer, hits: &mut Hits) {
    let (run, theme) = (&model.run, &model.theme);
    let Some(shown) = &run.result else { return };
    let here = run.focus() == Pane::Result;
    let host = o.state.hosts.get_index(shown.host as usize).map_or("?", |(name, _)| name.as_str());
    let task = o.state.tasks.get(shown.task as usize);
    let cell = task.map(|t| t.cell(shown.host as usize)).unwrap_or_default();
    let sign = sign::cell(cell.status);
    let name = task.map_or("?", |t| t.name.as_str());
    let here_from = format!("{}/", o.spec.cwd.display());
    let path = task.and_then(|t| t.path.as_deref()).map(|p| p.strip_prefix(&here_from).unwrap_or(p));
    let path = path.map(|p| format!("  {p}")).unwrap_or_default();
    let title = format!("{} {}  {host}: {name}{path}", sign.glyph(theme), sign.word);
    let body = rule(theme, area, &title, here, buf);
    let dim = theme.style(Role::Dim);
    match &shown.lines {
        Some(Ok(lines)) => {
            result::draw(lines, shown.top, shown.unfolded, theme, body, buf);
            hits.list(super::RESULT, body, 0, result::height(lines, shown.unfolded, body.width));
        }
        Some(Err(why)) => {
            let text = format!("{} {why}", sign::WARNING.glyph(theme));
            put(buf, theme, body.x, body.y, body.width, &text, theme.style(Role::Warning));
            hits.list(super::RESULT, body, 0, 0);
        }
        None => {
            put(buf, theme, body.x, body.y, body.width, "reading the result", dim);
        }
    }
}

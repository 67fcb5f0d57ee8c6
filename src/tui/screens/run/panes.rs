//! The lower part of the Run screen: the matrix or the list of hosts, and the result that is unfolded.

use super::{Opened, Pane, keys, view::focus};
use crate::text::human;
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::matrix::Frame as Ground;
use crate::tui::widgets::paint::{put, width};
use crate::tui::widgets::{hosts, matrix, result, sign};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Divides `area` and draws the parts.
pub fn view(model: &Model, o: &Opened, area: Rect, frame: &mut Frame, hits: &mut Hits) {
    if area.is_empty() {
        return;
    }
    let run = &model.run;
    let at = focus(run);
    // A low screen has room for one of them.
    let alone = run.zoom || area.height < 8 || run.result.is_none();
    if alone {
        match at {
            Pane::Grid => grid(model, o, area, frame, hits),
            Pane::Result => unfolded(model, o, area, frame.buffer_mut(), hits),
        }
        return;
    }
    let wanted = if run.by_host { run.order.hosts.len() } else { run.order.tasks.len() } + 2;
    let upper = u16::try_from(wanted).unwrap_or(u16::MAX).clamp(4, area.height / 2);
    grid(model, o, Rect { height: upper, ..area }, frame, hits);
    let lower = Rect { y: area.y + upper, height: area.height - upper, ..area };
    unfolded(model, o, lower, frame.buffer_mut(), hits);
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
    let here = focus(run) == Pane::Grid;
    let ground = Ground { theme, now: model.now.ms, focus: here, live: run.is_live() };
    let buf = frame.buffer_mut();
    let mut title = vec![if run.by_host { "hosts".to_owned() } else { "tasks by hosts".to_owned() }];
    title.extend(run.wish.failing_first.then(|| "failing first".into()));
    title.extend(run.wish.failed_only.then(|| "failed only".into()));
    if !run.host.text().is_empty() && !run.typing {
        title.push(format!("host: {}", run.host.text()));
    }
    let shown = |title: &[String]| title.join(" · ").replace('·', if theme.ascii { "|" } else { "·" });
    let body = rule(theme, area, &shown(&title), here, buf);
    if run.by_host {
        hosts::list(&o.state, &run.order, run.cursor.host, ground, body, buf);
        let rows = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
        let window = matrix::window(run.cursor.host, usize::from(rows.height), run.order.hosts.len());
        hits.list(keys::HOSTS, rows, window.start, run.order.hosts.len());
    } else {
        let m = matrix::draw(&o.state, &run.order, run.cursor, ground, body, buf);
        hits.list(keys::GRID, m.cells, 0, 0);
        for (t, y) in m.tasks.clone().zip(m.cells.y..) {
            for (h, x) in m.hosts.clone().zip((m.cells.x..).step_by(usize::from(m.step.max(1)))) {
                let cell = Rect { x, y, width: m.step, height: 1 };
                hits.add(cell, Target::Part { part: keys::GRID, index: t * keys::PACK + h });
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
    if run.typing {
        let x = put(buf, theme, area.x + 2, area.y, area.width.saturating_sub(4), " host: ", theme.style(Role::Key));
        let field = Rect { x, y: area.y, width: 24.min(area.right().saturating_sub(x)), height: 1 };
        run.host.view(theme, frame, field, true);
    }
}

fn unfolded(model: &Model, o: &Opened, area: Rect, buf: &mut Buffer, hits: &mut Hits) {
    let (run, theme) = (&model.run, &model.theme);
    let Some(shown) = &run.result else { return };
    let here = focus(run) == Pane::Result;
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
            hits.list(keys::RESULT, body, 0, lines.len());
        }
        Some(Err(why)) => {
            let text = format!("{} {why}", sign::WARNING.glyph(theme));
            put(buf, theme, body.x, body.y, body.width, &text, theme.style(Role::Warning));
            hits.list(keys::RESULT, body, 0, 0);
        }
        None => {
            put(buf, theme, body.x, body.y, body.width, "reading the result", dim);
        }
    }
}

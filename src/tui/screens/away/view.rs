//! What happened while the operator was away, drawn: what needs a look first.

use super::{Group, LIST};
use crate::text::human;
use crate::text::human::of;
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::screens::runs;
use crate::tui::theme::Role;
use crate::tui::widgets::matrix::window;
use crate::tui::widgets::paint::{put, row_style};
use crate::tui::widgets::when;
use ratatui::Frame;
use ratatui::layout::Rect;

/// A line of the screen.
enum Line {
    Title(Group, usize),
    Item(usize),
    Why(usize),
}

pub fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let (s, theme) = (&model.away, &model.theme);
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let buf = frame.buffer_mut();
    let title = format!("While you were away  {}", of(s.items.len() as u64, "run"));
    let x = put(buf, theme, area.x, area.y, area.width, &title, theme.style(Role::Title));
    let looked = match s.since {
        Some(since) if s.first => format!("  you never looked before: since {}", human::date_time(since)),
        Some(since) => format!("  you looked last {}", when::when(since, model.now, model.absolute_time)),
        None => String::new(),
    };
    put(buf, theme, x, area.y, area.right().saturating_sub(x), &looked, theme.style(Role::Dim));
    if s.items.is_empty() {
        let text = if s.since.is_some() { "No run began or ended." } else { "reading what happened" };
        put(buf, theme, area.x, area.y + 1, area.width, text, theme.style(Role::Dim));
        return;
    }
    let mut lines = Vec::new();
    for (i, item) in s.items.iter().enumerate() {
        let group = Group::of(item);
        if i == 0 || Group::of(&s.items[i - 1]) != group {
            lines.push(Line::Title(group, s.items.iter().filter(|i| Group::of(i) == group).count()));
        }
        lines.push(Line::Item(i));
        if group == Group::Bad && item.row.why.is_some() {
            lines.push(Line::Why(i));
        }
    }
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let at = lines.iter().position(|l| matches!(l, Line::Item(i) if *i == s.list.cursor)).unwrap_or(0);
    let shown = window(at, usize::from(body.height), lines.len());
    hits.list(LIST, body, 0, 0);
    let numbers = runs::numbers(s.items.iter(), body.width);
    for (line, y) in lines[shown].iter().zip(body.y..body.bottom()) {
        let row = Rect { y, height: 1, ..body };
        match line {
            Line::Title(group, n) => {
                let text = format!("{}  {}", group.title(), human::count(*n as u64));
                put(buf, theme, row.x, y, row.width, &text, theme.style(Role::Strong));
            }
            Line::Item(i) => {
                runs::line(model, &s.items[*i], numbers, row, buf);
                hits.add(row, Target::Part { part: LIST, index: *i });
                if *i == s.list.cursor {
                    row_style(buf, row, y, theme.style(Role::Cursor));
                }
            }
            Line::Why(i) => {
                let why = s.items[*i].row.why.as_deref().unwrap_or_default();
                put(buf, theme, row.x + 2, y, row.width.saturating_sub(2), why, theme.style(Role::Dim));
            }
        }
    }
}

//! The list of runs, drawn. Columns that matter less go first when the screen is narrow.

use super::{Item, LIST, Row};
use crate::text::human;
use crate::tui::hits::Hits;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::paint::{put, put_right, row_style};
use crate::tui::widgets::{sign, when};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

/// A column: its head, its columns, from which width on it is shown, and whether it stands to the right.
struct Column {
    head: &'static str,
    wide: u16,
    from: u16,
    right: bool,
    /// What stands in it, and as what.
    cell: fn(&Model, &Item) -> (String, Role),
}

/// Columns behind the name, from left to right.
const COLUMNS: &[Column] = &[
    Column { head: "ENV", wide: 10, from: 60, right: false, cell: |_, i| (env(i), Role::Text) },
    Column { head: "WHO", wide: 10, from: 90, right: false, cell: |_, i| (i.row.operator.clone(), Role::Text) },
    Column { head: "HOSTS", wide: 6, from: 100, right: true, cell: |_, i| number(i.row.hosts, Role::Text) },
    Column { head: "CHANGED", wide: 8, from: 120, right: true, cell: |_, i| number(i.row.changed, Role::Changed) },
    Column {
        head: "FAILED",
        wide: 6,
        from: 70,
        right: true,
        cell: |_, i| number(i.row.failed + i.row.unreachable, Role::Failed),
    },
    Column { head: "TOOK", wide: 8, from: 76, right: true, cell: took },
    Column { head: "BEGAN", wide: 12, from: 40, right: true, cell: began },
];

const STATE_W: u16 = 14;
/// From this width on, numbers stand in front of the states.
const NUMBERS_FROM: u16 = 70;

fn env(item: &Item) -> String {
    item.row.environment.clone().unwrap_or_else(|| "-".into())
}

fn number(n: u32, role: Role) -> (String, Role) {
    (human::count(n.into()), if n == 0 { Role::Dim } else { role })
}

fn took(model: &Model, item: &Item) -> (String, Role) {
    let row = &item.row;
    match (row.started_at, row.ended_at) {
        (Some(from), Some(to)) => (human::clock(to - from), Role::Text),
        (Some(from), None) if item.watched && !item.is_only_watched() => {
            (human::clock(model.now.ms - from), Role::Running)
        }
        _ => ("-".into(), Role::Dim),
    }
}

fn began(model: &Model, item: &Item) -> (String, Role) {
    (when::when(item.row.started_at.unwrap_or(item.row.created_at), model.now, model.absolute_time), Role::Dim)
}

pub fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let (s, theme) = (&model.runs, &model.theme);
    let buf = frame.buffer_mut();
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let head = Rect { height: 1, ..area };
    let title = format!(
        "{}, {}{}",
        human::count(s.rows.len() as u64),
        s.sort.word(),
        if s.live_only { ", live only" } else { "" }
    );
    let x = put(buf, theme, head.x, head.y, head.width, "Runs  ", theme.style(Role::Title));
    let x = put(buf, theme, x, head.y, head.right().saturating_sub(x), &title, theme.style(Role::Dim));
    if let Some(why) = &s.problem {
        let text = format!("  {} {why}", sign::WARNING.glyph(theme));
        put(buf, theme, x, head.y, head.right().saturating_sub(x), &text, theme.style(Role::Warning));
    }
    let mut top = head.y + 1;
    if s.typing || !s.filter.text().is_empty() {
        let x = put(buf, theme, area.x, top, area.width, "/ ", theme.style(Role::Key));
        let field = Rect { x, y: top, width: area.right().saturating_sub(x), height: 1 };
        s.filter.view(theme, frame, field, s.typing);
        top += 1;
    }
    let buf = frame.buffer_mut();
    let numbers = numbers(s.items.iter().flatten(), area.width);
    heads(model, numbers, Rect { y: top, height: 1, ..area }, buf);
    let body = Rect { y: top + 1, height: area.bottom().saturating_sub(top + 1), ..area };
    let Some(items) = &s.items else {
        put(buf, theme, body.x, body.y, body.width, "reading the list of runs", theme.style(Role::Dim));
        return;
    };
    if s.rows.is_empty() {
        let text = match (items.is_empty(), s.live_only && s.filter.text().is_empty()) {
            (true, _) => "No run yet. What you launch is listed here, for everybody on this control host.",
            (_, true) => "Nothing is running.",
            _ => "No run matches.",
        };
        put(buf, theme, body.x, body.y, body.width, text, theme.style(Role::Dim));
        return;
    }
    let window = s.list.window(s.rows.len(), usize::from(body.height));
    hits.list(LIST, body, window.start, s.rows.len());
    for (i, y) in window.zip(body.y..body.bottom()) {
        let row = Rect { y, height: 1, ..body };
        match s.rows[i] {
            Row::Head { state, unwatched, count } => {
                let sign = sign::run(state, !unwatched);
                let text = format!("{} {}", sign.text(theme), human::count(count as u64));
                put(buf, theme, row.x, y, row.width, &text, theme.style(sign.role).add_modifier(Modifier::BOLD));
            }
            Row::Run(n) => line(model, &items[n], numbers, row, buf),
        }
        if i == s.list.cursor {
            row_style(buf, row, y, theme.style(Role::Cursor));
        }
    }
}

/// The columns that are shown at a width, each with the column behind its end.
fn layout(area: Rect) -> (u16, Vec<(&'static Column, u16)>) {
    let shown: Vec<&Column> = COLUMNS.iter().filter(|c| area.width >= c.from).collect();
    let mut at = area.right().saturating_sub(shown.iter().map(|c| c.wide + 1).sum());
    let name_end = at;
    let ends = shown.into_iter().map(|c| {
        at += c.wide + 1;
        (c, at)
    });
    (name_end, ends.collect())
}

/// Columns that the numbers of these runs take at a width: the longest of them and a space, or none.
pub fn numbers<'a>(items: impl Iterator<Item = &'a Item>, width: u16) -> u16 {
    match items.filter_map(|item| item.row.number).max() {
        Some(most) if width >= NUMBERS_FROM => format!("#{most} ").len() as u16,
        _ => 0,
    }
}

fn heads(model: &Model, numbers: u16, area: Rect, buf: &mut ratatui::buffer::Buffer) {
    let (theme, style) = (&model.theme, model.theme.style(Role::Title));
    let (_, columns) = layout(area);
    put(buf, theme, area.x, area.y, numbers, "#", style);
    let x = area.x + numbers;
    put(buf, theme, x, area.y, area.right().saturating_sub(x), "STATE", style);
    put(buf, theme, x + STATE_W, area.y, area.right().saturating_sub(x + STATE_W), "WHAT", style);
    for (c, end) in columns {
        if c.right {
            put_right(buf, theme, end, area.y, c.wide, c.head, style);
        } else {
            put(buf, theme, end - c.wide, area.y, c.wide, c.head, style);
        }
    }
}

/// One run in a line, with as many columns as there is room for; `numbers` of them are its number's.
pub fn line(model: &Model, item: &Item, numbers: u16, area: Rect, buf: &mut ratatui::buffer::Buffer) {
    let theme = &model.theme;
    let sign = item.sign();
    let number = item.row.number.map(|number| format!("#{number}")).unwrap_or_default();
    put(buf, theme, area.x, area.y, numbers, &number, theme.style(Role::Dim));
    put(buf, theme, area.x + numbers, area.y, STATE_W - 1, &sign.text(theme), theme.style(sign.role));
    let (name_end, columns) = layout(area);
    let mut x = area.x + numbers + STATE_W;
    if item.row.check {
        x = put(
            buf,
            theme,
            x,
            area.y,
            name_end.saturating_sub(x),
            "CHECK ",
            theme.style(Role::Warning).add_modifier(Modifier::BOLD),
        );
    }
    put(buf, theme, x, area.y, name_end.saturating_sub(x), &item.row.title, theme.style(Role::Strong));
    for (c, end) in columns {
        let (text, role) = (c.cell)(model, item);
        if c.right {
            put_right(buf, theme, end, area.y, c.wide, &text, theme.style(role));
        } else {
            put(buf, theme, end - c.wide, area.y, c.wide, &text, theme.style(role));
        }
    }
}

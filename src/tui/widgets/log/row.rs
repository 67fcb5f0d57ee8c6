//! One line of a log on the screen: its pieces, colours, wrapping, scrolling, matches.

use crate::run::log::{Class, LogStore};
use crate::text::{self, Color as Ink, Line, Sgr};
use crate::tui::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use regex::Regex;

/// Bytes to read for so many columns: colours and wide characters take more than one a column.
fn cap(columns: usize) -> usize {
    columns.saturating_mul(8).saturating_add(512).min(text::LINE_CAP)
}

/// A line's text, or what is wrong with its file.
pub(super) fn load(store: &LogStore, line: usize, columns: usize, ascii: bool) -> Line {
    store.line(line, cap(columns), ascii).unwrap_or_else(|e| {
        let text = text::plain(&format!("(cannot be read: {e})")).into_owned();
        Line { spans: vec![text::Span { text, style: Sgr::default() }], more: 0 }
    })
}

/// Rows of the screen that a wrapped line takes.
pub(super) fn height(store: &LogStore, line: usize, columns: usize) -> usize {
    match store.info(line) {
        // Bytes are never fewer than columns, except for tabs.
        Some(info) if info.len <= (columns / 8) as u64 => 1,
        None => 1,
        Some(_) => text::wrap(&load(store, line, text::LINE_CAP, false).text(), columns).len(),
    }
}

/// The colour of a line by what it is; hosts' own colours count only where that says nothing.
pub(super) fn role(class: Class, continued: bool) -> Option<Role> {
    Some(match class {
        _ if continued => return None,
        Class::PlayHeader | Class::TaskHeader => Role::Title,
        Class::Ok => Role::Ok,
        Class::Changed => Role::Changed,
        Class::Failed => Role::Failed,
        Class::Unreachable => Role::Unreachable,
        Class::Skipped => Role::Skipped,
        Class::Warning => Role::Warning,
        Class::Stderr => Role::Warning,
        Class::Normal | Class::Recap => return None,
    })
}

fn ink(color: Ink) -> Color {
    match color {
        Ink::Ansi(n) | Ink::Indexed(n) => Color::Indexed(n),
        Ink::Rgb(r, g, b) => Color::Rgb(r, g, b),
    }
}

fn styled(base: Style, sgr: Sgr, own_colours: bool) -> Style {
    let mut style = base;
    if own_colours {
        style.fg = sgr.fg.map(ink).or(style.fg);
        style.bg = sgr.bg.map(ink).or(style.bg);
    }
    for (on, attr) in [
        (sgr.bold, Modifier::BOLD),
        (sgr.dim, Modifier::DIM),
        (sgr.italic, Modifier::ITALIC),
        (sgr.underline, Modifier::UNDERLINED),
        (sgr.reverse, Modifier::REVERSED),
        (sgr.strike, Modifier::CROSSED_OUT),
    ] {
        if on {
            style = style.add_modifier(attr);
        }
    }
    style
}

/// Where and how a line is drawn.
pub(super) struct Place<'a> {
    pub theme: &'a Theme,
    /// Left column, first row, columns, rows.
    pub x: u16,
    pub y: u16,
    pub columns: usize,
    pub rows: usize,
    /// Columns (one row) or rows (wrapped) of the line that lie outside, before what is shown.
    pub skip: usize,
    pub wrap: bool,
    pub base: Style,
    pub own_colours: bool,
    pub search: Option<&'a Regex>,
}

/// Draws; returns the rows used.
pub(super) fn draw(buf: &mut Buffer, line: &Line, place: &Place) -> usize {
    let found: Vec<(usize, usize)> = match place.search {
        Some(pattern) => {
            let whole = line.text();
            pattern.find_iter(&whole).filter(|m| !m.is_empty()).map(|m| (m.start(), m.end())).collect()
        }
        None => Vec::new(),
    };
    let hit = place.theme.style(Role::Match);
    let mut found = found.into_iter().peekable();
    let (mut row, mut col, mut byte) = (0, 0, 0);
    let skip = if place.wrap { 0 } else { place.skip };
    let first = if place.wrap { place.skip } else { 0 };
    for span in &line.spans {
        let style = styled(place.base, span.style, place.own_colours);
        for (g, w) in text::graphemes(&span.text) {
            while found.next_if(|(_, end)| *end <= byte).is_some() {}
            let style = if found.peek().is_some_and(|(start, _)| *start <= byte) { style.patch(hit) } else { style };
            byte += g.len();
            if place.wrap && col + w > place.columns && col > 0 {
                (row, col) = (row + 1, 0);
            }
            if row >= first + place.rows || col >= skip + place.columns {
                return (row + 1).saturating_sub(first).min(place.rows);
            }
            let end = col + w;
            // A wide character cut in two at either edge leaves its place empty.
            if row >= first && col >= skip && end <= skip + place.columns {
                put(buf, place, (col - skip, row - first), g, w, style);
            }
            col = end;
        }
    }
    (row + 1).saturating_sub(first).min(place.rows)
}

fn put(buf: &mut Buffer, place: &Place, (x, y): (usize, usize), g: &str, w: usize, style: Style) {
    let (x, y) = (place.x + x as u16, place.y + y as u16);
    for (i, x) in (x..x + w as u16).enumerate() {
        let Some(cell) = buf.cell_mut((x, y)) else { return };
        if place.theme.ascii && !g.is_ascii() {
            cell.set_symbol("?");
        } else if i == 0 {
            cell.set_symbol(g);
        } else {
            cell.reset();
        }
        cell.set_style(style);
    }
}

//! The wall: one cell a host, in the order of the inventory, so that a host keeps its place; a thousand fit on a screen.

use super::breakers;
use super::data::Picture;
use crate::health::board::Cell;
use crate::health::judge::Status;
use crate::text::human;
use crate::tui::hits::{Hits, Target};
use crate::tui::list::Motion;
use crate::tui::model::Model;
pub use crate::tui::model::health::Wall;
use crate::tui::theme::Role;
use crate::tui::widgets::paint::{put, put_all};
use crate::tui::widgets::sign::{self, Sign};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Name of a cell in the hits.
pub const CELL: &str = "health.wall";
/// Rows about the host under the cursor.
const ABOUT: u16 = 2;

/// How the hosts lie in an area: columns of a cell, cells in a row, rows above the first in sight.
struct Grid {
    wide: u16,
    across: usize,
    first: usize,
}

fn grid(hosts: usize, cursor: usize, area: Rect) -> Grid {
    let high = usize::from(area.height).max(1);
    // With a gap between them where there is room.
    let wide = if usize::from(area.width / 2) * high >= hosts { 2 } else { 1 };
    let across = usize::from(area.width / wide).max(1);
    Grid { wide, across, first: (cursor / across + 1).saturating_sub(high) }
}

fn body(area: Rect) -> Rect {
    Rect { height: area.height.saturating_sub(ABOUT), ..area }
}

/// Where the cursor goes from `at`, on a wall over a screen of this size below its head.
pub fn moved(motion: Motion, at: usize, hosts: usize, across: usize) -> usize {
    let last = hosts.saturating_sub(1);
    let to = match motion {
        Motion::Left => at.saturating_sub(1),
        Motion::Right => at + 1,
        Motion::Up if at >= across => at - across,
        Motion::Down if at + across <= last => at + across,
        Motion::Up | Motion::Down => at,
        Motion::PageUp => at.saturating_sub(5 * across),
        Motion::PageDown => at + 5 * across,
        Motion::First => 0,
        Motion::Last => last,
    };
    to.min(last)
}

/// How a host looks: its state, and where that is nothing to look at the mark of a breaker that is not closed.
fn sign_of(picture: &Picture, cell: &Cell, now: i64) -> Sign {
    let (status, sign) = picture.host(cell, now);
    let held = status < Status::Warn && breakers::of_host(picture, &cell.host, now).is_some();
    if held { sign::BREAKER } else { sign }
}

pub fn view(model: &Model, picture: &Picture, wall: &Wall, area: Rect, buf: &mut Buffer, hits: &mut Hits) {
    let (theme, now) = (&model.theme, model.now.ms);
    let cells = &picture.board.cells;
    let cursor = wall.cursor.min(cells.len().saturating_sub(1));
    let body = body(area);
    let Grid { wide, across, first } = grid(cells.len(), cursor, body);
    // For the movements: how many stand in a row.
    hits.list(CELL, Rect { height: 0, ..body }, 0, across);
    for (n, cell) in cells.iter().enumerate().skip(first * across) {
        let y = body.y + u16::try_from(n / across - first).unwrap_or(u16::MAX);
        if y >= body.bottom() {
            break;
        }
        let x = body.x + u16::try_from(n % across).unwrap_or(0) * wide;
        let sign = sign_of(picture, cell, now);
        let role = if n == cursor { Role::Cursor } else { sign.role };
        put(buf, theme, x, y, 1, sign.glyph(theme), theme.style(sign.role));
        if n == cursor {
            buf.set_style(Rect { x, y, width: 1, height: 1 }, theme.style(role));
        }
        hits.add(Rect { x, y, width: wide, height: 1 }, Target::Part { part: CELL, index: n });
    }
    let Some(cell) = cells.get(cursor) else { return };
    let y = body.bottom();
    let rule = if theme.ascii { "-" } else { "─" }.repeat(usize::from(area.width));
    put(buf, theme, area.x, y, area.width, &rule, theme.style(Role::Border));
    let since = if cell.since > 0 { format!("  for {}", human::short(now - cell.since)) } else { String::new() };
    let breaker = breakers::of_host(picture, &cell.host, now);
    let breaker = breaker.map(|(words, _)| format!("{} {words}  ", sign::BREAKER.glyph(theme))).unwrap_or_default();
    let why = if cell.why.is_empty() { "nothing is wrong with it" } else { &cell.why };
    let ((state, role), dim) = (picture.host_words(cell, theme, now), theme.style(Role::Dim));
    let parts = [
        (cell.host.as_str(), theme.style(Role::Strong)),
        ("  ", dim),
        (&state, theme.style(role)),
        ("  ", dim),
        (&breaker, theme.style(sign::BREAKER.role)),
        (why, theme.style(Role::Text)),
        (&since, dim),
    ];
    put_all(buf, theme, area.x, y + 1, area.width, &parts);
}

//! Where the columns of the table stand: as wide as what is in them, the most needed first: state, host, check, value, for how
//! long; then what people and recovery say, then the rest as far as there is room.

use super::columns::{COLUMNS, Column, FOR, NOTE, Of, STATE_W, TREND, cell, plain, status};
use super::data::Picture;
use super::rows::Line;
use crate::tui::model::Model;
use crate::tui::widgets::paint::width;
use ratatui::layout::Rect;

/// From this width on it is said for how long.
const LASTS: u16 = 50;
/// Lines, from the top, whose values say how wide the columns are: they must not jump while a person scrolls.
const SAMPLE: usize = 200;
/// Columns that a value, and a note, may claim before others have any.
const MOST: (u16, u16) = (60, 40);
/// A note with less than this stands behind the value.
const NOTE_LEAST: u16 = 30;
/// What has room left, the most needed first.
const WANTED: [&str; 5] = ["AGE", "LAST 30 MIN", TREND, "NEED", "SOURCE"];

/// Where everything stands in a line.
pub struct Layout {
    pub host: Rect,
    pub check: Rect,
    pub value: Rect,
    /// The other columns, each with its place.
    pub rest: Vec<(&'static Column, Rect)>,
}

impl Layout {
    /// The note stands in a column of its own.
    pub fn has_note(&self) -> bool {
        self.rest.iter().any(|(column, _)| column.head == NOTE)
    }
}

/// Columns that the contents would take.
#[derive(Default)]
struct Needs {
    host: u16,
    check: u16,
    value: u16,
    note: u16,
    trend: bool,
}

fn needs(model: &Model, picture: &Picture, lines: &[Line]) -> Needs {
    let mut needs = Needs::default();
    // A name has no more columns than bytes: most need not be measured.
    let widen = |most: &mut u16, text: &str, more: u16| {
        if text.len() + usize::from(more) > usize::from(*most) {
            *most = (*most).max(width(text) + more);
        }
    };
    for (n, line) in lines.iter().enumerate() {
        let Line::Row { at, under } = *line else { continue };
        let Some(row) = picture.board.rows.get(at) else { continue };
        widen(&mut needs.host, row.host.as_deref().unwrap_or_default(), if under { 2 } else { 0 });
        widen(&mut needs.check, &row.check, 0);
        if n < SAMPLE {
            let of = Of { model, picture, row };
            widen(&mut needs.value, &plain(of), 0);
            widen(&mut needs.note, &cell(NOTE, of), 0);
            needs.trend |= status(of).0 > crate::health::judge::Status::Unknown && !cell(TREND, of).is_empty();
        }
    }
    needs
}

/// The columns that a line has room for.
pub fn layout(model: &Model, picture: &Picture, lines: &[Line], area: Rect) -> Layout {
    let needs = needs(model, picture, lines);
    let lasts = if area.width >= LASTS { FOR.wide + 1 } else { 0 };
    let room = area.width.saturating_sub(STATE_W + lasts);
    let host = (needs.host.clamp(4, 28) + 1).min((room * 2 / 5).max(8)).min(room);
    let check = (needs.check.clamp(5, 24) + 1).min((room * 3 / 10).max(6)).min(room - host);
    let left = room - host - check;
    let value = needs.value.clamp(5, MOST.0).min(left);
    let mut left = left - value;
    let mut shown: Vec<(&str, u16)> = if lasts > 0 { vec![(FOR.head, FOR.wide)] } else { vec![] };
    // Too narrow for a note that there is: then it follows the value, which has all the room.
    let note = needs.note.min(MOST.1).min(left.saturating_sub(1));
    let behind = needs.note > note && note < NOTE_LEAST;
    if needs.note > 0 && !behind {
        shown.push((NOTE, note));
        left -= note + 1;
    }
    for head in WANTED.into_iter().filter(|head| !behind && (*head != TREND || needs.trend)) {
        let wide = COLUMNS.iter().find(|column| column.head == head).map_or(0, |column| column.wide);
        if left > wide {
            shown.push((head, wide));
            left -= wide + 1;
        }
    }
    let value = if behind { value + left } else { value };
    if let Some((_, wide)) = shown.iter_mut().find(|(head, _)| *head == NOTE) {
        *wide = needs.note.min(*wide + left);
    }
    let part = |x: u16, width: u16| Rect { x, width, height: 1, ..area };
    let mut x = area.x + STATE_W;
    let mut next = |wide: u16| {
        x += wide;
        x - wide
    };
    let host = part(next(host), host.saturating_sub(1));
    let check = part(next(check), check.saturating_sub(1));
    let value = part(next(value), value);
    let columns = COLUMNS.iter().filter_map(|c| Some((c, shown.iter().find(|(head, _)| *head == c.head)?.1)));
    let rest = columns.map(|(column, wide)| (column, part(next(wide + 1) + 1, wide))).collect();
    Layout { host, check, value, rest }
}

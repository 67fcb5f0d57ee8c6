//! How a host is, in Fleet's table: its state, processor, memory and fullest disk, as far as they are known now.

use super::head;
use crate::health::board::Cell;
use crate::health::judge::Status;
use crate::text::human;
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::screens::fleet::sort::Sort;
use crate::tui::screens::health::{Picture, breakers};
use crate::tui::theme::Role;
use crate::tui::widgets::{line, paint, sign};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Heads of the columns, how wide each is and how it sorts; a column between them is empty.
const COLUMNS: [(&str, u16, Sort); 4] =
    [("STATE", 11, Sort::State), ("CPU", 5, Sort::Cpu), ("MEM", 5, Sort::Memory), ("DISK", 6, Sort::Disk)];
/// From these widths of the table on there is the state, and all of it.
const ROOM: (u16, u16) = (48, 85);

/// Columns that they take in a table of this width.
pub fn wide(table: u16) -> u16 {
    let shown = if table >= ROOM.1 { COLUMNS.len() } else { usize::from(table >= ROOM.0) };
    COLUMNS.iter().take(shown).map(|(_, wide, _)| wide).sum()
}

/// Draws the heads; a click on one sorts by it.
pub fn heads(model: &Model, sorted: Sort, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let texts = COLUMNS.map(|(text, _, by)| (head(&model.theme, text, by, sorted), Role::Dim));
    cells(model, frame, area, texts);
    for (cell, (_, _, by)) in places(area).zip(COLUMNS) {
        hits.add(cell, Target::Part { part: "sort", index: by.index() });
    }
}

/// Draws those of a host.
pub fn row(model: &Model, host: &str, frame: &mut Frame, area: Rect) {
    if area.width == 0 {
        return;
    }
    let nothing = || ("-".to_owned(), Role::Dim);
    let texts = match known(model, host) {
        None => [nothing(), nothing(), nothing(), nothing()],
        Some((picture, cell)) => {
            let (_, sign) = picture.host(cell, model.now.ms);
            let percent = |value: Option<f64>| match value.filter(|_| !picture.is_old(model.now.ms)) {
                Some(value) => (format!("{value:.0}%"), Role::Text),
                None => nothing(),
            };
            let mut state = sign.text(&model.theme);
            if breakers::of_host(picture, host, model.now.ms).is_some() {
                // The longest word leaves no room for a gap.
                state += if paint::width(&state) + 2 < COLUMNS[0].1 { " " } else { "" };
                state += sign::BREAKER.glyph(&model.theme);
            }
            [(state, sign.role), percent(cell.cpu), percent(cell.memory), percent(cell.disk)]
        }
    };
    cells(model, frame, area, texts);
}

/// The same in words, for the lines below the table: `✖ bad  ssh refused for 2m`; `None`: nothing is known of it.
pub fn words(model: &Model, host: &str) -> Option<(String, Role)> {
    let (picture, cell) = known(model, host)?;
    let (state, role) = picture.host_words(cell, &model.theme, model.now.ms);
    let since = if cell.since > 0 && !cell.why.is_empty() {
        format!(" for {}", human::short(model.now.ms - cell.since))
    } else {
        String::new()
    };
    let breaker = breakers::of_host(picture, host, model.now.ms);
    let breaker =
        breaker.map(|(words, _)| format!("  {} {words}", sign::BREAKER.glyph(&model.theme))).unwrap_or_default();
    Some((format!("{state}  {}{since}{breaker}", cell.why), role))
}

/// What is known of a host; one that was never asked is not.
fn known<'a>(model: &'a Model, host: &str) -> Option<(&'a Picture, &'a Cell)> {
    let picture = model.health.of(model.env)?;
    let cell = picture.board.cell(host)?;
    (cell.status != Status::Unknown || cell.since > 0).then_some((picture, cell))
}

fn cells(model: &Model, frame: &mut Frame, area: Rect, texts: [(String, Role); 4]) {
    for ((text, role), (n, cell)) in texts.into_iter().zip(places(area).enumerate()) {
        let (style, theme) = (model.theme.style(role), &model.theme);
        match n {
            0 => drop(line::put(frame.buffer_mut(), theme, cell, &text, style)),
            _ => paint::put_right(frame.buffer_mut(), theme, cell.right(), cell.y, cell.width, &text, style),
        }
    }
}

/// Where each column stands, as far as there is room.
fn places(area: Rect) -> impl Iterator<Item = Rect> {
    let mut x = area.x;
    let places = COLUMNS.into_iter().map(move |(_, wide, _)| {
        x += wide;
        Rect { x: x - wide, width: wide - 1, ..area }
    });
    places.take_while(move |cell| cell.right() < area.right())
}

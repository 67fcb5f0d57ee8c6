//! What stands in the columns of a row, and which of them there is room for.

use super::data::Picture;
use super::note;
use crate::health::board::Row;
use crate::health::judge::Status;
use crate::health::record::Unit;
use crate::text::human;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::sign;
use ratatui::layout::Rect;

/// What a row is drawn with.
#[derive(Clone, Copy)]
pub struct Of<'a> {
    /// The model.
    pub model: &'a Model,
    /// The picture.
    pub picture: &'a Picture,
    /// The row.
    pub row: &'a Row,
}

/// A column behind the value: its head, how wide it is, from which width of the screen on it is shown.
pub struct Column {
    /// Its head.
    pub head: &'static str,
    /// Its columns.
    pub wide: u16,
    from: u16,
    /// It stands to the right.
    pub right: bool,
    /// It is a sparkline, not text.
    pub spark: bool,
    /// What stands in it.
    pub cell: fn(Of<'_>) -> (String, Role),
}

const fn column(head: &'static str, wide: u16, from: u16, cell: fn(Of<'_>) -> (String, Role)) -> Column {
    Column { head, wide, from, right: false, spark: false, cell }
}

/// Head of the column for breakers and recovery.
const NOTE: &str = "NOTE";

/// From left to right.
const COLUMNS: &[Column] = &[
    column("NEED", 14, 104, |of| (of.row.need.clone(), Role::Dim)),
    Column { right: true, ..column("FOR", 13, 50, lasts) },
    Column { spark: true, ..column("LAST 30 MIN", 17, 92, |_| (String::new(), Role::Text)) },
    column("TREND", 20, 130, |of| (trend(of), Role::Dim)),
    column(NOTE, 26, 150, noted),
    column("SOURCE", 14, 165, |of| (of.row.source.clone(), Role::Dim)),
    Column { right: true, ..column("AGE", 5, 60, aged) },
];

/// Columns of the sign, of the host and of the check.
pub const STATE_W: u16 = 11;

/// Where everything stands in a line.
pub struct Layout {
    /// The host's name.
    pub host: Rect,
    /// The check's.
    pub check: Rect,
    /// What was read.
    pub value: Rect,
    /// The other columns, each with its place.
    pub rest: Vec<(&'static Column, Rect)>,
}

/// The columns that a line has room for.
pub fn layout(area: Rect) -> Layout {
    let shown: Vec<&Column> = COLUMNS.iter().filter(|c| area.width >= c.from).collect();
    let taken: u16 = shown.iter().map(|c| c.wide + 1).sum();
    let part = |x: u16, width: u16| Rect { x, width, height: 1, ..area };
    let room = area.width.saturating_sub(STATE_W + taken);
    let host = (room * 3 / 10).clamp(8, 28).min(room);
    let check = (room / 4).clamp(6, 18).min(room - host);
    let mut x = area.x + STATE_W;
    let host_at = part(x, host.saturating_sub(1));
    x += host;
    let check_at = part(x, check.saturating_sub(1));
    x += check;
    let value = part(x, room - host - check);
    x += value.width;
    let mut rest = Vec::new();
    for column in shown {
        rest.push((column, part(x + 1, column.wide)));
        x += column.wide + 1;
    }
    Layout { host: host_at, check: check_at, value, rest }
}

/// How a row is now, and how that looks.
pub fn status(of: Of<'_>) -> (Status, sign::Sign) {
    of.picture.row(of.row, of.model.now.ms)
}

/// `3/3 for 2:10`; where all is well, how long it has been.
fn lasts(of: Of<'_>) -> (String, Role) {
    let (row, now) = (of.row, of.model.now.ms);
    let (status, sign) = status(of);
    if row.since == 0 {
        return ("-".into(), Role::Dim);
    }
    let ms = now - row.since;
    let time = if ms < 3_600_000 { human::clock(ms) } else { human::short(ms) };
    let role = if status == Status::Ok && !row.suspect { Role::Dim } else { sign.role };
    match (status, row.suspect) {
        (Status::Warn | Status::Bad, _) if row.streak > 0 => {
            (format!("{}/{} for {time}", row.streak.min(row.needed), row.needed), role)
        }
        // It was often enough, and must last yet.
        (Status::Ok, true) if row.streak > row.needed => (format!("{} {}", row.streak, row.tends.name()), role),
        (Status::Ok, true) if row.streak > 0 => (format!("{}/{} {}", row.streak, row.needed, row.tends.name()), role),
        _ => (format!("for {time}"), role),
    }
}

/// How old the reading is: that is what stale means.
fn aged(of: Of<'_>) -> (String, Role) {
    let age = of.picture.age(of.row, of.model.now.ms);
    let role = if status(of).0 == Status::Stale { Role::Stale } else { Role::Dim };
    (age.map_or("-".into(), human::short), role)
}

fn noted(of: Of<'_>) -> (String, Role) {
    let note = note::note(&of.model.project, of.picture, of.row, of.model.now.ms);
    note.unwrap_or((String::new(), Role::Dim))
}

/// `+1.2%/h full in 9h`; empty: no trend.
pub fn trend(of: Of<'_>) -> String {
    let row = of.row;
    let known = status(of).0 != Status::Stale;
    let Some(trend) = row.trend.filter(|trend| known && trend.per_hour.is_finite()) else { return String::new() };
    let unit = match row.unit {
        Unit::Percent => "%",
        Unit::Milliseconds => " ms",
        Unit::Seconds => " s",
        Unit::PerSecond => "/s",
        Unit::Number => "",
    };
    let full = row.full_in.map(|ms| format!(" full in {}", human::short(ms))).unwrap_or_default();
    format!("{:+.1}{unit}/h{full}", trend.per_hour)
}

/// What was read; that it is old, flaps, or stands for several.
pub fn value(of: Of<'_>) -> String {
    let row = of.row;
    let mut text = row.text.clone();
    if let (Status::Stale, Some(age)) = (status(of).0, of.picture.age(row, of.model.now.ms)) {
        text = format!("{} old: {text}", human::short(age));
        if row.unasked {
            text = format!("{}, {text}", unasked(of.picture));
        }
    }
    if row.flapping {
        text = format!("flapping {:.0}%, {text}", row.flap);
    }
    if row.folded > 1 {
        text = format!("{} checks, {text}", row.folded);
    }
    text
}

/// Why a reading is old that nobody tried to renew.
pub fn unasked(picture: &Picture) -> &'static str {
    if picture.poller.is_some() { "asked again now" } else { "not asked: nobody looked" }
}

/// The same, short: that ssh names the host and the port again would leave no room for what is wrong.
/// What breakers and recovery say follows where there is no column for it.
pub fn brief(of: Of<'_>, layout: &Layout) -> String {
    let mut text = value(of);
    let wrong = text.find("ssh: connect to host ").zip(text.rfind(": "));
    if let Some((from, to)) = wrong.filter(|(from, to)| from < to) {
        text.replace_range(from..to + 2, "");
    }
    let (note, _) = noted(of);
    if !note.is_empty() && !layout.rest.iter().any(|(column, _)| column.head == NOTE) {
        text += if of.model.theme.ascii { " - " } else { " · " };
        text += &note;
    }
    text
}

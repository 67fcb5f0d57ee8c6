//! What stands in the columns of a row.

use super::data::Picture;
use super::note;
use crate::health::board::Row;
use crate::health::judge::Status;
use crate::health::record::Unit;
use crate::text::human;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::sign;

/// What a row is drawn with.
#[derive(Clone, Copy)]
pub struct Of<'a> {
    pub model: &'a Model,
    pub picture: &'a Picture,
    pub row: &'a Row,
}

/// A column behind the value: its head, and how wide it is.
pub struct Column {
    pub head: &'static str,
    /// Its columns.
    pub wide: u16,
    /// It stands to the right.
    pub right: bool,
    /// It is a sparkline, not text.
    pub spark: bool,
    pub cell: fn(Of<'_>) -> (String, Role),
}

const fn column(head: &'static str, wide: u16, cell: fn(Of<'_>) -> (String, Role)) -> Column {
    Column { head, wide, right: false, spark: false, cell }
}

/// Head of the column for breakers and recovery.
pub const NOTE: &str = "NOTE";
/// Head of the column that says where a number is going.
pub const TREND: &str = "TREND";
pub const FOR: Column = Column { right: true, ..column("FOR", 6, lasts) };

pub const COLUMNS: &[Column] = &[
    FOR,
    column(NOTE, 26, noted),
    column("NEED", 20, |of| (of.row.need.clone(), Role::Dim)),
    Column { spark: true, ..column("LAST 30 MIN", 17, |_| (String::new(), Role::Text)) },
    column(TREND, 20, |of| (trend(of), Role::Dim)),
    column("SOURCE", 14, |of| (of.row.source.clone(), Role::Dim)),
    Column { right: true, ..column("AGE", 5, aged) },
];

/// What stands in a column of a row.
pub fn cell(head: &str, of: Of<'_>) -> String {
    COLUMNS.iter().find(|column| column.head == head).map(|column| (column.cell)(of).0).unwrap_or_default()
}

/// Columns of the sign.
pub const STATE_W: u16 = 11;

/// How a row is now, and how that looks.
pub fn status(of: Of<'_>) -> (Status, sign::Sign) {
    of.picture.row(of.row, of.model.now.ms)
}

/// How long it has been so.
fn lasts(of: Of<'_>) -> (String, Role) {
    let (row, now) = (of.row, of.model.now.ms);
    let (status, sign) = status(of);
    if row.since == 0 {
        return ("-".into(), Role::Dim);
    }
    let ms = now - row.since;
    let time = if ms < 3_600_000 { human::clock(ms) } else { human::short(ms) };
    (time, if status == Status::Ok { Role::Dim } else { sign.role })
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

/// What was read; that it is old, flaps, is about to change, or stands for several.
pub fn value(of: Of<'_>) -> String {
    let row = of.row;
    let mut text = row.text.clone();
    match (status(of).0, of.picture.age(row, of.model.now.ms)) {
        (Status::Stale, Some(age)) if row.unasked => {
            text = format!("{}, {} old: {text}", unasked(of), human::short(age));
        }
        (Status::Stale, Some(age)) => text = format!("{} old: {text}", human::short(age)),
        _ => {}
    }
    if let Some(soon) = row.soon().filter(|_| status(of).0 != Status::Stale) {
        text = format!("{text}, {soon}");
    }
    if row.flapping {
        text = format!("flapping {:.0}%, {text}", row.flap);
    }
    if row.folded > 1 {
        text = format!("{} checks, {text}", row.folded);
    }
    text
}

/// Somebody asks the hosts now: whoever polls, or this console, which is about to.
pub fn is_asked(model: &Model, picture: &Picture) -> bool {
    picture.poller.is_some() || !model.read_only
}

/// Why a reading is old that nobody tried to renew.
fn unasked(of: Of<'_>) -> &'static str {
    if is_asked(of.model, of.picture) { "asked again now" } else { "not asked: nobody looked" }
}

/// The same, short: that ssh names the host and the port again would leave no room for what is wrong.
pub fn plain(of: Of<'_>) -> String {
    let mut text = value(of);
    let wrong = text.find("ssh: connect to host ").zip(text.rfind(": "));
    if let Some((from, to)) = wrong.filter(|(from, to)| from < to) {
        text.replace_range(from..to + 2, "");
    }
    text
}

/// The same; what breakers and recovery say follows where there is no column for it.
pub fn brief(of: Of<'_>, has_note: bool) -> String {
    let mut text = plain(of);
    let (note, _) = noted(of);
    if !note.is_empty() && !has_note {
        text += if of.model.theme.ascii { " - " } else { " · " };
        text += &note;
    }
    text
}

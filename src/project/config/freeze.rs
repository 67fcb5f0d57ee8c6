//! Reads `freeze:` of an environment: `{from: 2026-12-20 18:00, to: 2027-01-02}` or `{days: [fri], from: 16:00}`.

use super::keys::{Keys, Shape, keys, of};
use super::reader::{Reader, describe};
use super::shapes::{text, texts};
use crate::project::freeze::{Freeze, When};
use crate::yaml::{Mark, Node};
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

keys! {
    /// A time in which no release begins, as it is written.
    struct Written {
        /// Begin: 2026-12-20 or 2026-12-20 18:00; with days a time, 16:00.
        from: Option<Node> => raw();
        /// End: a date belongs to it as a whole; with days a time, at or before the begin one of the next day.
        to: Option<Node> => raw();
        /// Every week on these days: mon, tue, wed, thu, fri, sat, sun.
        days: Option<Vec<Weekday>> => days();
        /// Zone, such as Europe/Berlin. Without it: the control host's.
        zone: Option<String> => zone();
        /// Why.
        reason: Option<String> => text();
    }
}

/// A window.
pub fn window() -> impl Shape<Value = Freeze> {
    of(|node, _, reader| read(node, reader), Written::schema)
}

fn read(node: &Node, reader: &mut Reader) -> Option<Freeze> {
    let mut written = Written::default();
    written.fill(node, node.mark, "a freeze", reader);
    let Written { from, to, days, zone, reason } = written;
    let when = match (days, from, to) {
        (Some(days), from, to) => When::Weekly {
            days,
            from: from.map_or(Some(Time::midnight()), |node| time(&node, reader))?,
            to: to.map_or(Some(Time::midnight()), |node| time(&node, reader))?,
        },
        (None, Some(from), Some(to)) => {
            let (begin, end) = (moment(&from, false, reader)?, moment(&to, true, reader)?);
            if end <= begin {
                reader.mistake(to.mark, "this freeze ends before it begins", describe(&to), "a later time");
            }
            When::Once { from: begin, to: end }
        }
        _ => {
            let expected = "from and to, or days";
            reader.mistake(node.mark, "when is this freeze?", describe(node), expected);
            return None;
        }
    };
    Some(Freeze { when, zone, reason })
}

/// A time, which is read when it is known whether it is one of every week.
fn raw() -> impl Shape<Value = Node> {
    of(|node, _, _| Some(node.clone()), || text().schema())
}

fn zone() -> impl Shape<Value = String> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let name = reader.text(node, what)?;
        if TimeZone::get(&name).is_err() {
            let expected = "a name that this host knows, such as Europe/Berlin or UTC";
            reader.mistake(node.mark, "no such time zone", describe(node), expected);
        }
        Some(name)
    };
    of(read, || text().schema())
}

fn days() -> impl Shape<Value = Vec<Weekday>> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let mut days = Vec::new();
        for (text, mark) in reader.texts(node, what) {
            let short = text.to_lowercase();
            match DAYS.iter().find(|(name, _)| short.starts_with(name) && text.chars().all(char::is_alphabetic)) {
                Some((_, day)) => days.push(*day),
                None => reader.no_such("day", &text, mark, &DAYS.map(|(name, _)| name)),
            }
        }
        Some(days)
    };
    of(read, || texts().schema())
}

fn time(node: &Node, reader: &mut Reader) -> Option<Time> {
    wrong(node.mark, node.text().and_then(|text| text.parse().ok()), node, "a time such as 16:00", reader)
}

/// A date as an end means the whole day.
fn moment(node: &Node, end: bool, reader: &mut Reader) -> Option<DateTime> {
    let text = node.text().unwrap_or_default();
    let date = (text.len() <= 10).then(|| text.parse::<Date>().ok()).flatten();
    let moment = match date {
        Some(date) if end => date.tomorrow().ok().map(|date| date.to_datetime(Time::midnight())),
        Some(date) => Some(date.to_datetime(Time::midnight())),
        None => text.parse().ok(),
    };
    wrong(node.mark, moment, node, "a date or a time such as 2026-12-20 or 2026-12-20 18:00", reader)
}

fn wrong<T>(mark: Mark, value: Option<T>, node: &Node, expected: &str, reader: &mut Reader) -> Option<T> {
    if value.is_none() {
        reader.mistake(mark, "this is no time", describe(node), expected);
    }
    value
}

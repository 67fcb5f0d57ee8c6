//! Reads `freeze:` of an environment: `{from: 2026-12-20 18:00, to: 2027-01-02}` or `{days: [fri], from: 16:00}`.

use super::reader::{Entry, Reader, describe};
use crate::project::freeze::{Freeze, When};
use crate::yaml::{Mark, Node};
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use schemars::JsonSchema;

const KEYS: [&str; 5] = ["from", "to", "days", "zone", "reason"];
const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// A time in which no release begins.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code, reason = "only its schema is used: the reader makes a `Freeze` of both forms")]
pub struct FreezeConfig {
    /// Begin: 2026-12-20 or 2026-12-20 18:00; with days a time, 16:00.
    from: Option<String>,
    /// End: a date belongs to it as a whole; with days a time, at or before the begin one of the next day.
    to: Option<String>,
    /// Every week on these days: mon, tue, wed, thu, fri, sat, sun.
    days: Option<Vec<String>>,
    /// Zone, such as Europe/Berlin. Without it: the control host's.
    zone: Option<String>,
    /// Why.
    reason: Option<String>,
}

/// The windows.
pub fn read(node: &Node, reader: &mut Reader) -> Vec<Freeze> {
    reader.list(node, "freeze").iter().filter_map(|item| window(item, reader)).collect()
}

fn window(node: &Node, reader: &mut Reader) -> Option<Freeze> {
    let fields = reader.mapping(node, "a freeze", Some(&KEYS));
    let field = |key: &str| fields.iter().find(|field| field.key == key);
    let zone = field("zone").and_then(|field| zone(field, reader));
    let reason = field("reason").and_then(|field| reader.text(field.value, "reason"));
    let when = match field("days") {
        Some(days) => When::Weekly {
            days: self::days(days.value, reader),
            from: field("from").map_or(Some(Time::midnight()), |field| time(field.value, reader))?,
            to: field("to").map_or(Some(Time::midnight()), |field| time(field.value, reader))?,
        },
        None => {
            let (Some(from), Some(to)) = (field("from"), field("to")) else {
                let expected = "from and to, or days";
                reader.mistake(node.mark, "when is this freeze?", describe(node), expected);
                return None;
            };
            let (begin, end) = (moment(from.value, false, reader)?, moment(to.value, true, reader)?);
            if end <= begin {
                reader.mistake(to.value.mark, "this freeze ends before it begins", describe(to.value), "a later time");
            }
            When::Once { from: begin, to: end }
        }
    };
    Some(Freeze { when, zone, reason })
}

fn zone(field: &Entry<'_>, reader: &mut Reader) -> Option<String> {
    let name = reader.text(field.value, "zone")?;
    if TimeZone::get(&name).is_err() {
        let expected = "a name that this host knows, such as Europe/Berlin or UTC";
        reader.mistake(field.value.mark, "no such time zone", describe(field.value), expected);
    }
    Some(name)
}

fn days(node: &Node, reader: &mut Reader) -> Vec<Weekday> {
    let mut days = Vec::new();
    for (text, mark) in reader.texts(node, "days") {
        let short = text.to_lowercase();
        match DAYS.iter().find(|(name, _)| short.starts_with(name) && text.chars().all(char::is_alphabetic)) {
            Some((_, day)) => days.push(*day),
            None => reader.no_such("day", &text, mark, &DAYS.map(|(name, _)| name)),
        }
    }
    days
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

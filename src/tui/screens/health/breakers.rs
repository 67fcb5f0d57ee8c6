//! Breakers on the screen: which are not closed, whose they are, and how they read. Pure.

use super::data::Picture;
use crate::health::board::Row;
use crate::health::breaker::{Breaker, Key, Position, State};
use crate::project::Project;
use crate::text::human;
use crate::tui::theme::Role;

/// Those that are not closed; the fleet's own is more than one host's matter and spoken of elsewhere.
fn standing(picture: &Picture, now: i64) -> impl Iterator<Item = &(Key, Breaker)> {
    let own = picture.breakers.iter().filter(|(key, _)| !matches!(key, Key::Fleet { .. }));
    own.filter(move |(_, breaker)| breaker.position(now) != Position::Closed)
}

/// The one of a row. A host's belongs to the row that says whether it can be reached, a service's to its checks.
pub fn of_row<'a>(project: &Project, picture: &'a Picture, row: &Row, now: i64) -> Option<&'a Breaker> {
    let is = |key: &Key| match key {
        Key::Transport { host, .. } => (row.check == "ssh" || row.folded > 1) && row.host.as_deref() == Some(host),
        Key::Service { service, .. } => project.recovery.iter().any(|p| p.service == *service && p.check == row.check),
        Key::Endpoint { .. } | Key::Fleet { .. } => false,
    };
    standing(picture, now).find(|(key, _)| is(key)).map(|(_, breaker)| breaker)
}

/// How that of a host stands; `None`: it is closed.
pub fn of_host(picture: &Picture, host: &str, now: i64) -> Option<(String, Role)> {
    let is = |key: &Key| matches!(key, Key::Transport { host: of, .. } if of == host);
    standing(picture, now).find(|(key, _)| is(key)).and_then(|(_, breaker)| words(breaker, now))
}

/// All of them in a line: how many, and the first in words, what people forced before the others; `None`: all are closed.
pub fn line(picture: &Picture, now: i64) -> Option<String> {
    let mut all: Vec<&(Key, Breaker)> = standing(picture, now).collect();
    all.sort_by_key(|(_, breaker)| breaker.word(now).is_none());
    let (key, breaker) = all.first()?;
    let stands = stands(breaker, now)?;
    let of = match key {
        Key::Transport { host, .. } => host.clone(),
        Key::Service { service, .. } => format!("service {service}"),
        Key::Endpoint { .. } | Key::Fleet { .. } => key.to_string(),
    };
    let forced = all.iter().filter(|(_, breaker)| breaker.word(now).is_some()).count();
    let more = match all.len() {
        1 => String::new(),
        _ => format!(", {} forced (v lists them)", human::count(forced as u64)),
    };
    Some(format!("{} not closed{more}: {of} {stands}", human::of(all.len() as u64, "breaker")))
}

/// `breaker open 0:24`, `breaker forced open for 2:00:00 by ann: migration`; `None`: it is closed.
pub fn words(breaker: &Breaker, now: i64) -> Option<(String, Role)> {
    stands(breaker, now).map(|text| (format!("breaker {text}"), Role::Warning))
}

fn stands(breaker: &Breaker, now: i64) -> Option<String> {
    if let Some(forced) = breaker.word(now) {
        let until = forced.until.map(|until| format!(" for {}", human::clock(until - now))).unwrap_or_default();
        let name = breaker.position(now).name().replace('_', " ");
        return Some(format!("{name}{until} by {}: {}", forced.by, forced.reason));
    }
    match &breaker.state {
        State::Closed => None,
        State::Open { until } if *until > now => Some(format!("open {}", human::clock(until - now))),
        State::Open { .. } => Some("open, tried next".into()),
        State::HalfOpen { .. } => Some("half open".into()),
    }
}

//! A person's word over a breaker: which breaker a line has, and the question before it. The form is `form`.

use super::breakers;
use super::form::{self, What};
use crate::health::breaker::{Forcing, Key};
use crate::tui::effect;
use crate::tui::model::Model;

/// The breaker of the line under the cursor.
pub fn key(model: &Model) -> Option<Key> {
    let environment = model.project.environments.get(model.env?)?.name.clone();
    let row = model.health.current()?;
    let policy = model.project.recovery.iter().find(|p| p.check == row.check);
    match (policy, &row.host) {
        (Some(policy), _) => Some(Key::Service { environment, service: policy.service.clone() }),
        (None, Some(host)) => Some(Key::Transport { environment, host: host.clone() }),
        (None, None) => None,
    }
}

/// Why there is none to speak of.
pub fn none(model: &Model) -> Option<String> {
    key(model).is_none().then(|| "no breaker belongs to this line: choose the row of a host".into())
}

/// A person forced that of the line, so there is something to take back.
pub fn is_forced(model: &Model) -> bool {
    let Some((key, picture)) = key(model).zip(model.health.of(model.env)) else { return false };
    picture.breakers.iter().any(|(of, breaker)| *of == key && breaker.word(model.now.ms).is_some())
}

/// What will happen, before it is asked for how long and why.
pub fn question(model: &Model, to: Option<Forcing>) -> Vec<String> {
    let Some(key) = key(model) else { return vec![] };
    let what = match to {
        Some(Forcing::Open) => "Force it open: nothing goes through. Releases wait, recovery leaves it alone.",
        Some(Forcing::Closed) => "Force it closed: everything goes through, whatever results say.",
        Some(Forcing::MetricsOnly) => "It only watches: changes are shown, nobody is stopped.",
        None => "Leave it to itself: results decide again.",
    };
    let now = model.now.ms;
    let breakers = model.health.of(model.env).into_iter().flat_map(|picture| &picture.breakers);
    let stands = breakers.filter(|(of, _)| *of == key).find_map(|(_, breaker)| breakers::words(breaker, now));
    let stands = stands.map_or("It is closed now.".into(), |(words, _)| format!("Now: {words}."));
    vec![format!("The breaker of {} ({key}).", key.words()), stands, what.into()]
}

/// Asks for how long and why.
pub fn begin(model: &mut Model, to: Option<Forcing>) -> Vec<effect::Effect> {
    key(model).map_or_else(Vec::new, |key| form::begin(model, What::Force(key, to)))
}

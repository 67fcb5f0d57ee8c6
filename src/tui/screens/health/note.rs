//! What else is known of a row: the breaker that keeps others from its host, and what recovery does about it. Pure.

use super::data::Picture;
use crate::health::board::Row;
use crate::health::breaker::{Key, State};
use crate::project::Project;
use crate::recovery::incident::{self, Incident};
use crate::text::human;
use crate::tui::theme::Role;

/// Words and their role; `None`: nothing.
pub fn note(project: &Project, picture: &Picture, row: &Row, now: i64) -> Option<(String, Role)> {
    let of_recovery = incident(project, picture, row).and_then(words);
    let of_breaker = || {
        let breakers = picture.breakers.iter().filter(|(key, _)| key_of(project, key, row));
        breakers.filter_map(|(_, breaker)| stands(breaker, now)).next()
    };
    // Who silenced it says more than that recovery waits for it.
    let silenced = row.silenced.clone().map(|words| (words, Role::Dim));
    silenced.or(of_recovery).or_else(of_breaker)
}

/// The incident of a row.
pub fn incident<'a>(project: &Project, picture: &'a Picture, row: &Row) -> Option<&'a Incident> {
    let host = row.host.as_deref()?;
    let of_check = |policy: &str| {
        let mut policies = project.recovery.iter();
        policies.any(|p| p.name == policy && (p.check == row.check || p.check == row.probe))
    };
    picture.incidents.iter().find(|i| i.host == host && of_check(&i.policy))
}

/// A host's breaker belongs to the row that says whether it can be reached, a service's to its checks.
fn key_of(project: &Project, key: &Key, row: &Row) -> bool {
    match key {
        Key::Transport { host, .. } => row.host.as_deref() == Some(host) && (row.check == "ssh" || row.folded > 1),
        Key::Service { service, .. } => project.recovery.iter().any(|p| p.service == *service && p.check == row.check),
        Key::Endpoint { .. } | Key::Fleet { .. } => false,
    }
}

/// `breaker open, tried in 0:24`; `None`: it is closed.
pub fn stands(breaker: &crate::health::breaker::Breaker, now: i64) -> Option<(String, Role)> {
    if let Some(forced) = breaker.word(now) {
        let until = forced.until.map(|until| format!(" for {}", human::clock(until - now))).unwrap_or_default();
        let name = breaker.position(now).name().replace('_', " ");
        return Some((format!("breaker {name}{until} by {}", forced.by), Role::Warning));
    }
    match &breaker.state {
        State::Closed => None,
        State::Open { until } if *until > now => {
            Some((format!("breaker open {}", human::clock(until - now)), Role::Warning))
        }
        State::Open { .. } => Some(("breaker open, tried next".into(), Role::Warning)),
        State::HalfOpen { .. } => Some(("breaker half open".into(), Role::Warning)),
    }
}

fn words(incident: &Incident) -> Option<(String, Role)> {
    use incident::State;
    let (text, role) = match incident.state {
        State::Healthy => return None,
        State::Suspect | State::Confirmed | State::Deciding => ("recovery looks at it".to_owned(), Role::Dim),
        State::Acting => ("recovery acts".to_owned(), Role::Running),
        State::Verifying => ("recovery acted, verifies".to_owned(), Role::Running),
        State::Probation => ("recovered, on probation".to_owned(), Role::Running),
        State::Inhibited => (format!("recovery waits: {}", incident.why), Role::Warning),
        State::Escalated => (format!("for a person: {}", incident.why), Role::Failed),
        State::Taken => (format!("in a person's hands: {}", incident.why), Role::Warning),
        State::Flapping => ("flapping, recovery leaves it alone".to_owned(), Role::Warning),
    };
    Some((text, role))
}

//! What else is known of a row: the breaker that keeps others from its host, and what recovery does about it. Pure.

use super::breakers;
use super::data::Picture;
use crate::health::board::Row;
use crate::project::Project;
use crate::project::config::recovery::Policy;
use crate::recovery::incident::{self, Incident};
use crate::tui::theme::Role;

/// Words and their role; `None`: nothing.
pub fn note(project: &Project, picture: &Picture, row: &Row, now: i64) -> Option<(String, Role)> {
    // Who silenced it says more than that recovery waits for it.
    let silenced = row.silenced.clone().map(|words| (words, Role::Dim));
    let said = silenced.or_else(|| incident(project, picture, row).and_then(words));
    match (breakers::of_row(project, picture, row, now), said) {
        // What a person forced holds, whatever else is known.
        (Some(breaker), Some((words, _))) if breaker.word(now).is_some() => {
            breakers::words(breaker, now).map(|(text, role)| (format!("{text}; {words}"), role))
        }
        (Some(breaker), None) => breakers::words(breaker, now),
        (_, said) => said,
    }
}

/// The incident of a row.
pub fn incident<'a>(project: &Project, picture: &'a Picture, row: &Row) -> Option<&'a Incident> {
    picture.incidents.iter().find(|incident| is_of(project, incident, row))
}

/// Its incident waits for a person, however well it is again.
pub fn is_escalated(project: &Project, picture: &Picture, row: &Row) -> bool {
    let mut open = picture.incidents.iter().filter(|incident| incident.state == incident::State::Escalated);
    open.any(|incident| is_of(project, incident, row))
}

/// It is about this row: its host, and what its policy watches.
pub fn is_of(project: &Project, incident: &Incident, row: &Row) -> bool {
    let watched = |p: &Policy| p.name == incident.policy && (p.check == row.check || p.check == row.probe);
    row.host.as_deref() == Some(&incident.host) && project.recovery.iter().any(watched)
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

//! Notices as alerts of Alertmanager's API v2. Labels stay the same while an alert lasts; an end is always sent along, a few
//! minutes ahead, so that what nobody refreshes any more goes away by itself. Pure.

use super::message::{Message, Phase};
use crate::project::config::notify::Kind;
use crate::text::human;
use serde_json::{Map, Value, json};

/// An alert that nobody refreshes ends after this (milliseconds).
pub const LASTS: i64 = 300_000;
/// Alerts that hold are sent again after this (milliseconds).
pub const REFRESH: i64 = 60_000;

/// What is posted for a notice. `holds`: what was told about the same thing and holds until now.
pub fn alerts(message: &Message, holds: Option<&Message>, now: i64) -> Vec<Value> {
    let mut alerts = Vec::new();
    if let Some(before) = holds.filter(|before| message.phase != Phase::Firing || labels(before) != labels(message)) {
        // An end must lie behind its beginning.
        alerts.push(alert(before, message.at.max(before.at + 1)));
    }
    match message.phase {
        Phase::Firing => {
            let begun = holds.filter(|before| labels(before) == labels(message)).map_or(message.at, |b| b.at);
            alerts.push(alert(&Message { at: begun, ..message.clone() }, now + LASTS));
        }
        Phase::Happened => alerts.push(alert(message, message.at + LASTS)),
        Phase::Resolved => {}
    }
    alerts
}

/// The same alert once more, while it holds.
pub fn again(message: &Message, now: i64) -> Value {
    alert(message, now + LASTS)
}

fn alert(message: &Message, ends: i64) -> Value {
    let mut annotations = Map::new();
    annotations.insert("summary".into(), json!(message.text));
    annotations.insert("event".into(), json!(message.event));
    if let Some(run) = message.run {
        annotations.insert("run".into(), json!(format!("opsdeck show {run}")));
    }
    json!({
        "labels": labels(message), "annotations": annotations,
        "startsAt": human::rfc3339(message.at), "endsAt": human::rfc3339(ends),
    })
}

fn labels(message: &Message) -> Map<String, Value> {
    let name = match message.kind {
        Kind::Recovery => "OpsdeckRecovery",
        Kind::Breaker => "OpsdeckBreakerOpen",
        Kind::Check => "OpsdeckCheckBad",
        Kind::Page => "OpsdeckReleaseNeedsPerson",
        Kind::Release => "OpsdeckReleaseEnded",
    };
    let fixed = [("alertname", Some(name)), ("severity", Some(message.severity.name()))];
    let places = [
        ("env", message.environment.as_deref()),
        ("service", message.service.as_deref()),
        ("host", message.host.as_deref()),
        ("check", message.check.as_deref()),
    ];
    let about = (message.kind == Kind::Breaker).then(|| message.about.trim_start_matches("breaker/"));
    let cause = (!message.of.is_empty()).then_some(message.about.as_str());
    let all = fixed.into_iter().chain(places).chain([("breaker", about), ("cause", cause)]);
    all.filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::config::notify::Severity;

    fn bad() -> Message {
        Message::of_check("prod", Some("w1"), "web", "refused", 1_000)
    }

    #[test]
    fn an_alert_keeps_its_labels_and_its_beginning_and_ends_behind_it() {
        let first = alerts(&bad(), None, 2_000);
        assert_eq!(first.len(), 1);
        let labels = json!({ "alertname": "OpsdeckCheckBad", "severity": "critical", "env": "prod", "host": "w1", "check": "web" });
        assert_eq!(first[0]["labels"], labels);
        let later = Message { at: 9_000, ..bad() };
        let same = alerts(&later, Some(&bad()), 9_000);
        assert_eq!((same.len(), &same[0]["startsAt"]), (1, &first[0]["startsAt"]));
        let over = alerts(&bad().over("ok", "well", 1_000), Some(&bad()), 1_000);
        assert_eq!((over.len(), &over[0]["labels"]), (1, &labels));
        assert!(over[0]["endsAt"].as_str() > over[0]["startsAt"].as_str());
    }

    #[test]
    fn two_causes_in_one_check_are_two_alerts() {
        let cause = |about: &str| {
            let message = Message { host: None, about: about.into(), of: vec!["x".into()], ..bad() };
            labels(&message)
        };
        assert_ne!(cause("cause/a"), cause("cause/b"));
    }

    #[test]
    fn what_becomes_graver_is_another_alert_and_ends_the_first() {
        let grave = Message { severity: Severity::Warning, at: 5_000, ..bad() };
        let two = alerts(&grave, Some(&bad()), 5_000);
        assert_eq!(
            (two.len(), &two[0]["labels"]["severity"], &two[1]["labels"]["severity"]),
            (2, &json!("critical"), &json!("warning"))
        );
        assert!(alerts(&bad().over("ok", "well", 9), None, 9).is_empty(), "nobody was told that it began");
    }
}

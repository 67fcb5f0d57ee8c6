//! What an Alertmanager posts to `/alerts` (webhook, version 4), read strictly: what makes no sense is refused with the reason.

use crate::state::alerts::AlertRow;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Bytes of a body that are taken.
pub const BODY: usize = 1 << 20;

#[derive(Deserialize)]
struct Payload {
    version: String,
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    status: String,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    starts_at: jiff::Timestamp,
    ends_at: Option<jiff::Timestamp>,
    fingerprint: String,
}

/// The alerts of a body; `now` is when it came (Unix milliseconds).
///
/// # Errors
/// What is wrong with it.
pub fn read(body: &[u8], now: i64) -> Result<Vec<AlertRow>, String> {
    let payload: Payload = serde_json::from_slice(body)
        .map_err(|e| format!("this is no webhook of Alertmanager: {e}; expected its JSON, version 4"))?;
    if payload.version != "4" {
        return Err(format!("expected version \"4\" of Alertmanager's webhook, got {:?}", payload.version));
    }
    payload.alerts.into_iter().map(|alert| row(alert, now)).collect()
}

fn row(alert: Alert, now: i64) -> Result<AlertRow, String> {
    let wrong = |what: &str| format!("alert {:?}: {what}", alert.fingerprint);
    if alert.fingerprint.is_empty() || alert.fingerprint.len() > 64 {
        return Err(wrong("expected a fingerprint of 1 to 64 characters"));
    }
    let ends = alert.ends_at.map(jiff::Timestamp::as_millisecond);
    let ends_at = match alert.status.as_str() {
        // The end of what fires is only the time after which Alertmanager would take it for over.
        "firing" => None,
        // An end that is none (the year 1) is the moment in which it is told.
        "resolved" => Some(ends.filter(|ends| *ends > 0).unwrap_or(now)),
        other => return Err(wrong(&format!("expected the status firing or resolved, got {other:?}"))),
    };
    Ok(AlertRow {
        fingerprint: alert.fingerprint,
        starts_at: alert.starts_at.as_millisecond(),
        ends_at,
        labels: alert.labels,
        annotations: alert.annotations,
        told_at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn payload(status: &str, ends: &str) -> Value {
        json!({
            "version": "4", "groupKey": "{}", "status": status, "receiver": "opsdeck", "truncatedAlerts": 0,
            "alerts": [{
                "status": status, "labels": { "alertname": "Down", "env": "prod" }, "annotations": {},
                "startsAt": "2026-01-01T00:00:00.5Z", "endsAt": ends, "generatorURL": "", "fingerprint": "abc",
            }],
        })
    }

    fn get(value: &Value) -> Result<Vec<AlertRow>, String> {
        read(value.to_string().as_bytes(), 7)
    }

    #[test]
    fn what_fires_has_no_end_and_what_is_over_has_one() {
        let firing = get(&payload("firing", "0001-01-01T00:00:00Z")).unwrap();
        assert_eq!((firing[0].ends_at, firing[0].starts_at % 1000, firing[0].environment()), (None, 500, Some("prod")));
        assert_eq!(
            get(&payload("resolved", "2026-01-01T00:00:01Z")).unwrap()[0].ends_at,
            Some(firing[0].starts_at + 500)
        );
        assert_eq!(get(&payload("resolved", "0001-01-01T00:00:00Z")).unwrap()[0].ends_at, Some(7));
    }

    #[test]
    fn garbage_is_refused_with_the_reason() {
        let wrong = |change: fn(&mut Value)| {
            let mut value = payload("firing", "0001-01-01T00:00:00Z");
            change(&mut value);
            get(&value).unwrap_err()
        };
        assert!(read(b"{", 0).unwrap_err().contains("no webhook of Alertmanager"));
        assert!(wrong(|v| v["version"] = json!("3")).contains("got \"3\""));
        assert!(wrong(|v| v["alerts"][0]["status"] = json!("odd")).contains("firing or resolved"));
        assert!(wrong(|v| v["alerts"][0]["startsAt"] = json!("yesterday")).contains("no webhook"));
        assert!(wrong(|v| v["alerts"][0]["fingerprint"] = json!("")).contains("fingerprint"));
        assert!(wrong(|v| v["alerts"] = json!("none")).contains("no webhook"));
    }
}

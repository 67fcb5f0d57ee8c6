//! Alerts come in: from a real Alertmanager, and from whoever posts garbage.

use super::Lab;
use super::alertmanager::{Alertmanager, free_port};
use super::daemon::Daemon;
use crate::support::wait::{wait_true, wait_until};
use opsdeck::health::probe::Http;
use opsdeck::health::probe::request::send;
use serde_json::{Value, json};
use std::time::Duration;

fn listed(lab: &Lab, args: &[&str]) -> Vec<Value> {
    let text = lab.ok(["alerts", "--json"].iter().chain(args));
    serde_json::from_str(&text).unwrap()
}

fn post(daemon: &Daemon, kind: &str, body: &str) -> (u16, String) {
    let headers = [("Content-Type".to_owned(), kind.to_owned())].into();
    let url = format!("{}/alerts", daemon.url);
    let request = Http { method: "POST".into(), url, headers, body: Some(body.to_owned()), ..Http::default() };
    let answer = send(&request, Duration::from_secs(20)).unwrap();
    (answer.status, answer.body)
}

#[test]
fn a_real_alertmanager_tells_of_an_alert_and_of_its_end() {
    let lab = Lab::start(0);
    let daemon = Daemon::start(&lab, &[]);
    let am = Alertmanager::start(free_port(), Some(&format!("{}/alerts", daemon.url)));
    let alert = |ends: &str| {
        let mut alert = json!({ "labels": { "alertname": "Down", "env": "lab", "instance": "h1:9100" },
            "annotations": { "summary": "h1 is \u{1b}[31mdown" } });
        if !ends.is_empty() {
            alert["endsAt"] = json!(ends);
        }
        am.post(&json!([alert]));
    };
    alert("");
    let one = wait_until(60, "the alert", || listed(&lab, &["-e", "lab"]).pop());
    assert_eq!((&one["status"], &one["labels"]["instance"]), (&json!("firing"), &json!("h1:9100")));
    assert_eq!(daemon.metric("opsdeck_alerts_firing"), Some(1.0));
    assert!(!lab.run(["alerts", "-e", "other"]).status.success(), "there is no such environment");
    let text = lab.ok(["alerts"]);
    assert!(text.starts_with("Down  env=lab instance=h1:9100  fires for") && !text.contains('\u{1b}'), "{text}");
    alert(&jiff::Timestamp::now().to_string());
    wait_true(60, "its end", || listed(&lab, &[]).is_empty());
    assert_eq!(listed(&lab, &["--since", "1h"])[0]["status"], "resolved");
}

#[test]
fn what_makes_no_sense_is_refused_and_what_cannot_be_written_is_told_again() {
    let lab = Lab::start(0);
    let daemon = Daemon::start(&lab, &[]);
    daemon.ready();
    let alert = |status: &str| {
        json!({ "version": "4", "alerts": [{ "status": status, "labels": {}, "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "f1" }] })
        .to_string()
    };
    let json = "application/json";
    for _ in 0..2 {
        assert_eq!(post(&daemon, json, &alert("firing")), (200, "taken\n".into()));
    }
    assert_eq!(listed(&lab, &[]).len(), 1, "told twice, there once");
    assert_eq!(post(&daemon, "text/plain", &alert("firing")).0, 415);
    assert_eq!(post(&daemon, json, "{").0, 400);
    let odd = post(&daemon, json, &alert("odd"));
    assert!(odd.0 == 400 && odd.1.contains("firing or resolved"), "{odd:?}");
    assert_eq!(post(&daemon, json, &" ".repeat((1 << 20) + 1)).0, 413);
    assert_eq!(daemon.get("/alerts").unwrap().status, 405);
    // Written by a newer opsdeck: nothing can be written down any more.
    let db = lab.state().join("control.db");
    let newer = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('PRAGMA user_version = 9999')";
    assert!(lab.command("python3").args(["-c", newer]).arg(&db).status().unwrap().success());
    assert_eq!(post(&daemon, json, &alert("firing")).0, 503);
    let ready = daemon.get("/readyz").unwrap();
    assert!(ready.status == 503 && ready.body.contains("schema version 9999"), "{ready:?}");
    assert_eq!(daemon.get("/healthz").unwrap().status, 200);
}

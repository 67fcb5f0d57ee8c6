//! People are told, whatever dies or is away meanwhile: a real Alertmanager, a program, a webhook.

use super::Lab;
use super::alertmanager::{Alertmanager, free_port};
use super::daemon::Daemon;
use crate::support::wait::{wait_true, wait_until};
use opsdeck::state::outbox::Standing;
use opsdeck::state::{Control, StateDir};
use serde_json::Value;
use std::net::TcpListener;

/// A check that is bad while nothing listens there, and what is said of it.
fn file(port: u16, notify: &str) -> String {
    format!(
        "checks: {{web: {{tcp: '127.0.0.1:{port}', interval: 1s, timeout: 1s, fall: 2, rise: 1}}}}\n\
         notify:\n  checks: bad\n  receivers:\n{notify}"
    )
}

fn outbox(lab: &Lab) -> Vec<(String, Standing, u32)> {
    let control = Control::open(&StateDir::at(lab.state())).unwrap();
    control.notices(false, 100).unwrap().into_iter().map(|row| (row.key, row.state, row.attempts)).collect()
}

#[test]
fn an_alert_fires_in_alertmanager_and_is_resolved_when_the_check_is_well_again() {
    let lab = Lab::start(0);
    let (port, am) = (free_port(), Alertmanager::start(free_port(), None));
    lab.write("opsdeck.yaml", &file(port, &format!("    am: {{alertmanager: '{}'}}\n", am.url)));
    let _daemon = Daemon::start(&lab, &[]);
    let alert = wait_until(60, "the alert", || am.alerts().pop());
    let label = |name: &str| alert["labels"][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (label("alertname"), label("severity"), label("env")),
        ("OpsdeckCheckBad".into(), "critical".into(), "lab".into())
    );
    assert_eq!(label("check"), "web");
    assert!(alert["annotations"]["summary"].as_str().unwrap().contains("refused"), "{alert:#}");
    let _listens = TcpListener::bind(("127.0.0.1", port)).unwrap();
    wait_true(60, "its end", || am.alerts().is_empty());
}

#[test]
fn what_alertmanager_did_not_take_lies_in_the_outbox_until_it_does_also_when_serve_was_killed() {
    let lab = Lab::start(0);
    let (port, later) = (free_port(), free_port());
    lab.write("opsdeck.yaml", &file(port, &format!("    am: {{alertmanager: 'http://127.0.0.1:{later}'}}\n")));
    let daemon = Daemon::start(&lab, &[]);
    let tried = || outbox(&lab).into_iter().find(|(_, state, attempts)| *state == Standing::Pending && *attempts > 0);
    let (key, ..) = wait_until(60, "a try that fails", tried);
    let pending = "opsdeck_outbox_notices{environment=\"lab\",receiver=\"am\",state=\"pending\"}";
    assert_eq!(daemon.metric(pending), Some(1.0));
    assert!(daemon.log().contains("was not taken, and is tried again"), "{}", daemon.log());
    let open = lab.run(["notices", "--open"]);
    let said = String::from_utf8_lossy(&open.stdout).into_owned();
    assert!(open.status.code() == Some(3) && said.contains("pending") && said.contains("refused"), "{open:?}");
    daemon.kill();
    let am = Alertmanager::start(later, None);
    let daemon = Daemon::start(&lab, &[]);
    wait_true(90, "the alert", || am.alerts().len() == 1);
    wait_true(30, "it to be noted", || outbox(&lab).iter().any(|(k, state, _)| *k == key && *state == Standing::Sent));
    assert_eq!(daemon.metric(pending), None);
    assert_eq!(outbox(&lab).len(), 1, "once, under one key");
    assert_eq!(lab.ok(["notices", "--open"]), "every notice was taken\n");
}

#[test]
fn a_kill_between_the_outbox_and_the_receiver_loses_nothing_and_keeps_the_order() {
    let lab = Lab::start(0);
    let port = free_port();
    let told = lab.folder().join("told");
    // It writes what it was told, and then hangs, so that the kill comes before the end of the delivery.
    lab.write("tell.sh", &format!("cat >> {0}; echo >> {0}; test -e {0}.go || sleep 300\n", told.display()));
    lab.write("opsdeck.yaml", &file(port, "    script: {command: [sh, tell.sh]}\n"));
    let daemon = Daemon::start(&lab, &[]);
    let lines = || -> Vec<Value> {
        let text = std::fs::read_to_string(&told).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    wait_true(60, "it to be told", || lines().len() == 1);
    daemon.kill();
    std::fs::write(told.with_extension("go"), "").unwrap();
    let _daemon = Daemon::start(&lab, &[]);
    wait_true(60, "it to be told again", || lines().len() == 2);
    let _listens = TcpListener::bind(("127.0.0.1", port)).unwrap();
    wait_true(60, "its end", || lines().len() == 3);
    let (all, key) = (lines(), |line: &Value| line["key"].as_str().unwrap().to_owned());
    assert_eq!(key(&all[0]), key(&all[1]), "the same notice has the same key");
    assert_eq!(
        (&all[1]["phase"], &all[2]["phase"], &all[1]["about"]),
        (&"firing".into(), &"resolved".into(), &all[2]["about"])
    );
    wait_true(30, "both to be noted", || outbox(&lab).iter().all(|(_, state, _)| *state == Standing::Sent));
}

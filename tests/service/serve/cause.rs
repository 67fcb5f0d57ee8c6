//! What fails on many hosts at once is told once, with the hosts, and once when it is over.

use super::Lab;
use super::alertmanager::free_port;
use super::daemon::Daemon;
use crate::support::wait::wait_true;
use opsdeck::health::judge::Status;
use opsdeck::health::store::{Store, scope};
use opsdeck::state::{Control, StateDir};
use serde_json::Value;
use std::net::TcpListener;

/// Kind, event, phase and text of what was told, oldest first.
fn told(lab: &Lab) -> Vec<[String; 4]> {
    let control = Control::open(&StateDir::at(lab.state())).unwrap();
    let rows = control.notices(false, 100).unwrap();
    let one = |body: &str| {
        let body: Value = serde_json::from_str(body).unwrap();
        ["kind", "event", "phase", "text"].map(|key| body[key].as_str().unwrap().to_owned())
    };
    rows.iter().rev().map(|row| one(&row.body)).collect()
}

/// On how many hosts the check passes.
fn well(lab: &Lab) -> usize {
    let root = lab.project().canonicalize().unwrap();
    let store = Store::open(&StateDir::at(lab.state()), &scope(&["inventories/lab".to_owned()], &root)).unwrap();
    let reports = store.reports(0).unwrap();
    let records = reports.iter().flat_map(|report| &report.records);
    records.filter(|record| record.check == "web" && record.state.status == Status::Ok).count()
}

#[test]
fn four_hosts_that_fail_at_once_are_one_notice_and_one_when_it_is_over() {
    let lab = Lab::start(4);
    let port = free_port();
    lab.write(
        "opsdeck.yaml",
        &format!(
            "checks: {{web: {{tcp: '{{ansible_host}}:{port}', interval: 1s, timeout: 1s, fall: 2, rise: 1}}}}\n\
             notify: {{checks: bad, receivers: {{me: {{command: ['true'], kinds: [check, recovery]}}}}}}\n\
             runbooks: [{{name: mend, module: ping}}]\n\
             recovery: {{web: {{check: web, ladder: [mend], mode: act}}}}\n"
        ),
    );
    let listens = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let daemon = Daemon::start(&lab, &[]);
    daemon.ready();
    wait_true(60, "all hosts to be well", || well(&lab) == 4);
    drop(listens);
    wait_true(60, "both to be told", || told(&lab).len() >= 2);
    wait_true(20, "all four to be escalated", || {
        let all: Vec<Value> = serde_json::from_str(&lab.ok(["recovery", "--json"])).unwrap();
        all.len() == 4 && all.iter().all(|incident| incident["state"] == "escalated")
    });
    let _listens = TcpListener::bind(("127.0.0.1", port)).unwrap();
    wait_true(60, "its end", || told(&lab).iter().any(|[_, _, phase, _]| phase == "resolved"));
    let all = told(&lab);
    let seen: Vec<_> = all.iter().map(|[kind, event, phase, _]| [kind.as_str(), event, phase]).collect();
    let expected = [["check", "bad", "firing"], ["recovery", "escalated", "firing"], ["check", "over", "resolved"]];
    let mut first = seen[..2.min(seen.len())].to_vec();
    first.sort_unstable();
    assert_eq!([first, seen[2.min(seen.len())..].to_vec()].concat(), expected, "{all:?}");
    for [.., text] in &all {
        assert!(text.contains("on 4 of 4 hosts at once") && text.ends_with("h1, h2, h3, h4"), "{all:?}");
    }
    assert!(all.iter().any(|[.., text]| text.contains("common cause: 4 of 4 hosts went bad within 60 s")), "{all:?}");
}

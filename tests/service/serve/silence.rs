//! What a person silenced is measured and shown, nobody is told of it, and nothing is done about it; until it is over.

use super::Lab;
use super::alertmanager::free_port;
use super::daemon::Daemon;
use crate::support::wait::{wait_true, wait_until};
use opsdeck::state::{Control, StateDir};
use serde_json::Value;
use std::net::TcpListener;

fn told(lab: &Lab) -> Vec<String> {
    let control = Control::open(&StateDir::at(lab.state())).unwrap();
    let body = |body: &str| serde_json::from_str::<Value>(body).unwrap()["check"].as_str().unwrap().to_owned();
    control.notices(false, 100).unwrap().iter().map(|row| body(&row.body)).collect()
}

#[test]
fn nobody_hears_of_a_silenced_check_until_the_silence_is_lifted() {
    let lab = Lab::start(1);
    let (port, other) = (free_port(), free_port());
    let check = |port: u16| format!("{{tcp: '127.0.0.1:{port}', interval: 1s, timeout: 1s, fall: 1, rise: 1}}");
    let (web, other_check) = (check(port), check(other));
    lab.write(
        "opsdeck.yaml",
        &format!(
            "checks:\n  web: {web}\n  other: {other_check}\nnotify:\n  checks: bad\n  receivers: {{me: {{command: ['true']}}}}\n"
        ),
    );
    let listens = TcpListener::bind(("127.0.0.1", other)).unwrap();
    let typo = lab.run(["silence", "check:wbe", "-E", "lab", "--for", "1h", "--reason", "r"]);
    assert!(!typo.status.success() && String::from_utf8_lossy(&typo.stderr).contains("no check \"wbe\""), "{typo:?}");
    lab.ok(["silence", "check:web", "-E", "lab", "--for", "1h", "--reason", "its switch is replaced"]);
    assert!(lab.ok(["silences"]).contains("check:web  silenced until"), "{}", lab.ok(["silences"]));
    let daemon = Daemon::start(&lab, &[]);
    daemon.ready();
    let bad = "opsdeck_checks{environment=\"lab\",status=\"bad\"}";
    wait_true(60, "web to be bad", || daemon.metric(bad) == Some(1.0));
    // What became bad later is told in a round that saw the other, too.
    drop(listens);
    wait_true(60, "the other to be told", || told(&lab) == ["other"]);
    let shown = lab.run(["health", "-E", "lab", "--once"]);
    let text = String::from_utf8_lossy(&shown.stdout);
    assert!(text.contains("silenced") && text.contains("its switch is replaced"), "{text}");
    let metric = |name: &str| daemon.metric(&format!("opsdeck_{name}{{environment=\"lab\",status=\"bad\"}}"));
    assert_eq!((metric("checks_silenced"), metric("checks").map(|n| n >= 1.0)), (Some(1.0), Some(true)));
    lab.ok(["unsilence", "check:web", "-E", "lab", "--reason", "it is in"]);
    wait_true(60, "both to be told", || told(&lab).len() == 2);
    assert_eq!(lab.ok(["silences"]), "nothing is silenced\n");
    let twice = lab.run(["unsilence", "check:web", "-E", "lab", "--reason", "r"]);
    assert!(String::from_utf8_lossy(&twice.stderr).contains("is not silenced"), "{twice:?}");
}

#[test]
fn nothing_is_done_to_a_silenced_host_until_the_silence_is_over() {
    let lab = Lab::start(2);
    let (port, acted) = (free_port(), lab.folder().join("acted"));
    lab.write(
        "opsdeck.yaml",
        &format!(
            "checks:\n  web: {{tcp: '{{ansible_host}}:{port}', on: h1, interval: 1s, timeout: 1s, fall: 1, rise: 1}}\n\
             runbooks:\n  - {{name: mend, module: shell, args: 'echo acted >> {}'}}\n\
             recovery:\n  web: {{check: web, ladder: [mend], mode: act, diagnostics: none}}\n",
            acted.display()
        ),
    );
    lab.ok(["silence", "h1", "-E", "lab", "--for", "1h", "--reason", "its disk is replaced"]);
    let daemon = Daemon::start(&lab, &[]);
    daemon.ready();
    let incident = || -> Option<Value> {
        let all: Vec<Value> = serde_json::from_str(&lab.ok(["recovery", "--json"])).unwrap();
        all.into_iter().next()
    };
    let inhibited = wait_until(60, "the incident", || incident().filter(|i| i["state"] == "inhibited"));
    let why = inhibited["why"].as_str().unwrap();
    assert!(why.contains("silenced until") && why.contains("its disk is replaced"), "{why}");
    assert_eq!(lab.ok(["runs", "--json"]).trim(), "[]");
    lab.ok(["unsilence", "h1", "-E", "lab", "--reason", "done"]);
    wait_true(60, "it to be mended", || acted.exists());
}

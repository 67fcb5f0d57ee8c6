//! The Health screen on real sshd hosts: what fails comes first, a host that is gone is down, and what nobody measures any
//! more is stale.

use crate::support::wait::wait_true;
use crate::support::{Lab, OPSDECK, Pty};
use opsdeck::health::store::{Store, scope};
use opsdeck::state::{StateDir, clock};
use std::net::TcpListener;
use std::process::{Child, Stdio};

const SAMPLE: &str = "  base: {sample: yes, interval: 2s, timeout: 2s, fall: 2}\n";

/// The console, on Health.
fn health(lab: &Lab, options: &[&str]) -> Pty {
    let command: Vec<&str> = [OPSDECK].iter().chain(options).copied().collect();
    let mut pty = Pty::start(&command, lab.project(), &lab.env(), (110, 70));
    pty.wait_text(30, "h1");
    pty.send("6");
    pty.wait_text(30, "health");
    pty
}

/// The first line of the table.
fn first(screen: &str) -> &str {
    let mut lines = screen.lines().skip_while(|line| !line.trim_start().starts_with("STATE"));
    lines.nth(1).unwrap_or_default()
}

/// That of a host's check.
fn line<'a>(screen: &'a str, host: &str, check: &str) -> &'a str {
    let of = |line: &&str| {
        let mut words = line.split_whitespace().skip(2);
        words.next() == Some(host) && words.next() == Some(check)
    };
    screen.lines().find(of).unwrap_or_default()
}

#[test]
fn what_fails_comes_first_a_dead_host_is_down_and_the_console_leaves_at_once() {
    let mut lab = Lab::start(3);
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = service.local_addr().unwrap().port();
    lab.write("opsdeck.yaml", &format!("checks:\n{SAMPLE}  web: {{tcp: '127.0.0.1:{port}', interval: 1s, fall: 2}}\n"));
    let mut pty = health(&lab, &[]);
    pty.wait_for(60, "three hosts that are well", |s| {
        (1..=3).all(|n| line(s, &format!("h{n}"), "ssh").contains("● ok")) && s.contains("polled by the screen of")
    });
    drop(service);
    pty.wait_for(60, "the check that fails, first", |s| first(s).contains("✖ bad") && first(s).contains(" web "));
    assert!(pty.screen().lines().next().unwrap().contains("▲ 1 alert"), "{}", pty.screen());
    lab.cut("h2");
    pty.wait_for(60, "the host that is gone", |s| line(s, "h2", "ssh").contains("✖ bad"));
    // What was asked there, as it was asked.
    pty.send("/h2 ssh\r");
    pty.wait_for(30, "only that host", |s| first(s).contains("h2") && !s.contains("h3"));
    pty.send("\r");
    pty.wait_for(30, "the exact command", |s| s.contains("answers, newest first") && s.contains("$ "));
    pty.send("q");
    assert!(pty.wait_exit(5).success());
    pty.assert_restored();
    let root = lab.project().canonicalize().unwrap();
    let store = Store::open(&StateDir::at(lab.state()), &scope(&["inventories/lab".to_owned()], &root)).unwrap();
    assert_eq!(store.poller(clock::booted()).unwrap(), None, "whoever leaves lets the next one poll");
}

/// `opsdeck health` that stays, ended with the test.
struct Polls(Child);

impl Drop for Polls {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_console_that_only_looks_asks_nobody_and_what_nobody_measures_is_stale() {
    let lab = Lab::start(1);
    lab.write("opsdeck.yaml", &format!("checks:\n{SAMPLE}"));
    let mut pty = health(&lab, &["--read-only"]);
    pty.wait_for(30, "nobody", |s| s.contains("Nothing was measured yet") && s.contains("only looks"));
    let polls = Polls(lab.opsdeck(["health"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    pty.wait_for(60, "what another measures", |s| {
        line(s, "h1", "ssh").contains("● ok") && s.contains("polled by opsdeck health")
    });
    drop(polls);
    pty.wait_for(60, "stale, with its age", |s| {
        first(s).contains("◌ stale") && first(s).contains("s old") && !s.contains("● ok ")
    });
    wait_true(30, "it says that nobody polls", || pty.screen().contains("nobody polls"));
    pty.send("q");
    assert!(pty.wait_exit(5).success());
}

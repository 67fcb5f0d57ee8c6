//! Whoever has a console open beside the daemon is called by it too.

use super::daemon::Daemon;
use crate::support::wait::wait_true;
use crate::support::{Lab, OPSDECK, Pty};
use std::net::TcpListener;
use std::path::PathBuf;

/// A terminal that is known to show notices on the desktop.
const TERMINAL: (&str, &str) = ("TERM_PROGRAM", "WezTerm");

fn count(pty: &Pty, what: &[u8]) -> usize {
    pty.bytes().windows(what.len()).filter(|bytes| *bytes == what).count()
}

/// A console that knows how the check is.
fn console(lab: &Lab, options: &[&str], stands: &str) -> Pty {
    let command: Vec<&str> = [OPSDECK].iter().chain(options).copied().collect();
    let env: Vec<(&str, PathBuf)> = lab.env().into_iter().chain([(TERMINAL.0, TERMINAL.1.into())]).collect();
    let mut pty = Pty::start(&command, lab.project(), &env, (110, 30));
    pty.wait_text(30, "no hosts");
    pty.send("6");
    pty.wait_for(30, "the check", |screen| screen.lines().any(|line| line.contains(stands) && line.contains(" web ")));
    pty
}

#[test]
fn a_notice_for_the_screens_is_shown_and_rings_once_in_each() {
    let lab = Lab::start(0);
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = service.local_addr().unwrap().port();
    let check = format!("checks: {{web: {{tcp: '127.0.0.1:{port}', interval: 1s, timeout: 1s, fall: 2, rise: 1}}}}\n");
    lab.write("opsdeck.yaml", &format!("{check}notify: {{checks: bad, receivers: {{here: {{screen: yes}}}}}}\n"));
    let daemon = Daemon::start(&lab, &[]);
    daemon.ready();
    // One of them rings for what is in sight too, and may not ring twice for it.
    let consoles = [console(&lab, &[], "● ok"), console(&lab, &["--bell"], "● ok")];
    drop(service);
    for pty in &consoles {
        pty.wait_text(60, "lab: web on all: ");
        wait_true(30, "a call", || count(pty, b"\x1b]9;lab: ") == 1);
    }
    let service = TcpListener::bind(("127.0.0.1", port)).unwrap();
    for pty in &consoles {
        pty.wait_text(60, "lab: over: ");
        assert_eq!((count(pty, b"\x1b]9;"), count(pty, b"\x07")), (1, 1), "its end rings nobody: {}", pty.screen());
    }
    // A console that comes later is told nothing that was before.
    drop(service);
    consoles[0].wait_for(60, "the next notice", |_| count(&consoles[0], b"\x1b]9;lab: ") == 2);
    let late = console(&lab, &[], "✖ bad");
    let _service = TcpListener::bind(("127.0.0.1", port)).unwrap();
    late.wait_text(60, "lab: over: ");
    assert_eq!(count(&late, b"\x1b]9;"), 0);
    for mut pty in consoles.into_iter().chain([late]) {
        pty.send("q");
        assert!(pty.wait_exit(10).success());
    }
}

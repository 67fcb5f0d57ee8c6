//! tmux and a console: detach, let things happen, come back. The promise that nothing hangs on a screen.

use super::cli::{gated, open};
use crate::support::tmux::Tmux;
use crate::support::{Lab, OPSDECK, Pty, Run};

#[test]
fn detach_and_come_back_to_a_run_that_went_on() {
    let lab = Lab::start(2);
    lab.write("gate.yml", &gated(&lab));
    let socket = lab.folder().join("tmux");
    let tmux = Tmux::start(&socket, &mut lab.command("tmux"), OPSDECK, (110, 32));
    let attach = ["tmux", "-S", socket.to_str().unwrap(), "-f", "/dev/null", "-u", "attach", "-t", "main"];
    let mut person = Pty::start(&attach, lab.project(), &lab.env(), (110, 32));
    person.wait_text(30, "fleet");
    let run = Run::launch(&lab, &["play", "gate.yml"]);
    person.send("2");
    person.wait_for(60, "the run, live", |s| s.contains("gate.yml") && s.contains("running"));
    person.send("\r");
    person.wait_text(30, "RUNNING");
    person.send("\x02d");
    person.wait_exit(10);
    open(&lab);
    assert_eq!(run.wait_end(60)["state"], "succeeded");
    let mut later = Pty::start(&attach, lab.project(), &lab.env(), (80, 24));
    later.wait_text(30, "SUCCEEDED");
    later.send("q");
    later.wait_exit(10);
    drop(tmux);
}

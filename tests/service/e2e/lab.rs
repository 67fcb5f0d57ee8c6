//! The lab itself holds what the other tests rely on: real ssh, and nothing left behind.

use crate::support::tmux::Tmux;
use crate::support::wait::wait_true;
use crate::support::{Lab, Pty};
use opsdeck::cli::demo::marked;

#[test]
fn ansible_reaches_every_host_over_ssh() {
    let lab = Lab::start(3);
    let out = lab.command("ansible").args(["lab", "-m", "command", "-a", "printenv SSH_CONNECTION"]).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{text}\n{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(text.matches("127.0.0.1").count(), 6, "each host tells both ends of its connection:\n{text}");
}

#[test]
fn a_dropped_lab_leaves_no_process_and_no_file() {
    let lab = Lab::start(2);
    let folder = lab.folder().to_owned();
    // a job in the background of a host, and the connection that Ansible keeps
    let mut job = lab.command("ansible");
    job.args(["lab", "-B", "60", "-P", "0", "-m", "command", "-a", "sleep 60"]);
    assert!(job.output().unwrap().status.success());
    wait_true(10, "the jobs run", || {
        lab.alive().iter().filter(|(_, command)| command.starts_with("sleep 60")).count() == 2
    });
    drop(lab);
    assert!(!folder.exists());
    assert_eq!(marked::all(&folder), []);
}

#[test]
fn the_terminal_driver_sees_what_a_person_sees() {
    let lab = Lab::start(0);
    let shell =
        ["sh", "-c", "printf '\\033[2J\\033[3;5Hhere'; read x; printf '\\033[HGot %s' \"$x\"; stty size; read x"];
    let mut pty = Pty::start(&shell, lab.project(), &lab.env(), (80, 24));
    let screen = pty.wait_text(5, "here");
    assert_eq!(screen.lines().nth(2), Some("    here"));
    pty.resize(100, 30);
    pty.send("ok\r");
    pty.wait_text(5, "Got ok30 100");
    pty.assert_restored();
    pty.send("\r");
    assert!(pty.wait_exit(5).success());
}

#[test]
fn tmux_goes_on_while_nobody_looks() {
    let lab = Lab::start(0);
    let socket = lab.folder().join("tmux");
    let tmux = Tmux::start(&socket, &mut lab.command("tmux"), "sh -c 'read x; echo got $x; read x'", (80, 24));
    tmux.text("one");
    tmux.keys(&["Enter"]);
    tmux.wait_text(5, "got one");
}

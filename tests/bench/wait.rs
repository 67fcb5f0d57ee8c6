//! `opsdeck play --wait` against bare `ansible-playbook`: 1,000 task results over 20 local hosts, in turns, best of
//! three each. `cargo bench --bench wait`, with Ansible on PATH. Fails above 1.03 times the bare wall time.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn time(mut command: Command, folder: &Path) -> Duration {
    command.current_dir(folder).env("ANSIBLE_FORCE_COLOR", "1").stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
    start.elapsed()
}

fn main() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path();
    std::fs::write(dir.join("ansible.cfg"), "[defaults]\n").unwrap();
    let python = "ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'";
    std::fs::write(dir.join("hosts.ini"), format!("w[1:20] {python}\n")).unwrap();
    let mut play = "- hosts: all\n  gather_facts: false\n  tasks:\n".to_owned();
    (1..=50).for_each(|n| writeln!(play, "    - {{name: task {n}, command: echo {n}}}").unwrap());
    std::fs::write(dir.join("play.yml"), play).unwrap();
    let args = ["play.yml", "-i", "hosts.ini", "-f", "10"];
    let bare = || {
        let mut command = Command::new("ansible-playbook");
        command.args(args);
        time(command, dir)
    };
    let ours = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
        command.arg("--state-dir").arg(dir.join("state")).arg("play").args(args).arg("--wait");
        time(command, dir)
    };
    let (mut best_bare, mut best_ours) = (Duration::MAX, Duration::MAX);
    for turn in 1..=3 {
        let (a, b) = (bare(), ours());
        println!("turn {turn}: bare {a:?}, opsdeck {b:?}");
        (best_bare, best_ours) = (best_bare.min(a), best_ours.min(b));
    }
    let ratio = best_ours.as_secs_f64() / best_bare.as_secs_f64();
    println!("best: bare {best_bare:?}, opsdeck {best_ours:?}: {ratio:.3} times (at most 1.03)");
    assert!(ratio <= 1.03);
}

//! The verbs that only read, as a shell has them: a run's output in its forms, and what describes opsdeck itself.

use super::cli::{gated, open};
use crate::support::wait::wait_true;
use crate::support::{Lab, Run};
use serde_json::Value;
use std::process::Stdio;

#[test]
fn logs_follow_a_run_through_its_gate_and_tell_hosts_and_failures_apart() {
    let lab = Lab::start(2);
    lab.write("gate.yml", &gated(&lab));
    let run = Run::launch(&lab, &["play", "gate.yml"]);
    wait_true(60, "the gate is reached", || run.stdout().contains("TASK [gate]"));
    let follower = lab.opsdeck(["logs", "last", "-f"]).stdout(Stdio::piped()).spawn().unwrap();
    open(&lab);
    let followed = follower.wait_with_output().unwrap();
    assert!(followed.status.success());
    run.wait_end(60);
    let followed = String::from_utf8(followed.stdout).unwrap();
    assert_eq!(followed, lab.ok(["logs", "last"]), "the same, followed or read afterwards");
    assert_eq!((followed.matches("TASK [last]").count(), followed.matches("PLAY RECAP").count()), (1, 1), "{followed}");
    let raw = lab.run(["logs", "last", "--raw"]);
    assert_eq!(String::from_utf8(raw.stdout).unwrap(), run.stdout(), "byte by byte");
    let one = lab.ok(["logs", "last", "--host", "h1"]);
    assert!(one.contains("changed: [h1]") && !one.contains("[h2]"), "{one}");
    let lines = lab.ok(["logs", "last", "--json"]);
    let hosts: Vec<Value> = lines.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()["host"].clone()).collect();
    assert_eq!(hosts.len(), followed.lines().count());
    assert!(hosts.contains(&"h1".into()) && hosts.contains(&"h2".into()) && hosts.contains(&Value::Null), "{hosts:?}");
    let nobody = lab.run(["logs", "last", "--host", "h9"]);
    let why = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(nobody.status.code() == Some(1) && why.contains("no host \"h9\"") && why.contains("h1, h2"), "{why}");

    let failed = lab.run(["adhoc", "lab", "-m", "shell", "-a", "echo said; [ $(hostname) = never ]", "--wait"]);
    assert_eq!(failed.status.code(), Some(2));
    let failed = lab.ok(["logs", "last", "--failed"]);
    assert!(failed.contains("h1 | FAILED") && failed.contains("said"), "{failed}");
    let listed = lab.ok(["runs"]);
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines.len() == 3 && lines[0].starts_with("# ") && lines[0].contains("OPERATOR"), "{listed}");
    assert!(lines[1].contains("failed") && lines[2].contains("gate.yml"), "{listed}");
}

#[test]
fn a_folder_that_is_not_there_is_named_once() {
    let lab = Lab::start(0);
    let out = lab.run(["-C", "/nonexistent", "check"]);
    let why = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(why.matches("No such file").count(), 1, "{why}");
    let out = lab.run(["-C", "/nonexistent", "adhoc", "all", "-m", "ping"]);
    let why = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(why.matches("No such file").count(), 1, "{why}");
}

#[test]
fn a_denied_launch_is_found_by_the_word_that_the_list_shows() {
    let lab = Lab::start(0);
    assert!(!lab.run(["play", "nowhere.yml"]).status.success());
    let denied = lab.ok(["audit", "--status", "denied"]);
    assert!(denied.contains("denied") && denied.contains("nowhere.yml"), "{denied}");
    assert_eq!(lab.ok(["audit", "--status", "cancelled"]), "No record matches.\n");
}

#[test]
fn opsdeck_describes_itself_and_the_machine() {
    let lab = Lab::start(0);
    let doctor = lab.run(["doctor", "--json"]);
    let told: Value = serde_json::from_slice(&doctor.stdout).unwrap();
    assert_eq!((doctor.status.code(), &told["ok"]), (Some(0), &Value::Bool(true)), "{told:#}");
    assert!(lab.ok(["doctor"]).contains("ansible"));
    let man = lab.ok(["man"]);
    assert!(man.contains(".TH") && man.contains("opsdeck") && man.contains("failed\\-hosts"), "{man}");
    for (shell, word) in [("bash", "_opsdeck()"), ("zsh", "#compdef opsdeck"), ("fish", "complete -c opsdeck")] {
        let script = lab.ok(["completions", shell]);
        assert!(script.contains(word) && script.contains("adhoc"), "{shell}");
    }
}

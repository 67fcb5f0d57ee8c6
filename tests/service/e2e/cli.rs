//! The verbs that launch, show and stop, over real ssh.

use crate::support::wait::wait_true;
use crate::support::{Lab, Run};
use serde_json::{Value, json};

/// A playbook that prints a line a task and host, `tasks` times.
pub fn chatty(tasks: usize) -> String {
    let mut text = "- hosts: lab\n  gather_facts: false\n  tasks:\n".to_owned();
    for n in 1..=tasks {
        text += &format!(
            "    - name: step {n}\n      ansible.builtin.command: echo 'line {n} of {{{{ inventory_hostname }}}}'\n"
        );
    }
    text
}

/// A playbook whose second task lasts until the file `go` exists in the project.
pub fn gated(lab: &Lab) -> String {
    let go = lab.project().join("go");
    format!(
        "- hosts: lab\n  gather_facts: false\n  tasks:\n    - name: first\n      ansible.builtin.command: echo one\n    \
         - name: gate\n      ansible.builtin.shell: 'until [ -e {} ]; do sleep 0.1; done; echo through'\n    \
         - name: last\n      ansible.builtin.command: echo three\n",
        go.display()
    )
}

/// Opens the gate.
pub fn open(lab: &Lab) {
    lab.write("go", "");
}

#[test]
fn adhoc_waits_and_prints_what_ansible_prints() {
    let lab = Lab::start(1);
    let ask = ["lab", "-m", "command", "-a", "echo 'ä ! 日本語'"];
    let bare = lab.command("ansible").args(ask).output().unwrap();
    let ours = lab.opsdeck(["adhoc"]).args(ask).arg("--wait").env("NO_COLOR", "1").output().unwrap();
    let said = String::from_utf8_lossy(&ours.stdout);
    assert_eq!(ours.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&ours.stderr));
    let shown = opsdeck::text::plain(&said).into_owned();
    assert_eq!(shown, opsdeck::text::plain(&String::from_utf8_lossy(&bare.stdout)), "the words of bare ansible");
    let run = Run::last(&lab);
    let stdout = std::fs::read(run.folder().join("steps/1/stdout.log")).unwrap();
    let lines: Vec<_> = stdout.split(|b| *b == b'\n').map(opsdeck::text::stripped).collect();
    assert_eq!(ours.stdout, lines.join(&b'\n'), "--wait streams the bytes, without those for terminals");
    let show = run.show();
    assert_eq!((&show["kind"], &show["state"], &show["rc"]), (&json!("adhoc"), &json!("succeeded"), &json!(0)));
}

#[test]
fn a_detached_playbook_goes_on_alone_and_is_found_again() {
    let lab = Lab::start(2);
    lab.write("site.yml", &chatty(3));
    let run = Run::launch(&lab, &["play", "site.yml"]);
    let end = run.wait_end(60);
    assert_eq!(end["state"], "succeeded", "{end:#}");
    for key in ["id", "kind", "operator", "environment", "started_at", "ended_at", "hosts"] {
        assert!(!end[key].is_null(), "{key} is missing: {end:#}");
    }
    let runs: Vec<Value> = serde_json::from_str(&lab.ok(["runs", "--json"])).unwrap();
    assert_eq!(runs[0]["id"], run.id.to_string());
    for n in 1..=3 {
        assert_eq!(run.stdout().matches(&format!("TASK [step {n}]")).count(), 1, "{}", run.stdout());
    }
    let results = run.journal().iter().filter(|e| e["e"] == "result").count();
    assert_eq!(results, 6, "three tasks on two hosts");
    wait_true(10, "nothing of the run is left", || run.pids("").is_empty());
}

#[test]
fn ansibles_exit_code_is_ours() {
    let lab = Lab::start(1);
    let failed = lab.run(["adhoc", "lab", "-m", "command", "-a", "false", "--wait"]);
    assert_eq!(failed.status.code(), Some(2), "a failed host: {failed:?}");
    assert_eq!(Run::last(&lab).show()["state"], "failed");
    lab.write("inventories/dead/hosts.ini", "dead ansible_host=127.0.0.1 ansible_port=1 ansible_ssh_timeout=5\n");
    let dead = lab.run(["adhoc", "dead", "-i", "inventories/dead", "-m", "ping", "--wait"]);
    assert_eq!(dead.status.code(), Some(4), "an unreachable host: {dead:?}");
    assert_eq!(Run::last(&lab).show()["failure"], "unreachable");
}

#[test]
fn stop_interrupts_and_leaves_nothing_of_ours() {
    let lab = Lab::start(2);
    lab.write("gate.yml", &gated(&lab));
    let run = Run::launch(&lab, &["play", "gate.yml"]);
    wait_true(60, "the gate is reached", || run.stdout().contains("TASK [gate]"));
    lab.ok(["stop", &run.id.to_string()]);
    let end = run.wait_state(30, &["cancelled"]);
    let maybe: Vec<&str> = end["maybe_running_on"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(maybe, ["h1", "h2"], "it says where something may still run");
    wait_true(20, "no process of the run is left here", || run.pids("").is_empty());
    assert!(!run.stdout().contains("TASK [last]"));
}

#[test]
fn a_stopped_run_holds_its_hosts_no_longer() {
    let lab = Lab::start(1);
    lab.write("gate.yml", &gated(&lab));
    let first = Run::launch(&lab, &["play", "gate.yml"]);
    wait_true(60, "the gate is reached", || first.stdout().contains("TASK [gate]"));
    let refused = lab.run(["play", "gate.yml"]);
    assert!(!refused.status.success());
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains(&first.id.to_string()), "the holder is named: {why}");
    let waiting = Run::launch(&lab, &["play", "gate.yml", "--on-conflict", "wait"]);
    waiting.wait_state(20, &["queued"]);
    lab.ok(["stop", &first.id.to_string(), "--now"]);
    wait_true(60, "the waiting one has its turn", || waiting.stdout().contains("TASK [gate]"));
    lab.ok(["stop", &waiting.id.to_string()]);
    // at once: whoever saw it end may launch the next
    Run::launch(&lab, &["play", "gate.yml"]);
}

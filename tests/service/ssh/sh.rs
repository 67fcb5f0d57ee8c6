//! `opsdeck sh`: a run like any other, folded output, exit codes as Ansible's, mixed fleets, stop, rerun.

use crate::support::Lab;
use crate::support::odd::Odd;
use crate::support::wait::wait_until;
use serde_json::Value;

fn json(lab: &Lab, args: &[&str]) -> (Value, Option<i32>) {
    let out = lab.run(args);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}{:?}", out.stderr));
    (value, out.status.code())
}

fn hosts(group: &Value) -> Vec<&str> {
    group["hosts"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

#[test]
fn hosts_with_equal_output_are_one_group_and_the_run_reads_as_any_other() {
    let lab = Lab::start(3);
    let line = lab.ok(["sh", "lab", "--wait", "--", "echo", "same;", "echo", "{{ nothing }}"]);
    assert_eq!(line, "== 3 hosts | h1 h2 h3\nsame\n{{ nothing }}\n");
    let (run, code) = json(&lab, &["sh", "lab", "-w", "--json", "--", "test $(hostname)x = nox || exit 3"]);
    assert_eq!((code, run["state"].as_str(), run["kind"].as_str()), (Some(2), Some("failed"), Some("shell")));
    assert_eq!((run["groups"][0]["end"]["code"].as_i64(), hosts(&run["groups"][0]).len()), (Some(3), 3));
    let shown = lab.ok(["show", "last"]);
    assert!(shown.contains("opsdeck sh lab") && shown.contains("3 of 3 hosts failed"), "{shown}");
    let logs = lab.ok(["logs", "last"]);
    assert!(logs.contains("h1 | FAILED | rc=3 >>"), "{logs}");
    let again = lab.run(["rerun", "last", "--failed-hosts", "--wait"]);
    assert_eq!(again.status.code(), Some(2), "the same command on the same hosts");
}

#[test]
fn hosts_that_are_not_reached_are_told_apart_and_give_ansibles_code() {
    let lab = Lab::start(2);
    let refuses = Odd::refuses();
    lab.write("inventories/lab/odd.ini", &format!("[lab]\nrefuses ansible_port={}\n", refuses.port));
    let (run, code) = json(&lab, &["sh", "lab", "-w", "--json", "--", "printf 'a\\033[31mb\\377'"]);
    assert_eq!((code, run["failure"].as_str()), (Some(4), Some("unreachable")));
    let groups = run["groups"].as_array().unwrap();
    assert_eq!(groups.iter().map(hosts).collect::<Vec<_>>(), [vec!["h1", "h2"], vec!["refuses"]]);
    assert_eq!(groups[0]["lines"][0]["text"], "ab\u{fffd}", "nothing of it reaches a terminal");
    let why = groups[1]["lines"][0]["text"].as_str().unwrap();
    assert!(groups[1]["end"] == "unreachable" && why.contains("Connection refused"), "{why}");
}

#[test]
fn other_connections_go_through_ansible_in_the_same_run() {
    let lab = Lab::start(1);
    lab.write("inventories/lab/local.ini", "[lab]\nhere ansible_connection=local\n");
    let out = lab.run(["sh", "lab", "-w", "--json", "--", "echo 'one two'; echo {{ x }}; a=b; echo \"$a\\\\\""]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("1 host over SSH, 1 through Ansible (its connection is local)"), "{said}");
    let run: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(0), "{run:#}");
    assert_eq!(run["groups"].as_array().map(Vec::len), Some(1), "both said the same: {:#}", run["groups"]);
    assert_eq!(hosts(&run["groups"][0]).len(), 2);
    let tasks: Vec<&str> = run["tasks"].as_array().unwrap().iter().filter_map(|t| t["name"].as_str()).collect();
    assert!(tasks[0].starts_with("shell over SSH") && tasks[1].starts_with("shell through Ansible"), "{tasks:?}");
    assert_eq!((&run["hosts"]["h1"]["changed"], &run["hosts"]["here"]["changed"]), (&1.into(), &1.into()));
}

#[test]
fn a_command_whose_end_nobody_saw_is_unknown_and_a_stop_ends_it() {
    let lab = Lab::start(2);
    let late = "case $PATH in *) test -e $HOME/x || true;; esac; echo begun; sleep 30";
    let (run, code) = json(&lab, &["sh", "h1", "-w", "--json", "--timeout", "1", "--", late]);
    assert_eq!((code, run["groups"][0]["end"].as_str()), (Some(2), Some("unknown")), "{run:#}");
    assert_eq!(run["maybe_running_on"], serde_json::json!(["h1"]));
    assert!(run["why"].as_str().unwrap().contains("not known how it went"), "{}", run["why"]);
    let id = lab.ok(["sh", "lab", "--", "sleep 600"]).trim().to_owned();
    wait_until(20, "both hosts are at it", || {
        let (run, _) = json(&lab, &["show", &id, "--json"]);
        (run["tasks"][0]["counts"]["running"] == 2).then_some(())
    });
    lab.ok(["stop", &id]);
    let (run, _) = json(&lab, &["show", &id, "--json"]);
    assert_eq!(run["state"], "cancelled");
    assert_eq!(run["maybe_running_on"].as_array().map(Vec::len), Some(2), "{run:#}");
}

#[test]
fn refusals_start_nothing() {
    let lab = Lab::start(0);
    let out = lab.run(["sh", "lab", "--", " "]);
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(lab.run(["sh", "lab"]).status.code(), Some(2), "no command");
    let out = lab.run(["sh", "nope", "--", "true"]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(said.contains("no host of lab matches `nope`") && out.status.code() == Some(1), "{said}");
    assert_eq!(lab.ok(["runs", "--json"]).trim(), "[]", "none of them became a run");
}

#[test]
fn what_a_pattern_names_in_vain_is_said_and_the_rest_runs() {
    let lab = Lab::start(1);
    let out = lab.run(["sh", "h1,h9", "--wait", "--", "echo", "here"]);
    let (said, told) = (String::from_utf8_lossy(&out.stderr), String::from_utf8_lossy(&out.stdout));
    assert!(said.contains("`h9` matches no host and no group") && out.status.success(), "{said}");
    assert!(told.contains("here"), "{told}");
}

#[test]
fn long_outputs_are_kept_whole_and_what_may_not_be_kept_is_told() {
    let lab = Lab::start(1);
    let said = lab.ok(["sh", "h1", "--wait", "--", "seq 1 20000; echo end >&2"]);
    assert!(said.contains("bytes left out"), "the folded view is cut");
    let whole = lab.ok(["logs", "last", "--host", "h1"]);
    let expected: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
    assert_eq!(whole, expected);
    assert_eq!(lab.ok(["logs", "last", "--host", "h1", "--raw"]), expected);
    let out = lab.run(["sh", "h1", "--max-output", "100K", "--wait", "--", "head -c 300000 /dev/zero | tr '\\0' x"]);
    assert!(out.status.success(), "{out:?}");
    let kept = lab.run(["logs", "last", "--host", "h1", "--raw"]);
    let why = String::from_utf8_lossy(&kept.stderr).into_owned();
    assert!(kept.stdout.len() <= 100 << 10 && kept.stdout.len() > 60_000, "{}", kept.stdout.len());
    assert!(why.contains("--max-output"), "{why}");
}

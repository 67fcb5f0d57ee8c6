//! Runs on the real Ansible, over local connections: launched, watched, killed at, stopped, done again.

mod leases;
mod nobody;
mod targets;

use crate::support::wait::{wait_true, wait_until};
use crate::support::world::{self, World, hosts, is_terminal, kill, text};
use opsdeck::run::State;
use opsdeck::run::event::{Failure, StopLevel};
use opsdeck::run::state::CellStatus;
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

const OK: &str = "[{hosts: all, gather_facts: false, tasks: [{name: say, command: echo hello}]}]";

#[test]
fn waiting_prints_what_ansible_prints_and_exits_as_it_does() {
    let world = World::new();
    world.write("ok.yml", OK);
    let output = world.opsdeck(&["play", "ok.yml", "-i", "hosts.ini", "--wait"]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(out.matches("PLAY RECAP").count(), 1, "{out}");
    let shown = world.show("last");
    let id = shown["id"].as_str().unwrap();
    assert_eq!(out, world.stdout(id), "every byte, once");
    for (key, value) in
        [("kind", json!("playbook")), ("state", json!("succeeded")), ("rc", json!(0)), ("check", json!(false))]
    {
        assert_eq!(shown[key], value, "{key}");
    }
    assert_eq!(shown["argv"], json!(["ansible-playbook", "ok.yml", "-i", "hosts.ini"]));
    assert_eq!(shown["hosts"]["w1"]["changed"], json!(1));
    assert_eq!(shown["tasks"][0]["counts"]["changed"], json!(2));
    assert!(shown["started_at"].is_string() && shown["ended_at"].is_string() && shown["operator"].is_string());
    world.assert_each_event_once(id);
    let state = world.state(id);
    let result = opsdeck::run::result(&world.run(id), state.tasks[0].cell(0)).unwrap().unwrap();
    assert_eq!(result["r"]["stdout"], json!("hello"), "{result}");
    let words = |a: &str, p: &str, s: &str| (a.to_owned(), p.to_owned(), s.to_owned());
    // The journal tells the end first.
    let ledger = wait_until(20, "the ledger to know its end", || Some(world.ledger(id)).filter(|l| l.len() > 4));
    let expected = [
        words("run.launch", "intent", "started"),
        words("run.launch", "outcome", "success"),
        words("lease.take", "outcome", "success"),
        words("run.end", "outcome", "success"),
        words("lease.free", "outcome", "success"),
    ];
    assert_eq!(ledger, expected);
}

#[test]
fn an_adhoc_command_fails_as_ansible_does() {
    let world = World::new();
    let output = world.opsdeck(&["adhoc", "all", "-i", "hosts.ini", "-m", "command", "-a", "false", "--wait"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let shown = world.show("last");
    assert_eq!((&shown["state"], &shown["failure"]), (&json!("failed"), &json!("hosts_failed")));
    assert_eq!(shown["hosts"]["w2"]["failed"], json!(1));
    let runs: serde_json::Value = serde_json::from_slice(&world.opsdeck(&["runs", "--json"]).stdout).unwrap();
    assert_eq!(
        (&runs[0]["state"], &runs[0]["failed"], &runs[0]["kind"]),
        (&json!("failed"), &json!(2), &json!("adhoc"))
    );
    assert_eq!(world.opsdeck(&["runs", "--state", "succeeded"]).stdout, b"");
}

#[test]
fn nothing_ran_is_a_failure_of_its_own() {
    let world = World::new();
    world.write("ok.yml", OK);
    world.write("other.yml", &OK.replace("hosts: all", "hosts: nowhere"));
    world.write("broken.ini", &format!("{}[oops\n", hosts(&["w1"])));
    let cases: [(&[&str], &[i32]); 4] = [
        (&["play", "other.yml", "-i", "hosts.ini"], &[3]),
        (&["play", "ok.yml", "-i", "missing.ini"], &[3, 1, 4]),
        (&["play", "ok.yml", "-i", "broken.ini"], &[3, 1, 4]),
        (&["play", "ok.yml", "-i", "hosts.ini", "--start-at-task", "no such task"], &[3]),
    ];
    for (args, codes) in cases {
        let output = world.opsdeck(&[args, &["--wait"]].concat());
        let shown = world.show("last");
        assert_eq!(shown["state"], json!("nothing_ran"), "{args:?}: {shown:#}\n{}", text(&output.stderr));
        let code = output.status.code().unwrap();
        assert!(codes.contains(&code), "{args:?}: {code}");
    }
}

#[test]
fn what_ansible_refuses_is_its_failure_not_the_hosts() {
    let world = World::new();
    world.write("bad.yml", "- hosts: all\n  tasks:\n    - {name: x, no_such_module_at_all: {}}\n");
    let output = world.opsdeck(&["play", "bad.yml", "-i", "hosts.ini", "--wait"]);
    let shown = world.show("last");
    assert_eq!((&shown["state"], &shown["failure"]), (&json!("failed"), &json!("ansible")), "{shown:#}");
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("no_such_module_at_all"), "{}", text(&output.stderr));
}

#[test]
fn what_makes_no_sense_starts_nothing() {
    let world = World::new();
    world.write("ask.yml", "- hosts: all\n  vars_prompt: [{name: who, prompt: Who}]\n  tasks: [{debug: {msg: hi}}]\n");
    world.write("pause.yml", "- hosts: all\n  gather_facts: false\n  tasks: [{pause: {prompt: Sure}}]\n");
    for (args, expected) in [
        (&["play", "nowhere.yml", "-i", "hosts.ini"] as &[&str], "there is no playbook nowhere.yml"),
        (&["play", "ask.yml", "-i", "hosts.ini"], "asks for who"),
        (&["play", "pause.yml", "-i", "hosts.ini"], "pauses for a person"),
    ] {
        let output = world.opsdeck(args);
        assert_eq!(output.status.code(), Some(64), "{args:?}");
        assert!(text(&output.stderr).contains(expected), "{args:?}: {}", text(&output.stderr));
        assert_eq!(output.stdout, b"");
    }
    assert_eq!(world.opsdeck(&["runs"]).stdout, b"", "no run was made");
    let output = world.opsdeck(&["play", "ask.yml", "-i", "hosts.ini", "-e", "who=me", "--wait"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let output = world.opsdeck(&["play", "pause.yml", "-i", "hosts.ini", "--skip-pauses", "--wait"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_killed_watcher_and_a_killed_supervisor_cost_nothing() {
    let world = World::new();
    world.write("gate.yml", world::GATE);
    let mut command = world.command(&["play", "gate.yml", "-i", "hosts.ini", "--wait"]);
    let mut watcher = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(watcher.stdout.take().unwrap());
    while !line.contains("TASK [gate]") {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0);
    }
    watcher.kill().unwrap();
    watcher.wait().unwrap();
    let id = world.show("last")["id"].as_str().unwrap().to_owned();
    wait_true(60, "both hosts at the gate", || world.has("here-w1") && world.has("here-w2"));
    kill(&world.supervisor(&id).expect("a supervisor"));
    world.go();
    // Nobody looks: the step runner calls the next supervisor.
    let state = world.ended(&id);
    is_terminal(&state, State::Succeeded);
    assert_eq!((state.rc, state.resumed), (Some(0), 1));
    world.assert_each_event_once(&id);
    let out = world.stdout(&id);
    assert_eq!((out.matches("TASK [").count(), out.matches("PLAY RECAP").count()), (3, 1), "{out}");
    wait_true(20, "the ledger to know its end", || world.ledger(&id).len() == 5);
}

#[test]
fn a_supervisor_killed_again_and_again_takes_in_each_event_once() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    for _ in 0..3 {
        kill(&world.supervisor(&id).expect("a supervisor"));
        // Whoever looks calls the next one.
        assert_eq!(world.show(&id)["state"], json!("running"));
        wait_true(20, "a new supervisor", || world.supervisor(&id).is_some());
    }
    world.go();
    is_terminal(&world.ended(&id), State::Succeeded);
    world.assert_each_event_once(&id);
}

#[test]
fn a_killed_step_runner_costs_the_exit_code_only() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    kill(&world.runner(&id).expect("a step runner"));
    world.go();
    let state = world.ended(&id);
    is_terminal(&state, State::Succeeded);
    assert_eq!(
        (state.rc, state.steps[&1].exited),
        (None, Some(false)),
        "nobody saw it end; the recap tells how it went"
    );
    world.assert_each_event_once(&id);
}

#[test]
fn both_killed_and_the_next_look_brings_it_to_its_end() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    world.bereave(&id);
    kill(&world.runner(&id).expect("a step runner"));
    world.go();
    wait_true(30, "both hosts to be done", || world.has("last-w1") && world.has("last-w2"));
    assert_eq!(world.opsdeck(&["runs"]).status.code(), Some(0));
    is_terminal(&world.ended(&id), State::Succeeded);
    world.assert_each_event_once(&id);
}

#[test]
fn ansible_killed_from_outside_is_no_cancel() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    let ansible = opsdeck::state::Identity::of(ansible_pid(&world, &id)).unwrap();
    kill(&ansible);
    let state = world.ended(&id);
    assert_eq!((state.state, state.failure, state.signal), (State::Failed, Some(Failure::Killed), Some(9)));
    assert_eq!(state.maybe_running_on, ["w1", "w2"]);
    assert_eq!(state.tasks[1].cell(0).status, CellStatus::Unknown);
    // Its workers do not work on behind the back of whoever takes the hosts next.
    assert_eq!(world.processes(&id), Vec::<u32>::new());
    world.go();
}

#[test]
fn ansible_killed_together_with_its_step_runner_leaves_no_worker_behind() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    let ansible = opsdeck::state::Identity::of(ansible_pid(&world, &id)).unwrap();
    kill(&world.runner(&id).expect("a step runner"));
    kill(&ansible);
    let state = world.ended(&id);
    is_terminal(&state, State::Unknown);
    assert_eq!(world.processes(&id), Vec::<u32>::new());
    world.go();
}

fn ansible_pid(world: &World, id: &str) -> u32 {
    let pid = std::fs::read(world.run(id).step(1).pid()).unwrap();
    let pid: serde_json::Value = serde_json::from_slice(&pid).unwrap();
    pid["child"]["pid"].as_u64().unwrap() as u32
}

#[test]
fn the_stop_ladder_leaves_nothing_behind() {
    for (option, level) in [(&[] as &[&str], StopLevel::Interrupt), (&["--now"], StopLevel::Kill)] {
        let world = World::new();
        let id = world.launch_to_gate(&[]);
        let output = world.opsdeck(&[&["stop", &id], option].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("may still run on: w1, w2"), "{}", text(&output.stdout));
        let state = world.ended(&id);
        is_terminal(&state, State::Cancelled);
        assert_eq!(state.stop, Some(level));
        wait_true(10, "no process to be left", || world.processes(&id).is_empty());
        assert!(!world.has("last-w1"));
        assert_eq!(world.opsdeck(&["stop", &id]).status.code(), Some(64), "it has ended");
        let stops = world.ledger(&id).into_iter().filter(|(action, ..)| action == "run.stop").count();
        assert_eq!(stops, 4, "intent and outcome, intent and denial");
    }
}

#[test]
fn after_this_task_lets_it_finish_and_starts_no_other() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    assert_eq!(world.opsdeck(&["stop", &id, "--after-task"]).status.code(), Some(0));
    assert_eq!(world.state(&id).state, State::Stopping);
    world.go();
    let state = world.ended(&id);
    is_terminal(&state, State::Cancelled);
    assert_eq!(state.tasks[1].counts.changed, 2, "the running task came to its end");
    assert!(!world.has("last-w1") && !world.has("last-w2"));
    assert!(state.maybe_running_on.is_empty());
}

#[test]
fn a_run_whose_supervisor_is_dead_can_be_stopped() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    world.bereave(&id);
    kill(&world.runner(&id).expect("a step runner"));
    let output = world.opsdeck(&["stop", &id, "--now"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    is_terminal(&world.ended(&id), State::Cancelled);
    wait_true(10, "no process to be left", || world.processes(&id).is_empty());
}

#[test]
fn a_second_playbook_on_the_same_hosts_waits_or_is_refused() {
    let world = World::new();
    world.write("ok.yml", OK);
    let first = world.launch_to_gate(&[]);
    let refused = world.opsdeck(&["play", "ok.yml", "-i", "hosts.ini"]);
    assert_eq!(refused.status.code(), Some(64));
    assert!(text(&refused.stderr).contains(&first), "{}", text(&refused.stderr));
    let warned = world.opsdeck(&["adhoc", "all", "-i", "hosts.ini", "-m", "ping"]);
    assert_eq!(warned.status.code(), Some(0), "an ad-hoc command is never blocked");
    assert!(text(&warned.stderr).contains(&first));
    let queued = world.launch(&["play", "ok.yml", "-i", "hosts.ini", "--on-conflict", "wait"]);
    wait_true(20, "it to queue", || world.state(&queued).state == State::Queued);
    assert_eq!(world.show(&queued)["queued_by"], json!(first));
    // Its supervisor dies while it waits; the holder's too: the lease stands as long as the holder lives.
    world.bereave(&queued);
    world.bereave(&first);
    assert_eq!(world.show(&queued)["state"], json!("queued"));
    world.go();
    is_terminal(&world.ended(&queued), State::Succeeded);
    is_terminal(&world.ended(&first), State::Succeeded);
    let (first, queued) = (world.state(&first), world.state(&queued));
    assert!(queued.started_at() >= first.entered(State::Running), "one after the other");
}

/// Two environments; `ansible.cfg` chooses the one that is named.
fn two_environments(world: &World, chosen: &str) {
    for name in ["staging", "production"] {
        world.write(&format!("inventories/{name}/hosts.ini"), &hosts(&["w1", "w2"]));
    }
    world.write("ansible.cfg", &format!("[defaults]\ninventory = inventories/{chosen}\n"));
    world.write("ok.yml", OK);
}

#[test]
fn a_lease_is_on_the_environment_however_it_is_spelled() {
    let world = World::new();
    two_environments(&world, "staging");
    world.write("gate.yml", world::GATE);
    let first = world.launch(&["play", "gate.yml"]);
    wait_true(60, "both hosts at the gate", || world.has("here-w1") && world.has("here-w2"));
    assert_eq!(world.show(&first)["environment"], json!("staging"));
    let spellings: [&[&str]; 5] = [
        &[],
        &["-E", "staging"],
        &["-i", "inventories/staging/hosts.ini"],
        &["-i", "./inventories/staging/"],
        &["-i", "w2,"],
    ];
    for spelling in spellings {
        let refused = world.opsdeck(&[&["play", "ok.yml"], spelling].concat());
        assert_eq!(refused.status.code(), Some(64), "{spelling:?}: {}", text(&refused.stdout));
        assert!(text(&refused.stderr).contains(&first), "{spelling:?}: {}", text(&refused.stderr));
    }
    let other = world.launch(&["play", "ok.yml", "-E", "production"]);
    is_terminal(&world.ended(&other), State::Succeeded);
    world.go();
    is_terminal(&world.ended(&first), State::Succeeded);
}

#[test]
fn what_ansible_cfg_chooses_is_guarded_as_its_environment_is() {
    let world = World::new();
    two_environments(&world, "production");
    let refused = world.opsdeck(&["adhoc", "all", "-m", "ping"]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    assert!(text(&refused.stderr).contains("-E production"), "{}", text(&refused.stderr));
    assert_eq!(world.opsdeck(&["runs"]).stdout, b"", "no run was made");
    let meant = world.opsdeck(&["adhoc", "all", "-m", "ping", "-E", "production", "--wait"]);
    assert_eq!(meant.status.code(), Some(0), "{}", text(&meant.stderr));
    assert_eq!(world.show("last")["environment"], json!("production"));
}

#[test]
fn rerun_takes_the_hosts_that_did_not_come_to_an_end() {
    let world = World::new();
    world.write(
        "hosts.ini",
        &format!("{}dark ansible_host=127.0.0.1 ansible_port=1\n", hosts(&["good", "bad", "slow"])),
    );
    world.write("mixed.yml", "- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: x, command: \"{{ 'false' if inventory_hostname == 'bad' else 'true' }}\"}\n");
    let output = world.opsdeck(&["play", "mixed.yml", "-i", "hosts.ini", "--wait"]);
    assert_eq!(output.status.code(), Some(4), "failed and unreachable together are 4: {}", text(&output.stderr));
    let first = world.show("last");
    assert_eq!(first["failure"], json!("hosts_failed"), "{first:#}");
    let output = world.opsdeck(&["rerun", "last", "--failed-hosts", "--wait"]);
    let second = world.show("last");
    assert_eq!((&second["limit"], &second["rerun_of"]), (&json!("bad,dark"), &first["id"]), "{}", text(&output.stderr));
    assert_eq!(second["hosts"].as_object().unwrap().len(), 2);
}

#[test]
fn a_timeout_ends_it() {
    let world = World::new();
    world.write("gate.yml", world::GATE);
    let id = world.launch(&["play", "gate.yml", "-i", "hosts.ini", "--timeout", "4"]);
    let state = world.ended(&id);
    assert_eq!((state.state, state.failure), (State::Failed, Some(Failure::Timeout)), "{:?}", state.why);
    wait_true(10, "no process to be left", || world.processes(&id).is_empty());
}

#[test]
fn a_launch_that_was_never_promised_starts_nothing_later() {
    let world = World::new();
    world.write("ok.yml", OK);
    let done = world.launch(&["play", "ok.yml", "-i", "hosts.ini"]);
    world.ended(&done);
    // What a launcher leaves behind that was killed before it started a supervisor, some months ago.
    let id = "01900000-0000-7000-8000-000000000000";
    let (from, to) = (world.run(&done), world.run(id));
    std::fs::create_dir_all(to.step(1).path()).unwrap();
    for (from, to) in [(from.spec(), to.spec()), (from.step(1).command(), to.step(1).command())] {
        std::fs::write(to, std::fs::read_to_string(from).unwrap().replace(&done, id)).unwrap();
    }
    let home = opsdeck::run::belongs::may_begin(&world.store).unwrap();
    let frozen = opsdeck::run::belongs::freeze(home, &to).unwrap();
    let spec = opsdeck::run::RunSpec { home: Some(frozen), ..opsdeck::run::read_spec(&to).unwrap() };
    std::fs::write(to.spec(), serde_yaml::to_string(&spec).unwrap()).unwrap();
    assert_eq!(world.opsdeck(&["show", id]).status.code(), Some(0));
    let state = world.ended(id);
    assert_eq!((state.state, state.failure), (State::Failed, Some(Failure::Launch)));
    assert!(!to.step(1).pid().exists(), "nothing was started");
}

#[test]
fn a_lost_index_is_made_anew_from_the_runs() {
    let world = World::new();
    world.write("ok.yml", OK);
    let id = world.launch(&["play", "ok.yml", "-i", "hosts.ini"]);
    world.ended(&id);
    wait_true(20, "the supervisor to be done", || world.supervisor(&id).is_none());
    for (name, content) in [("index.db", None), ("index.db", Some("not a database at all, but long enough to be one"))]
    {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(world.store.root().join(format!("{name}{suffix}")));
        }
        if let Some(content) = content {
            std::fs::write(world.store.index(), content.repeat(100)).unwrap();
        }
        let runs: serde_json::Value = serde_json::from_slice(&world.opsdeck(&["runs", "--json"]).stdout).unwrap();
        assert_eq!((&runs[0]["id"], &runs[0]["state"]), (&json!(id), &json!("succeeded")));
    }
}

#[test]
fn the_ledger_keeps_a_digest_of_what_a_run_with_diff_changed() {
    let world = World::new();
    let play = "- hosts: all\n  gather_facts: false\n  tasks:\n    - copy: {content: 'new', dest: '{{ playbook_dir }}/{{ inventory_hostname }}.conf'}\n";
    world.write("copy.yml", play);
    let digest = |args: &[&str]| {
        let output = world.opsdeck(&[&["play", "copy.yml", "-i", "hosts.ini", "--wait"], args].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let id = world.show("last")["id"].as_str().unwrap().to_owned();
        let end = || {
            let rows = world.opsdeck(&["audit", "--json", "--run", &id]).stdout;
            let rows: Vec<serde_json::Value> = serde_json::from_slice(&rows).unwrap();
            rows.into_iter().find(|row| row["action"] == "run.end")
        };
        wait_until(20, "the ledger to know its end", end)["diff_digest"].clone()
    };
    assert!(digest(&["--check"]).is_null(), "nobody asked for diffs");
    let would = digest(&["--check", "--diff"]);
    assert_eq!(would.as_str().map(str::len), Some(64));
    assert_eq!(digest(&["--check", "--diff"]), would, "the same changes");
    assert!(digest(&["--diff"]).is_string());
    assert_ne!(digest(&["--check", "--diff"]), would, "nothing is left to change");
}

#[test]
fn a_pattern_that_reads_as_an_option_is_refused_and_nothing_is_launched() {
    let world = World::new();
    for pattern in ["--playbook-dir=/", "-e@/etc/passwd", "-x"] {
        for verb in [&["adhoc", "-m", "ping"][..], &["sh", "-i", "hosts.ini"]] {
            let more =
                if verb[0] == "sh" { vec!["--", pattern, "true"] } else { vec!["-i", "hosts.ini", "--", pattern] };
            let output = world.first(&[verb, &more].concat());
            let said = text(&output.stderr);
            assert!(!output.status.success() && !said.contains("panicked"), "{verb:?} {pattern}: {said}");
            if verb[0] == "adhoc" {
                assert!(said.contains("begins with `-`"), "{said}");
            }
        }
    }
    let runs = std::fs::read_dir(world.store.runs()).map_or(0, Iterator::count);
    assert_eq!(runs, 0, "nothing was launched");
}

#[test]
fn processes_are_called_by_their_name_in_lists() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    for process in [world.guard(&id), world.supervisor(&id), world.runner(&id)] {
        let pid = process.expect("it lives").pid;
        let of = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
        assert_eq!(of("comm"), "opsdeck\n");
        assert!(of("cmdline").starts_with("opsdeck\0"), "{}", of("cmdline"));
    }
    world.go();
    is_terminal(&world.ended(&id), State::Succeeded);
}

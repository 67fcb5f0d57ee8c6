//! A run can be stopped when it matters most, and its end is seen: without descriptors of processes, behind a frozen
//! supervisor, with a full disk, with a name service that hangs. Real kernel, real Ansible.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "stop/room.rs"]
mod room;
#[path = "stop/sandbox.rs"]
mod sandbox;
#[path = "support/wait.rs"]
mod wait;
#[path = "runs/world.rs"]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod world;

use opsdeck::run::State;
use opsdeck::run::event::StopLevel;
use opsdeck::state::{Identity, Life, StateDir};
use room::Room;
use rustix::process::{Pid, Resource, Signal, getrlimit, prlimit};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use wait::wait_true;
use world::{World, is_terminal, text};

/// How long `stop --now` may take until nothing of a step is left. The goal is 2 s on a quiet machine.
const STOPPED: Duration = Duration::from_secs(6);

/// Stops a run in the hardest way, and waits until nothing of it is left; gives the exit code, and what was printed.
fn stop(world: &World, command: &mut Command, id: &str) -> (Option<i32>, String) {
    let began = Instant::now();
    let output = command.output().unwrap();
    wait_true(20, "nothing of it to be left", || world.processes(id).is_empty());
    let took = began.elapsed();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(took < STOPPED, "{took:?}: {said}");
    eprintln!("stopped within {took:?}");
    (output.status.code(), said)
}

/// How often the ledger knows that somebody stopped a run.
fn stops(world: &World, id: &str) -> usize {
    world.ledger(id).iter().filter(|(action, phase, _)| action == "run.stop" && phase == "intent").count()
}

#[test]
fn a_frozen_supervisor_keeps_nobody_from_stopping_its_run() {
    for level in ["--now", "--after-task", ""] {
        let world = World::new();
        let id = world.launch_to_gate(&[]);
        let supervisor = world.supervisor(&id).unwrap();
        assert!(supervisor.signal(Signal::STOP));
        let args: Vec<&str> = ["stop", &id].into_iter().chain((!level.is_empty()).then_some(level)).collect();
        if level == "--after-task" {
            let output = world.opsdeck(&args);
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            world.go();
            wait_true(20, "Ansible to end after its task", || world.processes(&id).is_empty());
            assert!(!world.has("last-w1"), "no other task began");
        } else if level == "--now" {
            let (code, said) = stop(&world, &mut world.command(&args), &id);
            assert!(code == Some(0) && said.contains("signalled from here"), "{code:?} {said}");
            assert!(said.contains("no process of it is left"), "{said}");
            assert!(!world.state(&id).state.is_terminal(), "its end is told by its supervisor alone");
        } else {
            let output = world.opsdeck(&args);
            assert!(text(&output.stderr).contains("signalled from here"), "{output:?}");
            assert!(world.processes(&id).is_empty());
        }
        assert!(supervisor.signal(Signal::CONT));
        is_terminal(&world.ended(&id), State::Cancelled);
        wait_true(20, "the supervisor to be gone", || world.supervisor(&id).is_none());
        assert_eq!(stops(&world, &id), 1, "{level:?}: one stop, one record: {:?}", world.ledger(&id));
    }
}

#[test]
fn with_a_full_disk_a_run_is_stopped_and_the_record_follows() {
    let world = World::new();
    world.write("gate.yml", world::GATE);
    let state = world.store.root().to_owned();
    std::fs::create_dir_all(&state).unwrap();
    let room = Room::new(&format!("mount -t tmpfs -o size=24m,mode=700 none {}", state.display()));
    let inside = |args: &[&str]| room.command(&world.command(args));
    let seen = StateDir::at(room.path(&state));
    let output = inside(&["play", "gate.yml", "-i", "hosts.ini"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let id = text(&output.stdout).trim().to_owned();
    let run = seen.run(id.parse().unwrap());
    let told = || opsdeck::run::Follower::open(&run).unwrap().state;
    wait_true(60, "both hosts at the gate", || world.has("here-w1") && world.has("here-w2"));
    wait_true(20, "the journal to know it", || told().hosts_running().len() == 2);
    let ballast = seen.root().join("ballast");
    let full = Command::new("dd").args(["if=/dev/zero", "bs=4k"]).arg(format!("of={}", ballast.display())).output();
    assert!(text(&full.unwrap().stderr).contains("No space left"));
    stop(&world, &mut inside(&["stop", &id, "--now"]), &id);
    std::fs::remove_file(&ballast).unwrap();
    wait_true(30, "its end to be told", || told().state.is_terminal());
    is_terminal(&told(), State::Cancelled);
    assert_eq!(told().stop, Some(StopLevel::Kill));
    let output = inside(&["audit", "--json", "--run", &id]).output().unwrap();
    let rows = text(&output.stdout);
    assert_eq!(rows.matches("\"run.stop\"").count(), 2, "an intent and an outcome, late: {rows}");
    assert_eq!(rows.matches("\"run.end\"").count(), 1, "{rows}");
}

/// Every write to the disk (of one file) fails, as on a full one, until strace ends.
fn take_the_disk_away(process: &Identity, only: Option<&Path>) -> Child {
    let mut strace = Command::new("strace");
    strace.args(only.into_iter().flat_map(|path| ["-P".as_ref(), path.as_os_str()]));
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync"]);
    strace.args(["-e", "inject=fdatasync,fsync:error=ENOSPC", "-p", &process.pid.to_string()]);
    let strace = strace.spawn().expect("strace is needed");
    wait_true(20, "strace to have it", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid)).unwrap_or_default();
        status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|pid| pid.trim() != "0"))
    });
    strace
}

#[test]
fn a_supervisor_whose_disk_takes_nothing_stops_first_and_records_when_it_can() {
    recorded_late(false);
}

#[test]
fn what_it_could_not_record_before_it_died_is_recorded_by_the_next_one() {
    recorded_late(true);
}

fn recorded_late(dies: bool) {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    let supervisor = world.supervisor(&id).unwrap();
    let mut strace = take_the_disk_away(&supervisor, None);
    let (_, said) = stop(&world, &mut world.command(&["stop", &id, "--now"]), &id);
    assert!(said.contains("not yet in the audit ledger"), "{said}");
    let log = || std::fs::read_to_string(world.run(&id).supervisor_log()).unwrap();
    wait_true(20, "it to be told why", || log().contains("nothing more is begun until it can be written"));
    assert_eq!((stops(&world, &id), supervisor.life()), (0, Life::Alive));
    if dies {
        world.bereave(&id);
    }
    strace.kill().unwrap();
    strace.wait().unwrap();
    // Whoever looks at it gives it the next supervisor, where the one that knew is dead.
    assert!(world.opsdeck(&["runs"]).status.success());
    is_terminal(&world.ended(&id), State::Cancelled);
    wait_true(20, "the supervisor to be gone", || world.supervisor(&id).is_none());
    assert_eq!(world.state(&id).resumed, 0, "the same one all the time, or one that only wrote it down: {}", log());
    assert_eq!(stops(&world, &id), 1, "{:?}", world.ledger(&id));
    assert!(world.ledger(&id).iter().any(|(action, ..)| action == "run.end"), "{:?}", world.ledger(&id));
}

#[test]
fn what_waited_for_the_disk_does_not_begin_after_a_stop() {
    let world = World::new();
    let holder = world.launch_to_gate(&[]);
    world.write("mark.yml", "[{hosts: all, gather_facts: false, tasks: [{name: mark, shell: touch ran}]}]");
    let queued = world.launch(&["play", "mark.yml", "-i", "hosts.ini", "--on-conflict", "wait"]);
    wait_true(20, "it to be queued", || world.state(&queued).state == State::Queued);
    let supervisor = world.supervisor(&queued).unwrap();
    let mut strace = take_the_disk_away(&supervisor, Some(&world.run(&queued).journal()));
    world.go();
    is_terminal(&world.ended(&holder), State::Succeeded);
    let log = || std::fs::read_to_string(world.run(&queued).supervisor_log()).unwrap();
    wait_true(20, "it to wait for its disk", || log().contains("nothing more is begun until it can be written"));
    let output = world.opsdeck(&["stop", &queued, "--after-task"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    strace.kill().unwrap();
    strace.wait().unwrap();
    is_terminal(&world.ended(&queued), State::Cancelled);
    assert!(!world.has("ran") && world.processes(&queued).is_empty());
}

#[test]
fn whoever_could_not_be_heard_for_a_moment_is_heard_then() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    let supervisor = world.supervisor(&id).unwrap();
    let pid = Pid::from_raw(supervisor.pid as i32);
    let before = getrlimit(Resource::Nofile);
    // No descriptor is left: nothing can be accepted.
    let none = rustix::process::Rlimit { current: Some(3), maximum: before.maximum };
    prlimit(pid, Resource::Nofile, none).unwrap();
    let mut early = world.command(&["stop", &id, "--after-task"]);
    let early = early.stderr(std::process::Stdio::null()).spawn().unwrap();
    wait_true(10, "somebody to be refused", || {
        let log = std::fs::read_to_string(world.run(&id).supervisor_log()).unwrap_or_default();
        log.contains("could not be heard")
    });
    prlimit(pid, Resource::Nofile, before).unwrap();
    let mut early = early;
    assert!(early.wait().unwrap().success(), "it was heard later");
    let (code, said) = stop(&world, &mut world.command(&["stop", &id, "--now"]), &id);
    assert_eq!(code, Some(0), "{said}");
    is_terminal(&world.ended(&id), State::Cancelled);
}

#[test]
fn a_name_service_that_hangs_holds_nobody_up() {
    let world = World::new();
    world.write("gate.yml", world::GATE);
    world.write("passwd", "nobody:x:65534:65534::/:/bin/false\n");
    world.write("getent", "#!/bin/sh\nexec sleep 60\n");
    let project = world.project();
    let room = Room::new(&format!(
        "chmod 755 {0}/getent; mount --bind {0}/passwd /etc/passwd; mount --bind {0}/getent /usr/bin/getent",
        project.display()
    ));
    let inside = |args: &[&str]| room.command(&world.command(args));
    let output = inside(&["play", "gate.yml", "-i", "hosts.ini"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let id = text(&output.stdout).trim().to_owned();
    wait_true(60, "both hosts at the gate", || world.has("here-w1") && world.has("here-w2"));
    let (code, said) = stop(&world, &mut inside(&["stop", &id, "--now"]), &id);
    assert_eq!(code, Some(0), "{said}");
    is_terminal(&world.ended(&id), State::Cancelled);
    wait_true(20, "the supervisor to be gone", || world.supervisor(&id).is_none());
    assert_eq!(stops(&world, &id), 1, "{:?}", world.ledger(&id));
}

#[test]
fn where_the_kernel_gives_no_descriptors_of_processes_a_run_ends_when_it_ends_and_stops_when_asked() {
    for errno in [sandbox::ENOSYS, sandbox::EMFILE] {
        let world = World::new();
        world.write("gate.yml", world::GATE);
        let without = |args: &[&str]| {
            let output = sandbox::without_descriptors(&world.command(args), errno).output().unwrap();
            (output.status.code(), text(&output.stdout), text(&output.stderr))
        };
        let (code, out, err) = without(&["play", "gate.yml", "-i", "hosts.ini"]);
        assert_eq!(code, Some(0), "{err}");
        let id = out.trim().to_owned();
        wait_true(60, "both hosts at the gate", || world.has("here-w1") && world.has("here-w2"));
        let state = world.state(&id);
        assert!(!state.state.is_terminal(), "errno {errno}: Ansible works, and the run is {:?}", state.state);
        let (code, out, err) = without(&["stop", &id, "--now"]);
        assert_eq!(code, Some(0), "errno {errno}: {out}{err}");
        is_terminal(&world.ended(&id), State::Cancelled);
        wait_true(10, "nothing of it to be left", || world.processes(&id).is_empty());

        // One that is left alone ends as it ends, and not before.
        world.write("go", "");
        let (code, out, err) = without(&["play", "gate.yml", "-i", "hosts.ini", "--wait"]);
        assert_eq!(code, Some(0), "errno {errno}: {out}{err}");
        let (_, out, _) = without(&["doctor"]);
        assert!(out.contains("pidfd") && out.contains("50 ms late"), "{out}");
    }
}

/// How long a run may be without a supervisor that nobody misses. The goal is 2 s on a quiet machine.
const BACK: Duration = Duration::from_secs(6);

#[test]
fn a_killed_supervisor_is_back_with_its_secrets_and_nobody_looked() {
    let world = World::new();
    let id = world.launch_to_gate(&["-e", "app_password=geheim-17"]);
    let queued = world.launch(&["play", "gate.yml", "-i", "hosts.ini", "--on-conflict", "wait"]);
    wait_true(20, "it to be queued", || world.state(&queued).state == State::Queued);
    for (times, id) in [(1, &id), (2, &id), (1, &queued)] {
        let killed = world.supervisor(id).unwrap();
        let began = Instant::now();
        world::kill(&killed);
        wait_true(20, "the next one", || world.state(id).resumed == times);
        let took = began.elapsed();
        assert!(took < BACK, "{took:?}");
        wait_true(20, "it to answer", || world.supervisor(id).is_some_and(|next| next != killed));
        eprintln!("back after {took:?}");
    }
    let output = world.opsdeck(&["values", &id]);
    assert!(text(&output.stdout).contains("geheim-17"), "{output:?}");
    // The parent alone is no loss: the supervisor goes on, and whoever looks later finds all in order.
    world::kill(&world.guard(&queued).unwrap());
    world.go();
    is_terminal(&world.ended(&id), State::Succeeded);
    is_terminal(&world.ended(&queued), State::Succeeded);
}

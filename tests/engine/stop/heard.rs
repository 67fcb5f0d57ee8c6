//! Who is heard when: behind a frozen supervisor, one that has no descriptor left, a name service that hangs, and one that was
//! killed while nobody looked.

use super::{stop, stops};
use crate::support::room::Room;
use crate::support::wait::wait_true;
use crate::support::world::{self, World, is_terminal, text};
use opsdeck::run::State;
use rustix::process::{Pid, Resource, Signal, getrlimit, prlimit};
use std::time::{Duration, Instant};

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
        } else {
            let output = world.opsdeck(&args);
            assert!(text(&output.stderr).contains("signalled from here"), "{output:?}");
            assert!(world.processes(&id).is_empty());
        }
        // Whoever stopped it has woken it: it tells the end.
        is_terminal(&world.ended(&id), State::Cancelled);
        wait_true(20, "the supervisor to be gone", || world.supervisor(&id).is_none());
        assert_eq!(stops(&world, &id), 1, "{level:?}: one stop, one record: {:?}", world.ledger(&id));
    }
}

#[test]
fn a_frozen_step_runner_and_a_frozen_ansible_keep_nobody_from_stopping_their_run() {
    for level in ["--now", ""] {
        let world = World::new();
        let id = world.launch_to_gate(&[]);
        let pids = std::fs::read(world.run(&id).step(1).pid()).unwrap();
        let pids: opsdeck::run::step::Processes = serde_json::from_slice(&pids).unwrap();
        pids.all().for_each(|process| assert!(process.signal(Signal::STOP)));
        let args: Vec<&str> = ["stop", &id].into_iter().chain((!level.is_empty()).then_some(level)).collect();
        let (code, said) = stop(&world, &mut world.command(&args), &id);
        assert_eq!(code, Some(0), "{said}");
        is_terminal(&world.ended(&id), State::Cancelled);
    }
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

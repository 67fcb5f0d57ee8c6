//! A supervisor hears whoever stops its run while what it waits for hangs: a database that another process holds, a program that
//! does not come up.

use super::stops;
use crate::support::sandbox::strace;
use crate::support::wait::wait_true;
use crate::support::world::{World, is_terminal, text};
use opsdeck::run::State;
use opsdeck::run::event::StopLevel;
use opsdeck::state::{Filter, Index};
use rusqlite::Connection;
use rustix::process::Signal;
use std::ffi::OsStr;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// How long a stop may take to be heard. Whoever holds the databases does so for longer.
const HEARD: Duration = Duration::from_millis(2_500);

/// A run that waits for its hosts, which another one holds.
fn queued(world: &World) -> (String, String) {
    let holder = world.launch_to_gate(&[]);
    world.write("mark.yml", "[{hosts: all, gather_facts: false, tasks: [{name: mark, shell: touch ran}]}]");
    let queued = world.launch(&["play", "mark.yml", "-i", "hosts.ini", "--on-conflict", "wait"]);
    wait_true(20, "it to be queued", || world.state(&queued).state == State::Queued);
    (holder, queued)
}

fn heard(world: &World, args: &[&str]) {
    let began = Instant::now();
    let output = world.opsdeck(args);
    let (took, said) = (began.elapsed(), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(took < HEARD && !said.contains("signalled from here"), "{took:?}: {said}");
}

#[test]
fn databases_that_another_process_holds_keep_nobody_from_being_heard() {
    let world = World::new();
    let (holder, queued) = queued(&world);
    let store = &world.store;
    let index = std::fs::canonicalize(store.index()).unwrap();
    let held = [store.control(), index, store.audit()].map(|path| {
        let db = Connection::open(path).unwrap();
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        db
    });
    let supervisor = world.supervisor(&queued).unwrap();
    let threads = || std::fs::read_dir(format!("/proc/{}/task", supervisor.pid)).map_or(0, Iterator::count);
    wait_true(20, "it to ask for its hosts, and to tell where it stands", || threads() > 2);
    heard(&world, &["stop", &queued]);
    assert_eq!(world.state(&queued).state, State::Cancelled);
    heard(&world, &["stop", &holder, "--after-task"]);
    drop(held);
    world.go();
    is_terminal(&world.ended(&holder), State::Cancelled);
    wait_true(30, "both ends to be on record", || {
        [&holder, &queued].iter().all(|id| world.ledger(id).iter().any(|(action, ..)| action == "run.end"))
    });
    assert!(!world.has("ran"));
}

#[test]
fn a_run_whose_frozen_supervisor_has_begun_nothing_begins_nothing() {
    let world = World::new();
    let (holder, queued) = queued(&world);
    let supervisor = world.supervisor(&queued).unwrap();
    assert!(supervisor.signal(Signal::STOP));
    let output = world.opsdeck(&["stop", &queued, "--now"]);
    assert!(output.status.success() && text(&output.stderr).contains("nothing of it begins any more"), "{output:?}");
    world.go();
    is_terminal(&world.ended(&holder), State::Succeeded);
    is_terminal(&world.ended(&queued), State::Cancelled);
    wait_true(20, "its supervisor to be gone", || world.supervisor(&queued).is_none());
    assert!(!world.has("ran") && !world.run(&queued).stop().exists());
    assert_eq!(stops(&world, &queued), 1, "{:?}", world.ledger(&queued));
}

#[test]
fn a_step_runner_that_does_not_come_up_keeps_nobody_from_being_heard() {
    let world = World::new();
    let (holder, queued) = queued(&world);
    // Every program that it starts takes its time.
    let slow = ["-e", "trace=execve", "-e", "inject=execve:delay_enter=4000000"].map(OsStr::new);
    let mut strace = strace(&world.supervisor(&queued).unwrap(), &slow);
    world.go();
    is_terminal(&world.ended(&holder), State::Succeeded);
    wait_true(20, "its step to be begun", || world.state(&queued).last_step() == 1);
    let began = Instant::now();
    let mut stop = world.command(&["stop", &queued, "--now"]);
    let mut stop = stop.stdout(Stdio::null()).spawn().unwrap();
    wait_true(20, "it to be heard", || world.state(&queued).stop == Some(StopLevel::Kill));
    assert!(began.elapsed() < HEARD, "{:?}", began.elapsed());
    assert!(stop.wait().unwrap().success());
    let state = world.ended(&queued);
    is_terminal(&state, State::Cancelled);
    strace.kill().unwrap();
    strace.wait().unwrap();
    assert!(!world.has("ran") && world.processes(&queued).is_empty(), "{state:?}");
}

#[test]
fn an_end_that_the_index_did_not_take_is_told_to_it_by_whoever_looks() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    let index = std::fs::canonicalize(world.store.index()).unwrap();
    let held = Connection::open(&index).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    world.go();
    wait_true(60, "its supervisor to be gone", || world.guard(&id).is_none());
    is_terminal(&world.state(&id), State::Succeeded);
    drop(held);
    let listed = || {
        let filter = Filter { states: vec!["succeeded".into()], ..Filter::default() };
        Index::open(&world.store).unwrap().list(&filter).unwrap().iter().any(|row| row.id.to_string() == id)
    };
    assert!(!listed(), "nobody looked yet");
    assert!(world.opsdeck(&["runs"]).status.success());
    assert!(listed());
}

//! A full disk, and a supervisor whose disk takes nothing: the run is stopped, nothing more of it is begun, and the record
//! follows.

use super::{stop, stops};
use crate::support::room::Room;
use crate::support::sandbox::strace;
use crate::support::wait::wait_true;
use crate::support::world::{self, World, is_terminal, text};
use opsdeck::run::State;
use opsdeck::run::event::StopLevel;
use opsdeck::state::{Identity, Life, StateDir};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command};

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
    let mut args: Vec<&OsStr> = only.into_iter().flat_map(|path| ["-P".as_ref(), path.as_os_str()]).collect();
    args.extend(["-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=ENOSPC"].map(OsStr::new));
    strace(process, &args)
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
    assert!(world.opsdeck(&["show", &id]).status.success());
    is_terminal(&world.ended(&id), State::Cancelled);
    wait_true(20, "its end to be on record", || world.ledger(&id).iter().any(|(action, ..)| action == "run.end"));
    assert_eq!(world.state(&id).resumed, 0, "the same one all the time, or one that only wrote it down: {}", log());
    assert_eq!(stops(&world, &id), 1, "{:?}", world.ledger(&id));
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

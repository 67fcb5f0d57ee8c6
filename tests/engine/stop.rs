//! A run can be stopped when it matters most, and its end is seen: without descriptors of processes, behind a frozen
//! supervisor, with a full disk, with a name service that hangs. Real kernel, real Ansible.

mod disk;
mod heard;
mod held;

use crate::support::sandbox;
use crate::support::wait::wait_true;
use crate::support::world::{self, World, is_terminal, text};
use opsdeck::run::State;
use std::process::Command;
use std::time::{Duration, Instant};

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

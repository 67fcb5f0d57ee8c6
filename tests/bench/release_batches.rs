//! A rolling release of ten batches against the same ten `ansible-playbook --limit` calls one after another in a shell,
//! in turns, best of three each. `cargo bench --bench release_batches`, with Ansible on PATH. Fails above 1.05 times.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]

#[path = "../support/mod.rs"]
mod support;
#[path = "../releases/world.rs"]
mod world;

use opsdeck::release::plan::When;
use opsdeck::release::state::At;
use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use world::World;

const BATCHES: usize = 10;
/// Tasks of the playbook: about as much work as a small deployment has.
const TASKS: usize = 12;

fn hosts() -> Vec<[String; 2]> {
    (0..BATCHES).map(|n| [format!("w{}", 2 * n + 1), format!("w{}", 2 * n + 2)]).collect()
}

fn world() -> World {
    let hosts = hosts();
    let batches: Vec<Vec<&str>> = hosts.iter().map(|pair| pair.iter().map(String::as_str).collect()).collect();
    let batches: Vec<&[&str]> = batches.iter().map(Vec::as_slice).collect();
    let world = World::new(&batches, |plan| {
        plan.stages.retain(|stage| stage.when == When::Deploy);
        plan.gates.clear();
    });
    let mut play = "- hosts: all\n  gather_facts: false\n  tasks:\n".to_owned();
    (1..=TASKS).for_each(|n| writeln!(play, "    - {{name: task {n}, command: echo {n}}}").unwrap());
    world.write("deploy.yml", &play);
    world.write("ansible.cfg", "[defaults]\n");
    world
}

fn released() -> Duration {
    let mut world = world();
    let began = Instant::now();
    world.supervise(true, None);
    let release = world.ended();
    let took = began.elapsed();
    assert_eq!(release.at, At::Succeeded, "{:?}", release.history);
    took
}

fn in_a_shell() -> Duration {
    let world = world();
    let mut script = "set -e\n".to_owned();
    for pair in hosts() {
        writeln!(script, "ansible-playbook -i hosts.ini deploy.yml --limit {} > log", pair.join(",")).unwrap();
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(world.project()).stdin(Stdio::null()).env("HOME", world.project());
    let began = Instant::now();
    assert!(shell.status().unwrap().success());
    began.elapsed()
}

fn main() {
    let (mut ours, mut bare) = (Duration::MAX, Duration::MAX);
    for turn in 1..=3 {
        let (shell, release) = (in_a_shell(), released());
        println!("turn {turn}: shell {shell:?}, release {release:?}");
        (bare, ours) = (bare.min(shell), ours.min(release));
    }
    let ratio = ours.as_secs_f64() / bare.as_secs_f64();
    println!("best: shell {bare:?}, release {ours:?}: {ratio:.3} times (at most 1.05)");
    assert!(ratio <= 1.05);
}

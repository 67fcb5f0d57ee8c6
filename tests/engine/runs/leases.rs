//! Whoever died with a lease in hand: what it has begun goes on alone, and nobody else works on its hosts meanwhile.

use crate::support::wait::wait_true;
use crate::support::world::{World, is_terminal};
use opsdeck::run::event::{Entry, Event};
use opsdeck::run::{Follower, State, lease};
use opsdeck::state::Control;

/// Fails where two are at work at once.
const ALONE: &str = "
- hosts: w1
  gather_facts: false
  tasks:
    - {name: alone, shell: mkdir busy && sleep 1 && rmdir busy}
";

#[test]
fn a_run_that_died_before_its_step_began_keeps_its_hosts_or_gives_them_up_never_both() {
    let world = World::new();
    world.write("alone.yml", ALONE);
    let holder = world.launch_to_gate(&[]);
    let dead = world.launch(&["play", "alone.yml", "-i", "hosts.ini", "--on-conflict", "wait"]);
    wait_true(20, "it to be queued", || world.state(&dead).state == State::Queued);
    world.bereave(&dead);
    world.go();
    is_terminal(&world.ended(&holder), State::Succeeded);
    wait_true(20, "the lease to be free", || world.supervisor(&holder).is_none());
    // It got its lease and wrote that its step is about to begin; then it was killed.
    let control = Control::open(&world.store).unwrap();
    let run = Follower::open(&world.run(&dead)).unwrap();
    let lease::Hold::Got { token } = lease::take(&world.store, &control, &run.spec, 0).unwrap() else { panic!() };
    let mut journal = std::fs::read_to_string(world.run(&dead).journal()).unwrap();
    for (seq, event) in (run.state.seq + 1..).zip([Event::Leased { token }, Event::StepIntent { step: 1 }]) {
        journal += &(serde_json::to_string(&Entry { seq, ts: run.state.updated_at, event }).unwrap() + "\n");
    }
    std::fs::write(world.run(&dead).journal(), journal).unwrap();
    let next = world.launch(&["play", "alone.yml", "-i", "hosts.ini", "--on-conflict", "wait"]);
    is_terminal(&world.ended(&dead), State::Succeeded);
    is_terminal(&world.ended(&next), State::Succeeded);
}

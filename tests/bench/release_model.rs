//! A million random transitions of a release's machine, a million undos at random moments, and the time of one step with
//! 1,000 hosts.
//! `cargo bench --bench release_model` prints all beside their bounds, and fails when a rule is broken or a bound missed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]

#[path = "../releases/model/mod.rs"]
mod model;
#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

/// Random transitions.
const TRANSITIONS: u64 = 1_000_000;
/// Words given, each at a moment drawn uniformly in its release's time.
const UNDOS: u64 = 1_000_000;
/// What one step may take on average: an event in, the state folded, effects out.
const STEP: Duration = Duration::from_micros(50);

fn main() {
    let began = Instant::now();
    let walked = model::walk(TRANSITIONS, 1_000_000);
    println!(
        "{} random transitions of {} releases broke no rule, in {:.1} s: {:?}",
        walked.transitions,
        walked.releases,
        began.elapsed().as_secs_f64(),
        walked.ends
    );
    undos();
    let mut steps = model::steps(1_000);
    steps.sort_unstable();
    let mean = steps.iter().sum::<Duration>() / steps.len() as u32;
    let at = |share: usize| steps[(steps.len() - 1) * share / 100];
    println!(
        "one step with 1,000 hosts: mean {mean:?} (at most {STEP:?}), median {:?}, 99 % {:?}, longest {:?}, of {} steps",
        at(50),
        at(99),
        at(100),
        steps.len()
    );
    assert!(mean <= STEP, "one step takes {mean:?}, the bound is {STEP:?}");
}

/// On every core, with seeds of this hour or those of `OPSDECK_SEED`.
fn undos() {
    let began = Instant::now();
    let told = std::env::var("OPSDECK_SEED").ok().map(|seed| seed.parse().expect("OPSDECK_SEED is a number"));
    let seed: u64 = told.unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs());
    println!("OPSDECK_SEED={seed}");
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let parts: Vec<model::undo::Undone> = std::thread::scope(|scope| {
        let part = |core: u64| scope.spawn(move || model::undo::walk(UNDOS.div_ceil(cores), seed + core * UNDOS));
        let parts: Vec<_> = (0..cores).map(part).collect();
        parts.into_iter().map(|part| part.join().expect("no rule is broken")).collect()
    });
    let sum = |of: fn(&model::undo::Undone) -> u64| parts.iter().map(of).sum::<u64>();
    println!(
        "{} undos at random moments broke no rule, {} of them with somebody dead, {} times hosts were put back first, in {:.1} s",
        sum(|part| part.walks),
        sum(|part| part.dead),
        sum(|part| part.put_back),
        began.elapsed().as_secs_f64()
    );
}

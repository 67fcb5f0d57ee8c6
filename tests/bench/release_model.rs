//! A million random transitions of a release's machine, and the time of one step with 1,000 hosts.
//! `cargo bench --bench release_model` prints both beside their bounds, and fails when a rule is broken or a bound missed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]

#[path = "../model/mod.rs"]
mod model;

use std::time::{Duration, Instant};

/// Random transitions.
const TRANSITIONS: u64 = 1_000_000;
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

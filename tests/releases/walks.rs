//! A release's machine walked at random: whatever fails, dies, or is asked by whomever, the rules of releases hold.

use crate::model;

/// As `OPSDECK_SEED` says, else another one each time: what is broken is told with it.
fn seed() -> u64 {
    let told = std::env::var("OPSDECK_SEED").ok().map(|seed| seed.parse().expect("OPSDECK_SEED is a number"));
    told.unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().unwrap().as_secs())
}

#[test]
fn an_undo_at_any_moment_leaves_no_fewer_than_there_were() {
    let seed = seed();
    println!("OPSDECK_SEED={seed}");
    let undone = model::undo::walk(1_500, seed);
    println!("{undone:?}");
    assert!(undone.put_back > 20 && undone.dead > 100 && undone.ends.len() >= 3, "chance must come about: {undone:?}");
}

#[test]
fn ten_thousand_transitions_break_no_rule() {
    let walked = model::walk(10_000, 1);
    println!("{} transitions of {} releases: {:?}", walked.transitions, walked.releases, walked.ends);
    assert!(walked.ends.len() >= 5, "chance must come about: {:?}", walked.ends);
}

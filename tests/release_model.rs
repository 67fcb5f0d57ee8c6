//! A release's machine walked at random: whatever fails, dies, or is asked by whomever, the rules of releases hold.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod model;

#[test]
fn ten_thousand_transitions_break_no_rule() {
    let walked = model::walk(10_000, 1);
    println!("{} transitions of {} releases: {:?}", walked.transitions, walked.releases, walked.ends);
    assert!(walked.ends.len() >= 5, "chance must come about: {:?}", walked.ends);
}

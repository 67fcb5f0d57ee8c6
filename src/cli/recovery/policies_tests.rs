//! Every number of a policy stands in its block.

use super::*;

#[test]
fn every_number_of_a_policy_is_there() {
    let policy = Policy { name: "web".into(), ..Policy::default() };
    let text = block(&policy);
    for said in [
        "10m between two actions on a host; in an hour 3 on a host, 5 in the service, 10 everywhere; 1 at once",
        "at most 20% of the hosts bad",
        "3 hosts, or more than 20% and more than one, bad within 1m",
        "after 3 times in a row that did not help",
        "3 readings in a row over 30s pass, one every 5s, within 2m",
        "10m, may go bad again 1 time",
        "30m, then a person",
        "the next one after 10m without an answer",
    ] {
        assert!(text.contains(said), "{said}:\n{text}");
    }
    assert_eq!((span(90), span(3600), span(0)), ("90s".into(), "1h".into(), "0s".into()));
}

//! The chain of a recovery: the time in each state, what lies ahead, and how it ended.

use super::*;
use crate::recovery::event::{Event, Step};
use crate::recovery::state::Recovery;
use crate::recovery::watch::tests::watched;

fn seen(events: &[(i64, Event)]) -> Vec<(&'static str, String, Place)> {
    let mut of = watched();
    of.recovery = Recovery::default();
    events.iter().for_each(|(at, event)| of.recovery.apply(*at, event));
    let d = diagram(&of, true, 0, 100_000);
    d.path.into_iter().chain(d.exits).map(|n| (n.sign.word, n.below, n.place)).collect()
}

fn entered(at: At) -> Event {
    Event::Entered { at, why: "x".into() }
}

#[test]
fn the_chain_is_its_own_with_the_time_in_each_state() {
    let mut events = vec![
        (0, entered(At::Diagnosing)),
        (2_000, entered(At::Deciding)),
        (3_000, entered(At::Acting)),
        (3_000, Event::StepIntent { child: 2, step: Step::Action(0) }),
        (10_000, entered(At::Verifying)),
        (40_000, entered(At::Probation)),
    ];
    let word = |s: &str, below: &str, place| (s.to_owned(), below.to_owned(), place);
    let got = |events: &[(i64, Event)]| -> Vec<_> {
        seen(events).into_iter().map(|(w, b, p)| (w.to_owned(), b, p)).collect()
    };
    let chain = got(&events);
    assert_eq!(chain[0], word("diagnosing", "0:02", Place::Past));
    assert_eq!(chain[4], word("probation", "1:00, 9:00 left", Place::Now));
    assert_eq!(chain[5], word("healthy", "", Place::Ahead));
    events.push((50_000, entered(At::Inhibited)));
    assert_eq!(got(&events)[2], word("inhibited", "0:50", Place::Now));
    events.push((60_000, entered(At::Escalated)));
    let chain = got(&events);
    assert_eq!(chain[6], word("healthy", "", Place::Missed));
    assert_eq!(chain[7], word("escalated", "in 1:00", Place::Now));
}

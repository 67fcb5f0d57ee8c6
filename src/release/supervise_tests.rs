//! The adapter between a release's machine and its run: what each event means to readers of runs, and what is repaired.

use super::*;
use crate::run::State;
use crate::run::event::Entry;

fn folded(events: Vec<RunEvent<'static>>) -> RunState {
    crate::run::fold((1..).zip(events).map(|(seq, event)| Entry { seq, ts: seq as i64, event }))
}

fn entered(at: At) -> Event {
    Event::Entered { at, why: "so".into() }
}

#[test]
fn every_state_counts_as_one_that_any_reader_knows_and_ends_when_it_ends() {
    for (at, state) in [
        (At::AwaitingApproval, State::Queued),
        (At::Deploying { batch: 0 }, State::Running),
        (At::NeedsOperator, State::Running),
        (At::Stopping, State::Stopping),
        (At::Succeeded, State::Succeeded),
        (At::RolledBack, State::Failed),
        (At::ClosedMixed, State::Failed),
    ] {
        let run = folded(meaning(&entered(at)));
        assert_eq!((run.state, run.state_name()), (state, at.name()));
        assert_eq!(run.state.is_terminal(), at.is_terminal());
    }
}

#[test]
fn what_a_death_tore_off_is_written_by_the_next_supervisor() {
    let step = super::super::event::StepKey { step: "deploy/1".into(), batch: Some(0), attempt: 1 };
    let events = [entered(At::Deploying { batch: 0 }), Event::StepIntent { step, child: Some(3), hosts: Vec::new() }];
    let mut own = crate::release::fold(events.iter().map(|event| (1, event)));
    assert_eq!(repairs(&RunState::default(), &Release::default()), [RunEvent::Requested]);
    let whole = folded(events.iter().flat_map(meaning).collect());
    assert_eq!(repairs(&whole, &own), []);
    let torn = repairs(&folded(vec![RunEvent::Requested]), &own);
    assert_eq!(folded(torn).state_name(), "deploying");
    assert_eq!(repairs(&folded(meaning(&events[0])), &own), [RunEvent::StepIntent { step: 3 }]);
    own.apply(2, &entered(At::Failed));
    assert!(folded(repairs(&whole, &own)).state.is_terminal());
}

#[test]
fn an_end_is_written_once() {
    let exit = Exit { rc: Some(99), timed_out: true, seen: true, ..Exit::default() };
    let run = folded(vec![RunEvent::StepIntent { step: 2 }]);
    let events = exited(&run, 2, &exit);
    assert!(matches!(events[..], [RunEvent::Signal { rung: Rung::Timeout, .. }, RunEvent::StepExited { step: 2, .. }]));
    let run = folded([vec![RunEvent::StepIntent { step: 2 }], events].concat());
    assert_eq!(exited(&run, 2, &exit), []);
}

//! Each way in which Ansible is known to end, and what it must be called.

use super::*;
use crate::run::event::{StopLevel, Tally};
use crate::run::state::HostState;

fn host(tally: Tally) -> HostState {
    HostState { tally, ..HostState::default() }
}

/// A run whose recap was seen, with these hosts.
fn recap(tallies: &[Tally]) -> RunState {
    let hosts = tallies.iter().enumerate().map(|(i, t)| (format!("w{i}"), host(*t))).collect();
    RunState { state: State::Running, core: Some("2.19.14".into()), hosts, recap: true, ..RunState::default() }
}

/// A run in the middle: w0 works, w1 is done.
fn midway() -> RunState {
    let mut state = recap(&[Tally::default(), OK]);
    state.hosts[0].running = Some(0);
    RunState { recap: false, ..state }
}

fn stopped(state: RunState, rung: Rung) -> RunState {
    RunState { stop: Some(StopLevel::Interrupt), rungs: vec![(rung, 1)], ..state }
}

const OK: Tally = Tally { ok: 1, changed: 0, failed: 0, unreachable: 0, skipped: 0, rescued: 0, ignored: 0 };
const FAILED: Tally = Tally { failed: 1, ..OK };
const DARK: Tally = Tally { ok: 0, unreachable: 1, ..OK };
const RESCUED: Tally = Tally { rescued: 1, ..OK };

fn rc(rc: i32) -> Exit {
    Exit { rc: Some(rc), seen: true, ..Exit::default() }
}

fn signal(signal: i32) -> Exit {
    Exit { signal: Some(signal), seen: true, ..Exit::default() }
}

fn said(text: &str) -> Evidence {
    Evidence { stderr: text.to_owned() }
}

/// State, failure and the hosts on which something may still run.
fn end(state: &RunState, exit: &Exit, evidence: &Evidence) -> (State, Option<Failure>, Vec<String>) {
    let Event::Ended { state, failure, maybe_running_on, why } = verdict(state, exit, evidence) else { panic!() };
    assert!(!why.is_empty());
    (state, failure, maybe_running_on)
}

fn none() -> Evidence {
    Evidence::default()
}

#[test]
fn hosts_of_which_nobody_knows_are_told_whatever_the_recap_says() {
    let mut state = recap(&[Tally::default(), OK, FAILED]);
    state.hosts[0].running = Some(0);
    let Event::Ended { why, .. } = verdict(&state, &rc(2), &none()) else { panic!() };
    assert_eq!(why, "on 1 of 3 hosts it is not known how it went; 1 failed");
    assert_eq!(end(&state, &rc(2), &none()), (State::Failed, Some(Failure::HostsFailed), vec!["w0".to_owned()]));
}

#[test]
fn by_the_recap() {
    let end = |tallies: &[Tally], exit| {
        let (state, failure, _) = end(&recap(tallies), &exit, &none());
        (state, failure)
    };
    assert_eq!(end(&[OK, OK], rc(0)), (State::Succeeded, None));
    assert_eq!(end(&[RESCUED], rc(0)), (State::Succeeded, None));
    assert_eq!(end(&[OK, FAILED], rc(2)), (State::Failed, Some(Failure::HostsFailed)));
    assert_eq!(end(&[OK, DARK], rc(4)), (State::Failed, Some(Failure::Unreachable)));
    assert_eq!(end(&[FAILED, DARK], rc(4)), (State::Failed, Some(Failure::HostsFailed)), "4 hides the failed host");
    assert_eq!(end(&[OK], rc(250)), (State::Failed, Some(Failure::Ansible)));
    let unseen = Exit::default();
    assert_eq!(end(&[OK], unseen.clone()), (State::Succeeded, None), "the recap says all");
    assert_eq!(end(&[FAILED], unseen), (State::Failed, Some(Failure::HostsFailed)));
}

#[test]
fn nothing_ran_whatever_the_code() {
    for code in [0, 1, 2, 4] {
        assert_eq!(end(&recap(&[]), &rc(code), &none()).0, State::NothingRan, "an empty recap, code {code}");
    }
    let started = RunState { core: Some("2.19".into()), ..RunState::default() };
    assert_eq!(end(&started, &rc(0), &none()).0, State::NothingRan, "0 without a result");
    assert_eq!(end(&RunState::default(), &rc(0), &none()).0, State::Unknown, "0, and no word of the callback");
    let skipped = said("[WARNING]: No hosts matched, nothing to do");
    assert_eq!(end(&RunState::default(), &rc(0), &skipped).0, State::NothingRan, "it says so itself");
    for words in [
        "[ERROR]: Specified inventory, host pattern and/or --limit leaves us with no hosts to target.",
        "ERROR! Completely failed to parse inventory source /x/missing.ini",
    ] {
        assert_eq!(end(&RunState::default(), &rc(1), &said(words)).0, State::NothingRan, "{words}");
    }
}

#[test]
fn ansible_gave_up() {
    let usage = said("usage: ansible-playbook [-h]\nansible-playbook: error: unrecognized arguments: --nope");
    for (code, evidence) in [(2, usage), (4, said("[ERROR]: YAML parsing failed\nOrigin: site.yml:3")), (250, none())] {
        let (state, failure, _) = end(&RunState::default(), &rc(code), &evidence);
        assert_eq!((state, failure), (State::Failed, Some(Failure::Ansible)), "code {code}");
    }
    let Event::Ended { why, .. } =
        verdict(&RunState::default(), &rc(4), &said("[ERROR]: YAML parsing failed\nOrigin: x"))
    else {
        panic!()
    };
    assert_eq!(why, "Ansible gave up with code 4: [ERROR]: YAML parsing failed");
}

#[test]
fn killed_by_others() {
    let w0 = vec!["w0".to_owned()];
    assert_eq!(end(&midway(), &signal(9), &none()), (State::Failed, Some(Failure::Killed), w0.clone()));
    assert_eq!(end(&midway(), &rc(99), &none()), (State::Failed, Some(Failure::Killed), w0));
}

#[test]
fn stopped_by_a_person() {
    let w0 = vec!["w0".to_owned()];
    assert_eq!(end(&stopped(midway(), Rung::Interrupt), &rc(99), &none()), (State::Cancelled, None, w0.clone()));
    assert_eq!(end(&stopped(midway(), Rung::Terminate), &signal(15), &none()), (State::Cancelled, None, w0.clone()));
    assert_eq!(end(&stopped(midway(), Rung::Kill), &signal(9), &none()), (State::Cancelled, None, w0.clone()));
    let unseen = Exit::default();
    assert_eq!(end(&stopped(midway(), Rung::Kill), &unseen, &none()), (State::Cancelled, None, w0));
    let late = end(&stopped(recap(&[OK]), Rung::File), &rc(0), &none());
    assert_eq!(late, (State::Succeeded, None, vec![]), "it had ended before the stop took hold");
}

#[test]
fn what_nobody_saw() {
    let w0 = vec!["w0".to_owned()];
    assert_eq!(end(&midway(), &Exit::default(), &none()), (State::Unknown, None, w0));
    let rebooted = Exit { rebooted: true, ..Exit::default() };
    assert_eq!(end(&midway(), &rebooted, &none()).1, Some(Failure::Lost));
    let late = Exit { timed_out: true, ..rc(99) };
    assert_eq!(end(&midway(), &late, &none()).1, Some(Failure::Timeout));
    let never = Exit { error: Some("no such file".into()), seen: true, ..Exit::default() };
    assert_eq!(end(&RunState::default(), &never, &none()).1, Some(Failure::Launch));
}

#[test]
fn what_serial_left_out_is_counted() {
    let play = crate::run::state::PlayState { hosts: 1, of: Some(3), ..Default::default() };
    let state = RunState { plays: vec![play], ..recap(&[FAILED]) };
    let Event::Ended { why, .. } = verdict(&state, &rc(2), &said("")) else { panic!() };
    assert_eq!(why, "1 of 3 hosts failed, 2 not run");
}

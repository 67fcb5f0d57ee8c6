//! Breakers in a real index: rounds of looking, the fleet, what is recorded, and who waits.

use super::*;
use crate::audit::{Action, Filter, Ledger};
use crate::health::breaker::{Forced, Forcing};

struct World {
    _dir: tempfile::TempDir,
    store: StateDir,
    keeper: Keeper,
}

impl World {
    fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        let store = StateDir::at(dir.path());
        World { keeper: Keeper::open(&store).unwrap(), store, _dir: dir }
    }

    /// A round over ten hosts, of which the first `bad` do not answer.
    fn round(&self, bad: usize, now: i64) -> Vec<(String, Position)> {
        self.round_with(bad, 0, now)
    }

    /// Likewise; the first `silenced` of them a person silenced.
    fn round_with(&self, bad: usize, silenced: usize, now: i64) -> Vec<(String, Position)> {
        let seen = |n: usize| {
            let (ok, silenced) = (n >= bad, n < silenced);
            Seen { host: format!("h{n}"), began: now - 5, ended: now, ok, silenced }
        };
        let seen: Vec<Seen> = (0..10).map(seen).collect();
        let changes = self.keeper.round("prod", 10, &seen, now).unwrap();
        changes.into_iter().map(|(key, change)| (key.to_string(), change.to)).collect()
    }
}

fn transport(host: &str) -> Key {
    Key::Transport { environment: "prod".into(), host: host.into() }
}

#[test]
fn one_host_that_fails_is_given_up_and_the_fleet_is_not() {
    let world = World::new();
    assert!(world.round(1, 1_000).is_empty() && world.round(1, 16_000).is_empty());
    assert_eq!(world.round(1, 31_000), [("transport:prod/h0".to_owned(), Position::Open)]);
    assert_eq!(world.keeper.list(Some("prod")).unwrap().len(), 1, "hosts that are well have no row");
    assert!(world.keeper.get(&transport("h0")).unwrap().blocks(31_000));
    let half = world.round(0, 70_000);
    assert_eq!(half, [("transport:prod/h0".to_owned(), Position::HalfOpen)]);
    assert_eq!(world.round(0, 85_000), [("transport:prod/h0".to_owned(), Position::Closed)]);
    let ledger = Ledger::open(&world.store.audit()).unwrap();
    let rows = ledger.query(&Filter::default(), 100).unwrap().rows;
    let words: Vec<_> = rows.iter().map(|r| (r.entry.action.as_str(), r.entry.reason.clone().unwrap())).collect();
    assert_eq!(words.len(), 3);
    assert_eq!(words[2], ("breaker.change", "3 failures in a row".to_owned()));
}

#[test]
fn many_at_once_are_the_control_host_or_the_network_and_no_host_is_judged_any_more() {
    let world = World::new();
    let last = [1_000, 16_000, 31_000].map(|now| world.round(4, now)).into_iter().last().unwrap();
    assert_eq!(last.len(), 5, "{last:?}");
    assert_eq!(last[4], ("fleet:prod".to_owned(), Position::Open));
    let fleet = Key::Fleet { environment: "prod".into() };
    let words = world.keeper.words(&fleet, 31_000).unwrap().unwrap();
    assert!(words.contains("4 of 10 hosts could not be reached: control host or network?"), "{words}");
    let before = world.keeper.get(&transport("h0")).unwrap();
    assert!(world.round(10, 46_000).is_empty());
    assert_eq!(world.keeper.get(&transport("h0")).unwrap(), before, "not judged");
    assert_eq!(world.round(10, 70_000).last().unwrap().1, Position::Open, "tried, and still dark");
    let open = world.keeper.get(&fleet).unwrap();
    let State::Open { until } = open.state else { panic!("{open:?}") };
    assert!(until - 70_000 >= 60_000, "longer the second time");
    assert_eq!(world.round(1, until)[0].1, Position::HalfOpen, "one of ten is no fleet");
    assert_eq!(world.round(1, until + 15_000)[0].1, Position::Closed);
    assert!(world.keeper.words(&fleet, until + 15_000).unwrap().is_none());
}

#[test]
fn hosts_that_a_person_silenced_trip_no_fleet() {
    let world = World::new();
    let rounds = [1_000, 16_000, 31_000].map(|now| world.round_with(5, 4, now));
    assert_eq!(rounds[2].len(), 5, "each of them is given up, and the fleet is not: {rounds:?}");
    assert!(rounds[2].iter().all(|(key, _)| key.starts_with("transport:")), "{rounds:?}");
    assert_eq!(world.round_with(5, 3, 32_000), [("fleet:prod".to_owned(), Position::Open)], "two of seven are one");
}

#[test]
fn a_try_of_a_run_that_has_ended_is_given_back() {
    let world = World::new();
    let key = Key::Service { environment: "prod".into(), service: "web".into() };
    for n in 1..4 {
        world.keeper.put(&key, &Input::Result { began: n, ok: false }, n).unwrap();
    }
    let (first, second) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
    let waits = world.keeper.ask(&key, &first, 10).unwrap().unwrap();
    assert!(waits.contains("service:prod/web is open: 3 failures in a row; tried again at"), "{waits}");
    assert_eq!(world.keeper.ask(&key, &first, 60_000).unwrap(), None, "its time is over: one may try");
    // The first is in no list of runs: it has ended, or never was.
    assert_eq!(world.keeper.ask(&key, &second, 61_000).unwrap(), None);
    let live = crate::state::RunRow { id: second.parse().unwrap(), ..row_of_a_run() };
    Index::open(&world.store).unwrap().put(&live).unwrap();
    assert!(world.keeper.ask(&key, &first, 62_000).unwrap().unwrap().contains("tries it"));
}

#[test]
fn what_cannot_be_read_says_so_and_a_person_makes_it_anew() {
    let world = World::new();
    let key = transport("h1");
    let row = BreakerRow { key: key.to_string(), environment: None, body: "{\"state\":\"melted\"}".into() };
    Control::open(&world.store).unwrap().put_breakers(&[row]).unwrap();
    let e = world.keeper.get(&key).unwrap_err().to_string();
    assert!(e.contains("opsdeck breaker auto transport:prod/h1"), "{e}");
    world.keeper.put(&key, &Input::Auto, 5).unwrap();
    assert_eq!(world.keeper.get(&key).unwrap().position(5), Position::Closed);
}

#[test]
fn a_new_process_goes_on_where_the_last_one_died() {
    let world = World::new();
    for now in [1_000, 16_000, 31_000] {
        world.round(1, now);
    }
    world.keeper.restart("prod", 40_000).unwrap();
    assert_eq!(world.keeper.get(&transport("h0")).unwrap().position(40_000), Position::Open);
    world.keeper.restart("prod", 100_000).unwrap();
    assert_eq!(world.keeper.get(&transport("h0")).unwrap().position(100_000), Position::HalfOpen);
    let forced = Forced { to: Forcing::Open, until: None, by: "ann".into(), reason: "rack".into(), at: 0 };
    world.keeper.put(&transport("h9"), &Input::Force(forced), 1).unwrap();
    let words = world.keeper.words(&transport("h9"), 2).unwrap().unwrap();
    assert_eq!(words, "breaker transport:prod/h9 is forced open by ann: rack");
}

#[test]
fn what_the_ledger_did_not_take_is_recorded_in_the_next_round() {
    let world = World::new();
    let aside = world.store.root().join("aside");
    let opened = || {
        let rows = Ledger::open(&world.store.audit()).unwrap().query(&Filter::default(), 99).unwrap().rows;
        rows.iter().filter(|row| row.entry.action == Action::BreakerChange.name()).count()
    };
    // As where whoever counted was killed before the ledger had it.
    std::fs::create_dir(world.store.audit()).unwrap();
    for now in [1_000, 16_000, 31_000] {
        world.round(1, now);
    }
    assert_eq!(world.keeper.get(&transport("h0")).unwrap().unrecorded.len(), 1);
    std::fs::rename(world.store.audit(), &aside).unwrap();
    world.round(1, 32_000);
    assert!(opened() == 1 && world.keeper.get(&transport("h0")).unwrap().unrecorded.is_empty());
    world.round(1, 33_000);
    assert_eq!(opened(), 1, "once");
}

#[test]
fn every_moment_of_a_breaker_goes_with_the_clock_but_what_a_person_said() {
    let world = World::new();
    let until = Some(9_000);
    let forced = Forced { to: Forcing::MetricsOnly, until, by: "ann".into(), reason: "rack".into(), at: 8_000 };
    let of = |by: i64| Breaker {
        state: State::Open { until: 1_000 + by },
        since: 2_000 + by,
        attempt: 3,
        results: vec![super::super::Outcome { began: 4_000 + by, ended: 5_000 + by, ok: false }],
        why: "it failed".into(),
        forced: Some(forced.clone()),
        unrecorded: Vec::new(),
    };
    let tried = |by: i64| Breaker {
        state: State::HalfOpen { probe: Some(super::super::Probe { at: 6_000 + by, by: "x".into() }), good: 1 },
        ..of(by)
    };
    let control = world.keeper.control();
    let aside = rusqlite::Connection::open(world.store.control()).unwrap();
    for by in [-3_600_000, 24 * 3_600_000] {
        control.put_breakers(&[row(&transport("h0"), &of(0)), row(&transport("h1"), &tried(0))]).unwrap();
        aside.execute("UPDATE clock SET ahead = ahead - ?1", [by]).unwrap();
        let keeper = Keeper::open(&world.store).unwrap();
        let found = keeper.get(&transport("h0")).unwrap();
        // Between the two looks a moment went by.
        let by = found.since - 2_000;
        assert_eq!((found, keeper.get(&transport("h1")).unwrap()), (of(by), tried(by)));
    }
}

fn row_of_a_run() -> crate::state::RunRow {
    crate::state::RunRow {
        number: None,
        journal: None,
        id: Uuid::nil(),
        kind: "release".into(),
        title: "web 2".into(),
        environment: None,
        operator: "ann".into(),
        cwd: "/".into(),
        state: "running".into(),
        failure: None,
        why: None,
        rc: None,
        created_at: 0,
        started_at: None,
        ended_at: None,
        hosts: 0,
        failed: 0,
        unreachable: 0,
        changed: 0,
        check: false,
    }
}

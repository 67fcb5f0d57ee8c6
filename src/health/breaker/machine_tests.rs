//! The breaker's machine, walked: every rule of releases.md part 3 at every step, and the paths that people know.

use super::*;
use proptest::prelude::*;

const SOON: i64 = 10;

fn next(breaker: &Breaker, input: &Input, now: i64) -> Next {
    breaker.next(input, now, &Limits::default(), 0.0)
}

fn result(breaker: &Breaker, began: i64, ok: bool) -> Breaker {
    next(breaker, &Input::Result { began, ok }, began + SOON).breaker
}

fn failed(times: i64) -> Breaker {
    (0..times).fold(Breaker::default(), |breaker, n| result(&breaker, n * 1_000, false))
}

fn ask(breaker: &Breaker, by: &str, now: i64) -> (Breaker, bool) {
    let next = next(breaker, &Input::Ask { by: by.into() }, now);
    (next.breaker, next.permit)
}

#[test]
fn three_in_a_row_open_it_and_two_good_tries_close_it() {
    assert_eq!(failed(2).state, State::Closed);
    let open = failed(3);
    let State::Open { until } = open.state else { panic!("{open:?}") };
    assert_eq!(until, 2_000 + SOON + 30_000);
    assert_eq!(ask(&open, "poll", until - 1), (open.clone(), false));
    let (half, permit) = ask(&open, "poll", until);
    assert!(permit && half.position(until) == Position::HalfOpen);
    assert!(!ask(&half, "another", until + 1).1, "one at a time");
    assert!(ask(&half, "poll", until + 1).1, "the same one again");
    let once = result(&half, until + 1, true);
    assert_eq!(once.state, State::HalfOpen { probe: None, good: 1 });
    let closed = result(&once, until + 100, true);
    assert_eq!((closed.state.clone(), closed.attempt), (State::Closed, 0));
    assert_eq!(result(&closed, until + 5_000, false).state, State::Closed, "what was before counts no more");
}

#[test]
fn half_of_at_least_five_open_it_and_old_ones_do_not_count() {
    let mixed = |oks: &[bool]| {
        let all = oks.iter().zip(0..);
        all.fold(Breaker::default(), |breaker, (ok, n)| result(&breaker, n * 1_000, *ok))
    };
    assert_eq!(mixed(&[true, false, true, false]).state, State::Closed, "four are too few");
    assert!(mixed(&[false, true, false, true, false]).state != State::Closed);
    assert_eq!(mixed(&[true, true, false, true, false, true, true]).state, State::Closed);
    let old = (0..2).fold(Breaker::default(), |breaker, n| result(&breaker, n, false));
    assert_eq!(result(&old, 700_000, false).reason(700_000, &Limits::default()), None);
}

#[test]
fn each_time_it_stays_open_longer_up_to_ten_minutes() {
    let (mut breaker, mut spans) = (failed(3), Vec::new());
    for _ in 0..7 {
        let State::Open { until } = breaker.state else { panic!("{breaker:?}") };
        spans.push((until - breaker.since) / 1_000);
        breaker = ask(&breaker, "poll", until).0;
        breaker = result(&breaker, until, false);
    }
    assert_eq!(spans, [30, 60, 120, 240, 480, 600, 600]);
    let wide = failed(2).next(&Input::Result { began: 9_000, ok: false }, 9_000, &Limits::default(), 1.0).breaker;
    assert_eq!(wide.state, State::Open { until: 9_000 + 33_000 }, "a tenth of jitter");
}

#[test]
fn a_try_without_a_verdict_fails_and_one_that_is_given_back_does_not() {
    let (half, _) = ask(&failed(3), "poll", 40_000);
    let late = next(&half, &Input::Tick, 100_000);
    assert!(matches!(late.breaker.state, State::Open { .. }) && late.breaker.attempt == 2, "{late:?}");
    assert!(late.change.unwrap().why.contains("no verdict for 60 s"));
    let back = next(&half, &Input::GiveBack { by: "poll".into() }, 41_000).breaker;
    assert_eq!(next(&back, &Input::Tick, 200_000).change, None);
    assert!(ask(&back, "another", 42_000).1);
    assert_eq!(next(&half, &Input::GiveBack { by: "other".into() }, 41_000).breaker, half, "only one's own");
}

#[test]
fn after_a_restart_an_open_one_whose_time_is_over_is_tried() {
    let open = failed(3);
    assert_eq!(next(&open, &Input::Restart, 10_000).breaker, open);
    let half = next(&open, &Input::Restart, 40_000);
    assert_eq!(half.change.unwrap().to, Position::HalfOpen);
    let (half, _) = ask(&half.breaker, "poll", 40_000);
    assert!(ask(&next(&half, &Input::Restart, 50_000).breaker, "new", 50_000).1, "who tried is gone");
}

#[test]
fn a_person_forces_it_for_a_while() {
    let force = |to, until| Input::Force(Forced { to, until, by: "ann".into(), reason: "known".into(), at: 0 });
    let open = next(&Breaker::default(), &force(Forcing::Open, Some(50_000)), 10).breaker;
    assert!(open.blocks(49_999) && !open.blocks(50_000));
    let over = next(&open, &Input::Tick, 50_000);
    let change = over.change.unwrap();
    assert_eq!((change.from, change.to), (Position::ForcedOpen, Position::Closed));
    let closed = next(&failed(3), &force(Forcing::Closed, None), 10_000).breaker;
    assert!(!closed.blocks(10_000) && ask(&closed, "run", 10_000).1);
    let auto = next(&closed, &Input::Auto, 20_000);
    assert_eq!(auto.change.unwrap().to, Position::Open, "it is what it was");
    let shadow = next(&Breaker::default(), &force(Forcing::MetricsOnly, None), 0).breaker;
    let shadow = (1..4).fold(shadow, |breaker, n| result(&breaker, n * 1_000, false));
    assert!(matches!(shadow.state, State::Open { .. }) && !shadow.blocks(5_000) && ask(&shadow, "run", 5_000).1);
}

#[test]
fn three_times_as_slow_as_usual_is_a_failure() {
    let took =
        |breaker: &Breaker, began: i64, ms: i64| next(breaker, &Input::Result { began, ok: true }, began + ms).breaker;
    let usual = (0..6).fold(Breaker::default(), |breaker, n| took(&breaker, n * 10_000, 500));
    assert!(took(&usual, 100_000, 1_500).results.last().unwrap().ok);
    assert!(!took(&usual, 100_000, 1_501).results.last().unwrap().ok);
    let quick = (0..6).fold(Breaker::default(), |breaker, n| took(&breaker, n * 10_000, 2));
    assert!(took(&quick, 100_000, 900).results.last().unwrap().ok, "nobody is slow below a second");
}

fn input() -> impl Strategy<Value = (Input, i64)> {
    let by = || prop::sample::select(vec!["poll", "run"]).prop_map(str::to_owned);
    let forcing = prop::sample::select(vec![Forcing::Open, Forcing::Closed, Forcing::MetricsOnly]);
    let input = prop_oneof![
        8 => (-70_000_i64..1, any::<bool>()).prop_map(|(began, ok)| Input::Result { began, ok }),
        3 => by().prop_map(|by| Input::Ask { by }),
        1 => by().prop_map(|by| Input::GiveBack { by }),
        1 => Just(Input::Trip { why: "fleet".into() }),
        1 => (forcing, prop::option::of(1_i64..100_000)).prop_map(|(to, until)| Input::Force(Forced {
            to, until, by: "ann".into(), reason: "r".into(), at: 0,
        })),
        1 => Just(Input::Auto),
        1 => Just(Input::Restart),
        2 => Just(Input::Tick),
    ];
    (input, prop_oneof![0_i64..2_000, 0_i64..80_000])
}

proptest! {
    #![proptest_config(crate::cases::cases(600))]

    #[test]
    fn at_every_step_of_a_walk_the_rules_hold(walk in prop::collection::vec(input(), 1..120), jitter in 0.0..1.0) {
        let limits = Limits::default();
        let (mut breaker, mut now) = (Breaker::default(), 1_000_000_i64);
        for (mut input, later) in walk {
            now += later;
            match &mut input {
                Input::Result { began, .. } => *began += now,
                Input::Force(forced) => forced.until = forced.until.map(|until| until + now),
                _ => {}
            }
            let before = breaker.clone();
            let next = before.next(&input, now, &limits, jitter);
            breaker = next.breaker;
            prop_assert!(breaker.results.len() <= limits.window);
            let frozen = before.word(now).is_some_and(|f| f.to != Forcing::MetricsOnly);
            if let Input::Result { began, .. } = input
                && (began < before.since || frozen)
            {
                prop_assert_eq!(&breaker.state, &before.state, "a result of another time, or under a person's word");
            }
            match (&before.state, &breaker.state) {
                (State::Open { until }, State::HalfOpen { .. }) => {
                    let tried = matches!(input, Input::Ask { .. } | Input::Restart);
                    prop_assert!(*until <= now && tried);
                }
                (State::Open { .. }, State::Closed) => prop_assert!(false, "never without a try"),
                (State::HalfOpen { good, .. }, State::Closed) => prop_assert_eq!(*good + 1, limits.good),
                (a, State::Open { until }) if !matches!(a, State::Open { .. }) => {
                    prop_assert!(*until - now >= limits.open && *until - now <= limits.longest);
                    prop_assert_eq!(breaker.attempt, before.attempt + 1);
                }
                _ => {}
            }
            if next.permit && breaker.blocks(now) {
                let of = match &input { Input::Ask { by } => by.clone(), _ => String::new() };
                let own = matches!(&breaker.state, State::HalfOpen { probe: Some(p), .. } if p.by == of);
                prop_assert!(own, "one try at a time");
            }
            let stood = before.under(before.forced.as_ref());
            prop_assert_eq!(
                next.change.is_some(),
                stood != breaker.position(now) || matches!(input, Input::Force(_)) && before.forced != breaker.forced
            );
            let read: Breaker = serde_json::from_str(&serde_json::to_string(&breaker).unwrap()).unwrap();
            prop_assert_eq!(&read, &breaker);
        }
    }
}

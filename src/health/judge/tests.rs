//! Rows of readings and what they must come to.

use super::*;
use proptest::prelude::*;

fn reading(at: i64, got: Got) -> Reading {
    Reading { began: at * 1000, at: at * 1000, got, text: String::new(), least: None }
}

fn fold(rule: &Rule, got: impl IntoIterator<Item = Got>) -> CheckState {
    let step = |state: CheckState, (n, got): (usize, Got)| state.judge(rule, reading(10 * (n as i64 + 1), got));
    got.into_iter().enumerate().fold(CheckState::default(), step)
}

/// `+` passes, `-` fails, `?` is not known.
fn verdicts(text: &str) -> impl Iterator<Item = Got> {
    text.chars().map(|c| {
        Got::Verdict(match c {
            '+' => Verdict::Pass,
            '-' => Verdict::Fail,
            _ => Verdict::Inconclusive,
        })
    })
}

fn disk() -> Rule {
    let (warn, bad) = (Edge { enter: 85.0, leave: 80.0 }, Edge { enter: 95.0, leave: 90.0 });
    Rule { interval: 10, rise: 1, fall: 1, hold: 0, limits: Limits::above(Some(warn), Some(bad)) }
}

#[test]
fn a_state_changes_when_enough_readings_in_a_row_say_so() {
    let rule = Rule::default();
    for (row, status, tends, streak) in [
        ("", Status::Unknown, Status::Unknown, 0),
        ("+", Status::Ok, Status::Ok, 1),
        ("-", Status::Unknown, Status::Bad, 1),
        ("--", Status::Unknown, Status::Bad, 2),
        ("---", Status::Bad, Status::Bad, 3),
        ("+--", Status::Ok, Status::Bad, 2),
        ("+--+--", Status::Ok, Status::Bad, 2),
        ("+---", Status::Bad, Status::Bad, 3),
        ("+---+", Status::Bad, Status::Ok, 1),
        ("+---+-+", Status::Bad, Status::Ok, 1),
        ("+---++", Status::Ok, Status::Ok, 2),
        // What could not be measured neither heals nor hurts, until nothing is known any more.
        ("+--?-", Status::Bad, Status::Bad, 3),
        ("+??", Status::Ok, Status::Ok, 1),
        ("+???", Status::Unknown, Status::Unknown, 0),
        ("---???", Status::Unknown, Status::Unknown, 0),
        ("???", Status::Unknown, Status::Unknown, 0),
        ("+???+", Status::Unknown, Status::Ok, 1),
        ("+???++", Status::Ok, Status::Ok, 2),
    ] {
        let state = fold(&rule, verdicts(row));
        assert_eq!((state.status, state.tends, state.streak), (status, tends, streak), "{row:?}");
    }
    let suspect = fold(&rule, verdicts("+--"));
    assert!(suspect.is_suspect() && suspect.needed(&rule) == 3);
    let bad = fold(&rule, verdicts("+----"));
    assert_eq!((bad.since, bad.streak_since, bad.needed(&rule), bad.is_suspect()), (40_000, 20_000, 3, false));
}

#[test]
fn a_level_is_left_later_than_it_is_entered() {
    let values = |row: &[f64]| fold(&disk(), row.iter().copied().map(Got::Value)).status;
    assert_eq!(values(&[85.0]), Status::Ok);
    assert_eq!(values(&[85.1]), Status::Warn);
    assert_eq!(values(&[86.0, 81.0]), Status::Warn);
    assert_eq!(values(&[86.0, 79.9]), Status::Ok);
    assert_eq!(values(&[81.0]), Status::Ok);
    assert_eq!(values(&[96.0]), Status::Bad);
    assert_eq!(values(&[96.0, 91.0]), Status::Bad);
    assert_eq!(values(&[96.0, 89.0]), Status::Warn);
    assert_eq!(values(&[96.0, 89.0, 91.0]), Status::Warn);
    assert_eq!(values(&[f64::NAN]), Status::Unknown);
    let memory = Limits::below(Some(Edge { enter: 10.0, leave: 15.0 }), None);
    let rule = Rule { limits: memory, ..disk() };
    let low = |row: &[f64]| fold(&rule, row.iter().copied().map(Got::Value)).status;
    assert_eq!(
        [low(&[9.0]), low(&[9.0, 14.0]), low(&[9.0, 15.1]), low(&[14.0])].map(|s| s == Status::Warn),
        [true, true, false, false]
    );
}

#[test]
fn levels_that_alternate_count_as_the_milder_one() {
    let rule = Rule { fall: 3, ..disk() };
    let state = fold(&rule, [50.0, 99.0, 86.0, 99.0].map(Got::Value));
    assert_eq!((state.status, state.streak), (Status::Warn, 3));
}

#[test]
fn what_must_last_counts_only_after_that_time() {
    let rule = Rule { hold: 50, fall: 2, ..disk() };
    let row = |n: usize| fold(&rule, std::iter::repeat_n(Got::Value(90.0), n)).status;
    assert_eq!((row(5), row(6)), (Status::Ok, Status::Warn));
}

#[test]
fn a_reading_may_be_worse_than_its_number() {
    let soon = Reading { least: Some(Status::Warn), ..reading(10, Got::Value(40.0)) };
    assert_eq!(CheckState::default().judge(&disk(), soon).status, Status::Warn);
}

#[test]
fn an_old_state_is_stale_and_never_well() {
    let rule = Rule::default();
    let state = fold(&rule, verdicts("+"));
    assert_eq!(state.seen(&rule, 10_000 + 30_000), Status::Ok);
    assert_eq!(state.seen(&rule, 10_000 + 30_001), Status::Stale);
    assert_eq!(CheckState::default().seen(&rule, i64::MAX), Status::Unknown);
}

#[test]
fn an_older_reading_changes_nothing() {
    let rule = Rule::default();
    let state = fold(&rule, verdicts("+-"));
    assert_eq!(state.judge(&rule, reading(20, Got::Verdict(Verdict::Pass))), state);
}

#[test]
fn what_lies_in_the_future_is_stale_and_gives_way_to_the_next_reading() {
    let rule = Rule::default();
    // The clock was three hours ahead while the host was asked, and is right again.
    let ahead = CheckState::default().judge(&rule, reading(3 * 3_600, Got::Verdict(Verdict::Pass)));
    assert_eq!(ahead.seen(&rule, 3 * 3_600_000), Status::Ok);
    assert_eq!(ahead.seen(&rule, 60_000), Status::Stale, "it says nothing of now");
    let dead = (6..9).fold(ahead, |state, n| state.judge(&rule, reading(n * 10, Got::Verdict(Verdict::Fail))));
    assert_eq!((dead.seen(&rule, 80_000), dead.last.as_ref().unwrap().at), (Status::Bad, 80_000));
    assert!(dead.since <= 80_000, "nothing of it began in the future");
}

#[test]
fn flapping_begins_at_thirty_percent_and_ends_at_twenty() {
    let rule = Rule { rise: 1, fall: 1, ..Rule::default() };
    let steady = fold(&rule, verdicts(&"+".repeat(30)));
    assert_eq!((steady.flaps.percent(), steady.flaps.is_flapping()), (0.0, false));
    let wild = fold(&rule, verdicts(&"+-".repeat(20)));
    assert!((wild.flaps.percent() - 100.0).abs() < 1e-9 && wild.flaps.is_flapping());
    let mut flaps = Flaps::default();
    let mut ups = 0;
    while !flaps.is_flapping() {
        flaps.push(true);
        ups += 1;
    }
    assert_eq!(ups, 6, "five new changes weigh 5.99 of 20");
    let mut downs = 0;
    while flaps.is_flapping() {
        flaps.push(false);
        downs += 1;
    }
    assert!(flaps.percent() <= 20.0 && downs == 16, "{downs} {}", flaps.percent());
}

proptest! {
    #![proptest_config(crate::cases::cases(256))]

    /// Whatever comes: well only after a good reading, bad only after a bad one, and what counts follows what it tends to.
    #[test]
    fn no_state_without_its_evidence(row in prop::collection::vec(0..3_u8, 0..60), rise in 0..5_u32, fall in 0..5_u32) {
        let rule = Rule { rise, fall, ..Rule::default() };
        let text: String = row.iter().map(|n| ['+', '-', '?'][usize::from(*n)]).collect();
        let state = fold(&rule, verdicts(&text));
        prop_assert!(state.status != Status::Stale);
        let tail = |c: char, other: &[char]| {
            let known: String = text.chars().filter(|c| !other.contains(c)).collect();
            known.chars().rev().take_while(|x| *x == c).count()
        };
        if state.status == Status::Ok {
            prop_assert!(text.contains('+') && tail('-', &['?']) < fall.max(1) as usize);
        }
        if state.status == Status::Bad {
            prop_assert!(text.contains('-') && tail('+', &['?']) < rise.max(1) as usize);
        }
        prop_assert!(tail('?', &[]) < fall.max(1) as usize || state.status == Status::Unknown);
    }
}

#[test]
fn time_that_nobody_saw_is_credited_to_no_state() {
    let rule = Rule { fall: 2, ..Rule::default() };
    let bad = fold(&rule, verdicts("+--"));
    assert_eq!((bad.status, bad.since), (Status::Bad, 30_000));
    // A slow answer is no gap.
    let slow = bad.judge(&rule, reading(30 + 60, Got::Verdict(Verdict::Fail)));
    assert_eq!((slow.status, slow.since, slow.streak), (Status::Bad, 30_000, 3));
    let fail = |state: &CheckState, at| state.judge(&rule, reading(at, Got::Verdict(Verdict::Fail)));
    let first = fail(&bad, 2_000);
    assert_eq!((first.status, first.tends, first.streak), (Status::Unknown, Status::Bad, 1));
    let second = fail(&first, 2_010);
    assert_eq!((second.status, second.since, second.streak_since), (Status::Bad, 2_010_000, 2_000_000));
    let good = bad.judge(&rule, reading(2_000, Got::Verdict(Verdict::Pass)));
    assert_eq!((good.status, good.since), (Status::Ok, 2_000_000));
    // What a number was before still tells whether it has left its limit.
    let full = fold(&disk(), [Got::Value(86.0)]);
    assert_eq!(full.judge(&disk(), reading(9_000, Got::Value(82.0))).status, Status::Warn);
}

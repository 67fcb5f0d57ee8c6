//! The columns of the table: as wide as what is in them, and what a tired person needs first is never cut for the rest.

use super::tests::{driver, fails, picture, record, report};
use super::*;
use crate::health::judge::{Edge, Got, Limits, Rule};

fn busy() -> Picture {
    let value = |check: &str| record(check, Rule::default(), &[(4, Got::Value(3.0), "3.0% of the time waited")]);
    let names = ["pressure_cpu", "pressure_memory", "pressure_io"];
    let long = "no answer within 8 s: the banner came and then nothing more at all";
    picture(&[
        report("web01.eu.example.org", names.map(value).into()),
        report("web02.eu.example.org", vec![fails("ssh", 170, long)]),
    ])
}

#[test]
fn checks_that_differ_in_their_end_are_told_apart_and_a_value_is_cut_only_where_there_is_no_room() {
    let d = driver("dark", (80, 24), Some(busy()));
    for words in ["web01.eu.example.org", "pressure_cpu ", "pressure_memory ", "pressure_io ", "no answer within"] {
        assert!(d.screen().contains(words), "{words}: {}", d.screen());
    }
    let d = driver("dark", (160, 50), Some(busy()));
    for words in ["3.0% of the time waited", "the banner came and then nothing more at ", "LAST 30 MIN", "AGE"] {
        assert!(d.screen().contains(words), "{words}: {}", d.screen());
    }
    assert!(!d.screen().contains("NOTE") && !d.screen().contains("TREND"), "an empty column: {}", d.screen());
}

#[test]
fn for_is_a_time_and_what_is_about_to_change_is_said_in_words() {
    let rule = |fall, hold| {
        let limits = Limits::above(Some(Edge { enter: 90.0, leave: 80.0 }), None);
        Rule { interval: 15, rise: 2, fall, hold, limits }
    };
    let busy = |agos: &[i64], value: f64| -> Vec<(i64, Got, &'static str)> {
        agos.iter().map(|ago| (*ago, Got::Value(value), "98% busy")).collect()
    };
    let ok = |ago: i64| (ago, Got::Value(10.0), "10% busy");
    let of = |rule: Rule, mut readings: Vec<(i64, Got, &'static str)>, more: &[(i64, Got, &'static str)]| {
        readings.extend_from_slice(more);
        picture(&[report("web01", vec![record("cpu", rule, &readings)])])
    };
    let row = |p: Picture| {
        let d = driver("dark", (80, 24), Some(p));
        d.screen().lines().find(|line| line.contains("web01")).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let lasting = of(rule(1, 300), vec![ok(60)], &busy(&[45, 30, 15], 98.0));
    assert!(row(lasting.clone()).starts_with("● ok? web01 cpu 98% busy, warn if it lasts 1:00 "), "{}", row(lasting));
    let first = of(rule(3, 0), vec![ok(30)], &busy(&[15], 98.0));
    assert!(
        row(first.clone()).starts_with("● ok? web01 cpu 98% busy, 1 of 3 readings until warn 0:30 "),
        "{}",
        row(first)
    );
    let better = of(rule(1, 0), busy(&[60, 45], 98.0), &[ok(15)]);
    assert!(
        row(better.clone()).starts_with("▲ warn web01 cpu 10% busy, 1 of 2 readings until ok 1:00 "),
        "{}",
        row(better)
    );
}

#[test]
fn uptime_has_no_trend() {
    let rule = Rule { interval: 60, ..Rule::default() };
    let up: Vec<(i64, Got, &str)> =
        (0..20).rev().map(|n| (n * 60 + 1, Got::Value(9e5 - n as f64 * 60.0), "up 10d")).collect();
    let p = picture(&[report("web01", vec![record("uptime", rule, &up)])]);
    assert!(p.board.rows[0].trend.is_none() && !driver("dark", (160, 50), Some(p)).screen().contains("/h"));
}

//! Reports, and the picture that they must give.

use super::*;
use crate::health::judge::{CheckState, Edge, Got, Limits, Reading, Rule};
use crate::health::probe::Verdict;
use crate::state::silences::SilenceRow;

const NOW: i64 = 1_700_000_000_000;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn record(check: &str, rule: Rule, readings: &[(i64, Got, &str)]) -> Record {
    let (mut state, mut series) = (CheckState::default(), crate::health::series::Series::default());
    for (before, got, text) in readings {
        let at = NOW - before * 1000;
        if let Got::Value(value) = got {
            series.push(at, *value);
        }
        state = state.judge(&rule, Reading { began: at, at, got: *got, text: (*text).to_owned(), least: None });
    }
    let value = readings.last().and_then(|(_, got, _)| if let Got::Value(value) = got { Some(*value) } else { None });
    Record {
        check: check.into(),
        family: check.split(' ').next().unwrap().into(),
        source: "test".into(),
        need: String::new(),
        unit: if value.is_some() { Unit::Percent } else { Unit::Milliseconds },
        value,
        rule,
        state,
        trend: series.trend(),
        series,
    }
}

/// Fails for so long (seconds).
fn fails(check: &str, seconds: i64, text: &str) -> Record {
    let rule = Rule { fall: 1, ..Rule::default() };
    record(check, rule, &[(seconds, Got::Verdict(Verdict::Fail), text), (1, Got::Verdict(Verdict::Fail), text)])
}

fn well(check: &str, age: i64) -> Record {
    record(check, Rule::default(), &[(age, Got::Verdict(Verdict::Pass), "connected")])
}

fn disk(check: &str, values: impl IntoIterator<Item = f64>) -> Record {
    let values: Vec<f64> = values.into_iter().collect();
    let warn = Edge { enter: 85.0, leave: 80.0 };
    let rule = Rule { rise: 1, fall: 1, limits: Limits::above(Some(warn), None), ..Rule::default() };
    let row: Vec<(i64, Got, &str)> =
        values.iter().enumerate().map(|(n, v)| (60 * (values.len() - n) as i64 - 59, Got::Value(*v), "used")).collect();
    record(check, rule, &row)
}

fn report(host: &str, records: Vec<Record>) -> Report {
    Report { host: Some(host.into()), probe: "sample".into(), at: NOW, records }
}

#[test]
fn the_worst_comes_first_and_nothing_is_well_that_is_old_or_was_never_seen() {
    let reports = [
        report("a", vec![well("ssh", 5)]),
        report("b", vec![well("ssh", 5), disk("disk /", [91.0])]),
        report("c", vec![fails("ssh", 130, "connection refused")]),
        report("d", vec![well("ssh", 600), well("disk /", 700)]),
        report("stranger", vec![fails("ssh", 1, "x")]),
    ];
    let board = Board::new(&reports, &names(&["a", "b", "c", "d", "e"]), &Silences::default(), NOW);
    let seen: Vec<_> = board.rows.iter().map(|r| (r.host.as_deref().unwrap(), r.check.as_str(), r.status)).collect();
    assert_eq!(
        seen,
        [
            ("c", "ssh", Status::Bad),
            ("b", "disk /", Status::Warn),
            ("d", "sample", Status::Stale),
            ("e", "sample", Status::Unknown),
            ("a", "ssh", Status::Ok),
            ("b", "ssh", Status::Ok),
        ]
    );
    assert_eq!(board.hosts, Counts { bad: 1, warn: 1, stale: 1, unknown: 1, ok: 1, ..Counts::default() });
    let cells: Vec<_> = board.cells.iter().map(|c| (c.host.as_str(), c.status, c.why.as_str(), c.disk)).collect();
    assert_eq!(
        cells,
        [
            ("a", Status::Ok, "", None),
            ("b", Status::Warn, "disk / used", Some(91.0)),
            ("c", Status::Bad, "ssh connection refused", None),
            ("d", Status::Stale, "sample connected", None),
            ("e", Status::Unknown, "sample not measured yet", None),
        ]
    );
    let stale = &board.rows[2];
    assert_eq!((stale.folded, stale.since, stale.age), (2, NOW - 700_000, Some(700_000)));
    assert_eq!((board.oldest, board.interval), (Some(5_000), Some(10)));
    assert_eq!(board.cell("b"), Some(&board.cells[1]));
}

#[test]
fn a_row_has_what_it_is_held_against_and_where_it_goes() {
    let grows = report("a", vec![disk("disk /", (0..20).map(|n| 90.0 + f64::from(n) / 60.0))]);
    let row = &Board::new(&[grows], &names(&["a"]), &Silences::default(), NOW).rows[0];
    assert_eq!((row.limit, row.streak, row.needed, row.status), (Some(85.0), 20, 1, Status::Warn));
    assert_eq!(row.spark.iter().flatten().count(), 20);
    assert!((row.trend.unwrap().per_hour - 1.0).abs() < 0.01);
    let hours = row.full_in.unwrap() as f64 / 3_600_000.0;
    assert!((9.0..10.5).contains(&hours), "{hours}");
}

#[test]
fn the_last_reading_makes_suspect_what_still_counts_as_well() {
    let rule = Rule::default();
    let row = [(20, Got::Verdict(Verdict::Pass), "ok"), (5, Got::Verdict(Verdict::Fail), "503")];
    let board = Board::new(&[report("a", vec![record("web", rule, &row)])], &names(&["a"]), &Silences::default(), NOW);
    let one = &board.rows[0];
    assert!(one.suspect && one.status == Status::Ok && (one.streak, one.needed, one.tends) == (1, 3, Status::Bad));
    assert_eq!((board.hosts.ok, board.hosts.suspect, board.cells[0].why.as_str()), (1, 1, "web 503"));
}

#[test]
fn what_fails_the_same_way_at_the_same_time_is_one_cause() {
    let refused = |n: usize| format!("no answer from 10.0.0.{n}:8080: connection refused");
    let all: Vec<String> = (1..=9).map(|n| format!("w{n}")).collect();
    let of = |n: usize, host: &String| {
        let record = match n {
            0 => well("web", 5),
            1 => fails("web", 900, &refused(n)),
            2 => fails("web", 110, "503 Service Unavailable"),
            _ => fails("web", 100 + n as i64, &refused(n)),
        };
        report(host, vec![record])
    };
    let reports: Vec<Report> = all.iter().enumerate().map(|(n, host)| of(n, host)).collect();
    let board = Board::new(&reports, &all, &Silences::default(), NOW);
    let [cause] = board.causes.as_slice() else { panic!("{:?}", board.causes) };
    assert_eq!(cause.text(), "6 of 9: web no answer from :8080 connection refused");
    assert_eq!((cause.since, cause.hosts.clone()), (NOW - 108_000, all[3..].to_vec()));
    let folded = board.rows.iter().filter(|row| row.cause == Some(0)).count();
    assert_eq!((folded, board.hosts.bad), (6, 8));
}

#[test]
fn two_of_many_are_no_common_cause_and_full_disks_are_one_whatever_their_numbers() {
    let all: Vec<String> = (0..20).map(|n| format!("w{n}")).collect();
    let full = |n: usize| {
        if n < 2 {
            vec![disk("disk /", [90.0 + n as f64]), disk("disk /var", [97.0])]
        } else {
            vec![disk("disk /", [10.0])]
        }
    };
    let reports: Vec<Report> = all.iter().enumerate().map(|(n, host)| report(host, full(n))).collect();
    assert!(Board::new(&reports, &all, &Silences::default(), NOW).causes.is_empty());
    let board = Board::new(&reports[..5], &all[..5], &Silences::default(), NOW);
    assert_eq!(board.causes[0].text(), "2 of 5: disk warn");
}

#[test]
fn a_thousand_hosts_are_folded_quickly() {
    let all: Vec<String> = (0..1000).map(|n| format!("host{n}")).collect();
    let records = || (0..8).map(|n| disk(&format!("disk /{n}"), [10.0])).collect();
    let reports: Vec<Report> = all.iter().map(|host| report(host, records())).collect();
    let began = std::time::Instant::now();
    assert_eq!(Board::new(&reports, &all, &Silences::default(), NOW).rows.len(), 8_000);
    assert!(began.elapsed().as_millis() < 2_000, "{:?}", began.elapsed());
}

#[test]
fn what_nobody_asked_is_stale_and_no_common_cause() {
    let all: Vec<String> = (1..=9).map(|n| format!("w{n}")).collect();
    let old = |asked: i64| -> Vec<Report> {
        let one =
            |host: &String| Report { at: NOW - asked, ..report(host, vec![well("ssh", 240), well("disk /", 240)]) };
        all.iter().map(one).collect()
    };
    let board = |asked: i64| Board::new(&old(asked), &all, &Silences::default(), NOW);
    let away = board(240_000);
    assert_eq!((away.hosts.stale, away.causes.len()), (9, 0));
    assert!(away.rows.iter().all(|row| row.unasked && row.folded == 2), "{:?}", away.rows[0]);
    // Asked a moment ago, and still nothing new: that has a cause.
    let silent = board(5_000);
    assert_eq!((silent.hosts.stale, silent.causes.len()), (9, 1));
    assert!(silent.rows.iter().all(|row| !row.unasked));
    // Asked again a moment ago: what needs a second answer is old yet, and that says nothing of the hosts.
    let again = |host: &String| Report { at: NOW - 2_000, ..report(host, vec![well("ssh", 2), well("cpu", 240)]) };
    let reports: Vec<Report> = all.iter().map(again).collect();
    let board = Board::new(&reports, &all, &Silences::default(), NOW);
    assert_eq!((board.causes.len(), board.rows.iter().filter(|row| row.unasked).count()), (0, 9));
}

#[test]
fn what_is_silenced_is_shown_before_what_is_well_and_counts_for_nothing() {
    let all: Vec<String> = (1..=4).map(|n| format!("w{n}")).collect();
    let records = |n: i64| vec![fails("web", 100 + n, "refused"), well("ssh", 5)];
    let mut reports: Vec<Report> = (1..=3).map(|n| report(&format!("w{n}"), records(n))).collect();
    reports.push(report("w4", vec![well("ssh", 5)]));
    let silence = |target: &str| SilenceRow {
        environment: "prod".into(),
        target: target.into(),
        until: NOW + 60_000,
        operator: "ann".into(),
        reason: "its \u{1b}[31mswitch".into(),
        at: NOW,
    };
    let board = |targets: &[&str]| {
        let silences = Silences::new(targets.iter().map(|target| silence(target)).collect(), &[]);
        Board::new(&reports, &all, &silences, NOW)
    };
    assert_eq!((board(&[]).hosts.bad, board(&[]).causes.len()), (3, 1));
    let host = board(&["w1"]);
    assert_eq!(host.hosts, Counts { bad: 2, silenced: 1, silenced_bad: 1, ok: 1, ..Counts::default() });
    let seen: Vec<_> = host.rows.iter().map(|r| (r.host.as_deref().unwrap(), r.check.as_str())).collect();
    let order = ["w2 web", "w3 web", "w1 web", "w1 ssh", "w2 ssh", "w3 ssh", "w4 ssh"];
    assert_eq!(seen.iter().map(|(host, check)| format!("{host} {check}")).collect::<Vec<_>>(), order);
    assert!(host.cells[0].silenced && host.cells[0].why == "web refused", "{:?}", host.cells[0]);
    assert!(host.rows[2].silenced.as_ref().unwrap().ends_with(" by ann: its switch"), "{:?}", host.rows[2]);
    assert_eq!(host.causes[0].hosts, ["w2", "w3"], "who has a common cause is not silenced");
    // Of a host with one silenced check the others count; where they are well, it is not well all the same.
    let check = board(&["check:web"]);
    assert_eq!(
        (check.hosts, check.causes.len()),
        (Counts { silenced: 3, silenced_bad: 3, ok: 1, ..Counts::default() }, 0)
    );
    assert!(!check.rows.iter().any(Row::is_alert));
    assert_eq!((check.hushed, host.hushed), Default::default());
    reports[0].records.push(fails("disk", 100, "full"));
    reports[1].records[1].state.missing = 1;
    let both = Board::new(&reports, &all, &Silences::new(vec![silence("check:web")], &[]), NOW);
    assert_eq!((both.hosts.bad, both.hosts.silenced), (1, 2));
    assert_eq!(both.hushed, Hushed { checks: 1, bad: 1 }, "counted beside its host");
}

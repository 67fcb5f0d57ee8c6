//! The Health screen: as it looks, what is folded, what is stale, and what a hostile host can do to it.

use super::*;
use crate::health::board::Board;
use crate::health::judge::{CheckState, Edge, Got, Limits, Reading, Rule};
use crate::health::probe::Verdict;
use crate::health::record::{Record, Report, Unit};
use crate::health::series::Series;
use crate::tui::msg::{self, Msg};
use crate::tui::screens::fleet;
use crate::tui::screens::fleet::topology::{Group, Topology};
use crate::tui::testing::{self, Driver, NOW};
use crate::tui::update;

const MINUTE: i64 = 60_000;

/// Readings, oldest first: seconds before now, what was got, in words.
fn record(check: &str, rule: Rule, readings: &[(i64, Got, &str)]) -> Record {
    let (mut state, mut series) = (CheckState::default(), Series::default());
    for (ago, got, text) in readings {
        let at = NOW.ms - ago * 1000;
        if let Got::Value(value) = got {
            series.push(at, *value);
        }
        state = state.judge(&rule, Reading { at, got: *got, text: (*text).to_owned(), least: None });
    }
    let last = state.last.as_ref().map(|last| last.got);
    Record {
        check: check.into(),
        family: check.split(' ').next().unwrap_or_default().into(),
        source: if check.starts_with("disk") { "df over ssh".into() } else { "ssh".into() },
        need: if check.starts_with("disk") { "at most 85%".into() } else { "an answer over ssh".into() },
        unit: if check.starts_with("disk") { Unit::Percent } else { Unit::Milliseconds },
        value: match last {
            Some(Got::Value(value)) => Some(value),
            _ => None,
        },
        trend: series.trend(),
        series,
        rule,
        state,
    }
}

fn well(check: &str, ago: i64) -> Record {
    record(check, Rule::default(), &[(ago, Got::Verdict(Verdict::Pass), "connected in 3 ms")])
}

fn fails(check: &str, ago: i64, text: &str) -> Record {
    let fail = Got::Verdict(Verdict::Fail);
    let readings = [(ago, fail, text), (ago - 10, fail, text), (ago - 20, fail, text), (4, fail, text)];
    record(check, Rule { interval: 15, ..Rule::default() }, &readings)
}

fn disk(check: &str, from: f64, per_minute: f64) -> Record {
    let warn = Edge { enter: 85.0, leave: 80.0 };
    let rule = Rule { interval: 60, rise: 1, fall: 1, limits: Limits::above(Some(warn), None), ..Rule::default() };
    let values: Vec<(i64, f64)> = (0..30).map(|n| (60 * (29 - n) + 4, from + per_minute * n as f64)).collect();
    let texts: Vec<String> = values.iter().map(|(_, value)| format!("{value:.0}% used")).collect();
    let readings: Vec<(i64, Got, &str)> =
        values.iter().zip(&texts).map(|((ago, value), text)| (*ago, Got::Value(*value), text.as_str())).collect();
    record(check, rule, &readings)
}

fn report(host: &str, records: Vec<Record>) -> Report {
    Report { host: Some(host.into()), probe: "sample".into(), at: NOW.ms, records }
}

/// A picture of hosts in the order of their reports.
pub fn picture(reports: &[Report]) -> Picture {
    let hosts: Vec<String> = reports.iter().filter_map(|report| report.host.clone()).collect();
    Picture {
        env: 0,
        at: NOW.ms,
        board: Board::new(reports, &hosts, NOW.ms),
        poller: Some(("the screen of alice".into(), NOW.ms - 5 * MINUTE)),
        breakers: vec![],
        incidents: vec![],
    }
}

/// One of each kind.
pub fn mixed() -> Picture {
    picture(&[
        report("web01.eu", vec![well("ssh", 4), disk("disk /", 40.0, 0.0)]),
        report("web03.eu", vec![fails("ssh", 170, "connection refused")]),
        report("web07.eu", vec![well("ssh", 4), disk("disk /", 80.5, 0.35)]),
        report("edge-114", vec![well("ssh", 720), disk("disk /", 10.0, 0.1)]),
        report("db1", vec![]),
    ])
}

fn refused() -> Picture {
    let of = |n: i64| match n {
        1..=7 => report(&format!("web{n:02}"), vec![fails("web", 120 + n, "connection refused on :8080")]),
        _ => report(&format!("web{n:02}"), vec![well("web", 4)]),
    };
    let mut all: Vec<Report> = (1..=9).map(of).collect();
    all.push(report("db1", vec![disk("disk /var", 91.0, 0.0)]));
    picture(&all)
}

fn driver(theme: &str, size: (u16, u16), picture: Option<Picture>) -> Driver {
    let mut d = Driver::new(testing::model(testing::project(), testing::theme(theme)), size);
    let hosts = picture.as_ref().map(|p| p.board.cells.iter().map(|cell| cell.host.clone()).collect());
    let hosts: Vec<String> = hosts.unwrap_or_else(|| vec!["web01.eu".into()]);
    let all = Group { name: "all".into(), hosts: (0..hosts.len() as u32).collect(), ..Group::default() };
    let topology = Topology { hosts, groups: vec![all] };
    let data = fleet::Data::Topology { env: 0, result: Ok(topology), verdict: fleet::data::Verdict::Same };
    d.send(Msg::Data(msg::Data::Fleet(data)));
    update::go(&mut d.model, &SCREEN);
    d.model.dirty = true;
    if let Some(picture) = picture {
        d.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(picture)))));
    } else {
        d.send(Msg::Resize(size.0, size.1));
    }
    d
}

fn later(d: &mut Driver, ms: i64) {
    d.send(Msg::Tick(msg::Now { ms: NOW.ms + ms, ..NOW }));
}

#[test]
fn as_it_looks() {
    for theme in ["dark", "light", "high-contrast"] {
        for size in [(80, 24), (180, 40)] {
            let mut d = driver(theme, size, Some(mixed()));
            d.keys("down");
            insta::assert_snapshot!(format!("health_{theme}_{}x{}", size.0, size.1), d.styled());
        }
    }
    let mut d = driver("monochrome", (80, 24), Some(mixed()));
    d.model.theme.ascii = true;
    d.keys("down");
    assert!(d.screen().is_ascii(), "{}", d.screen());
    insta::assert_snapshot!("health_80x24_ascii", d.screen());
    insta::assert_snapshot!("health_40x10", driver("dark", (40, 10), Some(mixed())).screen());
}

#[test]
fn what_has_one_cause_is_one_line_until_it_is_opened() {
    let mut d = driver("dark", (120, 30), Some(refused()));
    insta::assert_snapshot!("health_cause", d.screen());
    let rows = |d: &Driver| d.screen().lines().filter(|line| line.contains("✖ bad")).count();
    assert_eq!(rows(&d), 1);
    d.keys("enter");
    assert_eq!(rows(&d), 8, "{}", d.screen());
    d.keys("down down left");
    assert_eq!(rows(&d), 1, "{}", d.screen());
    // Whoever searches wants to see what was found.
    d.keys("/ w e b 0 4 enter");
    assert_eq!(rows(&d), 1);
    assert!(d.screen().contains("web04") && !d.screen().contains("common cause?"), "{}", d.screen());
}

#[test]
fn stale_says_how_old_it_is_and_never_looks_well() {
    let mut d = driver("dark", (120, 30), Some(mixed()));
    let row = |d: &Driver, host: &str| {
        let screen = d.screen();
        screen.lines().find(|line| line.contains(host)).unwrap_or_else(|| panic!("{host}:\n{screen}")).to_owned()
    };
    assert!(row(&d, "edge-114").contains("◌ stale") && row(&d, "edge-114").ends_with("12m"), "{}", d.screen());
    later(&mut d, 10_000);
    assert!(row(&d, "web01.eu").contains("● ok"), "{}", d.screen());
    // Nobody replaced the picture: nothing in it is known any more.
    later(&mut d, 40_000);
    let screen = d.screen();
    assert!(!screen.contains("● ok ") && !screen.contains("✖ bad"), "{screen}");
    assert!(screen.contains("this picture is 40s old"), "{screen}");
    insta::assert_snapshot!("health_stale_120x30", d.styled());
}

#[test]
fn before_anything_is_known_it_says_what_happens_and_what_to_do() {
    let d = driver("dark", (80, 24), None);
    assert!(d.screen().contains("Reading what is known"), "{}", d.screen());
    let never = picture(&[report("web01.eu", vec![]), report("web02.eu", vec![])]);
    let mut d = driver("dark", (80, 24), Some(Picture { poller: None, ..never.clone() }));
    insta::assert_snapshot!("health_empty", d.screen());
    d.model.read_only = true;
    d.send(Msg::Resize(80, 24));
    assert!(d.screen().contains("only looks (--read-only)"), "{}", d.screen());
    let why = "database is locked".to_owned();
    let mut d = driver("dark", (80, 24), None);
    d.send(Msg::Data(msg::Data::Health(Data::Failed { env: 0, why })));
    assert!(d.screen().contains("database is locked"), "{}", d.screen());
}

#[test]
fn text_from_a_host_moves_nothing_and_hides_nothing() {
    let evil = "\u{1b}[2J\u{1b}]52;c;QUJD\u{7}\u{202e}refused\r\n● ok 数据库";
    let p = picture(&[report("ho\u{1b}[31mst", vec![fails("web\u{9b}2J", 170, evil)])]);
    let d = driver("dark", (100, 24), Some(p));
    assert!(d.screen().chars().all(|c| c == '\n' || !c.is_control()), "{:?}", d.screen());
    insta::assert_snapshot!("health_hostile", d.screen());
}

#[test]
fn the_cursor_stays_on_its_check_while_others_come_above_it() {
    let mut d = driver("dark", (120, 30), Some(mixed()));
    d.keys("down down");
    let before = d.model.health.current().map(|row| (row.host.clone(), row.check.clone()));
    let mut worse = mixed();
    worse.board.rows.insert(0, worse.board.rows[0].clone());
    worse.board.rows[0].host = Some("new".into());
    d.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(worse)))));
    assert_eq!(d.model.health.current().map(|row| (row.host.clone(), row.check.clone())), before);
    // Of another environment, and too late.
    let other = Picture { env: 1, ..refused() };
    d.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(other)))));
    assert!(!d.screen().contains("common cause"));
}

#[test]
fn hosts_are_asked_while_they_are_in_sight() {
    let mut d = driver("dark", (80, 24), Some(mixed()));
    assert_eq!(wanted(&d.model), Wanted { env: Some(0), poll: Poll::All });
    d.keys("1");
    let Poll::Hosts(hosts) = wanted(&d.model).poll else { panic!("{:?}", wanted(&d.model)) };
    assert_eq!(hosts, ["web01.eu", "web03.eu", "web07.eu", "edge-114", "db1"]);
    assert!(d.screen().lines().next().unwrap().contains("▲ 1 alert"), "{}", d.screen());
    d.keys("2");
    assert_eq!(wanted(&d.model), Wanted { env: Some(0), poll: Poll::No });
    d.model.read_only = true;
    d.keys("6");
    assert_eq!(wanted(&d.model).poll, Poll::No);
}

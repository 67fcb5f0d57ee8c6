//! The Health screen: as it looks, what is folded, what is stale, and what a hostile host can do to it.

use super::*;
use crate::health::board::Board;
use crate::health::judge::{CheckState, Edge, Got, Limits, Reading, Rule};
use crate::health::probe::Verdict;
use crate::health::record::{Raw, Record, Report, Unit};
use crate::health::series::Series;
use crate::health::silence::{self, Silences};
use crate::state::silences::SilenceRow;
use crate::tui::msg::{self, Msg};
use crate::tui::screens::fleet;
use crate::tui::screens::fleet::topology::{Group, Topology};
use crate::tui::testing::{self, Driver, NOW};

pub(super) const MINUTE: i64 = 60_000;

/// Readings, oldest first: seconds before now, what was got, in words.
pub(super) fn record(check: &str, rule: Rule, readings: &[(i64, Got, &str)]) -> Record {
    let (mut state, mut series) = (CheckState::default(), Series::default());
    for (ago, got, text) in readings {
        let at = NOW.ms - ago * 1000;
        if let Got::Value(value) = got {
            series.push(at, *value);
        }
        state = state.judge(&rule, Reading { began: at, at, got: *got, text: (*text).to_owned(), least: None });
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

/// A check that is well; its last reading so many seconds ago.
pub fn well(check: &str, ago: i64) -> Record {
    record(check, Rule::default(), &[(ago, Got::Verdict(Verdict::Pass), "connected in 3 ms")])
}

pub(super) fn fails(check: &str, ago: i64, text: &str) -> Record {
    let fail = Got::Verdict(Verdict::Fail);
    let readings = [ago, ago - 10, ago - 20, ago / 2, 4].map(|ago| (ago, fail, text));
    record(check, Rule { interval: 15, ..Rule::default() }, &readings)
}

pub(super) fn disk(check: &str, from: f64, per_minute: f64) -> Record {
    let warn = Edge { enter: 85.0, leave: 80.0 };
    let rule = Rule { interval: 60, rise: 1, fall: 1, limits: Limits::above(Some(warn), None), ..Rule::default() };
    let values: Vec<(i64, f64)> = (0..30).map(|n| (60 * (29 - n) + 4, from + per_minute * n as f64)).collect();
    let texts: Vec<String> = values.iter().map(|(_, value)| format!("{value:.0}% used")).collect();
    let readings: Vec<(i64, Got, &str)> =
        values.iter().zip(&texts).map(|((ago, value), text)| (*ago, Got::Value(*value), text.as_str())).collect();
    record(check, rule, &readings)
}

/// What a host's sample brought.
pub fn report(host: &str, records: Vec<Record>) -> Report {
    Report { host: Some(host.into()), probe: "sample".into(), at: NOW.ms, records }
}

/// A picture of hosts in the order of their reports.
pub fn picture(reports: &[Report]) -> Picture {
    let hosts: Vec<String> = reports.iter().filter_map(|report| report.host.clone()).collect();
    Picture {
        env: 0,
        at: NOW.ms,
        whole: true,
        board: Board::new(reports, &hosts, &Silences::default(), NOW.ms),
        poller: Some(("the screen of alice".into(), NOW.ms - 5 * MINUTE)),
        breakers: vec![],
        silences: Silences::default(),
        incidents: vec![],
    }
}

pub fn mixed() -> Picture {
    picture(&[
        report("web01.eu", vec![well("ssh", 4), disk("disk /", 40.0, 0.0)]),
        report("web03.eu", vec![fails("ssh", 170, "connection refused")]),
        report("web07.eu", vec![well("ssh", 4), disk("disk /", 80.5, 0.35)]),
        report("edge-114", vec![well("ssh", 720), disk("disk /", 10.0, 0.1)]),
        report("db1", vec![]),
    ])
}

pub(super) fn refused() -> Picture {
    let of = |n: i64| match n {
        1..=7 => report(&format!("web{n:02}"), vec![fails("web", 120 + n, "connection refused on :8080")]),
        _ => report(&format!("web{n:02}"), vec![well("web", 4)]),
    };
    let mut all: Vec<Report> = (1..=9).map(of).collect();
    all.push(report("db1", vec![disk("disk /var", 91.0, 0.0)]));
    picture(&all)
}

pub(super) fn driver(theme: &str, size: (u16, u16), picture: Option<Picture>) -> Driver {
    let mut d = Driver::new(testing::model(testing::project(), testing::theme(theme)), size);
    let hosts = picture.as_ref().map(|p| p.board.cells.iter().map(|cell| cell.host.clone()).collect());
    let hosts: Vec<String> = hosts.unwrap_or_else(|| vec!["web01.eu".into()]);
    let all = Group { name: "all".into(), hosts: (0..hosts.len() as u32).collect(), ..Group::default() };
    let topology = Topology { hosts, groups: vec![all] };
    let data = fleet::Data::Topology { env: 0, result: Ok(topology), verdict: fleet::data::Verdict::Same };
    d.send(Msg::Data(msg::Data::Fleet(data)));
    d.model.go(SCREEN.id);
    d.model.dirty = true;
    if let Some(picture) = picture {
        d.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(picture)))));
    } else {
        d.send(Msg::Resize(size.0, size.1));
    }
    d
}

pub(super) fn later(d: &mut Driver, ms: i64) {
    d.send(Msg::Tick(msg::Now { ms: NOW.ms + ms, ..NOW }));
}

#[test]
fn as_it_looks() {
    for theme in ["dark", "light", "high-contrast"] {
        for size in [(80, 24), (160, 50)] {
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
fn what_is_silenced_says_so_and_alarms_nobody() {
    let mut known = mixed();
    let silence = |row: &mut Row| row.silenced = Some("silenced until 15:30:00 by ann: its switch is replaced".into());
    known.board.rows.iter_mut().filter(|row| row.host.as_deref() == Some("web03.eu")).for_each(silence);
    known.board.cells[1].silenced = true;
    let hosts = &mut known.board.hosts;
    (hosts.bad, hosts.silenced, hosts.silenced_bad) = (0, 1, 1);
    let mut d = driver("dark", (120, 30), Some(known));
    insta::assert_snapshot!("health_silenced_120x30", d.screen());
    assert!(!d.screen().contains("alert"), "{}", d.screen());
    d.keys("v");
    assert!(d.screen().contains("◇ bad      web03.eu"), "known is not well: {}", d.screen());
    // What was silent is as unknown as all else when nobody looks any more.
    d.keys("v");
    later(&mut d, 40_000);
    assert!(!d.screen().contains("silenced 1") && !d.screen().contains("◇"), "{}", d.screen());
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
    // What was known of a few hosts is not the whole truth.
    let part = Picture { whole: false, ..mixed() };
    assert!(driver("dark", (80, 24), Some(part)).screen().contains("Reading what is known"));
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
    assert_eq!(wanted(&d.model), Wanted { env: Some(0), poll: Poll::All, whole: true });
    d.keys("1");
    let Poll::Hosts(hosts) = wanted(&d.model).poll else { panic!("{:?}", wanted(&d.model)) };
    assert_eq!(hosts, ["web01.eu", "web03.eu", "web07.eu", "edge-114", "db1"]);
    assert!(d.screen().lines().next().unwrap().contains("▲ 1 alert"), "{}", d.screen());
    d.keys("2");
    assert_eq!(wanted(&d.model), Wanted { env: Some(0), poll: Poll::No, whole: false });
    d.model.read_only = true;
    d.keys("6");
    assert_eq!(wanted(&d.model).poll, Poll::No);
}

fn raws() -> Vec<Raw> {
    let one = |n: i64| Raw {
        at: NOW.ms - n * 15_000,
        took: 12,
        command: "ssh web03.eu sh -s".into(),
        ended: if n == 0 { "no answer within 5 s".into() } else { "exit 0".into() },
        output: format!("cpu {n}\n\u{1b}[2Jmem 数据库 \u{1b}]0;title\u{7}").into_bytes(),
    };
    (0..20).map(one).collect()
}

#[test]
fn enter_shows_the_last_answers_with_the_exact_command() {
    let mut d = driver("dark", (80, 24), Some(mixed()));
    d.effects();
    d.keys("enter");
    let (env, host, probe) = (0, Some("web03.eu".to_owned()), "sample".to_owned());
    let ask = Effect::Answers { env, host: host.clone(), probe: probe.clone() };
    assert_eq!(d.effects(), [effect::Effect::Health(ask.clone())]);
    assert!(d.screen().contains("Reading what was kept"), "{}", d.screen());
    let late = Data::Answers { env, host: Some("web01.eu".into()), probe: probe.clone(), raws: Err("late".into()) };
    d.send(Msg::Data(msg::Data::Health(late)));
    d.send(Msg::Data(msg::Data::Health(Data::Answers { env, host, probe, raws: Ok(raws()) })));
    insta::assert_snapshot!("health_answers", d.screen());
    d.keys("G");
    assert!(d.screen().contains("cpu 19") && !d.screen().contains("cpu 1\n"), "{}", d.screen());
    // Whoever reads sees the next answer come.
    d.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(mixed())))));
    assert_eq!(d.effects(), [effect::Effect::Health(ask)]);
    d.keys("esc");
    assert!(d.screen().contains("edge-114") && d.model.screen().name == SCREEN.name, "{}", d.screen());
    d.keys("esc");
    assert_eq!(d.model.screen().name, fleet::SCREEN.name);
}

#[test]
fn a_thousand_hosts_fit_on_the_wall_and_the_worst_check_of_each_is_named() {
    let of = |n: usize| match n {
        500 => report("host500", vec![fails("ssh", 170, "connection refused")]),
        n => report(&format!("host{n}"), vec![well("ssh", if n % 7 == 0 { 400 } else { 4 })]),
    };
    let all: Vec<Report> = (0..1000).map(of).collect();
    let began = std::time::Instant::now();
    let mut d = driver("dark", (100, 30), Some(picture(&all)));
    d.keys("w");
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    let cells = |d: &Driver| d.screen().chars().filter(|c| "✖●◌".contains(*c)).count();
    // One each, those of the counts in the head, and the one below.
    assert_eq!(cells(&d), 1000 + 3 + 1, "{}", d.screen());
    let cursor = |d: &Driver| d.screen().lines().nth(28).unwrap().to_owned();
    // It begins on the host that the table's cursor was on.
    assert!(cursor(&d).contains("host500  ✖ bad  ssh connection refused"), "{}", d.screen());
    insta::assert_snapshot!("health_wall", d.screen());
    d.keys("enter");
    assert!(d.screen().contains("only host500") && !d.screen().contains("host501"), "{}", d.screen());
    d.keys("esc w home right");
    assert!(cursor(&d).contains("host1  ● ok"), "{}", d.screen());
    d.keys("down up left");
    assert!(cursor(&d).contains("host0  ◌ stale"), "{}", d.screen());
}

#[test]
fn a_breaker_is_forced_with_a_reason_and_an_end_and_on_a_protected_place_only_by_its_name() {
    let mut d = driver("dark", (100, 30), Some(mixed()));
    d.effects();
    d.keys("X");
    insta::assert_snapshot!("health_force_question", d.screen());
    d.text("staging");
    d.keys("enter");
    assert!(d.screen().contains("That is not its name") && d.model.health.form.is_none(), "{}", d.screen());
    d.keys("esc X");
    d.text("production");
    d.keys("enter enter");
    assert!(d.screen().contains("a reason is missing"), "{}", d.screen());
    d.text("switch q migration");
    d.keys("tab backspace backspace backspace");
    d.text("soon");
    d.keys("enter");
    assert!(d.screen().contains("no length of time"), "{}", d.screen());
    d.keys("ctrl-u 2 h");
    insta::assert_snapshot!("health_force_form", d.screen());
    d.keys("enter");
    let key: crate::health::breaker::Key = "transport:production/web03.eu".parse().unwrap();
    let (by, reason) = ("alice".to_owned(), "switch q migration".to_owned());
    let to = crate::health::breaker::Forcing::Open;
    let until = Some(NOW.ms + 2 * 60 * MINUTE);
    let forced = crate::health::breaker::Forced { to, until, by, reason: reason.clone(), at: NOW.ms };
    let input = crate::health::breaker::Input::Force(forced);
    assert_eq!(d.effects(), [effect::Effect::Health(Effect::Force { key: key.clone(), input: input.clone(), reason })]);
    // What was said is seen in the row, and can be taken back.
    let mut p = mixed();
    let breaker = crate::health::breaker::Breaker::default();
    p.breakers = vec![(key, breaker.next(&input, NOW.ms, &Default::default(), 0.0).breaker)];
    d.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(p)))));
    assert!(d.screen().contains("breaker forced open for 2:00:00 by alice"), "{}", d.screen());
    d.keys("A");
    assert!(d.screen().contains("Leave it to itself"), "{}", d.screen());
    d.keys("esc");
    d.model.read_only = true;
    d.keys("X");
    assert!(d.screen().contains("read-only") && d.model.overlay.is_none(), "{}", d.screen());
}

#[test]
fn a_host_or_a_common_cause_is_silenced_with_a_reason_and_an_end_and_lifted_by_the_same_key() {
    let word = |d: &mut Driver, reason: &str| {
        d.effects();
        d.keys("S");
        d.text(reason);
        d.keys("enter");
        d.effects()
    };
    let of = |targets: &[&str], reason: &str| silence::Word {
        environment: "production".into(),
        targets: targets.iter().map(|target| silence::Target::named(target)).collect(),
        reason: reason.into(),
    };
    let mut d = driver("dark", (100, 30), Some(mixed()));
    let until = Some(NOW.ms + 30 * MINUTE);
    let said = word(&mut d, "its switch");
    let one = of(&["check:ssh on web03.eu"], "its switch");
    assert_eq!(said, [effect::Effect::Health(Effect::Silence { word: one, until })]);
    let all: Vec<String> = (1..=7).map(|n| format!("check:web on web{n:02}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let mut d = driver("dark", (100, 30), Some(refused()));
    let said = word(&mut d, "the balancer");
    assert_eq!(said, [effect::Effect::Health(Effect::Silence { word: of(&all, "the balancer"), until })]);
    let row = SilenceRow {
        environment: "production".into(),
        target: "check:ssh".into(),
        until: NOW.ms + MINUTE,
        operator: "ann".into(),
        reason: "known".into(),
        at: NOW.ms,
    };
    let held = Picture { silences: Silences::new(vec![row], &[]), ..mixed() };
    let mut d = driver("dark", (100, 30), Some(held));
    let said = word(&mut d, "it is over");
    assert_eq!(said, [effect::Effect::Health(Effect::Silence { word: of(&["check:ssh"], "it is over"), until: None })]);
}

#[test]
fn what_is_wrong_has_room_and_checks_beside_hosts_are_counted() {
    let text = "ssh: connect to host 10.0.0.3 port 22: No route to host";
    let mut reports = vec![report("web03.eu", vec![fails("ssh", 170, text)])];
    reports.push(Report { host: None, ..report("", vec![fails("api", 170, "503")]) });
    let p = picture(&reports);
    let p = Picture { board: Board::new(&reports, &["web03.eu".to_owned()], &Silences::default(), NOW.ms), ..p };
    let d = driver("dark", (80, 24), Some(p));
    let screen = d.screen();
    assert!(screen.lines().any(|l| l.contains("✖ bad") && l.contains("web03.eu") && l.contains(" No route to host ")));
    assert!(screen.contains(text), "all of it stands below: {screen}");
    assert!(screen.contains("✖ 1 bad beside hosts") && screen.contains("▲ 2 alerts"), "{screen}");
}

#[test]
fn nothing_moves_beneath_a_question() {
    let mut d = driver("dark", (100, 30), Some(mixed()));
    d.keys("X");
    let mut worse = mixed();
    worse.board.rows.insert(0, worse.board.rows[0].clone());
    worse.board.rows[0].host = Some("new".into());
    d.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(worse.clone())))));
    d.text("production");
    d.keys("enter");
    assert!(d.screen().contains("force open transport:production/web03.eu"), "{}", d.screen());
    d.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(worse)))));
    assert!(d.screen().contains("force open transport:production/web03.eu"), "{}", d.screen());
    d.keys("esc");
    assert!(d.screen().contains("new"), "{}", d.screen());
}

#[test]
fn nothing_is_done_to_hosts_of_another_environment() {
    let mut d = driver("dark", (100, 30), Some(mixed()));
    d.keys("1 ] 6 X");
    assert!(d.model.overlay.is_none() && d.screen().contains("no breaker belongs"), "{}", d.screen());
    assert!(!d.screen().contains("web03.eu"), "{}", d.screen());
}

#[test]
fn what_recovery_does_is_said_in_the_row() {
    use crate::recovery::incident::{Incident, State};
    let mut p = mixed();
    let incident = Incident::new("production", "ssh", "web03.eu", NOW.ms);
    p.incidents = vec![Incident { state: State::Escalated, why: "the ladder is at its end".into(), ..incident }];
    let mut d = driver("dark", (180, 30), None);
    let policy =
        crate::project::config::recovery::Policy { name: "ssh".into(), check: "ssh".into(), ..Default::default() };
    let project = crate::project::Project { recovery: vec![policy], ..testing::project() };
    d.model.project = std::sync::Arc::new(project);
    d.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(p)))));
    let row = d.screen().lines().find(|line| line.contains("✖ bad ")).unwrap().to_owned();
    assert!(row.contains("for a person"), "{}", d.screen());
    // Where there is no column for it, it follows what was read.
    let mut narrow = driver("dark", (80, 24), None);
    narrow.model.project = std::sync::Arc::clone(&d.model.project);
    narrow.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(d.model.health.picture.clone().unwrap())))));
    let row = narrow.screen().lines().find(|line| line.contains("✖ bad ")).unwrap().to_owned();
    assert!(row.contains("connection refused · f"), "{}", narrow.screen());
}

#[test]
fn a_person_is_called_when_something_becomes_bad_and_only_then() {
    let send = |d: &mut Driver, p: &Picture| d.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(p.clone())))));
    let mut d = driver("dark", (80, 24), Some(mixed()));
    d.keys("f5");
    d.effects();
    let mut worse = mixed();
    worse.board.rows[1].status = crate::health::judge::Status::Bad;
    send(&mut d, &worse);
    assert_eq!(d.effects(), [effect::Effect::Call("production: web07.eu disk / is bad: 91% used".into())]);
    send(&mut d, &worse);
    send(&mut d, &mixed());
    assert_eq!(d.effects(), []);
    use crate::recovery::incident::{Incident, State};
    let incident = Incident::new("production", "ssh", "web03.eu", NOW.ms);
    let needs = Picture { incidents: vec![Incident { state: State::Escalated, ..incident }], ..mixed() };
    send(&mut d, &needs);
    assert_eq!(d.effects(), [effect::Effect::Call("production: a person is needed (1)".into())]);
    d.keys("f5");
    send(&mut d, &mixed());
    send(&mut d, &worse);
    assert_eq!(d.effects(), [], "it is silent");
}

//! Fleet, by keys and by snapshot.

use super::data::{Data, LastRun, Outcome, Var, Verdict};
use super::topology::Topology;
use super::{Effect, Pane};
use crate::tui::effect;
use crate::tui::msg;
use crate::tui::testing::{Driver, NOW, model, project, theme};
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

fn names(prefix: &str, suffix: &str, n: usize) -> Vec<String> {
    (1..=n).map(|i| format!("{prefix}{i:02}{suffix}")).collect()
}

fn topology() -> Topology {
    let (eu, us, db) = (names("web", ".eu", 8), names("web", ".us", 6), names("db", "", 3));
    let odd = vec!["数据库-主机".to_owned(), "evil\u{1b}[31m\u{202e}host".to_owned()];
    let hosts = [eu.clone(), us.clone(), db.clone(), odd.clone()].concat();
    let group = |name: &str, children: &[&str], hosts: Vec<String>| {
        (name.to_owned(), children.iter().map(|c| (*c).to_owned()).collect(), hosts)
    };
    Topology::build(
        hosts,
        vec![
            group("all", &["web", "db", "特别"], vec![]),
            group("web", &["eu", "us"], vec![]),
            group("eu", &[], eu),
            group("us", &[], us),
            group("db", &[], db),
            group("特别", &[], odd),
        ],
    )
}

fn fleet(size: (u16, u16), theme_name: &str) -> Driver {
    let mut d = Driver::new(model(project(), theme(theme_name)), size);
    let send = |d: &mut Driver, data| d.send(msg::Msg::Data(msg::Data::Fleet(data)));
    send(&mut d, Data::Topology { env: 0, result: Ok(topology()), verdict: Verdict::Checking });
    send(&mut d, Data::Topology { env: 1, result: Err("hosts.ini:3:1: not a host".into()), verdict: Verdict::Native });
    send(&mut d, Data::Verdict { env: 0, verdict: Verdict::Same });
    let run = |outcome, minutes: i64| LastRun { title: "deploy.yml".into(), outcome, at: NOW.ms - minutes * 60_000 };
    let runs = [
        ("web03.eu", run(Outcome::Unreachable, 4)),
        ("web07.eu", run(Outcome::Failed, 4)),
        ("web01.eu", run(Outcome::Ok, 1_500)),
        ("web02.eu", run(Outcome::Changed, 70)),
    ];
    let runs = runs.into_iter().map(|(h, r)| (h.to_owned(), r)).collect();
    send(&mut d, Data::LastRuns { env: 0, runs, newest: None });
    d.effects();
    d
}

/// A click on the first place where these words stand.
fn click(d: &mut Driver, what: &str) {
    let screen = d.screen();
    let (row, line) = screen.lines().enumerate().find(|(_, l)| l.contains(what)).unwrap();
    let column = unicode_width::UnicodeWidthStr::width(&line[..line.find(what).unwrap()]);
    d.send(msg::Msg::Mouse(MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: column.try_into().unwrap(),
        row: row.try_into().unwrap(),
        modifiers: KeyModifiers::NONE,
    }));
}

#[test]
fn how_hosts_are_stands_beside_them_and_what_is_not_known_is_a_dash() {
    let picture = crate::tui::screens::health::tests::mixed();
    let send = |d: &mut Driver| {
        let data = crate::tui::screens::health::Data::Picture(Box::new(picture.clone()));
        d.send(msg::Msg::Data(msg::Data::Health(data)));
    };
    let mut d = fleet((160, 30), "dark");
    let row = |d: &Driver, host: &str| {
        let screen = d.screen();
        screen.lines().find(|line| line.contains(host)).unwrap_or_else(|| panic!("{host}:\n{screen}")).to_owned()
    };
    assert!(row(&d, "web03.eu").contains(" -             -    -     - "), "{}", d.screen());
    send(&mut d);
    assert!(row(&d, "web03.eu").contains("✖ bad ") && row(&d, "web08.eu").contains(" -             -    -     - "));
    assert!(row(&d, "web07.eu").contains("▲ warn") && row(&d, "web07.eu").contains(" 91% "), "{}", d.screen());
    insta::assert_snapshot!("fleet-health-160x30", d.screen());
    // README says from which width on.
    assert!(fleet((116, 30), "dark").screen().contains("DISK") && !fleet((115, 30), "dark").screen().contains("DISK"));
    // By state: the worst on top, what is not known before what is well. The cursor stays on its host as they change.
    d.keys("S S");
    let first = |d: &Driver| d.model.place().unwrap().rows.iter().map(|i| *i as usize).collect::<Vec<_>>();
    assert_eq!(first(&d)[..2], [2, 6], "web03 is bad, web07 warns");
    assert_eq!(first(&d).last(), Some(&0), "web01 is well: below those that nobody knows");
    assert!(d.screen().contains("by state") && d.screen().contains("STATE↓"), "{}", d.screen());
    assert_eq!(d.model.place().unwrap().current(), Some("web01.eu"));
    click(&mut d, "DISK");
    assert_eq!(first(&d)[..2], [6, 0], "the fullest disk first: {}", d.screen());
    insta::assert_snapshot!("fleet-by-disk-160x30", d.screen());
    let mut better = picture.clone();
    better.board.cells.iter_mut().filter(|cell| cell.host == "web07.eu").for_each(|cell| cell.disk = Some(3.0));
    let data = crate::tui::screens::health::Data::Picture(Box::new(better));
    d.send(msg::Msg::Data(msg::Data::Health(data)));
    assert_eq!(first(&d)[..2], [0, 6]);
    assert_eq!(d.model.place().unwrap().current(), Some("web01.eu"));
    click(&mut d, "DISK");
    assert_eq!(first(&d)[..3], [0, 1, 2], "clicked again: as the inventory has them");
    let mut d = fleet((80, 24), "dark");
    send(&mut d);
    d.keys("down down");
    insta::assert_snapshot!("fleet-health-80x24", d.screen());
    // Nobody told more: nothing is known any more.
    d.send(msg::Msg::Tick(msg::Now { ms: NOW.ms + 60_000, ..NOW }));
    assert!(!d.screen().contains("✖ bad"), "{}", d.screen());
}

#[test]
fn a_host_that_is_in_no_run_that_was_looked_at_is_not_said_to_have_none() {
    let mut d = fleet((160, 30), "dark");
    assert!(d.screen().contains("last run  ● ok 1d ago"), "{}", d.screen());
    let data = Data::LastRuns { env: 0, runs: [].into(), newest: Some(100) };
    d.send(msg::Msg::Data(msg::Data::Fleet(data)));
    let screen = d.screen();
    assert!(screen.contains("last run  none among the newest 100"), "{screen}");
}

#[test]
fn every_theme_and_size_shows_the_same_truth() {
    for name in ["dark", "light", "16-colour", "monochrome"] {
        for size in [(80, 24), (160, 50)] {
            let mut d = fleet(size, name);
            d.keys("down down space space");
            insta::assert_snapshot!(format!("fleet-{name}-{}x{}", size.0, size.1), d.styled());
        }
    }
}

#[test]
fn narrow_shows_one_pane_and_ascii_shows_ascii_alone() {
    let mut d = fleet((40, 10), "dark");
    insta::assert_snapshot!("fleet-40x10-hosts", d.screen());
    d.keys("backtab");
    insta::assert_snapshot!("fleet-40x10-groups", d.screen());
    let mut d = fleet((80, 24), "dark");
    d.model.theme.ascii = true;
    d.keys("down");
    assert!(d.screen().is_ascii(), "{}", d.screen());
    insta::assert_snapshot!("fleet-ascii-80x24", d.screen());
}

#[test]
fn hostile_names_never_reach_a_cell() {
    let mut d = fleet((160, 50), "dark");
    d.keys("G");
    assert!(d.screen().contains("evilhost"), "{}", d.screen());
    assert!(!d.screen().contains('\u{202e}') && !d.screen().contains('\u{1b}'));
}

#[test]
fn filter_marks_and_ranges() {
    let mut d = fleet((120, 30), "dark");
    d.keys("/");
    d.text("us");
    d.keys("enter");
    assert!(d.screen().contains("6 of 19"), "{}", d.screen());
    d.keys("+ esc");
    assert!(d.screen().contains("19 of 19 · 6 marked"), "{}", d.screen());
    d.keys("*");
    assert_eq!(d.model.place().unwrap().marks.len(), 13);
    d.keys("- g space down down V");
    assert_eq!(d.model.place().unwrap().marked(), ["web01.eu", "web02.eu", "web03.eu", "web04.eu"]);
}

#[test]
fn letters_in_a_filter_are_text_and_never_commands() {
    let mut d = fleet((120, 30), "dark");
    d.keys("/ q");
    assert!(!d.model.quit && d.model.place().unwrap().filter == "q");
    d.keys("esc");
    assert_eq!(d.model.place().unwrap().filter, "");
    assert!(d.model.fleet.edit.is_none());
}

#[test]
fn a_pattern_is_asked_for_and_only_the_newest_answer_counts() {
    let mut d = fleet((120, 30), "dark");
    d.keys("; d b");
    let asked = |pattern: &str| effect::Effect::Fleet(Effect::Select { env: 0, pattern: pattern.into() });
    assert_eq!(d.effects(), [asked("d"), asked("db")]);
    let answer = |pattern: &str, result| {
        msg::Msg::Data(msg::Data::Fleet(Data::Selected { env: 0, pattern: pattern.into(), result }))
    };
    d.send(answer("d", Ok(vec![])));
    assert!(d.screen().contains("selecting"), "{}", d.screen());
    d.send(answer("db", Ok(vec!["db03".into(), "db01".into()])));
    assert!(d.screen().contains("2 of 19"), "{}", d.screen());
    assert_eq!(d.model.place().unwrap().current(), Some("db03"), "in Ansible's order");
    d.keys("[");
    d.send(answer("db[", Err("`db[`: the bracket is not closed".into())));
    assert!(d.screen().contains("the bracket is not closed"), "{}", d.screen());
}

#[test]
fn variables_come_on_demand_and_vaulted_ones_stay_closed() {
    let mut d = fleet((120, 24), "dark");
    d.keys("enter");
    assert_eq!(d.effects(), [effect::Effect::Fleet(Effect::Vars { env: 0, host: "web01.eu".into() })]);
    let var = |name: &str, value: &str, vaulted| Var {
        name: name.into(),
        value: value.into(),
        origin: "inventories/production/group_vars/web.yml:3".into(),
        vaulted,
    };
    let vars = vec![var("http_port", "8080", false), var("db_password", "", true)];
    d.send(msg::Msg::Data(msg::Data::Fleet(Data::Vars { env: 0, host: "web01.eu".into(), result: Ok(vars) })));
    insta::assert_snapshot!("fleet-variables-120x24", d.screen());
    d.keys("esc");
    assert_eq!(d.model.fleet.pane, Pane::Hosts);
    assert!(d.screen().contains("variables 2 (1 vaulted)"), "{}", d.screen());
}

#[test]
fn groups_narrow_the_table_and_branches_close() {
    let mut d = fleet((120, 30), "dark");
    d.keys("backtab down down enter");
    assert!(d.screen().contains("8 of 19"), "{}", d.screen());
    d.keys("esc left up left");
    assert_eq!(d.model.place().unwrap().tree.len(), 4, "{}", d.screen());
    d.keys("right");
    assert_eq!(d.model.place().unwrap().tree.len(), 6, "{}", d.screen());
}

#[test]
fn a_broken_inventory_says_where_it_is_broken() {
    let mut d = fleet((80, 24), "dark");
    d.keys("]");
    assert!(d.screen().contains("hosts.ini:3:1: not a host"), "{}", d.screen());
    d.keys("/");
    assert!(d.screen().contains("the hosts are not known yet"), "{}", d.screen());
}

#[test]
fn the_mouse_does_what_the_keys_do() {
    let mut d = fleet((120, 30), "dark");
    click(&mut d, "web04.eu");
    assert_eq!(d.model.place().unwrap().current(), Some("web04.eu"));
    click(&mut d, "LAST RUN");
    assert_eq!(d.model.place().unwrap().rows[0], 2, "the unreachable one first");
    click(&mut d, "/ filter");
    assert!(d.model.fleet.edit.is_some());
    d.keys("esc");
    click(&mut d, "staging");
    assert_eq!(d.model.env, Some(1));
}

#[test]
fn ten_thousand_hosts_cost_as_much_as_a_screenful() {
    let hosts = names("host", ".example", 10_000);
    let groups = hosts.chunks(100).enumerate().map(|(i, c)| (format!("group{i}"), vec![], c.to_vec()));
    let mut groups: Vec<_> = groups.collect();
    groups.insert(0, ("all".into(), groups.iter().map(|(n, _, _)| n.clone()).collect(), vec![]));
    let mut d = Driver::new(model(project(), theme("dark")), (160, 50));
    let topology = Topology::build(hosts, groups);
    d.send(msg::Msg::Data(msg::Data::Fleet(Data::Topology { env: 0, result: Ok(topology), verdict: Verdict::Native })));
    d.keys("G");
    assert!(d.screen().contains("host10000.example"), "{}", d.screen());
    let rows = d.model.hits.page("hosts");
    assert!(rows < 50, "only a window of rows is drawn: {rows}");
}

#[test]
fn a_pattern_that_selects_nothing_means_no_host() {
    let mut d = fleet((120, 30), "dark");
    d.keys("; z enter");
    let why = "no host matches `z`".to_owned();
    d.send(msg::Msg::Data(msg::Data::Fleet(Data::Selected { env: 0, pattern: "z".into(), result: Err(why) })));
    assert!(d.model.place().unwrap().rows.is_empty(), "{}", d.screen());
    d.keys("a");
    assert_eq!(d.model.screen().name, "fleet");
    assert!(d.screen().contains("ad-hoc: no host matches `z`"), "{}", d.screen());
}

//! The list of runs as a person meets it: many of them, none, not read yet, narrow, without colours and in ASCII.

use super::*;
use crate::state::RunRow;
use crate::tui::msg::{self, Msg};
use crate::tui::testing::{self, Driver, NOW};

fn item(n: u32, state: &str, title: &str, ago: i64, took: Option<i64>, (hosts, failed): (u32, u32)) -> Item {
    let started = NOW.ms - ago * 1_000;
    let row = RunRow {
        // One is of a time before numbers, and nobody could give it one.
        number: (n != 8).then(|| u64::from(413 - n)),
        journal: None,
        id: Uuid::from_u128(u128::from(1_000 - n)),
        kind: if title.ends_with("yml") { "playbook" } else { "adhoc" }.into(),
        title: title.into(),
        environment: Some(if n.is_multiple_of(3) { "staging" } else { "production" }.into()),
        operator: ["alice", "bob", "carol"][n as usize % 3].into(),
        cwd: "/srv/shop".into(),
        state: state.into(),
        failure: None,
        why: None,
        rc: None,
        created_at: started,
        started_at: Some(started),
        ended_at: took.map(|t| started + t * 1_000),
        hosts,
        failed,
        unreachable: 0,
        changed: hosts / 2,
        check: n == 6,
    };
    Item { row, watched: n != 2 }
}

pub fn items() -> Vec<Item> {
    vec![
        item(1, "running", "deploy.yml", 72, None, (8, 0)),
        item(2, "running", "service name=nginx state=restarted", 400, None, (3, 0)),
        item(3, "queued", "deploy.yml", 40, None, (0, 0)),
        item(4, "failed", "deploy.yml", 4_000, Some(300), (412, 7)),
        item(5, "nothing_ran", "ping", 7_200, Some(1), (0, 0)),
        item(6, "succeeded", "playbooks/数据库备份.yml", 90_000, Some(3_700), (12, 0)),
        item(7, "cancelled", "reboot", 200_000, Some(12), (38, 1)),
        item(8, "unknown", "site.yml", 300_000, Some(60), (40, 0)),
        item(9, "from_the_future", "site.yml", 400_000, Some(60), (40, 0)),
    ]
}

fn driver(theme: &str, size: (u16, u16)) -> Driver {
    let mut d = Driver::new(testing::model(testing::project(), testing::theme(theme)), size);
    d.model.go(SCREEN.id);
    d.send(Msg::Data(msg::Data::Runs(Data::Rows(items()))));
    d
}

#[test]
fn as_it_looks() {
    for theme in ["dark", "light", "high-contrast"] {
        for size in [(80, 24), (160, 50)] {
            insta::assert_snapshot!(format!("runs_{theme}_{}x{}", size.0, size.1), driver(theme, size).styled());
        }
    }
    let mut d = driver("monochrome", (80, 24));
    d.keys("b T");
    insta::assert_snapshot!("runs_grouped_monochrome", d.screen());
    d.model.theme.ascii = true;
    d.keys("v");
    insta::assert_snapshot!("runs_live_ascii", d.screen());
    insta::assert_snapshot!("runs_40x10", driver("dark", (40, 10)).screen());
}

#[test]
fn the_filter_keeps_what_holds_every_word_and_esc_takes_it_back() {
    let mut d = driver("dark", (80, 24));
    d.keys("/");
    d.text("DEPLOY prod");
    assert_eq!(d.model.runs.rows.len(), 2, "{}", d.screen());
    d.keys("enter o");
    assert_eq!(d.model.runs.filter.text(), "DEPLOY prod", "o is a command again, not text");
    d.keys("/ esc");
    assert_eq!(d.model.runs.rows.len(), items().len());
}

#[test]
fn a_run_is_found_by_its_number_and_sorted_by_it() {
    let mut d = driver("dark", (80, 24));
    d.keys("/");
    d.text("#409");
    assert!(d.model.runs.rows.len() == 1 && d.screen().contains("#409 "), "{}", d.screen());
    d.keys("esc o o o o o");
    let numbers: Vec<_> =
        d.screen().lines().filter_map(|line| line.trim().strip_prefix('#')?.get(..3)?.parse::<u64>().ok()).collect();
    assert_eq!(numbers, [404, 406, 407, 408, 409, 410, 411, 412], "{}", d.screen());
    let narrow = driver("dark", (60, 24));
    assert!(!narrow.screen().contains("#4"), "{}", narrow.screen());
}

#[test]
fn the_cursor_stays_on_its_run_when_the_order_changes_and_never_on_a_head() {
    let mut d = driver("dark", (80, 24));
    d.keys("j j j");
    let id = d.model.runs.current().unwrap().row.id;
    for key in ["o", "o", "o", "o", "o", "o", "b"] {
        d.keys(key);
        assert_eq!(d.model.runs.current().map(|i| i.row.id), Some(id), "after {key}");
    }
    for key in "k k k k k k k k k k j j j j j j j j j j j j j j j G g".split(' ') {
        d.keys(key);
        assert!(d.model.runs.current().is_some(), "after {key}\n{}", d.screen());
    }
}

#[test]
fn a_live_run_that_nobody_watches_is_not_called_running() {
    let d = driver("dark", (80, 24));
    let screen = d.screen();
    let line = screen.lines().find(|l| l.contains("nginx")).unwrap();
    assert!(line.contains("? unwatched") && !line.contains("running"), "{line}");
}

#[test]
fn a_release_under_way_lives_and_says_where_it_stands() {
    let mut d = driver("dark", (80, 24));
    let live = d.model.live_runs.unwrap();
    let release = |state: &str, took| {
        let mut item = item(1, state, "shop 4.12.1", 30, took, (3, 0));
        item.row.kind = "release".into();
        item
    };
    let all = vec![release("deploying", None), release("paused", None), release("rolled_back", Some(20))];
    d.send(Msg::Data(msg::Data::Runs(Data::Rows([all, items()].concat()))));
    assert_eq!(d.model.live_runs, Some(live + 2), "its times go on by themselves");
    let screen = d.screen();
    for word in ["◐ deploying", "▲ paused", "◇ rolled back"] {
        assert!(screen.contains(word), "{word}:\n{screen}");
    }
}

#[test]
fn a_recovery_says_where_it_stands_and_its_time_ends_with_its_work() {
    let mut d = driver("dark", (100, 24));
    let recovery = |n, state: &str, took| {
        let mut item = item(n, state, "web on web4", 30, took, (1, 0));
        item.row.kind = "recovery".into();
        item
    };
    let all = vec![
        recovery(1, "verifying", None),
        recovery(4, "probation", None),
        recovery(5, "inhibited", None),
        recovery(6, "escalated", Some(20)),
        recovery(7, "healthy", Some(20)),
    ];
    d.send(Msg::Data(msg::Data::Runs(Data::Rows(all))));
    let screen = d.screen();
    let line = |word: &str| screen.lines().find(|l| l.contains(word)).unwrap_or_else(|| panic!("{word}:\n{screen}"));
    assert!(line("◐ verifying").contains("0:30") && line("○ inhibited").contains("0:30"), "{screen}");
    assert!(!line("◐ probation").contains("0:30"), "nothing is done any more:\n{screen}");
    assert!(!line("✖ escalated").contains('?') && !line("● healthy").contains('?'), "{screen}");
}

#[test]
fn enter_opens_the_run_and_what_cannot_be_done_says_why() {
    let mut d = driver("dark", (80, 24));
    let id = d.model.runs.current().unwrap().row.id;
    d.keys("enter");
    assert_eq!(d.model.screen().name, "run");
    let effects = d.effects();
    let open =
        |e: &effect::Effect| matches!(e, effect::Effect::Run(super::super::run::Effect::Open(got)) if *got == id);
    assert!(effects.iter().any(open), "{effects:?}");
    let mut empty = Driver::new(testing::model(testing::project(), testing::theme("dark")), (80, 24));
    empty.model.go(SCREEN.id);
    empty.keys("enter");
    assert!(empty.screen().contains("the list is not read yet"), "{}", empty.screen());
    empty.send(Msg::Data(msg::Data::Runs(Data::Failed("opsdeck.db: permission denied".into()))));
    assert!(empty.screen().contains("permission denied"));
}

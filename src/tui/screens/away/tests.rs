//! "While you were away" as a person meets it after a night, and that it does not get in anybody's way.

use super::*;
use crate::tui::msg::{self, Msg};
use crate::tui::screens::runs::tests::items;
use crate::tui::testing::{self, Driver, NOW};

fn driver(theme: &str, size: (u16, u16)) -> Driver {
    let mut d = Driver::new(testing::model(testing::project(), testing::theme(theme)), size);
    send(&mut d);
    d
}

fn send(d: &mut Driver) {
    let mut items = items();
    for i in &mut items {
        i.row.why = (i.row.state == "failed").then(|| "7 hosts failed: Restart and wait for health".into());
    }
    d.send(Msg::Data(msg::Data::Away(Data::Since { since: NOW.ms - 500_000_000, first: false, items })));
}

#[test]
fn as_it_looks() {
    for theme in ["dark", "light", "high-contrast"] {
        for size in [(80, 24), (160, 50)] {
            insta::assert_snapshot!(format!("away_{theme}_{}x{}", size.0, size.1), driver(theme, size).styled());
        }
    }
    let mut d = driver("monochrome", (40, 10));
    d.model.theme.ascii = true;
    d.keys("G T");
    insta::assert_snapshot!("away_40x10_ascii", d.screen());
}

#[test]
fn it_comes_up_by_itself_only_where_nobody_works_yet() {
    let d = driver("dark", (80, 24));
    assert_eq!(d.model.screen().name, "away");
    let mut busy = Driver::new(testing::model(testing::project(), testing::theme("dark")), (80, 24));
    busy.keys("2");
    send(&mut busy);
    assert_eq!(busy.model.screen().name, "runs");
    let mut nothing = Driver::new(testing::model(testing::project(), testing::theme("dark")), (80, 24));
    nothing.send(Msg::Data(msg::Data::Away(Data::Since { since: 1, first: false, items: vec![] })));
    assert_eq!(nothing.model.screen().name, "fleet");
}

#[test]
fn where_nothing_happened_it_says_since_when() {
    let mut d = Driver::new(testing::model(testing::project(), testing::theme("dark")), (80, 24));
    d.keys("5");
    assert!(!d.screen().contains("Nothing happened"), "not before it is known:\n{}", d.screen());
    d.send(Msg::Data(msg::Data::Away(Data::Since { since: NOW.ms - 3_600_000, first: false, items: vec![] })));
    let screen = d.screen();
    assert!(screen.contains("you looked last 1h ago") && screen.contains("No run began or ended."), "{screen}");
}

#[test]
fn esc_goes_on_to_the_fleet_and_enter_opens_the_worst() {
    let mut d = driver("dark", (80, 24));
    d.keys("enter");
    assert_eq!(d.model.screen().name, "run");
    d.keys("esc esc");
    assert_eq!(d.model.screen().name, "fleet");
}

#[test]
fn who_looks_for_the_first_time_sees_the_last_day_and_is_kept_from_nothing() {
    let mut d = Driver::new(testing::model(testing::project(), testing::theme("dark")), (80, 24));
    d.send(Msg::Data(msg::Data::Away(Data::Since { since: NOW.ms - 86_400_000, first: true, items: items() })));
    assert_eq!(d.model.screen().name, "fleet");
    d.keys("5");
    let screen = d.screen();
    assert!(screen.contains("you never looked before: since ") && screen.contains("deploy.yml"), "{screen}");
}

#[test]
fn a_release_that_waits_for_a_person_comes_first_and_does_not_go_on() {
    let mut d = Driver::new(testing::model(testing::project(), testing::theme("dark")), (80, 24));
    let mut all = items();
    (all[0].row.kind, all[0].row.state) = ("release".into(), "needs_operator".into());
    d.send(Msg::Data(msg::Data::Away(Data::Since { since: NOW.ms - 500_000_000, first: false, items: all })));
    let screen = d.screen();
    let at = |words: &str| screen.find(words).unwrap_or_else(|| panic!("{words} in {screen}"));
    assert!(at("These wait: they need a person") < at("✖ needs op"), "{screen}");
    assert!(at("✖ needs op") < at("Look at these"), "{screen}");
}

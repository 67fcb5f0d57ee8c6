//! A breaker that a person forced is seen wherever its host is.

use super::tests::{driver, picture, report, well};
use super::*;
use crate::health::breaker::{Breaker, Forced, Forcing, Input, Key};
use crate::tui::testing::{Driver, NOW};

fn forced(host: &str, to: Forcing) -> (Key, Breaker) {
    let key = Key::Transport { environment: "production".into(), host: host.into() };
    let until = Some(NOW.ms + 7_200_000);
    let word = Forced { to, until, by: "ann".into(), reason: "switch q".into(), at: NOW.ms };
    (key, Breaker::default().next(&Input::Force(word), NOW.ms, &Default::default(), 0.0).breaker)
}

fn fleet(breakers: Vec<(Key, Breaker)>) -> Picture {
    let of = |n: i64| report(&format!("web{n:02}"), vec![well("ssh", 4), well("cpu", 4)]);
    Picture { breakers, ..picture(&(0..60).map(of).collect::<Vec<_>>()) }
}

#[test]
fn a_forced_breaker_is_in_the_head_in_its_row_among_what_is_not_well_and_on_the_wall() {
    let p = fleet(vec![forced("web07", Forcing::Open), forced("web50", Forcing::Closed)]);
    let mut d = driver("dark", (80, 24), Some(p));
    assert!(
        d.screen().contains("⊘ 2 breakers not closed, 2 forced (v lists them): web07 forced open"),
        "{}",
        d.screen()
    );
    let hosts = |d: &Driver| -> Vec<String> {
        let rows = d.screen().lines().filter(|line| line.starts_with(" ● ok ")).map(str::to_owned).collect::<Vec<_>>();
        rows.iter().filter_map(|line| Some(line.split_whitespace().nth(2)?.to_owned())).collect()
    };
    assert_eq!(hosts(&d)[..3], ["web07", "web50", "web00"], "before what is well: {}", d.screen());
    d.keys("v");
    assert_eq!(hosts(&d), ["web07", "web50"], "{}", d.screen());
    assert!(d.screen().contains("breaker forced open for 2:00:00 by ann: switch q"), "{}", d.screen());
    d.keys("w");
    assert_eq!(d.screen().matches('⊘').count(), 4, "head, two cells, and the one below: {}", d.screen());
    assert!(d.screen().contains("⊘ breaker forced open for 2:00:00 by ann: switch q"), "{}", d.screen());
    d.keys("1");
    let row = d.screen().lines().find(|line| line.contains("web07")).unwrap().to_owned();
    assert!(row.contains("● ok ⊘"), "{}", d.screen());
}

#[test]
fn a_forced_breaker_is_not_hidden_by_what_else_is_known() {
    let mut p = fleet(vec![forced("web00", Forcing::Open)]);
    p.board.rows[0].silenced = Some("silenced until 15:30:00 by bob: known".into());
    let d = driver("dark", (200, 40), Some(p));
    assert!(d.screen().contains("by ann: switch q; silenced until"), "{}", d.screen());
}

//! An incident is taken over from its line with one key, and the cursor stays with its line while others come above it.

use super::tests::{driver, fails, mixed, picture, report};
use super::*;
use crate::project::Project;
use crate::project::config::recovery::Policy;
use crate::recovery::incident::{Incident, State};
use crate::tui::msg::{self, Msg};
use crate::tui::testing::{self, Driver, NOW};
use std::sync::Arc;

fn incident(host: &str, state: State) -> Incident {
    let why = "the ladder is at its end".into();
    Incident { state, why, ..Incident::new("production", "shop", host, NOW.ms) }
}

fn shown(incidents: Vec<Incident>) -> Driver {
    let of = |n: i64| report(&format!("web{n}"), vec![fails("web", 170, "connection refused")]);
    let mut p = picture(&[of(1), of(2), of(3), of(4), report("db1", vec![fails("ssh", 900, "no route")])]);
    p.incidents = incidents;
    let mut d = driver("dark", (80, 24), None);
    let policy = Policy { name: "shop".into(), check: "web".into(), ..Policy::default() };
    d.model.project = Arc::new(Project { recovery: vec![policy], ..testing::project() });
    d.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(p)))));
    d
}

#[test]
fn the_incidents_of_a_common_cause_are_taken_over_with_one_key() {
    let all = vec![
        incident("web1", State::Escalated),
        incident("web2", State::Taken),
        incident("web3", State::Inhibited),
        incident("other", State::Escalated),
    ];
    let ids = |at: &[usize]| at.iter().map(|n| all[*n].id).collect::<Vec<_>>();
    let mut d = shown(all.clone());
    assert!(d.screen().contains("t take over"), "{}", d.screen());
    d.effects();
    d.keys("t");
    insta::assert_snapshot!("health_take_over", d.screen());
    assert!(
        d.screen().contains("2 incidents: web1, web3.") && d.screen().contains("Enter takes it over"),
        "{}",
        d.screen()
    );
    d.keys("enter");
    let taken = |ids: Vec<uuid::Uuid>, reason: Option<&str>| {
        [effect::Effect::Health(Effect::TakeOver { ids, reason: reason.map(str::to_owned) })]
    };
    assert_eq!(d.effects(), taken(ids(&[0, 2]), None));
    // Of one row of it.
    d.keys("enter down t");
    assert!(d.screen().contains("shop on web1 is escalated: the ladder is at its end."), "{}", d.screen());
    d.text("I look");
    d.keys("enter");
    assert_eq!(d.effects(), taken(ids(&[0]), Some("I look")));
    d.keys("t esc");
    assert_eq!(d.effects(), []);
}

#[test]
fn where_recovery_has_nothing_in_hand_the_key_says_so() {
    let mut d = shown(vec![incident("web2", State::Taken)]);
    d.keys("t");
    assert!(d.screen().contains("take over: recovery has nothing in hand here"), "{}", d.screen());
    let mut d = shown(vec![incident("web1", State::Escalated)]);
    d.model.read_only = true;
    d.keys("t");
    assert!(d.model.health.form.is_none() && d.screen().contains("read-only"), "{}", d.screen());
}

#[test]
fn the_cursor_on_the_first_row_follows_it_once_a_person_has_moved() {
    let current = |d: &Driver| d.model.health.current().and_then(|row| row.host.clone());
    let mut worse = mixed();
    worse.board.rows.insert(0, worse.board.rows[0].clone());
    worse.board.rows[0].host = Some("new".into());
    let send = |d: &mut Driver, p: &Picture| d.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(p.clone())))));
    let mut d = driver("dark", (80, 24), Some(mixed()));
    d.keys("down up");
    send(&mut d, &worse);
    assert_eq!(current(&d).as_deref(), Some("web03.eu"));
    d.keys("o");
    assert_eq!(current(&d).as_deref(), Some("web03.eu"), "in another order too");
    let mut d = driver("dark", (80, 24), Some(mixed()));
    send(&mut d, &worse);
    assert_eq!(current(&d).as_deref(), Some("new"), "who never moved sees the worst");
    d.keys("S");
    send(&mut d, &mixed());
    d.text("known");
    d.effects();
    d.keys("enter");
    let [effect::Effect::Health(Effect::Silence { word, .. })] = &d.effects()[..] else { panic!() };
    assert_eq!(word.hosts(), ["new"], "what the form named when the key was pressed");
}

#[test]
fn the_footer_offers_what_can_be_done_to_a_line() {
    let d = driver("dark", (100, 30), Some(mixed()));
    let footer = |d: &Driver| d.screen().lines().last().unwrap().to_owned();
    assert!(footer(&d).contains("S silence") && footer(&d).contains("X force open"), "{}", footer(&d));
    assert!(footer(&driver("dark", (80, 24), Some(mixed()))).contains("S silence"));
    assert!(!footer(&d).contains("A breaker auto"), "there is nothing to take back");
}

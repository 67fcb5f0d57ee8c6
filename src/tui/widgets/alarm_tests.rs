//! The alarm line as it looks, what fits in it, and where it leads.

use super::*;
use crate::alarm::{Escalated, Facts, Fires, Hands, Needs, Post, Waits};
use crate::state::outbox::{Backlog, Standing};
use crate::tui::effect::Effect;
use crate::tui::msg::{Data, Msg, Now};
use crate::tui::screens::health::tests::{mixed, picture};
use crate::tui::screens::{health, run};
use crate::tui::testing::{self, Driver, NOW};
use uuid::Uuid;

fn post(environment: &str, polls: Hands, acts: Hands) -> Post {
    Post { environment: environment.into(), policy: true, receiver: true, polls, acts }
}

fn nobody() -> Hands {
    Hands::Nobody(Some(("serve of root (pid 12)".into(), NOW.ms - 240_000)))
}

fn by() -> Hands {
    Hands::Of("serve of root (pid 12)".into())
}

fn all() -> Facts {
    let waits = |n: u8, needs| Waits {
        run: Uuid::from_bytes([n; 16]),
        number: Some(410 + u64::from(n)),
        environment: Some("production".into()),
        needs,
    };
    let escalated = |host: &str| Escalated { environment: "staging".into(), policy: "web".into(), host: host.into() };
    let alert = Fires {
        name: "HighErrorRate".into(),
        environment: Some("production".into()),
        critical: true,
        since: NOW.ms - 240_000,
        summary: "5 % of the requests fail".into(),
    };
    Facts {
        releases: vec![waits(2, Needs::Operator), waits(3, Needs::Approval)],
        escalated: ["web01", "web02", "web03"].map(escalated).to_vec(),
        alerts: vec![alert],
        undelivered: vec![Backlog {
            receiver: "chat".into(),
            state: Standing::Pending,
            count: 2,
            oldest: NOW.ms - 90_000,
        }],
        posts: vec![post("production", by(), nobody()), post("staging", by(), by())],
        closed: None,
        unknown: vec![],
    }
}

fn driver(size: (u16, u16), facts: Facts) -> Driver {
    let mut d = Driver::new(testing::model(testing::project(), testing::theme("dark")), size);
    d.send(Msg::Data(Data::Alarm(facts)));
    d
}

fn second(d: &Driver) -> String {
    d.screen().lines().nth(1).unwrap_or_default().to_owned()
}

#[test]
fn as_it_looks() {
    for theme in ["dark", "light", "high-contrast"] {
        for size in [(80, 24), (160, 50)] {
            let mut d = Driver::new(testing::model(testing::project(), testing::theme(theme)), size);
            d.send(Msg::Data(Data::Alarm(all())));
            insta::assert_snapshot!(format!("alarm_{theme}_{}x{}", size.0, size.1), d.styled());
        }
    }
    let mut d = Driver::new(testing::model(testing::project(), testing::theme("monochrome")), (40, 10));
    d.model.theme.ascii = true;
    d.send(Msg::Data(Data::Alarm(all())));
    insta::assert_snapshot!("alarm_40x10_ascii", d.screen());
}

#[test]
fn it_is_there_only_while_there_is_a_reason_and_the_body_has_a_row_less() {
    let quiet = || Facts { posts: vec![post("production", by(), by())], ..Facts::default() };
    let mut d = driver((80, 24), quiet());
    let before = d.screen();
    assert!(second(&d).contains("Environments"), "{before}");
    d.send(Msg::Data(Data::Alarm(all())));
    assert!(second(&d).contains("✖ 1 needs operator  ✖ 3 escalated"), "{}", d.screen());
    assert_eq!(d.screen().lines().nth(2), before.lines().nth(1), "the screen begins a row lower");
    assert_eq!(d.screen().lines().last(), before.lines().last(), "the footer stays");
    d.send(Msg::Data(Data::Alarm(quiet())));
    assert_eq!(d.screen(), before);
}

#[test]
fn words_go_before_reasons_do_and_what_is_left_out_is_counted() {
    let reasons = driver((80, 24), all()).model.reasons();
    let texts = |room| {
        let (texts, left) = fit(&reasons, room);
        let text = texts.join("|");
        (if left > 0 { format!("{text}|{}", more(left)) } else { text }, left)
    };
    let (whole, left) = texts(500);
    assert_eq!((left, whole.matches('|').count()), (0, 5), "{whole}");
    assert!(whole.contains("last serve of root (pid 12)") && whole.contains("undelivered to chat since "), "{whole}");
    for room in 1..250 {
        let (text, left) = texts(room);
        let (shown, _) = fit(&reasons, room);
        assert_eq!(shown.len() + left, reasons.len());
        // A glyph and a space before each, two blanks between.
        let taken =
            text.chars().count() as u16 + text.matches('|').count() as u16 * (GAP - 1) + shown.len() as u16 * SIGN;
        assert!(taken <= room || shown.len() == 1, "{room}: {taken} {text}");
        assert!(shown[0] == reasons[0].long || shown[0] == reasons[0].short);
    }
    assert_eq!(texts(78).0, "1 needs operator|3 escalated|nobody acts on production|and 3 more");
}

#[test]
fn key_0_and_a_click_lead_to_where_a_person_acts() {
    let mut d = driver((80, 24), all());
    d.keys("0");
    assert_eq!(d.model.screen().name, run::SCREEN.name, "one release alone is opened");
    assert!(d.effects().iter().any(|effect| matches!(effect, Effect::Run(_))));
    let mut d = driver((80, 24), Facts { releases: vec![], ..all() });
    let click = crossterm::event::MouseEvent {
        kind: crossterm::event::MouseEventKind::Down(crossterm::event::MouseButton::Left),
        column: 30,
        row: 1,
        modifiers: crossterm::event::KeyModifiers::NONE,
    };
    d.send(Msg::Mouse(click));
    assert_eq!((d.model.screen().name, d.model.env), (health::SCREEN.name, Some(1)), "incidents of staging");
    let mut d = driver((80, 24), Facts::default());
    d.keys("0");
    assert!(d.screen().contains("nothing waits for a person"), "{}", d.screen());
}

#[test]
fn what_needs_an_operator_is_no_run_that_runs() {
    let mut d = driver((80, 24), all());
    d.model.live_runs = Some(3);
    d.send(Msg::Resize(80, 24));
    assert!(d.screen().lines().next().unwrap().contains("◐ 1 run "), "{}", d.screen());
    d.model.live_runs = Some(2);
    d.send(Msg::Resize(80, 24));
    assert!(!d.screen().lines().next().unwrap().contains("run"), "{}", d.screen());
}

fn at(d: &mut Driver, ms: i64) {
    d.send(Msg::Tick(Now { ms: NOW.ms + ms, ..NOW }));
}

fn pictured(d: &mut Driver, ago: i64) {
    let mut picture = mixed();
    picture.board.hosts.stale = 1;
    picture.at = d.model.now.ms - ago;
    d.send(Msg::Data(Data::Health(health::Data::Picture(Box::new(picture)))));
}

#[test]
fn fresh_readings_alone_are_green_and_old_ones_that_nobody_renews_are_not() {
    let unwanted = || Facts {
        posts: vec![Post { policy: false, receiver: false, ..post("production", nobody(), nobody()) }],
        ..Facts::default()
    };
    let mut d = driver((80, 24), unwanted());
    let fresh = picture(&mixed_reports());
    assert!(fresh.is_fresh(NOW.ms) && fresh.board.oldest.is_some());
    d.send(Msg::Data(Data::Health(health::Data::Picture(Box::new(fresh)))));
    at(&mut d, 12_000);
    assert!(!d.screen().contains("nobody polls"), "its readings are fresh:\n{}", d.screen());
    pictured(&mut d, 0);
    assert!(second(&d).contains("▲ nobody polls production since"), "{}", d.screen());
    d.keys("]");
    assert!(!second(&d).contains("nobody polls"), "another environment is in sight:\n{}", d.screen());
    d.keys("[");
    pictured(&mut d, 0);
    assert!(!second(&d).contains("nobody polls"), "whoever has just come is given time:\n{}", d.screen());
}

fn mixed_reports() -> Vec<crate::health::record::Report> {
    vec![health::tests::report("web01.eu", vec![health::tests::well("ssh", 4)])]
}

#[test]
fn an_environment_of_which_something_is_said_does_not_look_well() {
    use crate::tui::screens::fleet;
    let mut d = driver((80, 24), Facts::default());
    for env in [0, 1] {
        let group = fleet::topology::Group { name: "all".into(), hosts: vec![0], ..Default::default() };
        let topology = fleet::topology::Topology { hosts: vec!["web01.eu".into()], groups: vec![group] };
        let data = fleet::Data::Topology { env, result: Ok(topology), verdict: fleet::data::Verdict::Same };
        d.send(Msg::Data(Data::Fleet(data)));
    }
    let sign = |d: &Driver, name: &str| {
        let screen = d.screen();
        let line = screen.lines().skip(2).find(|line| line.contains(name)).unwrap_or_default().to_owned();
        line.split(name).next().unwrap_or_default().trim().trim_start_matches('▸').trim().to_owned()
    };
    assert_eq!((sign(&d, "production"), sign(&d, "staging")), ("●".into(), "●".into()), "{}", d.screen());
    d.send(Msg::Data(Data::Alarm(Facts { alerts: vec![], releases: vec![], ..all() })));
    assert_eq!((sign(&d, "production"), sign(&d, "staging")), ("✖".into(), "✖".into()), "{}", d.screen());
}

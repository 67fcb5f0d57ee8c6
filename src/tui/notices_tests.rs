//! Notices in a console: what is shown, and what rings.

use super::*;
use crate::tui::msg::{Data, Msg};
use crate::tui::screens;
use crate::tui::testing::{self, Driver};

fn notice(environment: &str, severity: &str, phase: &str, text: &str) -> Notice {
    let body = serde_json::json!({
        "environment": environment, "kind": "check", "severity": severity, "phase": phase, "text": text, "run": null,
    });
    Notice::read(&body.to_string()).unwrap()
}

#[test]
fn it_is_shown_and_rings_once_and_what_is_over_is_only_shown() {
    let mut d = Driver::new(testing::model(testing::project(), testing::theme("dark")), (110, 24));
    d.effects();
    let send = |d: &mut Driver, notices| d.send(Msg::Data(Data::Notices(notices)));
    let bad = notice("staging", "critical", "firing", "web on w1 is bad\u{1b}[2J");
    send(&mut d, vec![notice("staging", "info", "firing", "tried"), bad.clone()]);
    assert!(d.screen().contains("staging: web on w1 is bad") && d.screen().contains("and 1 more"), "{}", d.screen());
    let effects = d.effects();
    assert!(matches!(&effects[..], [Effect::Call(words)] if !words.contains('\u{1b}')), "{effects:?}");
    send(&mut d, vec![notice("staging", "critical", "resolved", "over: web on w1 is bad")]);
    assert_eq!(d.effects(), []);
    assert!(d.screen().contains("staging: over: web on w1 is bad"), "{}", d.screen());
}

#[test]
fn the_bell_can_be_silenced_and_rings_once_for_what_is_in_sight() {
    let mut d = Driver::new(testing::model(testing::project(), testing::theme("dark")), (110, 24));
    d.effects();
    let rings = |d: &mut Driver, environment: &str| {
        d.send(Msg::Data(Data::Notices(vec![notice(environment, "warning", "firing", "web is bad")])));
        d.effects().len()
    };
    assert_eq!((rings(&mut d, "production"), rings(&mut d, "staging")), (1, 1));
    d.keys("f5");
    assert_eq!(rings(&mut d, "production"), 1, "nothing is known of it yet that could ring");
    let picture = screens::health::Data::Picture(Box::new(screens::health::tests::mixed()));
    d.send(Msg::Data(Data::Health(picture)));
    assert_eq!((rings(&mut d, "production"), rings(&mut d, "staging")), (0, 1), "the picture in sight rings for it");
    d.keys("f5");
    assert_eq!((rings(&mut d, "production"), rings(&mut d, "staging")), (0, 0));
    assert_eq!(notice("lab", "info", "firing", "web 1.0 on lab: paused").text, "web 1.0 on lab: paused", "said once");
    assert_eq!(Notice::read("{\"kind\": \"of the future\"}"), None);
}

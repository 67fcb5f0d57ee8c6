//! Whoever comes back to Health: what nobody asked meanwhile is said to be that, not the hosts' fault.

use super::tests::{driver, picture, report, well};
use super::*;
use crate::health::record::Report;
use crate::tui::msg::Msg;
use crate::tui::screens::fleet;
use crate::tui::testing::NOW;

#[test]
fn what_nobody_asked_says_so_and_alarms_nobody() {
    let old = |n: i64| {
        let host = format!("web{n}");
        Report { at: NOW.ms - 240_000, ..report(&host, vec![well("ssh", 240), well("cpu", 240)]) }
    };
    let p = picture(&(0..9).map(old).collect::<Vec<_>>());
    let d = driver("dark", (80, 24), Some(p.clone()));
    assert!(d.screen().contains("asked again now"), "{}", d.screen());
    assert!(d.screen().contains("9 hosts not asked while nobody looked: they are asked again now"), "{}", d.screen());
    assert!(!d.screen().contains("common cause"), "{}", d.screen());
    // This console is about to; one that only looks is not.
    let mut d = driver("dark", (80, 24), Some(Picture { poller: None, ..p }));
    assert!(d.screen().contains("asked again now"), "{}", d.screen());
    d.model.read_only = true;
    d.send(Msg::Resize(80, 24));
    assert!(d.screen().contains("nobody asks them now") && d.screen().contains("not asked: n"), "{}", d.screen());
}

#[test]
fn fleet_asks_no_host_before_it_knows_which_are_in_sight() {
    let mut d = driver("dark", (80, 24), Some(super::tests::mixed()));
    // Gone there, and not drawn yet.
    d.model.go(fleet::SCREEN.id);
    assert_eq!(wanted(&d.model).poll, Poll::No);
    d.keys("down");
    let Poll::Hosts(hosts) = wanted(&d.model).poll else { panic!("{:?}", wanted(&d.model)) };
    assert_eq!(hosts.len(), 5);
}

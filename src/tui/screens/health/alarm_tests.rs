//! No check is bad, and all is not well: somebody is waited for, something fires elsewhere, or nobody looks.

use super::tests::{driver, picture, report, well};
use super::*;
use crate::alarm::{Escalated, Facts, Fires};
use crate::project::Project;
use crate::project::config::recovery::Policy;
use crate::recovery::incident::{Incident, State};
use crate::tui::msg::{self, Msg};
use crate::tui::testing::{self, Driver, NOW};
use std::sync::Arc;

fn shown(size: (u16, u16), facts: Facts, change: impl FnOnce(&mut Picture)) -> Driver {
    let mut p = picture(&["web1", "web2", "web3"].map(|host| report(host, vec![well("ssh", 4), well("web", 4)])));
    change(&mut p);
    let mut d = driver("dark", size, None);
    let policy = Policy { name: "shop".into(), check: "web".into(), ..Policy::default() };
    d.model.project = Arc::new(Project { recovery: vec![policy], ..testing::project() });
    d.send(Msg::Data(msg::Data::Alarm(facts)));
    d.send(Msg::Data(msg::Data::Health(Data::Picture(Box::new(p)))));
    d
}

fn alert(name: &str, environment: Option<&str>, critical: bool) -> Fires {
    let (name, environment) = (name.to_owned(), environment.map(str::to_owned));
    Fires { name, environment, critical, since: NOW.ms - 240_000, summary: "5 % of the requests fail".into() }
}

#[test]
fn that_all_is_well_is_said_only_where_nobody_waits_and_somebody_looks() {
    let said = |facts: Facts, change: fn(&mut Picture)| {
        let mut d = shown((100, 30), facts, change);
        d.keys("v");
        d.screen()
    };
    let quiet = said(Facts::default(), |_| ());
    assert!(quiet.contains("All is well, as far as it is known."), "{quiet}");
    let elsewhere = Facts { alerts: vec![alert("Down", Some("staging"), true)], ..Facts::default() };
    assert!(said(elsewhere, |_| ()).contains("All is well"), "another environment's");
    for environment in [None, Some("production")] {
        let screen = said(Facts { alerts: vec![alert("Down", environment, true)], ..Facts::default() }, |_| ());
        assert!(
            !screen.contains("All is well") && screen.contains("No check is bad, but alert Down fires"),
            "{screen}"
        );
    }
    let screen = said(Facts::default(), |p| p.poller = None);
    assert!(!screen.contains("All is well") && screen.contains("nobody polls at this moment"), "{screen}");
}

#[test]
fn what_is_escalated_stands_before_what_is_well_and_is_not_hidden() {
    let one = Escalated { environment: "production".into(), policy: "shop".into(), host: "web3".into() };
    let incident = |host: &str, state| Incident { state, ..Incident::new("production", "shop", host, NOW.ms) };
    let mut d = shown((100, 30), Facts { escalated: vec![one], ..Facts::default() }, |p| {
        p.incidents = vec![incident("web2", State::Taken), incident("web3", State::Escalated)];
    });
    let rows = |d: &Driver| {
        let screen = d.screen();
        let rows = screen.lines().filter(|line| line.starts_with(" ● ok "));
        rows.map(|row| row.split_whitespace().skip(2).take(2).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(rows(&d)[0], "web3 web", "{}", d.screen());
    d.keys("v");
    assert_eq!(rows(&d), ["web3 web"], "{}", d.screen());
    assert!(d.screen().lines().nth(1).unwrap().contains("✖ incident escalated on production: shop on web3"));
}

#[test]
fn alerts_from_elsewhere_are_named_the_critical_ones_first() {
    let all = ["A", "B", "C", "D"].map(|name| alert(name, None, name == "C"));
    let alerts = [all.to_vec(), vec![alert("E", Some("staging"), true)]].concat();
    let d = shown((80, 24), Facts { alerts, ..Facts::default() }, |_| ());
    let screen = d.screen();
    let lines: Vec<&str> = screen.lines().filter(|line| line.contains(" fires for ")).map(str::trim).collect();
    assert_eq!(lines[0], "✖ alert C fires for 4m  5 % of the requests fail", "{screen}");
    assert!(lines.len() == 3 && lines[1].starts_with("▲ alert A"), "{screen}");
    assert!(screen.contains("▲ 1 more alert: `opsdeck alerts`") && !screen.contains("alert E"), "{screen}");
}

//! The live view in the states that a person can meet, at the sizes and in the themes that people use.

use super::tests::{all, driver, wearing};
use super::{Data, fixtures, run};
use crate::release::alerts::{Beside, Link};
use crate::release::state::{At, Mark};
use crate::state::alerts::AlertRow;
use crate::tui::msg::{self, Msg};
use crate::tui::testing;
use crate::tui::widgets::fixtures as runs;

#[test]
fn as_it_looks() {
    for (name, plan, release) in all() {
        for size in [(80, 24), (160, 50)] {
            let d = driver(plan.clone(), release.clone(), "dark", size);
            insta::assert_snapshot!(format!("release_{name}_{}x{}", size.0, size.1), d.screen());
        }
    }
}

#[test]
fn themes() {
    for theme in ["dark", "light", "high-contrast"] {
        for size in [(80, 24), (160, 50)] {
            let name = |what: &str| format!("release_{what}_{theme}_{}x{}", size.0, size.1);
            let rolling = driver(fixtures::rolling(), fixtures::deploying(), theme, size);
            insta::assert_snapshot!(name("rolling"), rolling.styled());
            let split = driver(fixtures::blue_green(), fixtures::split(), theme, size);
            insta::assert_snapshot!(name("switching"), split.styled());
        }
    }
}

#[test]
fn hostile_names_ascii_and_nobody_there() {
    let (plan, release) = fixtures::hostile();
    let d = driver(plan.clone(), release.clone(), "monochrome", (100, 30));
    insta::assert_snapshot!("release_hostile", d.screen());
    let mut ascii = testing::theme("monochrome");
    ascii.ascii = true;
    let mut d = wearing(plan, release, ascii, (100, 30));
    d.send(Msg::Data(msg::Data::Run(run::Data::Watched(runs::spec().id, false))));
    insta::assert_snapshot!("release_unwatched_ascii", d.screen());
    assert!(d.screen().is_ascii());
}

#[test]
fn many_hosts_fold_to_counts_and_the_batch_in_work_stays() {
    let mut plan = fixtures::rolling();
    plan.batches = (0..60)
        .map(|b| crate::release::plan::Batch { hosts: (0..40).map(|h| format!("h{b}-{h}")).collect(), weight: None })
        .collect();
    let mut release = fixtures::deploying();
    release.at = At::Deploying { batch: 30 };
    release.hosts = (0..30 * 40).map(|n| (format!("h{}-{}", n / 40, n % 40), mark(Mark::New))).collect();
    release.hosts.insert("h30-1".into(), mark(Mark::Running));
    let narrow = driver(plan.clone(), release.clone(), "dark", (80, 24)).screen();
    assert!(narrow.contains("Batches  1-29 ●1,160  30 ●40  31 ◐1·39  32 ·40  33-60 ·1,120"), "{narrow}");
    let wide = driver(plan, release, "dark", (120, 24)).screen();
    assert!(wide.contains("1-29 ●1,160  30 ●40  31 ·◐··"), "{wide}");
}

fn mark(mark: Mark) -> crate::release::state::HostState {
    crate::release::state::HostState { mark, ..Default::default() }
}

#[test]
fn what_was_seen_long_ago_is_stale_and_what_was_never_seen_unknown() {
    let mut release = fixtures::split();
    (release.traffic_at, release.traffic_open) = (Some(runs::NOW - 300_000), None);
    let d = driver(fixtures::blue_green(), release.clone(), "dark", (160, 50));
    assert!(d.screen().contains("◌ stale seen 5m ago"), "{}", d.screen());
    (release.traffic, release.traffic_at) = (vec![], None);
    let d = driver(fixtures::blue_green(), release, "dark", (160, 50));
    assert!(d.screen().contains("lb1 ? unknown, not looked at yet"), "{}", d.screen());
}

#[test]
fn a_backend_without_shares_says_how_many_hosts_serve() {
    let mut plan = fixtures::rolling();
    plan.traffic = fixtures::blue_green().traffic;
    let mut release = fixtures::deploying();
    let mut report = fixtures::split().traffic.remove(0);
    (report.active, report.up) = (None, [(String::new(), (2, 3))].into());
    report.shares.clear();
    report.out = vec!["w1".into()];
    release.traffic = vec![report];
    release.traffic_at = Some(runs::NOW);
    let screen = driver(plan.clone(), release.clone(), "dark", (80, 24)).screen();
    assert!(screen.contains("2/3 up  out: w1") && !screen.contains("???"), "{screen}");
    // Shares of old and new hosts are told of the backend as a whole, and it has none of its own.
    release.traffic[0].shares = [("new".to_owned(), 40), ("old".to_owned(), 60)].into();
    let screen = driver(plan, release, "dark", (80, 24)).screen();
    assert!(screen.contains("old 60%  new 40%  2/3 up  out: w1") && !screen.contains("?%"), "{screen}");
}

/// Alerts of each kind, with names that attack the terminal.
fn alerts() -> Vec<Beside> {
    let alert = |name: &str, severity: &str, instance: &str, ends: Option<i64>| AlertRow {
        labels: [("alertname", name), ("severity", severity), ("instance", instance)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        annotations: [("summary".to_owned(), "5xx above 1 %\u{1b}[2J".to_owned())].into(),
        starts_at: runs::NOW - 240_000,
        ends_at: ends,
        told_at: runs::NOW - 30_000,
        ..AlertRow::default()
    };
    let mut stale = alert("DiskSlow", "warning", "web07.eu:9100", None);
    stale.told_at -= 600_000;
    [
        alert("HighErrorRate", "critical", "web03.eu:9100", None),
        stale,
        alert("Restarted\u{202e}", "info", "web02.eu:9100", None),
        alert("Latency", "page", "web01.eu:9100", Some(runs::NOW - 60_000)),
    ]
    .map(|alert| Beside { alert, link: Link::Host })
    .into()
}

#[test]
fn alerts_stand_beside_it_the_worst_first_and_leave_room() {
    for size in [(80, 24), (160, 50)] {
        let mut d = driver(fixtures::rolling(), fixtures::deploying(), "dark", size);
        assert!(!d.screen().contains("Alerts"), "none: nothing is drawn");
        d.send(Msg::Data(msg::Data::Release(Data::Alerts(runs::spec().id, alerts()))));
        assert!(d.screen().contains("critical  HighErrorRate  web03.eu:9100  for 4m"), "{}", d.screen());
        insta::assert_snapshot!(format!("release_alerts_{}x{}", size.0, size.1), d.screen());
        // What comes for another run is late.
        d.send(Msg::Data(msg::Data::Release(Data::Alerts(uuid::Uuid::from_u128(7), vec![]))));
        assert!(d.screen().contains("HighErrorRate"), "{}", d.screen());
    }
}

#[test]
fn at_80_columns_the_reason_of_a_pause_and_what_an_undo_leaves_are_readable() {
    let mut release = fixtures::paused();
    let why = "breaker service:production/web is open: 3 failures in a row; tried again at 14:05:07";
    release.pause.as_mut().unwrap().reason = why.into();
    release.waits = Some(format!("a person: {why}"));
    let screen = driver(fixtures::rolling(), release, "dark", (80, 24)).screen();
    let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [why, "It goes on with deploying batch 3.", "what migrate.yml did stays (5 hosts)"] {
        assert!(words.contains(told), "{told:?} in\n{screen}");
    }
    assert!(!words.contains("waits for"), "it is said once: {screen}");
}

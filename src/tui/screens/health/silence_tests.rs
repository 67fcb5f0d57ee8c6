//! What people silenced on the Health screen: it stays in sight as what it is.

use super::tests::{driver, fails, picture, report, well};
use super::*;
use crate::health::board::Board;
use crate::health::record::Report;
use crate::health::silence::Silences;
use crate::state::silences::SilenceRow;
use crate::tui::testing::{Driver, NOW};

fn silence(target: &str) -> SilenceRow {
    SilenceRow {
        environment: "production".into(),
        target: target.into(),
        until: NOW.ms + 3_600_000,
        operator: "ann".into(),
        reason: "the line is being moved".into(),
        at: NOW.ms,
    }
}

/// A picture of hosts under these silences.
pub(super) fn under(reports: &[Report], targets: &[&str]) -> Picture {
    let hosts: Vec<String> = reports.iter().filter_map(|report| report.host.clone()).collect();
    let silences = Silences::new(targets.iter().map(|target| silence(target)).collect(), &[]);
    Picture { board: Board::new(reports, &hosts, &silences, NOW.ms), silences, ..picture(reports) }
}

pub(super) fn thousand() -> Vec<Report> {
    (0..1000).map(|n| report(&format!("web{n:04}"), vec![fails("ssh", 120, "connection refused")])).collect()
}

#[test]
fn a_thousand_hosts_that_are_bad_and_silenced_are_never_all_well() {
    for target in ["all", "check:ssh"] {
        let mut d = driver("dark", (80, 24), Some(under(&thousand(), &[target])));
        for keys in ["v", "v"] {
            let counts = "◇ 1,000 silenced, 1,000 bad";
            assert!(d.screen().contains(counts), "{}", d.screen());
            assert!(d.screen().contains("◇ bad      web0000"), "{}", d.screen());
            assert!(!d.screen().contains("All is well"), "{}", d.screen());
            d.keys(keys);
        }
    }
}

#[test]
fn what_is_silenced_and_bad_stands_behind_what_calls_and_what_is_well_among_what_is_well() {
    let ok = |host: &str| report(host, vec![well("ssh", 4), well("cpu", 4)]);
    let bad = |host: &str| report(host, vec![fails("ssh", 120, "connection refused"), well("cpu", 4)]);
    let p = under(&[ok("a"), bad("b"), bad("c"), ok("d")], &["b", "d"]);
    let mut d = driver("dark", (80, 24), Some(p));
    let states = |d: &Driver| -> Vec<String> {
        let row = |line: &str| Some(line.split_whitespace().take(3).collect::<Vec<_>>().join(" "));
        d.screen().lines().skip(4).map_while(row).filter(|text| !text.is_empty()).collect()
    };
    assert_eq!(states(&d)[..8], ["✖ bad c", "◇ bad b", "● ok a", "● ok a", "◇ ok b", "● ok c", "◇ ok d", "◇ ok d"]);
    assert!(d.screen().contains("◇ 2 silenced, 1 bad"), "{}", d.screen());
    d.keys("v");
    assert_eq!(states(&d)[..2], ["✖ bad c", "◇ bad b"]);
    d.keys("v w home right");
    assert!(d.screen().contains("b  ◇ bad, silenced"), "{}", d.screen());
}

#[test]
fn one_silenced_check_is_counted_beside_its_host() {
    let shown = |records| driver("dark", (80, 24), Some(under(&[report("a", records)], &["check:ssh"]))).screen();
    let refused = || fails("ssh", 120, "refused");
    let beside = shown(vec![refused(), fails("web", 120, "503")]);
    assert!(beside.contains("✖ 1 bad") && beside.contains("◇ 1 check silenced, 1 bad"), "{beside}");
    // Where nothing else is wrong, the host is what the silence hides.
    let alone = shown(vec![refused(), well("cpu", 4)]);
    assert!(alone.contains("● 0 ok   ◇ 1 silenced, 1 bad"), "{alone}");
}

#[test]
fn the_head_loses_no_count_on_a_small_screen() {
    let mut p = picture(&[report("a", vec![well("ssh", 4)])]);
    let many = 12_345;
    p.board.hosts = crate::health::board::Counts {
        bad: many,
        warn: many,
        stale: many,
        unknown: many,
        silenced: many,
        silenced_bad: many,
        ok: many,
        suspect: 0,
    };
    let d = driver("dark", (80, 24), Some(p));
    for words in ["bad ", "warn", "stale", "unknown", "ok", "silenced, 12,345 bad"] {
        assert!(d.screen().contains(&format!("12,345 {words}")), "{words}: {}", d.screen());
    }
    assert!(d.screen().contains("worst first"), "{}", d.screen());
}

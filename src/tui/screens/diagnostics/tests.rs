//! The Diagnostics screen over a log of its own. One test: the log is one for the whole process.

use super::*;
use crate::tui::testing::{self, Driver};
use tracing_subscriber::prelude::*;

fn driver(theme: &str, size: (u16, u16)) -> Driver {
    let mut d = Driver::new(testing::model(testing::project(), testing::theme(theme)), size);
    d.model.go(SCREEN.id);
    d.keys("end");
    d
}

/// The screen with the times of its lines and the rate made the same in every run.
fn stable(screen: &str) -> String {
    let time = regex::Regex::new(r"\d\d:\d\d:\d\d").expect("a pattern");
    let rate = regex::Regex::new(r"\[log=[^\]]*\]─*").expect("a pattern");
    rate.replace_all(&time.replace_all(screen, "00:00:00"), "[log=RATE]").into_owned()
}

#[test]
fn shows_its_own_log_safely_at_every_size() {
    let subscriber = tracing_subscriber::registry().with(layer());
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(target: "opsdeck::run", "run 019a launched");
        tracing::warn!(target: "opsdeck::inventory", "a host named \u{202e}evil\u{1b}[31m");
        tracing::error!(target: "opsdeck::state", "the index is damaged: put aside");
    });
    for theme in ["dark", "light", "high-contrast"] {
        for size in [(80, 24), (160, 50)] {
            let shown = stable(&driver(theme, size).styled());
            insta::assert_snapshot!(format!("diagnostics_{theme}_{}x{}", size.0, size.1), shown);
        }
    }
    insta::assert_snapshot!("diagnostics_dark_40x10", stable(&driver("dark", (40, 10)).screen()));
    for columns in 1..60 {
        for rows in 1..14 {
            let shown = driver("monochrome", (columns, rows)).screen();
            assert!(!shown.contains(['\u{202e}', '\u{1b}']), "{columns}x{rows}");
        }
    }
    let mut d = driver("monochrome", (80, 24));
    d.model.theme.ascii = true;
    d.keys("down right + - f t space e pgup up");
    assert!(d.screen().is_ascii(), "{}", d.screen());
}

//! Alerts of other systems that were there while it ran: a line each, what fires first and the worst of it on top.

use super::words::Line;
use crate::release::alerts::{Beside, Severity, about, word};
use crate::text::human;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::sign::{self, Sign, sign};

/// Since when an alert must not have been told of to have it said (milliseconds): it may be over by now.
const LONG: i64 = 60_000;

/// Their lines; none where there are no alerts.
pub fn lines(alerts: &[Beside], theme: &Theme, now: i64) -> Vec<Line> {
    let one = |(i, beside)| line(Line::named(if i == 0 { "Alerts" } else { "" }), beside, theme, now);
    alerts.iter().enumerate().map(one).collect()
}

fn line(head: Line, Beside { alert, .. }: &Beside, theme: &Theme, now: i64) -> Line {
    let (sign, stands) = match alert.ends_at {
        None => (firing(Severity::of(alert)), format!("  for {}", human::short(now - alert.starts_at))),
        Some(ends) => {
            (sign::OK, format!("  was for {}, over {}", human::short(ends - alert.starts_at), human::ago(ends, now)))
        }
    };
    let fires = alert.ends_at.is_none();
    let said = if fires { word(alert) } else { "resolved" };
    let line = head.glyph(sign, theme).and(format!(" {said}"), sign.role);
    let line = line.and(format!("  {}", alert.name()), if fires { Role::Strong } else { Role::Dim });
    let line = line.and(format!("  {}", about(alert)), if fires { Role::Text } else { Role::Dim });
    let line = line.and(stands, Role::Dim);
    let line = match now - alert.told_at {
        old if fires && old > LONG => line.and(format!(", told {}", human::ago(alert.told_at, now)), Role::Dim),
        _ => line,
    };
    if alert.summary().is_empty() { line } else { line.and(format!("  {}", alert.summary()), Role::Dim) }
}

/// The sign of one that fires; its word is the alert's own.
fn firing(severity: Severity) -> Sign {
    match severity {
        Severity::Critical => sign("✖", "x", "critical", Role::Failed),
        Severity::Warning => sign::WARNING,
        Severity::Info => sign("○", ".", "info", Role::Text),
    }
}

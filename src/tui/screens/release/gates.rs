//! Gates: what was got against what is needed, how many passes in a row, and when it passes if nothing changes.

use super::signs;
use super::words::Line;
use crate::release::plan::{Gate, Plan};
use crate::release::progress;
use crate::release::state::{At, GateState, Release, Verdict};
use crate::text::human;
use crate::tui::theme::{Role, Theme};

/// Readings shown as signs at most.
const READINGS: usize = 10;

/// A line a gate that was read, worst first; those that were not in one.
pub fn lines(plan: &Plan, release: &Release, theme: &Theme, now: i64, live: bool) -> Vec<Line> {
    let mut gates: Vec<_> = plan.gates.iter().map(|g| (g, state_of(release, g))).collect();
    gates.sort_by_key(|(_, state)| match state.and_then(last) {
        Some(Verdict::Fail) => 0,
        Some(Verdict::Inconclusive) => 1,
        None => 2,
        Some(Verdict::Pass) => 3,
    });
    let wide = plan.gates.iter().map(|g| crate::text::width(&g.name)).max().unwrap_or(0).min(20);
    let mut out: Vec<Line> = vec![];
    let mut unread: Option<Line> = None;
    for (gate, state) in gates {
        let sign = signs::verdict(state.and_then(last));
        let Some((state, read)) = state.and_then(|s| Some((s, s.readings.last()?))) else {
            let line = unread.take().unwrap_or_default();
            unread = Some(line.glyph(sign, theme).and(format!(" {}  ", gate.name), Role::Text));
            continue;
        };
        let name = format!(" {:<wide$} ", crate::text::plain(&gate.name));
        let head = Line::named(if out.is_empty() { "Gates" } else { "" }).glyph(sign, theme).and(name, Role::Text);
        out.push(head.then(reading(release, gate, state, read, theme, now, live)));
    }
    let head = Line::named(if out.is_empty() { "Gates" } else { "" });
    out.extend(unread.map(|line| head.then(line).and("not read yet", Role::Dim)));
    out
}

/// The newest of a gate's states: the one of the batch in work, else the last one.
fn state_of<'a>(release: &'a Release, gate: &Gate) -> Option<&'a GateState> {
    let mine = || release.gates.iter().rev().filter(|g| g.name == gate.name);
    match release.at {
        At::Deploying { batch } | At::Gating { batch } => {
            mine().find(|g| g.batch == Some(batch)).or_else(|| mine().find(|g| g.batch.is_none()))
        }
        _ => mine().next(),
    }
}

fn last(state: &GateState) -> Option<Verdict> {
    state.readings.last().map(|r| r.1)
}

fn reading(
    release: &Release,
    gate: &Gate,
    state: &GateState,
    (at, verdict, got): &(i64, Verdict, String),
    theme: &Theme,
    now: i64,
    live: bool,
) -> Line {
    let sign = signs::verdict(Some(*verdict));
    let mut line = Line::default().and(format!("{got}, needs {}", state.need), sign.role).and(" ", Role::Text);
    let first = state.readings.len().saturating_sub(READINGS);
    for (_, verdict, _) in &state.readings[first..] {
        line = line.glyph(signs::verdict(Some(*verdict)), theme);
    }
    let of = match verdict {
        Verdict::Pass => gate.passes,
        Verdict::Fail => gate.fails,
        Verdict::Inconclusive => gate.inconclusive,
    };
    line = line.and(format!(" {}/{of}", state.streak.min(of)), sign.role);
    let reads = live && matches!(release.at, At::Gating { .. } | At::Verifying);
    let then = match reads || state.skipped_by.is_some() {
        true => progress::gate_words(gate, Some(state), release.promoted, now),
        false => format!("read {}", human::ago(*at, now)),
    };
    line.and(format!(" {then}"), if state.skipped_by.is_some() { Role::Warning } else { Role::Dim })
}

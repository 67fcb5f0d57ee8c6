//! What must be said in words: what it is, why it stands, what it waits for, whether it can be undone.

use super::words::Line;
use crate::release::plan::{Plan, Strategy};
use crate::release::state::{At, Release, Undo};
use crate::release::votes::UNFOUNDED;
use crate::text::human;
use crate::text::human::of;
use crate::tui::msg::Now;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::{sign, when};

/// Digits of a digest that are shown.
pub const DIGEST: usize = 12;

/// The line that says what it is; with `digest` the plan's, too.
pub fn title(plan: &Plan, release: &Release, digest: bool) -> Line {
    let was = match &plan.current {
        Some(version) => format!(", was {version}"),
        None => ", nothing is known to be stable before it".into(),
    };
    let hosts: usize = plan.batches.iter().map(|b| b.hosts.len()).sum();
    let how = match &plan.strategy {
        Strategy::Rolling { .. } => "rolling".to_owned(),
        Strategy::BlueGreen { active, idle, .. } => format!("{active} to {idle}"),
        Strategy::Canary => "canary".to_owned(),
    };
    let size = format!("  {how}, {} in {}", of(hosts as u64, "host"), batches(plan.batches.len()));
    let line = Line::default().and(format!("{} {}", plan.service, plan.version), Role::Strong);
    let line = line.and(was, Role::Dim).and(size, Role::Text);
    if !digest || release.digest.is_empty() {
        return line;
    }
    let digest = release.digest.get(..DIGEST).unwrap_or(&release.digest);
    line.and(format!("  plan {digest}"), Role::Dim)
}

/// `1 batch`, `3 batches`.
pub fn batches(n: usize) -> String {
    if n == 1 { "1 batch".into() } else { format!("{n} batches") }
}

/// Who and when, for the right end of the title.
pub fn asked(release: &Release, now: Now, absolute: bool) -> String {
    let who = release.submitted_by.as_ref().map_or("not submitted".into(), |p| p.name.clone());
    match release.history.first() {
        Some((_, at, _)) => format!("{who} {}", when::when(*at, now, absolute)),
        None => who,
    }
}

/// What a person must know now, the most important first.
pub fn now(plan: &Plan, release: &Release, theme: &Theme, watched: bool, now: i64) -> Vec<Line> {
    let warning = |text: String, role| Line::default().and(format!("{} {text}", sign::WARNING.glyph(theme)), role);
    let mut out = vec![];
    if !watched && !release.at.is_terminal() {
        let text = "Unknown: nobody watches it. Its supervisor is gone; what runs now is not known.";
        out.push(warning(text.into(), Role::Unknown));
    }
    let why = release.history.last().map(|(_, _, why)| why.as_str()).unwrap_or_default();
    match release.at {
        At::NeedsOperator => out.push(warning(format!("A person is needed: {why}"), Role::Error)),
        At::Paused => out.push(warning(paused(release, now), Role::Warning)),
        At::Failed | At::ClosedMixed | At::Cancelled | At::RolledBack | At::RollingBack { .. } | At::Stopping
            if !why.is_empty() =>
        {
            out.push(Line::default().and(why, super::signs::at(release.at).role));
        }
        _ => {}
    }
    if release.at == At::AwaitingApproval {
        out.push(approval(plan, release, now));
    }
    if let Some(wish) = &release.wish {
        let text = format!("{} asked by {}: taken up at the next boundary", wish.verb.replace('_', " "), wish.by.name);
        out.push(Line::default().and(text, Role::Warning));
    }
    // What it is paused for is not said twice.
    let said =
        |waits: &str| release.at == At::Paused && release.pause.as_ref().is_some_and(|p| waits.ends_with(&p.reason));
    if let Some(waits) = release.waits.as_ref().filter(|waits| !said(waits)) {
        let arrow = if theme.ascii { "`->" } else { "↳" };
        out.push(Line::default().and(format!("{arrow} waits for: {waits}"), Role::Warning));
    }
    if let Some(step) = &release.no_return {
        let text = format!("past the point of no return ({step}): nothing undoes it by itself now");
        out.push(warning(text, Role::Warning));
    }
    if release.promoted && !release.at.is_terminal() {
        out.push(Line::default().and("promoted: it stops for nothing but failures any more", Role::Dim));
    }
    out
}

fn paused(release: &Release, now: i64) -> String {
    let Some(pause) = &release.pause else { return "Paused; why is not known".into() };
    let by = pause.by.as_ref().map(|p| format!(" by {}", p.name)).unwrap_or_default();
    let on = match pause.resume_to {
        At::Deploying { batch } => format!("deploying batch {}", batch + 1),
        At::Gating { batch } => format!("gating after batch {}", batch + 1),
        at => super::signs::at(at).word.to_owned(),
    };
    let until = pause.until.map_or(String::new(), |at| format!(", by itself in {}", human::clock(at - now)));
    format!("Paused{by}: {}. It goes on with {on}{until}.", pause.reason.trim_end_matches('.'))
}

fn approval(plan: &Plan, release: &Release, now: i64) -> Line {
    let of_it = || release.approvals.iter().filter(|a| a.step.is_none());
    let got: Vec<_> = of_it().filter(|a| !a.unfounded).map(|a| a.by.name.as_str()).collect();
    let without: Vec<_> = of_it().filter(|a| a.unfounded).map(|a| a.by.name.as_str()).collect();
    let names = if got.is_empty() { String::new() } else { format!(" ({})", got.join(" ")) };
    let text = format!("{} of {} approved{names}", got.len(), plan.approval.needed);
    let began = release.history.iter().rev().find(|(at, ..)| *at == At::AwaitingApproval).map(|(_, at, _)| *at);
    let expires = began.map(|at| at.saturating_add(i64::from(plan.approval.expires) * 1_000).saturating_sub(now));
    let left = match expires {
        Some(left) if left > 0 => format!(", expires in {}", human::short(left)),
        Some(_) => ", expired".into(),
        None => String::new(),
    };
    let digest = release.digest.get(..DIGEST).unwrap_or(&release.digest);
    let line = Line::named("Approval").and(text, Role::Warning).and(format!("{left}, of the plan {digest}"), Role::Dim);
    match without.is_empty() {
        true => line,
        false => line.and(format!("; {} ({UNFOUNDED})", without.join(" ")), Role::Error),
    }
}

/// Whether it can be undone, and how: before the key is pressed.
pub fn undo(undo: &Undo) -> Line {
    let line = Line::named("Undo");
    let hosts = if undo.hosts > 0 { format!(" ({})", of(undo.hosts.into(), "host")) } else { String::new() };
    match (undo.possible, undo.instant) {
        (false, _) => line.and(format!("not possible: {}", undo.why), Role::Dim),
        (true, true) => line.and("instant", Role::Ok).and(format!(": {}{hosts}", undo.why), Role::Text),
        (true, false) => line.and("not instant", Role::Warning).and(format!(": {}{hosts}", undo.why), Role::Text),
    }
}

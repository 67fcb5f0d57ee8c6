//! What is asked of a person before a verb is sent, in the words that they decide by.

use super::says::DIGEST;
use super::shown;
use crate::release::plan::{Plan, Step, StepKind};
use crate::release::state::{At, Mark, Release, Verdict};
use crate::text::human::of;
use crate::tui::model::Model;

/// A host that a person may have to say something of.
pub fn is_bad(mark: Mark) -> bool {
    matches!(mark, Mark::Failed | Mark::Unreachable | Mark::Unknown)
}

/// The approval step in the middle of the release that has begun and waits.
pub fn approval_step<'a>(plan: &'a Plan, release: &Release) -> Option<&'a Step> {
    let open = release.steps.iter().rev().find(|s| s.ended.is_none())?;
    let steps = plan.stages.iter().flat_map(|s| &s.groups).flatten();
    steps.into_iter().find(|s| s.id == open.key.step && matches!(s.kind, StepKind::Approval { .. }))
}

/// What can be skipped: gates that are being read and have not passed, else what is waited for.
pub fn skippable(plan: &Plan, release: &Release) -> Vec<String> {
    let batch = super::batches::current(release).and_then(|b| u32::try_from(b).ok());
    let reads = matches!(release.at, At::Gating { .. } | At::Verifying) || release.at == At::Paused;
    let passed = |gate: &crate::release::plan::Gate| {
        let state = release.gates.iter().rev().find(|g| g.name == gate.name && (g.batch.is_none() || g.batch == batch));
        state.is_some_and(|s| {
            s.skipped_by.is_some()
                || (s.streak >= gate.passes && s.readings.last().is_some_and(|r| r.1 == Verdict::Pass))
        })
    };
    let mut out: Vec<String> = plan.gates.iter().filter(|g| reads && !passed(g)).map(|g| g.name.clone()).collect();
    out.extend(release.waits.clone().filter(|_| matches!(release.at, At::Queued | At::Paused)));
    out
}

pub fn busy(release: &Release) -> Vec<&str> {
    release.hosts.iter().filter(|(_, h)| h.mark == Mark::Running).map(|(n, _)| n.as_str()).collect()
}

/// How many hosts, and the first of them by name.
pub fn named(hosts: &[&str]) -> String {
    match hosts {
        [] => "no host".into(),
        hosts => {
            let names = hosts.iter().take(4).copied().collect::<Vec<_>>().join(" ");
            let more = if hosts.len() > 4 { format!(" and {} more", hosts.len() - 4) } else { String::new() };
            format!("{} ({names}{more})", of(hosts.len() as u64, "host"))
        }
    }
}

/// `u`: what will be done and whether it is instant.
pub fn undo(model: &Model) -> Vec<String> {
    let Some(s) = shown(model) else { return vec![] };
    let (plan, undo) = (&s.machine.plan, s.undo(model.now.ms));
    let to = plan.rollback.to.as_deref().unwrap_or("the state before");
    let how = if undo.instant { "Instant" } else { "Not instant" };
    let mut lines =
        vec![format!("{} goes back to {to} on {}.", plan.service, plan.environment), format!("{how}: {}.", undo.why)];
    if undo.hosts > 0 {
        let at_once = plan.limits.max_unavailable;
        lines.push(format!(
            "It works on {}, at most {at_once} at once. No approval is needed.",
            of(undo.hosts.into(), "host")
        ));
    }
    let busy = busy(&s.release);
    if !busy.is_empty() {
        lines.push(format!("First what runs on {} is stopped.", named(&busy)));
    }
    lines
}

/// `y`: which plan, of whom.
pub fn approve(model: &Model) -> Vec<String> {
    let Some(s) = shown(model) else { return vec![] };
    let digest = s.release.digest.get(..DIGEST).unwrap_or(&s.release.digest);
    let by = s.release.submitted_by.as_ref().map_or("nobody known", |p| p.name.as_str());
    let what = match approval_step(&s.machine.plan, &s.release) {
        Some(step) => format!("the step `{}` of {} {}", step.name, s.machine.plan.service, s.machine.plan.version),
        None => format!("{} {} on {}", s.machine.plan.service, s.machine.plan.version, s.machine.plan.environment),
    };
    let mut lines = vec![format!("You approve {what}, submitted by {by}."), format!("The plan's digest: {digest}")];
    lines.extend(s.machine.plan.warnings.iter().map(|w| format!("! {w}")));
    lines
}

/// `R` and `g`.
pub fn go_on(model: &Model) -> Vec<String> {
    let Some(s) = shown(model) else { return vec![] };
    let left = s.machine.plan.batches.len()
        - super::batches::current(&s.release).map_or(0, |b| b.min(s.machine.plan.batches.len()));
    let pause = s.release.pause.as_ref().map(|p| format!("It was paused: {}.", p.reason));
    let lines = [format!(
        "{} {} goes on; {} to come.",
        s.machine.plan.service,
        s.machine.plan.version,
        super::says::batches(left)
    )];
    lines.into_iter().chain(pause).collect()
}

/// `t`: on which hosts.
pub fn retry(model: &Model) -> Vec<String> {
    let Some(s) = shown(model) else { return vec![] };
    let bad: Vec<&str> = s.release.hosts.iter().filter(|(_, h)| is_bad(h.mark)).map(|(n, _)| n.as_str()).collect();
    vec![format!("The steps of the batch run again on {}.", named(&bad))]
}

//! Stages with their steps: what ran, what runs and for how long, what is still to come.

use super::batches::INDENT;
use super::signs;
use super::steps::{self, Ground};
use super::words::{Line, flow};
use crate::release::event::StepOutcome;
use crate::release::plan::{Plan, Stage, Step, When};
use crate::release::state::{At, Release, StepRun};
use crate::text::human;
use crate::tui::theme::Role;
use crate::tui::widgets::sign::{self, Sign};
use ratatui::layout::Rect;

/// From this height of the screen on every step is shown; below it those that run or went wrong.
const ALL_STEPS: u16 = 30;

/// The stages in a line, then the steps of the one in work, a line each.
pub fn lines(plan: &Plan, release: &Release, ground: Ground<'_>, area: Rect) -> Vec<Line> {
    let chips = plan.stages.iter().map(|s| chip(plan, release, s, ground)).collect();
    let mut out = flow(Line::named("Stages"), chips, INDENT, area.width);
    let brief = area.height < ALL_STEPS;
    if going_back(release) {
        out.extend(rollback(plan, release, brief, ground));
    } else if let Some(stage) = in_work(plan, release) {
        let batch = batch_of(release, stage);
        for group in &stage.groups {
            let shown: Vec<_> = group.iter().map(|s| (s, run_of(release, &s.id, batch))).collect();
            out.extend(steps::group(release, shown, brief, ground));
        }
    }
    out
}

fn going_back(release: &Release) -> bool {
    matches!(release.at, At::RollingBack { .. } | At::RolledBack)
}

/// The batch whose steps are shown for a stage.
fn batch_of(release: &Release, stage: &Stage) -> Option<u32> {
    let last = || release.steps.iter().rev().find_map(|s| s.key.batch.filter(|_| !is_rollback(s)));
    (stage.when == When::Deploy).then(|| match release.at {
        At::Deploying { batch } | At::Gating { batch } => batch,
        _ => last().unwrap_or(0),
    })
}

fn is_rollback(run: &StepRun) -> bool {
    run.key.step.starts_with("rollback/")
}

/// The last try of a step.
fn run_of<'a>(release: &'a Release, step: &str, batch: Option<u32>) -> Option<&'a StepRun> {
    release.steps.iter().rev().find(|s| s.key.step == step && s.key.batch == batch)
}

/// The stage whose steps are worth the room: the one that runs, else the last one that began.
fn in_work<'a>(plan: &'a Plan, release: &Release) -> Option<&'a Stage> {
    let of = |run: &StepRun| plan.stages.iter().find(|s| s.groups.iter().flatten().any(|step| step.id == run.key.step));
    let open = release.steps.iter().rev().find(|s| s.ended.is_none()).and_then(of);
    let when = match release.at {
        At::Preparing => Some(When::Before),
        At::Deploying { .. } | At::Gating { .. } => Some(When::Deploy),
        At::Verifying => Some(When::After),
        _ => None,
    };
    let meant = || plan.stages.iter().find(|s| Some(s.when) == when);
    let last = || release.steps.last().and_then(of);
    open.or_else(|| last().filter(|s| when.is_none_or(|w| s.when == w))).or_else(meant)
}

fn chip(plan: &Plan, release: &Release, stage: &Stage, ground: Ground<'_>) -> Line {
    let batch = batch_of(release, stage);
    let runs: Vec<_> =
        stage.groups.iter().flatten().map(|s| run_of(release, &s.id, batch).map(steps::outcome)).collect();
    let (mut sign, mut detail) = (worst(&runs, ground.live), String::new());
    if let Some(batch) = batch.filter(|_| sign != sign::WAITING) {
        detail = format!(" {}/{}", batch + 1, plan.batches.len());
        // Good so far is not done: batches are still to come.
        if sign == sign::OK && (batch as usize) + 1 < plan.batches.len() {
            sign = match release.at {
                At::Deploying { .. } | At::Gating { .. } => signs::step(Some(None), ground.live),
                at => signs::at(at),
            };
        }
    }
    let time = spent(release, stage, ground.now).map(|ms| format!(" {}", human::clock(ms))).unwrap_or_default();
    let name = if sign == sign::WAITING { Role::Dim } else { Role::Text };
    let line = Line::default().glyph(sign, ground.theme).and(format!(" {}{detail}", stage.name), name);
    line.and(format!("{time}  "), Role::Dim)
}

/// What stands for a stage: the worst of its steps; waiting while none began.
fn worst(runs: &[Option<Option<StepOutcome>>], live: bool) -> Sign {
    let rank = |r: &Option<Option<StepOutcome>>| match r {
        Some(Some(StepOutcome::Failed | StepOutcome::TimedOut)) => 6,
        Some(Some(StepOutcome::Unknown)) => 5,
        Some(Some(StepOutcome::Cancelled)) => 4,
        Some(None) => 3,
        None => 2,
        Some(Some(StepOutcome::Ok)) => 1,
        Some(Some(StepOutcome::Skipped)) => 0,
    };
    let worst = runs.iter().max_by_key(|r| rank(r)).copied().flatten();
    match (worst, runs.iter().any(Option::is_some)) {
        (Some(ended), _) => signs::step(Some(ended), live),
        (None, true) => signs::step(Some(None), live),
        (None, false) => sign::WAITING,
    }
}

/// Milliseconds from the first begin to the last end of a stage's steps.
fn spent(release: &Release, stage: &Stage, now: i64) -> Option<i64> {
    let mine = |s: &&StepRun| stage.groups.iter().flatten().any(|step| step.id == s.key.step);
    let runs: Vec<_> = release.steps.iter().filter(mine).collect();
    let from = runs.iter().map(|r| r.began).min()?;
    let to = runs.iter().map(|r| r.ended.map_or(now, |e| e.1)).max()?;
    Some(to.saturating_sub(from))
}

/// The steps that undo, slice by slice.
fn rollback(plan: &Plan, release: &Release, brief: bool, ground: Ground<'_>) -> Vec<Line> {
    let slice = match release.at {
        At::RollingBack { batch } => Some(batch),
        _ => release.steps.iter().rev().find(|s| is_rollback(s)).and_then(|s| s.key.batch),
    };
    let run = |step: &Step| run_of(release, &step.id, slice).or_else(|| run_of(release, &step.id, None));
    plan.rollback.steps.iter().flat_map(|step| steps::group(release, vec![(step, run(step))], brief, ground)).collect()
}

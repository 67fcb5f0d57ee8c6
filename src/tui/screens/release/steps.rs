//! The steps of a stage, a line each: its sign, how long it takes, which try, what went wrong.

use super::batches::INDENT;
use super::signs;
use super::words::Line;
use crate::release::event::StepOutcome;
use crate::release::plan::Step;
use crate::release::progress;
use crate::release::state::{Release, StepRun};
use crate::text::human;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::sign;

/// What surrounds the steps when they are described.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    pub theme: &'a Theme,
    /// What time it is (Unix milliseconds).
    pub now: i64,
    /// It is known that it moves: only then does a step run.
    pub live: bool,
}

/// How a step ended; one that is tried again has not.
pub fn outcome(run: &StepRun) -> Option<StepOutcome> {
    run.ended.map(|e| e.0).filter(|_| run.retry_at.is_none())
}

/// A group's steps: those that run in parallel are held together by a bracket.
pub fn group(
    release: &Release,
    mut group: Vec<(&Step, Option<&StepRun>)>,
    brief: bool,
    ground: Ground<'_>,
) -> Vec<Line> {
    let matters = |run: &Option<&StepRun>| {
        run.is_some_and(|r| !matches!(outcome(r), Some(StepOutcome::Ok | StepOutcome::Skipped)))
    };
    group.retain(|(_, run)| !brief || matters(run));
    let len = group.len();
    let one = |(i, (step, run)): (usize, (&Step, Option<&StepRun>))| {
        line(release, step, run, bracket(i, len, ground.theme), ground)
    };
    group.into_iter().enumerate().map(one).collect()
}

fn bracket(index: usize, len: usize, theme: &Theme) -> &'static str {
    match (len, index, theme.ascii) {
        (0 | 1, ..) => "  ",
        (_, _, true) => "| ",
        (_, 0, false) => "┌ ",
        (n, i, false) if i + 1 == n => "└ ",
        _ => "│ ",
    }
}

fn line(release: &Release, step: &Step, run: Option<&StepRun>, bracket: &str, ground: Ground<'_>) -> Line {
    let again = run.is_some_and(|r| r.retry_at.is_some() && ground.live);
    let sign = if again { sign::WARNING } else { signs::step(run.map(|r| r.ended.map(|e| e.0)), ground.live) };
    let name = if run.is_none() { Role::Dim } else { Role::Text };
    let mut line = Line::default()
        .and(" ".repeat(usize::from(INDENT)), Role::Text)
        .and(bracket, Role::Border)
        .glyph(sign, ground.theme)
        .and(format!(" {}", step.name), name);
    if step.irreversible {
        line = line.and("  point of no return", Role::Warning);
    }
    let Some(run) = run else { return line };
    let took = run.ended.map_or(ground.now, |e| e.1).saturating_sub(run.began);
    line = line.and(format!("  {}", human::clock(took)), Role::Dim);
    if run.ended.is_none() && ground.live {
        line = line.and(remaining(release, step, run, ground.now), Role::Dim);
    }
    if run.key.attempt > 1 {
        line = line.and(format!("  try {}", run.key.attempt), Role::Warning);
    }
    if let Some(at) = run.retry_at.filter(|at| *at > ground.now) {
        line = line.and(format!("  again in {}", human::clock(at - ground.now)), Role::Warning);
    }
    let bad = run.ended.is_some_and(|e| !matches!(e.0, StepOutcome::Ok | StepOutcome::Skipped));
    if bad && !run.why.is_empty() {
        line = line.and(format!("  {}", run.why), sign.role);
    }
    line
}

/// About how long it takes still, by what it took in other batches; else its timeout.
fn remaining(release: &Release, step: &Step, run: &StepRun, now: i64) -> String {
    match (progress::step(release, run, now), step.timeout) {
        (Some(left), _) => format!(", ~{} left", human::clock(left)),
        (None, Some(limit)) => format!(", at most {}", human::clock(i64::from(limit) * 1_000)),
        (None, None) => String::new(),
    }
}

//! How long things still take: from the plan's own times and from what went before in the same release. What nothing
//! is known about has no time; it is never guessed. All times in milliseconds.

use super::event::StepOutcome;
use super::plan::{Gate, Plan, StepKind, When};
use super::state::{At, GateState, Release, StepRun, Verdict};
use crate::text::human;

/// Time left in the state that it is in; `None`: not known, or a person decides.
pub fn state(plan: &Plan, release: &Release, now: i64) -> Option<i64> {
    match release.at {
        At::Deploying { batch } => self::batch(release, batch, now),
        At::Gating { batch } => gating(plan, release, batch, now),
        At::Verifying => bake(plan, release, now),
        At::Paused => release.pause.as_ref()?.until.map(|until| (until - now).max(0)),
        _ => None,
    }
}

/// Time left of a batch in work: as long as the last batch that was done took. `None` before one was, and when it has
/// already taken longer.
pub fn batch(release: &Release, batch: u32, now: i64) -> Option<i64> {
    let took = *batches(release).last()?;
    let spent = spent(release, now, |at| at == At::Deploying { batch });
    (spent <= took).then(|| took - spent)
}

/// Time until the last batch and its gates are done; `None` before the first batch was.
pub fn all_batches(plan: &Plan, release: &Release, now: i64) -> Option<i64> {
    let took = *batches(release).last()?;
    let after = gates_of_a_batch(plan, release);
    let (current, left) = match release.at {
        At::Deploying { batch } => (batch, self::batch(release, batch, now)? + after),
        At::Gating { batch } => (batch, gating(plan, release, batch, now)?),
        _ => return None,
    };
    let further = (plan.batches.len() as i64 - i64::from(current) - 1).max(0);
    Some(left + further * (took + after))
}

/// How long each batch that was done took, oldest first: the time in `deploying`, without pauses.
pub fn batches(release: &Release) -> Vec<i64> {
    let done = release.history.iter().filter_map(|(at, ..)| match at {
        At::Gating { batch } => Some(*batch),
        _ => None,
    });
    let mut done: Vec<u32> = done.collect();
    done.dedup();
    done.into_iter().map(|batch| spent(release, 0, |at| at == At::Deploying { batch })).collect()
}

/// How long it was in states, all visits together; the visit that lasts counts up to `now`.
pub fn spent(release: &Release, now: i64, is: impl Fn(At) -> bool) -> i64 {
    let ends = release.history.iter().skip(1).map(|(_, ts, _)| *ts).chain([now]);
    let visits = release.history.iter().zip(ends).filter(|((at, ..), _)| is(*at));
    visits.map(|((_, began, _), end)| (end - began).max(0)).sum()
}

/// Time left of a step that runs: as long as the same step took in the last batch in which it ended well.
pub fn step(release: &Release, run: &StepRun, now: i64) -> Option<i64> {
    let same = release.steps.iter().rev().filter(|other| other.key.step == run.key.step);
    let took = same.filter_map(|other| match other.ended {
        Some((StepOutcome::Ok, at)) => Some(at - other.began),
        _ => None,
    });
    let left = took.into_iter().next()? - (now - run.began);
    (run.ended.is_none() && left >= 0).then_some(left)
}

/// Time until a gate passes if its readings stay as the last one was; `None`: it would not pass.
pub fn gate(gate: &Gate, state: Option<&GateState>, promoted: bool, now: i64) -> Option<i64> {
    let (passes, window) = if promoted { (1, 0) } else { (gate.passes, gate.window) };
    let every = i64::from(gate.interval.max(1)) * 1000;
    let window = i64::from(window) * 1000;
    // Readings that are still needed, and when the last one was made.
    let (missing, last, since) = match state.and_then(|state| Some((state, state.readings.last()?))) {
        Some((state, (at, Verdict::Pass, _))) => (i64::from(passes.saturating_sub(state.streak)), *at, state.since),
        Some(_) => return None,
        None => (i64::from(passes), now - every, now),
    };
    let for_window = ((since + window - last).max(0) + every - 1) / every;
    Some((last + missing.max(for_window) * every - now).max(0))
}

/// What becomes of a gate if its readings stay as the last one was: `passes in 0:42 if steady`.
pub fn gate_words(gate: &Gate, state: Option<&GateState>, promoted: bool, now: i64) -> String {
    if let Some(by) = state.and_then(|state| state.skipped_by.as_ref()) {
        return format!("skipped by {}", by.name);
    }
    let last = state.and_then(|state| Some((state.readings.last()?, state.streak)));
    match last {
        Some(((_, Verdict::Fail, _), streak)) if streak >= gate.fails => "failed".into(),
        Some(((_, Verdict::Fail, _), streak)) => format!("fails after {} more like this", gate.fails - streak),
        Some(((_, Verdict::Inconclusive, _), streak)) if streak >= gate.inconclusive => "cannot be measured".into(),
        Some(((_, Verdict::Inconclusive, _), streak)) => {
            format!("asks a person after {} more like this", gate.inconclusive - streak)
        }
        _ => match self::gate(gate, state, promoted, now) {
            Some(0) if last.is_some() => "passed".into(),
            Some(left) => format!("passes in {} if steady", human::clock(left)),
            None => "does not pass".into(),
        },
    }
}

/// Gates that are read between batches and in the bake: those that no step names.
pub fn batch_gates(plan: &Plan) -> impl Iterator<Item = &Gate> {
    let steps = || plan.stages.iter().flat_map(|stage| stage.groups.iter().flatten());
    let named = move |name: &str| steps().any(|s| matches!(&s.kind, StepKind::Gate { gate } if gate == name));
    plan.gates.iter().filter(move |gate| !named(&gate.name))
}

/// Soak, then gates, which are read side by side.
fn gating(plan: &Plan, release: &Release, batch: u32, now: i64) -> Option<i64> {
    let soak = if release.promoted { 0 } else { seconds(plan.limits.soak) };
    let soaked = release.entered_at() + soak;
    if now < soaked {
        return Some(soaked - now + readings(plan, release));
    }
    slowest(plan, release, Some(batch), now)
}

fn bake(plan: &Plan, release: &Release, now: i64) -> Option<i64> {
    let after = plan.stages.iter().filter(|stage| stage.when == When::After);
    let mut steps = after.flat_map(|stage| stage.groups.iter().flatten());
    let ended = |id: &str| {
        let run = release.steps.iter().rev().find(|run| run.key.step == id);
        run.and_then(|run| run.ended).is_some_and(|(outcome, _)| outcome == StepOutcome::Ok)
    };
    if !steps.all(|step| ended(&step.id)) {
        return None;
    }
    let ends = release.steps.iter().filter(|run| run.key.batch.is_none()).filter_map(|run| run.ended);
    let since = ends.map(|(_, at)| at).chain([release.entered_at()]).max()?;
    let bake = (since + seconds(plan.bake) - now).max(0);
    Some(bake.max(slowest(plan, release, None, now)?))
}

fn slowest(plan: &Plan, release: &Release, batch: Option<u32>, now: i64) -> Option<i64> {
    batch_gates(plan).try_fold(0, |most, of| {
        if is_skipped(release, &of.name) {
            return Some(most);
        }
        let state = release.gates.iter().find(|gate| gate.name == of.name && gate.batch == batch);
        Some(gate(of, state, release.promoted, now)?.max(most))
    })
}

/// What soak and gates after a batch take at least.
fn gates_of_a_batch(plan: &Plan, release: &Release) -> i64 {
    let soak = if release.promoted { 0 } else { seconds(plan.limits.soak) };
    soak + readings(plan, release)
}

/// What the gates after a batch take at least, from their first reading.
fn readings(plan: &Plan, release: &Release) -> i64 {
    let open = batch_gates(plan).filter(|of| !is_skipped(release, &of.name));
    open.filter_map(|of| gate(of, None, release.promoted, 0)).max().unwrap_or(0)
}

fn is_skipped(release: &Release, gate: &str) -> bool {
    release.skips.iter().any(|skip| skip.gate && skip.what == gate)
}

fn seconds(of: u32) -> i64 {
    i64::from(of) * 1000
}

//! What a release came to, for programs: the exit code of `--wait`, and one JSON object. For a CI's report see `junit`.

use super::plan::Plan;
use super::progress;
use super::state::{At, Mark, Pause, Release};
use super::undo::undo;
use super::votes::UNFOUNDED;
use crate::text::human::rfc3339;
use serde_json::{Value, json};

/// The new version is out and stable.
pub const SUCCEEDED: u8 = 0;
/// The old version is back.
pub const ROLLED_BACK: u8 = 10;
/// It failed before anything was changed.
pub const FAILED: u8 = 11;
/// A person is needed: paused, `needs_operator`, or not approved yet when waiting ends.
pub const NEEDS_PERSON: u8 = 12;
/// A person ended it before anything was changed.
pub const CANCELLED: u8 = 13;
/// A person accepted a fleet of two versions.
pub const CLOSED_MIXED: u8 = 14;

/// The exit code of a wait that ends now; `None`: the release goes on without anybody, so a wait goes on too.
pub fn exit_code(release: &Release) -> Option<u8> {
    match release.at {
        // A plan's own pause: time ends it, nobody needs to come.
        At::Paused if matches!(release.pause, Some(Pause { until: Some(_), .. })) => None,
        At::Succeeded => Some(SUCCEEDED),
        At::RolledBack => Some(ROLLED_BACK),
        At::Failed => Some(FAILED),
        At::AwaitingApproval | At::Paused | At::NeedsOperator => Some(NEEDS_PERSON),
        At::Cancelled => Some(CANCELLED),
        At::ClosedMixed => Some(CLOSED_MIXED),
        _ => None,
    }
}

/// All that a program wants to know of a release at `now` (Unix milliseconds). `id`: its run's.
pub fn json(id: &str, plan: &Plan, release: &Release, now: i64) -> Value {
    let undo = undo(plan, release, now);
    let ended = release.at.is_terminal().then(|| rfc3339(release.entered_at()));
    let why = release.history.last().map(|(_, _, why)| why);
    json!({
        "run": id,
        "release": plan.release,
        "service": plan.service,
        "environment": plan.environment,
        "version": plan.version,
        "from": plan.current,
        "digest": release.digest,
        "submitted_by": release.submitted_by,
        "state": release.at.name(),
        "batch": batch(release.at),
        "batches": plan.batches.len(),
        "since": rfc3339(release.entered_at()),
        "ended": ended,
        "exit_code": exit_code(release),
        "why": why,
        "waits": release.waits,
        "left_ms": progress::state(plan, release, now),
        "paused_ms": progress::spent(release, now, |at| at == At::Paused),
        "hosts": hosts(plan, release),
        "steps": release.steps.iter().map(step).collect::<Vec<_>>(),
        "gates": release.gates.iter().map(gate).collect::<Vec<_>>(),
        "approvals": release.approvals.iter().map(|given| {
            let step = given.step.as_ref().map(|key| &key.step);
            let why = given.unfounded.then_some(UNFOUNDED);
            json!({"by": given.by, "at": rfc3339(given.at), "step": step, "counts": !given.unfounded, "why": why})
        }).collect::<Vec<_>>(),
        "traffic": release.traffic,
        "traffic_at": release.traffic_at.map(rfc3339),
        "no_return": release.no_return,
        "undo": {"possible": undo.possible, "instant": undo.instant, "why": undo.why, "hosts": undo.hosts},
    })
}

fn batch(at: At) -> Option<u32> {
    match at {
        At::Deploying { batch } | At::Gating { batch } | At::RollingBack { batch } => Some(batch + 1),
        _ => None,
    }
}

/// Hosts of the plan by mark, with the version that was seen last.
fn hosts(plan: &Plan, release: &Release) -> Value {
    let mut all = serde_json::Map::new();
    for host in plan.batches.iter().flat_map(|batch| &batch.hosts) {
        let state = release.hosts.get(host);
        let mark = state.map_or(Mark::Untouched, |state| state.mark);
        let version = state.and_then(|state| state.version.as_deref());
        all.insert(host.clone(), json!({"state": mark.name(), "version": version}));
    }
    Value::Object(all)
}

fn step(run: &super::state::StepRun) -> Value {
    json!({
        "step": run.key.step,
        "batch": run.key.batch.map(|batch| batch + 1),
        "attempt": run.key.attempt,
        "child": run.child,
        "began": rfc3339(run.began),
        "ended": run.ended.map(|(_, at)| rfc3339(at)),
        "outcome": run.ended.map(|(outcome, _)| outcome.name()),
        "why": run.why,
    })
}

fn gate(state: &super::state::GateState) -> Value {
    let last = state.readings.last();
    json!({
        "gate": state.name,
        "batch": state.batch.map(|batch| batch + 1),
        "need": state.need,
        "got": last.map(|(_, _, got)| got),
        "verdict": last.map(|(_, verdict, _)| verdict.name()),
        "at": last.map(|(at, ..)| rfc3339(*at)),
        "streak": state.streak,
        "skipped_by": state.skipped_by,
    })
}

impl super::event::StepOutcome {
    /// Lower-case name, as in `--json`.
    pub fn name(self) -> &'static str {
        use super::event::StepOutcome;
        match self {
            StepOutcome::Ok => "ok",
            StepOutcome::Failed => "failed",
            StepOutcome::TimedOut => "timed_out",
            StepOutcome::Cancelled => "cancelled",
            StepOutcome::Skipped => "skipped",
            StepOutcome::Unknown => "unknown",
        }
    }
}

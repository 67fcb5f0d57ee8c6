//! Signs of a release: its states, hosts, steps and readings. Always glyph + word + role, as everywhere.

use crate::release::event::StepOutcome;
use crate::release::state::{At, Mark, Verdict};
use crate::tui::theme::Role;
use crate::tui::widgets::sign::{FAILED, OK, RUNNING, Sign, WAITING, sign};

pub const UNKNOWN: Sign = sign("?", "?", "unknown", Role::Unknown);
/// Balancers that do not send traffic to the same pool.
pub const SPLIT: Sign = sign("✖", "x", "SPLIT", Role::Error);

/// The sign of a state of the machine.
pub fn at(at: At) -> Sign {
    match at {
        At::Planned => sign("○", ".", "planned", Role::Waiting),
        At::AwaitingApproval => sign("▲", "!", "awaiting approval", Role::Warning),
        At::Queued => sign("○", ".", "queued", Role::Waiting),
        At::Preparing => sign("◐", "~", "preparing", Role::Running),
        At::Deploying { .. } => sign("◐", "~", "deploying", Role::Running),
        At::Gating { .. } => sign("◐", "~", "gating", Role::Running),
        At::Switching => sign("◐", "~", "switching", Role::Running),
        At::Verifying => sign("◐", "~", "verifying", Role::Running),
        At::Paused => sign("▲", "!", "paused", Role::Warning),
        At::Stopping => sign("▲", "!", "stopping", Role::Warning),
        At::Reconciling => sign("?", "?", "reconciling", Role::Unknown),
        At::RollingBack { .. } => sign("◐", "~", "rolling back", Role::Warning),
        At::NeedsOperator => sign("✖", "x", "needs operator", Role::Error),
        At::Succeeded => sign("●", "o", "succeeded", Role::Ok),
        At::RolledBack => sign("◇", "b", "rolled back", Role::Changed),
        At::Failed => FAILED,
        At::Cancelled => sign("■", "#", "cancelled", Role::Warning),
        At::ClosedMixed => sign("▲", "!", "closed mixed", Role::Warning),
    }
}

/// The sign of a host. What is live no longer, and was running, is unknown.
pub fn mark(mark: Mark, live: bool) -> Sign {
    match mark {
        Mark::Untouched => sign("·", ".", "untouched", Role::Dim),
        Mark::Running if live => RUNNING,
        Mark::New => sign("●", "n", "new", Role::Ok),
        Mark::Old => sign("◇", "b", "old", Role::Changed),
        Mark::Failed => FAILED,
        Mark::Unreachable => sign("▼", "U", "unreachable", Role::Unreachable),
        Mark::Running | Mark::Unknown => UNKNOWN,
    }
}

pub const MARKS: [Mark; 7] =
    [Mark::Failed, Mark::Unreachable, Mark::Unknown, Mark::Running, Mark::Old, Mark::New, Mark::Untouched];

/// The sign of a step: `None` for one that did not begin, `Some(None)` for one that has not ended.
pub fn step(ended: Option<Option<StepOutcome>>, live: bool) -> Sign {
    match ended {
        None => WAITING,
        Some(None) if live => RUNNING,
        Some(Some(StepOutcome::Ok)) => OK,
        Some(Some(StepOutcome::Failed)) => FAILED,
        Some(Some(StepOutcome::TimedOut)) => sign("✖", "x", "timed out", Role::Failed),
        Some(Some(StepOutcome::Cancelled)) => sign("■", "#", "cancelled", Role::Warning),
        Some(Some(StepOutcome::Skipped)) => sign("-", "-", "skipped", Role::Skipped),
        Some(None | Some(StepOutcome::Unknown)) => UNKNOWN,
    }
}

/// The sign of a reading; `None`: there was none.
pub fn verdict(verdict: Option<Verdict>) -> Sign {
    match verdict {
        None => WAITING,
        Some(Verdict::Pass) => sign("●", "o", "pass", Role::Ok),
        Some(Verdict::Fail) => sign("✖", "x", "fail", Role::Failed),
        Some(Verdict::Inconclusive) => sign("?", "?", "inconclusive", Role::Unknown),
    }
}

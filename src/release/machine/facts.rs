//! What happened outside, written down. Nothing is decided here beyond what a step's end means; the next tick does that.

use super::{ChildEnd, Effect, Input, View, enter, record};
use crate::release::event::{Event, StepKey, StepOutcome};
use crate::release::plan::StepKind;
use crate::release::state::{At, Mark, StepRun};

/// Milliseconds before the first new try; each next one waits twice as long (releases.md part 2).
const BACKOFF: i64 = 2_000;
/// Hosts of a batch that may be tried again (percent).
const RETRIED: usize = 20;
/// The longest wait (milliseconds).
const CAP: i64 = 60_000;

impl View<'_> {
    pub(super) fn fact(&self, input: &Input) -> Vec<Effect> {
        match input {
            Input::Admission { blocks } => self.admitted(blocks),
            Input::Breakers { open } => vec![record(Event::Breakers { open: open.clone() })],
            Input::LeaseGot { token } if self.state.lease == Some(*token) => Vec::new(),
            Input::LeaseGot { token } => vec![record(Event::Leased { token: *token })],
            Input::LeaseHeld { why, .. } if self.state.at == At::Queued && self.machine.undoes => {
                vec![enter(At::Cancelled, format!("another has begun: {why}; nothing was changed"))]
            }
            Input::LeaseHeld { why, .. } if self.state.lease.is_none() => self.waits(why.clone()),
            // Somebody took it over: nothing more is begun before it is got again.
            Input::LeaseHeld { why, .. } => {
                let mut effects = vec![record(Event::LeaseLost)];
                if !matches!(
                    self.state.at,
                    At::Queued | At::Paused | At::NeedsOperator | At::Stopping | At::Reconciling
                ) {
                    effects.extend(self.stop(At::Paused, format!("the environment is not ours any more: {why}")));
                }
                effects
            }
            Input::Exited { child, end } => self.exited(*child, end),
            Input::Done { step, outcome, why, transient } => self.done(step, *outcome, why, *transient),
            Input::Observed { hosts } => vec![Self::observed(hosts)],
            // Begun before, perhaps before a pause, it says nothing of this state.
            Input::Measured { began, .. } if *began < self.state.entered_at() => Vec::new(),
            Input::Measured { gate, verdict, got, need, .. } => {
                let batch = match self.state.at {
                    At::Gating { batch } | At::Deploying { batch } => Some(batch),
                    At::Verifying | At::Preparing => None,
                    // Too late: it is not waited for any more.
                    _ => return Vec::new(),
                };
                let (gate, got, need) = (gate.clone(), got.clone(), need.clone());
                vec![record(Event::Measured { gate, batch, verdict: *verdict, got, need })]
            }
            Input::Traffic { op, after, ok } => {
                vec![record(Event::TrafficSeen { op: op.clone(), after: after.clone(), ok: *ok })]
            }
            _ => Vec::new(),
        }
    }

    fn exited(&self, child: u32, end: &ChildEnd) -> Vec<Effect> {
        let Some(run) = self.open_children().find(|run| run.child == Some(child)) else { return Vec::new() };
        let Some(step) = self.step(&run.key.step) else { return Vec::new() };
        let bad = |(host, mark): &&(String, Mark)| {
            matches!(mark, Mark::Failed | Mark::Unreachable | Mark::Unknown) && self.state.mark(host) == Mark::Running
        };
        let bad: Vec<(String, Mark)> = end.hosts.iter().filter(bad).cloned().collect();
        let again = |at: i64| (StepOutcome::Failed, Some(at));
        let good = |host: &&String| end.hosts.iter().any(|(name, mark)| name == *host && *mark == Mark::New);
        let left: Vec<String> = run.hosts.iter().filter(|host| !good(host)).cloned().collect();
        let may = run.key.attempt <= step.retries && self.may_retry(&left);
        let going_back = matches!(self.state.at, At::RollingBack { .. });
        let on_hosts = run.key.batch.is_some() && !matches!(step.kind, StepKind::Command { .. });
        let (outcome, retry_at) = match () {
            () if end.ok => (StepOutcome::Ok, None),
            () if self.state.at == At::Stopping => (StepOutcome::Cancelled, None),
            () if end.lost && going_back && run.key.attempt <= 2 => again(self.now),
            () if end.lost && !on_hosts && step.idempotent && run.key.attempt <= 2 => again(self.now),
            () if end.lost && on_hosts => (StepOutcome::Unknown, None),
            () if end.timed_out && !on_hosts => (StepOutcome::TimedOut, None),
            () if end.transient && may => again(self.retry_at(run)),
            // Hosts have their marks, and the budget judges those.
            () if on_hosts && !bad.is_empty() && !end.timed_out => (StepOutcome::Ok, None),
            () => (StepOutcome::Failed, None),
        };
        let mut effects = Vec::new();
        if !bad.is_empty() && retry_at.is_none() && on_hosts {
            effects.push(record(Event::Hosts { marks: bad, by: None }));
        }
        let (step, why) = (run.key.clone(), end.why.clone());
        let left = if retry_at.is_some() { left } else { Vec::new() };
        effects.push(record(Event::StepEnded { step, outcome, why: why.clone(), retry_at, left }));
        if outcome == StepOutcome::Unknown && !going_back {
            effects.extend(self.stop(At::Paused, format!("crash: {why}")));
        }
        effects
    }

    fn done(&self, key: &StepKey, outcome: StepOutcome, why: &str, transient: bool) -> Vec<Effect> {
        let open = self.state.steps.iter().find(|run| run.key == *key && run.ended.is_none());
        let Some(run) = open else { return Vec::new() };
        let retries = self.step(&key.step).map_or(0, |step| step.retries);
        let again = outcome != StepOutcome::Ok && transient && key.attempt <= retries;
        let retry_at = again.then(|| self.retry_at(run));
        vec![record(Event::StepEnded { step: key.clone(), outcome, why: why.to_owned(), retry_at, left: Vec::new() })]
    }

    /// So many hosts of a batch may be tried again, one at least: where more are in trouble, it is not they.
    fn may_retry(&self, left: &[String]) -> bool {
        let Some(slice) = &self.state.slice else { return true };
        let tried: usize = self.state.steps.iter().skip(slice.first_step).map(|run| run.left.len()).sum();
        tried + left.len() <= (slice.hosts.len() * RETRIED / 100).max(1)
    }

    /// Exponential, with full jitter; the same for the same try, since nothing here may be left to chance.
    fn retry_at(&self, run: &StepRun) -> i64 {
        let most = (BACKOFF << (run.key.attempt.saturating_sub(1)).min(10)).min(CAP);
        let seed = run.key.step.bytes().chain(run.began.to_le_bytes());
        let hash = seed.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        self.now + (hash >> 16) as i64 % most
    }
}

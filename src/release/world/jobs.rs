//! What is under way in the world of a release: nothing is begun twice, and what was looked at a moment ago in the same
//! state is looked at again a moment later.

use crate::release::event::{StepKey, StepOutcome};
use crate::release::machine::{Effect, Input};
use crate::release::state::Verdict;
use crate::release::traffic::{Op, Report};
use crate::run::machine::BROKEN;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What is only looked at is not looked at again sooner: what stands in the way does not go away faster.
const PAUSE: Duration = Duration::from_secs(1);

/// What can be under way once at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Job {
    Admit,
    Breakers,
    Observe,
    Measure(String),
    Do(StepKey),
    Look,
    /// Asked for once, after its intent.
    Traffic,
    /// Likewise, and beside the others: it takes minutes, and holds up no undo.
    Drain,
}

impl Job {
    fn of(effect: &Effect) -> Option<Job> {
        Some(match effect {
            Effect::Admit => Job::Admit,
            Effect::Breakers => Job::Breakers,
            Effect::Observe { .. } => Job::Observe,
            Effect::Measure { gate, .. } => Job::Measure(gate.clone()),
            Effect::Do { step, .. } => Job::Do(step.clone()),
            Effect::Traffic(op) => Job::traffic(op),
            _ => return None,
        })
    }

    fn behind(input: &Input) -> Option<Job> {
        Some(match input {
            Input::Admission { .. } => Job::Admit,
            Input::Breakers { .. } => Job::Breakers,
            Input::Observed { .. } => Job::Observe,
            Input::Measured { gate, .. } => Job::Measure(gate.clone()),
            Input::Done { step, .. } => Job::Do(step.clone()),
            Input::Traffic { op, .. } => Job::traffic(op),
            _ => return None,
        })
    }

    /// Changes nothing, and is asked for at every tick.
    fn looks(&self) -> bool {
        matches!(self, Job::Admit | Job::Observe | Job::Look)
    }

    fn traffic(op: &Op) -> Job {
        match op {
            Op::Drain { .. } => Job::Drain,
            op if op.only_looks() => Job::Look,
            _ => Job::Traffic,
        }
    }
}

/// What comes of a job whose thread panicked: that it cannot be told.
pub fn broken(effect: &Effect) -> Vec<Input> {
    let why = || BROKEN.to_owned();
    match effect.clone() {
        Effect::Admit => {
            vec![Input::Admission { blocks: vec![format!("whether anything stands in the way: {}", why())] }]
        }
        Effect::Breakers => vec![Input::Breakers { open: Vec::new() }],
        Effect::Observe { hosts } => {
            vec![Input::Observed { hosts: hosts.into_iter().map(|host| (host, None)).collect() }]
        }
        Effect::Measure { gate, .. } => {
            // Of this state, whenever it was begun.
            let (began, verdict) = (i64::MAX, Verdict::Inconclusive);
            vec![Input::Measured { gate, began, verdict, got: why(), need: String::new() }]
        }
        Effect::Do { step, .. } => {
            vec![Input::Done { step, outcome: StepOutcome::Unknown, why: why(), transient: false }]
        }
        Effect::Traffic(op) => {
            let report = Report { balancer: "every balancer".into(), problem: Some(why()), ..Report::default() };
            vec![Input::Traffic { op, after: vec![report], ok: false }]
        }
        _ => Vec::new(),
    }
}

/// What was begun last, one of each kind.
#[derive(Debug, Default)]
pub struct Jobs(HashMap<Job, Begun>);

#[derive(Debug, Clone, Copy)]
struct Begun {
    /// `None`: it is under way.
    ended: Option<Instant>,
    /// When the state was entered (Unix milliseconds) in which it was asked for: the next one is not kept waiting for what the
    /// last one asked.
    entered: i64,
    /// Before that it only waits for its time.
    from: Instant,
}

impl Jobs {
    /// Notes that it begins, and tells how long it must wait before; `None`: it is under way already, or no job at all.
    pub fn begin(&mut self, effect: &Effect, entered: i64, now: Instant) -> Option<Duration> {
        let job = Job::of(effect)?;
        let wait = match self.0.get(&job) {
            // A look that waits for its time since another state asked for it holds up nobody: it comes beside this one.
            Some(Begun { ended: None, entered: then, from }) if job.looks() && *then != entered && now < *from => {
                Duration::ZERO
            }
            // What acts on the balancers comes in its turn, and what only waits there gives way to it.
            Some(Begun { ended: None, .. }) if job != Job::Traffic => return None,
            // Left out it would never be asked for again where its asker waits for the answer.
            Some(Begun { ended: Some(ended), entered: then, .. }) if *then == entered && job.looks() => {
                PAUSE.saturating_sub(now.duration_since(*ended))
            }
            _ => Duration::ZERO,
        };
        self.0.insert(job, Begun { ended: None, entered, from: now + wait });
        Some(wait)
    }

    /// An input has arrived: what it came from is under way no more.
    pub fn ended(&mut self, input: &Input, now: Instant) {
        if let Some(begun) = Job::behind(input).and_then(|job| self.0.get_mut(&job)) {
            begun.ended = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_is_asked_for_too_soon_comes_later_and_not_never() {
        let (mut jobs, now) = (Jobs::default(), Instant::now());
        let look = Effect::Traffic(Op::Status);
        assert_eq!(jobs.begin(&look, 5, now), Some(Duration::ZERO));
        assert_eq!(jobs.begin(&look, 5, now), None, "it is under way");
        let seen = Input::Traffic { op: Op::Status, after: Vec::new(), ok: false };
        jobs.ended(&seen, now);
        let soon = now + Duration::from_millis(300);
        assert_eq!(jobs.begin(&look, 5, soon), Some(Duration::from_millis(700)));
        assert_eq!(jobs.begin(&look, 5, soon), None);
        assert_eq!(jobs.begin(&look, 6, soon), Some(Duration::ZERO), "another state waits for none that waits itself");
        assert_eq!(jobs.begin(&look, 7, soon), None, "this one looks already");
        jobs.ended(&seen, soon);
        assert_eq!(jobs.begin(&look, 8, soon), Some(Duration::ZERO), "another state asks for itself");
        jobs.ended(&seen, soon);
        assert_eq!(jobs.begin(&look, 8, soon + PAUSE * 2), Some(Duration::ZERO));
    }

    #[test]
    fn a_job_whose_thread_panicked_is_under_way_no_more() {
        let (mut jobs, now) = (Jobs::default(), Instant::now());
        let hosts = vec!["w1".to_owned()];
        for effect in [
            Effect::Admit,
            Effect::Breakers,
            Effect::Observe { hosts: hosts.clone() },
            Effect::Measure { gate: "up".into(), hosts },
            Effect::Traffic(Op::Status),
        ] {
            assert!(jobs.begin(&effect, 5, now).is_some());
            assert!(jobs.begin(&effect, 6, now).is_none(), "{effect:?}");
            broken(&effect).iter().for_each(|input| jobs.ended(input, now));
            assert!(jobs.begin(&effect, 6, now).is_some(), "{effect:?}");
        }
    }

    #[test]
    fn a_drain_holds_up_no_switch() {
        let (mut jobs, now) = (Jobs::default(), Instant::now());
        let drain = Effect::Traffic(Op::Drain { pool: "blue".into() });
        assert_eq!(jobs.begin(&drain, 5, now), Some(Duration::ZERO));
        let back = Op::Switch { to: "blue".into(), version: None };
        assert_eq!(jobs.begin(&Effect::Traffic(back), 5, now), Some(Duration::ZERO));
        assert_eq!(jobs.begin(&drain, 5, now), None, "it is under way still");
    }

    #[test]
    fn what_brings_a_host_back_is_not_lost_while_another_is_waited_for() {
        let (mut jobs, now) = (Jobs::default(), Instant::now());
        let hosts = vec!["w1".to_owned()];
        let (out, back) = (Op::Out { hosts: hosts.clone() }, Op::In { hosts });
        assert_eq!(jobs.begin(&Effect::Traffic(out), 5, now), Some(Duration::ZERO));
        assert_eq!(jobs.begin(&Effect::Traffic(back), 5, now), Some(Duration::ZERO));
    }

    #[test]
    fn what_acts_is_never_put_off() {
        let (mut jobs, now) = (Jobs::default(), Instant::now());
        let op = Op::Drain { pool: "blue".into() };
        assert_eq!(jobs.begin(&Effect::Traffic(op.clone()), 5, now), Some(Duration::ZERO));
        jobs.ended(&Input::Traffic { op: op.clone(), after: Vec::new(), ok: true }, now);
        assert_eq!(jobs.begin(&Effect::Traffic(op), 5, now), Some(Duration::ZERO));
        assert_eq!(jobs.begin(&Effect::Page { text: String::new() }, 5, now), None);
    }
}

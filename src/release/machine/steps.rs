//! Steps of stages: which is next, which is tried again, what its end means. The same for stages before, in and after
//! the batches, and for the steps of a rollback.

use super::{Effect, View, enter, record};
use crate::release::event::{Event, StepKey, StepOutcome};
use crate::release::plan::{Join, Step, StepKind, When};
use crate::release::state::{At, Mark, Pause, StepRun, Verdict};
use crate::run::event::Rung;

/// How far a row of stages is.
pub(super) enum Progress {
    /// This is to be done now; nothing, while it is waited for.
    Effects(Vec<Effect>),
    /// All steps ended well.
    Done,
    /// It cannot go on.
    Failed(String),
}

/// What a step's runs so far say.
enum Status<'a> {
    /// To be started, as this try.
    Start(u32),
    Open(&'a StepRun),
    /// Tried again later.
    Later,
    Ok,
    Failed(&'a StepRun),
}

impl View<'_> {
    /// Brings all stages of a kind on. `hosts`: those that steps of Ansible are limited to.
    pub(super) fn stages(&self, when: When, batch: Option<u32>, hosts: &[String]) -> Progress {
        let skip = self.first_run(batch);
        for stage in self.plan.stages.iter().filter(|stage| stage.when == when) {
            for group in &stage.groups {
                match self.group(group, stage.join, batch, hosts, skip) {
                    Progress::Done => {}
                    other => return other,
                }
            }
        }
        Progress::Done
    }

    /// Brings a parallel group on.
    pub(super) fn group(
        &self,
        group: &[Step],
        join: Join,
        batch: Option<u32>,
        hosts: &[String],
        skip: usize,
    ) -> Progress {
        let (mut effects, mut failed, mut open, mut done) = (Vec::new(), None, Vec::new(), true);
        let mut child = self.next_child();
        for step in group {
            match self.status(step, batch, skip) {
                Status::Ok => continue,
                Status::Failed(run) => failed = failed.or_else(|| Some(format!("{} failed: {}", step.name, run.why))),
                Status::Open(run) => open.push((step, run)),
                Status::Later => {}
                Status::Start(attempt) if failed.is_none() || join == Join::All => {
                    effects.extend(self.start(step, batch, attempt, hosts, &mut child));
                }
                Status::Start(_) => {}
            }
            done = false;
        }
        if let Some(why) = failed {
            if open.is_empty() && effects.is_empty() {
                return Progress::Failed(why);
            }
            if join == Join::FailFast {
                effects.extend(open.iter().filter_map(|(_, run)| self.next_rung(run)).flatten());
                return Progress::Effects(effects);
            }
        }
        for (step, run) in open {
            effects.extend(self.mind(step, run, hosts));
        }
        if done { Progress::Done } else { Progress::Effects(effects) }
    }

    /// Steps that began before this index belong to an earlier try of the batch.
    fn first_run(&self, batch: Option<u32>) -> usize {
        match (&self.state.slice, batch) {
            (Some(slice), Some(batch)) if slice.batch == batch => slice.first_step,
            _ => 0,
        }
    }

    fn status(&self, step: &Step, batch: Option<u32>, skip: usize) -> Status<'_> {
        let of = |run: &&StepRun| run.key.step == step.id && run.key.batch == batch;
        let tried = self.state.steps.iter().filter(of).count() as u32;
        let Some(run) = self.state.steps.iter().skip(skip).rev().find(of) else { return Status::Start(tried + 1) };
        match (&run.ended, run.retry_at) {
            (None, _) => Status::Open(run),
            (Some((StepOutcome::Ok | StepOutcome::Skipped, _)), _) => Status::Ok,
            (Some(_), Some(at)) if self.now >= at => Status::Start(tried + 1),
            (Some(_), Some(_)) => Status::Later,
            // Whoever resumes wants it tried again.
            (Some((_, at)), None) if self.state.resumed_at.is_some_and(|resumed| *at <= resumed) => {
                Status::Start(tried + 1)
            }
            (Some(_), None) => Status::Failed(run),
        }
    }

    fn next_child(&self) -> u32 {
        self.state.steps.iter().filter_map(|run| run.child).max().unwrap_or(0) + 1
    }

    fn start(&self, step: &Step, batch: Option<u32>, attempt: u32, hosts: &[String], next: &mut u32) -> Vec<Effect> {
        let key = StepKey { step: step.id.clone(), batch, attempt };
        let mut effects = Vec::new();
        if step.irreversible && self.state.no_return.is_none() {
            effects.push(record(Event::PointOfNoReturn { step: step.name.clone() }));
        }
        let child = match &step.kind {
            StepKind::Command { .. } | StepKind::Playbook { .. } | StepKind::Adhoc { .. } => Some(*next),
            _ => None,
        };
        effects.push(record(Event::StepIntent { step: key.clone(), child }));
        match (&step.kind, child) {
            (kind, Some(child)) => {
                *next += 1;
                let kind = Box::new(limited(kind, batch.is_some().then_some(hosts)));
                effects.push(Effect::Start { child, step: key, kind, timeout: step.timeout });
            }
            (StepKind::Http { .. }, _) => {
                effects.push(Effect::Do { step: key, kind: Box::new(step.kind.clone()), timeout: step.timeout });
            }
            (StepKind::Pause { message, seconds }, _) if !self.state.promoted => {
                let until = seconds.map(|seconds| self.now + i64::from(seconds) * 1000);
                let pause = Pause { reason: message.clone(), by: None, resume_to: self.state.at, until };
                effects.extend([record(Event::Paused { pause }), enter(At::Paused, message.clone())]);
            }
            _ => {}
        }
        effects
    }

    /// An open step that is no process: what ends it.
    fn mind(&self, step: &Step, run: &StepRun, hosts: &[String]) -> Vec<Effect> {
        let end = |outcome, why: String| {
            vec![record(Event::StepEnded { step: run.key.clone(), outcome, why, retry_at: None })]
        };
        match &step.kind {
            StepKind::Approval { needed } => {
                let given = self.approvers(Some(&step.id));
                if given.len() >= usize::from(*needed) {
                    return end(StepOutcome::Ok, "approved".into());
                }
                self.waits(self.approval_words(usize::from(*needed), &given))
            }
            // In this state again: it was resumed.
            StepKind::Pause { .. } => end(StepOutcome::Ok, "resumed".into()),
            StepKind::Switch => end(StepOutcome::Skipped, "traffic is switched by the release itself".into()),
            StepKind::Gate { gate } => match self.gate(gate, run.key.batch, hosts) {
                (Some(Verdict::Pass), _) => end(StepOutcome::Ok, "passed".into()),
                (Some(Verdict::Fail), _) => end(StepOutcome::Failed, format!("gate {gate} failed")),
                (Some(Verdict::Inconclusive), _) => end(StepOutcome::Failed, format!("gate {gate} has no data")),
                (None, effects) => effects,
            },
            _ => Vec::new(),
        }
    }

    /// Ends pause steps that are open: somebody resumed, or their time is over.
    pub(super) fn end_pauses(&self, why: &str) -> Vec<Effect> {
        let open = self.state.steps.iter().filter(|run| run.ended.is_none() && run.child.is_none());
        let pauses =
            open.filter(|run| matches!(self.step(&run.key.step).map(|s| &s.kind), Some(StepKind::Pause { .. })));
        let end = |run: &StepRun| Event::StepEnded {
            step: run.key.clone(),
            outcome: StepOutcome::Ok,
            why: why.to_owned(),
            retry_at: None,
        };
        pauses.map(|run| record(end(run))).collect()
    }

    /// A step of the plan by its id, a rollback's too.
    pub(super) fn step(&self, id: &str) -> Option<&Step> {
        let stages = self.plan.stages.iter().flat_map(|stage| stage.groups.iter().flatten());
        stages.chain(&self.plan.rollback.steps).find(|step| step.id == id)
    }

    /// Steps with a child process that has not ended, as far as is known.
    pub(super) fn open_children(&self) -> impl Iterator<Item = &StepRun> {
        self.state.steps.iter().filter(|run| run.ended.is_none() && run.child.is_some())
    }

    /// A child process is at work.
    pub(super) fn is_working(&self) -> bool {
        self.open_children().next().is_some()
    }

    /// The next rung of the ladder for a child process, where it is time for it.
    pub(super) fn next_rung(&self, run: &StepRun) -> Option<[Effect; 2]> {
        let child = run.child?;
        let patience = crate::run::single::PATIENCE;
        let rung = match run.rungs.last() {
            None => Rung::Interrupt,
            Some((rung, at)) if self.now - at >= patience => match rung {
                Rung::Interrupt => Rung::Terminate,
                _ => Rung::Kill,
            },
            Some(_) => return None,
        };
        let kills = run.rungs.iter().filter(|(rung, _)| *rung == Rung::Kill).count();
        (kills < 3).then(|| [record(Event::Signalled { child, rung }), Effect::Take { child, rung }])
    }

    /// Hosts of the slice that its steps still work on.
    pub(super) fn at_work(&self) -> Vec<String> {
        let Some(slice) = &self.state.slice else { return Vec::new() };
        slice.hosts.iter().filter(|host| self.state.mark(host) == Mark::Running).cloned().collect()
    }
}

/// The step for these hosts only.
pub(super) fn limited(kind: &StepKind, hosts: Option<&[String]>) -> StepKind {
    let mut kind = kind.clone();
    let Some(hosts) = hosts else { return kind };
    match &mut kind {
        StepKind::Playbook { play } => play.common.limit = Some(hosts.join(",")),
        StepKind::Adhoc { adhoc } => adhoc.common.limit = Some(hosts.join(",")),
        _ => {}
    }
    kind
}

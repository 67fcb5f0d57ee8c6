//! Steps of stages: which is next, which is tried again, what its end means. The same for stages before, in and after
//! the batches, and for the steps of a rollback.

use super::tidy::only_waits;
use super::{Effect, View, enter, record};
use crate::release::event::{Event, StepKey, StepOutcome};
use crate::release::plan::{Join, Step, StepKind, When};
use crate::release::state::{At, Mark, Pause, StepRun, Verdict};
use crate::run::event::Rung;
use crate::text::human;

/// How far a row of stages is.
pub(super) enum Progress {
    /// This is to be done now; nothing, while it is waited for.
    Effects(Vec<Effect>),
    Done,
    Failed(String),
}

/// What a step's runs so far say.
enum Status<'a> {
    /// To be started, as this try, on these hosts (none: all that are at work).
    Start(u32, &'a [String]),
    Open(&'a StepRun),
    /// Tried again at this time (Unix milliseconds).
    Later(i64),
    Ok,
    Failed(&'a StepRun),
}

impl View<'_> {
    /// Brings all stages of a kind on.
    pub(super) fn stages(&self, when: When, batch: Option<u32>) -> Progress {
        let skip = self.first_run(batch);
        for stage in self.plan.stages.iter().filter(|stage| stage.when == when) {
            for group in &stage.groups {
                match self.group(group, stage.join, batch, skip) {
                    Progress::Done => {}
                    other => return other,
                }
            }
        }
        Progress::Done
    }

    /// Brings a parallel group on.
    pub(super) fn group(&self, group: &[Step], join: Join, batch: Option<u32>, skip: usize) -> Progress {
        let (mut effects, mut failed, mut open, mut done) = (Vec::new(), None, Vec::new(), true);
        // A pause comes after what begins beside it.
        let mut pauses = Vec::new();
        let mut child = self.next_child();
        for step in group {
            match self.status(step, batch, skip) {
                Status::Ok => continue,
                Status::Failed(run) => failed = failed.or_else(|| Some(format!("{} failed: {}", step.name, run.why))),
                Status::Open(run) => open.push((step, run)),
                Status::Later(at) => {
                    let left = human::clock((at - self.now + 4_999).div_euclid(5_000) * 5_000);
                    effects.extend(self.waits(format!("{} again in {left}", step.name)));
                }
                Status::Start(attempt, left) if failed.is_none() || join == Join::All => {
                    let begun = self.start(step, batch, attempt, left, &mut child);
                    if begun.iter().any(|effect| matches!(effect, Effect::Record(Event::Entered { .. }))) {
                        pauses.extend(begun);
                    } else {
                        effects.extend(begun);
                    }
                }
                Status::Start(..) => {}
            }
            done = false;
        }
        if let Some(why) = failed {
            if open.is_empty() && only_waits(&effects) && pauses.is_empty() {
                return Progress::Failed(why);
            }
            if join == Join::FailFast {
                for (_, run) in &open {
                    match run.child {
                        Some(_) => effects.extend(self.next_rung(run).into_iter().flatten()),
                        None => effects.push(ended(run, StepOutcome::Cancelled, "another step failed")),
                    }
                }
                if only_waits(&effects) {
                    effects.extend(self.waits(format!("{} processes to end, since {why}", open.len())));
                }
                return Progress::Effects(effects);
            }
        }
        for (step, run) in open {
            let minded = self.mind(step, run);
            if minded.iter().any(|effect| matches!(effect, Effect::Record(Event::Entered { .. }))) {
                pauses.extend(minded);
            } else {
                effects.extend(minded);
            }
        }
        effects.extend(pauses);
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
        let of = |run: &&StepRun| run.key.batch == batch && run.key.step == step.id;
        let again = || self.state.steps.iter().filter(of).count() as u32 + 1;
        let Some(run) = self.state.steps.iter().skip(skip).rev().find(of) else {
            return Status::Start(again(), &[]);
        };
        match (&run.ended, run.retry_at) {
            (None, _) => Status::Open(run),
            (Some((StepOutcome::Ok | StepOutcome::Skipped, _)), _) => Status::Ok,
            (Some(_), Some(at)) if self.now >= at => Status::Start(again(), &run.left),
            (Some(_), Some(at)) => Status::Later(at),
            // Whoever resumes wants it tried again.
            (Some((_, at)), None) if self.state.resumed_at.is_some_and(|resumed| *at <= resumed) => {
                Status::Start(again(), &run.left)
            }
            (Some(_), None) => Status::Failed(run),
        }
    }

    fn next_child(&self) -> u32 {
        self.state.steps.iter().filter_map(|run| run.child).max().unwrap_or(0) + 1
    }

    /// `left`: the hosts of a try after the first; none: all that are at work.
    fn start(&self, step: &Step, batch: Option<u32>, attempt: u32, left: &[String], next: &mut u32) -> Vec<Effect> {
        let key = StepKey { step: step.id.clone(), batch, attempt };
        let mut effects = Vec::new();
        if step.irreversible && self.state.no_return.is_none() {
            effects.push(record(Event::PointOfNoReturn { step: step.name.clone() }));
        }
        let child = match &step.kind {
            StepKind::Command { .. } | StepKind::Playbook { .. } | StepKind::Adhoc { .. } => Some(*next),
            _ => None,
        };
        let hosts = match &step.kind {
            StepKind::Playbook { .. } | StepKind::Adhoc { .. } if batch.is_some() => {
                let mut hosts = self.at_work();
                if !left.is_empty() {
                    hosts.retain(|host| left.contains(host));
                }
                hosts
            }
            _ => Vec::new(),
        };
        let on_hosts = batch.is_some() && matches!(step.kind, StepKind::Playbook { .. } | StepKind::Adhoc { .. });
        if on_hosts && hosts.is_empty() {
            // An empty limit is all hosts to Ansible: what is left to it was lost to another step meanwhile.
            effects.push(record(Event::StepIntent { step: key.clone(), child: None, hosts }));
            let (outcome, why) = (StepOutcome::Skipped, "no host is left for it".to_owned());
            effects.push(record(Event::StepEnded { step: key, outcome, why, retry_at: None, left: Vec::new() }));
            return effects;
        }
        effects.push(record(Event::StepIntent { step: key.clone(), child, hosts: hosts.clone() }));
        match (&step.kind, child) {
            (kind, Some(child)) => {
                *next += 1;
                let kind = Box::new(limited(kind, batch.is_some().then_some(hosts.as_slice())));
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
    fn mind(&self, step: &Step, run: &StepRun) -> Vec<Effect> {
        let end = |outcome, why: &str| vec![ended(run, outcome, why)];
        if let (StepKind::Approval { .. } | StepKind::Gate { .. }, Some(seconds)) = (&step.kind, step.timeout) {
            // Its deadline moves by what it was paused.
            if self.over(run.began + self.state.paused_ms - run.paused_ms, seconds) {
                return end(StepOutcome::TimedOut, &format!("it took longer than its timeout of {seconds} s"));
            }
        }
        match &step.kind {
            StepKind::Approval { needed } => {
                let given = self.approvers(Some(&run.key));
                if given.len() >= usize::from(*needed) {
                    return end(StepOutcome::Ok, "approved");
                }
                self.waits(self.approval_words(usize::from(*needed), &given))
            }
            // In this state again: it was resumed.
            StepKind::Pause { .. } => end(StepOutcome::Ok, "resumed"),
            StepKind::Switch => end(StepOutcome::Skipped, "traffic was switched by the release itself"),
            StepKind::Gate { gate } => match self.gate(gate, run.key.batch) {
                (Some(Verdict::Pass), _) => end(StepOutcome::Ok, "passed"),
                (Some(Verdict::Fail), _) => end(StepOutcome::Failed, &format!("gate {gate} failed")),
                // A person resumes, which measures anew, or leaves the gate out.
                (Some(Verdict::Inconclusive), _) => {
                    self.pause(format!("gate {gate} cannot be measured, which is no pass"), None, self.state.at)
                }
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
        pauses.map(|run| ended(run, StepOutcome::Ok, why)).collect()
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
        let patience = crate::run::step::PATIENCE;
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
        self.state.touched_with(&[Mark::Running])
    }
}

/// The end of a step that is no process.
pub(super) fn ended(run: &StepRun, outcome: StepOutcome, why: &str) -> Effect {
    let (step, why) = (run.key.clone(), why.to_owned());
    record(Event::StepEnded { step, outcome, why, retry_at: None, left: Vec::new() })
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

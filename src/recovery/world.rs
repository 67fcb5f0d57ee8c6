//! How a recovery touches the world beside its child processes: it asks the guards with fresh facts, counts an action before
//! it is begun, reads the check, and writes the ledger. What takes time has a thread of its own.

use super::counted::counted;
use super::event::Step;
use super::guards::{self, Verdict};
use super::launch::{Body, DIAGNOSTICS, Watch};
use super::machine::{Commands, Machine, Outcome, Want};
use super::state::Recovery;
use super::{facts, measure, polled, record};
use crate::health::probe::Restarts;
use crate::run::RunState;
use crate::run::child;
use crate::run::machine::{BROKEN, whole};
use crate::run::step::StepCommand;
use crate::state::recovery::Token;
use crate::state::{Control, DbError, StateDir};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use uuid::Uuid;

/// What stands in the way does not go away faster.
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Job {
    Decide,
    Measure,
}

/// Under way (`None`), or ended at that moment.
type Jobs = Arc<Mutex<HashMap<Job, Option<Instant>>>>;

/// The world of one recovery.
#[derive(Debug)]
pub struct World {
    store: StateDir,
    run: Uuid,
    body: Arc<Body>,
    restarts: Restarts,
    jobs: Jobs,
    /// When the poller's reading that was taken last was made (Unix milliseconds).
    polled: Arc<Mutex<i64>>,
}

impl World {
    /// For a run of what was frozen.
    pub fn new(store: &StateDir, run: Uuid, body: Body) -> Self {
        World {
            store: store.clone(),
            run,
            body: Arc::new(body),
            restarts: Restarts::default(),
            jobs: Jobs::default(),
            polled: Arc::default(),
        }
    }

    fn begin(&self, job: Job, pause: Duration) -> bool {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let free = match jobs.get(&job) {
            Some(None) => false,
            Some(Some(ended)) => ended.elapsed() >= pause,
            None => true,
        };
        if free {
            jobs.insert(job, None);
        }
        free
    }

    fn decide(&mut self, rung: u32, number: u32, count: bool, back: UnboundedSender<Outcome>) {
        if !self.begin(Job::Decide, if count { Duration::ZERO } else { PAUSE }) {
            return;
        }
        if count {
            // The action itself restarts it.
            self.restarts = Restarts::default();
        }
        let (store, run, body) = (self.store.clone(), self.run, Arc::clone(&self.body));
        std::thread::spawn(move || {
            let verdict = whole(|| decide(&store, run, &body, (rung, number), count))
                .unwrap_or_else(|| Verdict::Inhibited(format!("whether it may be done: {BROKEN}")));
            // Nobody listens any more only when the supervisor ends for another reason.
            let _ = back.send(Outcome::Decided(verdict));
        });
    }

    fn measure(&self, back: UnboundedSender<Outcome>) {
        if !self.begin(Job::Measure, Duration::ZERO) {
            return;
        }
        let (store, run, body) = (self.store.clone(), self.run, Arc::clone(&self.body));
        let (restarts, jobs, polled) = (self.restarts.clone(), Arc::clone(&self.jobs), Arc::clone(&self.polled));
        std::thread::spawn(move || {
            let outcome = whole(|| match &body.watch {
                Watch::Probe { probe, timeout } => Some(measure::ask(&store, run, &body, probe, *timeout, &restarts)),
                Watch::Polled => measure::read(&store, &body, &polled),
            });
            match outcome.flatten() {
                Some(outcome) => drop(back.send(outcome)),
                None => end(&jobs, Job::Measure),
            }
        });
    }
}

fn end(jobs: &Jobs, job: Job) {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).insert(job, Some(Instant::now()));
}

/// Asks the guards; with `count`, the action is counted and its intent is in the ledger when they agree.
fn decide(store: &StateDir, run: Uuid, body: &Body, (rung, number): (u32, u32), count: bool) -> Verdict {
    let now = measure::now();
    let action = body.ladder.get(rung as usize).map_or("", |action| action.name.as_str());
    let reports = match polled::reports(store, &body.cwd, &body.inventory) {
        Ok(reports) => reports,
        Err(e) => return Verdict::Inhibited(format!("what was polled cannot be read: {e}")),
    };
    let about = facts::About {
        root: &body.cwd,
        inventory: &body.inventory,
        environment: &body.environment,
        policy: &body.policy,
        host: &body.host,
        action,
        own: Some((run, number)),
    };
    let mut facts = facts::gather(store, about, &reports, now);
    if !count {
        return guards::decide(&body.policy, &facts);
    }
    let token = Token {
        run,
        number,
        environment: body.environment.clone(),
        service: body.policy.service.clone(),
        host: body.host.clone(),
        action: action.to_owned(),
        at: now,
        helped: None,
    };
    let counted = Control::open(store).and_then(|control| {
        // Nobody else counts one between the look and the act.
        control.alone(|| {
            facts.tokens = counted(store, &control, &body.policy, Some((run, number)), now)?;
            let verdict = guards::decide(&body.policy, &facts);
            if verdict == Verdict::Allow {
                control.take_token(&token)?;
            }
            Ok::<_, DbError>(verdict)
        })
    });
    match counted {
        Ok(Verdict::Allow) => match record::intent(store, run, body, rung) {
            Ok(()) => Verdict::Allow,
            Err(e) => {
                // It counts for nothing where it is not done; where not even that can be written, its run's end says so.
                if let Err(e) = Control::open(store).and_then(|control| control.give_token_back(run, number)) {
                    tracing::error!("an action of {run} that was not begun stays counted until its run is over: {e}");
                }
                Verdict::Inhibited(format!("it cannot be recorded, so it is not done: {e}"))
            }
        },
        Ok(verdict) => verdict,
        Err(e) => Verdict::Inhibited(format!("it cannot be counted, so it is not done: {e}")),
    }
}

impl crate::run::machine::World<Machine> for World {
    fn act(&mut self, _: &RunState, _: &Recovery, want: Want, back: &UnboundedSender<Outcome>) {
        match want {
            Want::Decide { rung, number, count } => self.decide(rung, number, count, back.clone()),
            Want::Measure => self.measure(back.clone()),
            Want::Note { at, why } => {
                if let Err(e) = record::step(&self.store, self.run, &self.body, at.name(), &why) {
                    tracing::error!("the audit ledger could not take a step of recovery {}: {e}", self.run);
                }
            }
            Want::Settle { number, rung, helped } => {
                let first = Control::open(&self.store).and_then(|control| control.end_token(self.run, number, helped));
                match first {
                    Ok(false) => {}
                    Ok(true) => {
                        if let Err(e) = record::outcome(&self.store, self.run, &self.body, rung, helped) {
                            tracing::error!("the audit ledger could not take an outcome of {}: {e}", self.run);
                        }
                    }
                    Err(e) => tracing::error!("whether an action of {} helped is not counted: {e}", self.run),
                }
            }
        }
    }

    fn arrived(&mut self, outcome: &Outcome) {
        let job = match outcome {
            Outcome::Decided(_) => Job::Decide,
            Outcome::Measured { .. } => Job::Measure,
        };
        end(&self.jobs, job);
    }
}

/// The machine of a recovery's run; `lost` are the secrets that died with an earlier supervisor.
pub fn machine(store: &StateDir, run: Uuid, body: Body, lost: Vec<String>) -> Machine {
    let commands = Made { store: store.clone(), run, body: body.clone() };
    Machine { body, lost, commands: Box::new(commands) }
}

/// Makes the commands of a run's children.
#[derive(Debug)]
struct Made {
    /// Where its folder lies.
    store: StateDir,
    run: Uuid,
    body: Body,
}

impl Commands for Made {
    fn command(&self, number: u32, step: Step, fence: Option<i64>) -> Option<StepCommand> {
        let (ask, timeout, secrets) = match step {
            Step::Diagnostics => (self.body.diagnostics.as_ref()?, DIAGNOSTICS, false),
            Step::Action(rung) => {
                let action = self.body.ladder.get(rung as usize)?;
                (&action.ask, action.timeout, action.secrets().next().is_some())
            }
        };
        let what = child::What { run: self.run, number, cwd: &self.body.cwd, timeout: Some(timeout), fence, secrets };
        let made = child::ansible(&self.store, what, ask.clone(), Default::default());
        made.inspect_err(|e| tracing::error!("child {number} of recovery {}: {e}", self.run)).ok()
    }
}

//! The machine of a release: a pure function from (plan, state, input, now) to effects, or a refusal that says why.
//! No clock, no disk, no process in here.
//!
//! Level-triggered: inputs are written down as facts (`facts`, `people`), and a tick asks what is to be done in the
//! state that is (one file a family of states). So a supervisor that took over goes on by the same code as one that lived.
//! Effects that only look (`Observe`, `Measure`, `Admit`, `TakeLease`, `Traffic`) are asked for again at every tick;
//! whoever performs them leaves out one that is under way.

mod back;
mod begin;
mod deploy;
mod facts;
mod gating;
mod people;
mod prepare;
#[cfg(test)]
mod scenarios;
mod serving;
mod steps;
mod stop;
mod switch;
mod verify;

use super::event::{Event, Person, StepKey, StepOutcome};
use super::plan::{Plan, StepKind};
use super::state::{At, Mark, Pause, Release, Verdict};
use super::traffic::{Op, Report};
use crate::run::event::Rung;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A supervisor took over: the first one, or one after another's death.
    Begin,
    /// Time went by. Comes at least twice a second, and after every input until a tick has no effects.
    Tick {
        /// When a host last came further: the last result of any task (Unix milliseconds; 0: none yet).
        progress: i64,
    },
    /// The environment's lease was got.
    LeaseGot {
        /// Fencing token.
        token: i64,
    },
    /// Another run holds it.
    LeaseHeld {
        /// Its id.
        by: String,
        /// In words.
        why: String,
    },
    /// What else stands in the way of beginning or going on (freeze, stop-the-line, breaker); empty: nothing.
    Admission {
        /// In words, one each.
        blocks: Vec<String>,
    },
    /// A step's child process runs.
    Started {
        /// Its number in the run.
        child: u32,
    },
    /// A step's child process ended (or never began), and all that it reported was taken in.
    Exited {
        /// Its number in the run.
        child: u32,
        /// How.
        end: ChildEnd,
    },
    /// A step without a child process ended.
    Done {
        /// Which.
        step: StepKey,
        /// How.
        outcome: StepOutcome,
        /// In words.
        why: String,
        /// It may go well another time (connection refused, 503, 429, a timeout).
        transient: bool,
    },
    /// Hosts were asked for their version; `None`: could not be told.
    Observed {
        /// Host and version.
        hosts: Vec<(String, Option<String>)>,
    },
    /// A gate was read.
    Measured {
        /// Which.
        gate: String,
        /// What it came to.
        verdict: Verdict,
        /// What was got.
        got: String,
        /// What is needed.
        need: String,
    },
    /// The balancers were worked on or looked at.
    Traffic {
        /// What was asked.
        op: Op,
        /// Each balancer, read back.
        after: Vec<Report>,
        /// All are as wanted.
        ok: bool,
    },
    /// A person asks.
    Asked {
        /// What.
        verb: Verb,
        /// Who, by the kernel's word.
        by: Person,
    },
}

/// How a child process ended, host by host, from events and never from the exit code alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChildEnd {
    /// Exit code.
    pub rc: Option<i32>,
    /// Its hosts with what is known of each ([`Mark::New`]: its tasks all ended well). Empty for a plain command.
    pub hosts: Vec<(String, Mark)>,
    /// All is known to have gone well.
    pub ok: bool,
    /// It was stopped for its timeout.
    pub timed_out: bool,
    /// Nobody saw it end, or the machine was booted anew meanwhile.
    pub lost: bool,
    /// It never began.
    pub not_begun: bool,
    /// It may go well another time: unreachable hosts only.
    pub transient: bool,
    /// In words.
    pub why: String,
}

/// What a person can ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Verb {
    /// Approve it, by the digest that the person saw.
    Approve {
        /// Of the plan.
        digest: String,
    },
    /// End it before it begins.
    Reject {
        /// Why.
        reason: String,
    },
    /// Wait at the next boundary.
    Pause {
        /// Why.
        reason: Option<String>,
    },
    /// Go on.
    Resume,
    /// Go on, and stop for nothing but failures any more.
    Promote,
    /// Leave out a gate, a freeze or another guard that is waited for.
    Skip {
        /// Which, as it is named in `waits` or the gate's name.
        what: String,
        /// Why; never empty.
        reason: String,
    },
    /// Run the steps of the current batch again on hosts that are not new.
    RetryFailed,
    /// Stop.
    Stop {
        /// How.
        how: Stop,
        /// Why.
        reason: Option<String>,
    },
    /// Undo: traffic first, then hosts. No approval.
    Rollback {
        /// Why.
        reason: Option<String>,
    },
    /// Say what a host is, where it cannot be observed. Needs two people.
    Mark {
        /// Host.
        host: String,
        /// What it is: new, old or failed.
        mark: Mark,
    },
    /// End it with hosts of two versions. Needs two people.
    AcceptMixed {
        /// Why.
        reason: String,
    },
    /// Take the environment's lease from whoever holds it.
    TakeOver {
        /// Why; never empty.
        reason: String,
    },
}

/// How to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// After this batch; then wait for a person.
    AfterBatch,
    /// Now: interrupt, then kill. Then look what became of the hosts, and wait for a person.
    Now,
    /// Now, and undo.
    AndRollBack,
}

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Append to the journal, fold, wait for the disk.
    Record(Event),
    /// Try to get the lease: [`Input::LeaseGot`] or [`Input::LeaseHeld`] follows.
    TakeLease {
        /// Break another's (a person asked for it, with a reason).
        force: bool,
    },
    /// Look for freezes, stop-the-line and breakers: [`Input::Admission`] follows.
    Admit,
    /// Start a step's child process, or find the one that was started: `Started` or `Exited` follows.
    Start {
        /// Its number in the run: larger than every number before it.
        child: u32,
        /// Which step.
        step: StepKey,
        /// What it does: `Command`, `Playbook` or `Adhoc`, limit and variables filled in.
        kind: Box<StepKind>,
        /// Seconds after which it is stopped.
        timeout: Option<u32>,
    },
    /// Take a rung of the stop ladder on a child process.
    Take {
        /// Its number.
        child: u32,
        /// Rung.
        rung: Rung,
    },
    /// Do a step that needs no child process (`Http`): [`Input::Done`] follows.
    Do {
        /// Which.
        step: StepKey,
        /// What.
        kind: Box<StepKind>,
        /// Seconds after which it is given up.
        timeout: Option<u32>,
    },
    /// Ask hosts for their version: [`Input::Observed`] follows, for all of them.
    Observe {
        /// Which.
        hosts: Vec<String>,
    },
    /// Read a gate of the plan once: [`Input::Measured`] follows.
    Measure {
        /// Its name.
        gate: String,
        /// Hosts of the batch it stands behind.
        hosts: Vec<String>,
    },
    /// Work on the balancers or look at them: [`Input::Traffic`] follows.
    Traffic(Op),
    /// Tell people.
    Page {
        /// What.
        text: String,
    },
}

/// Why something that was asked is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// A release's machine: its frozen plan and who submitted it.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// What will happen.
    pub plan: Plan,
    /// The plan's digest: what approvals must name.
    pub digest: String,
    /// Who submitted it.
    pub submitter: Person,
}

impl Machine {
    /// What to do about `input`, given what the journal says. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// A refusal that says why and what could be done instead; then nothing is done.
    pub fn decide(&self, state: &Release, input: &Input, now: i64) -> Result<Vec<Effect>, Refusal> {
        let view = View { machine: self, plan: &self.plan, state, now };
        match input {
            Input::Asked { verb, by } => view.asked(verb, by),
            _ if state.at.is_terminal() => Ok(Vec::new()),
            Input::Begin => Ok(view.begin()),
            Input::Tick { progress } => Ok(view.tick(*progress)),
            fact => Ok(view.fact(fact)),
        }
    }
}

/// All that a decision is made from.
#[derive(Clone, Copy)]
struct View<'a> {
    machine: &'a Machine,
    plan: &'a Plan,
    state: &'a Release,
    now: i64,
}

impl View<'_> {
    fn tick(&self, progress: i64) -> Vec<Effect> {
        match self.state.at {
            At::Planned => self.planned(),
            At::AwaitingApproval => self.awaiting(),
            At::Queued => self.queued(),
            At::Preparing => self.preparing(),
            At::Deploying { batch } => self.deploying(batch, progress),
            At::Gating { batch } => self.gating(batch),
            At::Switching => self.switching(),
            At::Verifying => self.verifying(),
            At::Paused => self.paused(),
            At::Stopping => self.stopping(),
            At::Reconciling => self.reconciling(),
            At::RollingBack { batch } => self.rolling_back(batch),
            At::NeedsOperator => self.needs_operator(),
            _ => Vec::new(),
        }
    }

    /// What is waited for, recorded only when it is news.
    fn waits(&self, what: impl Into<String>) -> Vec<Effect> {
        let what = Some(what.into());
        if self.state.waits == what { Vec::new() } else { vec![record(Event::Waits { what })] }
    }

    /// Waits for a person, and goes on in `resume_to`.
    fn pause(&self, reason: impl Into<String>, by: Option<&Person>, resume_to: At) -> Vec<Effect> {
        let reason = reason.into();
        let pause = Pause { reason: reason.clone(), by: by.cloned(), resume_to, until: None };
        let mut effects = vec![record(Event::Paused { pause }), enter(At::Paused, reason.clone())];
        if by.is_none() {
            effects.extend(self.page(&format!("paused: {reason}")));
        }
        effects
    }

    fn page(&self, what: &str) -> [Effect; 2] {
        let text = format!("{} {} on {}: {what}", self.plan.release, self.plan.version, self.plan.environment);
        [record(Event::Paged { text: text.clone() }), Effect::Page { text }]
    }

    /// Seconds of the plan as a moment after `since`, moved by nothing: states begin anew after a pause.
    fn over(&self, since: i64, seconds: u32) -> bool {
        self.now >= since + i64::from(seconds) * 1000
    }

    fn is_blue_green(&self) -> bool {
        matches!(self.plan.strategy, super::plan::Strategy::BlueGreen { .. })
    }

    /// A person wishes to stop or to pause: taken up at a boundary, on the way to `next`.
    fn boundary(&self, next: At) -> Option<Vec<Effect>> {
        let wish = self.state.wish.as_ref()?;
        let reason = |what: &str| match &wish.reason {
            Some(reason) => format!("{what} by {}: {reason}", wish.by.name),
            None => format!("{what} by {}", wish.by.name),
        };
        Some(match wish.verb.as_str() {
            "stop_now" => self.stop(At::Paused, reason("stopped")),
            "stop_and_roll_back" => self.stop(At::RollingBack { batch: 0 }, reason("stopped and rolled back")),
            "stop_after_batch" => self.pause(reason("stopped after the batch"), Some(&wish.by), next),
            _ => self.pause(reason("paused"), Some(&wish.by), next),
        })
    }
}

fn record(event: Event) -> Effect {
    Effect::Record(event)
}

fn enter(at: At, why: impl Into<String>) -> Effect {
    record(Event::Entered { at, why: why.into() })
}

fn refuse<T>(why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(why.into()))
}

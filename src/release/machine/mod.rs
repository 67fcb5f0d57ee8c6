//! The machine of a release: a pure function from (plan, state, input, now) to effects, or a refusal that says why.
//! No clock, no disk, no process in here. Transitions and guards: releases.md part 1; the table stands in `table`.

use super::event::{Event, Person, StepKey, StepOutcome};
use super::plan::StepKind;
use super::state::{Mark, Verdict};
use super::traffic::{Op, Report};
use crate::run::event::Rung;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A supervisor took over: the first one, or one after another's death.
    Begin,
    /// Time went by. Comes at least twice a second.
    Tick,
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

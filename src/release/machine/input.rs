//! What happens to a release.

use super::Verb;
use crate::release::event::{Person, StepKey, StepOutcome};
use crate::release::state::{Mark, Verdict};
use crate::release::traffic::{Op, Report};

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
        token: i64,
    },
    LeaseHeld {
        by: String,
        why: String,
    },
    /// What else stands in the way of beginning or going on (freeze, stop-the-line, breaker); empty: nothing.
    Admission {
        /// In words, one each; what begins with [`crate::release::admission::STALE`] cannot be left out: the plan was
        /// made for what is no more.
        blocks: Vec<String>,
    },
    /// Breakers that say that a failure is not the release's doing: of the fleet, of endpoints.
    Breakers {
        open: Vec<String>,
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
        end: ChildEnd,
    },
    /// A step without a child process ended.
    Done {
        step: StepKey,
        outcome: StepOutcome,
        why: String,
        /// It may go well another time (connection refused, 503, 429, a timeout).
        transient: bool,
    },
    /// Hosts were asked for their version; `None`: could not be told.
    Observed {
        hosts: Vec<(String, Option<String>)>,
    },
    Measured {
        gate: String,
        /// When it was begun, by the run's own clock (Unix milliseconds).
        began: i64,
        verdict: Verdict,
        got: String,
        need: String,
    },
    /// The balancers were worked on or looked at.
    Traffic {
        op: Op,
        after: Vec<Report>,
        ok: bool,
    },
    Asked {
        verb: Verb,
        /// Who, by the kernel's word.
        by: Person,
    },
}

/// How a child process ended, host by host, from events and never from the exit code alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChildEnd {
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
    pub why: String,
}

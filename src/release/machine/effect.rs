//! What a release wants done.

use crate::release::event::{Event, StepKey};
use crate::release::plan::StepKind;
use crate::release::traffic::Op;
use crate::run::event::Rung;

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Append to the journal, fold, wait for the disk.
    Record(Event),
    /// Try to get the lease: `Input::LeaseGot` or `Input::LeaseHeld` follows.
    TakeLease {
        /// Break another's (a person asked for it, with a reason).
        force: bool,
    },
    /// Look for freezes, stop-the-line and breakers: `Input::Admission` follows.
    Admit,
    /// Look whether the fleet's breaker or one of an endpoint is open, before a failure is acted on: `Input::Breakers`
    /// follows.
    Breakers,
    /// How deploying the service went, for its breaker.
    Deployed {
        /// When that began (Unix milliseconds).
        began: i64,
        ok: bool,
    },
    /// Start a step's child process, or find the one that was started: `Started` or `Exited` follows.
    Start {
        /// Its number in the run: larger than every number before it.
        child: u32,
        step: StepKey,
        /// What it does: `Command`, `Playbook` or `Adhoc`, limit and variables filled in.
        kind: Box<StepKind>,
        /// Seconds after which it is stopped.
        timeout: Option<u32>,
    },
    /// Take a rung of the stop ladder on a child process.
    Take {
        child: u32,
        rung: Rung,
    },
    /// Do a step that needs no child process (`Http`): `Input::Done` follows.
    Do {
        step: StepKey,
        kind: Box<StepKind>,
        /// Seconds after which it is given up.
        timeout: Option<u32>,
    },
    /// Ask hosts for their version: `Input::Observed` follows, for all of them.
    Observe {
        hosts: Vec<String>,
    },
    /// Read a gate of the plan once: `Input::Measured` follows.
    Measure {
        gate: String,
        /// Hosts of the batch it stands behind.
        hosts: Vec<String>,
    },
    /// Work on the balancers or look at them: `Input::Traffic` follows.
    Traffic(Op),
    Page {
        text: String,
    },
}

/// Why something that was asked is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

//! What a release's journal holds beside what every run's holds. One JSON object each; the run's journal numbers and
//! times them. A release's state is the fold of these alone (see `state`), so each carries what the fold needs.

use super::traffic::{Op, Report};
use crate::health::probe::Verdict;
use crate::run::State;
use crate::run::event::Rung;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A step in a try of a batch (or outside of any).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StepKey {
    /// [`super::plan::Step::id`], or `rollback/1` ...
    pub step: String,
    /// Batch, from 0; `None` outside the deploy stage.
    pub batch: Option<u32>,
    /// Try, from 1.
    pub attempt: u32,
}

/// Who did it: the kernel's word for the other end of the control socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Person {
    /// User id on the control host: what makes two people distinct.
    pub uid: u32,
    pub name: String,
    /// The row of the ledger in which it is recorded that they asked for it; `None`: of version 0.1, or nothing was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Uuid>,
}

/// What happened. `k` names the kind in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum Event {
    /// It was submitted; approvals hold for this digest only.
    Submitted {
        by: Person,
        /// The plan's digest (SHA-256, hex).
        digest: String,
    },
    /// It went over into a state.
    Entered { at: At, why: String },
    Approved {
        by: Person,
        digest: String,
        /// For which approval step; `None`: the release itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<StepKey>,
    },
    /// An approval has no row in the ledger: it does not count, whoever wrote it here.
    Unfounded {
        /// Whose it is said to be.
        by: Person,
        /// For which approval step; `None`: the release itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<StepKey>,
    },
    /// What the guard of the current state waits for, in words; `None`: nothing any more.
    Waits {
        what: Option<String>,
        /// What stands in the way, one sentence each, where a person can leave it out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        blocks: Vec<String>,
    },
    /// Breakers of the fleet and of endpoints were looked at, before a failure was acted on.
    Breakers {
        /// Those that are open, in words.
        open: Vec<String>,
    },
    /// Versions of hosts and state of the balancers before anything was touched, or as seen again later.
    Observed {
        /// Host and version; `None`: could not be told.
        hosts: Vec<(String, Option<String>)>,
    },
    /// About to act on hosts: the intent. No host is touched without one.
    BatchIntent {
        /// Batch, from 0.
        batch: u32,
        hosts: Vec<String>,
        /// Going back instead of forward.
        rollback: bool,
    },
    /// About to start a step: the intent.
    StepIntent {
        step: StepKey,
        /// The number of its child process in the run; `None`: it needs none.
        child: Option<u32>,
        /// Hosts that it is limited to; empty where opsdeck does not limit it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        hosts: Vec<String>,
    },
    StepEnded {
        step: StepKey,
        outcome: StepOutcome,
        why: String,
        /// For a step that failed for a transient reason: when it is tried again (Unix milliseconds).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<i64>,
        /// Likewise: the hosts on which it is tried again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left: Vec<String>,
    },
    /// What is now known of hosts.
    Hosts {
        marks: Vec<(String, Mark)>,
        /// A person said so, not a measurement.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Person>,
    },
    /// A reading of a gate.
    Measured {
        gate: String,
        /// After which batch; `None`: a gate of a stage or of the bake.
        batch: Option<u32>,
        verdict: Verdict,
        /// What was got (`182 ms`, `503`, `no data`).
        got: String,
        /// What is needed (`at most 250 ms`).
        need: String,
    },
    /// Somebody skipped what it waits for.
    Skipped {
        /// The gate's name, or the whole sentence of what stands in the way.
        what: String,
        gate: bool,
        by: Person,
        reason: String,
    },
    /// About to act on the load balancers: the intent, with what each shows before.
    TrafficIntent { op: Op, before: Vec<Report> },
    /// What came of it, or what was looked up.
    TrafficSeen {
        op: Op,
        after: Vec<Report>,
        /// True where all of them are as wanted.
        ok: bool,
    },
    /// Whoever carried a traffic operation out is gone: what it came to is not known.
    TrafficLost,
    /// The environment's lease was got.
    Leased { token: i64 },
    /// Another has the environment's lease by now.
    LeaseLost,
    /// Its steps are to be stopped; where that leads when all of them have come to rest.
    StopBegun { then: At },
    /// A rung of the stop ladder was taken on a child process.
    Signalled { child: u32, rung: Rung },
    Paused {
        /// Why, by whom, and where it goes on.
        pause: Pause,
    },
    /// Somebody let it go on.
    Resumed {
        by: Person,
        /// Without stopping for anything any more (`promote`).
        all: bool,
    },
    /// A verb of a person that is no transition by itself (stop asked, rollback asked, retry, take-over, break-glass).
    Asked {
        by: Person,
        verb: String,
        /// Why, where a reason was given or needed.
        reason: Option<String>,
    },
    /// From here on nothing undoes it by itself.
    PointOfNoReturn { step: String },
    /// A person is needed; they were told.
    Paged { text: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    Ok,
    /// Not.
    Failed,
    /// Stopped for its timeout (a step that touched no host).
    TimedOut,
    /// Stopped by a person or because another failed.
    Cancelled,
    /// Not needed.
    Skipped,
    /// Nobody knows: it touched hosts and was lost.
    Unknown,
}

/// The states of the machine (releases.md part 1). Batches count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum At {
    /// The plan is frozen; nobody was asked yet.
    #[default]
    Planned,
    AwaitingApproval,
    /// Waits for the lease, a freeze's end, a breaker.
    Queued,
    /// Stages before the first batch.
    Preparing,
    /// A batch is in work.
    Deploying {
        batch: u32,
    },
    /// Between batches: soak and gates.
    Gating {
        batch: u32,
    },
    Switching,
    /// Stages after the last batch, and the bake.
    Verifying,
    /// Waits for a person, see `Release::pause`.
    Paused,
    /// Its steps are being stopped.
    Stopping,
    /// Looks what became of hosts that nobody knows about.
    Reconciling,
    /// Undoes a slice of what was done.
    RollingBack {
        batch: u32,
    },
    /// Only a person can go on.
    NeedsOperator,
    /// The new version is out and stable.
    Succeeded,
    /// The old version is back on every host.
    RolledBack,
    /// Nothing was changed in the environment; it failed before.
    Failed,
    /// Nothing was changed in the environment; a person ended it.
    Cancelled,
    /// A person accepted a fleet of two versions.
    ClosedMixed,
}

/// What is known of one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Nothing was done to it: it is as it was.
    #[default]
    Untouched,
    /// A step is at work on it.
    Running,
    /// Seen with the new version, or its steps ended well.
    New,
    /// Seen with the old version again.
    Old,
    /// A task failed on it.
    Failed,
    /// Could not be reached.
    Unreachable,
    /// It was touched and nobody knows what became of it.
    Unknown,
}

/// Why it waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub reason: String,
    /// Who paused it; `None`: the machine itself.
    pub by: Option<Person>,
    /// Where it goes on.
    pub resume_to: At,
    /// When it goes on by itself (Unix milliseconds).
    pub until: Option<i64>,
}

impl At {
    /// All states, a batch's at its first.
    pub const ALL: [At; 18] = [
        At::Planned,
        At::AwaitingApproval,
        At::Queued,
        At::Preparing,
        At::Deploying { batch: 0 },
        At::Gating { batch: 0 },
        At::Switching,
        At::Verifying,
        At::Paused,
        At::Stopping,
        At::Reconciling,
        At::RollingBack { batch: 0 },
        At::NeedsOperator,
        At::Succeeded,
        At::RolledBack,
        At::Failed,
        At::Cancelled,
        At::ClosedMixed,
    ];

    /// The state of this name, as the index of runs and `--json` have it.
    pub fn named(name: &str) -> Option<At> {
        Self::ALL.into_iter().find(|at| at.name() == name)
    }

    /// What it counts as for whoever does not know releases.
    pub fn counts_as(self) -> State {
        match self {
            At::Planned => State::Requested,
            At::AwaitingApproval | At::Queued => State::Queued,
            At::Stopping => State::Stopping,
            At::Succeeded => State::Succeeded,
            At::Cancelled => State::Cancelled,
            At::RolledBack | At::Failed | At::ClosedMixed => State::Failed,
            _ => State::Running,
        }
    }

    pub fn is_terminal(self) -> bool {
        matches!(self, At::Succeeded | At::RolledBack | At::Failed | At::Cancelled | At::ClosedMixed)
    }

    /// Lower-case name, as in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            At::Planned => "planned",
            At::AwaitingApproval => "awaiting_approval",
            At::Queued => "queued",
            At::Preparing => "preparing",
            At::Deploying { .. } => "deploying",
            At::Gating { .. } => "gating",
            At::Switching => "switching",
            At::Verifying => "verifying",
            At::Paused => "paused",
            At::Stopping => "stopping",
            At::Reconciling => "reconciling",
            At::RollingBack { .. } => "rolling_back",
            At::NeedsOperator => "needs_operator",
            At::Succeeded => "succeeded",
            At::RolledBack => "rolled_back",
            At::Failed => "failed",
            At::Cancelled => "cancelled",
            At::ClosedMixed => "closed_mixed",
        }
    }
}

//! What a release's events fold to: all that its screen shows and its machine decides from. The fold is in `fold`.

pub use super::event::{At, Mark, Pause};
use super::event::{Person, StepKey, StepOutcome};
use super::traffic::Report;
use crate::run::event::Rung;
use indexmap::{IndexMap, IndexSet};
use serde::{Deserialize, Serialize};

pub use crate::health::probe::Verdict;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostState {
    /// What is known of it.
    pub mark: Mark,
    /// Version that was seen last.
    pub version: Option<String>,
    /// When that mark was set (Unix milliseconds).
    pub since: i64,
    /// What was known of it before the slice that it is at work in, or was last.
    #[serde(default)]
    pub was: Mark,
    /// A step began on it since its version was seen last, or since it was settled: what it answers with is not known.
    #[serde(default)]
    pub worked: bool,
    /// Number of the event with which it was asked for its version last; 0: never.
    #[serde(default)]
    pub asked: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRun {
    pub key: StepKey,
    /// Number of its child process in the run.
    pub child: Option<u32>,
    /// Hosts that it is limited to; empty where opsdeck does not limit it.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Hosts that are left for the next try: it was transient on them.
    #[serde(default)]
    pub left: Vec<String>,
    /// How long the release had been paused in all when it began (milliseconds): its deadline moves by what came since.
    #[serde(default)]
    pub paused_ms: i64,
    /// When its intent was recorded (Unix milliseconds).
    pub began: i64,
    /// How and when it ended; `None`: it has not, as far as is known.
    pub ended: Option<(StepOutcome, i64)>,
    pub why: String,
    /// When it is tried again (Unix milliseconds).
    pub retry_at: Option<i64>,
    /// Rungs of the stop ladder that were taken on it, and when (Unix milliseconds).
    #[serde(default)]
    pub rungs: Vec<(Rung, i64)>,
}

/// The slice of hosts that is, or was last, worked on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Slice {
    /// Batch, or slice of a rollback; from 0.
    pub batch: u32,
    pub rollback: bool,
    pub hosts: Vec<String>,
    /// When its intent was recorded (Unix milliseconds).
    pub began: i64,
    /// Steps with a smaller number than this belong to an earlier try of the same batch.
    pub first_step: usize,
    /// Likewise for operations on the balancers.
    #[serde(default)]
    pub first_op: usize,
}

/// Something that was left out by a person. Holds for the visit of the state in which it was waited for, pauses included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// The gate's name, or the whole sentence of what stood in the way.
    pub what: String,
    pub gate: bool,
}

/// An operation on the balancers that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub op: super::traffic::Op,
    /// All balancers were as wanted.
    pub ok: bool,
    /// When (Unix milliseconds).
    pub at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    pub by: Person,
    /// When (Unix milliseconds).
    pub at: i64,
    /// To which approval step; `None`: to the release.
    pub step: Option<StepKey>,
    /// It has no row in the ledger, as whoever shows it has found: it does not count.
    #[serde(default)]
    pub unfounded: bool,
}

/// What a person wishes that happens at the next boundary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    pub by: Person,
    /// Which verb: `pause`, `stop_after_batch`, `stop_now`, `stop_and_roll_back`.
    pub verb: String,
    pub reason: Option<String>,
}

/// A gate after a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateState {
    pub name: String,
    pub batch: Option<u32>,
    /// Last readings, newest last, at most sixty: when (Unix milliseconds), verdict, what was got.
    pub readings: Vec<(i64, Verdict, String)>,
    /// What is needed, in words.
    pub need: String,
    /// Same verdicts one after another, counted from the newest.
    pub streak: u32,
    /// When the first of the readings in a row was made (Unix milliseconds): its window counts from there.
    pub since: i64,
    pub skipped_by: Option<Person>,
}

/// A release as its journal tells it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Release {
    /// When breakers were looked at last, and which of them were open, in words.
    pub breakers: Option<(i64, Vec<String>)>,
    /// Where it stands.
    pub at: At,
    /// Each state it entered: when (Unix milliseconds) and why, oldest first.
    pub history: Vec<(At, i64, String)>,
    pub submitted_by: Option<Person>,
    /// Digest that approvals must name.
    pub digest: String,
    pub approvals: Vec<Consent>,
    /// What the current state's guard waits for, in words.
    pub waits: Option<String>,
    /// What stands in the way, one sentence each: what a person can leave out.
    pub blocks: Vec<String>,
    /// Every host of the plan that was touched or observed.
    pub hosts: IndexMap<String, HostState>,
    /// Hosts with an intent, in order: all that may have been touched.
    pub touched: IndexSet<String>,
    /// Steps in the order in which they began.
    pub steps: Vec<StepRun>,
    /// Gates, in the order in which they were first read.
    pub gates: Vec<GateState>,
    /// Balancers as they were before the release touched them.
    pub traffic_before: Vec<Report>,
    /// Balancers as they were seen last, and when (Unix milliseconds).
    pub traffic: Vec<Report>,
    pub traffic_at: Option<i64>,
    /// Number of the event with which they were seen last; 0: never.
    pub traffic_seq: u64,
    /// A traffic operation whose outcome is not recorded; never a drain, which holds up nothing.
    pub traffic_open: Option<super::traffic::Op>,
    /// Whoever carried it out is gone, since then (Unix milliseconds): what it came to is not known.
    pub traffic_lost: Option<i64>,
    /// Sessions of the old pool are waited for.
    pub draining: bool,
    /// Why it waits for a person.
    pub pause: Option<Pause>,
    /// How long it was paused in all (milliseconds): deadlines move by it.
    pub paused_ms: i64,
    /// The step that passed the point of no return.
    pub no_return: Option<String>,
    /// When somebody let it go on last (Unix milliseconds).
    pub resumed_at: Option<i64>,
    /// `promote` was asked: no pause between batches any more.
    pub promoted: bool,
    pub rollbacks: u32,
    /// Fencing token of the environment's lease; `None` before it was got, and after it was lost.
    pub lease: Option<i64>,
    pub slice: Option<Slice>,
    /// What happens at the next boundary.
    pub wish: Option<Wish>,
    /// Guards and gates that were skipped.
    pub skips: Vec<Skip>,
    /// When hosts were asked for their version last (Unix milliseconds).
    pub observed_at: Option<i64>,
    /// Events folded so far: tells what came before what within one millisecond.
    pub seq: u64,
    /// Number of the event with which hosts were observed last; 0: never.
    pub observed_seq: u64,
    /// Number of the last end of a step.
    pub step_seq: u64,
    /// Number of the event with which it entered the state that it is in.
    pub entered_seq: u64,
    /// Traffic operations that ended, oldest first; looks are none.
    pub ops: Vec<Done>,
    /// How many of them had ended when it entered the state that it is in.
    pub entered_op: usize,
    /// How many of them had ended when this round of going back began.
    pub round_op: usize,
    /// The state that it works in, or goes on in when it is paused.
    pub working: At,
    /// When people were told last that they are needed (Unix milliseconds).
    pub paged_at: Option<i64>,
    /// Hosts that the current rollback has worked on.
    pub rolled: IndexSet<String>,
    /// Those of them that served when they were taken.
    pub taken: IndexSet<String>,
    /// Votes for what needs two people: who, and for what.
    pub votes: Vec<(Person, String)>,
    /// What a stop leads to when everything has come to rest.
    pub after_stop: Option<At>,
    /// Everything that people did, for the time line: when (Unix milliseconds), who, what, why.
    pub people: Vec<(i64, Person, String, Option<String>)>,
}

/// Can it be undone, and how; shown before the key is pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    pub possible: bool,
    /// At once, by a switch.
    pub instant: bool,
    /// Why it is instant, why not, or why it cannot be done.
    pub why: String,
    /// Hosts that it will work on.
    pub hosts: u32,
}

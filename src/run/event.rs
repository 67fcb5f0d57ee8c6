//! The journal's events: one JSON line each, in order, append-only.
//!
//! Task events are compact: full results stay in the step's `events.jsonl`, and `at` points there. Tasks are named by
//! their number in the run (the order of their `task` events, from 0), hosts by name.

pub use crate::ansible::event::Tally;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// One line of `journal.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry<'a> {
    /// Number in the journal, from 1, without gaps.
    pub seq: u64,
    /// When (Unix milliseconds). For what Ansible's callback reported: when it happened there.
    pub ts: i64,
    #[serde(flatten, borrow)]
    pub event: Event<'a>,
}

/// Where a task event came from: makes ingestion exactly-once across a restart of the supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Step (from 1).
    pub step: u32,
    /// Byte offset of the line in the step's `events.jsonl`.
    pub off: u64,
    /// Length of the line in bytes, newline included.
    pub len: u32,
}

/// Kind of the note that a host began a task and nobody knows how it went.
pub const LOST: &str = "lost";

/// What happened. `e` names the kind in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "e", rename_all = "snake_case")]
pub enum Event<'a> {
    /// The run exists; its spec is on disk.
    Requested,
    /// It was launched, or asked for something, whether or not the ledger took it.
    BreakGlass {
        /// Why, by whoever did so.
        why: String,
        /// What kept the ledger from taking its launch; `None`: it took it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        what: Option<String>,
        /// What it was asked for, in the ledger's terms; `None`: it was launched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        action: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// Another run holds its hosts.
    Queued {
        by: String,
        /// In words, for the screen.
        why: String,
    },
    Leased {
        token: i64,
    },
    /// About to start a child: the intent, fsynced before the act.
    StepIntent {
        /// Step (from 1).
        step: u32,
    },
    StepStarted {
        step: u32,
        /// Process id of the child.
        pid: u32,
    },
    /// Ansible's callback says hello: Ansible itself is running.
    Hello {
        #[serde(borrow)]
        core: Cow<'a, str>,
        /// Where from.
        #[serde(flatten)]
        src: Source,
    },
    /// What will be run, as far as is known before it runs.
    Plan {
        /// One entry a play: its name and how many tasks it has.
        plays: Vec<(String, u32)>,
        /// Where from.
        #[serde(flatten)]
        src: Source,
    },
    /// A play (or its next `serial` batch) begins.
    Play {
        #[serde(borrow)]
        name: Cow<'a, str>,
        hosts: Vec<String>,
        /// With `serial`: hosts of all batches of the play together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<u32>,
        /// Where from.
        #[serde(flatten)]
        src: Source,
    },
    /// A task begins; its number is the count of `task` events before it.
    Task {
        /// Its number in the callback's own count of its step; without one, the count of the step's `task` events before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        n: Option<u32>,
        #[serde(borrow)]
        name: Cow<'a, str>,
        /// Its action (`ansible.builtin.service`).
        #[serde(borrow)]
        action: Cow<'a, str>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        handler: bool,
        /// `file:line`.
        #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
        path: Option<Cow<'a, str>>,
        /// Where from.
        #[serde(flatten)]
        src: Source,
    },
    /// A host got a worker and began a task.
    Start {
        t: u32,
        #[serde(borrow)]
        h: Cow<'a, str>,
        /// Where from.
        #[serde(flatten)]
        src: Source,
    },
    /// A host finished a task.
    Result {
        t: u32,
        #[serde(borrow)]
        h: Cow<'a, str>,
        s: Status,
        /// Failed, but `ignore_errors` was set.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        ig: bool,
        /// The result carries a diff.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        diff: bool,
        /// Duration in milliseconds, where start was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ms: Option<u64>,
        /// For failed and unreachable: the message, sanitised and cut to one short line.
        #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
        msg: Option<Cow<'a, str>>,
        /// Where from: full result there.
        #[serde(flatten)]
        src: Source,
    },
    /// One item of a loop, a retry, a notification, an include: counted, not folded into the matrix.
    Note {
        /// Callback event name (`item_ok`, `retry`, `notify`, `include`, ...).
        #[serde(borrow)]
        k: Cow<'a, str>,
        /// Task number, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        t: Option<u32>,
        /// Host, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
        h: Option<Cow<'a, str>>,
        #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
        msg: Option<Cow<'a, str>>,
        /// Where from.
        #[serde(flatten)]
        src: Source,
    },
    Stats {
        hosts: Vec<(String, Tally)>,
        /// Where from.
        #[serde(flatten)]
        src: Source,
    },
    /// The callback or the ingest had to leave something out.
    Dropped {
        count: u64,
        why: String,
        /// Where from, if from a line of the callback.
        #[serde(flatten)]
        src: Option<Source>,
    },
    /// How far the output files had grown at this moment: gives lines their time, and stdout and stderr their order.
    Output {
        step: u32,
        /// Bytes of `stdout.log`.
        out: u64,
        /// Bytes of `stderr.log`.
        err: u64,
    },
    StopAsked {
        level: StopLevel,
        by: String,
    },
    /// A rung of the stop ladder was taken (intent, fsynced before the signal).
    Signal {
        /// Step whose child it is taken on.
        #[serde(default = "first")]
        step: u32,
        rung: Rung,
        /// In words: `SIGINT to ansible 4711`.
        what: String,
    },
    StepExited {
        step: u32,
        /// Exit code, if it exited.
        rc: Option<i32>,
        /// Signal, if one killed it.
        signal: Option<i32>,
        /// False when nobody saw it end (its step runner was killed): then neither is known.
        seen: bool,
    },
    /// The supervisor was replaced by a new one.
    Resumed {
        why: String,
    },
    /// An event of the run's own machine: only that machine knows what it means.
    Own {
        body: Json,
    },
    /// The run's own machine went over into a state of its own.
    Phase {
        /// The state's lower-case name.
        name: String,
        /// What it counts as for whoever does not know the machine. Never a terminal one: that is what `ended` is for.
        state: State,
        why: String,
    },
    Ended {
        state: State,
        why: String,
        /// Its kind, for a failure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
        /// Hosts on which something of ours may still run.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        maybe_running_on: Vec<String>,
    },
    /// Written by a newer version: kept, not understood.
    #[serde(other)]
    Unknown,
}

impl Event<'_> {
    /// Where a task event came from.
    pub fn source(&self) -> Option<Source> {
        match self {
            Event::Hello { src, .. }
            | Event::Plan { src, .. }
            | Event::Play { src, .. }
            | Event::Task { src, .. }
            | Event::Start { src, .. }
            | Event::Result { src, .. }
            | Event::Note { src, .. }
            | Event::Stats { src, .. } => Some(*src),
            Event::Dropped { src, .. } => *src,
            _ => None,
        }
    }
}

/// A signal of a version that knew only one step.
fn first() -> u32 {
    1
}

/// JSON text that is kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(pub String);

impl Serialize for Json {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(deserializer).map(|value| Json(value.to_string()))
    }
}

impl Failure {
    /// Lower-case name, as in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Failure::HostsFailed => "hosts_failed",
            Failure::Unreachable => "unreachable",
            Failure::Ansible => "ansible",
            Failure::Killed => "killed",
            Failure::Timeout => "timeout",
            Failure::Launch => "launch",
            Failure::Lost => "lost",
        }
    }
}

/// How a host finished a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    Changed,
    /// Failed (a `rescue` may still save the host).
    Failed,
    /// Could not be reached.
    Unreachable,
    /// Not run, by a condition.
    Skipped,
}

/// Rungs of the stop ladder, gentlest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopLevel {
    /// Let the running task finish on every host, start no other.
    AfterTask,
    Interrupt,
    /// Kill every worker's own process group, then Ansible.
    Kill,
}

/// What the stop ladder did. A [`StopLevel`] is what a person asks for; it may take several rungs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The stop file was written: Ansible stops itself before its next task.
    File,
    Interrupt,
    Terminate,
    /// SIGKILL to everything that the step started.
    Kill,
    /// The step's own timeout was over.
    Timeout,
}

/// Kinds of failure that a person treats differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// A task failed on some host.
    HostsFailed,
    /// Hosts could not be reached, and none failed otherwise.
    Unreachable,
    /// Ansible itself gave up (syntax, vault, options, a crash): no or not all tasks ran.
    Ansible,
    /// Killed by a signal that opsdeck did not send.
    Killed,
    /// It took longer than its timeout, and was stopped for that.
    Timeout,
    /// The control host could not start it (no ansible, no such folder ...).
    Launch,
    /// The control host rebooted, or the evidence is gone.
    Lost,
}

/// States of an ad-hoc or playbook run, and what the states of every other kind of run count as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its spec is on disk, nothing else happened.
    #[default]
    Requested,
    Queued,
    /// The child is being started; Ansible has not reported yet.
    Starting,
    Running,
    /// Somebody asked to stop it; it is not gone yet.
    Stopping,
    /// Ansible ended well and something ran.
    Succeeded,
    /// It failed; `failure` says how.
    Failed,
    /// Nothing ran, whatever the exit code.
    NothingRan,
    Cancelled,
    /// How it ended cannot be known.
    Unknown,
}

impl State {
    /// All states, in the order in which a run passes them.
    pub const ALL: [State; 10] = [
        State::Requested,
        State::Queued,
        State::Starting,
        State::Running,
        State::Stopping,
        State::Succeeded,
        State::Failed,
        State::NothingRan,
        State::Cancelled,
        State::Unknown,
    ];

    pub fn is_terminal(self) -> bool {
        matches!(self, State::Succeeded | State::Failed | State::NothingRan | State::Cancelled | State::Unknown)
    }

    /// Lower-case name, as in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            State::Requested => "requested",
            State::Queued => "queued",
            State::Starting => "starting",
            State::Running => "running",
            State::Stopping => "stopping",
            State::Succeeded => "succeeded",
            State::Failed => "failed",
            State::NothingRan => "nothing_ran",
            State::Cancelled => "cancelled",
            State::Unknown => "unknown",
        }
    }
}

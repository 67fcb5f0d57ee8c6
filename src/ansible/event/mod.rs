//! What the callback plugin wrote, line by line. Pure; text in it comes from hosts and is hostile until `text` made
//! it safe. Unknown events and unknown fields are tolerated: the plugin of a newer opsdeck may have written them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One line of `events.jsonl`.
#[derive(Debug, Clone)]
pub struct CallbackEvent<'a> {
    /// Number in this file, from 1; a gap means that lines were lost.
    pub n: u64,
    /// When (Unix milliseconds).
    pub t: i64,
    /// The same moment on a clock that never jumps (milliseconds since boot): for durations.
    pub m: u64,
    pub what: What<'a>,
}

#[derive(Debug, Clone)]
pub enum What<'a> {
    /// First line: Ansible runs.
    Hello(Hello<'a>),
    /// What will run, as far as is known before: one entry a play.
    Plan(Vec<PlanPlay<'a>>),
    /// A play, or its next `serial` batch (then with the same `id`).
    Play {
        name: Cow<'a, str>,
        /// Ansible's id of the play.
        id: Cow<'a, str>,
        /// Hosts of this batch, resolved, in Ansible's order.
        hosts: Vec<Cow<'a, str>>,
        /// With `serial`: hosts of all batches together.
        of: Option<u32>,
        /// Strategy (`linear`, `free` ...).
        strategy: Cow<'a, str>,
    },
    Task(Task<'a>),
    /// A host got a worker for a task.
    Start {
        /// Task number; `None` for a task that was never announced.
        task: Option<u32>,
        host: Cow<'a, str>,
    },
    /// A host finished a task.
    Result(Outcome, HostResult<'a>),
    /// One item of a loop.
    Item(Outcome, HostResult<'a>),
    /// An attempt failed and the task is tried again.
    Retry(HostResult<'a>),
    /// News of a job in the background: `async_poll`, `async_ok` or `async_failed`.
    Async(Cow<'a, str>, HostResult<'a>),
    /// A file was included for these hosts.
    Include {
        file: Cow<'a, str>,
        hosts: Vec<Cow<'a, str>>,
    },
    /// A handler was notified (told when handlers are about to run).
    Notify {
        handler: Cow<'a, str>,
        host: Cow<'a, str>,
    },
    /// The play's pattern matched no host.
    NoHostsMatched,
    /// Every host of the play has failed.
    NoHostsRemaining,
    /// Ansible asks for a variable (on a terminal that a background run does not have).
    VarsPrompt {
        name: Cow<'a, str>,
        /// Its answer is not echoed.
        private: bool,
        prompt: Cow<'a, str>,
    },
    Stats(BTreeMap<Cow<'a, str>, Tally>),
    /// A host began a task and nobody knows how it went (ours, never Ansible's).
    Lost(HostResult<'a>),
    /// The stop file was found between two tasks; no other task starts.
    Stopped,
    /// A signal arrived; no recap follows.
    Interrupted {
        signal: i32,
    },
    Dropped {
        /// How many. Those that it could not write had numbers; of others nobody heard.
        count: u64,
        why: Cow<'a, str>,
    },
    /// Something that this version does not know.
    Unknown(Cow<'a, str>),
}

impl What<'_> {
    /// The number of the task to which it belongs, where it moves a host.
    pub fn of_task(&self) -> Option<u32> {
        match self {
            What::Start { task, .. } => *task,
            What::Result(_, result) | What::Lost(result) => result.task,
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hello<'a> {
    pub core: Cow<'a, str>,
    pub pid: u32,
    pub python: Cow<'a, str>,
    /// The configuration file in effect.
    pub config: Option<Cow<'a, str>>,
    /// `--check`.
    pub check: bool,
    /// `--diff`.
    pub diff: bool,
    /// `--forks`.
    pub forks: Option<u32>,
}

/// A play before it runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PlanPlay<'a> {
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub hosts: Cow<'a, str>,
    /// How many tasks it will announce (`None`: cannot be known). Included files, loops over includes and handlers
    /// are not in it, and each `serial` batch repeats it: an estimate.
    #[serde(default)]
    pub tasks: Option<u32>,
}

/// A task as it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task<'a> {
    /// Its number in this file, from 0, without gaps.
    pub number: u32,
    /// Rendered name, with the role's name before it.
    pub name: Cow<'a, str>,
    /// Action, as written (`service`, `ansible.builtin.copy`).
    pub action: Cow<'a, str>,
    pub handler: bool,
    /// `file:line`.
    pub path: Option<Cow<'a, str>>,
}

/// One host's part of a result.
#[derive(Debug, Clone)]
pub struct HostResult<'a> {
    /// Task number; `None` for a task that was never announced (its name is then in `name`).
    pub task: Option<u32>,
    pub host: Cow<'a, str>,
    /// Task name, only where `task` is `None`.
    pub name: Option<Cow<'a, str>>,
    pub changed: bool,
    /// Failed or unreachable, and the task says to ignore it.
    pub ignored: bool,
    /// A diff is in the result, or was in one of its items.
    pub diff: bool,
    /// Host that did the work in this host's place.
    pub delegated_to: Option<Cow<'a, str>>,
    /// The item of a loop, as text.
    pub item: Option<Cow<'a, str>>,
    /// The result itself, cut where it was large.
    pub body: Option<&'a RawValue>,
}

/// How a host finished a task, or an item of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    Changed,
    Failed,
    Unreachable,
    Skipped,
}

/// A host's line of the recap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    pub ok: u32,
    pub changed: u32,
    pub failed: u32,
    pub unreachable: u32,
    pub skipped: u32,
    pub rescued: u32,
    pub ignored: u32,
}

/// As the callback writes it, to be short.
impl From<[u32; 7]> for Tally {
    fn from([ok, changed, failed, unreachable, skipped, rescued, ignored]: [u32; 7]) -> Self {
        Self { ok, changed, failed, unreachable, skipped, rescued, ignored }
    }
}

/// Why a line is not an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No JSON, or not an object with the fields that every event has.
    #[error("not an event of opsdeck's callback: {0}")]
    Malformed(String),
    /// The event is known but this field is missing.
    #[error("a `{event}` event without `{field}`")]
    Missing { event: &'static str, field: &'static str },
}

impl HostResult<'_> {
    /// The result's message for a person: `msg`, else the end of `stderr`, else of `stdout`, else `reason`.
    /// Raw: not yet safe for a terminal.
    pub fn message(&self) -> Option<String> {
        super::result::message(self.body?.get())
    }
}

mod decode;
pub use decode::decode;
#[cfg(test)]
mod tests;

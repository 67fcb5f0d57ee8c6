//! What a run's journal folds to: the one truth that every view shows. What the events of a run's own machine mean is
//! that machine's business: they are kept here as they are.

pub use super::event::State;
use super::event::{Failure, Rung, Status, StopLevel, Tally};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// A run as its journal tells it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunState {
    /// Where it stands.
    pub state: State,
    /// Each state that it entered and when (Unix milliseconds), oldest first.
    pub history: Vec<(State, i64)>,
    pub seq: u64,
    /// Time of the last event (Unix milliseconds).
    pub updated_at: i64,
    pub rc: Option<i32>,
    pub signal: Option<i32>,
    /// Why it is in this state, in words.
    pub why: Option<String>,
    pub failure: Option<Failure>,
    /// Version of ansible-core, once it said hello.
    pub core: Option<String>,
    /// Strongest stop that was asked.
    pub stop: Option<StopLevel>,
    /// Rungs of the stop ladder that were taken, and when (Unix milliseconds).
    pub rungs: Vec<(Rung, i64)>,
    /// Steps with an intent, by number, in the order of their intents.
    pub steps: IndexMap<u32, StepState>,
    /// Fencing token of the lease that it got last.
    pub lease: Option<i64>,
    /// State of the run's own machine, by its name there.
    pub phase: Option<String>,
    /// Each of those states that it entered and when (Unix milliseconds), oldest first.
    pub phases: Vec<(String, i64)>,
    /// Events of the run's own machine: when (Unix milliseconds) and what, as JSON.
    pub own: Vec<(i64, String)>,
    /// How often the supervisor was replaced.
    pub resumed: u32,
    /// Who holds the hosts, while it is queued.
    pub queued_by: Option<String>,
    /// Hosts on which something may still run after a stop.
    pub maybe_running_on: Vec<String>,
    /// Plan: play name and number of tasks, as far as known before the run.
    pub plan: Vec<(String, u32)>,
    /// Hosts that took part, in order of appearance.
    pub hosts: IndexMap<String, HostState>,
    /// Plays (and `serial` batches) that began.
    pub plays: Vec<PlayState>,
    /// Tasks that began, in order.
    pub tasks: Vec<TaskState>,
    /// Events that were lost on the way; shown, never hidden.
    pub dropped: u64,
    /// When a host last finished a task (Unix milliseconds).
    pub result_at: Option<i64>,
    /// Ansible's recap was seen: every host's outcome is complete. With several steps: of the one that spoke last.
    pub recap: bool,
    /// How far output had grown: (ts, step, stdout bytes, stderr bytes), oldest first.
    pub output: Vec<(i64, u32, u64, u64)>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct HostState {
    /// Counts so far over all steps; Ansible's own for each whose recap was seen.
    pub tally: Tally,
    /// Task that runs on it now; in a run that ended: that began and never gave a result.
    pub running: Option<u32>,
    /// First failure: task number and message.
    pub failed: Option<(u32, String)>,
}

/// One play (or batch).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PlayState {
    pub name: String,
    pub hosts: u32,
    /// For a batch (`serial`): number of hosts of all batches of the play together.
    pub of: Option<u32>,
    /// Number of its first task.
    pub first_task: u32,
    /// When it began (Unix milliseconds).
    pub started_at: i64,
}

/// One task: a row of the matrix.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TaskState {
    pub name: String,
    pub action: String,
    /// `file:line`.
    pub path: Option<String>,
    pub handler: bool,
    /// Index in `plays`.
    pub play: u32,
    /// When it began (Unix milliseconds).
    pub started_at: i64,
    /// When its last result came.
    pub ended_at: Option<i64>,
    pub counts: Counts,
    /// One cell a host, by the host's index in `RunState::hosts`; shorter than that for hosts that came later.
    pub(super) cells: Vec<Cell>,
}

/// Counts of a task over its hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    pub running: u32,
    pub ok: u32,
    pub changed: u32,
    pub failed: u32,
    pub unreachable: u32,
    pub skipped: u32,
    pub ignored: u32,
}

/// A cell of the host-by-task matrix, packed: a matrix of a million cells is 16 MB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cell {
    pub status: CellStatus,
    /// Step whose `events.jsonl` has the full result; 0 for none.
    pub step: u16,
    /// Length of that line in bytes.
    pub len: u32,
    /// Its byte offset.
    pub off: u64,
}

/// What is known of one host at one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[repr(u8)]
pub enum CellStatus {
    /// Not begun, or not part of it.
    #[default]
    None,
    /// Has a worker, no result yet.
    Running,
    Ok,
    Changed,
    Failed,
    /// Failed, and `ignore_errors` was set.
    Ignored,
    Unreachable,
    Skipped,
    /// Was running when the run ended without a result: nobody knows.
    Unknown,
}

impl From<Status> for CellStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok => CellStatus::Ok,
            Status::Changed => CellStatus::Changed,
            Status::Failed => CellStatus::Failed,
            Status::Unreachable => CellStatus::Unreachable,
            Status::Skipped => CellStatus::Skipped,
        }
    }
}

impl TaskState {
    /// True for a `meta` task (`flush_handlers` ...) without a result: it is Ansible's own doing, on no host.
    pub fn is_silent(&self) -> bool {
        let meta = matches!(self.action.as_str(), "meta" | "ansible.builtin.meta" | "ansible.legacy.meta");
        meta && self.counts == Counts::default()
    }

    /// The cell of a host, by its index in [`RunState::hosts`].
    pub fn cell(&self, host: usize) -> Cell {
        self.cells.get(host).copied().unwrap_or_default()
    }

    /// Sets a cell, growing the row as needed. For the fold, and for tests of views.
    pub fn set_cell(&mut self, host: usize, cell: Cell) {
        if self.cells.len() <= host {
            self.cells.resize(host + 1, Cell::default());
        }
        self.cells[host] = cell;
    }
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StepState {
    /// Process id of the child; `None`: it is not known to have been started.
    pub pid: Option<u32>,
    /// When its intent was recorded (Unix milliseconds).
    pub intent_at: i64,
    /// When it was started (Unix milliseconds).
    pub started_at: Option<i64>,
    /// It ended; true if somebody saw how.
    pub exited: Option<bool>,
    pub rc: Option<i32>,
    /// Rungs of the stop ladder that were taken on it, and when (Unix milliseconds).
    pub rungs: Vec<(Rung, i64)>,
    pub recap: bool,
    /// A play was broken off for all its hosts: what followed ran on none of them.
    #[serde(default)]
    pub cut: bool,
    /// Its part of each host, by the host's index in [`RunState::hosts`]; shorter than that for hosts that came later.
    pub(super) hosts: Vec<StepHost>,
}

/// One host in one step.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StepHost {
    /// It was named by a play, or something was heard of it.
    pub part: bool,
    /// Counts in this step so far; Ansible's own once its recap was seen.
    pub tally: Tally,
    /// Task that runs on it now; in a step that ended: that began and never gave a result.
    pub running: Option<u32>,
}

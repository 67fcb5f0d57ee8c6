//! What the hosts of a run said, folded: hosts with equal output are one group with a count, and lines that differ from
//! what most hosts said are marked. The same for the command line and the screen.

mod groups;
mod marks;

pub use groups::{Group, Line, Mark, fold};

use super::state::{Cell, CellStatus, RunState};
use super::{Follower, result};
use crate::state::RunDir;
use serde::Serialize;
use serde_json::Value;

/// How it ended on a host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Code(i64),
    /// It gave no code: failed otherwise.
    Failed,
    /// It has not ended yet.
    Running,
    Unknown,
    /// It was not reached.
    Unreachable,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub host: String,
    pub end: End,
    /// What it printed (both outputs), or why there is none: lines that are safe for a terminal.
    pub lines: Vec<String>,
    /// Digest of what was not kept; empty where everything was.
    pub digest: String,
}

/// What each host said at its last task that began. Reads the results from the run's folder.
pub fn read(run: &Follower) -> Vec<Output> {
    let state = &run.state;
    let of = |index: usize| output(run.dir(), state, index);
    (0..state.hosts.len()).filter_map(of).collect()
}

/// What the host of this index said; `None` before anything began there.
pub fn output(dir: &RunDir, state: &RunState, index: usize) -> Option<Output> {
    let (host, _) = state.hosts.get_index(index)?;
    let cell = last_cell(state, index)?;
    Some(at(dir, host, cell))
}

/// What a host said at a cell.
pub fn at(dir: &RunDir, host: &str, cell: Cell) -> Output {
    let body = result(dir, cell).ok().flatten().and_then(|mut event| event.get_mut("r").map(Value::take));
    of_result(host, cell.status, body.as_ref().unwrap_or(&Value::Null))
}

/// The cell that tells what the host of this index said last; `None` before anything began there.
pub fn last_cell(state: &RunState, index: usize) -> Option<Cell> {
    state.tasks.iter().rev().map(|task| task.cell(index)).find(|cell| cell.status != CellStatus::None)
}

/// From a cell and its result.
pub fn of_result(host: &str, status: CellStatus, body: &Value) -> Output {
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let end = match (status, body.get("rc").and_then(Value::as_i64)) {
        (CellStatus::Running, _) => End::Running,
        (CellStatus::Unreachable, _) => End::Unreachable,
        (CellStatus::Unknown, _) => End::Unknown,
        (_, Some(rc)) => End::Code(rc),
        (CellStatus::Failed, None) => End::Failed,
        (_, None) => End::Code(0),
    };
    let mut parts: Vec<&str> = ["stdout", "stderr"].map(text).into_iter().filter(|t| !t.is_empty()).collect();
    let tells = !matches!(end, End::Code(_) | End::Running) || parts.is_empty() && end != End::Code(0);
    let msg = text("msg");
    if tells && !msg.is_empty() {
        parts.push(msg);
    }
    let lines = parts.iter().flat_map(|part| crate::text::plain_lines(part)).collect();
    let digest = format!("{}{}", text("stdout_digest"), text("stderr_digest"));
    Output { host: host.to_owned(), end, lines, digest }
}

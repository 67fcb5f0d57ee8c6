//! What a run with `--diff` changed, or would change, in one digest: the audit ledger keeps it, the run's own files keep the
//! diffs.

use super::{RunState, result};
use crate::audit::{canonical, hex};
use crate::state::RunDir;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// SHA-256 (hex) of the diffs of all tasks in their order, within a task by host: a line of canonical JSON each. `None`: there
/// was none, or one cannot be read any more.
pub fn digest(dir: &RunDir, state: &RunState) -> Option<String> {
    let (mut all, mut any) = (Sha256::new(), false);
    for task in &state.tasks {
        let mut lines = Vec::new();
        for (n, host) in state.hosts.keys().enumerate() {
            let Some(result) = result(dir, task.cell(n)).ok()? else { continue };
            let diffs = diffs(&result["r"]);
            if !diffs.is_empty() {
                lines.push(canonical(&json!([task.name, host, diffs])) + "\n");
            }
        }
        lines.sort_unstable();
        any |= !lines.is_empty();
        lines.iter().for_each(|line| all.update(line.as_bytes()));
    }
    any.then(|| hex(&all.finalize()))
}

/// Of a task, and of each item of its loop.
fn diffs(result: &Value) -> Vec<&Value> {
    let items = result["results"].as_array().into_iter().flatten();
    let own = std::iter::once(result).chain(items).map(|one| &one["diff"]);
    own.filter(|diff| !diff.is_null()).collect()
}

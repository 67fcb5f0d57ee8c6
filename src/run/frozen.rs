//! What a run does was frozen when it was launched, and its digest stands in the row of the launch: whoever begins something by
//! the run's files holds them against it.

use super::RunSpec;
use crate::audit::{self, Action, Ledger, Phase, launched};
use crate::state::StateDir;
use serde_json::Value;
use std::io;

/// Why the files of a run are not those that were launched; `None`: they are, or no row says what was (an earlier version
/// launched it, or break-glass).
///
/// # Errors
/// They, or the ledger, cannot be read.
pub fn differs(store: &StateDir, spec: &RunSpec) -> io::Result<Option<String>> {
    let launch = match Ledger::open_to_read(&store.audit()) {
        Err(audit::Error::Absent { .. }) => return Ok(None),
        other => other.and_then(|ledger| ledger.find(spec.id, Action::RunLaunch, Phase::Intent)),
    };
    let Some(row) = launch.map_err(io::Error::other)? else { return Ok(None) };
    let said = row.entry.metadata.get(launched::FROZEN).and_then(Value::as_str);
    let Some(said) = said.filter(|said| launched::is_digest(said)) else { return Ok(None) };
    let dir = store.run(spec.id);
    Ok((!launched::is_same(&dir, said)?).then(|| {
        let (path, row) = (dir.path().display(), row.entry.seq);
        format!("spec.yaml or the step's command in {path} is not what was launched: row {row} of the ledger has another digest")
    }))
}

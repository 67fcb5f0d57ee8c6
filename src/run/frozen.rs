//! What a run does was frozen when it was launched: one digest over `spec.yaml` (but for where its folder lies, which is known
//! later) and the command of its first step, if the launcher wrote that down. It stands in the row of the launch; whoever begins
//! something by these files holds them against it.

use super::RunSpec;
use crate::audit::{self, Action, Ledger, Phase};
use crate::open;
use crate::state::{RunDir, StateDir, file};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io;

/// The name of the digest in the row of a launch.
pub const ROW: &str = "frozen";
/// Length of a digest, written down.
const HEX: usize = 64;
/// The last key of `spec.yaml`, written when the folder is made.
const HOME: &str = "\nhome:\n";

/// The digest of a spec's text without its home, and of the first step's command. Lowercase hex.
pub fn digest(spec: &str, command: Option<&[u8]>) -> String {
    let spec = spec.trim_end();
    let mut sum = Sha256::new();
    // The length keeps the two apart.
    sum.update((spec.len() as u64).to_le_bytes());
    sum.update(spec);
    sum.update(command.unwrap_or_default());
    audit::hex(&sum.finalize())
}

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
    let digest = row.entry.metadata.get(ROW).and_then(Value::as_str);
    // One that was taken out of the row says nothing any more.
    let Some(digest) = digest.filter(|said| said.len() == HEX) else { return Ok(None) };
    let dir = store.run(spec.id);
    Ok((of(&dir, spec.work.ask().is_some())? != digest).then(|| {
        let (path, row) = (dir.path().display(), row.entry.seq);
        format!("spec.yaml or the step's command in {path} is not what was launched: row {row} of the ledger has another digest")
    }))
}

/// The digest of what lies there.
fn of(dir: &RunDir, has_command: bool) -> io::Result<String> {
    let text = open::text_own(&dir.spec(), open::WRITTEN)?;
    let (spec, home) = text.split_once(HOME).unwrap_or((&text, ""));
    // Whatever does not belong to the home is of the spec.
    let spec = match home.lines().all(|line| line.starts_with(' ')) {
        true => spec,
        false => &text,
    };
    let command = has_command.then(|| file::read_own(&dir.step(1).command())).transpose()?;
    Ok(digest(spec, command.as_deref()))
}

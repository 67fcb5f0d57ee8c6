//! What a run was launched to do, as the ledger holds it: one digest over `spec.yaml` (but for where its folder lies, which is
//! known later) and the command of its first step, if the launcher wrote that down. What they mean is not known here.

use super::chain;
use crate::open;
use crate::state::RunDir;
use sha2::{Digest, Sha256};
use std::io;

/// The name of the digest in the row of a launch.
pub const FROZEN: &str = "frozen";
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
    chain::hex(&sum.finalize())
}

/// True for what can be a digest: one that was taken out of its row says nothing any more.
pub fn is_digest(text: &str) -> bool {
    text.len() == HEX
}

/// True if `said` is the digest of what lies in a run's folder. Of a run whose launcher wrote down no command there is none in
/// it, whatever its first step came to be.
///
/// # Errors
/// It cannot be read.
pub fn is_same(dir: &RunDir, said: &str) -> io::Result<bool> {
    let text =
        open::text_own(&dir.spec(), open::WRITTEN).map_err(|e| crate::state::file::at(&dir.spec(), "read", e))?;
    let (spec, home) = text.split_once(HOME).unwrap_or((&text, ""));
    // Whatever does not belong to the home is of the spec.
    let spec = match home.lines().all(|line| line.starts_with(' ')) {
        true => spec,
        false => &text,
    };
    if digest(spec, None) == said {
        return Ok(true);
    }
    match open::read_own(&dir.step(1).command(), open::WRITTEN) {
        Ok(command) => Ok(digest(spec, Some(&command)) == said),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(crate::state::file::at(&dir.step(1).command(), "read", e)),
    }
}

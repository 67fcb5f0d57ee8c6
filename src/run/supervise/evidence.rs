//! What else tells how a step went: the end of what it printed.

use crate::open;
use crate::run::verdict::Evidence;
use crate::state::StepDir;
use std::io;
use std::os::unix::fs::FileExt;

/// So much of stderr is looked at to tell why Ansible gave up (bytes).
const EVIDENCE: u64 = 16 << 10;

/// The end of what a step printed on stderr.
pub fn evidence(dir: &StepDir) -> Evidence {
    let read = || -> io::Result<Vec<u8>> {
        let file = open::own(&dir.stderr())?;
        let size = file.metadata()?.len();
        let mut bytes = vec![0; size.min(EVIDENCE) as usize];
        file.read_exact_at(&mut bytes, size.saturating_sub(EVIDENCE))?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let lines = crate::text::plain_lines(&String::from_utf8_lossy(&bytes));
    Evidence { stderr: lines.join("\n") }
}

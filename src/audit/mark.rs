//! Marks: files beside the ledger that say up to where it was read, and what was open there. They save reading it all again
//! and are only believed as long as the ledger still has the row that they name. Whoever may write the ledger may write them:
//! they are evidence, no barrier.

use super::chain::Head;
use super::pairs::Pairs;
use crate::state::file;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Most bytes of a mark that are read.
const MOST: u64 = 64 << 20;

/// Up to where, and what was open there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The last row that was read.
    pub head: Head,
    /// What was open after it.
    pub pairs: Pairs,
}

/// `audit.verified` beside `audit.db`: up to where it was verified last.
pub(super) fn verified(ledger: &Path) -> PathBuf {
    ledger.with_extension("verified")
}

fn open(ledger: &Path) -> PathBuf {
    ledger.with_extension("open")
}

/// Where open intents were looked for last; anything wrong with it only means that all is read again.
pub(super) fn read_open(ledger: &Path) -> Option<Mark> {
    read(&open(ledger)).unwrap_or_else(|why| {
        tracing::warn!("{why}; the whole ledger is read instead");
        None
    })
}

/// Keeps it. A failure only means that more is read the next time.
pub(super) fn keep_open(ledger: &Path, mark: &Mark) {
    if let Err(error) = write(&open(ledger), mark) {
        tracing::warn!(%error, "what is open in the audit ledger could not be kept");
    }
}

/// What a mark says; `None`: there is none. The error names the file.
pub(super) fn read(path: &Path) -> Result<Option<Mark>, String> {
    let said = |why: String| format!("{}: {why}", path.display());
    let bytes = match crate::open::read_own(path, MOST) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(said(e.to_string())),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| said(e.to_string()))
}

pub(super) fn write(path: &Path, mark: &Mark) -> std::io::Result<()> {
    file::write_whole(path, &serde_json::to_vec(mark).map_err(std::io::Error::from)?)
}

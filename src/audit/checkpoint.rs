//! The checkpoint: the newest head of the chain, in a file of its own, against which a cut tail shows.
//!
//! It is written after its row is on the disk, so it is never ahead of the ledger. The line has a fixed width and is written
//! in place: half of it cannot be on the disk, and one flush is enough.

use super::chain::{Head, hex};
use super::commit::Hash;
use crate::state::file;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// `audit.checkpoint` beside `audit.db`.
pub fn path(ledger: &Path) -> PathBuf {
    ledger.with_extension("checkpoint")
}

/// What the file says; `None`: there is none. An unreadable one is reported in words.
pub fn read(ledger: &Path) -> Result<Option<Head>, String> {
    let path = path(ledger);
    match crate::open::text_own(&path, crate::open::WORD) {
        Ok(text) => match text.trim().parse() {
            Ok(head) => Ok(Some(head)),
            Err(why) => Err(format!("{}: {why}", path.display())),
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("{}: {e}", path.display())),
    }
}

/// Moves the checkpoint to the row just appended, unless it disagrees with the ledger: then it is evidence and stays.
///
/// A failure is not fatal: the checkpoint is then only older than it could be, and the record itself is on the disk.
pub fn advance(
    ledger: &Path,
    before: (i64, Hash),
    now: (i64, Hash),
    hash_at: impl Fn(i64) -> rusqlite::Result<Option<Hash>>,
) {
    if now.0 == before.0 {
        return;
    }
    let old = read(ledger);
    let agrees = match &old {
        Ok(None) => true,
        Ok(Some(old)) if old.seq == before.0 => old.hash == hex(&before.1),
        Ok(Some(old)) if old.seq < before.0 => {
            hash_at(old.seq).is_ok_and(|hash| hash.map(|h| hex(&h)).as_ref() == Some(&old.hash))
        }
        Ok(Some(_)) | Err(_) => false,
    };
    if agrees {
        let line = format!("{:020}:{}\n", now.0, hex(&now.1));
        let written = match old {
            Ok(None) => file::write_whole(&path(ledger), line.as_bytes()),
            _ => overwrite(&path(ledger), line.as_bytes()),
        };
        if let Err(error) = written {
            tracing::warn!(%error, "the audit checkpoint could not be written");
        }
    }
}

fn overwrite(path: &Path, line: &[u8]) -> io::Result<()> {
    let written = (|| {
        let file = std::fs::OpenOptions::new().write(true).custom_flags(nofollow()).open(path)?;
        file.write_all_at(line, 0)?;
        file.sync_data()
    })();
    written.map_err(|e| file::at(path, "write", e))
}

/// A link or a pipe in its place is no checkpoint, and nobody waits for it.
fn nofollow() -> i32 {
    (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits().cast_signed()
}

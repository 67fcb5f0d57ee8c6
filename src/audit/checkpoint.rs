//! The checkpoint: the newest head of the chain, in a file of its own, against which a cut tail shows.

use super::verify::Head;
use crate::state::file;
use rusqlite::{Connection, OptionalExtension};
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
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("{}: {e}", path.display())),
    }
}

/// Moves the checkpoint to the row just appended, unless it disagrees with the ledger: then it is evidence and stays.
///
/// A failure is not fatal: the checkpoint is then only older than it could be, and the record itself is on the disk.
pub fn advance(ledger: &Path, db: &Connection, before: (i64, &str), now: (i64, &str)) {
    let agrees = match read(ledger) {
        Ok(None) => true,
        Ok(Some(old)) if old.seq == before.0 => old.hash == before.1,
        Ok(Some(old)) if old.seq < before.0 => hash_at(db, old.seq).as_deref() == Some(old.hash.as_str()),
        Ok(Some(_)) | Err(_) => false,
    };
    if agrees {
        let head = Head { seq: now.0, hash: now.1.to_owned() };
        if let Err(error) = file::write_whole(&path(ledger), format!("{head}\n").as_bytes()) {
            tracing::warn!(%error, "the audit checkpoint could not be written");
        }
    }
}

fn hash_at(db: &Connection, seq: i64) -> Option<String> {
    db.query_row("SELECT hash FROM audit WHERE seq = ?1", [seq], |row| row.get(0)).optional().ok().flatten()
}

//! `snapshot.bin`: a folded state and the place in the journal up to which it holds. Only ever a cache for who looks:
//! what is not whole, of another run, or does not fit the journal is thrown away, and the journal is folded anew. Nothing
//! is decided by it.
//!
//! A checksum (CRC-32) over the run's id and all that follows comes first, then the head, then the state. It is there for
//! flipped bits and torn writes; who can write the file can write another checksum.

use super::state::RunState;
use crate::open;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use uuid::Uuid;

/// Changes whenever `RunState` or this file's layout does: an older snapshot is then not read.
const FORMAT: u32 = 5;
/// So many bytes of the journal before the snapshot's place are hashed: enough to tell another journal apart, and
/// cheap to check.
const TAIL: u64 = 4096;

#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    offset: u64,
    seq: u64,
    tail: [u8; 32],
}

/// Bytes of the checksum.
const SUM: usize = 4;

/// Writes the snapshot of a run's state that holds up to byte `offset` of the journal.
///
/// # Errors
/// It cannot be written.
pub fn save(snapshot: &Path, run: Uuid, journal: &Path, offset: u64, state: &RunState) -> io::Result<()> {
    let head = Head { format: FORMAT, offset, seq: state.seq, tail: tail(journal, offset)? };
    let mut bytes = postcard::to_extend(&head, vec![0; SUM])
        .and_then(|bytes| postcard::to_extend(state, bytes))
        .map_err(|e| io::Error::other(format!("cannot encode a snapshot: {e}")))?;
    let sum = sum(run, &bytes[SUM..]);
    bytes[..SUM].copy_from_slice(&sum);
    crate::state::file::write_cache(snapshot, &bytes)
}

/// The run's state and the byte of the journal after it, if there is a snapshot and it fits.
pub fn load(snapshot: &Path, run: Uuid, journal: &Path) -> Option<(RunState, u64)> {
    let bytes = open::read_own(snapshot, open::SNAPSHOT).ok()?;
    let (said, content) = bytes.split_at_checked(SUM)?;
    if *said != sum(run, content) {
        return None;
    }
    let (head, rest) = postcard::take_from_bytes::<Head>(content).ok()?;
    if head.format != FORMAT || tail(journal, head.offset).ok()? != head.tail {
        return None;
    }
    let state: RunState = postcard::from_bytes(rest).ok()?;
    (state.seq == head.seq).then_some((state, head.offset))
}

fn sum(run: Uuid, content: &[u8]) -> [u8; SUM] {
    let mut sum = crc32fast::Hasher::new();
    sum.update(run.as_bytes());
    sum.update(content);
    sum.finalize().to_le_bytes()
}

fn tail(journal: &Path, offset: u64) -> io::Result<[u8; 32]> {
    let from = offset.saturating_sub(TAIL);
    let mut bytes = vec![0; (offset - from) as usize];
    open::own(journal)?.read_exact_at(&mut bytes, from)?;
    Ok(Sha256::digest(&bytes).into())
}

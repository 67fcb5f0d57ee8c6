//! `snapshot.bin`: a folded state and the place in the journal up to which it holds. Only ever a cache: what does not
//! fit the journal byte for byte is thrown away, and the journal is folded anew.

use super::state::RunState;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Changes whenever `RunState` or this file's layout does: an older snapshot is then not read.
const FORMAT: u32 = 3;
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

/// Writes the snapshot of a state that holds up to byte `offset` of the journal.
pub fn save(snapshot: &Path, journal: &Path, offset: u64, state: &RunState) -> io::Result<()> {
    let head = Head { format: FORMAT, offset, seq: state.seq, tail: tail(journal, offset)? };
    let bytes = postcard::to_stdvec(&head)
        .and_then(|bytes| postcard::to_extend(state, bytes))
        .map_err(|e| io::Error::other(format!("cannot encode a snapshot: {e}")))?;
    crate::state::file::write_cache(snapshot, &bytes)
}

/// The state and the byte of the journal after it, if there is a snapshot and it fits.
pub fn load(snapshot: &Path, journal: &Path) -> Option<(RunState, u64)> {
    let bytes = std::fs::read(snapshot).ok()?;
    let (head, rest) = postcard::take_from_bytes::<Head>(&bytes).ok()?;
    if head.format != FORMAT || tail(journal, head.offset).ok()? != head.tail {
        return None;
    }
    let state: RunState = postcard::from_bytes(rest).ok()?;
    (state.seq == head.seq).then_some((state, head.offset))
}

fn tail(journal: &Path, offset: u64) -> io::Result<[u8; 32]> {
    let from = offset.saturating_sub(TAIL);
    let mut bytes = vec![0; (offset - from) as usize];
    File::open(journal)?.read_exact_at(&mut bytes, from)?;
    Ok(Sha256::digest(&bytes).into())
}

//! Writing a journal. Only the holder of the run's lock does.

use super::{JournalError, LINE, Reader};
use crate::audit::{Sum, Summing};
use crate::run::event::{Entry, Event};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// An open journal, at its end.
#[derive(Debug)]
pub struct Journal {
    pub(super) file: File,
    pub(super) path: PathBuf,
    seq: u64,
    pub(super) len: u64,
    pending: Vec<u8>,
    /// Of all that was written; `None`: others had a part in it.
    pub(super) summing: Option<Summing>,
    pub(super) guard: Guard,
}

impl Journal {
    /// Opens a journal to go on with it, creating it where there is none. Every whole entry goes to `each`; a torn
    /// tail is cut, and the number of bytes cut is returned.
    ///
    /// # Errors
    /// Damage before the tail and events of a newer version: both are left as they are.
    pub fn open(path: &Path, each: impl FnMut(&Entry<'_>)) -> Result<(Journal, u64), JournalError> {
        let file = crate::state::file::append(path)?;
        let mut reader = Reader::open(path)?;
        match reader.read(each) {
            Ok(_) => {}
            // A crash of the machine can leave a last line of zeros: it is a tail if nothing whole comes after it.
            Err(e @ JournalError::Damaged { .. }) if !is_tail(path, reader.offset())? => return Err(e),
            Err(JournalError::Damaged { .. }) => {}
            Err(e) => return Err(e),
        }
        if reader.is_newer() {
            return Err(JournalError::Newer { path: path.to_owned() });
        }
        let cut = file.metadata()?.len().saturating_sub(reader.offset());
        if cut > 0 {
            file.set_len(reader.offset())?;
            file.sync_data()?;
        }
        let (seq, len) = (reader.seq(), reader.offset());
        let summing = (len == 0).then(Summing::default);
        let guard = Guard::of(&crate::open::own(path)?, len)?;
        Ok((Journal { file, path: path.to_owned(), seq, len, pending: Vec::new(), summing, guard }, cut))
    }

    /// Number of the last entry.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Bytes written so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// True before the first entry.
    pub fn is_empty(&self) -> bool {
        self.seq == 0
    }

    /// Adds an entry to what the next [`Journal::write`] or [`Journal::commit`] writes.
    pub fn push<'a>(&mut self, ts: i64, event: Event<'a>) -> io::Result<Entry<'a>> {
        let entry = Entry { seq: self.seq + 1, ts, event };
        let mark = self.pending.len();
        if let Err(e) = serde_json::to_writer(&mut self.pending, &entry) {
            self.pending.truncate(mark);
            return Err(e.into());
        }
        self.pending.push(b'\n');
        self.seq += 1;
        Ok(entry)
    }

    /// Writes what was added, in one `write`: survives the death of this process, not that of the machine.
    ///
    /// # Errors
    /// It cannot be written, or is not the file any more that was written ([`Journal::check`]).
    pub fn write(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.check()?;
        if let Err(e) = self.file.write_all(&self.pending) {
            // A full disk may have taken half a line: what follows must not be glued to it.
            let _ = self.file.set_len(self.len);
            return Err(crate::state::file::at(&self.path, "write to", e));
        }
        self.len += self.pending.len() as u64;
        if let Some(summing) = &mut self.summing {
            summing.add(&self.pending);
        }
        self.guard.wrote(&self.pending);
        self.pending.clear();
        Ok(())
    }

    /// What it holds now; read again only where another process had begun it.
    pub fn sum(&self) -> io::Result<Sum> {
        match &self.summing {
            Some(summing) => Ok(summing.sum()),
            None => Sum::of(&self.path, self.len),
        }
    }

    /// Writes and waits for the disk: for intents and for changes of state.
    pub fn commit(&mut self) -> io::Result<()> {
        self.write()?;
        self.file.sync_data().map_err(|e| crate::state::file::at(&self.path, "sync", e))
    }
}

/// True if no whole entry comes after this byte. More than one line's worth is no tail: a crash tears one line.
fn is_tail(path: &Path, offset: u64) -> io::Result<bool> {
    use std::io::{BufRead, Seek};
    let mut file = io::BufReader::new(crate::open::own(path)?);
    if file.get_ref().metadata()?.len().saturating_sub(offset) > LINE {
        return Ok(false);
    }
    file.seek(io::SeekFrom::Start(offset))?;
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line)? > 0 {
        if super::decode(&line).is_ok() {
            return Ok(false);
        }
        line.clear();
    }
    Ok(true)
}

/// So much of what was written last is remembered: enough to tell another journal apart (bytes).
const TAIL: usize = 4096;

/// The end of what was written, and whether it is still there.
#[derive(Debug, Default)]
pub(super) struct Guard {
    pub(super) tail: Vec<u8>,
    pub(super) strayed: Option<String>,
}

impl Guard {
    /// Of a journal that is there already, up to byte `len`.
    pub(super) fn of(file: &File, len: u64) -> io::Result<Guard> {
        Ok(Guard { tail: before(file, len, TAIL)?, strayed: None })
    }

    /// These bytes were written behind the last.
    pub(super) fn wrote(&mut self, bytes: &[u8]) {
        let new = &bytes[bytes.len().saturating_sub(TAIL)..];
        self.tail.drain(..(self.tail.len() + new.len()).saturating_sub(TAIL));
        self.tail.extend_from_slice(new);
    }
}

/// The bytes before this one, at most so many.
pub(super) fn before(file: &File, end: u64, most: usize) -> io::Result<Vec<u8>> {
    let from = end.saturating_sub(most as u64);
    let mut bytes = vec![0; usize::try_from(end - from).unwrap_or(most)];
    file.read_exact_at(&mut bytes, from)?;
    Ok(bytes)
}

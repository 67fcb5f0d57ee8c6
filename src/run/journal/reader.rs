//! Reading a journal from any whole line on, in bounded memory, as often as it grows.

use super::{JournalError, decode};
use crate::run::event::{Entry, Event};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A longer line is none that the writer wrote: the recap of 500,000 hosts is shorter.
pub const LINE: u64 = 64 << 20;
/// Bytes read at once: large enough that system calls do not count, small enough for the memory of a screen.
const CHUNK: usize = 1 << 20;

/// A place in a journal.
#[derive(Debug)]
pub struct Reader {
    file: File,
    path: PathBuf,
    offset: u64,
    seq: u64,
    newer: bool,
    /// Lines that were left out, and the number of the first.
    foreign: Option<(u64, u64)>,
    buffer: Vec<u8>,
    /// The file as it was when nothing more could be read of it, and what was found: not looked at again until it changes.
    still: Option<((u64, SystemTime), Still)>,
}

/// Why nothing more can be read.
#[derive(Debug, Clone)]
enum Still {
    /// Its last line has no end.
    Torn(u64),
    Wrong(String),
}

/// Lines that are no event, until it is known whether the writer's own numbers go on behind them.
#[derive(Debug, Default)]
struct Strange {
    bytes: u64,
    lines: u64,
    /// What is wrong with the first.
    why: String,
}

/// What one reading came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pass {
    pub entries: u64,
    /// Bytes after the last newline: a line that is being written, or the torn tail of a crash.
    pub torn: u64,
}

impl Reader {
    /// At the beginning of a journal.
    pub fn open(path: &Path) -> io::Result<Reader> {
        Reader::open_at(path, 0, 0)
    }

    /// After the entry `seq`, which ends at byte `offset`.
    pub fn open_at(path: &Path, offset: u64, seq: u64) -> io::Result<Reader> {
        let file = crate::open::own(path).map_err(|e| crate::state::file::at(path, "open", e))?;
        Ok(Reader {
            file,
            path: path.to_owned(),
            offset,
            seq,
            newer: false,
            foreign: None,
            buffer: Vec::new(),
            still: None,
        })
    }

    /// Byte after the last entry read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Number of the last entry read.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// True once an event was met that this version does not know: the journal may only be read.
    pub fn is_newer(&self) -> bool {
        self.newer
    }

    /// What was left out, in words: lines that are no event, between two entries of which one follows on the other. The
    /// writer's numbers say that nothing of its own is missing there.
    pub fn foreign(&self) -> Option<String> {
        let (lines, first) = self.foreign?;
        let what = if lines == 1 { "1 line that is".to_owned() } else { format!("{lines} lines that are") };
        Some(format!("{}, line {first}: {what} no event, left out; no event is missing", self.path.display()))
    }

    /// Reads all whole lines that are there and not yet read. Costs one `stat` when nothing is new.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] at the first line behind which something is missing, or from which on nothing is an event;
    /// what came before it was given to `each`.
    pub fn read(&mut self, mut each: impl FnMut(&Entry<'_>)) -> Result<Pass, JournalError> {
        let now = self.file.metadata().and_then(|m| Ok((m.len(), m.modified()?)));
        let now = now.map_err(|e| crate::state::file::at(&self.path, "read", e))?;
        match &self.still {
            Some((then, Still::Torn(torn))) if *then == now => return Ok(Pass { entries: 0, torn: *torn }),
            Some((then, Still::Wrong(why))) if *then == now => return Err(self.wrong(why.clone())),
            _ => self.still = None,
        }
        let result = match self.offset.saturating_sub(now.0) {
            0 => self.read_on(&mut each),
            gone => Err(self.wrong(format!("{gone} bytes of what was read are gone"))),
        };
        self.still = match &result {
            Ok(pass) => Some((now, Still::Torn(pass.torn))),
            Err(JournalError::Damaged { why, .. }) => Some((now, Still::Wrong(why.clone()))),
            Err(_) => None,
        };
        result
    }

    fn read_on(&mut self, each: &mut impl FnMut(&Entry<'_>)) -> Result<Pass, JournalError> {
        let mut pass = Pass::default();
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut filled = 0;
        let mut strange = Strange::default();
        let result = loop {
            if buffer.len() < filled + CHUNK {
                buffer.resize(filled + CHUNK, 0);
            }
            let n = match self.file.read_at(&mut buffer[filled..], self.offset + strange.bytes + filled as u64) {
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => break Err(crate::state::file::at(&self.path, "read", e).into()),
            };
            let (old, end) = (filled, filled + n);
            if n == 0 && strange.lines > 0 {
                break Err(self.wrong(strange.why));
            }
            if n == 0 {
                pass.torn = end as u64;
                break Ok(pass);
            }
            let mut from = 0;
            let mut wrong = None;
            for newline in memchr::memchr_iter(b'\n', &buffer[old..end]) {
                let newline = old + newline;
                let size = (newline + 1 - from) as u64;
                match decode(&buffer[from..newline]) {
                    Ok(entry) if entry.seq == self.seq + 1 => {
                        self.newer |= matches!(entry.event, Event::Unknown);
                        each(&entry);
                        self.left_out(&strange);
                        self.seq += 1;
                        pass.entries += 1;
                        self.offset += strange.bytes + size;
                        strange = Strange::default();
                    }
                    Ok(_) if strange.lines > 0 => wrong = Some(std::mem::take(&mut strange.why)),
                    Ok(entry) => wrong = Some(format!("entry {} follows entry {}", entry.seq, self.seq)),
                    Err(why) => {
                        strange.why = if strange.lines == 0 { why } else { strange.why };
                        (strange.lines, strange.bytes) = (strange.lines + 1, strange.bytes + size);
                    }
                }
                from = newline + 1;
                if wrong.is_some() {
                    break;
                }
            }
            if let Some(why) = wrong {
                break Err(self.wrong(why));
            }
            buffer.copy_within(from..end, 0);
            filled = end - from;
            if filled as u64 + strange.bytes > LINE {
                let long = format!("the line is longer than {} MiB", LINE >> 20);
                break Err(self.wrong(if strange.lines > 0 { strange.why } else { long }));
            }
        };
        // A line of a megabyte is rare: what it needed is not kept.
        buffer.truncate(CHUNK);
        buffer.shrink_to(CHUNK);
        self.buffer = buffer;
        result
    }

    fn left_out(&mut self, strange: &Strange) {
        if strange.lines > 0 {
            let (lines, first) = self.foreign.unwrap_or((0, self.seq + 1));
            self.foreign = Some((lines + strange.lines, first));
        }
    }

    fn wrong(&self, why: String) -> JournalError {
        let line = self.seq + self.foreign.map_or(0, |(lines, _)| lines) + 1;
        JournalError::Damaged { path: self.path.clone(), line, offset: self.offset, why }
    }
}

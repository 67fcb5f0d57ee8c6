//! One output file of a step, read forward in blocks. Lines are found here; what they mean is not asked.

use super::classify::{Classifier, Hosts};
use super::entry::Entry;
use rustix::fs::SeekFrom;
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Bytes of a line that the classifier sees.
const HEAD: usize = 512;
const BLOCK: usize = 256 * 1024;

/// How far a file was read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// Where the line under way began.
    pub start: u64,
    /// Bytes looked at: between `start` and here there is no line feed.
    pub seen: u64,
    classifier: Classifier,
}

#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    file: Option<File>,
    number: usize,
    pub at: Progress,
}

impl Source {
    pub(super) fn new(path: PathBuf, number: usize) -> Self {
        Self { path, file: None, number, at: Progress::default() }
    }

    fn file(&mut self) -> io::Result<Option<&File>> {
        if self.file.is_none() {
            match crate::open::own(&self.path) {
                Ok(file) => self.file = Some(file),
                // Not begun yet, or never written.
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(e) => return Err(io::Error::new(e.kind(), format!("{}: {e}", self.path.display()))),
            }
        }
        Ok(self.file.as_ref())
    }

    /// Bytes in the file now.
    pub(super) fn size(&mut self) -> io::Result<u64> {
        Ok(match self.file()? {
            Some(file) => file.metadata()?.len(),
            None => 0,
        })
    }

    /// Reads on, at most to byte `until` and at most `budget` bytes; each whole line goes to `line`. True if `until`
    /// or the file's end was reached.
    pub(super) fn read(
        &mut self,
        until: u64,
        budget: &mut usize,
        hosts: &mut Hosts,
        mut line: impl FnMut(Entry),
    ) -> io::Result<bool> {
        let stderr = self.number % 2 == 1;
        let number = self.number;
        let mut at = self.at;
        let Some(file) = self.file()? else { return Ok(true) };
        let mut block = Vec::new();
        while at.seen < until {
            if *budget == 0 {
                self.at = at;
                return Ok(false);
            }
            let want = (until - at.seen).min(BLOCK as u64) as usize;
            block.resize(want, 0);
            let got = file.read_at(&mut block, at.seen)?;
            if got == 0 {
                break;
            }
            *budget = budget.saturating_sub(got);
            let base = at.seen;
            let begun = at.start;
            for end in memchr::memchr_iter(b'\n', &block[..got]) {
                let end = base + end as u64;
                let mark = match at.start.checked_sub(base) {
                    Some(from) => {
                        let from = from as usize;
                        let to = (end - base) as usize;
                        at.classifier.line(&block[from..to.min(from + HEAD)], stderr, hosts)
                    }
                    // The line began in an earlier block.
                    None => at.classifier.line(&head(file, at.start, end)?, stderr, hosts),
                };
                line(Entry::new(number, at.start, end - at.start, mark));
                at.start = end + 1;
            }
            at.seen = base + got as u64;
            // Zeros alone: they may be a hole, of any size, in which there is nothing to read.
            if at.start == begun && block[..got].iter().all(|byte| *byte == 0) {
                at.seen = data_from(file, at.seen)?.clamp(at.seen, until.max(at.seen));
            }
        }
        self.at = at;
        Ok(true)
    }

    /// The line under way, if it has any byte: shown before its line feed comes.
    pub(super) fn open_line(&mut self, hosts: &mut Hosts) -> io::Result<Option<Entry>> {
        let (start, seen) = (self.at.start, self.at.seen);
        if seen == start {
            return Ok(None);
        }
        let (stderr, number, mut classifier) = (self.number % 2 == 1, self.number, self.at.classifier);
        let Some(file) = self.file()? else { return Ok(None) };
        let mark = classifier.line(&head(file, start, seen)?, stderr, hosts);
        Ok(Some(Entry::new(number, start, seen - start, mark)))
    }

    /// At most `cap` bytes of an entry's line.
    pub(super) fn bytes(&self, entry: Entry, cap: usize) -> io::Result<Vec<u8>> {
        let mut out = vec![0; (entry.len as usize).min(cap)];
        self.fill(entry.offset(), &mut out)?;
        Ok(out)
    }

    /// Reads from an offset as much as there is; the rest of `out` is cut off.
    pub(super) fn fill(&self, offset: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let mut got = 0;
        if let Some(file) = &self.file {
            while got < out.len() {
                match file.read_at(&mut out[got..], offset + got as u64)? {
                    0 => break,
                    n => got += n,
                }
            }
        }
        out.truncate(got);
        Ok(())
    }
}

/// Where the next bytes are that were written, from `at` on; the file's end where there are none.
fn data_from(file: &File, at: u64) -> io::Result<u64> {
    match rustix::fs::seek(file, SeekFrom::Data(at)) {
        Ok(data) => Ok(data),
        Err(Errno::NXIO) => Ok(file.metadata()?.len()),
        // A file system that does not tell of holes.
        Err(_) => Ok(at),
    }
}

fn head(file: &File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut head = vec![0; (end - start).min(HEAD as u64) as usize];
    let got = file.read_at(&mut head, start)?;
    head.truncate(got);
    Ok(head)
}

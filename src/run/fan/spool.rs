//! Outputs that are longer than a result may hold: whole, in files of the step, within what a person allowed and what the disk
//! has left. Short ones make no file.

use crate::ssh::{Chunk, Kept};
use crate::state::file;
use crate::text::human;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes kept of each end of an output.
const KEEP: usize = 32 << 10;
/// So much stays free on the disk, whatever is allowed (bytes).
const FREE: u64 = 256 << 20;
/// The disk is asked once for so many bytes.
const ASK: u64 = 4 << 20;

/// What all outputs of a step share.
#[derive(Debug)]
pub(super) struct Spools {
    folder: PathBuf,
    allowed: u64,
    left: AtomicU64,
}

impl Spools {
    /// Below `folder`, which is made with the first file; `allowed` bytes in all.
    pub fn new(folder: PathBuf, allowed: u64) -> Arc<Self> {
        Arc::new(Self { folder, allowed, left: AtomicU64::new(allowed) })
    }

    /// Takes `bytes` of what is allowed.
    fn take(&self, bytes: u64) -> Result<(), String> {
        let taken = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(bytes));
        taken.map(drop).map_err(|_| format!("a run keeps at most {} (--max-output)", human::bytes(self.allowed)))
    }
}

/// Both outputs of a host.
#[derive(Debug)]
pub(super) struct Spool {
    pub out: Output,
    pub err: Output,
}

impl Spool {
    /// Of the host with that number in this step.
    pub fn new(spools: &Arc<Spools>, host: usize) -> Self {
        let output = |ending: &str| Output::new(Arc::clone(spools), format!("{host}.{ending}"));
        Self { out: output("out"), err: output("err") }
    }

    pub fn push(&mut self, chunk: Chunk<'_>) {
        match chunk {
            Chunk::Out(bytes) => self.out.push(bytes),
            Chunk::Err(bytes) => self.err.push(bytes),
        }
    }
}

/// One output: both ends of it, and all of it in a file once it is longer.
#[derive(Debug)]
pub(super) struct Output {
    pub kept: Kept,
    spools: Arc<Spools>,
    name: String,
    /// As long as it is short enough to have no file.
    early: Vec<u8>,
    file: Option<File>,
    asked: u64,
    /// Why the file does not hold all of it.
    pub cut: Option<String>,
}

impl Output {
    fn new(spools: Arc<Spools>, name: String) -> Self {
        Self { kept: Kept::new(KEEP), spools, name, early: Vec::new(), file: None, asked: 0, cut: None }
    }

    /// Where it lies, from the step's folder; `None`: it is short, and its result holds all.
    pub fn path(&self) -> Option<String> {
        self.file.is_some().then(|| format!("output/{}", self.name))
    }

    fn push(&mut self, bytes: &[u8]) {
        self.kept.push(bytes);
        if self.cut.is_some() {
            return;
        }
        let written = match &mut self.file {
            None => {
                self.early.extend_from_slice(bytes);
                if self.early.len() <= 2 * KEEP {
                    return;
                }
                let early = std::mem::take(&mut self.early);
                self.begin().and_then(|()| self.write(&early))
            }
            Some(_) => self.write(bytes),
        };
        self.cut = written.err();
    }

    fn begin(&mut self) -> Result<(), String> {
        let said = |e: io::Error| format!("it cannot be kept: {e}");
        file::private_dir(&self.spools.folder).map_err(said)?;
        self.file = Some(file::append(&self.spools.folder.join(&self.name)).map_err(said)?);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let size = bytes.len() as u64;
        self.spools.take(size)?;
        self.asked = self.asked.saturating_sub(size);
        if self.asked == 0 {
            has_room(&self.spools.folder)?;
            self.asked = ASK;
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(bytes).map_err(|e| format!("it cannot be kept: {e}"))
    }
}

fn has_room(folder: &Path) -> Result<(), String> {
    let disk = rustix::fs::statvfs(folder).map_err(|e| format!("how much is free cannot be told: {e}"))?;
    match disk.f_bavail.saturating_mul(disk.f_frsize) > FREE {
        true => Ok(()),
        false => Err(format!("less than {} are free", human::bytes(FREE))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(allowed: u64) -> (tempfile::TempDir, Spool) {
        let dir = tempfile::tempdir().unwrap();
        let spools = Spools::new(dir.path().join("output"), allowed);
        (dir, Spool::new(&spools, 7))
    }

    #[test]
    fn short_outputs_make_no_file_and_long_ones_are_whole() {
        let (dir, mut spool) = spool(1 << 30);
        spool.push(Chunk::Out(&vec![b'a'; 2 * KEEP]));
        assert_eq!((spool.out.path(), dir.path().join("output").exists()), (None, false));
        spool.push(Chunk::Out(b"b"));
        spool.push(Chunk::Err(b"short"));
        spool.push(Chunk::Out(b"c\n"));
        assert_eq!((spool.out.path().as_deref(), spool.err.path()), (Some("output/7.out"), None));
        let whole = std::fs::read(dir.path().join("output/7.out")).unwrap();
        assert_eq!((whole.len(), &whole[2 * KEEP..], spool.out.cut), (2 * KEEP + 3, &b"bc\n"[..], None));
    }

    #[test]
    fn more_than_is_allowed_is_told() {
        let (dir, mut spool) = spool(3 * KEEP as u64);
        for _ in 0..5 {
            spool.push(Chunk::Out(&vec![b'a'; KEEP]));
        }
        assert!(spool.out.cut.as_deref().is_some_and(|why| why.contains("--max-output")), "{:?}", spool.out.cut);
        assert_eq!(std::fs::metadata(dir.path().join("output/7.out")).unwrap().len(), 3 * KEEP as u64);
        assert_eq!(spool.out.kept.size(), 5 * KEEP as u64);
    }
}

//! Following one run from outside: what the CLI and the screen read. Never writes to the journal, needs no supervisor,
//! and works on a copied run folder.

use super::journal::{JournalError, Reader};
use super::snapshot;
use super::spec::{RunSpec, VERSION};
use super::state::{Cell, RunState};
use super::tail::Tail;
use crate::state::{RunDir, file};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// After folding so many entries a reader leaves a snapshot for the next one.
const WORTH_A_SNAPSHOT: u64 = 50_000;

/// One run, as far as it was read.
#[derive(Debug)]
pub struct Follower {
    dir: RunDir,
    /// What was asked.
    pub spec: RunSpec,
    /// What happened so far.
    pub state: RunState,
    /// What is wrong with the journal, if anything is: shown with the run, which is then read-only.
    pub damage: Option<String>,
    reader: Option<Reader>,
}

impl Follower {
    /// Opens a run's folder and reads what is there.
    ///
    /// # Errors
    /// A folder without a readable `spec.yaml`.
    pub fn open(dir: &RunDir) -> io::Result<Follower> {
        let spec = read_spec(dir)?;
        let (state, reader) = match snapshot::load(&dir.snapshot(), &dir.journal()) {
            Some((state, offset)) => {
                let reader = Reader::open_at(&dir.journal(), offset, state.seq).ok();
                (state, reader)
            }
            None => (RunState::default(), None),
        };
        let damage = (spec.version > VERSION).then(|| {
            format!("written by a newer opsdeck (format {}, this one knows {VERSION}): read-only", spec.version)
        });
        let mut follower = Follower { dir: dir.clone(), spec, state, damage, reader };
        let read = follower.poll();
        if read > WORTH_A_SNAPSHOT {
            follower.save();
        }
        Ok(follower)
    }

    /// Takes in what the journal has gained; gives the number of new entries. Cheap when there are none.
    pub fn poll(&mut self) -> u64 {
        if self.reader.is_none() {
            // The supervisor makes the journal a moment after the spec: until then there is nothing to read.
            self.reader = Reader::open(&self.dir.journal()).ok();
        }
        let Some(reader) = &mut self.reader else { return 0 };
        let before = self.state.seq;
        match reader.read(|entry| self.state.apply(entry)) {
            Ok(pass) => {
                if pass.torn > 0 && self.state.state.is_terminal() {
                    self.damage = Some(format!("the journal ends in a torn line of {} bytes, left out", pass.torn));
                }
            }
            Err(e @ JournalError::Damaged { .. }) => self.damage = Some(e.to_string()),
            Err(e) => tracing::warn!("{e}"),
        }
        if reader.is_newer() && self.damage.is_none() {
            self.damage = Some("holds events of a newer opsdeck, which are not shown: read-only".into());
        }
        self.state.seq - before
    }

    /// Parts it, so that one thread reads on while another owns the state: what was asked, what happened so far, what
    /// is wrong with the journal, and the reading half.
    pub fn split(self) -> (RunSpec, RunState, Option<String>, Tail) {
        (self.spec, self.state, self.damage, Tail { dir: self.dir, reader: self.reader, output: 0 })
    }

    /// The run's folder.
    pub fn dir(&self) -> &RunDir {
        &self.dir
    }

    // Only a cache: that it could not be written (a foreign user's run) takes nothing away.
    fn save(&self) {
        let Some(reader) = &self.reader else { return };
        // What is another's is never written to.
        if self.damage.is_none()
            && file::own_dir(self.dir.path()).is_ok()
            && let Err(e) = snapshot::save(&self.dir.snapshot(), &self.dir.journal(), reader.offset(), &self.state)
        {
            tracing::debug!("{e}");
        }
    }
}

/// Reads `spec.yaml`; the error names the file and the place in it.
pub fn read_spec(dir: &RunDir) -> io::Result<RunSpec> {
    let path = dir.spec();
    spec(&path, &std::fs::read(&path).map_err(|e| file::at(&path, "read", e))?)
}

/// Likewise, to act upon it: only one that its owner wrote.
pub fn read_own_spec(dir: &RunDir) -> io::Result<RunSpec> {
    let path = dir.spec();
    spec(&path, &file::read_own(&path)?)
}

fn spec(path: &Path, text: &[u8]) -> io::Result<RunSpec> {
    serde_yaml::from_slice(text)
        .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {e}", path.display())))
}

/// Where the first step's events go, as it was frozen for a plan that had begun.
pub(super) fn frozen_events(dir: &RunDir) -> Option<String> {
    let command = std::fs::read(dir.step(1).command()).ok()?;
    let command: serde_json::Value = serde_json::from_slice(&command).ok()?;
    command.get("env")?.get("OPSDECK_EVENTS")?.as_str().map(str::to_owned)
}

/// The full result of a cell, as Ansible's callback wrote it; `None` for a cell without one.
///
/// # Errors
/// `events.jsonl` is missing or does not hold it any more.
pub fn result(dir: &RunDir, cell: Cell) -> io::Result<Option<serde_json::Value>> {
    if cell.step == 0 {
        return Ok(None);
    }
    let path = dir.step(u32::from(cell.step)).events();
    let read = || -> io::Result<serde_json::Value> {
        let mut line = vec![0; cell.len as usize];
        std::fs::File::open(&path)?.read_exact_at(&mut line, cell.off)?;
        Ok(serde_json::from_slice(&line)?)
    };
    read().map(Some).map_err(|e| crate::state::file::at(&path, "read the result in", e))
}

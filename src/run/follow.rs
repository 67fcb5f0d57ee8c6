//! Following one run from outside: what the CLI and the screen read. Never writes to the journal, needs no supervisor,
//! and works on a copied run folder.

use super::journal::{JournalError, LINE, Pass, Reader};
use super::snapshot;
use super::spec::{RunSpec, VERSION};
use super::state::{Cell, RunState, State};
use crate::open;
use crate::state::{RunDir, file};
use std::io;
use std::os::unix::fs::FileExt;
use uuid::Uuid;

/// After folding so many entries a reader leaves a snapshot for the next one.
const WORTH_A_SNAPSHOT: u64 = 50_000;

/// What is wrong with a run's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    pub words: String,
    /// What comes after it cannot be read: how the run ended cannot be known.
    pub lost: bool,
}

impl Damage {
    /// What a reading came to, where it came to any harm.
    pub(super) fn of(reader: &Reader, read: &Result<Pass, JournalError>) -> Option<Damage> {
        match read {
            Ok(_) if reader.is_newer() => {
                let words = "holds events of a newer opsdeck, which are not shown: read-only".to_owned();
                Some(Damage { words, lost: false })
            }
            Ok(_) => None,
            Err(e) => Some(Damage { words: e.to_string(), lost: true }),
        }
    }
}

/// Why what a run's journal tells is not believed, where somebody who could tell said so.
pub(super) fn doubt(dir: &RunDir) -> Option<Damage> {
    let words = match open::text_own(&dir.doubt(), open::WORD) {
        Ok(words) => words.trim_end().to_owned(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return None,
        Err(e) => file::at(&dir.doubt(), "read", e).to_string(),
    };
    Some(Damage { words, lost: true })
}

/// Opens a run's journal; `None`: the supervisor has not made it yet.
pub(super) fn journal(dir: &RunDir) -> Result<Option<Reader>, Damage> {
    match Reader::open(&dir.journal()) {
        Ok(reader) => Ok(Some(reader)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Damage { words: e.to_string(), lost: true }),
    }
}

/// One run, as far as it was read.
#[derive(Debug)]
pub struct Follower {
    pub(super) dir: RunDir,
    pub spec: RunSpec,
    /// What happened so far. Where the journal is damaged before the run's end, that it cannot be known.
    pub state: RunState,
    /// What is wrong with the journal, if anything is: shown with the run, which is then read-only.
    pub damage: Option<String>,
    /// What is odd about the journal and takes nothing away: shown with the run.
    pub remark: Option<String>,
    pub(super) reader: Option<Reader>,
}

impl Follower {
    /// Opens a run's folder and reads what is there, to show it.
    ///
    /// # Errors
    /// A folder without a readable `spec.yaml`.
    pub fn open(dir: &RunDir) -> io::Result<Follower> {
        let spec = read_spec(dir)?;
        let snapshot = snapshot::load(&dir.snapshot(), spec.id, &dir.journal());
        let mut follower = Follower::begin(dir, spec, snapshot);
        let read = follower.poll();
        if read > WORTH_A_SNAPSHOT {
            follower.save();
        }
        Ok(follower)
    }

    /// As [`Follower::open`], but from the journal alone, from its first line on: for whoever decides by what it says.
    pub fn open_exact(dir: &RunDir) -> io::Result<Follower> {
        let mut follower = Follower::begin(dir, read_spec(dir)?, None);
        follower.poll();
        Ok(follower)
    }

    fn begin(dir: &RunDir, spec: RunSpec, snapshot: Option<(RunState, u64)>) -> Follower {
        let (state, reader) = match snapshot {
            Some((state, offset)) => {
                let reader = Reader::open_at(&dir.journal(), offset, state.seq).ok();
                (state, reader)
            }
            None => (RunState::default(), None),
        };
        let damage = (spec.version > VERSION).then(|| {
            format!("written by a newer opsdeck (format {}, this one knows {VERSION}): read-only", spec.version)
        });
        Follower { dir: dir.clone(), spec, state, damage, remark: None, reader }
    }

    /// True where the journal is damaged before the run's end: how it ended cannot be known, or whether it has.
    pub fn is_lost(&self) -> bool {
        self.damage.is_some() && self.state.state == State::Unknown
    }

    /// What its journal tells is not believed, its end neither.
    pub fn doubt(&mut self, why: &str) {
        self.state.disbelieve(why);
        self.damage = Some(why.to_owned());
    }

    /// Takes in what the journal has gained; gives the number of new entries. Cheap when there are none.
    pub fn poll(&mut self) -> u64 {
        let (before, was_lost) = (self.state.seq, self.is_lost());
        let mut damage = self.look();
        let news = damage.as_ref().is_some_and(|d| d.lost && self.damage.as_ref() != Some(&d.words));
        if (was_lost && damage.is_none()) || (news && before > 0) {
            // Its writer went on behind what was no event, or took away what others added: all of it is told anew.
            *self = Follower::begin(&self.dir, self.spec.clone(), None);
            damage = self.look();
        }
        if let Some(Damage { words, lost }) = damage
            && (lost || self.damage.is_none())
        {
            if lost && self.damage.as_ref() != Some(&words) {
                self.state.lose(&words);
            }
            self.damage = Some(words);
        }
        if let Some(Damage { words, .. }) = doubt(&self.dir)
            && self.damage.as_ref() != Some(&words)
        {
            self.doubt(&words);
        }
        self.state.seq.saturating_sub(before)
    }

    fn look(&mut self) -> Option<Damage> {
        let mut damage = self.read();
        // The intent of a step is on the disk before the step is: a journal that does not know it, read after the step was
        // seen, is not the one that it began with.
        if damage.is_none() && self.dir.step(self.next_step()).pid().exists() {
            damage = self.read();
            let next = self.next_step();
            if damage.is_none() && self.dir.step(next).pid().exists() && self.damage.is_none() {
                let journal = self.dir.journal();
                let words = format!(
                    "{} does not tell of step {next}, which was begun: it was cut or replaced",
                    journal.display()
                );
                damage = Some(Damage { words, lost: true });
            }
        }
        damage
    }

    /// The first step of which the journal does not tell.
    fn next_step(&self) -> u32 {
        self.state.steps.keys().max().map_or(1, |last| last.saturating_add(1))
    }

    fn read(&mut self) -> Option<Damage> {
        if self.reader.is_none() {
            match journal(&self.dir) {
                // The supervisor makes the journal a moment after the spec: until then there is nothing to read.
                Ok(reader) => self.reader = reader,
                Err(damage) => return Some(damage),
            }
        }
        let reader = self.reader.as_mut()?;
        let read = reader.read(|entry| self.state.apply(entry));
        self.remark = reader.foreign();
        match &read {
            Ok(pass) if pass.torn > 0 && self.state.state.is_terminal() && self.damage.is_none() => {
                let words = format!("the journal ends in a torn line of {} bytes, left out", pass.torn);
                Some(Damage { words, lost: false })
            }
            _ => Damage::of(reader, &read),
        }
    }

    pub fn dir(&self) -> &RunDir {
        &self.dir
    }

    // Only a cache: that it could not be written (a foreign user's run) takes nothing away.
    fn save(&self) {
        let Some(reader) = &self.reader else { return };
        let (dir, offset) = (&self.dir, reader.offset());
        // What is another's is never written to.
        if self.damage.is_none()
            && file::own_dir(dir.path()).is_ok()
            && let Err(e) = snapshot::save(&dir.snapshot(), self.spec.id, &dir.journal(), offset, &self.state)
        {
            tracing::debug!("{e}");
        }
    }
}

/// Reads `spec.yaml`; the error names the file and the place in it.
pub fn read_spec(dir: &RunDir) -> io::Result<RunSpec> {
    let path = dir.spec();
    spec(dir, &open::read_own(&path, open::SPEC).map_err(|e| file::at(&path, "read", e))?)
}

/// Likewise, to act upon it: only one that its owner wrote.
pub fn read_own_spec(dir: &RunDir) -> io::Result<RunSpec> {
    spec(dir, &file::read_own(&dir.spec())?)
}

fn spec(dir: &RunDir, text: &[u8]) -> io::Result<RunSpec> {
    let path = dir.spec();
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display()));
    let text = std::str::from_utf8(text).map_err(|e| wrong(e.to_string()))?;
    // No spec was ever written with aliases; what they unfold to has no bounds.
    crate::yaml::no_aliases(text).map_err(|e| wrong(e.to_string()))?;
    let spec: RunSpec = serde_yaml::from_str(text).map_err(|e| wrong(e.to_string()))?;
    let folder = dir.path().file_name().and_then(|name| name.to_str()?.parse::<Uuid>().ok());
    match folder.filter(|id| *id != spec.id) {
        Some(id) => Err(wrong(format!("it is that of run {}; expected that of run {id}", spec.id))),
        None => Ok(spec),
    }
}

/// Where the first step's events go, as it was frozen for a plan that had begun.
pub(super) fn frozen_events(dir: &RunDir) -> Option<String> {
    let command = open::read_own(&dir.step(1).command(), open::SPEC).ok()?;
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
        let file = open::own(&path)?;
        let end =
            cell.off.checked_add(u64::from(cell.len)).filter(|end| *end <= file.metadata().map_or(0, |m| m.len()));
        if end.is_none() || u64::from(cell.len) > LINE {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it is not there any more"));
        }
        let mut line = vec![0; cell.len as usize];
        file.read_exact_at(&mut line, cell.off)?;
        Ok(serde_json::from_slice(&line)?)
    };
    read().map(Some).map_err(|e| crate::state::file::at(&path, "read the result in", e))
}

#[cfg(test)]
#[path = "follow_tests.rs"]
mod tests;

//! Whose state directory it is, and whether it lies where it was made. A copy (`cp -a`, rsync, a restored backup) has other
//! inodes, another path or another machine than its file `home` says, and what is frozen in it belongs to the original:
//! there nothing is begun. What cannot be told begins nothing either. Which runs belong here is for `run::belongs`.

use super::access::{Access, Owner};
use super::{Lock, StateDir, file};
use crate::open;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};
use uuid::Uuid;

const VERSION: u32 = 1;
/// Names the machine; made by the system when it was installed.
const MACHINE: &str = "/etc/machine-id";
/// How long another that makes the file is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Where it was made.
    Here {
        /// What runs of this directory carry.
        id: Uuid,
        /// Made for a directory that an opsdeck before this file had filled.
        adopted: bool,
    },
    /// It is a copy, or was moved; of what.
    Elsewhere(String),
    Unknown(String),
    /// Nobody has said yet: it is new, or older than this file.
    Unmade,
}

/// A state directory, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    pub owner: Owner,
    /// What may be done in it.
    pub access: Access,
    /// Where.
    pub place: Place,
    root: String,
    before: Vec<Former>,
}

/// A file or folder, so that no copy of it can be taken for it. Device numbers change with a boot and are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub inode: u64,
    /// When it came to be (Unix nanoseconds), where the file system tells: inodes are used again.
    pub born: Option<i64>,
}

/// What a directory was before it was claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    id: Uuid,
    path: String,
    machine: Option<String>,
}

/// The file `home`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    version: u32,
    #[serde(flatten)]
    is: Former,
    #[serde(flatten)]
    mark: Mark,
    adopted: bool,
    #[serde(default)]
    before: Vec<Former>,
}

/// What the machine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Machine {
    Is(String),
    /// It has no name (many containers): path and inode must do.
    Nameless,
    Unknown(String),
}

/// What is seen where the file lies.
struct Seen {
    path: String,
    machine: Machine,
    mark: Mark,
}

impl Mark {
    /// Of what was looked at.
    pub fn of(meta: &Metadata) -> Mark {
        let born = meta.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Mark { inode: meta.ino(), born: born.and_then(|at| i64::try_from(at.as_nanos()).ok()) }
    }

    /// Is it the same thing? `None`: the file system does not tell any more.
    pub fn is(&self, seen: &Mark) -> Option<bool> {
        match (self.born, seen.born) {
            _ if self.inode != seen.inode => Some(false),
            (Some(mine), Some(other)) => Some(mine == other),
            (Some(_), None) => None,
            (None, _) => Some(true),
        }
    }
}

impl Home {
    /// Looks at a directory, and changes nothing.
    pub fn look(state: &StateDir) -> Home {
        let (owner, access) = (state.owner(), state.access());
        let (place, before) = match owner {
            // What others wrote says nothing here.
            Owner::Other { .. } => (Place::Unmade, Vec::new()),
            _ => place(state),
        };
        Home { owner, access, place, root: state.root().display().to_string(), before }
    }

    /// May anything in it be changed? Else why not.
    ///
    /// # Errors
    /// In words.
    pub fn may_write(&self) -> Result<(), String> {
        self.access.clone().may_write()
    }

    /// Is it mine alone, whatever its disk takes? Else whose, in words.
    ///
    /// # Errors
    /// In words.
    pub fn is_mine(&self) -> Result<(), String> {
        self.owner.is_me(Path::new(&self.root))
    }

    /// May anything be begun in it, or gone on with? Gives what its runs carry; else why not, and the way on.
    ///
    /// # Errors
    /// In words.
    pub fn may_begin(&self) -> Result<Uuid, String> {
        self.may_write()?;
        self.is_here()
    }

    /// As [`Home::may_begin`], also on a full disk: what finds no room there is refused when it is written.
    ///
    /// # Errors
    /// In words.
    pub fn may_try(&self) -> Result<Uuid, String> {
        match &self.access {
            Access::LookOnly { why, .. } => Err(why.clone()),
            Access::Write | Access::Full(_) => self.is_here(),
        }
    }

    fn is_here(&self) -> Result<Uuid, String> {
        match &self.place {
            Place::Here { id, .. } => Ok(*id),
            Place::Elsewhere(why) => Err(format!(
                "{} {why}. Its runs are read-only for ever; `opsdeck claim` makes it a directory of its own, for new ones",
                self.root
            )),
            Place::Unknown(why) => Err(format!(
                "whether {} lies where it was made cannot be told: {why}. Nothing is begun in it; if it is no copy, \
                 `opsdeck claim` makes it a directory of its own, and its runs read-only",
                self.root
            )),
            Place::Unmade => Err(format!("{} is not made yet", self.root)),
        }
    }

    /// One line for whoever looks, where not all is well.
    pub fn words(&self) -> Option<String> {
        match &self.place {
            Place::Unmade => self.may_write().err(),
            _ => self.may_begin().err(),
        }
    }

    /// To what the runs with this mark belong, in words.
    pub fn was(&self, id: Uuid) -> String {
        match self.before.iter().find(|former| former.id == id) {
            Some(former) => former.words(&machine()),
            None => "another state directory".to_owned(),
        }
    }
}

impl Former {
    fn words(&self, here: &Machine) -> String {
        match (&self.machine, here) {
            (Some(is), Machine::Is(here)) if is == here => format!("{} on this machine", self.path),
            (Some(is), _) => format!("{} on machine {}", self.path, &is[..is.len().min(8)]),
            (None, _) => self.path.clone(),
        }
    }
}

fn place(state: &StateDir) -> (Place, Vec<Former>) {
    let read = || -> io::Result<Option<(Record, Seen)>> {
        let path = state.home();
        let file = match open::own(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(file::at(&path, "open", e)),
        };
        let mark = Mark::of(&file.metadata().map_err(|e| file::at(&path, "look at", e))?);
        let record = open::whole(file, open::WORD).map_err(|e| file::at(&path, "read", e))?;
        let record = serde_json::from_slice(&record)
            .map_err(|e| io::Error::new(ErrorKind::InvalidData, format!("{}: {e}", path.display())))?;
        Ok(Some((record, Seen { path: canonical(state.root())?, machine: machine(), mark })))
    };
    match read() {
        Ok(None) => (Place::Unmade, Vec::new()),
        Ok(Some((record, seen))) => (judge(&record, &seen), record.before),
        Err(e) => (Place::Unknown(e.to_string()), Vec::new()),
    }
}

fn canonical(root: &Path) -> io::Result<String> {
    let path = std::fs::canonicalize(root).map_err(|e| file::at(root, "look at", e))?;
    Ok(path.to_string_lossy().into_owned())
}

/// The decision, from what the file says and what is seen of it.
fn judge(record: &Record, seen: &Seen) -> Place {
    if record.version > VERSION {
        return Place::Unknown(format!("its file `home` was written by a newer opsdeck (format {})", record.version));
    }
    let is = &record.is;
    let elsewhere = || Place::Elsewhere(format!("is not where it was made, at {}", is.words(&seen.machine)));
    match (&is.machine, &seen.machine) {
        (_, Machine::Unknown(why)) => return Place::Unknown(why.clone()),
        (Some(made), Machine::Is(here)) if made != here => return elsewhere(),
        (Some(_), Machine::Nameless) => return Place::Unknown(format!("this machine has no {MACHINE} any more")),
        (None, Machine::Is(_)) => return Place::Unknown(format!("it was made before this machine had a {MACHINE}")),
        (Some(_), Machine::Is(_)) | (None, Machine::Nameless) => {}
    }
    if is.path != seen.path {
        return elsewhere();
    }
    match record.mark.is(&seen.mark) {
        Some(true) => Place::Here { id: is.id, adopted: record.adopted },
        Some(false) => Place::Elsewhere("was restored from a copy: it has its path, not its files".into()),
        None => Place::Unknown("its file system does not tell any more when files were made".into()),
    }
}

fn machine() -> Machine {
    match open::text_given(Path::new(MACHINE), open::WORD) {
        Ok(text) => named(text.trim()),
        Err(e) if e.kind() == ErrorKind::NotFound => Machine::Nameless,
        Err(e) => Machine::Unknown(format!("{MACHINE} cannot be read: {e}")),
    }
}

/// Systemd asks to keep the id itself to the machine: what is written down is made from it.
fn named(id: &str) -> Machine {
    match id {
        "" | "uninitialized" => Machine::Nameless,
        id => {
            let digest = Sha256::new().chain_update("opsdeck home\n").chain_update(id).finalize();
            Machine::Is(digest[..16].iter().map(|byte| format!("{byte:02x}")).collect())
        }
    }
}

/// Says that a directory was made here, where nobody has said so yet; creates it where there is none.
///
/// # Errors
/// The file cannot be written, or the machine not be named.
pub fn make(state: &StateDir, adopted: bool) -> io::Result<()> {
    file::private_dir(state.root())?;
    let _one = one(state)?;
    match std::fs::symlink_metadata(state.home()) {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == ErrorKind::NotFound => write(state, adopted, Vec::new()).map(drop),
        Err(e) => Err(file::at(&state.home(), "look at", e)),
    }
}

/// Makes a copy a directory of its own: what lies in it belongs to what it was, new runs to what it is. Gives its new id.
///
/// # Errors
/// The file cannot be written, or the machine not be named.
pub fn claim(state: &StateDir) -> io::Result<Uuid> {
    let _one = one(state)?;
    // One that cannot be read tells nothing of what it was.
    let old =
        open::read_own(&state.home(), open::WORD).ok().and_then(|old| serde_json::from_slice::<Record>(&old).ok());
    let before = old.map(|old| old.before.into_iter().chain([old.is]).collect());
    write(state, false, before.unwrap_or_default())
}

fn one(state: &StateDir) -> io::Result<Lock> {
    let path = state.root().join("home.lock");
    let began = Instant::now();
    loop {
        match Lock::try_take(&path)? {
            Some(lock) => return Ok(lock),
            None if began.elapsed() > PATIENCE => {
                return Err(io::Error::new(ErrorKind::TimedOut, format!("somebody holds {}", path.display())));
            }
            None => {}
        }
    }
}

// The file that is written is the one that lies there afterwards: a rename keeps its inode.
fn write(state: &StateDir, adopted: bool, before: Vec<Former>) -> io::Result<Uuid> {
    let machine = match machine() {
        Machine::Is(name) => Some(name),
        Machine::Nameless => None,
        Machine::Unknown(why) => return Err(io::Error::other(why)),
    };
    let path = state.home();
    let beside = state.root().join(".home.tmp");
    match std::fs::remove_file(&beside) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(file::at(&beside, "remove", e)),
        _ => {}
    }
    let mut file = file::append(&beside)?;
    let mark = Mark::of(&file.metadata().map_err(|e| file::at(&beside, "look at", e))?);
    let is = Former { id: Uuid::now_v7(), path: canonical(state.root())?, machine };
    let record = Record { version: VERSION, is, mark, adopted, before };
    let text = serde_json::to_vec(&record)?;
    let written = file.write_all(&text).and_then(|()| file.sync_all());
    let written = written.and_then(|()| std::fs::rename(&beside, &path));
    written.and_then(|()| File::open(state.root())?.sync_all()).map_err(|e| file::at(&path, "write", e))?;
    Ok(record.is.id)
}

#[cfg(test)]
#[path = "home_tests.rs"]
mod tests;

//! Whether a run belongs to the directory in which it lies: its spec names the home it was launched in and its own folder.
//! Only such a run is gone on with; any other is read-only for ever. Runs of an opsdeck before that (format 1) are known by
//! the paths that are frozen in them, in a directory that was taken over where it was made.

use super::spec::{Home as Frozen, RunSpec};
use super::{follow, read_spec};
use crate::state::home::{self, Mark, Place};
use crate::state::{Home, RunDir, StateDir, file};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use uuid::Uuid;

/// Runs that are asked where a directory was made, newest first, before it counts as saying nothing.
const ASKED: usize = 20;
/// A spec is written when it is asked for: one that came to be so much later was copied (milliseconds).
const LATE: i64 = 600_000;

/// Does a run belong here?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Belongs {
    Here,
    /// No; to what it does, in words.
    Elsewhere(String),
    /// It cannot be told, and why.
    Unknown(String),
}

impl Belongs {
    /// Why it is read-only, in one line; `None`: it is not.
    pub fn read_only(self) -> Option<String> {
        match self {
            Belongs::Here => None,
            Belongs::Elsewhere(why) => Some(format!("{why}: read-only")),
            Belongs::Unknown(why) => Some(format!("whether this run belongs here cannot be told: {why}: read-only")),
        }
    }
}

/// The directory, taken over first where it is older than its file `home` and nothing in it says that it is a copy.
pub fn home(store: &StateDir) -> Home {
    let mut home = Home::look(store);
    if home.place != Place::Unmade || home.is_mine().is_err() || !store.root().is_dir() {
        return home;
    }
    match made_here(store) {
        Belongs::Here => match home.may_write().and_then(|()| home::make(store, true).map_err(|e| e.to_string())) {
            Ok(()) => home = Home::look(store),
            Err(why) => home.place = Place::Unknown(why),
        },
        Belongs::Elsewhere(why) => home.place = Place::Elsewhere(why),
        Belongs::Unknown(why) => home.place = Place::Unknown(why),
    }
    home
}

/// May something be begun in this directory? Makes it where there is none. Gives what runs of it carry.
///
/// # Errors
/// Why not, in words, with the way on.
pub fn may_begin(store: &StateDir) -> Result<Uuid, String> {
    begins(store, Home::may_begin)
}

/// As [`may_begin`], also on a full disk.
///
/// # Errors
/// Why not, in words, with the way on.
pub fn may_try(store: &StateDir) -> Result<Uuid, String> {
    begins(store, Home::may_try)
}

fn begins(store: &StateDir, may: fn(&Home) -> Result<Uuid, String>) -> Result<Uuid, String> {
    let mut home = home(store);
    if home.place == Place::Unmade && home.may_write().is_ok() {
        home::make(store, false).map_err(|e| e.to_string())?;
        home = Home::look(store);
    }
    let id = may(&home)?;
    // What is run lies below these.
    for folder in [store.runs(), store.plugins()] {
        match file::own_dir(&folder) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e.to_string()),
            _ => {}
        }
    }
    // Ansible takes a colon for the end of a path, and brackets for a pattern.
    let path = store.root().to_string_lossy();
    let pattern = path.split_once('[').is_some_and(|(_, rest)| rest.contains(']'));
    let holds = if path.contains(':') { Some("a colon") } else { pattern.then_some("brackets") };
    if let Some(what) = holds {
        return Err(format!(
            "{path} holds {what}, and Ansible finds no plugin below such a path: put the state directory elsewhere (--state-dir)"
        ));
    }
    Ok(id)
}

/// What a run's spec says of where it belongs; its folder is there already.
///
/// # Errors
/// The folder cannot be looked at, or is another's.
pub fn freeze(state: Uuid, dir: &RunDir) -> io::Result<Frozen> {
    Ok(Frozen { state, folder: Mark::of(&file::own_dir(dir.path())?) })
}

/// Does the run in the folder of this id belong here? Looks only (and takes an old directory over, see [`home()`]).
pub fn of(store: &StateDir, id: Uuid, spec: &RunSpec) -> Belongs {
    let home = home(store);
    // A disk that takes nothing now makes nothing of it another's.
    if let Err(why) = home.is_mine() {
        return Belongs::Elsewhere(why);
    }
    let (state, adopted) = match &home.place {
        Place::Here { id, adopted } => (*id, *adopted),
        Place::Elsewhere(why) => return Belongs::Elsewhere(format!("{} {why}", store.root().display())),
        Place::Unknown(why) => return Belongs::Unknown(why.clone()),
        Place::Unmade => return Belongs::Unknown(format!("{} is not there", store.root().display())),
    };
    let dir = store.run(id);
    let folder = match folders(store, &dir) {
        Ok(folder) => folder,
        Err(e) if e.kind() == ErrorKind::NotFound => return Belongs::Unknown(e.to_string()),
        Err(e) => return Belongs::Elsewhere(e.to_string()),
    };
    if spec.id != id {
        return Belongs::Elsewhere(format!("this is a copy of run {}", spec.id));
    }
    match &spec.home {
        Some(frozen) if frozen.state != state => {
            Belongs::Elsewhere(format!("this run belongs to {}", home.was(frozen.state)))
        }
        Some(frozen) => match frozen.folder.is(&folder) {
            Some(true) => Belongs::Here,
            Some(false) => Belongs::Elsewhere("this run's folder was restored from a copy".into()),
            None => Belongs::Unknown("its file system does not tell any more when folders were made".into()),
        },
        None if spec.version == 1 && adopted => old(&dir, spec).unwrap_or(Belongs::Here),
        None => Belongs::Elsewhere("this run was launched before this directory was claimed".into()),
    }
}

/// The folders from which something is run are ours.
fn folders(store: &StateDir, dir: &RunDir) -> io::Result<Mark> {
    let optional = [store.plugins(), dir.path().join("steps"), dir.step(1).path().to_owned()];
    for path in optional {
        match file::own_dir(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    file::own_dir(&store.runs())?;
    let meta = file::own_dir(dir.path())?;
    if meta.mode() & 0o022 != 0 {
        let why = format!("others may write to {0}: chmod go-w {0}", dir.path().display());
        return Err(io::Error::new(ErrorKind::PermissionDenied, why));
    }
    Ok(Mark::of(&meta))
}

/// Was a directory without a `home` filled here? Its newest run that says so decides.
fn made_here(store: &StateDir) -> Belongs {
    let mut ids: Vec<Uuid> = match std::fs::read_dir(store.runs()) {
        Ok(entries) => entries.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).collect(),
        Err(e) if e.kind() == ErrorKind::NotFound => return Belongs::Here,
        Err(e) => return Belongs::Unknown(file::at(&store.runs(), "read", e).to_string()),
    };
    ids.sort_unstable();
    for id in ids.into_iter().rev().take(ASKED) {
        let dir = store.run(id);
        let Ok(spec) = read_spec(&dir) else { continue };
        if spec.version > 1 {
            return Belongs::Unknown("its file `home` is gone".into());
        }
        if let Some(told) = old(&dir, &spec) {
            return told;
        }
    }
    Belongs::Here
}

/// What a run of format 1 tells; `None`: nothing. A copy is younger than what it says, or its paths lead elsewhere.
fn old(dir: &RunDir, spec: &RunSpec) -> Option<Belongs> {
    let born = std::fs::symlink_metadata(dir.spec()).ok().and_then(|meta| Mark::of(&meta).born);
    if born.is_some_and(|born| born / 1_000_000 > spec.created_at + LATE) {
        return Some(Belongs::Elsewhere("was restored from a copy: what lies in it is younger than it says".into()));
    }
    let events = spec.env.get("OPSDECK_EVENTS").cloned().or_else(|| follow::frozen_events(dir))?;
    // runs/<id>/steps/<n>/events.jsonl
    let frozen = Path::new(&events).ancestors().nth(3)?;
    let elsewhere = || Belongs::Elsewhere(format!("is not where it was made: its runs belong to {}", frozen.display()));
    let place = |path: &Path| std::fs::metadata(path).map(|meta| (meta.dev(), meta.ino()));
    Some(match (place(frozen), place(dir.path())) {
        (Ok(frozen), Ok(here)) if frozen == here => Belongs::Here,
        (Ok(_), Ok(_)) => elsewhere(),
        (Err(e), Ok(_)) if e.kind() == ErrorKind::NotFound => elsewhere(),
        (Err(e), _) | (_, Err(e)) => Belongs::Unknown(file::at(frozen, "look at", e).to_string()),
    })
}

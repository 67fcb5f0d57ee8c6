//! index.db: one row a run, so that lists need no journal, and the last values of health. All of it is derived: it may be
//! deleted at any moment, and what is found damaged heals itself. The one door to it.
//!
//! `index.db` is a link to the file in `index.d/` that is the index now. A damaged one is never renamed while other
//! processes have it open (they would take the write-ahead log of the new one away when they close it): a new file is made
//! beside it, and the link is moved, by one process at a time and only if nobody else did. A new index is not *whole* until
//! every run has its row: see [`Index::is_whole`].

use super::db::{Db, DbError};
use super::{Access, Lock, StateDir, file};
use rusqlite::Connection;
use std::cell::{Cell, RefCell};
use std::io;
use std::mem::discriminant;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

/// Version of the schema that this program writes (`PRAGMA user_version`). Another one is made anew.
const SCHEMA: i64 = 1;
/// How long another process that makes the index is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a statement is tried again on a new index.
const TRIES: usize = 3;

#[derive(Debug)]
pub struct Index {
    state: StateDir,
    db: RefCell<Db>,
    /// What could be done in the directory when it was opened.
    access: RefCell<Access>,
    hasty: Cell<bool>,
    patience: Cell<Option<Duration>>,
}

impl Index {
    /// Opens the index, making it where there is none, or none that can be used.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn open(state: &StateDir) -> Result<Index, DbError> {
        let (db, access) = connect(state)?;
        Ok(Index::of(state, db, access))
    }

    fn of(state: &StateDir, db: Db, access: Access) -> Index {
        let (hasty, patience) = (Cell::new(false), Cell::new(None));
        Index { state: state.clone(), db: RefCell::new(db), access: RefCell::new(access), hasty, patience }
    }

    /// One that is nowhere but in this process, and empty.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn aside(state: &StateDir) -> Result<Index, DbError> {
        Ok(Index::of(state, Db::in_memory(SCHEMA, make)?, state.access()))
    }

    /// What is written to it is there for whoever opens it next. Else nothing can be written, or it is nowhere but in this
    /// process, and whoever looks reads what it lacks from the runs' own folders.
    pub fn is_kept(&self) -> bool {
        !self.is_fixed() && !self.is_aside()
    }

    pub(super) fn state(&self) -> &StateDir {
        &self.state
    }

    /// It is nowhere but in this process.
    pub fn is_aside(&self) -> bool {
        self.db.borrow().is_aside()
    }

    /// It is looked at as it was when it was opened.
    pub fn is_fixed(&self) -> bool {
        self.db.borrow().is_fixed()
    }

    /// True if every run that was there when it was made has its row. False: it is being filled, or is about to be; until
    /// then what is not in it may be in `runs/`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn is_whole(&self) -> Result<bool, DbError> {
        // One of this process alone lacks nothing once it is filled.
        let lacks = !self.is_aside() && self.state.index_lacks().try_exists().unwrap_or(true);
        Ok(!lacks && self.ask(|db| db.query_row("SELECT whole FROM meta", [], |r| r.get(0)))?)
    }

    /// A run's row could not be written: the index is not whole until whoever opens it next has looked what it lacks.
    ///
    /// # Errors
    /// That cannot be noted either.
    pub fn lacks(state: &StateDir) -> io::Result<()> {
        file::ensure(&state.index_lacks())
    }

    /// What it lacks is looked for now: what is noted from here on is looked for again.
    ///
    /// # Errors
    /// The note cannot be taken away.
    pub fn looked(state: &StateDir) -> io::Result<()> {
        match std::fs::remove_file(state.index_lacks()) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(file::at(&state.index_lacks(), "remove", e)),
            _ => Ok(()),
        }
    }

    /// Every run has its row now.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn set_whole(&self) -> Result<(), DbError> {
        self.ask(|db| db.execute("UPDATE meta SET whole = 1", []).map(drop))
    }

    /// A number that changes when another connection, of any process, changes the index. It means nothing but to this
    /// connection.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn version(&self) -> Result<i64, DbError> {
        self.ask(|db| db.pragma_query_value(None, "data_version", |r| r.get(0)))
    }

    /// False once another took its place, or once it need not be looked at only: the next statement goes there.
    pub fn is_in_place(&self) -> bool {
        let as_before = || discriminant(&self.state.access()) == discriminant(&*self.access.borrow());
        self.db.borrow().is_in_place() && (self.is_kept() || as_before())
    }

    /// From now on this connection does not wait for the disk when it writes: for what may be lost.
    ///
    /// # Errors
    /// It cannot be set.
    pub fn be_hasty(&self) -> Result<(), DbError> {
        self.hasty.set(true);
        self.ask(hasty)
    }

    /// From now on other writers are waited for so long, in place of five seconds: for whoever has better things to do, since
    /// a row that is missing is made again from the run itself.
    ///
    /// # Errors
    /// It cannot be set.
    pub fn set_patience(&self, patience: Duration) -> Result<(), DbError> {
        self.patience.set(Some(patience));
        self.db.borrow().set_patience(patience)
    }

    /// Puts a statement to the index that is in place. Found damaged, it is replaced by a new one and asked again; so is
    /// what was written to one that another process replaced meanwhile. `what` may be done more than once.
    pub(super) fn ask<T>(&self, what: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, DbError> {
        let mut tries = TRIES;
        loop {
            if !self.is_in_place() {
                self.reopen()?;
            }
            tries -= 1;
            let done = {
                let db = self.db.borrow();
                db.sql(what(&db.db))
            };
            match done {
                Err(DbError::Damaged { .. }) if tries > 0 && self.is_fixed() => {
                    self.db.replace(Db::in_memory(SCHEMA, make)?);
                }
                Err(DbError::Damaged { source, .. }) if tries > 0 => {
                    let place = place(&self.state);
                    replace(&self.state, place, &source.to_string())?;
                    self.reopen()?;
                }
                Ok(_) if tries > 0 && !self.is_in_place() => {}
                other => return other,
            }
        }
    }

    fn reopen(&self) -> Result<(), DbError> {
        let (db, access) = connect(&self.state)?;
        if self.hasty.get() {
            db.sql(hasty(&db.db))?;
        }
        if let Some(patience) = self.patience.get() {
            db.set_patience(patience)?;
        }
        self.db.replace(db);
        self.access.replace(access);
        Ok(())
    }
}

fn hasty(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "synchronous", "NORMAL")
}

/// Device and inode of the file that is the index now.
fn place(state: &StateDir) -> Option<(u64, u64)> {
    let file = state.index().metadata().ok()?;
    Some((file.dev(), file.ino()))
}

/// Nothing else is opened: a folder cannot be, and a device or a FIFO would be read without end.
fn is_file(state: &StateDir) -> bool {
    state.index().metadata().is_ok_and(|meta| meta.is_file())
}

/// The index that there is, and what could be done. Where none can be had without writing, or that another opsdeck does not
/// need, it is one of this process, to be filled from the runs' own folders.
fn connect(state: &StateDir) -> Result<(Db, Access), DbError> {
    let access = state.access();
    let found = match &access {
        // Of a directory that is another's nothing is opened.
        Access::LookOnly { anothers: true, .. } => Ok(None),
        Access::Full(why) | Access::LookOnly { why, .. } => Db::look(&state.index(), SCHEMA, why),
        Access::Write => match file::private_dir(state.root()).map_err(DbError::from).and_then(|()| open(state)) {
            // A newer opsdeck may be at work in it; a quota may leave no room of which the disk says nothing.
            Err(e @ (DbError::Newer { .. } | DbError::Io(_) | DbError::Sql { .. })) => Err(e),
            other => Ok(Some(other?)),
        },
    };
    let found = found.unwrap_or_else(|e| {
        tracing::warn!("runs are read from their folders: {e}");
        None
    });
    Ok((found.map_or_else(|| Db::in_memory(SCHEMA, make), Ok)?, access))
}

fn open(state: &StateDir) -> Result<Db, DbError> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        let seen = place(state);
        let found = match seen {
            None => Err("there is none".to_owned()),
            Some(_) if !is_file(state) => Err("it is no file".to_owned()),
            Some(_) => match Db::open(&state.index(), SCHEMA, make) {
                Err(DbError::Damaged { source, .. }) => Err(source.to_string()),
                // Another took its place between the two looks.
                Err(_) if tries > 0 && place(state) != seen => continue,
                other => Ok(other?),
            },
        };
        match found {
            // At the last try the next statement goes on to the one that is.
            Ok(db) if tries == 0 || db.is_in_place() => return Ok(db),
            Ok(_) => {}
            Err(why) if tries > 0 => replace(state, seen, &why)?,
            Err(why) => {
                return Err(
                    io::Error::other(format!("no index can be made in {}: {why}", state.root().display())).into()
                );
            }
        }
    }
}

fn make(db: &Connection) -> rusqlite::Result<()> {
    let found: i64 = db.pragma_query_value(None, "user_version", |r| r.get(0))?;
    if found != 0 {
        // Of an older version: there is nothing in it that is worth bringing along.
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB),
            Some(format!("it has schema version {found}")),
        ));
    }
    db.execute_batch(include_str!("index.sql"))
}

/// Makes a new index and moves the link to it, unless somebody else did since `seen`.
fn replace(state: &StateDir, seen: Option<(u64, u64)>, why: &str) -> Result<(), DbError> {
    let _one = alone(state)?;
    if place(state) != seen {
        return Ok(());
    }
    if seen.is_some() {
        tracing::warn!("the index is damaged ({why}): a new one takes its place");
    }
    let folder = state.root().join("index.d");
    file::private_dir(&folder)?;
    let name = format!("{}.db", uuid::Uuid::now_v7());
    let db = Db::open(&folder.join(&name), SCHEMA, make)?;
    if state.run_ids()?.is_empty() {
        db.sql(db.db.execute("UPDATE meta SET whole = 1", []))?;
    }
    drop(db);
    let link = state.root().join(format!(".index.{}.tmp", std::process::id()));
    drop(std::fs::remove_file(&link));
    std::os::unix::fs::symlink(format!("index.d/{name}"), &link).map_err(|e| file::at(&link, "make", e))?;
    if state.index().symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
        // Nothing is renamed over a folder; what somebody put there is not ours to remove.
        let aside = state.root().join(format!("index.db.aside-{}", uuid::Uuid::now_v7()));
        std::fs::rename(state.index(), &aside).map_err(|e| file::at(&state.index(), "move", e))?;
    }
    std::fs::rename(&link, state.index()).map_err(|e| file::at(&state.index(), "replace", e))?;
    tidy(&folder, &name);
    Ok(())
}

/// Files of earlier indexes go; whoever has one open goes on with it until it looks whether it is in place.
fn tidy(folder: &std::path::Path, keep: &str) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let old = entry.file_name().to_str().is_some_and(|name| !name.starts_with(keep));
        if old && let Err(e) = std::fs::remove_file(entry.path()) {
            tracing::warn!("{}: {e}", entry.path().display());
        }
    }
}

/// The right to replace the index.
fn alone(state: &StateDir) -> Result<Lock, DbError> {
    let path = state.root().join("index.lock");
    let since = Instant::now();
    loop {
        match Lock::try_take(&path)? {
            Some(lock) => return Ok(lock),
            None if since.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(5)),
            None => {
                let why = format!("{} is held: another process makes the index", path.display());
                return Err(io::Error::new(io::ErrorKind::WouldBlock, why).into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::beats::Beat;

    fn beat(index: &Index, at: i64) {
        index.beat("prod", &Beat { who: "ann".into(), at }).unwrap();
    }

    fn last(index: &Index) -> Option<i64> {
        index.last_beat("prod").unwrap().map(|beat| beat.at)
    }

    #[test]
    fn one_that_is_deleted_is_made_again_and_whoever_has_it_open_goes_there() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        let (index, other) = (Index::open(&state).unwrap(), Index::open(&state).unwrap());
        beat(&index, 1);
        assert_eq!(last(&other), Some(1));
        std::fs::remove_file(state.index()).unwrap();
        assert!(!index.is_in_place());
        assert_eq!(last(&index), None, "a new one");
        beat(&other, 2);
        assert_eq!((last(&index), index.is_in_place()), (Some(2), true), "both are there");
        assert_eq!(
            std::fs::read_dir(dir.path().join("index.d"))
                .unwrap()
                .filter(|f| { f.as_ref().unwrap().path().extension().is_some_and(|e| e == "db") })
                .count(),
            1,
            "what was before is gone"
        );
    }

    #[test]
    fn what_is_no_file_in_its_place_is_replaced_too() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        drop(Index::open(&state).unwrap());
        let file = std::fs::canonicalize(state.index()).unwrap();
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        beat(&Index::open(&state).unwrap(), 7);
        assert_eq!(last(&Index::open(&state).unwrap()), Some(7), "a folder where the link leads");
        std::fs::remove_file(state.index()).unwrap();
        std::fs::create_dir(state.index()).unwrap();
        beat(&Index::open(&state).unwrap(), 8);
        assert_eq!(last(&Index::open(&state).unwrap()), Some(8), "a folder in place of the link");
        std::fs::remove_file(state.index()).unwrap();
        std::os::unix::fs::symlink("/dev/zero", state.index()).unwrap();
        beat(&Index::open(&state).unwrap(), 9);
        assert_eq!(last(&Index::open(&state).unwrap()), Some(9), "a device");
    }

    #[test]
    fn damage_that_any_statement_finds_heals() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        let index = Index::open(&state).unwrap();
        for at in 0..200 {
            index.beat(&format!("scope {at}"), &Beat { who: "x".repeat(200), at }).unwrap();
        }
        drop(index);
        // Every page but the first: it opens, and a statement finds it.
        let mut bytes = std::fs::read(state.index()).unwrap();
        bytes[4096..].fill(0xa5);
        std::fs::write(state.index(), bytes).unwrap();
        let index = Index::open(&state).unwrap();
        assert_eq!(last(&index), None);
        beat(&index, 7);
        assert_eq!(last(&Index::open(&state).unwrap()), Some(7));
    }

    #[test]
    fn two_that_meet_a_damaged_one_make_one_and_lose_nothing_written_since() {
        for _ in 0..10 {
            let dir = tempfile::tempdir().unwrap();
            let state = StateDir::at(dir.path());
            drop(Index::open(&state).unwrap());
            std::fs::write(state.index(), "no database, though it is long enough to be looked at").unwrap();
            std::thread::scope(|scope| {
                let all: Vec<_> = (0..6_i64)
                    .map(|n| {
                        let state = &state;
                        scope.spawn(move || {
                            let index = Index::open(state).unwrap();
                            index.beat(&n.to_string(), &Beat { who: "w".into(), at: n }).unwrap();
                        })
                    })
                    .collect();
                all.into_iter().for_each(|one| one.join().unwrap());
            });
            let index = Index::open(&state).unwrap();
            let there = (0..6).filter(|n: &i64| index.last_beat(&n.to_string()).unwrap().is_some()).count();
            assert_eq!(there, 6);
        }
    }

    #[test]
    fn it_is_whole_at_once_only_where_there_is_no_run() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("a"));
        assert!(Index::open(&state).unwrap().is_whole().unwrap());
        let state = StateDir::at(dir.path().join("b"));
        std::fs::create_dir_all(state.run(uuid::Uuid::now_v7()).path()).unwrap();
        let index = Index::open(&state).unwrap();
        assert!(!index.is_whole().unwrap());
        index.set_whole().unwrap();
        assert!(Index::open(&state).unwrap().is_whole().unwrap());
    }

    #[test]
    fn many_that_make_it_at_once_all_have_it() {
        for _ in 0..20 {
            let dir = tempfile::tempdir().unwrap();
            let state = StateDir::at(dir.path().join("s"));
            std::thread::scope(|scope| {
                let open = || Index::open(&state).map(|index| index.is_whole().unwrap());
                let all: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                all.into_iter().for_each(|one| assert!(one.join().unwrap().unwrap()));
            });
        }
    }

    #[test]
    fn one_of_a_newer_opsdeck_is_left_alone_and_told_what_it_lacks() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("s"));
        assert!(Index::open(&state).unwrap().is_kept());
        let newer = Connection::open(state.index()).unwrap();
        newer.pragma_update(None, "user_version", SCHEMA + 1).unwrap();
        let before = place(&state);
        let index = Index::open(&state).unwrap();
        beat(&index, 3);
        assert_eq!((last(&index), index.is_kept(), index.is_aside()), (Some(3), false, true));
        assert_eq!(last(&Index::open(&state).unwrap()), None, "for this process alone");
        assert!(!state.index_lacks().exists());
        index.put(&crate::state::runs::tests::sample(1, "running")).unwrap();
        assert!(state.index_lacks().exists(), "the newer one looks what it lacks");
        assert_eq!(place(&state), before);
        let version: i64 = newer.pragma_query_value(None, "user_version", |r| r.get(0)).unwrap();
        assert_eq!(version, SCHEMA + 1);
    }

    #[test]
    fn the_version_tells_that_another_connection_wrote() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        let (reader, writer) = (Index::open(&state).unwrap(), Index::open(&state).unwrap());
        let before = reader.version().unwrap();
        assert_eq!(reader.version().unwrap(), before);
        beat(&writer, 10);
        assert_ne!(reader.version().unwrap(), before);
    }

    #[test]
    fn one_that_was_only_looked_at_is_written_to_as_soon_as_it_may_be() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("s"));
        beat(&Index::open(&state).unwrap(), 1);
        let mode = |mode| std::fs::set_permissions(state.root(), std::os::unix::fs::PermissionsExt::from_mode(mode));
        mode(0o777).unwrap();
        let index = Index::open(&state).unwrap();
        let refused = index.beat("prod", &Beat { who: "bob".into(), at: 2 }).unwrap_err().to_string();
        assert!((last(&index), index.is_kept()) == (Some(1), false) && refused.contains("chmod go-w"), "{refused}");
        mode(0o700).unwrap();
        beat(&index, 3);
        assert_eq!(last(&Index::open(&state).unwrap()), Some(3));
    }
}

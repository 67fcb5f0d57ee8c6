//! An SQLite database of the state directory, as control.db and index.db both are: opened for its owner alone, WAL, patient
//! with other writers. What stands in it is for the two doors to say.

use super::file;
use super::patience::patiently;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long other writers are waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can go wrong with a database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// Written by a newer opsdeck.
    #[error("{} has schema version {found}, this opsdeck knows {known}: use the newer opsdeck that wrote it", path.display())]
    Newer {
        path: PathBuf,
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The folder could not be made, or a file could not be looked at.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The file is no database, or pages of it are not what was written.
    #[error("{} is damaged: {source}", path.display())]
    Damaged { path: PathBuf, source: rusqlite::Error },
    /// Another process writes to it, for longer than is waited for.
    #[error(
        "{} is held by another process that writes to it: nothing of this was done. Try it again; `fuser -v` on that file \
         says who holds it ({source})",
        path.display()
    )]
    Busy { path: PathBuf, source: rusqlite::Error },
    /// It was there and is not any more.
    #[error("{0}")]
    Lost(String),
    /// Its directory is only looked at.
    #[error("nothing of this was done: {0}")]
    LookOnly(String),
    #[error("{}: {source}", path.display())]
    Sql { path: PathBuf, source: rusqlite::Error },
}

impl DbError {
    /// The error of a statement on the database at `path`.
    pub(super) fn of(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => DbError::Damaged { path, source },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => DbError::Busy { path, source },
            _ => DbError::Sql { path, source },
        }
    }
}

#[derive(Debug)]
pub struct Db {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    /// Device and inode of the file that is open.
    file: Option<(u64, u64)>,
    /// Why it takes nothing, where that is known.
    refuses: Option<String>,
    /// It was opened to look at it.
    fixed: bool,
}

impl Db {
    /// Opens the database at `path`, creating it where there is none, and brings it to `schema` by `make`, in one
    /// transaction: whoever is killed in the middle has changed nothing.
    ///
    /// # Errors
    /// It is newer than `schema`, damaged, or cannot be read or written.
    pub(super) fn open(
        path: &Path,
        schema: i64,
        make: impl Fn(&Connection) -> rusqlite::Result<()>,
    ) -> Result<Db, DbError> {
        // Created by us first, so that it is never readable by others, not even for a moment.
        file::ensure(path)?;
        regular(path)?;
        // Looked before: where another takes its place meanwhile, this one is not in place. And made by nobody but us: SQLite
        // would make one anew where the link led before.
        let file = place(path);
        let sql = |source| DbError::of(path, source);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(sql)?;
        let found = patiently(PATIENCE, || prepare(&db, schema, &make)).map_err(sql)?;
        if found > schema {
            return Err(DbError::Newer { path: path.to_owned(), found, known: schema });
        }
        Ok(Db { db, path: path.to_owned(), file, refuses: None, fixed: false })
    }

    /// Opens the database at `path` to look at it, and writes nothing, neither to it nor beside it; `why`: for whoever tries to
    /// write. `None`: there is none, or it was never made.
    ///
    /// # Errors
    /// It is newer than `schema`, damaged, or cannot be read.
    pub(super) fn look(path: &Path, schema: i64, why: &str) -> Result<Option<Db>, DbError> {
        if !path.try_exists()? {
            return Ok(None);
        }
        regular(path)?;
        let file = place(path);
        let sql = |source| DbError::of(path, source);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(to_look(path)?, flags).map_err(sql)?;
        db.busy_timeout(PATIENCE).map_err(sql)?;
        match db.pragma_query_value(None, "user_version", |r| r.get::<_, i64>(0)).map_err(sql)? {
            0 => Ok(None),
            found if found > schema => Err(DbError::Newer { path: path.to_owned(), found, known: schema }),
            _ => Ok(Some(Db { db, path: path.to_owned(), file, refuses: Some(why.to_owned()), fixed: true })),
        }
    }

    /// One that is nowhere but in this process.
    ///
    /// # Errors
    /// SQLite's own.
    pub(super) fn in_memory(schema: i64, make: impl Fn(&Connection) -> rusqlite::Result<()>) -> Result<Db, DbError> {
        let path = PathBuf::from(":memory:");
        let sql = |source| DbError::of(&path, source);
        let db = Connection::open_in_memory().map_err(sql)?;
        prepare(&db, schema, make).map_err(sql)?;
        Ok(Db { db, path, file: None, refuses: None, fixed: false })
    }

    /// A number that changes when another connection, of any process, changes the database. It means nothing but to this
    /// connection.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn version(&self) -> Result<i64, DbError> {
        self.sql(self.db.pragma_query_value(None, "data_version", |r| r.get(0)))
    }

    /// False once the file was replaced or taken away: then what is open here is not the database any more.
    pub fn is_in_place(&self) -> bool {
        place(&self.path) == self.file
    }

    /// It is nowhere but in this process.
    pub(super) fn is_aside(&self) -> bool {
        self.file.is_none()
    }

    /// Does `work` while no other process writes to the database; all of it is on the disk then, or nothing.
    ///
    /// # Errors
    /// What `work` says, or the database cannot be written.
    pub fn alone<T, E: From<DbError>>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        alone(&self.db, |e| self.error(e).into(), work)
    }

    /// From now on other writers are waited for so long, in place of five seconds.
    ///
    /// # Errors
    /// It cannot be set.
    pub fn set_patience(&self, patience: Duration) -> Result<(), DbError> {
        self.sql(self.db.busy_timeout(patience))
    }

    /// It was opened to look at it: nothing is written to it, and what others write to it may not be seen.
    pub(super) fn is_fixed(&self) -> bool {
        self.fixed
    }

    /// What is said when it takes nothing.
    pub(super) fn refusing(self, why: &str) -> Db {
        Db { refuses: Some(why.to_owned()), ..self }
    }

    /// From now on nothing is written to it, and why.
    pub(super) fn only_look(self, why: &str) -> Result<Db, DbError> {
        self.sql(self.db.pragma_update(None, "query_only", true))?;
        Ok(Db { fixed: true, ..self.refusing(why) })
    }

    pub(super) fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, DbError> {
        result.map_err(|source| self.error(source))
    }

    fn error(&self, source: rusqlite::Error) -> DbError {
        match &self.refuses {
            Some(why) if matches!(source.sqlite_error_code(), Some(ErrorCode::ReadOnly | ErrorCode::DiskFull)) => {
                DbError::LookOnly(why.clone())
            }
            _ => DbError::of(&self.path, source),
        }
    }
}

/// The address by which SQLite opens a database and writes nothing, not even the files beside it. What lies in its log is
/// read with it; a log without its index cannot be.
///
/// # Errors
/// There is such a log, or it cannot be looked.
pub fn to_look(path: &Path) -> std::io::Result<String> {
    // SQLite looks for them where a link leads.
    let whole = path.canonicalize().map_err(|e| file::at(path, "look at", e))?;
    let beside = |end: &str| PathBuf::from(format!("{}{end}", whole.display()));
    let (log, index) = (beside("-wal"), beside("-shm"));
    let how = match (log.metadata().map(|meta| meta.len()), index.try_exists()?) {
        (Ok(_), true) => "mode=ro&readonly_shm=1",
        (Ok(1..), false) => {
            let why = format!("its log holds what it lacks, and cannot be read without {}", index.display());
            return Err(std::io::Error::other(format!("{}: {why}", path.display())));
        }
        _ => "immutable=1",
    };
    let whole = whole.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(format!("file:{whole}?{how}"))
}

/// Does `work` in one transaction: all of it, or nothing. Inside another one it is a part of that. `error` is that of a
/// statement.
pub(super) fn alone<T, E>(
    db: &Connection,
    error: impl Fn(rusqlite::Error) -> E,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    if !db.is_autocommit() {
        return work();
    }
    db.execute_batch("BEGIN IMMEDIATE").map_err(&error)?;
    let done = work();
    let ended = db.execute_batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).map_err(error);
    if ended.is_err() && !db.is_autocommit() {
        // A commit that was refused leaves the transaction open: the next one could not begin.
        drop(db.execute_batch("ROLLBACK"));
    }
    done.and_then(|value| ended.map(|()| value))
}

/// SQLite would wait for ever at a FIFO.
fn regular(path: &Path) -> Result<(), DbError> {
    match path.metadata()?.is_file() {
        true => Ok(()),
        false => Err(DbError::of(
            path,
            rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB),
                Some("it is no regular file".to_owned()),
            ),
        )),
    }
}

fn place(path: &Path) -> Option<(u64, u64)> {
    let file = path.metadata().ok()?;
    Some((file.dev(), file.ino()))
}

fn prepare(db: &Connection, schema: i64, make: impl Fn(&Connection) -> rusqlite::Result<()>) -> rusqlite::Result<i64> {
    db.busy_timeout(PATIENCE)?;
    let version = || db.pragma_query_value(None, "user_version", |r| r.get::<_, i64>(0));
    if version()? >= schema {
        return version();
    }
    db.pragma_update(None, "journal_mode", "wal")?;
    db.execute_batch("BEGIN IMMEDIATE")?;
    // Two processes may make it at the same moment: the second finds it made.
    let made = version().and_then(|found| {
        if found < schema {
            make(db)?;
            db.pragma_update(None, "user_version", schema)?;
        }
        db.execute_batch("COMMIT")
    });
    if made.is_err() && !db.is_autocommit() {
        drop(db.execute_batch("ROLLBACK"));
    }
    made.and_then(|()| version())
}

//! The ledger's file: SQLite, for its owner alone, INSERT only by its own triggers, synchronous to the disk.

use super::chain::{self, Head};
use super::commit::{self, Fields, Hash, Salts};
use super::entry::Entry;
use super::record::Record;
use super::{checkpoint, v1, v2};
use crate::state::patience::patiently;
use crate::state::{Access, DbError, StateDir, db, file};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Schema of the file (`PRAGMA user_version`).
const SCHEMA: i64 = 2;
/// How long to wait for other writers.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// Why the ledger can't be used. Whoever is about to act must not, then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or the file.
    #[error("audit ledger: {0}")]
    Io(#[from] std::io::Error),
    #[error("audit ledger {}: {source}", path.display())]
    Sql { path: PathBuf, source: rusqlite::Error },
    /// Its directory is only looked at.
    #[error("{0}")]
    LookOnly(String),
    /// It, or control.db, is not what it was when somebody acted last.
    #[error("{0}")]
    Lost(String),
    /// control.db, against which it is held.
    #[error("{0}")]
    Control(#[from] DbError),
    /// Written by a newer opsdeck.
    #[error("audit ledger {} has schema {found}, this opsdeck knows {SCHEMA}: use the newer one that wrote it", path.display())]
    Newer { path: PathBuf, found: i64 },
    /// There is none yet.
    #[error("audit ledger {}: nothing was recorded yet", path.display())]
    Absent {
        /// Where it would be.
        path: PathBuf,
    },
    /// A row says something that cannot be read; `verify` tells more.
    #[error("audit ledger {}, row {seq}: {why}; opsdeck audit verify tells what was changed", path.display())]
    Damaged {
        path: PathBuf,
        seq: i64,
        /// What is wrong with it.
        why: String,
    },
    /// What was asked of a row cannot be done.
    #[error("audit ledger, row {seq}: {why}")]
    Refused {
        seq: i64,
        /// Why not.
        why: String,
    },
    /// A record can't be written as JSON.
    #[error("audit record: {0}")]
    Json(#[from] serde_json::Error),
}

/// The proof that a record is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub seq: i64,
    /// Its id; an outcome names it as `parent`.
    pub event_id: Uuid,
    pub hash: String,
}

impl Receipt {
    /// The head of the ledger that it made; kept elsewhere, it shows a tail that was cut ([`Ledger::witnessed`]).
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash.clone() }
    }
}

/// An open ledger. Shared by threads; many processes may append at once.
#[derive(Debug)]
pub struct Ledger {
    db: Mutex<Connection>,
    path: PathBuf,
    patience: Duration,
    pub(super) witness: Option<Head>,
}

/// The directory in which a ledger lies.
fn state(path: &Path) -> StateDir {
    StateDir::at(path.parent().unwrap_or(Path::new(".")))
}

/// What is refused where nothing can be written is refused in the words of the whole directory.
fn explained(path: &Path, error: Error) -> Error {
    match &error {
        Error::Io(_) | Error::Sql { .. } => match state(path).access().may_write() {
            Err(why) => Error::LookOnly(why),
            Ok(()) => error,
        },
        _ => error,
    }
}

impl Ledger {
    /// Opens the ledger to append, creating it where there is none (0600, its folder 0700).
    ///
    /// # Errors
    /// It can't be created, opened or written, or is newer than this program.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_within(path, PATIENCE)
    }

    /// As [`Ledger::open`], but waits only so long for other writers.
    pub fn open_within(path: &Path, patience: Duration) -> Result<Self, Error> {
        Self::to_append(path, patience).map_err(|e| explained(path, e))
    }

    fn to_append(path: &Path, patience: Duration) -> Result<Self, Error> {
        if let Some(folder) = path.parent() {
            file::private_dir(folder)?;
        }
        // created by us first, so that it is never readable by others, not even for a moment
        file::ensure(path)?;
        let meta = std::fs::metadata(path).map_err(|e| file::at(path, "look at", e))?;
        if std::os::unix::fs::MetadataExt::mode(&meta) & 0o077 != 0 {
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(path, private).map_err(|e| file::at(path, "make private", e))?;
        }
        let ledger = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, patience, false)?;
        ledger.prepare()?;
        Ok(ledger)
    }

    /// Opens the ledger to read.
    ///
    /// # Errors
    /// There is none, it can't be read, or is newer than this program.
    pub fn open_to_read(path: &Path) -> Result<Self, Error> {
        if !path.exists() {
            return Err(Error::Absent { path: path.to_path_buf() });
        }
        let connect = |look| Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, PATIENCE, look);
        // SQLite writes files of its own beside a database that it reads: not where nothing may be written, or can be.
        let ledger = match state(path).access() {
            Access::Write => connect(false).or_else(|e| connect(true).map_err(|_| e))?,
            _ => connect(true)?,
        };
        match ledger.version()? {
            0 => Err(Error::Absent { path: path.to_path_buf() }),
            _ => Ok(ledger),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A head that was kept elsewhere: [`Ledger::verify`] holds the ledger against it, as against its own checkpoint.
    pub fn witnessed(self, head: Option<Head>) -> Self {
        Self { witness: head, ..self }
    }

    /// The newest row.
    ///
    /// # Errors
    /// The ledger can't be read.
    pub fn head(&self) -> Result<Head, Error> {
        let (seq, hash) = self.sql(head(&self.db()))?;
        Ok(Head { seq, hash: chain::hex(&hash) })
    }

    /// Appends a record. When this returns, it is on the disk.
    ///
    /// # Errors
    /// It is not on the disk: what it announces must not be done.
    pub fn append(&self, record: &Record) -> Result<Receipt, Error> {
        let fields = draft(record)?;
        self.write(|tx| append(tx, fields.clone()))
    }

    /// Appends a record of which a run has one only; `None`: it is there already, whoever wrote it.
    pub fn append_once(&self, record: &Record) -> Result<Option<Receipt>, Error> {
        let fields = draft(record)?;
        self.write(|tx| match record.run_id {
            Some(run) if super::newest::newest(tx, run, record.action, record.phase)?.is_some() => Ok(None),
            _ => append(tx, fields.clone()).map(Some),
        })
    }

    /// Does something in one transaction of its own, again while others write; afterwards the checkpoint follows.
    pub(super) fn write<T>(&self, mut what: impl FnMut(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let mut db = self.db();
        let written = patiently(self.patience, || {
            let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let before = head(&tx)?;
            let done = what(&tx)?;
            let now = head(&tx)?;
            tx.commit()?;
            Ok((done, before, now))
        });
        let (done, before, now) = self.sql(written).map_err(|e| explained(&self.path, e))?;
        checkpoint::advance(&self.path, before, now, |seq| hash_at(&db, seq));
        Ok(done)
    }

    pub(super) fn db(&self) -> MutexGuard<'_, Connection> {
        // a panic while it was held rolled its transaction back
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, Error> {
        result.map_err(|source| Error::Sql { path: self.path.clone(), source })
    }

    fn connect(path: &Path, flags: OpenFlags, patience: Duration, look: bool) -> Result<Self, Error> {
        let sql = |source| Error::Sql { path: path.to_path_buf(), source };
        // SQLite would wait for ever at a FIFO.
        if std::fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
            let why = std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is no regular file");
            return Err(file::at(path, "open", why).into());
        }
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = match look {
            true => Connection::open_with_flags(db::to_look(path)?, flags | OpenFlags::SQLITE_OPEN_URI),
            false => Connection::open_with_flags(path, flags),
        };
        let db = db.map_err(sql)?;
        db.busy_timeout(patience).map_err(sql)?;
        db.set_prepared_statement_cache_capacity(32);
        let ledger = Self { db: Mutex::new(db), path: path.to_path_buf(), patience, witness: None };
        match ledger.version()? {
            found if found > SCHEMA => Err(Error::Newer { path: path.to_path_buf(), found }),
            _ => Ok(ledger),
        }
    }

    fn version(&self) -> Result<i64, Error> {
        self.sql(self.db().pragma_query_value(None, "user_version", |row| row.get(0)))
    }

    fn prepare(&self) -> Result<(), Error> {
        self.sql(patiently(self.patience, || self.try_prepare()))
    }

    fn try_prepare(&self) -> rusqlite::Result<()> {
        let mut db = self.db();
        let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        if mode != "wal" {
            db.pragma_update(None, "journal_mode", "wal")?;
        }
        db.pragma_update(None, "synchronous", "full")?;
        // What a redaction takes out leaves no bytes behind.
        db.pragma_update(None, "secure_delete", true)?;
        let version = |db: &Connection| db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        if version(&db)? < SCHEMA {
            let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Another may have done it while this one waited.
            if version(&tx)? < SCHEMA {
                let mut base = 0;
                if v1::is_there(&tx)? {
                    base = v1::head(&tx)?.map_or(0, |(seq, _)| seq);
                    v1::seal(&tx)?;
                }
                v2::create(&tx, base)?;
                tx.pragma_update(None, "user_version", SCHEMA)?;
            }
            tx.commit()?;
        }
        Ok(())
    }
}

/// What a row of this record says, but for what is known only when it is written.
pub(super) fn draft(record: &Record) -> Result<Fields, Error> {
    Ok(super::fields::of(&Entry::new(record, 0, Uuid::nil(), 0))?)
}

/// Writes a row within a transaction, which must be committed.
pub(super) fn append(tx: &Connection, mut fields: Fields) -> rusqlite::Result<Receipt> {
    let (last, previous) = head(tx)?;
    let (seq, event_id) = (last + 1, Uuid::now_v7());
    fields.insert("seq".to_owned(), seq.into());
    fields.insert("event_id".to_owned(), event_id.to_string().into());
    fields.insert("timestamp_ms".to_owned(), jiff::Timestamp::now().as_millisecond().into());
    let salts = Salts::fresh().map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
    let hash = commit::row_hash(&previous, &fields, &salts, &Default::default())
        .map_err(|why| rusqlite::Error::ToSqlConversionFailure(why.into()))?;
    v2::insert(tx, &fields, &salts, &hash)?;
    Ok(Receipt { seq, event_id, hash: chain::hex(&hash) })
}

/// Number and hash of the last row of either version.
pub(super) fn head(db: &Connection) -> rusqlite::Result<(i64, Hash)> {
    let new = if v2::is_there(db)? { v2::head(db)? } else { None };
    let last = match new {
        None if v1::is_there(db)? => v1::head(db)?,
        other => other,
    };
    Ok(last.unwrap_or((0, commit::genesis())))
}

/// The hash of a row of either version.
pub(super) fn hash_at(db: &Connection, seq: i64) -> rusqlite::Result<Option<Hash>> {
    let new = if v2::is_there(db)? { v2::hash_at(db, seq)? } else { None };
    match new {
        None if v1::is_there(db)? => v1::hash_at(db, seq),
        other => Ok(other),
    }
}

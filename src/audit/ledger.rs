//! The ledger's file: SQLite, for its owner alone, INSERT only by its own triggers, synchronous to the disk.

use super::entry::Entry;
use super::record::Record;
use super::{canonical, chain, checkpoint};
use crate::state::file;
use crate::state::patience::patiently;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Schema of the file (`PRAGMA user_version`).
const SCHEMA: i64 = 1;
/// How long to wait for other writers.
const PATIENCE: Duration = Duration::from_secs(15);
/// `body` is the canonical JSON that is hashed; the other columns only make it searchable, and are verified against it.
/// A plain `INSERT OR REPLACE` would delete a row without firing its delete trigger, so inserts are checked too.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS audit (
        seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, event_id TEXT NOT NULL UNIQUE, action TEXT NOT NULL,
        status TEXT NOT NULL, operator TEXT NOT NULL, env TEXT, run_id TEXT, body TEXT NOT NULL, hash TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS audit_ts ON audit (ts);
    CREATE INDEX IF NOT EXISTS audit_operator ON audit (operator, seq);
    CREATE INDEX IF NOT EXISTS audit_status ON audit (status, seq);
    CREATE INDEX IF NOT EXISTS audit_env ON audit (env, seq);
    CREATE INDEX IF NOT EXISTS audit_run ON audit (run_id, seq);
    CREATE TRIGGER IF NOT EXISTS audit_no_update BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit ledger is append-only'); END;
    CREATE TRIGGER IF NOT EXISTS audit_no_delete BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit ledger is append-only'); END;
    CREATE TRIGGER IF NOT EXISTS audit_next_only BEFORE INSERT ON audit
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
            OR EXISTS (SELECT 1 FROM audit WHERE event_id = NEW.event_id)
        BEGIN SELECT RAISE(ABORT, 'the audit ledger is append-only'); END;";

/// Why the ledger can't be used. Whoever is about to act must not, then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or the file.
    #[error("audit ledger: {0}")]
    Io(#[from] std::io::Error),
    /// SQLite's own error.
    #[error("audit ledger {}: {source}", path.display())]
    Sql {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// Written by a newer opsdeck.
    #[error("audit ledger {} has schema {found}, this opsdeck knows {SCHEMA}: use the newer one that wrote it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// There is none yet.
    #[error("audit ledger {}: nothing was recorded yet", path.display())]
    Absent {
        /// Where it would be.
        path: PathBuf,
    },
    /// A record can't be written as JSON.
    #[error("audit record: {0}")]
    Json(#[from] serde_json::Error),
}

/// The proof that a record is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its number.
    pub seq: i64,
    /// Its id; an outcome names it as `parent`.
    pub event_id: Uuid,
    /// Its hash.
    pub hash: String,
}

/// An open ledger. Shared by threads; many processes may append at once.
#[derive(Debug)]
pub struct Ledger {
    db: Mutex<Connection>,
    path: PathBuf,
}

fn is_anothers(path: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    std::fs::metadata(path).is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) != own)
}

/// SQLite writes files of its own beside a database that it reads, where it can: not beside another's.
fn as_it_lies(path: &Path) -> String {
    let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{path}?immutable=1")
}

impl Ledger {
    /// Opens the ledger to append, creating it where there is none (0600, its folder 0700).
    ///
    /// # Errors
    /// It can't be created, opened or written, or is newer than this program.
    pub fn open(path: &Path) -> Result<Self, Error> {
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
        let ledger = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
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
        let ledger = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        match ledger.version()? {
            0 => Err(Error::Absent { path: path.to_path_buf() }),
            _ => Ok(ledger),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a record. When this returns, it is on the disk.
    ///
    /// # Errors
    /// It is not on the disk: what it announces must not be done.
    pub fn append(&self, record: &Record) -> Result<Receipt, Error> {
        let mut db = self.db();
        let written = (|| {
            let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let head: Option<(i64, String)> = tx
                .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let (last, previous) = head.unwrap_or((0, chain::GENESIS.to_owned()));
            let (seq, event_id) = (last + 1, Uuid::now_v7());
            let entry = Entry::new(record, seq, event_id, jiff::Timestamp::now().as_millisecond());
            let body = match serde_json::to_value(&entry) {
                Ok(value) => canonical(&value),
                Err(error) => return Ok(Err(Error::Json(error))),
            };
            let hash = chain::link(&previous, &body);
            tx.prepare_cached("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?.execute((
                seq,
                entry.timestamp_ms,
                event_id.to_string(),
                &entry.action,
                &entry.status,
                &entry.operator,
                &entry.env,
                entry.run_id.map(|id| id.to_string()),
                &body,
                &hash,
            ))?;
            tx.commit()?;
            Ok(Ok((Receipt { seq, event_id, hash }, last, previous)))
        })();
        let (receipt, last, previous) = self.sql(written)??;
        checkpoint::advance(&self.path, &db, (last, &previous), (receipt.seq, &receipt.hash));
        Ok(receipt)
    }

    pub(super) fn db(&self) -> MutexGuard<'_, Connection> {
        // a panic while it was held rolled its transaction back
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, Error> {
        result.map_err(|source| Error::Sql { path: self.path.clone(), source })
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self, Error> {
        let sql = |source| Error::Sql { path: path.to_path_buf(), source };
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = match flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY) && is_anothers(path) {
            true => Connection::open_with_flags(as_it_lies(path), flags | OpenFlags::SQLITE_OPEN_URI),
            false => Connection::open_with_flags(path, flags),
        };
        let db = db.map_err(sql)?;
        db.busy_timeout(PATIENCE).map_err(sql)?;
        let ledger = Self { db: Mutex::new(db), path: path.to_path_buf() };
        match ledger.version()? {
            found if found > SCHEMA => Err(Error::Newer { path: path.to_path_buf(), found }),
            _ => Ok(ledger),
        }
    }

    fn version(&self) -> Result<i64, Error> {
        self.sql(self.db().pragma_query_value(None, "user_version", |row| row.get(0)))
    }

    fn prepare(&self) -> Result<(), Error> {
        self.sql(patiently(PATIENCE, || self.try_prepare()))
    }

    fn try_prepare(&self) -> rusqlite::Result<()> {
        let mut db = self.db();
        let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        if mode != "wal" {
            db.pragma_update(None, "journal_mode", "wal")?;
        }
        db.pragma_update(None, "synchronous", "full")?;
        let found: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found < SCHEMA {
            let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            tx.execute_batch(TABLES)?;
            tx.pragma_update(None, "user_version", SCHEMA)?;
            tx.commit()?;
        }
        Ok(())
    }
}

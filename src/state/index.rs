//! The index database: one row a run, so that lists need no journal, and the leases. Only ever derived from
//! `runs/*/`, and rebuilt from there when it is lost. WAL, so that readers and writers do not wait for each other.

use super::StateDir;
use super::patience::patiently;
use rusqlite::Connection;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long other writers are waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Version of the schema that this program writes (`PRAGMA user_version`).
pub const SCHEMA: i64 = 6;

/// What can go wrong with the index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Written by a newer opsdeck.
    #[error("{path} has schema version {found}, this opsdeck knows {SCHEMA}: use the newer opsdeck that wrote it")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// The folder could not be made.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// SQLite's own error.
    #[error("index {path}: {source}")]
    Sql {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

/// An open index.
#[derive(Debug)]
pub struct Index {
    pub(super) db: Connection,
    path: PathBuf,
    fresh: bool,
    /// Device and inode of the file that is open.
    file: Option<(u64, u64)>,
}

impl Index {
    /// Opens the index, creating it where there is none. See [`Index::is_fresh`].
    pub fn open(state: &StateDir) -> Result<Index, IndexError> {
        if super::home::is_foreign(state) {
            return Index::in_memory(state);
        }
        super::file::private_dir(state.root())?;
        let path = state.index();
        // Created by us first, so that it is never readable by others, not even for a moment.
        super::file::ensure(&path)?;
        let sql = |source| IndexError::Sql { path: path.clone(), source };
        let db = Connection::open(&path).map_err(sql)?;
        let (found, fresh) = patiently(PATIENCE, || prepare(&db)).map_err(sql)?;
        if found > SCHEMA {
            return Err(IndexError::Newer { path, found });
        }
        let file = place(&path);
        Ok(Index { db, path, fresh, file })
    }

    /// Of a directory that is another's nothing is opened and nothing written: what lists need is folded anew from the runs.
    fn in_memory(state: &StateDir) -> Result<Index, IndexError> {
        let path = state.index();
        let sql = |source| IndexError::Sql { path: path.clone(), source };
        let db = Connection::open_in_memory().map_err(sql)?;
        let (_, fresh) = prepare(&db).map_err(sql)?;
        Ok(Index { db, path, fresh, file: None })
    }

    /// True if this opening created it: runs that lie in `runs/` are not in it yet.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// A number that changes when another connection, of any process, changes the index. It means nothing but to this
    /// connection.
    pub fn version(&self) -> Result<i64, IndexError> {
        self.sql(self.db.pragma_query_value(None, "data_version", |r| r.get(0)))
    }

    /// False once the file was put aside or replaced: then what is open here is not the index any more.
    pub fn is_in_place(&self) -> bool {
        self.file.is_some() && place(&self.path) == self.file
    }

    pub(super) fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, IndexError> {
        result.map_err(|source| IndexError::Sql { path: self.path.clone(), source })
    }

    /// When this operator last looked (Unix milliseconds): what ended later is news.
    pub fn last_seen(&self, operator: &str) -> Result<Option<i64>, IndexError> {
        use rusqlite::OptionalExtension;
        let query = "SELECT at FROM seen WHERE operator = ?1";
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.query_row([operator], |r| r.get(0)).optional()))
    }

    /// Notes that this operator looks now.
    pub fn mark_seen(&self, operator: &str, at: i64) -> Result<(), IndexError> {
        let query = "INSERT INTO seen (operator, at) VALUES (?1, ?2)
                     ON CONFLICT (operator) DO UPDATE SET at = max(at, excluded.at)";
        self.sql(self.db.execute(query, (operator, at)).map(drop))
    }
}

fn place(path: &Path) -> Option<(u64, u64)> {
    let file = path.metadata().ok()?;
    Some((file.dev(), file.ino()))
}

fn prepare(db: &Connection) -> rusqlite::Result<(i64, bool)> {
    db.busy_timeout(PATIENCE)?;
    let found: i64 = db.pragma_query_value(None, "user_version", |r| r.get(0))?;
    if found >= SCHEMA {
        return Ok((found, false));
    }
    db.pragma_update(None, "journal_mode", "wal")?;
    // IF NOT EXISTS: two processes may create it at the same moment.
    db.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         CREATE TABLE IF NOT EXISTS runs (
             id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, environment TEXT, operator TEXT NOT NULL,
             cwd TEXT NOT NULL, state TEXT NOT NULL, failure TEXT, why TEXT, rc INTEGER, created_at INTEGER NOT NULL,
             started_at INTEGER, ended_at INTEGER, hosts INTEGER NOT NULL, failed INTEGER NOT NULL,
             unreachable INTEGER NOT NULL, changed INTEGER NOT NULL, duration INTEGER, check_mode INTEGER NOT NULL) STRICT;
         CREATE INDEX IF NOT EXISTS runs_ended ON runs (ended_at);
         CREATE INDEX IF NOT EXISTS runs_live ON runs (ended_at) WHERE ended_at IS NULL;
         CREATE TABLE IF NOT EXISTS leases (
             token INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL UNIQUE, scope TEXT NOT NULL, hosts TEXT,
             taken_at INTEGER NOT NULL) STRICT;
         CREATE TABLE IF NOT EXISTS seen (operator TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
         CREATE TABLE IF NOT EXISTS lines (
             environment TEXT PRIMARY KEY, reason TEXT NOT NULL, operator TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
         {}
         {}
         {}
         {}
         {}
         {}
         {}
         PRAGMA user_version = {SCHEMA};
         COMMIT;",
        super::alerts::TABLES,
        super::beats::TABLES,
        super::breakers::TABLES,
        super::recovery::TABLES,
        super::health::TABLES,
        super::outbox::TABLES,
        super::silences::TABLES,
    ))?;
    Ok((SCHEMA, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_opening_leaves_the_locks_of_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("s"));
        let first = Index::open(&state).unwrap();
        first.last_seen("somebody").unwrap();
        let file = format!(":{} ", std::fs::metadata(state.index()).unwrap().ino());
        let own = format!(" {} ", std::process::id());
        let locks = || {
            let all = std::fs::read_to_string("/proc/locks").unwrap();
            all.lines().filter(|l| l.contains(&own) && l.contains(&file)).count()
        };
        assert_eq!(locks(), 1, "an open connection holds a lock on the database");
        let second = Index::open(&state).unwrap();
        drop(second);
        assert_eq!(locks(), 1, "and holds it still");
    }

    #[test]
    fn many_that_create_it_at_once_all_have_it() {
        for _ in 0..20 {
            let dir = tempfile::tempdir().unwrap();
            let state = StateDir::at(dir.path().join("s"));
            std::thread::scope(|scope| {
                let open = || Index::open(&state).map(|index| index.last_seen("somebody").unwrap());
                let all: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                all.into_iter().for_each(|one| assert_eq!(one.join().unwrap().unwrap(), None));
            });
        }
    }

    #[test]
    fn a_newer_schema_is_refused_in_plain_words() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("s"));
        let index = Index::open(&state).unwrap();
        assert!(index.is_fresh());
        index.db.pragma_update(None, "user_version", 7).unwrap();
        drop(index);
        let e = Index::open(&state).unwrap_err().to_string();
        assert!(e.contains("schema version 7") && e.contains("newer opsdeck"), "{e}");
    }

    #[test]
    fn the_version_tells_that_another_connection_wrote() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        let (reader, writer) = (Index::open(&state).unwrap(), Index::open(&state).unwrap());
        let before = reader.version().unwrap();
        assert_eq!(reader.version().unwrap(), before);
        writer.mark_seen("ann", 10).unwrap();
        assert_ne!(reader.version().unwrap(), before);
        assert!(reader.is_in_place());
        std::fs::rename(state.index(), dir.path().join("aside")).unwrap();
        assert!(!reader.is_in_place(), "it is gone");
        drop(Index::open(&state).unwrap());
        assert!(!reader.is_in_place(), "it is another one");
    }

    #[test]
    fn remembers_when_an_operator_looked() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        let index = Index::open(&state).unwrap();
        assert_eq!(index.last_seen("ann").unwrap(), None);
        index.mark_seen("ann", 10).unwrap();
        index.mark_seen("ann", 5).unwrap();
        assert_eq!(Index::open(&state).unwrap().last_seen("ann").unwrap(), Some(10));
    }
}

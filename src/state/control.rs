//! control.db: what people decided (stopped lines, silences, overrides, incidents, the outbox), leases with their fencing
//! tokens, and the numbers of runs. The one door to it. It is never derived: where it is gone or damaged nobody can tell
//! what was decided, so that is said, and nothing is begun.

use super::db::{Db, DbError};
use super::{Access, StateDir, file, legacy};
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;
use std::ops::Deref;
use std::path::PathBuf;
use uuid::Uuid;

/// Version of the schema that this program writes (`PRAGMA user_version`).
const SCHEMA: i64 = 1;

#[derive(Debug)]
pub struct Control {
    db: Db,
}

impl Deref for Control {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl Control {
    /// Opens it. Where there is none yet it is made, from what `opsdeck.db` of an earlier version holds if that is there.
    ///
    /// # Errors
    /// It was there before and is gone ([`DbError::Lost`]), it is damaged, written by a newer opsdeck, or cannot be written.
    pub fn open(state: &StateDir) -> Result<Control, DbError> {
        let access = state.access();
        if access.is_anothers() {
            return Err(DbError::Lost(anothers(state)));
        }
        let there = state.control().try_exists()?;
        if !there && is_lost(state)? {
            return Err(DbError::Lost(lost(state)));
        }
        let db = match access {
            Access::Write => match write(state) {
                // A quota, for instance, of which the disk says nothing.
                Err(e @ (DbError::Io(_) | DbError::Sql { .. })) if there => {
                    look(state, &e.to_string()).map_err(|_| e)?
                }
                other => other?,
            },
            // Whoever has it open keeps it writable for all: what must be done all the same is tried.
            Access::Full(why) if there => match write(state) {
                Ok(db) => db.refusing(&why),
                Err(_) => look(state, &why)?,
            },
            Access::Full(why) | Access::LookOnly { why, .. } => look(state, &why)?,
        };
        Ok(Control { db })
    }

    /// False once the file was replaced or taken away, and where it is only looked at: then it is opened anew.
    pub fn is_in_place(&self) -> bool {
        !self.db.is_fixed() && self.db.is_in_place()
    }

    /// Opens it where there is one; makes none.
    pub fn open_where_it_is(state: &StateDir) -> Result<Option<Control>, DbError> {
        match state.control().try_exists()? {
            true => Control::open(state).map(Some),
            false => Ok(None),
        }
    }

    /// A new one in place of one that is gone or damaged, because a person says so. What lies there is put aside. `runs` get
    /// the numbers that are frozen in them; those without one are numbered behind them, by age. `witness`: the head of the
    /// ledger.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn anew(state: &StateDir, runs: &[(Uuid, Option<u64>)], witness: (i64, &str)) -> Result<Control, DbError> {
        let aside = format!("control.db.aside-{}", Uuid::now_v7());
        for suffix in ["", "-wal", "-shm"] {
            let of = |name: &str| state.root().join(format!("{name}{suffix}"));
            match std::fs::rename(of("control.db"), of(&aside)) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(file::at(&of("control.db"), "move", e).into());
                }
                _ => {}
            }
        }
        let db = Db::open(&state.control(), SCHEMA, |db| {
            make_empty(db)?;
            db.execute("INSERT INTO witness VALUES (?1, ?2)", witness)?;
            for (id, frozen) in runs {
                let frozen = frozen.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
                if let Some(frozen) = frozen {
                    db.execute("INSERT OR IGNORE INTO numbers VALUES (?1, ?2)", (frozen, id.to_string()))?;
                }
            }
            runs.iter().try_for_each(|(id, _)| number(db, &id.to_string()).map(drop))
        })?;
        Ok(Control { db })
    }

    /// Keeps the head of the ledger.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep_witness(&self, seq: i64, hash: &str) -> Result<(), DbError> {
        self.alone(|| {
            self.sql((|| {
                self.db.db.execute("DELETE FROM witness WHERE seq < ?1", [seq])?;
                let query = "INSERT INTO witness SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM witness)";
                self.db.db.execute(query, (seq, hash)).map(drop)
            })())
        })
    }

    /// Forgets it: another ledger is begun.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn forget_witness(&self) -> Result<(), DbError> {
        self.sql(self.db.db.execute("DELETE FROM witness", []).map(drop))
    }

    /// The head of the ledger that was kept last: number and hash.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn witness(&self) -> Result<Option<(i64, String)>, DbError> {
        let query = "SELECT seq, hash FROM witness ORDER BY seq DESC LIMIT 1";
        self.sql(self.db.db.query_row(query, [], |r| Ok((r.get(0)?, r.get(1)?))).optional())
    }

    /// The number of a run: its own for good, and one more than that of the run numbered before it.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn number(&self, run: Uuid) -> Result<u64, DbError> {
        if let Some(number) = self.numbered(run)? {
            return Ok(number);
        }
        self.sql(number(&self.db.db, &run.to_string()))
    }

    /// The run with a number.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn run_numbered(&self, number: u64) -> Result<Option<Uuid>, DbError> {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let query = "SELECT run FROM numbers WHERE number = ?1";
        let found: Option<String> = self.sql(self.db.db.query_row(query, [number], |r| r.get(0)).optional())?;
        Ok(found.and_then(|run| Uuid::parse_str(&run).ok()))
    }

    /// All numbers.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn numbers(&self) -> Result<HashMap<Uuid, u64>, DbError> {
        let rows: Vec<(String, i64)> = self.sql(
            self.db
                .db
                .prepare("SELECT run, number FROM numbers")
                .and_then(|mut q| q.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()),
        )?;
        let read = |(run, number): (String, i64)| Some((Uuid::parse_str(&run).ok()?, number.unsigned_abs()));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// The number of a run that has one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn numbered(&self, run: Uuid) -> Result<Option<u64>, DbError> {
        let query = "SELECT number FROM numbers WHERE run = ?1";
        let found: Option<i64> = self.sql(
            self.db.db.prepare_cached(query).and_then(|mut q| q.query_row([run.to_string()], |r| r.get(0)).optional()),
        )?;
        Ok(found.map(i64::unsigned_abs))
    }
}

fn number(db: &Connection, run: &str) -> rusqlite::Result<u64> {
    db.execute("INSERT INTO numbers (run) VALUES (?1) ON CONFLICT DO NOTHING", [run])?;
    let number: i64 = db.query_row("SELECT number FROM numbers WHERE run = ?1", [run], |r| r.get(0))?;
    Ok(number.unsigned_abs())
}

fn write(state: &StateDir) -> Result<Db, DbError> {
    file::private_dir(state.root())?;
    let db = Db::open(&state.control(), SCHEMA, |db| {
        // An empty file is a new database to SQLite: here it is one that was emptied.
        let io = |e: DbError| rusqlite::Error::ToSqlConversionFailure(Box::new(e));
        if is_lost(state).map_err(io)? {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB),
                Some(format!("it is empty. {}", lost_words())),
            ));
        }
        make(state, db)
    })?;
    if !made(state).try_exists()? {
        let words = "control.db was made here. Where it is missing beside this file, what people decided is lost.\n";
        file::write_whole(&made(state), words.as_bytes())?;
    }
    Ok(db)
}

/// As it is, where nothing can be written; where there is none yet nothing was decided.
fn look(state: &StateDir, why: &str) -> Result<Db, DbError> {
    match Db::look(&state.control(), SCHEMA, why)? {
        Some(db) => Ok(db),
        None if is_lost(state)? => Err(DbError::Lost(lost(state))),
        None if state.legacy().try_exists()? => Err(DbError::LookOnly(format!(
            "what was decided lies in {}, and can be taken over from there only by writing. {why}",
            state.legacy().display()
        ))),
        None => Db::in_memory(SCHEMA, make_empty)?.only_look(why),
    }
}

/// Beside one that was made here.
fn made(state: &StateDir) -> PathBuf {
    state.root().join("control.made")
}

/// A launch makes it before it makes the run's folder: runs without it, and without what came before it, tell that it was
/// there.
fn is_lost(state: &StateDir) -> Result<bool, DbError> {
    Ok(made(state).try_exists()? || (!state.legacy().try_exists()? && !state.run_ids()?.is_empty()))
}

fn lost(state: &StateDir) -> String {
    format!("{} is gone. {}", state.control().display(), lost_words())
}

fn lost_words() -> &'static str {
    "Which hosts are held, which lines are stopped and what is silenced cannot be told: put it back from a backup, or begin \
     anew with `opsdeck claim --new-control --reason ...`"
}

fn anothers(state: &StateDir) -> String {
    format!(
        "{} belongs to another user: what people decided there, and which hosts are held, cannot be told from here",
        state.root().display()
    )
}

fn make(state: &StateDir, db: &Connection) -> rusqlite::Result<()> {
    make_empty(db)?;
    legacy::take_over(state, db)?;
    // Runs from before numbers: once, by age. Ids sort by time.
    let ids = state.run_ids().map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
    ids.iter().try_for_each(|id| number(db, &id.to_string()).map(drop))
}

fn make_empty(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(include_str!("control.sql"))?;
    // Tokens only grow, also where this takes the place of one that was lost: no run of that time holds one that is valid.
    let now = jiff::Timestamp::now().as_millisecond();
    db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('leases', ?1)", [now]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_numbered_once_and_those_from_before_by_age() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("s"));
        let old: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
        // What an earlier version left.
        std::fs::create_dir_all(state.root()).unwrap();
        let legacy = Connection::open(state.legacy()).unwrap();
        legacy.execute_batch("CREATE TABLE leases (token INTEGER); PRAGMA user_version = 6").unwrap();
        for id in old.iter().rev() {
            std::fs::create_dir_all(state.run(*id).path()).unwrap();
        }
        let control = Control::open(&state).unwrap();
        assert_eq!(old.iter().map(|id| control.number(*id).unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
        let new = Uuid::now_v7();
        assert_eq!((control.numbered(new).unwrap(), control.number(new).unwrap()), (None, 4));
        assert_eq!(Control::open(&state).unwrap().number(new).unwrap(), 4);
    }

    #[test]
    fn one_that_is_gone_is_said_and_not_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("s"));
        drop(Control::open(&state).unwrap());
        for suffix in ["", "-wal", "-shm"] {
            drop(std::fs::remove_file(format!("{}{suffix}", state.control().display())));
        }
        let why = Control::open(&state).unwrap_err().to_string();
        assert!(why.contains("is gone") && why.contains("--new-control"), "{why}");
        std::fs::remove_file(state.root().join("control.made")).unwrap();
        std::fs::create_dir_all(state.run(Uuid::now_v7()).path()).unwrap();
        assert!(Control::open(&state).is_err(), "a run tells that it was there");
    }

    #[test]
    fn damage_is_loud_and_nothing_is_lost_by_it() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("s"));
        drop(Control::open(&state).unwrap());
        std::fs::write(state.control(), "").unwrap();
        let why = Control::open(&state).unwrap_err().to_string();
        assert!(why.contains("control.db is damaged") && why.contains("--new-control"), "emptied: {why}");
        std::fs::write(state.control(), "not a database, but sixteen bytes at least").unwrap();
        let why = Control::open(&state).unwrap_err().to_string();
        assert!(why.contains("control.db is damaged"), "{why}");
        assert!(std::fs::read(state.control()).unwrap().starts_with(b"not a database"), "it is left as it is");
    }

    #[test]
    fn many_that_make_it_at_once_all_have_it() {
        for _ in 0..10 {
            let dir = tempfile::tempdir().unwrap();
            let state = StateDir::at(dir.path().join("s"));
            std::thread::scope(|scope| {
                let open = || Control::open(&state).map(|control| control.number(Uuid::now_v7()).unwrap());
                let all: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                let mut numbers: Vec<_> = all.into_iter().map(|one| one.join().unwrap().unwrap()).collect();
                numbers.sort_unstable();
                assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
            });
        }
    }

    #[test]
    fn a_second_opening_leaves_the_locks_of_the_first() {
        use std::os::unix::fs::MetadataExt;
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("s"));
        let first = Control::open(&state).unwrap();
        first.stopped_lines().unwrap();
        let file = format!(":{} ", std::fs::metadata(state.control()).unwrap().ino());
        let own = format!(" {} ", std::process::id());
        let locks = || {
            let all = std::fs::read_to_string("/proc/locks").unwrap();
            all.lines().filter(|l| l.contains(&own) && l.contains(&file)).count()
        };
        assert_eq!(locks(), 1, "an open connection holds a lock on the database");
        drop(Control::open(&state).unwrap());
        assert_eq!(locks(), 1, "and holds it still");
    }

    #[test]
    fn a_newer_schema_is_refused_in_plain_words() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("s"));
        Control::open(&state).unwrap().db.db.pragma_update(None, "user_version", SCHEMA + 1).unwrap();
        let why = Control::open(&state).unwrap_err().to_string();
        assert!(why.contains("schema version 2") && why.contains("newer opsdeck"), "{why}");
    }
}

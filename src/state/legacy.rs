//! `opsdeck.db` of version 0.1: index, leases and decisions in one file. What people decided in it is taken over into
//! control.db, once. It stays where it is: processes of that version that still live look there whether their lease holds;
//! but nothing is decided in it any more.

use super::StateDir;
use rusqlite::{Connection, OpenFlags, params_from_iter, types::Value};

/// Tables that are taken over, those that an earlier program still may write apart.
const TABLES: [&str; 11] = [
    "leases",
    "lines",
    "silences",
    "breakers",
    "recovery_tokens",
    "recovery_incidents",
    "recovery_switches",
    "outbox",
    "firing",
    "said",
    "cursors",
];
/// Alerts come again by themselves: an earlier `serve` may go on taking them.
const ALERTS: &str = "alerts";

/// Takes over what the database of an earlier version holds into `db`, where it is there. From now on a program of that
/// version is refused what it would decide there: nobody would see it.
///
/// # Errors
/// One of both cannot be read or written.
pub(super) fn take_over(state: &StateDir, db: &Connection) -> rusqlite::Result<()> {
    let path = state.legacy();
    if !path.exists() {
        return Ok(());
    }
    let old = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    old.busy_timeout(std::time::Duration::from_secs(5))?;
    // Closed before it is read: nothing that is decided slips through between.
    for table in TABLES {
        close(&old, table)?;
    }
    close_launches(&old)?;
    for table in TABLES.into_iter().chain([ALERTS]) {
        copy(&old, db, table)?;
    }
    // Counters that must not begin again below what they gave.
    let counters = "SELECT name, seq FROM sqlite_sequence WHERE name IN ('leases', 'outbox')";
    for (name, seq) in rows(&old, counters)? {
        db.execute("INSERT INTO sqlite_sequence (name, seq) SELECT ?1, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)", [&name])?;
        db.execute("UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1", (name, seq))?;
    }
    Ok(())
}

fn rows(old: &Connection, query: &str) -> rusqlite::Result<Vec<(String, i64)>> {
    if columns(old, "sqlite_sequence")?.is_empty() {
        return Ok(Vec::new());
    }
    old.prepare(query)?.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
}

fn columns(db: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare("SELECT name FROM pragma_table_info(?1)")?.query_map([table], |r| r.get(0))?.collect()
}

const WORDS: &str = "a newer opsdeck works on this state directory: leave this one and start the new one";

/// A run that is not there yet has no row: its launcher writes it before anything is started.
fn close_launches(old: &Connection) -> rusqlite::Result<()> {
    if columns(old, "runs")?.is_empty() {
        return Ok(());
    }
    old.execute_batch(&format!(
        "CREATE TRIGGER IF NOT EXISTS moved_runs BEFORE INSERT ON runs
         WHEN NOT EXISTS (SELECT 1 FROM runs WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
    ))
}

fn close(old: &Connection, table: &str) -> rusqlite::Result<()> {
    if columns(old, table)?.is_empty() {
        return Ok(());
    }
    // A lease is still given back there by whoever took it there.
    let acts: &[&str] = if table == "leases" { &["INSERT", "UPDATE"] } else { &["INSERT", "UPDATE", "DELETE"] };
    for what in acts {
        old.execute_batch(&format!(
            "CREATE TRIGGER IF NOT EXISTS moved_{table}_{what} BEFORE {what} ON {table}
             BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
        ))?;
    }
    Ok(())
}

/// All rows of a table, by the columns that both have.
fn copy(old: &Connection, new: &Connection, table: &str) -> rusqlite::Result<()> {
    let theirs = columns(old, table)?;
    let common: Vec<String> = columns(new, table)?.into_iter().filter(|c| theirs.contains(c)).collect();
    if common.is_empty() {
        return Ok(());
    }
    let names = common.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(", ");
    let marks = vec!["?"; common.len()].join(", ");
    let mut insert = new.prepare(&format!("INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"))?;
    let mut select = old.prepare(&format!("SELECT {names} FROM {table}"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let values = (0..common.len()).map(|i| row.get::<_, Value>(i)).collect::<rusqlite::Result<Vec<_>>>()?;
        insert.execute(params_from_iter(values))?;
    }
    Ok(())
}

//! The ledger: a row of version 2 against one of version 1 as it was written before, bytes a row, from the end of a run to
//! its row with many rows, and verifying what came since. `cargo bench --bench ledger`
//! Prints the figures and their bounds, and fails when one is missed. Rows: `OPSDECK_ROWS`, 1,000,000 without.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]

#[path = "../support/mod.rs"]
mod support;

use opsdeck::audit::{Action, Ledger, Phase, Record};
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, Instant};
use support::elder_ledger;
use support::trail::{records, write};
use uuid::Uuid;

/// Rows of a turn.
const TURN: usize = 10_000;

fn turn(mut append: impl FnMut(&Record) -> Uuid) -> Duration {
    let all: Vec<Vec<Record>> = (0..TURN / 5).map(records).collect();
    let start = Instant::now();
    all.into_iter().for_each(|records| write(records, &mut append));
    start.elapsed()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn size(path: &Path) -> u64 {
    let db = Connection::open(path).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(db);
    path.metadata().unwrap().len()
}

/// A ledger of so many rows in a folder of its own: made where nothing waits for a disk, then brought to one.
fn large(rows: usize) -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() };
    let ledger = Ledger::open(&made.path().join("audit.db")).unwrap();
    (0..rows / 5).for_each(|n| write(records(n), &mut |record| ledger.append(record).unwrap().event_id));
    drop(ledger);
    size(&made.path().join("audit.db"));
    let dir = tempfile::tempdir().unwrap();
    for name in ["audit.db", "audit.checkpoint"] {
        std::fs::copy(made.path().join(name), dir.path().join(name)).unwrap();
        std::fs::File::open(dir.path().join(name)).unwrap().sync_all().unwrap();
    }
    dir
}

/// What happens from `ended` in the journal to the committed row: the run's rows are looked for, then its end is written.
fn end(path: &Path) -> f64 {
    let once = |n| {
        let record = records(n).pop().unwrap();
        let start = Instant::now();
        let ledger = Ledger::open(path).unwrap();
        let run = record.run_id.unwrap();
        assert!(ledger.find(run, Action::RunEnd, Phase::Outcome).unwrap().is_none());
        assert!(ledger.find(run, Action::RunLaunch, Phase::Intent).unwrap().is_none());
        ledger.append_once(&record).unwrap().unwrap();
        start.elapsed().as_secs_f64() * 1e3
    };
    median((0..101).map(once).collect())
}

fn main() {
    let mut missed = Vec::new();
    let mut hold = |what: &str, holds: bool| {
        if !holds {
            missed.push(what.to_owned());
        }
    };

    let (mut new, mut old, mut bytes) = (Vec::new(), Vec::new(), 0.0);
    for _ in 0..3 {
        let dir = tempfile::tempdir().unwrap();
        let mut version1 = elder_ledger::Writer::open(&dir.path().join("old.db"));
        let ledger = Ledger::open(&dir.path().join("new.db")).unwrap();
        old.push(turn(|record| version1.append(record)).as_secs_f64() / TURN as f64 * 1e9);
        new.push(turn(|record| ledger.append(record).unwrap().event_id).as_secs_f64() / TURN as f64 * 1e9);
        drop((ledger, version1));
        bytes = size(&dir.path().join("new.db")) as f64 / TURN as f64;
        println!(
            "bytes a row: {bytes:.0} (at most 600), version 1 {:.0}",
            size(&dir.path().join("old.db")) as f64 / TURN as f64
        );
    }
    let (new, old) = (median(new), median(old));
    println!("a row with its fsync: {new:.0} ns, version 1 {old:.0} ns: {:.2} times (at most 1.1)", new / old);
    hold("bytes", bytes <= 600.0);
    hold("row", new / old <= 1.1);

    let rows = std::env::var("OPSDECK_ROWS").map_or(1_000_000, |rows| rows.parse().unwrap());
    let (small, large) = (large(1_000), large(rows));
    let [small, path] = [&small, &large].map(|dir| dir.path().join("audit.db"));
    // Warm, and in turns.
    end(&small);
    end(&path);
    let (few, many): (Vec<f64>, Vec<f64>) = (0..3).map(|_| (end(&small), end(&path))).unzip();
    let (few, many) = (median(few), median(many));
    println!(
        "end of a run to its row: {many:.2} ms with {rows} rows, {few:.2} ms with 1000: {:.2} times (at most 1.2)",
        many / few
    );
    hold("end", many / few <= 1.2);

    let ledger = Ledger::open(&path).unwrap();
    let start = Instant::now();
    let intact = ledger.verify(None).unwrap().unwrap();
    println!("verify, all {} rows: {:.1} s", intact.rows, start.elapsed().as_secs_f64());
    ledger.remember(&intact).unwrap();
    let first = Instant::now();
    let open = ledger.open_intents().unwrap().len();
    let (first, again) = (first.elapsed(), Instant::now());
    assert_eq!(ledger.open_intents().unwrap().len(), open);
    println!("{open} open intents: {first:.1?}, again {:.1?}", again.elapsed());
    (0..20).for_each(|n| write(records(n), &mut |record| ledger.append(record).unwrap().event_id));
    let since = || {
        let start = Instant::now();
        assert!(ledger.verify_since(None).unwrap().unwrap().since.is_some());
        start.elapsed().as_secs_f64() * 1e3
    };
    let since = median((0..3).map(|_| since()).collect());
    println!("verify since the last one, {} rows: {since:.1} ms (at most 200)", intact.rows);
    hold("verify", since <= 200.0);
    assert!(missed.is_empty(), "missed: {missed:?}");
}

//! Many that write at once, locks in the way at each statement, and processes that are killed in between.

use super::state::{State, alice, opsdeck, record};
use opsdeck::audit::{Error, Ledger, Status};
use rusqlite::Connection;
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn appends_of_many_processes_keep_one_chain() {
    let state = State(tempfile::tempdir().unwrap());
    let spawn = |_| opsdeck(state.path(), &["audit", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let readers: Vec<_> = (0..16).map(spawn).collect();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let db = state.db();
            std::thread::spawn(move || {
                let ledger = Ledger::open(&db).unwrap();
                (0..25).for_each(|i| drop(ledger.append(&record(&format!("{i}"))).unwrap()));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    for reader in readers {
        let output = reader.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(serde_json::from_slice::<Vec<Value>>(&output.stdout).is_ok());
    }
    // 100 rows of the threads, and one for each process: to read is to be recorded
    let intact = Ledger::open_to_read(&state.db()).unwrap().verify(None).unwrap().unwrap();
    assert_eq!(intact.rows, 116);
    assert_eq!(intact.known.as_ref().map(|head| head.seq <= 116), Some(true));
}

fn rows(state: &State) -> i64 {
    Ledger::open_to_read(&state.db()).unwrap().verify(None).unwrap().unwrap().rows
}

fn is_busy<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    matches!(result.unwrap_err(), Error::Sql { source, .. } if source.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy))
}

#[test]
fn a_lock_in_the_way_loses_and_doubles_no_row() {
    let short = Duration::from_millis(30);
    // While the file is made, and while one of version 1 is continued.
    for state in [State(tempfile::tempdir().unwrap()), super::version1::old(2)] {
        let before = i64::from(state.db().exists()) * 2;
        let other = Connection::open(state.db()).unwrap();
        other.execute_batch("PRAGMA journal_mode = wal; BEGIN IMMEDIATE").unwrap();
        assert!(is_busy(Ledger::open_within(&state.db(), short)));
        other.execute_batch("ROLLBACK").unwrap();
        let ledger = Ledger::open_within(&state.db(), short).unwrap();
        // While a row is written, and while values are taken out of it.
        let seq = ledger.append(&record("first")).unwrap().seq;
        assert_eq!(seq, before + 1);
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(is_busy(ledger.append(&record("second"))));
        assert!(is_busy(ledger.append_once(&record("second"))));
        assert!(is_busy(ledger.redact(seq, &["subject".into()], "why", &alice())));
        let open = ledger.open_intents().unwrap().pop().unwrap();
        assert!(is_busy(ledger.close(&open, Status::Unknown, "why")));
        // Reading goes on meanwhile.
        assert_eq!(rows(&state), seq);
        other.execute_batch("ROLLBACK").unwrap();
        assert_eq!(ledger.append(&record("second")).unwrap().seq, seq + 1);
        assert_eq!(rows(&state), seq + 1);
    }
}

#[test]
fn whoever_waits_for_a_lock_writes_when_it_is_free() {
    let state = State::with(1);
    let other = Connection::open(state.db()).unwrap();
    let ledger = Ledger::open(&state.db()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let (begun, waits) = std::sync::mpsc::channel();
        let ledger = &ledger;
        let writer = scope.spawn(move || {
            begun.send(()).unwrap();
            ledger.append(&record("second")).unwrap().seq
        });
        waits.recv().unwrap();
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(writer.join().unwrap(), 2);
    });
    assert_eq!(rows(&state), 2);
}

#[test]
fn processes_that_are_killed_while_they_write_leave_a_whole_chain() {
    let state = State::with(1);
    let ledger = Ledger::open(&state.db()).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    for round in 0..12_i64 {
        let from = ledger.head().unwrap().seq;
        let spawn = |_| opsdeck(state.path(), &["audit", "--json"]).stdout(Stdio::null()).spawn().unwrap();
        let mut children: Vec<_> = (0..4).map(spawn).collect();
        // Some have written by now, the others are anywhere.
        while ledger.head().unwrap().seq < from + round % 3 {
            assert!(Instant::now() < deadline, "nobody wrote");
            std::thread::yield_now();
        }
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let seq = ledger.append(&record("after")).unwrap().seq;
        let intact = Ledger::open_to_read(&state.db()).unwrap().verify(None).unwrap().unwrap();
        assert_eq!(intact.rows, seq);
    }
    assert_eq!(state.verdict(&[]).0, 0);
}

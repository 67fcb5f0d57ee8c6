//! What a row costs on the disk, indexes included.

use super::state::State;
use crate::support::trail;
use opsdeck::audit::{Filter, Ledger, Record};
use rusqlite::Connection;

/// Runs that leave five rows each.
const RUNS: usize = 200;

fn bytes(of: impl Fn(usize) -> Vec<Record>) -> i64 {
    let state = State(tempfile::tempdir().unwrap());
    let ledger = Ledger::open(&state.db()).unwrap();
    (0..RUNS).for_each(|n| trail::write(of(n), &mut |record| ledger.append(record).unwrap().event_id));
    assert_eq!(ledger.verify(None).unwrap().unwrap().rows, 5 * RUNS as i64);
    drop(ledger);
    let db = Connection::open(state.db()).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    // What is there once, however many rows there are.
    let pages: i64 =
        db.query_row("SELECT count(*) FROM sqlite_schema WHERE rootpage > 0", [], |row| row.get(0)).unwrap();
    drop(db);
    (state.db().metadata().unwrap().len() as i64 - 4096 * pages) / (5 * RUNS as i64)
}

#[test]
fn a_row_takes_600_bytes_at_the_most_also_with_six_long_names() {
    let (three, six) = (bytes(trail::records), bytes(trail::long));
    println!("bytes a row: {three} with three hosts, {six} with six that have long names");
    assert!(three <= 600 && six <= 600, "{three} and {six}");
}

#[test]
fn hosts_come_back_and_are_found_as_they_were_written() {
    let state = State(tempfile::tempdir().unwrap());
    let ledger = Ledger::open(&state.db()).unwrap();
    let odd = [&["web1", "web2"][..], &["[::1]", "a"], &["a\nb", "c"], &[""], &["\"q\"", "z%_"]];
    for hosts in odd {
        let mut hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let record = Record { targets: Some(hosts.clone()), ..super::record("x") };
        ledger.append(&record).unwrap();
        hosts.sort();
        assert_eq!(ledger.query(&Filter::default(), 1).unwrap().rows[0].entry.targets, Some(hosts));
    }
    assert!(ledger.verify(None).unwrap().is_ok());
    let found =
        |text: &str| ledger.query(&Filter { text: Some(text.into()), ..Filter::default() }, 9).unwrap().rows.len();
    assert_eq!((found("WEB2"), found("[::1]"), found("z%_"), found("web3")), (1, 1, 1, 0));
}

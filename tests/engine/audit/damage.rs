//! A damaged file: words instead of a panic, and never "intact" for what was changed.

use super::state::{State, record, run};
use opsdeck::audit::{Filter, Ledger};

/// A ledger in one file, without its write-ahead log.
fn whole(rows: usize) -> (State, Vec<u8>) {
    let state = State::with(rows);
    let db = rusqlite::Connection::open(state.db()).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(db);
    let bytes = std::fs::read(state.db()).unwrap();
    (state, bytes)
}

#[test]
fn flipped_bytes_are_never_taken_for_what_was_written() {
    let (state, good) = whole(60);
    let before: Vec<_> = Ledger::open_to_read(&state.db()).unwrap().after(0, 100).unwrap();
    let (mut seen, mut seed) = (0, 0x9e37_79b9_7f4a_7c15_u64);
    for _ in 0..120 {
        // xorshift: the same places each time
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let at = usize::try_from(seed % good.len() as u64).unwrap();
        let mut bad = good.clone();
        bad[at] ^= 1 << (seed >> 61);
        state.forget(&["db-wal", "db-shm"]);
        std::fs::write(state.db(), &bad).unwrap();
        let Ok(ledger) = Ledger::open_to_read(&state.db()) else {
            seen += 1;
            continue;
        };
        match ledger.verify(None) {
            // It lay where nothing is: then all that is read is what was written.
            Ok(Ok(intact)) => {
                assert_eq!(intact.rows, 60, "byte {at}");
                assert_eq!(ledger.after(0, 100).unwrap(), before, "byte {at}");
            }
            Ok(Err(broken)) => {
                assert!(!broken.why.is_empty() && broken.seq <= 61, "byte {at}: {broken:?}");
                seen += 1;
            }
            Err(e) => assert!(e.to_string().contains("audit.db"), "byte {at}: {e}"),
        }
        // Neither do the others panic; a row of theirs may be one that `verify` names.
        drop(ledger.query(&Filter { text: Some("row".into()), ..Filter::default() }, 100));
        drop(ledger.query(&Filter { operator: Some("alice".into()), ..Filter::default() }, 100));
    }
    assert!(seen > 25, "{seen} of 120");
}

#[test]
fn a_file_that_was_cut_short_or_is_none_is_said() {
    let (state, good) = whole(60);
    for keep in [good.len() - 4096, good.len() / 2 / 4096 * 4096, 4096, 100, 7] {
        state.forget(&["db-wal", "db-shm"]);
        std::fs::write(state.db(), &good[..keep]).unwrap();
        let (output, text) = run(state.path(), &["audit", "verify"]);
        assert_eq!(output.status.code(), Some(1), "{keep}: {output:?}");
        let said = text + &String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("BROKEN") || said.contains("audit.db"), "{keep}: {said}");
        assert!(!said.contains("panicked"), "{keep}: {said}");
    }
    state.forget(&["db-wal", "db-shm"]);
    std::fs::write(state.db(), "no database at all, but long enough to be looked at as if it were one".repeat(9))
        .unwrap();
    let (output, _) = run(state.path(), &["audit"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("audit.db") && said.contains("not a database"), "{said}");
    assert!(Ledger::open(&state.db()).and_then(|ledger| ledger.append(&record("x"))).is_err(), "nothing is done then");
}

#[test]
fn whatever_lies_in_the_place_of_the_files_beside_it_nobody_waits() {
    for (name, put) in [("checkpoint", "mkfifo"), ("verified", "mkfifo"), ("open", "mkfifo"), ("checkpoint", "mkdir")] {
        let state = State::with(2);
        state.forget(&[name]);
        let path = state.db().with_extension(name);
        assert!(std::process::Command::new(put).arg(&path).status().unwrap().success());
        let ledger = Ledger::open(&state.db()).unwrap();
        assert_eq!(ledger.append(&record("goes on")).unwrap().seq, 3);
        assert_eq!(ledger.open_intents().unwrap().len(), 3);
        let (code, verdict) = state.verdict(&["--since-checkpoint"]);
        let said = verdict["why"].as_str().unwrap_or_default().contains("checkpoint can't be read");
        assert_eq!((code, said), if name == "checkpoint" { (1, true) } else { (0, false) }, "{name}: {verdict}");
    }
}

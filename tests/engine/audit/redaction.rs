//! Values that were taken out: gone from the file, said in the row and by another, and the chain still holds.

use super::state::{State, alice, record, run};
use opsdeck::audit::{Filter, Ledger, Record};
use serde_json::{Value, json};

const SECRET: &str = "Mrs. Miller of 12 Elm Street";

fn state() -> State {
    let state = State::with(2);
    let ledger = Ledger::open(&state.db()).unwrap();
    let mut third = Record { reason: Some(SECRET.into()), ..record("row 3") };
    third.metadata.insert("cwd".into(), json!(format!("/home/{SECRET}")));
    third.metadata.insert("kind".into(), json!("adhoc"));
    ledger.append(&third).unwrap();
    ledger.append(&record("row 4")).unwrap();
    state
}

fn bytes(state: &State) -> Vec<u8> {
    ["db", "db-wal"].iter().filter_map(|end| std::fs::read(state.db().with_extension(end)).ok()).flatten().collect()
}

fn holds(state: &State, text: &str) -> bool {
    bytes(state).windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_value_goes_from_the_file_and_the_row_still_verifies() {
    let state = state();
    assert!(holds(&state, SECRET));
    let args = ["audit", "redact", "3", "reason", "metadata.cwd", "--reason", "a customer", "--json"];
    let (output, text) = run(state.path(), &args);
    assert!(output.status.success(), "{output:?}");
    let said: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&said["redacted"], &said["recorded_as"]), (&json!(["metadata.cwd", "reason"]), &json!(5)), "{said}");
    assert_eq!(said["erased"], json!(true));
    assert!(!holds(&state, SECRET) && !holds(&state, "Elm Street"), "also from free pages and the write-ahead log");
    let (code, verdict) = state.verdict(&[]);
    assert_eq!(code, 0, "{verdict}");

    let ledger = Ledger::open(&state.db()).unwrap();
    let row = ledger.row(3).unwrap().unwrap();
    assert_eq!(row.entry.redacted, ["metadata.cwd", "reason"]);
    assert_eq!((row.entry.subject.as_deref(), &row.entry.metadata["kind"]), (Some("row 3"), &json!("adhoc")));
    let found = ledger.query(&Filter { text: Some("Miller".into()), ..Filter::default() }, 9).unwrap().rows;
    assert!(found.is_empty(), "{found:?}");
    let told = ledger.row(5).unwrap().unwrap().entry;
    assert_eq!((told.code.as_str(), told.reason.as_deref()), ("OD2003O", Some("a customer")));
    assert_eq!(told.metadata["fields"], json!(["metadata.cwd", "reason"]));
    let (_, table) = run(state.path(), &["audit"]);
    assert!(table.contains("[redacted: metadata.cwd, reason]"), "{table}");

    // Again, what is left of it; and the mark of the verification before still holds.
    ledger.redact(3, &["metadata".into(), "env".into(), "operator".into()], "more", &alice()).unwrap();
    assert_eq!(ledger.row(3).unwrap().unwrap().entry.operator, "[redacted]");
    for args in [&["--since-checkpoint"][..], &[]] {
        let (code, verdict) = state.verdict(args);
        assert_eq!(code, 0, "{verdict}");
    }
    let by = ledger.query(&Filter { env: Some("prod".into()), ..Filter::default() }, 9).unwrap().rows;
    assert_eq!(by.iter().map(|row| row.entry.seq).collect::<Vec<_>>(), [4, 2, 1]);
}

#[test]
fn what_cannot_be_redacted_is_refused_in_words_and_changes_nothing() {
    let state = state();
    let before = Ledger::open_to_read(&state.db()).unwrap().head().unwrap();
    for (args, word) in [
        (&["3", "weather"][..], "it has no field weather; it has"),
        (&["3", "seq"], "stays"),
        (&["3", "reason", "event_id"], "stays"),
        (&["9", "reason"], "no such row"),
    ] {
        let (output, _) = run(state.path(), &[&["audit", "redact"], args, &["--reason", "x"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(word), "{said}");
    }
    assert_eq!(Ledger::open_to_read(&state.db()).unwrap().head().unwrap(), before);
    assert_eq!(
        Ledger::open_to_read(&state.db()).unwrap().row(3).unwrap().unwrap().entry.reason.as_deref(),
        Some(SECRET)
    );
    let old = super::version1::old(1);
    let (output, _) = run(old.path(), &["audit", "redact", "1", "subject", "--reason", "x"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("before fields could be redacted"), "{output:?}");
    let none = tempfile::tempdir().unwrap();
    assert_eq!(run(none.path(), &["audit", "redact", "1", "subject", "--reason", "x"]).0.status.code(), Some(1));
    assert!(!none.path().join("audit.db").exists());
}

#[test]
fn a_value_that_is_put_back_or_taken_without_a_row_shows() {
    let redacted = || {
        let state = state();
        Ledger::open(&state.db()).unwrap().redact(3, &["reason".into()], "why", &alice()).unwrap();
        assert_eq!(state.verdict(&[]).0, 0);
        state
    };
    for (sql, seq) in [
        ("UPDATE fields SET reason = 'something else' WHERE seq = 3", 3),
        ("DELETE FROM redacted", 3),
        ("UPDATE redacted SET commitment = zeroblob(32)", 3),
        ("UPDATE redacted SET field = 'subject'", 3),
        ("UPDATE fields SET salts = replace(salts, '\"', '') WHERE seq = 3", 3),
    ] {
        let state = redacted();
        state.tamper(sql);
        assert_eq!(state.verdict(&[]).1["first_bad_seq"], json!(seq), "{sql}");
    }
    // The row that says so is cut off, with all that knew of it.
    let state = redacted();
    state.tamper("DELETE FROM ledger WHERE seq > 4; DELETE FROM fields WHERE seq > 4");
    state.forget(&["checkpoint", "verified", "open"]);
    let (_, verdict) = state.verdict(&[]);
    assert_eq!(verdict["first_bad_seq"], json!(3));
    assert!(verdict["why"].as_str().unwrap().contains("no row says who redacted it"), "{verdict}");
}

#[test]
fn a_reader_in_the_way_is_said() {
    let state = state();
    let reader = rusqlite::Connection::open(state.db()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM fields").unwrap();
    let ledger = Ledger::open_within(&state.db(), std::time::Duration::from_millis(50)).unwrap();
    let done = ledger.redact(3, &["reason".into()], "why", &alice()).unwrap();
    assert!(!done.erased);
    reader.execute_batch("COMMIT").unwrap();
    assert!(ledger.redact(3, &["metadata".into()], "why", &alice()).unwrap().erased);
    assert!(!holds(&state, SECRET));
}

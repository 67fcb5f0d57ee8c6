//! Rows that were changed, swapped, forged, taken out or cut off, alone and together with what lies beside the ledger.

use super::state::{State, alice, record, run};
use opsdeck::audit::{Action, Filter, Head, Ledger, Phase, Receipt, Record, Status, Sum};
use opsdeck::state::StateDir;
use serde_json::json;
use std::io::Write;
use uuid::Uuid;

#[test]
fn only_its_owner_reads_the_file_and_nobody_changes_a_row() {
    use std::os::unix::fs::PermissionsExt;
    let state = State::with(3);
    for name in ["audit.db", "audit.checkpoint"] {
        let mode = state.path().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let db = rusqlite::Connection::open(state.db()).unwrap();
    for sql in [
        "UPDATE ledger SET hash = zeroblob(32) WHERE seq = 1",
        "DELETE FROM ledger WHERE seq = 3",
        "INSERT OR REPLACE INTO ledger SELECT * FROM ledger",
        "INSERT INTO ledger SELECT 9, hash, chain, key, token FROM ledger WHERE seq = 1",
        "UPDATE fields SET operator = 'bob' WHERE seq = 1",
        "DELETE FROM fields WHERE seq = 3",
        "INSERT OR REPLACE INTO fields SELECT * FROM fields",
        "INSERT INTO fields (seq, salt, gone) VALUES (9, zeroblob(16), 0)",
        "INSERT INTO redacted VALUES (9, 'reason', zeroblob(32))",
    ] {
        let error = db.execute_batch(sql).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    // What a redaction may do ends with it.
    Ledger::open(&state.db()).unwrap().redact(2, &["subject".into()], "why", &alice()).unwrap();
    for sql in [
        "DELETE FROM fields WHERE seq = 2",
        "INSERT OR REPLACE INTO fields SELECT * FROM fields WHERE seq = 2",
        "UPDATE redacted SET commitment = zeroblob(32)",
        "DELETE FROM redacted",
        "INSERT OR REPLACE INTO redacted SELECT * FROM redacted",
    ] {
        let error = db.execute_batch(sql).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    assert_eq!(state.verdict(&[]).0, 0);
}

#[test]
fn every_tampering_is_named_by_its_row() {
    let swap = "UPDATE fields SET seq = 9 WHERE seq = 4; UPDATE fields SET seq = 4 WHERE seq = 5;
                UPDATE fields SET seq = 5 WHERE seq = 9";
    let changes = [
        ("UPDATE fields SET subject = 'row X' WHERE seq = 3", 3, "hash"),
        ("UPDATE fields SET operator = 'bob' WHERE seq = 2", 2, "hash"),
        ("UPDATE fields SET timestamp_ms = timestamp_ms + 1 WHERE seq = 4", 4, "hash"),
        ("UPDATE fields SET salt = zeroblob(16) WHERE seq = 5", 5, "hash"),
        ("UPDATE fields SET salt = zeroblob(15) WHERE seq = 5", 5, "salt"),
        ("UPDATE fields SET salt = NULL WHERE seq = 5", 5, "salt"),
        ("UPDATE fields SET salt = NULL, salts = '{}' WHERE seq = 5", 5, "salt"),
        ("UPDATE fields SET more = '{\"approved\":true}' WHERE seq = 1", 1, "hash"),
        ("UPDATE fields SET more = 'x' WHERE seq = 1", 1, "cannot be read"),
        ("UPDATE fields SET more = '{\"seq\":7}' WHERE seq = 1", 1, "twice"),
        ("UPDATE fields SET event_id = x'00' WHERE seq = 1", 1, "event_id"),
        ("UPDATE fields SET phase = 9 WHERE seq = 1", 1, "phase"),
        ("UPDATE ledger SET hash = zeroblob(32) WHERE seq = 5", 5, "hash"),
        ("UPDATE ledger SET hash = x'00' WHERE seq = 5", 5, "read"),
        ("UPDATE ledger SET token = 7 WHERE seq = 2", 2, "hash"),
        ("UPDATE ledger SET chain = 'x' WHERE seq = 2", 2, "hash"),
        ("UPDATE ledger SET key = 'x' WHERE seq = 2", 2, "hash"),
        (swap, 4, "hash"),
        ("INSERT INTO redacted VALUES (3, 'weather', zeroblob(32))", 3, "hash"),
        ("INSERT INTO redacted VALUES (3, 'subject', zeroblob(32))", 3, "redacted"),
        ("DELETE FROM fields WHERE seq = 2", 2, "values are missing"),
        ("DELETE FROM ledger WHERE seq = 2", 2, "missing"),
        ("DELETE FROM ledger WHERE seq = 1", 1, "missing"),
        ("DELETE FROM ledger WHERE seq > 3; DELETE FROM fields WHERE seq > 3", 4, "cut off"),
        ("DELETE FROM ledger; DELETE FROM fields", 1, "cut off"),
        ("DELETE FROM ledger WHERE seq = 4; UPDATE ledger SET seq = 4 WHERE seq = 5", 4, "hash"),
    ];
    for (sql, seq, word) in changes {
        let state = State::with(5);
        state.tamper(sql);
        let (code, verdict) = state.verdict(&[]);
        assert_eq!(
            (code, &verdict["intact"], &verdict["first_bad_seq"]),
            (1, &json!(false), &json!(seq)),
            "{sql}: {verdict}"
        );
        assert!(verdict["why"].as_str().unwrap().contains(word), "{sql}: {verdict}");
        // going on to append does not wash the evidence away
        if let Ok(ledger) = Ledger::open(&state.db()) {
            (0..5).for_each(|_| drop(ledger.append(&record("later"))));
        }
        assert_eq!(state.verdict(&[]).0, 1, "{sql}, after more rows");
    }
}

#[test]
fn a_tail_that_was_rewritten_with_good_hashes_shows_against_each_head_that_was_kept() {
    let state = State::with(4);
    let kept = state.verdict(&[]).1["head"].clone();
    let kept = format!("{}:{}", kept["seq"], kept["hash"].as_str().unwrap());
    assert_eq!(state.verdict(&["--head", &kept]).0, 0);
    let witness = Ledger::open_to_read(&state.db()).unwrap().head().unwrap();
    state.tamper("DELETE FROM ledger WHERE seq > 2; DELETE FROM fields WHERE seq > 2");
    let both = [
        std::fs::read(state.db().with_extension("verified")).unwrap(),
        std::fs::read(state.db().with_extension("checkpoint")).unwrap(),
    ];
    state.forget(&["checkpoint", "verified", "open"]);
    let ledger = Ledger::open(&state.db()).unwrap();
    let written: Vec<Receipt> = (0..6).map(|_| ledger.append(&record("forged")).unwrap()).collect();
    assert_eq!(state.verdict(&[]).0, 0, "without any head the forged tail is a good chain");
    let (code, verdict) = state.verdict(&["--head", &kept]);
    assert_eq!((code, verdict["first_bad_seq"].clone()), (1, json!(4)));
    let known =
        |head: &Head| Ledger::open_to_read(&state.db()).unwrap().witnessed(Some(head.clone())).verify(None).unwrap();
    assert_eq!(known(&witness).unwrap_err().seq, witness.seq);
    assert!(known(&written[5].head()).is_ok());
    for (name, content) in ["verified", "checkpoint"].into_iter().zip(both) {
        state.forget(&["checkpoint", "verified"]);
        std::fs::write(state.db().with_extension(name), content).unwrap();
        for args in [&[][..], &["--since-checkpoint"]] {
            assert_eq!(state.verdict(args).0, 1, "{name} {args:?}");
        }
    }
}

#[test]
fn a_ledger_that_was_removed_is_missed_if_its_head_is_known() {
    let state = State::with(2);
    let head = Ledger::open_to_read(&state.db()).unwrap().verify(None).unwrap().unwrap().head;
    state.forget(&["db", "db-wal", "db-shm"]);
    assert_eq!(state.verdict(&[]).1["first_bad_seq"], json!(1));
    state.forget(&["checkpoint"]);
    assert_eq!(state.verdict(&[]).0, 0);
    assert_eq!(state.verdict(&["--head", &head.to_string()]).1["first_bad_seq"], json!(1));
    assert!("2:xyz".parse::<Head>().is_err());
}

#[test]
fn only_what_came_since_is_read_and_that_is_said() {
    let state = State::with(5);
    let (code, first) = state.verdict(&["--since-checkpoint"]);
    assert_eq!(
        (code, &first["since"], &first["rows"]),
        (0, &json!(null), &json!(5)),
        "nothing was verified before: {first}"
    );
    let (code, second) = state.verdict(&["--since-checkpoint"]);
    assert_eq!((code, &second["since"]["seq"], &second["rows"]), (0, &json!(5), &json!(6)));
    let (_, text) = run(state.path(), &["audit", "verify", "--since-checkpoint"]);
    assert!(text.contains("1 rows since the verification at row 6; the 6 before it were not read again"), "{text}");
    // An old row that was changed is seen by reading all, and never called read.
    state.tamper("UPDATE fields SET subject = 'row X' WHERE seq = 3");
    assert_eq!(state.verdict(&["--since-checkpoint"]).0, 0);
    assert_eq!(state.verdict(&[]).1["first_bad_seq"], json!(3));
    let last = Ledger::open_to_read(&state.db()).unwrap().head().unwrap().seq;
    state.tamper(&format!("UPDATE fields SET subject = 'x' WHERE seq = {last}"));
    assert_eq!(state.verdict(&["--since-checkpoint"]).1["first_bad_seq"], json!(last));
    // A damaged mark only means that all is read.
    std::fs::write(state.db().with_extension("verified"), "{").unwrap();
    assert_eq!(state.verdict(&["--since-checkpoint"]).1["first_bad_seq"], json!(3));
}

/// A run that the ledger launched, with its folder.
fn launched(state: &State, ledger: &Ledger) -> Uuid {
    let id = Uuid::now_v7();
    let intent = ledger.append(&Record { run_id: Some(id), ..record("deploy.yml") }).unwrap();
    let outcome = Record::outcome(Action::RunLaunch, &alice(), Status::Success);
    ledger.append(&Record { run_id: Some(id), parent: Some(intent.event_id), ..outcome }).unwrap();
    let dir = StateDir::at(state.path()).run(id);
    std::fs::create_dir_all(dir.path()).unwrap();
    std::fs::write(dir.journal(), "{\"seq\":1,\"ts\":1,\"e\":\"requested\"}\n").unwrap();
    id
}

#[test]
fn a_tail_that_was_cut_with_all_that_lies_beside_it_shows_in_the_runs_folders() {
    let state = State::with(2);
    let ledger = Ledger::open(&state.db()).unwrap();
    launched(&state, &ledger);
    assert_eq!(state.verdict(&[]).0, 0);
    state.tamper("DELETE FROM ledger WHERE seq > 2; DELETE FROM fields WHERE seq > 2");
    state.forget(&["checkpoint", "verified", "open"]);
    for args in [&[][..], &["--since-checkpoint"], &[]] {
        let (code, verdict) = state.verdict(args);
        assert_eq!(code, 1, "{verdict}");
        assert!(verdict["why"].as_str().unwrap().contains("the tail was cut off"), "{verdict}");
    }
}

#[test]
fn a_journal_is_what_it_was_when_its_run_ended() {
    let state = State::with(0);
    let ledger = Ledger::open(&state.db()).unwrap();
    let id = launched(&state, &ledger);
    let path = StateDir::at(state.path()).run(id).journal();
    std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"{\"seq\":2,\"ts\":2,\"e\":\"ended\",\"state\":\"succeeded\",\"why\":\"\"}\n")
        .unwrap();
    let (code, verdict) = state.verdict(&[]);
    assert_eq!((code, &verdict["ended_without_a_row"]), (0, &json!([id])), "{verdict}");
    let end = |journal| Record {
        run_id: Some(id),
        journal: Some(journal),
        ..Record::outcome(Action::RunEnd, &alice(), Status::Success)
    };
    assert!(ledger.append_once(&end(Sum::of(&path, u64::MAX).unwrap())).unwrap().is_some());
    assert!(ledger.append_once(&end(Sum::of(&path, 1).unwrap())).unwrap().is_none(), "a run has one end");
    let (code, verdict) = state.verdict(&[]);
    assert_eq!(
        (code, &verdict["journals"]["same"], &verdict["ended_without_a_row"]),
        (0, &json!(1), &json!([])),
        "{verdict}"
    );
    let seq = ledger.find(id, Action::RunEnd, Phase::Outcome).unwrap().unwrap().entry.seq;

    let good = std::fs::read(&path).unwrap();
    let mut changed = good.clone();
    changed[20] ^= 1;
    for (content, word) in
        [(changed.clone(), "content"), ([&good[..], b"{}\n"].concat(), "added"), (good[..30].to_vec(), "content")]
    {
        std::fs::write(&path, &content).unwrap();
        let (code, verdict) = state.verdict(&[]);
        assert_eq!((code, &verdict["first_bad_seq"]), (1, &json!(seq)), "{verdict}");
        let why = verdict["why"].as_str().unwrap();
        assert!(why.contains(word) && why.contains(&id.to_string()), "{why}");
    }
    // Redacted by a row that names both: followed.
    std::fs::write(&path, &changed).unwrap();
    let old = ledger.row(seq).unwrap().unwrap().entry.journal_digest.unwrap();
    let redacted = |old: &str| {
        let new = Sum::of(&path, u64::MAX).unwrap();
        let mut record = Record {
            run_id: Some(id),
            journal: Some(new),
            ..Record::outcome(Action::JournalRedact, &alice(), Status::Success)
        };
        record.metadata.insert("old_digest".into(), json!(old));
        ledger.append(&record).unwrap()
    };
    redacted(&old);
    assert_eq!(state.verdict(&[]).0, 0);
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    let (code, verdict) = state.verdict(&[]);
    assert_eq!((code, &verdict["journals"]["missing"]), (0, &json!(1)), "said, not broken: {verdict}");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, &changed).unwrap();
    let forged = redacted("00");
    assert_eq!(state.verdict(&[]).1["first_bad_seq"], json!(forged.seq));
}

#[test]
fn a_row_can_be_checked_with_sha256_alone() {
    use sha2::{Digest, Sha256};
    let state = State::with(2);
    let ledger = Ledger::open_to_read(&state.db()).unwrap();
    let row = ledger.query(&Filter::default(), 1).unwrap().rows.remove(0);
    let db = rusqlite::Connection::open(state.db()).unwrap();
    let salt: Vec<u8> = db.query_row("SELECT salt FROM fields WHERE seq = 2", [], |row| row.get(0)).unwrap();
    let first: Vec<u8> = db.query_row("SELECT hash FROM ledger WHERE seq = 1", [], |row| row.get(0)).unwrap();
    // What the commitments are to: what the row says, without what follows from the rest of it, and without what is empty.
    let mut fields: Vec<(String, String)> = row
        .body
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, value)| {
            let empty = value.is_null() || **value == json!(false) || **value == json!([]) || **value == json!({});
            !empty && !["schema_version", "trace_id", "span_id"].contains(&name.as_str())
        })
        .map(|(name, value)| (name.clone(), opsdeck::audit::canonical(value)))
        .collect();
    fields.sort();
    let sum =
        |parts: &[&[u8]]| parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().to_vec();
    let mut whole = [&b"opsdeck ledger 2\n"[..], &first].concat();
    for (name, value) in &fields {
        let own = sum(&[&[1], name.as_bytes(), &[0], &salt]);
        let commitment = sum(&[&[2], &own, name.as_bytes(), &[0], value.as_bytes()]);
        whole.extend(u32::try_from(name.len()).unwrap().to_be_bytes());
        whole.extend(name.as_bytes());
        whole.extend(commitment);
    }
    let hash: String = sum(&[&whole]).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, row.hash);
}

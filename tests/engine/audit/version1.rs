//! A ledger of version 1, as older binaries wrote it: continued where it ends, read and verified with all that follows.

use super::state::{State, record, run};
use crate::support::elder_ledger::{TABLES, chained};
use opsdeck::audit::{Filter, Ledger, Status, canonical};
use serde_json::{Value, json};

const RUN: &str = "0199a000-0000-7000-8000-0000000000aa";

/// So many rows of version 1, and the checkpoint that lay beside them; the first is of the first schema of fields.
pub fn old(rows: i64) -> State {
    let state = State(tempfile::tempdir().unwrap());
    let db = rusqlite::Connection::open(state.db()).unwrap();
    db.execute_batch(&format!("PRAGMA journal_mode = wal; {TABLES}")).unwrap();
    let mut hash = "0".repeat(64);
    for seq in 1..=rows {
        let id = format!("0199a000-0000-7000-8000-{seq:012}");
        let ts = 1_795_442_527_000_i64 + seq;
        let mut row = json!({
            "schema_version": 2, "event_id": id, "seq": seq, "timestamp_ms": ts, "action": "run.launch", "code": "OD1001I",
            "phase": "intent", "status": "started", "operator": "alice", "real_user": "alice", "effective_user": "alice",
            "session_id": null, "ip": null, "port": null, "from_unverified": false, "tty": null, "host": "h",
            "env": "prod", "run_id": RUN, "parent_event_id": null, "subject": "deploy.yml", "targets": ["w1"],
            "targets_count": 1, "targets_digest": null, "argv_digest": null, "reason": null, "rc": null,
            "duration_ms": null, "error.class": null, "metadata": {"cwd": "/srv"},
        });
        if seq == 1 {
            row.as_object_mut().unwrap().shift_remove("error.class");
            row["error_class"] = json!("hosts_failed");
            row["schema_version"] = json!(1);
        }
        let body = canonical(&row);
        hash = chained(&hash, &body);
        db.execute(
            "INSERT INTO audit VALUES (?1, ?2, ?3, 'run.launch', 'started', 'alice', 'prod', ?4, ?5, ?6)",
            (seq, ts, &id, RUN, &body, &hash),
        )
        .unwrap();
    }
    std::fs::write(state.db().with_extension("checkpoint"), format!("{rows}:{hash}\n")).unwrap();
    state
}

#[test]
fn it_is_read_as_it_is_goes_on_and_verifies() {
    let state = old(3);
    let before = Ledger::open_to_read(&state.db()).unwrap();
    assert_eq!(before.query(&Filter::default(), 10).unwrap().rows.len(), 3, "also by whoever may only read it");
    assert_eq!(before.verify(None).unwrap().unwrap().rows, 3);
    let ledger = Ledger::open(&state.db()).unwrap();
    let first = ledger.append(&record("new 1")).unwrap();
    assert_eq!(first.seq, 4);
    ledger.append(&record("new 2")).unwrap();
    // The reader that was open all the time sees both.
    for ledger in [&before, &ledger] {
        let rows = ledger.query(&Filter::default(), 10).unwrap().rows;
        assert_eq!(rows.iter().map(|row| row.entry.seq).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
        assert!(rows.windows(2).all(|two| two[0].prev_hash == two[1].hash), "one chain");
        let page = ledger.query(&Filter::default(), 3).unwrap();
        assert_eq!((page.rows.len(), page.next), (3, Some(3)));
        let rest = ledger.query(&Filter { before: page.next, ..Filter::default() }, 3).unwrap();
        assert_eq!((rest.rows.len(), rest.next), (2, None));
        let seqs = |rows: Vec<opsdeck::audit::Row>| rows.iter().map(|row| row.entry.seq).collect::<Vec<_>>();
        assert_eq!(seqs(ledger.after(2, 2).unwrap()), [3, 4]);
        assert_eq!(seqs(ledger.after(0, 9).unwrap()), [1, 2, 3, 4, 5]);
        let found = |filter: Filter| seqs(ledger.query(&filter, 10).unwrap().rows);
        assert_eq!(found(Filter { run: Some(RUN.into()), ..Filter::default() }), [3, 2, 1]);
        assert_eq!(found(Filter { run: Some("0199A0".into()), ..Filter::default() }), [3, 2, 1]);
        assert_eq!(found(Filter { run: Some("nothing".into()), ..Filter::default() }), [0; 0]);
        assert_eq!(found(Filter { text: Some("DEPLOY.yml".into()), ..Filter::default() }), [3, 2, 1]);
        assert_eq!(found(Filter { text: Some("hosts_failed".into()), ..Filter::default() }), [1]);
        assert_eq!(found(Filter { text: Some("new".into()), ..Filter::default() }), [5, 4]);
        assert_eq!(found(Filter { env: Some("prod".into()), ..Filter::default() }).len(), 5);
        assert_eq!(found(Filter { status: Some(Status::Started), ..Filter::default() }).len(), 5);
        let run = RUN.parse().unwrap();
        let newest = ledger.find(run, opsdeck::audit::Action::RunLaunch, opsdeck::audit::Phase::Intent).unwrap();
        assert_eq!(newest.unwrap().entry.seq, 3);
    }
    let (code, verdict) = state.verdict(&[]);
    assert_eq!((code, &verdict["rows"]), (0, &json!(5)), "{verdict}");
    let (_, text) = run(state.path(), &["audit", "--json"]);
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    // 5, and the verification
    assert_eq!(rows.iter().map(|row| row["schema_version"].as_i64().unwrap()).collect::<Vec<_>>(), [3, 3, 3, 2, 2, 1]);
}

#[test]
fn no_row_of_version_1_comes_in_any_more_and_tampering_is_named_in_both() {
    let state = old(3);
    Ledger::open(&state.db()).unwrap().append(&record("new")).unwrap();
    let db = rusqlite::Connection::open(state.db()).unwrap();
    let late = "INSERT INTO audit SELECT 4, ts, 'x', action, status, operator, env, run_id, body, hash FROM audit WHERE seq = 3";
    assert!(db.execute_batch(late).unwrap_err().to_string().contains("append-only"));
    for (sql, seq) in [
        ("UPDATE audit SET body = replace(body, 'deploy', 'delete') WHERE seq = 2", 2),
        ("UPDATE audit SET operator = 'bob' WHERE seq = 3", 3),
        ("UPDATE audit SET body = 'x' WHERE seq = 1", 1),
        ("UPDATE audit SET hash = 'zz' WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("DROP TABLE audit", 1),
        ("DELETE FROM ledger; DELETE FROM fields", 4),
        ("UPDATE fields SET subject = 'x' WHERE seq = 4", 4),
    ] {
        let state = old(3);
        Ledger::open(&state.db()).unwrap().append(&record("new")).unwrap();
        assert_eq!(state.verdict(&[]).0, 0);
        state.tamper(sql);
        // the verification of before appended a row, which is cut off too
        assert_eq!(state.verdict(&[]).1["first_bad_seq"], json!(seq), "{sql}");
    }
}

#[test]
fn two_that_continue_it_at_once_make_one_chain() {
    let state = old(3);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let ledger = Ledger::open(&state.db()).unwrap();
                (0..5).for_each(|i| drop(ledger.append(&record(&format!("{i}"))).unwrap()));
            });
        }
    });
    assert_eq!(Ledger::open_to_read(&state.db()).unwrap().verify(None).unwrap().unwrap().rows, 43);
}

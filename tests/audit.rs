//! The ledger against what happens to it: many processes at once, changed rows, cut tails, and the verb that reads it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on stops")]

use opsdeck::audit::{Action, Filter, Head, Ledger, Record, Status, canonical};
use opsdeck::state::operator::Operator;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use uuid::Uuid;

fn opsdeck(state: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
    command.arg("--state-dir").arg(state).args(args).env("TZ", "UTC").stdin(Stdio::null());
    command
}

fn run(state: &Path, args: &[&str]) -> (Output, String) {
    let output = opsdeck(state, args).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

fn alice() -> Operator {
    Operator {
        name: "alice".into(),
        effective: "root".into(),
        from: Some("10.0.0.7:51234".into()),
        host: "bastion-1".into(),
        ..Operator::default()
    }
}

fn record(subject: &str) -> Record {
    Record { subject: Some(subject.into()), env: Some("prod".into()), ..Record::intent(Action::RunLaunch, &alice()) }
}

struct State(tempfile::TempDir);

impl State {
    fn with(rows: usize) -> Self {
        let state = Self(tempfile::tempdir().unwrap());
        let ledger = Ledger::open(&state.db()).unwrap();
        (0..rows).for_each(|i| drop(ledger.append(&record(&format!("row {}", i + 1))).unwrap()));
        state
    }

    fn db(&self) -> PathBuf {
        self.0.path().join("audit.db")
    }

    /// What root with sqlite3 can do: the triggers go first.
    fn tamper(&self, sql: &str) {
        let db = rusqlite::Connection::open(self.db()).unwrap();
        db.execute_batch("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_next_only;")
            .unwrap();
        db.execute_batch(sql).unwrap();
    }

    /// The first bad row, as the verb says it.
    fn verdict(&self, args: &[&str]) -> (i32, Value) {
        let (output, text) = run(self.0.path(), &[&["audit", "verify", "--json"], args].concat());
        (output.status.code().unwrap(), serde_json::from_str(&text).unwrap())
    }
}

#[test]
fn appends_of_many_processes_keep_one_chain() {
    let state = State(tempfile::tempdir().unwrap());
    let spawn = |_| opsdeck(state.0.path(), &["audit", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
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

#[test]
fn only_its_owner_reads_the_file_and_nobody_changes_a_row() {
    use std::os::unix::fs::PermissionsExt;
    let state = State::with(3);
    for name in ["audit.db", "audit.checkpoint"] {
        let mode = state.0.path().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let db = rusqlite::Connection::open(state.db()).unwrap();
    for sql in [
        "UPDATE audit SET operator = 'bob' WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 3",
        "INSERT OR REPLACE INTO audit SELECT seq, ts, event_id, action, status, 'bob', env, run_id, body, hash FROM audit",
        "INSERT INTO audit SELECT 9, ts, 'x', action, status, 'bob', env, run_id, body, hash FROM audit WHERE seq = 1",
    ] {
        let error = db.execute_batch(sql).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    assert_eq!(state.verdict(&[]).0, 0);
}

#[test]
fn every_tampering_is_named_by_its_row() {
    let changes = [
        ("UPDATE audit SET body = replace(body, 'row 3', 'row X') WHERE seq = 3", 3, "hash"),
        ("UPDATE audit SET operator = 'bob' WHERE seq = 2", 2, "column"),
        ("UPDATE audit SET ts = ts + 1 WHERE seq = 4", 4, "column"),
        ("UPDATE audit SET hash = lower(hex(zeroblob(32))) WHERE seq = 5", 5, "hash"),
        ("UPDATE audit SET body = body || ' ' WHERE seq = 1", 1, "canonical"),
        ("UPDATE audit SET body = 'x' WHERE seq = 1", 1, "JSON"),
        ("DELETE FROM audit WHERE seq = 2", 2, "missing"),
        ("DELETE FROM audit WHERE seq = 1", 1, "missing"),
        ("DELETE FROM audit WHERE seq > 3", 4, "cut off"),
        ("DELETE FROM audit", 1, "cut off"),
        ("DELETE FROM audit WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5", 4, "hash"),
    ];
    for (sql, seq, word) in changes {
        let state = State::with(5);
        state.tamper(sql);
        let (code, verdict) = state.verdict(&[]);
        assert_eq!((code, &verdict["intact"], &verdict["first_bad_seq"]), (1, &json!(false), &json!(seq)), "{sql}");
        assert!(verdict["why"].as_str().unwrap().contains(word), "{sql}: {verdict}");
        // going on to append does not wash the evidence away
        let ledger = Ledger::open(&state.db()).unwrap();
        (0..5).for_each(|_| drop(ledger.append(&record("later"))));
        assert_eq!(state.verdict(&[]).0, 1, "{sql}, after more rows");
    }
}

#[test]
fn a_tail_that_was_rewritten_with_good_hashes_shows_against_a_head_kept_elsewhere() {
    let state = State::with(4);
    let kept = state.verdict(&[]).1["head"].clone();
    let kept = format!("{}:{}", kept["seq"], kept["hash"].as_str().unwrap());
    assert_eq!(state.verdict(&["--head", &kept]).0, 0);
    state.tamper("DELETE FROM audit WHERE seq > 2");
    std::fs::remove_file(state.0.path().join("audit.checkpoint")).unwrap();
    let ledger = Ledger::open(&state.db()).unwrap();
    (0..6).for_each(|_| drop(ledger.append(&record("forged")).unwrap()));
    assert_eq!(state.verdict(&[]).0, 0, "without the head the forged tail is a good chain");
    let (code, verdict) = state.verdict(&["--head", &kept]);
    assert_eq!((code, verdict["first_bad_seq"].clone()), (1, json!(4)));
}

#[test]
fn a_ledger_that_was_removed_is_missed_if_its_head_is_known() {
    let state = State::with(2);
    let head = Ledger::open_to_read(&state.db()).unwrap().verify(None).unwrap().unwrap().head;
    for end in ["db", "db-wal", "db-shm"] {
        let _ = std::fs::remove_file(state.db().with_extension(end));
    }
    assert_eq!(state.verdict(&[]).1["first_bad_seq"], json!(1));
    std::fs::remove_file(state.0.path().join("audit.checkpoint")).unwrap();
    assert_eq!(state.verdict(&[]).0, 0);
    assert_eq!(state.verdict(&["--head", &head.to_string()]).1["first_bad_seq"], json!(1));
    assert!("2:xyz".parse::<Head>().is_err());
}

#[test]
fn a_row_can_be_checked_with_sha256_alone() {
    let state = State::with(2);
    let page = Ledger::open_to_read(&state.db()).unwrap().query(&Filter::default(), 10).unwrap();
    let mut row = page.rows[0].json();
    let fields = row.as_object_mut().unwrap();
    let (prev, hash) = (fields.shift_remove("prev_hash").unwrap(), fields.shift_remove("hash").unwrap());
    let mut sum = Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let text = format!("{}{}", prev.as_str().unwrap(), canonical(&row));
    std::io::Write::write_all(&mut sum.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let output = String::from_utf8(sum.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(output.split_whitespace().next(), hash.as_str());
    assert_eq!(page.rows[1].prev_hash, "0".repeat(64));
}

#[test]
fn records_carry_who_and_where_and_no_secret() {
    let state = State::with(0);
    let ledger = Ledger::open(&state.db()).unwrap();
    let run_id = Uuid::now_v7();
    let mut launch = record("uri url=x url_password=SESAME");
    launch.run_id = Some(run_id);
    launch.targets = Some(vec!["web2".into(), "web1".into()]);
    launch.argv = ["ansible", "all", "-a", "db_password=SESAME"].map(String::from).to_vec();
    launch.metadata.insert("vault_password".into(), json!("SESAME"));
    let intent = ledger.append(&launch).unwrap();
    let many = Some((0..500).map(|i| format!("h{i}")).collect());
    let end = Record {
        parent: Some(intent.event_id),
        rc: Some(2),
        targets: many,
        ..Record::outcome(Action::RunEnd, &alice(), Status::Failure)
    };
    ledger.append(&end).unwrap();
    ledger.append(&Record::denied(Action::RunLaunch, &alice(), "vars_prompt cannot be answered")).unwrap();

    let rows = ledger.query(&Filter::default(), 10).unwrap().rows;
    let [denied, end, intent] = [0, 1, 2].map(|i| &rows[i].entry);
    assert_eq!((denied.code.as_str(), denied.phase.as_str(), denied.seq), ("OD1001D", "denied", 3));
    assert_eq!((end.code.as_str(), end.rc, end.parent_event_id), ("OD1003O", Some(2), Some(intent.event_id)));
    assert_eq!((end.targets_count, end.targets.is_none(), end.targets_digest.is_some()), (Some(500), true, true));
    assert_eq!(intent.targets.as_deref(), Some(&["web1".to_owned(), "web2".to_owned()][..]));
    assert_eq!((intent.ip.as_deref(), intent.port, intent.from_unverified), (Some("10.0.0.7"), Some(51234), true));
    assert_eq!((intent.run_id, intent.argv_digest.as_ref().map(String::len)), (Some(run_id), Some(64)));
    assert_eq!(intent.event_id.get_version_num(), 7);
    for file in std::fs::read_dir(state.0.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"SESAME"));
    }
}

#[test]
fn the_verb_filters_pages_and_records_the_reading() {
    let state = State::with(0);
    let ledger = Ledger::open(&state.db()).unwrap();
    for i in 0..7 {
        let env = if i % 2 == 0 { "prod" } else { "lab" };
        ledger.append(&Record { env: Some(env.into()), ..record(&format!("restart 100%_{i}")) }).unwrap();
    }
    ledger
        .append(&Record::outcome(Action::RunEnd, &Operator { name: "bob".into(), ..alice() }, Status::Success))
        .unwrap();
    let seqs = |args: &[&str]| -> Vec<i64> {
        let (output, text) = run(state.0.path(), &[&["audit", "--json"], args].concat());
        assert!(output.status.success(), "{output:?}");
        let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
        rows.iter().map(|row| row["seq"].as_i64().unwrap()).filter(|seq| *seq <= 8).collect()
    };
    assert_eq!(seqs(&["--operator", "bob"]), [8]);
    assert_eq!(seqs(&["--status", "success", "--env", "prod"]), Vec::<i64>::new());
    assert_eq!(seqs(&["--env", "lab"]), [6, 4, 2]);
    assert_eq!(seqs(&["--env", "lab", "-n", "2"]), [6, 4]);
    assert_eq!(seqs(&["--env", "lab", "--before", "4"]), [2]);
    assert_eq!(seqs(&["--text", "RESTART 0%_3"]), [4]);
    assert_eq!(seqs(&["--text", "restart 0x_3"]), Vec::<i64>::new());
    assert_eq!(seqs(&["--since", "1h", "--until", "today", "--env", "lab"]), [6, 4, 2]);
    assert_eq!(seqs(&["--until", "1h"]), Vec::<i64>::new());
    let reads = ledger.query(&Filter { text: Some("audit.read".into()), ..Filter::default() }, 99).unwrap().rows;
    assert_eq!(reads.len(), 9, "every reading is in the ledger");
    assert!(reads[0].body["metadata"]["until"].is_i64());

    let (output, text) = run(state.0.path(), &["audit", "-n", "3", "--operator", "alice"]);
    assert!(output.status.success());
    assert!(text.contains("10.0.0.7?") && text.contains("restart 100%_6") && text.contains("--before 5"), "{text}");
    assert_eq!(run(state.0.path(), &["audit", "--since", "soon"]).0.status.code(), Some(2));
    assert_eq!(run(state.0.path(), &["audit", "--status", "good"]).0.status.code(), Some(2));
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let state = State::with(0);
    Ledger::open(&state.db()).unwrap().append(&record("\u{1b}]0;owned\u{7}\u{1b}[31mred\u{202e}\nnext")).unwrap();
    let (_, text) = run(state.0.path(), &["audit"]);
    assert!(text.contains("red"));
    assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    assert_eq!(text.lines().count(), 2, "{text:?}");
}

#[test]
fn a_ledger_of_the_first_schema_still_verifies_is_read_and_goes_on() {
    use sha2::Digest;
    let state = State::with(0);
    let old = json!({
        "schema_version": 1, "event_id": "0199a000-0000-7000-8000-000000000001", "seq": 1, "timestamp_ms": 1_795_442_527_000i64,
        "action": "run.end", "code": "OD1003O", "phase": "outcome", "status": "failure", "operator": "alice",
        "real_user": "alice", "effective_user": "alice", "session_id": null, "ip": null, "port": null,
        "from_unverified": false, "tty": null, "host": "h", "env": "prod", "run_id": null, "parent_event_id": null,
        "subject": "deploy.yml", "targets": null, "targets_count": null, "targets_digest": null, "argv_digest": null,
        "reason": null, "rc": 2, "duration_ms": 7, "error_class": "hosts_failed", "metadata": {},
    });
    let body = canonical(&old);
    let digest = sha2::Sha256::digest(format!("{}{body}", "0".repeat(64)));
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let insert = "INSERT INTO audit (seq, ts, event_id, action, status, operator, env, run_id, body, hash) \
                  VALUES (1, 1795442527000, '0199a000-0000-7000-8000-000000000001', 'run.end', 'failure', 'alice', 'prod', NULL, ?1, ?2)";
    rusqlite::Connection::open(state.db()).unwrap().execute(insert, (&body, &hash)).unwrap();
    Ledger::open(&state.db()).unwrap().append(&record("new")).unwrap();
    let ledger = Ledger::open_to_read(&state.db()).unwrap();
    let rows = ledger.query(&Filter { text: Some("hosts_failed".into()), ..Filter::default() }, 10).unwrap().rows;
    assert_eq!(
        (rows.len(), rows[0].entry.error_class.as_deref(), rows[0].hash.as_str()),
        (1, Some("hosts_failed"), hash.as_str())
    );
    drop(ledger);
    let (output, text) = run(state.0.path(), &["audit", "verify"]);
    assert_eq!(output.status.code(), Some(0), "{text}");
}

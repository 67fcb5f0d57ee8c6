//! The ledger against what happens to it: many processes at once, changed rows, cut tails, and the verbs that read it.

mod damage;
mod intents;
mod redaction;
mod size;
mod state;
mod tamper;
mod version1;
mod writers;

use opsdeck::audit::{Action, Filter, Ledger, Record, Status};
use opsdeck::state::operator::Operator;
use serde_json::{Value, json};
use state::{State, alice, record, run};
use uuid::Uuid;

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

//! Intents without an outcome: found, named by `verify`, and answered once by whoever comes later.

use super::state::{State, alice, record, run};
use opsdeck::audit::{Action, Ledger, Phase, Record, Status};
use opsdeck::state::{Identity, Life, StateDir};
use serde_json::json;
use uuid::Uuid;

fn of_run(record: Record, run: Uuid) -> Record {
    Record { run_id: Some(run), ..record }
}

#[test]
fn what_answers_an_intent_and_what_does_not() {
    let state = State::with(0);
    let ledger = Ledger::open(&state.db()).unwrap();
    let [a, b, c] = [(); 3].map(|()| Uuid::now_v7());
    let outcome =
        |action, run, parent| Record { parent, ..of_run(Record::outcome(action, &alice(), Status::Success), run) };
    let intent = |action, run| ledger.append(&of_run(Record::intent(action, &alice()), run)).unwrap();
    // A launch is answered by how it went, or by the run's end.
    let launch = intent(Action::RunLaunch, a);
    ledger.append(&outcome(Action::RunLaunch, a, Some(launch.event_id))).unwrap();
    let launch = intent(Action::RunLaunch, b);
    ledger.append(&outcome(Action::RunEnd, b, Some(launch.event_id))).unwrap();
    // A stop, by a refusal; what a recovery did, before its rows named their intent, by run and action.
    let stop = intent(Action::RunStop, a);
    ledger
        .append(&Record { parent: Some(stop.event_id), ..of_run(Record::denied(Action::RunStop, &alice(), "no"), a) })
        .unwrap();
    intent(Action::RecoveryAct, c);
    ledger.append(&outcome(Action::RecoveryAct, c, None)).unwrap();
    assert_eq!(ledger.open_intents().unwrap(), []);
    // Not by the same action of another run, nor by another action of the same.
    let launch = intent(Action::RunLaunch, c);
    let stop = intent(Action::RunStop, a);
    ledger.append(&outcome(Action::RunStop, b, None)).unwrap();
    ledger.append(&outcome(Action::RunAdopt, a, None)).unwrap();
    let open = ledger.open_intents().unwrap();
    assert_eq!(open.iter().map(|open| open.seq).collect::<Vec<_>>(), [launch.seq, stop.seq]);
    assert_eq!(open[0].process.as_ref().unwrap(), &Identity::own());
    assert_eq!(open[0].process.as_ref().unwrap().life(), Life::Alive);

    let (code, verdict) = state.verdict(&[]);
    let named: Vec<_> = verdict["open_intents"].as_array().unwrap().iter().map(|open| open["seq"].clone()).collect();
    assert_eq!((code, named), (0, vec![json!(launch.seq), json!(stop.seq)]));
    let (_, text) = run(state.path(), &["audit", "verify", "--since-checkpoint"]);
    assert!(text.contains("2 intents") && text.contains(&format!("row {}: run.stop by alice", stop.seq)), "{text}");
}

#[test]
fn a_run_has_its_end_whether_its_launch_or_its_end_is_recorded_first() {
    let state = State::with(0);
    let ledger = Ledger::open(&state.db()).unwrap();
    let of = |action, run, parent: Uuid| Record {
        parent: Some(parent),
        ..of_run(Record::outcome(action, &alice(), Status::Success), run)
    };
    // The last one has not ended.
    let runs: Vec<Uuid> = [
        &[Action::RunLaunch, Action::RunEnd][..],
        &[Action::RunEnd, Action::RunLaunch],
        &[Action::RunEnd],
        &[Action::RunLaunch],
    ]
    .iter()
    .map(|actions| {
        let run = Uuid::now_v7();
        let launch = ledger.append(&of_run(Record::intent(Action::RunLaunch, &alice()), run)).unwrap();
        for action in *actions {
            ledger.append(&of(*action, run, launch.event_id)).unwrap();
        }
        let dir = StateDir::at(state.path()).run(run);
        std::fs::create_dir_all(dir.path()).unwrap();
        std::fs::write(dir.journal(), "{\"seq\":1,\"ts\":2,\"e\":\"ended\",\"state\":\"succeeded\",\"why\":\"\"}\n")
            .unwrap();
        run
    })
    .collect();
    assert_eq!(ledger.left_open().unwrap(), (vec![], vec![runs[3]]));
    for args in [&[][..], &["--since-checkpoint"]] {
        let (code, verdict) = state.verdict(args);
        assert_eq!((code, &verdict["ended_without_a_row"]), (0, &json!([runs[3]])), "{args:?}: {verdict}");
    }
    // What an earlier opsdeck took for open, and kept: the row counts.
    let mark = state.db().with_extension("verified");
    let kept = std::fs::read_to_string(&mark).unwrap();
    let [open, ended] = [runs[3], runs[1]].map(|run| format!("\"{run}\""));
    assert!(kept.contains(&open), "{kept}");
    std::fs::write(&mark, kept.replace(&open, &format!("{ended},{open}"))).unwrap();
    let (_, verdict) = state.verdict(&["--since-checkpoint"]);
    assert_eq!(verdict["ended_without_a_row"], json!([runs[3]]), "{verdict}");
}

#[test]
fn it_is_answered_once_whoever_comes_first() {
    let state = State::with(1);
    let ledger = Ledger::open(&state.db()).unwrap();
    let open = ledger.open_intents().unwrap().remove(0);
    let written: usize = std::thread::scope(|scope| {
        let close = || {
            let ledger = Ledger::open(&state.db()).unwrap();
            usize::from(ledger.close(&open, Status::Unknown, "the process that launched it died").unwrap().is_some())
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(close)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(written, 1);
    let row = ledger.row(2).unwrap().unwrap().entry;
    assert_eq!(
        (row.code.as_str(), row.status.as_str(), row.parent_event_id),
        ("OD1001O", "unknown", Some(open.event_id))
    );
    assert_eq!((row.operator.as_str(), row.subject.as_deref(), row.process.as_ref()), ("alice", Some("row 1"), None));
    assert_eq!((&row.metadata["recorded"], row.metadata["recorded_by"].is_string()), (&json!("late"), true));
    assert_eq!(ledger.open_intents().unwrap(), []);
    assert_eq!(state.verdict(&[]).1["open_intents"], json!([]));

    // One of version 1 does not say which process it was; it can be answered all the same.
    let old = super::version1::old(2);
    let ledger = Ledger::open(&old.db()).unwrap();
    let open = ledger.open_intents().unwrap();
    assert_eq!((open.len(), open[0].process.as_ref()), (2, None));
    assert!(ledger.close(&open[0], Status::Unknown, "nobody knows").unwrap().is_some());
    assert_eq!(ledger.open_intents().unwrap(), open[1..]);
    assert_eq!(old.verdict(&[]).0, 0);
}

#[test]
fn only_what_came_since_is_read_and_a_forged_mark_is_not_believed() {
    let state = State::with(1);
    let ledger = Ledger::open(&state.db()).unwrap();
    for i in 0..1_100 {
        ledger.append(&Record::outcome(Action::AuditRead, &alice(), Status::Success)).unwrap();
        if i == 500 {
            ledger.append(&record("second")).unwrap();
        }
    }
    let seqs = || ledger.open_intents().unwrap().iter().map(|open| open.seq).collect::<Vec<_>>();
    assert_eq!(seqs(), [1, 503]);
    let mark = state.db().with_extension("open");
    let kept = std::fs::read_to_string(&mark).unwrap();
    assert_eq!(seqs(), [1, 503]);
    assert_eq!(std::fs::read_to_string(&mark).unwrap(), kept, "nothing new, nothing written");
    let hash = ledger.head().unwrap().hash;
    for forged in [kept.replace(&hash, &"0".repeat(64)), "{".to_owned(), kept.replace("1102", "9999")] {
        assert_ne!(forged, kept);
        std::fs::write(&mark, forged).unwrap();
        assert_eq!(seqs(), [1, 503]);
    }
    let last = ledger.append(&record("third")).unwrap();
    assert_eq!(seqs(), [1, 503, last.seq]);
    assert!(ledger.find(Uuid::nil(), Action::RunLaunch, Phase::Intent).unwrap().is_none());
}

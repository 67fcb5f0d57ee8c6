//! Ends of runs in the ledger: once, with what the journal holds, also when somebody else has to write them.

use super::*;
use crate::audit::Filter;
use crate::run::Event;
use crate::run::asked::is_recorded;
use crate::run::closing::close_ended;
use crate::run::ends::Told;
use crate::run::journal::Journal;
use crate::state::Lock;

const SPEC: &str = "{version: 1, id: ID, ask: {kind: playbook, playbook: x.yml}, cwd: /p, argv: [], env: {}, secrets: [], \
                    on_conflict: refuse, created_at: 0, environment: prod, rerun_of: null, \
                    operator: {name: alice, effective: a, host: h, from: null, tty: null, session: null}}";

/// A run that was launched, with the events of its journal.
fn launched(store: &StateDir, events: &[Event<'static>]) -> RunSpec {
    let control = Control::open(store).unwrap();
    let id = Uuid::now_v7();
    let dir = store.run(id);
    std::fs::create_dir_all(dir.path()).unwrap();
    std::fs::write(dir.spec(), SPEC.replace("ID", &id.to_string())).unwrap();
    let spec = crate::run::read_spec(&dir).unwrap();
    let intent = launching(&Acts::open(store, &control).unwrap(), &spec, None).unwrap();
    super::launched(store, &spec, intent.event_id, None).unwrap();
    let (mut journal, _) = Journal::open(&dir.journal(), |_| {}).unwrap();
    events.iter().for_each(|event| drop(journal.push(5, event.clone()).unwrap()));
    journal.commit().unwrap();
    spec
}

fn over() -> Event<'static> {
    Event::Ended { state: State::Succeeded, why: "all ok".into(), failure: None, maybe_running_on: Vec::new() }
}

#[test]
fn an_end_without_a_row_is_recorded_by_the_next_that_may_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = StateDir::at(dir.path());
    let lost = launched(&store, &[Event::Requested, over()]);
    let live = launched(&store, &[Event::Requested]);
    let held = launched(&store, &[Event::Requested, over()]);
    let lock = Lock::try_take(&store.run(held.id).lock()).unwrap().unwrap();
    // A folder that this ledger did not launch, and one that is not there.
    let foreign = Uuid::now_v7();
    std::fs::create_dir_all(store.run(foreign).path()).unwrap();
    std::fs::copy(store.run(lost.id).journal(), store.run(foreign).journal()).unwrap();
    let asked = [lost.id, live.id, held.id, foreign, Uuid::now_v7()];
    let told = |_: &RunSpec| Ok(Told { approvals: vec!["bob".into()], doubt: None });

    assert_eq!(close_ended(&store, &asked, told).unwrap(), [lost.id]);
    assert!(close_ended(&store, &asked, told).unwrap().is_empty(), "once");
    let ledger = Ledger::open_to_read(&store.audit()).unwrap();
    let row = ledger.find(lost.id, Action::RunEnd, Phase::Outcome).unwrap().unwrap().entry;
    assert_eq!((row.status.as_str(), row.reason.as_deref()), ("success", Some("all ok")));
    assert_eq!((&row.metadata["recorded"], row.approvals.len()), (&json!("late"), 1));
    let sum = Sum::of(&store.run(lost.id).journal(), u64::MAX).unwrap();
    assert_eq!((row.journal_digest, row.journal_bytes), (Some(sum.digest), Some(sum.bytes)));
    let launch = ledger.find(lost.id, Action::RunLaunch, Phase::Intent).unwrap().unwrap();
    assert_eq!(row.parent_event_id, Some(launch.entry.event_id));

    // Its supervisor is gone, too; and what cannot be read is left as it is.
    drop(lock);
    std::fs::write(store.run(live.id).journal(), "rubbish\n").unwrap();
    assert_eq!(close_ended(&store, &asked, told).unwrap(), [held.id]);
    let ends = Filter { text: Some(Action::RunEnd.name().into()), ..Filter::default() };
    assert_eq!(ledger.query(&ends, 9).unwrap().rows.len(), 2);
    assert!(close_ended(&StateDir::at(dir.path().join("none")), &asked, told).unwrap().is_empty());
}

#[test]
fn an_end_that_can_be_none_is_recorded_as_not_known_and_nobody_believes_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = StateDir::at(dir.path());
    let forged = launched(&store, &[Event::Requested, over()]);
    let single = |spec: &RunSpec| {
        let machine = crate::run::single::Single { on_conflict: spec.on_conflict, leases: true };
        crate::run::ends::tell(&machine, &store, spec).map_err(|e| e.to_string())
    };
    assert_eq!(close_ended(&store, &[forged.id], single).unwrap(), [forged.id]);
    let ledger = Ledger::open_to_read(&store.audit()).unwrap();
    let row = ledger.find(forged.id, Action::RunEnd, Phase::Outcome).unwrap().unwrap().entry;
    assert_eq!((row.status.as_str(), &row.metadata["state"]), ("unknown", &json!("unknown")));
    let why = row.reason.unwrap();
    assert!(why.contains("says that it ended (succeeded), which is not believed: it was requested before"), "{why}");
    let run = crate::run::Follower::open(&store.run(forged.id)).unwrap();
    assert!(run.is_lost() && run.damage == Some(why), "{:?}", run.damage);
    assert!(matches!(end_of(&store, forged.id).unwrap(), Some(EndRow::Recorded { well: false, .. })));
    // One that failed before anything was begun could come to no other end.
    let failed = Event::Ended { state: State::Failed, why: "held".into(), failure: None, maybe_running_on: Vec::new() };
    let refused = launched(&store, &[Event::Requested, failed]);
    assert_eq!(close_ended(&store, &[refused.id], single).unwrap(), [refused.id]);
    let row = ledger.find(refused.id, Action::RunEnd, Phase::Outcome).unwrap().unwrap().entry;
    assert_eq!((row.status.as_str(), row.reason.as_deref()), ("failure", Some("held")));
    assert!(!crate::run::Follower::open(&store.run(refused.id)).unwrap().is_lost());
}

#[test]
fn a_row_is_found_by_its_event_among_those_of_its_run() {
    let dir = tempfile::tempdir().unwrap();
    let store = StateDir::at(dir.path());
    let (one, other) = (launched(&store, &[]), launched(&store, &[]));
    let stop = stopping(&store, &one, &one.operator, StopLevel::Kill, None).unwrap();
    let is = |run: &RunSpec, row| is_recorded(&store, run.id, row).unwrap();
    assert!(is(&one, Some(stop)) && !is(&other, Some(stop)), "of its own run alone");
    assert!(!is(&one, Some(Uuid::now_v7())) && !is(&one, None));
    stopped(&store, &one, &one.operator, stop, None).unwrap();
    let rows = of_run(&Ledger::open_to_read(&store.audit()).unwrap(), one.id).unwrap();
    assert!(!is(&one, Some(rows[0].entry.event_id)), "an outcome is no intent");
    let plan = |sql: &str| -> String {
        let db = rusqlite::Connection::open(store.audit()).unwrap();
        db.query_row(&format!("EXPLAIN QUERY PLAN {sql}"), [one.id.as_bytes(), stop.as_bytes()], |row| row.get(3))
            .unwrap()
    };
    let by = plan("SELECT seq FROM fields WHERE run_id = ?1 AND event_id = ?2");
    assert!(by.contains("fields_run"), "{by}");
}

#[test]
fn the_digest_grows_with_the_journal_whoever_writes_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    let check = |journal: &Journal| assert_eq!(journal.sum().unwrap(), Sum::of(&path, u64::MAX).unwrap());
    let (mut journal, _) = Journal::open(&path, |_| {}).unwrap();
    check(&journal);
    for _ in 0..3 {
        journal.push(1, Event::Requested).unwrap();
        journal.push(2, Event::StepIntent { step: 1 }).unwrap();
        journal.write().unwrap();
        check(&journal);
    }
    drop(journal);
    let (mut journal, _) = Journal::open(&path, |_| {}).unwrap();
    check(&journal);
    journal.push(3, over()).unwrap();
    journal.commit().unwrap();
    check(&journal);
}

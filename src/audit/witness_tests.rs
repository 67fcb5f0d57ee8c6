//! Databases that are put back, and processes that die between any two of the writes.

use super::*;
use crate::state::lines::Line;

fn state() -> (tempfile::TempDir, StateDir) {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::at(dir.path().join("s"));
    (dir, state)
}

/// A line that is stopped by whoever has this control.db.
fn act(state: &StateDir, environment: &str) -> Result<(), Error> {
    let control = Control::open(state)?;
    let about = |record: Record| Record { env: Some(environment.to_owned()), ..record };
    Acts::open(state, &control)?.around(Action::LineStop, &Operator::default(), about, |_| {
        let (environment, reason, operator) = (environment.to_owned(), "x".to_owned(), "ann".to_owned());
        control.stop_line(&Line { environment, reason, operator, at: 1 })?;
        Ok(())
    })
}

fn files(state: &StateDir, name: &str) -> [std::path::PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| state.root().join(format!("{name}{end}")))
}

fn keep(state: &StateDir, name: &str) -> Vec<Option<Vec<u8>>> {
    files(state, name).iter().map(|path| std::fs::read(path).ok()).collect()
}

fn put_back(state: &StateDir, name: &str, kept: &[Option<Vec<u8>>]) {
    for (path, bytes) in files(state, name).iter().zip(kept) {
        drop(std::fs::remove_file(path));
        bytes.iter().for_each(|bytes| std::fs::write(path, bytes).unwrap());
    }
}

#[test]
fn a_control_database_that_is_put_back_is_refused_and_named_and_so_is_a_ledger() {
    let (_dir, state) = state();
    act(&state, "a").unwrap();
    let (control, ledger) = (keep(&state, "control.db"), keep(&state, "audit.db"));
    act(&state, "b").unwrap();
    let newer = (keep(&state, "control.db"), keep(&state, "audit.db"));
    put_back(&state, "control.db", &control);
    let why = act(&state, "c").unwrap_err().to_string();
    assert!(why.contains("older backup") && why.contains("line.stop by") && why.contains("--new-control"), "{why}");
    let opened = Control::open(&state).unwrap();
    assert!(outrun(&state, &opened).unwrap().is_some());
    drop(opened);
    // Both of the same backup agree.
    put_back(&state, "audit.db", &ledger);
    act(&state, "d").unwrap();
    put_back(&state, "control.db", &newer.0);
    let why = act(&state, "e").unwrap_err().to_string();
    assert!(why.contains("does not hold row 3") && why.contains("--new-ledger"), "{why}");
    put_back(&state, "audit.db", &newer.1);
    act(&state, "f").unwrap();
}

#[test]
fn one_from_before_the_first_act_is_refused_too() {
    let (_dir, state) = state();
    drop(Control::open(&state).unwrap());
    let empty = keep(&state, "control.db");
    act(&state, "a").unwrap();
    put_back(&state, "control.db", &empty);
    assert!(act(&state, "b").unwrap_err().to_string().contains("older backup"));
}

#[test]
fn who_dies_between_the_writes_keeps_nobody_from_acting() {
    let (_dir, state) = state();
    act(&state, "a").unwrap();
    let control = Control::open(&state).unwrap();
    let operator = Operator::default();
    // Between the intent and what control.db knows; once answered by whoever closes it.
    let ledger = Ledger::open(&state.audit()).unwrap();
    let intent = ledger.append(&Record::intent(Action::LineStop, &operator)).unwrap();
    assert_eq!(outrun(&state, &control).unwrap(), None);
    let unknown = Record::outcome(Action::LineStop, &operator, Status::Unknown);
    ledger.append(&Record { parent: Some(intent.event_id), ..unknown }).unwrap();
    assert_eq!(outrun(&state, &control).unwrap(), None);
    act(&state, "b").unwrap();
    // Between that and the act, or before its outcome.
    Acts::open(&state, &control).unwrap().intent(&Record::intent(Action::LineOpen, &operator)).unwrap();
    act(&state, "c").unwrap();
    // What failed was not done.
    let failed = Acts::open(&state, &control).unwrap().around(
        Action::LineOpen,
        &operator,
        |r| r,
        |_| Err::<(), _>(Error::Lost("no".into())),
    );
    assert!(failed.is_err());
    act(&state, "d").unwrap();
}

#[test]
fn many_that_act_at_once_never_miss_each_other() {
    let (_dir, state) = state();
    act(&state, "first").unwrap();
    std::thread::scope(|scope| {
        for n in 0..4 {
            let state = &state;
            scope.spawn(move || (0..15).for_each(|i| act(state, &format!("{n}-{i}")).unwrap()));
        }
    });
    let control = Control::open(&state).unwrap();
    assert_eq!(control.stopped_lines().unwrap().len(), 61);
    assert_eq!(at_odds(&state, &control).unwrap(), None);
}

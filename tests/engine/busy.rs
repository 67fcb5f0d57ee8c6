//! control.db and index.db while another connection holds the right to write: whoever waits longer than they have patience
//! is told so, and nothing of what they asked is half done; whoever waits shorter has it done once. Then the whole program:
//! launches, lists, stops, lines and releases go on meanwhile. `OPSDECK_BUSY` (seconds) asks for more of it, `OPSDECK_SEED`
//! for the same again.

mod program;

use opsdeck::state::alerts::AlertRow;
use opsdeck::state::breakers::BreakerRow;
use opsdeck::state::leases::Taken;
use opsdeck::state::lines::Line;
use opsdeck::state::outbox::{Put, Standing};
use opsdeck::state::recovery::{IncidentRow, Switch, Token};
use opsdeck::state::silences::SilenceRow;
use opsdeck::state::{Control, DbError, Index, RunRow, StateDir};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

/// Longer than any hold of these tests, and shorter.
const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(20);
const HOLD: Duration = Duration::from_millis(60);

/// What can be written, in an order in which each of them changes something.
type Op = (&'static str, fn(&Control) -> Result<(), DbError>);

const RUN: Uuid = Uuid::from_u128(0x0199_a000_0000_7000_8000_0000_0000_0001);

fn silence(target: &str) -> SilenceRow {
    let (environment, operator) = ("lab".to_owned(), "ann".to_owned());
    SilenceRow { environment, target: target.into(), until: 9_000, operator, reason: "disk".into(), at: 1 }
}

fn breaker(key: &str) -> BreakerRow {
    BreakerRow { key: key.into(), environment: None, body: "{}".into() }
}

const OPS: &[Op] = &[
    ("a number", |c| c.number(RUN).map(drop)),
    ("a lease", |c| {
        let taken = c.take_lease(RUN, "/p", None, 1)?;
        assert!(matches!(taken, Taken::Got { new: true, .. }), "{taken:?}");
        Ok(())
    }),
    ("a lease given back", |c| c.free_lease(RUN, None).map(|token| assert!(token.is_some()))),
    ("the ledger's head", |c| c.keep_witness(7, "abc")),
    ("a stopped line", |c| {
        let (environment, reason) = ("lab".to_owned(), "disk".to_owned());
        c.stop_line(&Line { environment, reason, operator: "ann".into(), at: 1 }).map(|news| assert!(news))
    }),
    ("an opened line", |c| c.open_line("lab").map(|news| assert!(news))),
    ("silences", |c| c.put_silences(&[silence("w1"), silence("w2")], 1)),
    ("lifted silences", |c| c.lift_silences("lab", &["w1".into(), "w2".into()])),
    ("breakers", |c| c.put_breakers(&[breaker("fleet:lab"), breaker("fleet:prod")])),
    ("an action", |c| {
        let (environment, service, host, action) = ("lab".into(), "web".into(), "w1".into(), "restart".into());
        c.take_token(&Token { run: RUN, number: 1, environment, service, host, action, at: 1, helped: None })
    }),
    ("an action that helped", |c| c.end_token(RUN, 1, true).map(|news| assert!(news))),
    ("an incident", |c| {
        let (environment, policy, host) = ("lab".into(), "restart".into(), "w1".into());
        c.put_incident(&IncidentRow { environment, policy, host, body: "{}".into() })
    }),
    ("an incident that is over", |c| c.end_incident("lab", "restart", "w1")),
    ("a switch", |c| {
        let (environment, policy) = ("lab".into(), "*".into());
        c.switch_recovery(&Switch { environment, policy, on: false, operator: "ann".into(), reason: "x".into(), at: 1 })
    }),
    ("a notice", |c| {
        c.put_notice("s", &Put { receiver: "r", key: "k", about: "a", body: "{}", state: Standing::Pending }, 1)
    }),
    ("a notice that was tried", |c| c.notice_tried(1, Standing::Pending, Some("no route"), 2)),
    ("a tidied outbox", |c| c.tidy_outbox("s", 5, 0, 0).map(|failed| assert_eq!(failed, 1))),
    ("what fires", |c| c.set_firing(("s", "r", "a"), Some("{}"), 1)),
    ("what fires otherwise", |c| c.set_firing(("s", "r", "a"), Some("{\"n\":2}"), 2)),
    ("what fires no more", |c| c.set_firing(("s", "r", "a"), None, 3)),
    ("what was said", |c| c.set_said("s", "a", Some("{}"))),
    ("a cursor", |c| c.set_cursor("s", 7)),
    ("alerts", |c| {
        let alert = |fingerprint: &str| AlertRow { fingerprint: fingerprint.into(), ..AlertRow::default() };
        c.put_alerts(&[alert("a"), alert("b")])
    }),
    ("forgotten alerts", |c| c.forget_alerts(i64::MAX)),
];

/// Every row of every table.
fn all(path: &Path) -> BTreeMap<String, Vec<Vec<Value>>> {
    let db = Connection::open(path).unwrap();
    let mut names = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let names: Vec<String> = names.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    let rows = |name: &String| {
        let mut query = db.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = query.column_count();
        let row = |r: &rusqlite::Row<'_>| (0..columns).map(|n| r.get(n)).collect();
        query.query_map([], row).unwrap().map(Result::unwrap).collect()
    };
    names.iter().map(|name| (name.clone(), rows(name))).collect()
}

/// Another connection that holds the right to write until it is dropped.
fn hold(path: &Path) -> Connection {
    let other = Connection::open(path).unwrap();
    other.busy_timeout(LONG).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

fn is_said(what: &str, path: &Path, done: Result<(), DbError>) {
    let why = done.expect_err(what).to_string();
    assert!(why.contains(path.to_str().unwrap()) && why.contains("nothing of this was done"), "{what}: {why}");
}

#[test]
fn who_waits_too_long_is_told_and_nothing_is_half_done_and_who_waits_shorter_has_it_done_once() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::at(dir.path().join("s"));
    let control = Control::open(&state).unwrap();
    let path = state.control();
    for (what, op) in OPS {
        let before = all(&path);
        control.set_patience(SHORT).unwrap();
        let other = hold(&path);
        is_said(what, &path, op(&control));
        is_said(what, &path, control.alone(|| op(&control)));
        drop(other);
        assert_eq!(all(&path), before, "{what}: refused");
        control.set_patience(LONG).unwrap();
        let other = hold(&path);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                program::pass(HOLD);
                drop(other);
            });
            op(&control).unwrap_or_else(|e| panic!("{what}: {e}"));
        });
        assert_ne!(all(&path), before, "{what}: done");
    }
}

#[test]
fn a_transaction_that_is_refused_half_way_leaves_nothing_and_the_next_one_begins() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::at(dir.path().join("s"));
    let control = Control::open(&state).unwrap();
    // Whatever comes second is refused.
    let trip = "CREATE TRIGGER trip BEFORE INSERT ON breakers WHEN EXISTS (SELECT 1 FROM breakers)
                BEGIN SELECT RAISE(ABORT, 'trip'); END";
    Connection::open(state.control()).unwrap().execute_batch(trip).unwrap();
    let before = all(&state.control());
    assert!(control.put_breakers(&[breaker("a"), breaker("b")]).is_err());
    assert_eq!(all(&state.control()), before);
    control.put_breakers(&[breaker("a")]).unwrap();
    let both = || {
        control.put_silences(&[silence("w1")], 1)?;
        control.put_breakers(&[breaker("b")])
    };
    assert!(control.alone(both).is_err());
    assert!(control.silences(None, 1).unwrap().is_empty(), "what stands in one transaction goes in one");
}

#[test]
fn an_index_that_is_held_keeps_nobody_from_their_work() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::at(dir.path().join("s"));
    let index = Index::open(&state).unwrap();
    index.set_patience(SHORT).unwrap();
    let row = RunRow {
        id: RUN,
        number: Some(1),
        kind: "playbook".into(),
        title: "deploy.yml".into(),
        environment: None,
        operator: "ann".into(),
        cwd: "/p".into(),
        state: "running".into(),
        failure: None,
        why: None,
        rc: None,
        created_at: 1,
        started_at: None,
        ended_at: None,
        hosts: 1,
        failed: 0,
        unreachable: 0,
        changed: 0,
        check: false,
        journal: None,
    };
    let other = hold(&state.index());
    let path = state.index();
    is_said("a row", &path, index.put(&row));
    is_said("rows", &path, index.put_missing(std::slice::from_ref(&row)));
    assert_eq!(index.get(RUN).unwrap(), None, "it is read all the same");
    // What could not be written is noted beside it, and looked for by whoever opens it next.
    assert!(index.is_whole().unwrap());
    Index::lacks(&state).unwrap();
    assert!(!index.is_whole().unwrap(), "a run may have no row");
    drop(other);
    assert!(opsdeck::run::open_index(&state).unwrap().is_whole().unwrap(), "that was looked for");
    index.put_missing(std::slice::from_ref(&row)).unwrap();
    assert_eq!(index.get(RUN).unwrap(), Some(row));
}

#[test]
fn launches_lists_stops_lines_and_releases_go_on_while_others_hold_the_databases() {
    program::go();
}

//! The state directory as a user meets it: one of version 0.1 is taken over, an index that is deleted, damaged or half made
//! heals and hides nothing, and what people decided does not lie in it.

use crate::support::wait::wait_true;
use opsdeck::run::event::{Entry, Event, Failure};
use opsdeck::run::{State, fold};
use opsdeck::state::{Control, Index, StateDir};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use uuid::Uuid;

fn opsdeck(state: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_opsdeck"))
        .args(args)
        .env("OPSDECK_STATE", state)
        .stdin(Stdio::null())
        .current_dir(state.parent().unwrap())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

fn listed(state: &Path, n: usize) -> Vec<Value> {
    let (code, out, err) = opsdeck(state, &["runs", "--json", "-n", &n.to_string()]);
    assert_eq!(code, Some(0), "{err}");
    serde_json::from_str(&out).unwrap()
}

/// A run that ended, as its supervisor left it.
fn past(state: &StateDir, n: usize) -> Uuid {
    let id = Uuid::now_v7();
    let dir = state.run(id);
    std::fs::create_dir_all(dir.path()).unwrap();
    let spec = format!(
        "version: 1\nid: {id}\nask: {{kind: adhoc, pattern: web, module: ping}}\ncwd: /p\nargv: []\nenv: {{}}\nsecrets: []\n\
         on_conflict: warn\ncreated_at: {n}\nenvironment: staging\nhosts: null\nrerun_of: null\n\
         operator: {{name: ann, effective: ann, host: h}}\n"
    );
    std::fs::write(dir.spec(), spec).unwrap();
    let failed = n.is_multiple_of(3);
    let ended = Event::Ended {
        state: if failed { State::Failed } else { State::Succeeded },
        why: "x".into(),
        failure: failed.then_some(Failure::Launch),
        maybe_running_on: vec![],
    };
    let entries = [Entry { seq: 1, ts: 1, event: Event::Requested }, Entry { seq: 2, ts: 2, event: ended }];
    let lines: String = entries.iter().map(|entry| serde_json::to_string(entry).unwrap() + "\n").collect();
    std::fs::write(dir.journal(), lines).unwrap();
    assert!(fold(entries).state.is_terminal());
    id
}

fn with_runs(n: usize) -> (tempfile::TempDir, StateDir, Vec<Uuid>) {
    let dir = tempfile::tempdir().unwrap();
    let inventory = dir.path().join("inventories/staging");
    std::fs::create_dir_all(&inventory).unwrap();
    std::fs::write(inventory.join("hosts"), "web1\n").unwrap();
    let state = StateDir::at(dir.path().join("state"));
    drop(Control::open(&state).unwrap());
    let mut ids: Vec<Uuid> = (0..n).map(|n| past(&state, n)).collect();
    ids.sort_unstable();
    ids.reverse();
    (dir, state, ids)
}

fn ids(rows: &[Value]) -> Vec<Uuid> {
    rows.iter().map(|row| row["id"].as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn a_rebuild_that_is_killed_at_any_moment_loses_no_run_and_the_next_one_goes_on() {
    let (_dir, state, all) = with_runs(600);
    for turn in 0..12_u64 {
        drop(std::fs::remove_file(state.index()));
        let mut one = Command::new(env!("CARGO_BIN_EXE_opsdeck"))
            .args(["--state-dir", state.root().to_str().unwrap(), "reindex"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Somewhere in it: when so many rows are there, or before there is an index at all.
        let rows = || Index::open(&state).and_then(|index| index.ids()).map_or(0, |ids| ids.len());
        while turn > 0 && (rows() as u64) < turn * 50 && one.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        drop(one.kill());
        one.wait().unwrap();
        assert_eq!(ids(&listed(state.root(), 2_000)), all, "in turn {turn}");
    }
    let index = opsdeck::run::whole_index(&state).unwrap();
    assert_eq!((index.is_whole().unwrap(), index.ids().unwrap().len()), (true, all.len()));
}

#[test]
fn several_that_rebuild_at_once_make_one_index_with_every_run_once() {
    let (_dir, state, all) = with_runs(400);
    std::fs::write(state.root().join("index.db"), "garbage, and long enough to be read as a header").unwrap();
    let whole = || opsdeck::run::whole_index(&state).unwrap().ids().unwrap().len();
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..4).map(|_| scope.spawn(whole)).collect();
        askers.into_iter().for_each(|one| assert_eq!(one.join().unwrap(), all.len()));
    });
    assert_eq!(ids(&listed(state.root(), 1_000)), all);
}

#[test]
fn a_damaged_index_hides_no_run_and_what_was_decided_does_not_lie_in_it() {
    let (_dir, state, all) = with_runs(40);
    let said = opsdeck(state.root(), &["line", "stop", "staging", "--reason", "disk array"]);
    assert_eq!(said.0, Some(0), "{said:?}");
    assert_eq!(ids(&listed(state.root(), 50)), all);
    let harm: [&dyn Fn(); 4] = [
        &|| drop(std::fs::remove_file(state.index())),
        &|| std::fs::write(state.index(), b"").unwrap(),
        &|| {
            let mut bytes = std::fs::read(state.index()).unwrap();
            let half = bytes.len() / 2;
            bytes[4_096..half].fill(0xff);
            std::fs::write(state.index(), bytes).unwrap();
        },
        &|| std::fs::remove_dir_all(state.root().join("index.d")).unwrap(),
    ];
    for (n, harm) in harm.iter().enumerate() {
        harm();
        assert_eq!(ids(&listed(state.root(), 50)), all, "after harm {n}");
        let (code, out, err) = opsdeck(state.root(), &["line"]);
        assert!(code == Some(0) && out.contains("disk array"), "after harm {n}: {out}{err}");
    }
}

#[test]
fn a_journal_that_is_not_what_it_was_is_read_again() {
    let (_dir, state, all) = with_runs(5);
    assert_eq!(listed(state.root(), 9)[0]["state"], "succeeded");
    let dir = state.run(all[0]);
    let text = std::fs::read_to_string(dir.journal()).unwrap().replace("succeeded", "cancelled");
    std::fs::write(dir.journal(), text).unwrap();
    let shown: Value =
        serde_json::from_str(&opsdeck(state.root(), &["show", "--json", &all[0].to_string()]).1).unwrap();
    assert_eq!((&listed(state.root(), 9)[0]["state"], &shown["state"]), (&"cancelled".into(), &"cancelled".into()));
}

fn launching(state: &StateDir, spec: &opsdeck::run::RunSpec) -> opsdeck::audit::Receipt {
    let control = Control::open(state).unwrap();
    opsdeck::run::ledger::launching(&opsdeck::audit::Acts::open(state, &control).unwrap(), spec, None).unwrap()
}

/// A run that was launched and ended, as its supervisor leaves it when it dies before it has recorded the end.
fn unrecorded(state: &StateDir) -> Uuid {
    let id = past(state, 3);
    let spec = opsdeck::run::read_spec(&state.run(id)).unwrap();
    let intent = launching(state, &spec);
    opsdeck::run::ledger::launched(state, &spec, intent.event_id, None).unwrap();
    id
}

#[test]
fn an_end_that_nobody_recorded_is_recorded_by_the_next_that_may_write() {
    let (_dir, state, _) = with_runs(0);
    let id = unrecorded(&state);
    let end = || {
        let ledger = opsdeck::audit::Ledger::open(&state.audit()).unwrap();
        ledger.find(id, opsdeck::audit::Action::RunEnd, opsdeck::audit::Phase::Outcome).unwrap()
    };
    assert!(end().is_none());
    let (code, out, err) = opsdeck(state.root(), &["audit", "verify"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let row = end().expect("it is there now");
    assert_eq!((row.entry.status.as_str(), &row.body["metadata"]["recorded"]), ("failure", &"late".into()));
    let seq = row.entry.seq;
    assert_eq!(opsdeck(state.root(), &["audit", "verify"]).0, Some(0));
    assert_eq!(end().unwrap().entry.seq, seq, "once");
}

#[test]
fn a_tail_that_is_cut_together_with_its_checkpoint_is_missed() {
    let (_dir, state, _) = with_runs(0);
    let control = Control::open(&state).unwrap();
    let spec = opsdeck::run::read_spec(&state.run(past(&state, 1))).unwrap();
    let files = ["audit.db", "audit.db-wal", "audit.db-shm", "audit.checkpoint", "audit.verified", "audit.open"];
    let kept = tempfile::tempdir().unwrap();
    let intent = launching(&state, &spec);
    for name in files {
        drop(std::fs::copy(state.root().join(name), kept.path().join(name)));
    }
    opsdeck::run::ledger::launched(&state, &spec, intent.event_id, None).unwrap();
    let head = opsdeck::audit::Ledger::open(&state.audit()).unwrap().head().unwrap();
    control.keep_witness(head.seq, &head.hash).unwrap();
    for name in files {
        drop(std::fs::remove_file(state.root().join(name)));
        drop(std::fs::copy(kept.path().join(name), state.root().join(name)));
    }
    let (code, out, err) = opsdeck(state.root(), &["audit", "verify"]);
    assert!(code == Some(1) && out.contains("BROKEN"), "{out}{err}");
}

#[test]
fn a_control_database_that_is_lost_is_made_anew_by_a_persons_word_alone() {
    let (_dir, state, all) = with_runs(3);
    let numbers = || {
        let control = Control::open(&state).unwrap();
        all.iter().rev().map(|id| control.number(*id).unwrap()).collect::<Vec<_>>()
    };
    let (before, token) = (numbers(), lease(&state, all[0]));
    let args = ["claim", "--new-control", "--reason", "no backup"];
    let (code, _, err) = opsdeck(state.root(), &args);
    assert!(code == Some(64) && err.contains("can be used"), "{err}");
    std::fs::write(state.control(), "no database at all, but longer than its header").unwrap();
    let (code, out, err) = opsdeck(state.root(), &args);
    assert!(code == Some(0) && out.contains("made anew"), "{out}{err}");
    assert_eq!(numbers(), before);
    assert!(lease(&state, all[1]) > token, "a token of before fences nothing now");
    let (_, out, _) = opsdeck(state.root(), &["audit", "--json", "-n", "9"]);
    assert!(out.contains("state.claim") && out.contains("no backup"), "{out}");
}

#[test]
fn a_launch_misses_the_row_of_the_last_one() {
    let (_dir, state, all) = with_runs(1);
    let control = Control::open(&state).unwrap();
    let spec = opsdeck::run::read_spec(&state.run(all[0])).unwrap();
    launching(&state, &spec);
    let lost = || opsdeck::audit::lost(&state, &control).unwrap();
    assert_eq!(lost(), None);
    for name in ["audit.db", "audit.db-wal", "audit.db-shm", "audit.checkpoint"] {
        drop(std::fs::remove_file(state.root().join(name)));
    }
    assert!(lost().is_some_and(|why| why.contains("does not hold row 1") && why.contains("--new-ledger")));
    let (code, out, err) = opsdeck(state.root(), &["claim", "--new-ledger", "--reason", "disk died"]);
    assert!(code == Some(0) && out.contains("begun anew"), "{out}{err}");
    assert_eq!(lost(), None);
    let (code, _, err) = opsdeck(state.root(), &["claim", "--new-ledger", "--reason", "again"]);
    assert!(code == Some(64) && err.contains("every row"), "{err}");
}

fn lease(state: &StateDir, run: Uuid) -> i64 {
    match Control::open(state).unwrap().take_lease(run, "/p", None, 0).unwrap() {
        opsdeck::state::leases::Taken::Got { token, .. } => token,
        held => panic!("{held:?}"),
    }
}

#[test]
fn a_control_database_that_is_gone_or_damaged_is_loud_and_runs_are_listed_all_the_same() {
    let (_dir, state, all) = with_runs(5);
    std::fs::write(state.control(), "no database at all, but longer than its header").unwrap();
    let (code, _, err) = opsdeck(state.root(), &["line"]);
    assert!(code == Some(1) && err.contains("control.db is damaged"), "{err}");
    assert_eq!(ids(&listed(state.root(), 9)), all);
    std::fs::remove_file(state.control()).unwrap();
    let (code, _, err) = opsdeck(state.root(), &["line"]);
    assert!(code == Some(1) && err.contains("control.db is gone") && err.contains("opsdeck claim"), "{err}");
    assert_eq!(ids(&listed(state.root(), 9)), all);
}

/// A state directory as opsdeck 0.1 left it: two playbooks that ended, one at work and one that waited for it when the
/// machine died, a stopped line, a forced breaker.
fn recorded() -> (tempfile::TempDir, StateDir) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("state");
    std::fs::create_dir(&root).unwrap();
    let tar = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/state-0.1.tar.gz");
    let done = Command::new("tar").arg("-xzf").arg(tar).arg("-C").arg(&root).arg("--no-same-owner").status().unwrap();
    assert!(done.success());
    (dir, StateDir::at(root))
}

#[test]
fn what_was_decided_under_an_earlier_version_holds_and_its_runs_are_numbered_by_age() {
    let (_dir, state) = recorded();
    let (code, out, err) = opsdeck(state.root(), &["line"]);
    assert!(code == Some(0) && out.contains("disk array is replaced"), "{out}{err}");
    let control = Control::open(&state).unwrap();
    assert!(control.breakers(None).unwrap().iter().any(|row| row.body.contains("rack power")));
    let held = control.leases("/srv/shop").unwrap();
    assert_eq!((held.len(), held[0].token), (1, 3), "{held:?}");
    let numbers: Vec<u64> = state.run_ids().unwrap().iter().map(|id| control.numbered(*id).unwrap().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let rows = listed(state.root(), 9);
    let seen: Vec<_> = rows.iter().map(|row| row["number"].as_u64().unwrap()).collect();
    assert_eq!(seen, [5, 4, 3, 2, 1]);
    assert_eq!((&rows[2]["state"], &rows[3]["state"]), (&"failed".into(), &"succeeded".into()));
    let (code, out, err) = opsdeck(state.root(), &["show", "#3"]);
    assert!(code == Some(0) && out.contains("deploy.yml") && out.contains("#3  "), "{out}{err}");
    let (_, out, _) = opsdeck(state.root(), &["show", "#3", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap()["number"], 3, "{out}");
}

#[test]
fn a_program_of_the_earlier_version_can_decide_nothing_that_nobody_would_see() {
    let (_dir, state) = recorded();
    drop(Control::open(&state).unwrap());
    let old = rusqlite::Connection::open(state.legacy()).unwrap();
    let lease = "INSERT INTO leases (run, scope, taken_at) VALUES ('01a22e69-0000-7000-8000-000000000000', '/srv', 1)";
    let why = old.execute(lease, []).unwrap_err().to_string();
    assert!(why.contains("a newer opsdeck"), "{why}");
    assert!(old.execute("DELETE FROM lines", []).is_err(), "nor end anything");
    assert!(old.execute("DELETE FROM leases WHERE token = 4", []).is_ok(), "but give its lease back");
    let fenced: bool = old.query_row("SELECT EXISTS (SELECT 1 FROM leases WHERE token = 3)", [], |r| r.get(0)).unwrap();
    assert!(fenced, "a step of that time still finds its fence");
}

#[test]
fn an_index_of_a_newer_opsdeck_is_left_alone_and_runs_are_read_from_their_folders() {
    let (_dir, state, all) = with_runs(5);
    assert_eq!(ids(&listed(state.root(), 9)), all);
    let newer = rusqlite::Connection::open(state.index()).unwrap();
    newer.execute_batch("PRAGMA user_version = 99; CREATE TABLE of_tomorrow (x)").unwrap();
    let link = std::fs::read_link(state.index()).unwrap();
    let sixth = past(&state, 6);
    assert_eq!(ids(&listed(state.root(), 9)), [&[sixth], all.as_slice()].concat());
    for args in [&["show", "last"] as &[&str], &["logs", "last"], &["audit"], &["line"]] {
        let (code, out, err) = opsdeck(state.root(), args);
        assert!(code == Some(0) || args == ["audit"] && err.contains("nothing was recorded"), "{args:?}: {out}{err}");
    }
    assert_eq!(opsdeck::run::whole_index(&state).unwrap().ids().unwrap().len(), 6, "what decides waits for nobody");
    assert_eq!(std::fs::read_link(state.index()).unwrap(), link);
    newer.query_row("SELECT count(*) FROM of_tomorrow", [], |r| r.get::<_, i64>(0)).unwrap();
}

#[test]
fn what_is_no_file_in_place_of_a_database_hangs_nobody_and_is_named() {
    let (_dir, state, all) = with_runs(3);
    assert_eq!(ids(&listed(state.root(), 9)), all);
    assert_eq!(opsdeck(state.root(), &["line", "stop", "staging", "--reason", "x"]).0, Some(0));
    for path in [state.audit(), state.control(), state.index()] {
        drop(std::fs::remove_file(&path));
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    }
    let args: [&[&str]; 6] = [
        &["audit"],
        &["audit", "verify"],
        &["line"],
        &["silences"],
        &["runs"],
        &["line", "open", "staging", "--reason", "y"],
    ];
    for args in args {
        let mut one = Command::new(env!("CARGO_BIN_EXE_opsdeck"))
            .args(args)
            .env("OPSDECK_STATE", state.root())
            .current_dir(state.root().parent().unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_true(10, &format!("{args:?} to end"), || one.try_wait().unwrap().is_some());
        let out = one.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&out.stderr).into_owned();
        match args[0] {
            "runs" => assert!(out.status.success(), "{err}"),
            _ => assert!(!out.status.success() && err.contains("no regular file"), "{args:?}: {err}"),
        }
    }
    assert_eq!(ids(&listed(state.root(), 9)), all);
}

#[test]
fn a_checkpoint_that_is_missing_is_said_by_the_next_verification() {
    let (_dir, state, _) = with_runs(0);
    assert_eq!(opsdeck(state.root(), &["line", "stop", "staging", "--reason", "x"]).0, Some(0));
    assert_eq!(opsdeck(state.root(), &["audit", "verify"]).0, Some(0));
    std::fs::remove_file(state.root().join("audit.checkpoint")).unwrap();
    let (code, out, err) = opsdeck(state.root(), &["audit", "verify"]);
    assert!(code == Some(1) && err.contains("the checkpoint beside the ledger was missing"), "{out}{err}");
    assert!(state.root().join("audit.checkpoint").exists(), "the row of this verification made a new one");
    assert_eq!(opsdeck(state.root(), &["audit", "verify"]).0, Some(0), "said once");
}

#[test]
fn a_log_with_a_giant_hole_is_printed_at_once() {
    let (_dir, state, all) = with_runs(1);
    let step = state.run(all[0]).step(1);
    std::fs::create_dir_all(step.path()).unwrap();
    std::fs::write(step.stdout(), "first\n").unwrap();
    let file = std::fs::OpenOptions::new().append(true).open(step.stdout()).unwrap();
    file.set_len(100 << 30).unwrap();
    std::io::Write::write_all(&mut &file, b"behind\nlast\n").unwrap();
    let id = all[0].to_string();
    let began = std::time::Instant::now();
    for args in [&["logs", &id] as &[&str], &["logs", "--json", &id], &["logs", "--failed", &id]] {
        let (code, out, err) = opsdeck(state.root(), args);
        assert!(code == Some(0) && (args[1] == "--failed" || out.contains("last")), "{args:?}: {err}");
    }
    let (code, out, err) = opsdeck(state.root(), &["logs", "--raw", &id]);
    assert!(code == Some(0) && out.ends_with("last\n") && err.contains("line 2 holds"), "{err}");
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn a_control_database_from_an_older_backup_is_refused_to_whoever_acts_and_said_to_whoever_looks() {
    let (_dir, state, all) = with_runs(2);
    let line = |what: &str, n: &str| opsdeck(state.root(), &["line", what, "staging", "--reason", n]);
    assert_eq!(line("stop", "first").0, Some(0));
    let kept = std::fs::read(state.control()).unwrap();
    assert!(!state.root().join("control.db-wal").exists(), "all of it lies in the file");
    let token = lease(&state, all[0]);
    assert_eq!((line("open", "over").0, line("stop", "disk array").0), (Some(0), Some(0)));
    std::fs::write(state.control(), &kept).unwrap();
    let (code, out, err) = opsdeck(state.root(), &["line"]);
    assert!(code == Some(0) && err.contains("older backup") && out.contains("first"), "{out}{err}");
    let acts: [&[&str]; 3] = [
        &["line", "open", "staging", "--reason", "x"],
        &["silence", "web1", "-E", "staging", "--for", "1h", "--reason", "x"],
        &["recovery", "off", "staging", "--reason", "x"],
    ];
    for args in acts {
        let (code, out, err) = opsdeck(state.root(), args);
        assert!(code != Some(0) && err.contains("--new-control"), "{args:?}: {out}{err}");
    }
    assert_eq!(ids(&listed(state.root(), 9)), all);
    let (code, out, err) = opsdeck(state.root(), &["claim", "--new-control", "--reason", "an old one was put back"]);
    assert!(code == Some(0) && out.contains("made anew"), "{out}{err}");
    assert_eq!((line("stop", "again").0, opsdeck(state.root(), &["line"]).2.contains("backup")), (Some(0), false));
    assert!(lease(&state, all[1]) > token);
}

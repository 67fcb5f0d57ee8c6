//! Journals that somebody else had a hand in: what is shown of their runs, who can still steer and end them, and that nothing
//! is believed or begun because of what stands there.

use crate::support::wait::{wait_true, wait_until};
use crate::support::world::{World, text};
use opsdeck::state::{Answer, Lock};
use serde_json::Value;
use std::fs;
use std::io::Write;

const OK: &str = "[{hosts: all, gather_facts: false, tasks: [{name: say, command: echo hello}]}]";

fn add(world: &World, id: &str, line: &str) {
    let mut journal = fs::OpenOptions::new().append(true).open(world.run(id).journal()).unwrap();
    writeln!(journal, "{line}").unwrap();
}

/// The next number in a journal, and the end of a run that went well.
fn forged_end(world: &World, id: &str) -> String {
    let seq = world.state(id).seq + 1;
    format!(r#"{{"seq":{seq},"ts":1,"e":"ended","state":"succeeded","why":"all is well"}}"#)
}

/// Makes a line in the middle unreadable; nothing moves.
fn overwrite_the_second_line(world: &World, id: &str) {
    use std::os::unix::fs::FileExt;
    let bytes = fs::read(world.run(id).journal()).unwrap();
    let second = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
    let file = fs::OpenOptions::new().write(true).open(world.run(id).journal()).unwrap();
    file.write_all_at(b"XXXX", second as u64).unwrap();
}

/// The run's state as `runs` and as `show` say it, which is the same.
#[track_caller]
fn said(world: &World, id: &str) -> (String, String) {
    let rows: Value = serde_json::from_slice(&world.opsdeck(&["runs", "--json"]).stdout).unwrap();
    let row = rows.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone();
    let shown = world.show(id);
    for key in ["state", "why", "ended_at"] {
        assert_eq!(row[key], shown[key], "{key}: {row} {shown}");
    }
    let word = |key: &str| shown[key].as_str().unwrap_or_default().to_owned();
    (word("state"), word("why"))
}

#[track_caller]
fn refused(world: &World, args: &[&str], words: &str) {
    let output = world.opsdeck(args);
    let err = text(&output.stderr);
    assert!(output.status.code() == Some(64) && err.contains(words), "{args:?}: {:?}: {err}", output.status);
}

/// Nobody can go on with it; a person ends it, and its hosts are free again.
fn is_ended_by_a_person(world: &World, id: &str) {
    world.write("ok.yml", OK);
    refused(world, &["play", "ok.yml", "-i", "hosts.ini"], id);
    refused(world, &["stop", id], "--now` kills it");
    assert!(!world.processes(id).is_empty(), "nothing was done");
    let output = world.opsdeck(&["stop", id, "--now"]);
    assert!(output.status.success() && text(&output.stdout).starts_with("unknown"), "{output:?}");
    wait_true(20, "its processes to be gone", || world.processes(id).is_empty());
    assert_eq!(said(world, id).0, "unknown");
    let ends = world.ledger(id).into_iter().filter(|(action, ..)| action == "run.end").collect::<Vec<_>>();
    assert_eq!(ends, [("run.end".into(), "outcome".into(), "unknown".into())]);
    assert!(world.ledger(id).iter().any(|(action, ..)| action == "lease.free"));
    refused(world, &["stop", id], "the run has ended: unknown");
    let next = world.launch(&["play", "ok.yml", "-i", "hosts.ini"]);
    assert_eq!(world.ended(&next).state.name(), "succeeded");
}

#[test]
fn a_line_that_is_no_event_takes_nothing_away_from_a_live_run() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    add(&world, &id, "no event at all");
    wait_true(20, "its supervisor to put it aside", || world.run(&id).foreign().exists());
    assert_eq!(said(&world, &id).0, "running");
    // Put in the middle it stays, and is told.
    let journal = fs::read_to_string(world.run(&id).journal()).unwrap();
    fs::write(world.run(&id).journal(), journal.replacen('\n', "\nno event at all\n", 1)).unwrap();
    assert_eq!(said(&world, &id).0, "running");
    let err = text(&world.opsdeck(&["show", &id]).stderr);
    assert!(err.contains("line 2: 1 line that is no event, left out; no event is missing"), "{err}");
    world.go();
    assert_eq!(world.ended(&id).state.name(), "succeeded");
    wait_true(20, "its supervisor to leave", || Lock::is_held(&world.run(&id).lock()) == Answer::No);
    assert_eq!(said(&world, &id).0, "succeeded");
    let verified = world.opsdeck(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", text(&verified.stdout));
}

#[test]
fn a_live_run_whose_journal_is_damaged_is_unknown_and_stopped_by_its_supervisor() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    overwrite_the_second_line(&world, &id);
    let (state, why) = said(&world, &id);
    assert!(state == "unknown" && why.contains("journal.jsonl, line 2"), "{state}: {why}");
    assert_eq!(world.show(&id)["ended_at"], Value::Null, "its supervisor has it in hand");
    let live = text(&world.opsdeck(&["runs", "--live", "--json"]).stdout);
    assert!(live.contains(&id), "{live}");
    assert!(text(&world.opsdeck(&["logs", &id]).stdout).contains("first"));
    let output = world.opsdeck(&["stop", &id, "--now"]);
    assert!(output.status.success() && text(&output.stdout).starts_with("unknown"), "{output:?}");
    wait_true(20, "its processes to be gone", || world.processes(&id).is_empty());
    wait_true(20, "its supervisor to be gone", || world.supervisor(&id).is_none());
}

#[test]
fn a_run_whose_journal_is_damaged_and_whose_supervisor_is_dead_is_ended_by_a_person() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    overwrite_the_second_line(&world, &id);
    world.bereave(&id);
    let (state, why) = said(&world, &id);
    assert!(state == "unknown" && why.contains("line 2"), "{state}: {why}");
    is_ended_by_a_person(&world, &id);
}

#[test]
fn an_end_that_somebody_else_wrote_is_none() {
    let world = World::new();
    let id = world.launch_to_gate(&[]);
    add(&world, &id, &forged_end(&world, &id));
    let (state, why) = said(&world, &id);
    assert!(state == "running" || why.contains("its supervisor that it is running"), "{state}: {why}");
    world.write("ok.yml", OK);
    refused(&world, &["play", "ok.yml", "-i", "hosts.ini"], &id);
    wait_true(20, "its supervisor to put it aside", || world.run(&id).foreign().exists());
    assert_eq!(said(&world, &id).0, "running");
    // Nor where nobody is there to say so.
    world.bereave(&id);
    add(&world, &id, &forged_end(&world, &id));
    let (state, why) = said(&world, &id);
    assert!(state == "unknown" && why.contains("which is not believed: its step 1 is at work"), "{state}: {why}");
    // Nor where a new list is made of what the folders say.
    fs::remove_file(world.store.index()).unwrap();
    let (state, why) = said(&world, &id);
    assert!(state == "unknown", "{state}: {why}");
    let row = world.ledger(&id).into_iter().find(|(action, ..)| action == "run.end");
    assert_eq!(row.map(|(.., status)| status), Some("unknown".into()));
    is_ended_by_a_person(&world, &id);
}

#[test]
fn a_journal_that_lost_its_end_is_not_lived_through_again() {
    let world = World::new();
    world.write("ok.yml", OK);
    let id = world.launch(&["play", "ok.yml", "-i", "hosts.ini"]);
    assert_eq!(world.ended(&id).state.name(), "succeeded");
    wait_true(20, "its supervisor to leave", || Lock::is_held(&world.run(&id).lock()) == Answer::No);
    assert_eq!(said(&world, &id).0, "succeeded");
    let journal = fs::read_to_string(world.run(&id).journal()).unwrap();
    let cut = journal.trim_end().rfind('\n').unwrap() + 1;
    fs::write(world.run(&id).journal(), &journal[..cut]).unwrap();
    let (state, why) = said(&world, &id);
    assert!(state == "unknown" && why.contains("of the ledger holds its end"), "{state}: {why}");
    assert_eq!(fs::read_to_string(world.run(&id).journal()).unwrap(), journal[..cut], "nobody went on with it");
    // Of one that has not ended, the step that was begun tells.
    let live = world.launch_to_gate(&[]);
    world.bereave(&live);
    let journal = fs::read_to_string(world.run(&live).journal()).unwrap();
    let lines: Vec<&str> = journal.lines().take_while(|line| !line.contains("step_intent")).collect();
    fs::write(world.run(&live).journal(), lines.join("\n") + "\n").unwrap();
    let (state, why) = said(&world, &live);
    assert!(state == "unknown" && why.contains("does not tell of step 1"), "{state}: {why}");
    is_ended_by_a_person(&world, &live);
}

#[test]
fn a_backup_that_is_put_back_over_a_live_run_is_noticed_and_nothing_more_is_begun() {
    for other_file in [false, true] {
        let world = World::new();
        let id = world.launch_to_gate(&[]);
        let journal = fs::read_to_string(world.run(&id).journal()).unwrap();
        let old = &journal[..journal[..journal.len() / 2].rfind('\n').unwrap() + 1];
        match other_file {
            true => opsdeck::state::file::write_whole(&world.run(&id).journal(), old.as_bytes()).unwrap(),
            false => fs::write(world.run(&id).journal(), old).unwrap(),
        }
        is_astray(&world, &id, "is not what its supervisor wrote");
        assert_eq!(fs::read_to_string(world.run(&id).journal()).unwrap(), old, "one history");
        is_ended_by_a_person(&world, &id);
    }
}

#[test]
fn databases_that_are_put_back_from_a_backup_under_a_live_run_are_noticed() {
    let world = World::new();
    world.write("ok.yml", OK);
    let first = world.launch(&["play", "ok.yml", "-i", "hosts.ini"]);
    world.ended(&first);
    wait_true(20, "its supervisor to leave", || Lock::is_held(&world.run(&first).lock()) == Answer::No);
    let names = ["audit.db", "audit.db-wal", "audit.db-shm", "control.db", "control.db-wal", "control.db-shm"];
    let kept = tempfile::tempdir().unwrap();
    for name in names {
        drop(fs::copy(world.store.root().join(name), kept.path().join(name)));
    }
    let id = world.launch_to_gate(&[]);
    for name in names {
        drop(fs::remove_file(world.store.root().join(name)));
    }
    for name in names.iter().filter(|name| kept.path().join(name).exists()) {
        let aside = world.store.root().join("backup");
        fs::copy(kept.path().join(name), &aside).unwrap();
        fs::rename(&aside, world.store.root().join(name)).unwrap();
    }
    is_astray(&world, &id, "");
    assert!(!world.processes(&id).is_empty(), "what runs goes on");
    let output = world.opsdeck(&["stop", &id, "--now"]);
    assert!(output.status.success(), "{output:?}");
    wait_true(20, "its processes to be gone", || world.processes(&id).is_empty());
}

/// Its supervisor left, and says so wherever somebody looks.
fn is_astray(world: &World, id: &str, words: &str) {
    wait_until(30, "its supervisor to leave", || world.supervisor(id).is_none().then_some(()));
    for log in [world.run(id).supervisor_log(), world.store.log()] {
        let log = fs::read_to_string(log).unwrap();
        assert!(log.contains(words) && log.contains("begins nothing more"), "{log}");
    }
    let (state, why) = said(world, id);
    assert!(state == "unknown" && why.contains(words) && why.contains("begins nothing more"), "{state}: {why}");
    assert!(world.supervisor(id).is_none(), "nobody goes on with it");
}

#[test]
fn what_waits_to_begin_is_what_was_launched_or_does_not_begin() {
    for dead in [false, true] {
        let world = World::new();
        let holder = world.launch_to_gate(&[]);
        world.write("mark.yml", "[{hosts: all, gather_facts: false, tasks: [{name: mark, shell: touch ran}]}]");
        world.write("forged.yml", "[{hosts: all, gather_facts: false, tasks: [{name: mark, shell: touch forged}]}]");
        let id = world.launch(&["play", "mark.yml", "-i", "hosts.ini", "--on-conflict", "wait"]);
        wait_true(20, "it to be queued", || world.state(&id).state.name() == "queued");
        if dead {
            world.bereave(&id);
        }
        let path = if dead { world.run(&id).spec() } else { world.run(&id).step(1).command() };
        let launched = fs::read_to_string(&path).unwrap();
        assert!(launched.contains("mark.yml"), "{launched}");
        fs::write(&path, launched.replace("mark.yml", "forged.yml")).unwrap();
        world.go();
        assert_eq!(world.ended(&holder).state.name(), "succeeded");
        let words = "is not what was launched";
        if dead {
            let err = text_of(&world, &id);
            assert!(err.contains(words), "{err}");
            let output = world.opsdeck(&["stop", &id, "--now"]);
            assert!(output.status.success() && text(&output.stdout).starts_with("unknown"), "{output:?}");
        } else {
            let state = world.ended(&id);
            assert!(state.state.name() == "failed" && state.why.as_ref().is_some_and(|why| why.contains(words)));
        }
        assert!(!world.has("forged") && !world.has("ran"));
    }
}

/// What `show` says beside the run.
fn text_of(world: &World, id: &str) -> String {
    let output = world.opsdeck(&["show", id]);
    text(&output.stdout) + &text(&output.stderr)
}

//! Every file of a recorded run and of the state directory, damaged in every way: whoever looks at it ends soon, does not
//! panic, tells one story, and starts nothing. `OPSDECK_MUTATIONS` asks for more of them, `OPSDECK_SEED` for the same again.

mod damage;
mod state;

use crate::support::wait;
use crate::support::world::World;
use damage::{Chance, Files, mutate, record, restore, seen};
use opsdeck::run::log::LogStore;
use opsdeck::run::{Follower, list, result};
use opsdeck::state::{RunDir, RunRow};
use serde_json::Value;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Mutations in the suite.
const MANY: u64 = 300;
/// Each so many is shown to the program itself, too.
const SAMPLE: u64 = 30;
/// As many of those are of a file beside the runs.
const BESIDE: u64 = 20;
/// A hang is meant, not a machine with much to do.
const LIMIT: Duration = Duration::from_secs(10);

/// What a reader makes of it: the row of the list, or why there is none.
type Told = Result<RunRow, String>;

/// As the program reads it, on a thread of its own: one that hangs is left behind.
fn look(dir: &RunDir) -> (Told, Told) {
    let (say, hear) = mpsc::channel();
    let dir = dir.clone();
    let what = dir.path().display().to_string();
    std::thread::spawn(move || {
        let told = |run: std::io::Result<Follower>| {
            let run = run.map_err(|e| e.to_string())?;
            assert_eq!(run.is_lost(), run.damage.is_some() && run.state.state == opsdeck::run::State::Unknown);
            for task in &run.state.tasks {
                for host in 0..run.state.hosts.len() {
                    let _ = result(&dir, task.cell(host));
                }
            }
            let mut log = LogStore::open(&dir);
            // A terabyte of zeros is one line: nobody waits for its end, and each look at it is short.
            for _ in 0..8 {
                let _ = log.refresh(&run.state.output, 1 << 20);
            }
            Ok(list::row(&run.spec, &run.state))
        };
        let both = (told(Follower::open(&dir)), told(Follower::open_exact(&dir)));
        say.send(both).unwrap();
    });
    hear.recv_timeout(LIMIT).unwrap_or_else(|e| panic!("{what}: no answer, or a panic: {e}"))
}

/// A process that does not outlive the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the program itself prints, or that it refuses.
fn ask(world: &World, args: &[&str]) -> Option<Value> {
    let (out, _) = told(world, args);
    out.map(|out| serde_json::from_str(&out).unwrap_or_else(|e| panic!("{args:?}: {e}: {out}")))
}

/// What it prints, or nothing where it refuses, and what it says beside.
fn told(world: &World, args: &[&str]) -> (Option<String>, String) {
    let child = world.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut child = Ended(child);
    let status = wait::wait_until(LIMIT.as_secs(), &format!("{args:?} to end"), || child.0.try_wait().unwrap());
    let (mut out, mut err) = (String::new(), String::new());
    child.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(status.code().is_some_and(|code| code < 100) && !err.contains("panicked"), "{args:?}: {status}: {err}");
    (status.success().then_some(out), err)
}

#[test]
fn a_damaged_run_is_told_in_one_way_and_nothing_is_started() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = number("OPSDECK_SEED").unwrap_or(clock).max(1);
    let many = number("OPSDECK_MUTATIONS").unwrap_or(MANY);
    println!("seed {seed}: OPSDECK_SEED={seed} OPSDECK_MUTATIONS={many} repeats this");
    let mut chance = Chance(seed);
    let world = World::new();
    let ids = [("true", "succeeded"), ("false", "failed")].map(|(command, _)| {
        let id = world.launch(&["adhoc", "all", "-i", "hosts.ini", "-m", "command", "-a", command]);
        world.ended(&id);
        wait::wait_true(20, "its supervisor to be gone", || world.supervisor(&id).is_none());
        id
    });
    let dirs = [world.run(&ids[0]), world.run(&ids[1])];
    let good: Vec<Files> = dirs
        .iter()
        .map(|dir| {
            let mut files = Files::new();
            record(dir.path(), dir.path(), &mut files);
            assert!(files.contains_key(Path::new("snapshot.bin")) && files.contains_key(Path::new("steps/1/exit")));
            files
        })
        .collect();
    let truth: Vec<RunRow> = dirs.iter().map(|dir| look(dir).0.unwrap()).collect();
    assert_eq!(truth.iter().map(|row| row.state.as_str()).collect::<Vec<_>>(), ["succeeded", "failed"]);
    let mut slowest = Duration::ZERO;
    for n in 0..many {
        let of = n as usize % 2;
        let (dir, id) = (&dirs[of], &ids[of]);
        let (name, what) = mutate(dir.path(), &good[of], &good[1 - of], &mut chance);
        let place =
            format!("seed {seed}, mutation {n}, {} of the run that {}: {what}", name.display(), truth[of].state);
        let before = seen(dir.path());
        let begun = Instant::now();
        let (told, exact) = look(dir);
        slowest = slowest.max(begun.elapsed());
        assert_eq!(told, exact, "{place}: what is shown, and what decisions go by");
        let journal = name == Path::new("journal.jsonl") || name == Path::new("spec.yaml");
        match &told {
            Ok(row) if !journal => assert_eq!(row, &truth[of], "{place}"),
            Ok(row) if row.state == "unknown" => {
                assert!(row.why.as_ref().is_some_and(|why| !why.is_empty()), "{place}")
            }
            Err(why) => assert!(name == Path::new("spec.yaml") && why.contains("spec.yaml"), "{place}: {why}"),
            Ok(_) => {}
        }
        // One that is still at work by its journal, and whose supervisor is gone, gets one: that is no damage.
        let lives = told.as_ref().is_ok_and(|row| row.ended_at.is_none());
        if n % SAMPLE == 0 && !lives {
            shows(&world, id, &told, &place);
        }
        assert_eq!(seen(dir.path()), before, "{place}: nothing was written");
        assert!(world.processes(id).is_empty(), "{place}: nothing was started");
        restore(dir.path(), &good[of]);
    }
    println!("{many} mutations; the slowest was read in {} ms", slowest.as_millis());
    let ended = ids.each_ref().map(String::as_str);
    state::damaged(&world, ended, (many / BESIDE).max(1), (seed, &mut chance));
}

/// The program's list, which heals by itself, and its view of the run tell the same.
fn shows(world: &World, id: &str, told: &Told, place: &str) {
    let listed = ask(world, &["runs", "--json"]).expect("the list");
    let listed = listed.as_array().unwrap().iter().find(|row| row["id"] == id);
    let shown = ask(world, &["show", id, "--json"]);
    match told {
        Err(_) => assert!(shown.is_none(), "{place}: {shown:?}"),
        Ok(row) => {
            let (listed, shown) = (listed.expect(place), shown.expect(place));
            for key in ["state", "why", "rc", "started_at", "ended_at"] {
                assert_eq!(listed[key], shown[key], "{place}: {key}");
            }
            assert_eq!(shown["state"], row.state.as_str(), "{place}");
        }
    }
}

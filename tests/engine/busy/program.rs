//! Launches, lists, stops, lines and releases with the real binary and the real Ansible, while the databases are held for
//! random times below and above anybody's patience. Nothing is lost, doubled, or begun without its lease and its rows.

use crate::support::chance::Chance;
use crate::support::wait::{wait_true, wait_until};
use crate::support::web::{DEPLOY, WEB};
use crate::support::world::{World, text};
use opsdeck::audit::{Filter, Ledger, Row};
use opsdeck::run::State;
use opsdeck::state::Control;
use rusqlite::Connection;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Seconds in the suite.
const SECONDS: u64 = 4;
/// Versions begin so, and no other word does.
const RELEASE: &str = "9.";
/// Beyond what a busy machine takes to do it: it hangs.
const HANG: Duration = Duration::from_secs(120);

const MARK: &str = "[{hosts: all, gather_facts: false, tasks: [{name: mark, shell: 'echo {{ word }} >> ran-{{ inventory_hostname }}'}]}]";
/// So long something is held: the time is the thing itself.
pub fn pass(time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Everything that goes on at once.
struct Game {
    world: World,
    over: AtomicBool,
    count: AtomicU64,
    /// What was launched and said so: id, and the word that it writes on each host.
    launched: Mutex<Vec<(String, String)>>,
    refused: Mutex<BTreeMap<String, u64>>,
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

pub fn go() {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    let (seed, seconds) = (number("OPSDECK_SEED").unwrap_or(clock), number("OPSDECK_BUSY").unwrap_or(SECONDS));
    println!("seed {seed}: OPSDECK_SEED={seed} OPSDECK_BUSY={seconds} repeats this");
    let world = World::new();
    world.write("mark.yml", MARK);
    world.write("deploy.yml", DEPLOY);
    world.write("opsdeck.yaml", &format!("environments: {{lab: {{inventory: hosts.ini}}}}\nreleases:{WEB}"));
    let game = Game {
        world,
        over: AtomicBool::new(false),
        count: AtomicU64::new(0),
        launched: Mutex::default(),
        refused: Mutex::default(),
    };
    drop(Control::open(&game.world.store).unwrap());
    assert!(game.world.opsdeck(&["runs"]).status.success());
    std::thread::scope(|scope| {
        let ends = Instant::now() + Duration::from_secs(seconds);
        for (n, path) in (1..).zip([game.world.store.control(), game.world.store.index()]) {
            let game = &game;
            scope.spawn(move || game.hold(&path, &mut Chance::new(seed ^ n)));
        }
        let people: Vec<_> = (1..=3)
            .map(|n| {
                let game = &game;
                scope.spawn(move || {
                    let mut chance = Chance::new(seed ^ (n << 32));
                    // Each of them at least once, whatever the time.
                    for turn in (n..n + 2).chain(std::iter::repeat_with(|| chance.below(9))) {
                        game.act(turn, n);
                        if Instant::now() >= ends && !game.launched.lock().unwrap().is_empty() {
                            break;
                        }
                    }
                })
            })
            .collect();
        let ended: Vec<_> = people.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        game.over.store(true, Ordering::SeqCst);
        ended.into_iter().for_each(|one| one.unwrap());
    });
    game.holds();
    let refused = game.refused.lock().unwrap();
    println!("{} launched; refused: {refused:?}", game.launched.lock().unwrap().len());
}

impl Game {
    /// Holds the right to write, below and above five seconds.
    fn hold(&self, path: &Path, chance: &mut Chance) {
        while !self.over.load(Ordering::SeqCst) {
            // The index may be replaced: each time the one that is there.
            let other = Connection::open(path).unwrap();
            other.busy_timeout(Duration::from_secs(1)).unwrap();
            let long = if chance.below(4) == 0 { 5_200 + chance.below(1_500) } else { chance.below(1_200) };
            if other.execute_batch("BEGIN IMMEDIATE").is_ok() {
                pass(Duration::from_millis(long));
                other.execute_batch("COMMIT").unwrap();
            }
            drop(other);
            pass(Duration::from_millis(chance.below(150)));
        }
    }

    fn act(&self, turn: u64, person: u64) {
        let n = self.count.fetch_add(1, Ordering::SeqCst);
        let word = format!("{person}.{n}");
        let given = format!("word={word}");
        match turn {
            0..=2 => {
                self.launch(&word, &["play", "mark.yml", "-i", "hosts.ini", "-e", &given, "--on-conflict", "wait"])
            }
            3 => {
                let version = format!("{RELEASE}{n}");
                let more = ["--current", "0", "--yes"];
                self.launch(&version, &[&["release", "web", "-E", "lab", "--version", &version], &more[..]].concat());
            }
            4 => drop(self.ask(&["line", "stop", "lab", "--reason", "busy"])),
            5 => drop(self.ask(&["line", "open", "lab", "--reason", "busy"])),
            6 => {
                let all = self.launched.lock().unwrap().clone();
                // A release that is stopped waits for a person.
                let one = all.into_iter().rfind(|(_, word)| !word.starts_with(RELEASE));
                if let Some((id, _)) = one {
                    self.ask(&["stop", &id]);
                }
            }
            7 => drop(self.ask(&["silence", "w1", "-E", "lab", "--for", "1h", "--reason", "busy"])),
            _ => {
                let listed = self.ask(&["runs", "--json"]);
                assert!(listed.status.success(), "lists are read: {}", text(&listed.stderr));
            }
        }
    }

    fn launch(&self, word: &str, args: &[&str]) {
        let output = self.ask(args);
        let out = text(&output.stdout);
        if output.status.success() {
            let id = out.split_whitespace().next().unwrap_or_else(|| panic!("{args:?}: {out}")).to_owned();
            assert!(uuid::Uuid::parse_str(&id).is_ok(), "{args:?}: {out}");
            self.launched.lock().unwrap().push((id, word.to_owned()));
        }
    }

    /// Every refusal has words, nothing panics, nothing hangs.
    fn ask(&self, args: &[&str]) -> Output {
        let begun = Instant::now();
        let output = self.world.opsdeck(args);
        let err = text(&output.stderr);
        assert!(begun.elapsed() < HANG, "{args:?} took {:?}", begun.elapsed());
        assert!(output.status.code().is_some_and(|code| code < 100) && !err.contains("panicked"), "{args:?}: {err}");
        if !output.status.success() {
            assert!(err.len() > 20, "{args:?}: refused without words: {err:?}");
            *self.refused.lock().unwrap().entry(args[0].to_owned()).or_default() += 1;
        }
        output
    }

    /// What must be true when nobody holds anything any more.
    fn holds(&self) {
        let world = &self.world;
        wait_true(20, "the line to be opened", || {
            let _ = world.opsdeck(&["line", "open", "lab", "--reason", "over"]);
            Control::open(&world.store).unwrap().stopped_lines().unwrap().is_empty()
        });
        let launched = self.launched.lock().unwrap().clone();
        let listed: Vec<Value> = wait_until(90, "every run to end", || {
            let output = world.opsdeck(&["runs", "--json", "-n", "1000"]);
            let rows: Vec<Value> = serde_json::from_slice(&output.stdout).ok()?;
            // One that met a stopped line waits for a person.
            for paused in rows.iter().filter(|row| row["state"] == "paused") {
                let _ = world.opsdeck(&["resume", paused["id"].as_str().unwrap()]);
            }
            rows.iter().all(|row| !row["ended_at"].is_null()).then_some(rows)
        });
        let ids: BTreeSet<String> = listed.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        let said: BTreeSet<String> = launched.iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(
            (ids.len(), &ids),
            (listed.len(), &said),
            "what was launched is listed once, what was refused is not"
        );
        let numbers: BTreeSet<u64> = listed.iter().map(|row| row["number"].as_u64().unwrap()).collect();
        assert_eq!(numbers.len(), listed.len(), "each has a number of its own");
        wait_true(60, "every supervisor to leave", || launched.iter().all(|(id, _)| world.supervisor(id).is_none()));
        let ledger = Ledger::open(&world.store.audit()).unwrap();
        let rows = ledger.query(&Filter::default(), usize::MAX).unwrap().rows;
        let mut wrote: BTreeMap<String, [usize; 2]> = BTreeMap::new();
        for (n, host) in ["w1", "w2"].iter().enumerate() {
            let path = world.project().join(format!("ran-{host}"));
            for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
                wrote.entry(line.to_owned()).or_default()[n] += 1;
            }
        }
        for (id, word) in &launched {
            self.is_whole(id, wrote.remove(word).unwrap_or_default(), &rows);
        }
        assert!(wrote.is_empty(), "done by nobody who was launched: {wrote:?}");
        let held = Connection::open(world.store.control()).unwrap();
        wait_true(20, "no lease to be left", || {
            let _ = world.opsdeck(&["runs"]);
            held.query_row("SELECT NOT EXISTS (SELECT 1 FROM leases)", [], |r| r.get(0)).unwrap()
        });
        let verified = world.opsdeck(&["audit", "verify"]);
        assert!(verified.status.success(), "{}{}", text(&verified.stdout), text(&verified.stderr));
    }

    /// Done once on each host or, where it was stopped, at most once; under a lease that has its row; ended with a row.
    fn is_whole(&self, id: &str, wrote: [usize; 2], rows: &[Row]) {
        let state = self.world.ended(id);
        let told = || format!("run {id}: {wrote:?}, {:?}, {:?}", state.state_name(), state.why);
        match state.state {
            State::Succeeded => assert_eq!(wrote, [1, 1], "{}", told()),
            State::Cancelled | State::Failed if state.stop.is_some() || state.last_step() == 0 => {
                assert!(wrote.iter().all(|n| *n <= 1), "{}", told());
            }
            _ => panic!("{}", told()),
        }
        let of = |action: &str| -> Vec<&Row> {
            let mine = rows.iter().filter(|row| row.entry.run_id.is_some_and(|run| run.to_string() == id));
            mine.filter(|row| row.entry.action == action).collect()
        };
        assert_eq!(of("run.launch").len(), 2, "intent and outcome, {}", told());
        assert_eq!(of("run.end").len(), 1, "{}", told());
        if state.last_step() > 0 {
            let token = state.lease.unwrap_or_else(|| panic!("begun without a lease, {}", told()));
            assert!(
                of("lease.take").iter().any(|row| row.entry.token == Some(token)),
                "begun without its row, {}",
                told()
            );
        }
        let taken = of("lease.take").len();
        assert!(of("lease.free").len() <= taken, "{}", told());
    }
}

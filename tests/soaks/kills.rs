//! Processes of every kind of run, killed at random moments: each run comes to an end that everybody tells alike, no host is
//! worked on twice, no intent stays without its outcome, and nothing is left. `tests/soak kills` runs it; `OPSDECK_KILLS` says
//! how many in one state directory, `OPSDECK_SEED` for the same again.

use crate::support::chance::{Chance, number, seed};
use crate::support::wait::{wait_true, wait_until};
use crate::support::world::{World, hosts, text};
use opsdeck::run::State;
use opsdeck::state::{Answer, Identity, Lock};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::HashSet;
use std::process::Stdio;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Each host writes down that it was worked on.
const PLAY: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - {name: first, shell: 'echo {{ n }} >> did-{{ inventory_hostname }}'}
    - {name: second, shell: sleep 0.2}
";
/// The way back writes nothing down.
const BACK: &str = "[{hosts: all, gather_facts: false, tasks: [{name: back, command: 'true'}]}]";
const PROJECT: &str = "
environments: {lab: {inventory: hosts.ini}}
releases:
  web:
    hosts: all
    bake: 0s
    strategy: {rolling: {batches: [1, 1], soak: 0s}}
    vars: {n: '{{ release_version }}'}
    stages: [{deploy: [{playbook: play.yml}]}]
    rollback: [{playbook: back.yml}]
";

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Victim {
    Launcher,
    Supervisor,
    Guard,
    /// The two that would start it again.
    Both,
    Runner,
    /// Something that the step runner started.
    Child,
    Everything,
}

const VICTIMS: [Victim; 7] = [
    Victim::Launcher,
    Victim::Supervisor,
    Victim::Guard,
    Victim::Both,
    Victim::Runner,
    Victim::Child,
    Victim::Everything,
];

/// In place of a host's name: `sh` fills nothing in.
const BOTH: &str = "both";

const KINDS: [&str; 5] = ["adhoc", "sh", "play", "queued", "release"];

fn runs(world: &World) -> HashSet<Uuid> {
    world.store.run_ids().unwrap().into_iter().collect()
}

/// How a run is launched; each writes `n` down once for each host.
fn arguments(kind: &str, n: &str) -> Vec<String> {
    let write = format!("echo {n} >> did-{}; sleep 0.2", if kind == "sh" { BOTH } else { "{{ inventory_hostname }}" });
    let words: Vec<String> = match kind {
        "adhoc" => ["adhoc", "all", "-i", "hosts.ini", "-m", "shell", "-a", &write].map(str::to_owned).into(),
        "sh" => ["sh", "all", "-i", "hosts.ini", "--", &write].map(str::to_owned).into(),
        "release" => ["release", "web", "-E", "lab", "--version", n, "--yes"].map(str::to_owned).into(),
        _ => {
            let vars = format!("n={n}");
            let play = ["play", "play.yml", "-i", "hosts.ini", "-e", &vars, "--on-conflict", "wait"];
            play.map(str::to_owned).into()
        }
    };
    words
}

/// Waits for the moment that was drawn.
fn pass(moment: Duration) {
    let at = Instant::now() + moment;
    wait_true(60, "the moment", || Instant::now() >= at);
}

fn signal(chance: &mut Chance, process: Option<Identity>) {
    // Most are killed; some are asked to end, as by whoever shuts a machine down.
    let signal = if chance.one_in(4) { Signal::TERM } else { Signal::KILL };
    if let Some(process) = process {
        process.signal(signal);
    }
}

fn kill(world: &World, chance: &mut Chance, id: &str, victim: Victim) {
    match victim {
        Victim::Launcher => {}
        Victim::Supervisor => signal(chance, world.supervisor(id)),
        Victim::Guard => signal(chance, world.guard(id)),
        Victim::Runner => signal(chance, world.runner(id)),
        Victim::Both => {
            for process in [world.guard(id), world.supervisor(id)].into_iter().flatten() {
                process.signal(Signal::KILL);
            }
        }
        Victim::Child => {
            let all = world.processes(id);
            let pid = all.get(chance.below(all.len() as u64) as usize);
            signal(chance, pid.and_then(|pid| Identity::of(*pid)));
        }
        Victim::Everything => {
            let own = [world.guard(id), world.supervisor(id), world.runner(id)];
            let children = world.processes(id).into_iter().filter_map(Identity::of);
            for process in own.into_iter().flatten().chain(children) {
                process.signal(Signal::KILL);
            }
        }
    }
}

/// Lines that the hosts wrote for a run.
fn worked(world: &World, n: &str) -> Vec<usize> {
    let count = |host: &&str| {
        let said = std::fs::read_to_string(world.project().join(format!("did-{host}"))).unwrap_or_default();
        said.lines().filter(|line| *line == n).count()
    };
    let both = count(&BOTH);
    vec![count(&"w1") + both.div_ceil(2), count(&"w2") + both / 2]
}

/// Waits for the end; a release that needs a person gets one.
fn ended(world: &World, id: &str) -> State {
    wait_until(90, &format!("run {id} to end: {}", text(&world.opsdeck(&["show", id]).stdout)), || {
        let state = world.state(id);
        if state.phase.as_deref() == Some("needs_operator") {
            world.opsdeck(&["rollback", id, "--reason", "killed"]);
        }
        Some(state.state).filter(|state| state.is_terminal())
    })
}

fn one(world: &World, chance: &mut Chance, n: usize) {
    let (kind, n) = (KINDS[chance.below(5) as usize], format!("1.0.{n}"));
    let victim = VICTIMS[chance.below(7) as usize];
    let holder = (kind == "queued").then(|| {
        let mark = format!("{n}-holder");
        let args = arguments("play", &mark);
        world.launch(&args.iter().map(String::as_str).collect::<Vec<_>>())
    });
    let before = runs(world);
    let args = arguments(kind, &n);
    // Its own options first: those of `sh` end in a command.
    let mut launcher = world
        .command(&[])
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let span = if victim == Victim::Launcher { 150 } else { 2_500 };
    let moment = Duration::from_millis(chance.below(span));
    println!("{n}: {kind}, {victim:?} after {moment:?}");
    if victim == Victim::Launcher {
        pass(moment);
        let _ = launcher.kill();
        launcher.wait().unwrap();
    } else {
        let output = launcher.wait_with_output().unwrap();
        assert!(output.status.success(), "{n}: {kind} is not launched: {}", text(&output.stderr));
    }
    // A launcher that was killed before it had written down what it launches promised nothing.
    let is_whole = |id: &&Uuid| world.store.run(**id).spec().exists();
    let new: Vec<String> = runs(world).difference(&before).filter(is_whole).map(Uuid::to_string).collect();
    assert!(new.len() <= 1, "{new:?}");
    for id in &new {
        if victim != Victim::Launcher {
            pass(moment);
            kill(world, chance, id, victim);
        }
        // Where nobody is left who would go on with it the next look does.
        if matches!(victim, Victim::Launcher | Victim::Both | Victim::Everything | Victim::Guard) {
            wait_until(60, "somebody to go on with it", || {
                world.opsdeck(&["runs"]);
                let state = world.state(id);
                let has = Lock::is_held(&world.run(id).lock()) != Answer::No;
                (has || state.state.is_terminal()).then_some(())
            });
        }
        let state = ended(world, id);
        let did = worked(world, &n);
        assert!(did.iter().all(|did| *did <= 1), "{id}: a host was worked on twice: {did:?}");
        let untouched = matches!(victim, Victim::Supervisor | Victim::Guard | Victim::Both);
        if untouched || state == State::Succeeded {
            assert_eq!((state, did), (State::Succeeded, vec![1, 1]), "{id}: {:?}", world.state(id).why);
        }
        // One that was killed before Ansible came up has none.
        if kind != "release" && world.run(id).step(1).events().exists() {
            world.assert_each_event_once(id);
        }
        wait_true(30, "nothing of it to be left", || {
            world.processes(id).is_empty() && world.supervisor(id).is_none() && world.guard(id).is_none()
        });
        let told: Value = world.show(id);
        let listed = text(&world.opsdeck(&["runs", "--json"]).stdout);
        let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
        let row = listed.iter().find(|row| row["id"] == id.as_str()).expect("it is listed");
        assert_eq!(row["state"], told["state"], "{id}: one story");
    }
    if let Some(holder) = holder {
        ended(world, &holder);
    }
}

#[test]
fn killed_at_any_moment_each_run_ends_once_and_everything_is_recorded() {
    let (mut chance, world) = (Chance::new(seed()), World::new());
    world.write("hosts.ini", &hosts(&["w1", "w2"]));
    world.write("play.yml", PLAY);
    world.write("back.yml", BACK);
    world.write("opsdeck.yaml", PROJECT);
    // A version to go back to, which the first release of all has not.
    let first = world.opsdeck(&["release", "web", "-E", "lab", "--version", "1.0.0", "--yes", "--wait"]);
    assert!(first.status.success(), "{}", text(&first.stderr));
    for n in 1..=number("OPSDECK_KILLS").unwrap_or(10) as usize {
        one(&world, &mut chance, n);
    }
    let output = world.opsdeck(&["audit", "verify", "--json"]);
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{verdict}");
    for nothing in ["open_intents", "ended_without_a_row"] {
        assert!(verdict[nothing].as_array().is_some_and(Vec::is_empty), "{nothing}: {verdict}");
    }
    let control = rusqlite::Connection::open(world.store.control()).unwrap();
    let leases: i64 = control.query_row("SELECT count(*) FROM leases", [], |row| row.get(0)).unwrap();
    assert_eq!(leases, 0, "a lease is left");
}

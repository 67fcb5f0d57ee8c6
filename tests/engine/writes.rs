//! Each change of a file below the state directory fails once, as on a full disk, whoever makes it: launcher, supervisor, step
//! runner, SQLite, Ansible's callback. What was launched comes to an end that is true, or is refused; no host is worked on
//! twice, no intent stays without its outcome. A few changes of an ad-hoc run here; all of them, and every kind of change of a
//! release, in `tests/soak writes`: `OPSDECK_WRITES` says how many, `OPSDECK_SEED` which.

use crate::support::chance::{Chance, number, seed};
use crate::support::wait::{wait_true, wait_until};
use crate::support::world::{World, hosts, text};
use opsdeck::run::State;
use opsdeck::run::event::Failure;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PLAY: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - {name: first, shell: 'echo did >> did-{{ inventory_hostname }}'}
";
const PROJECT: &str = "
environments: {lab: {inventory: hosts.ini}}
releases:
  web:
    hosts: all
    bake: 0s
    strategy: {rolling: {batches: [1, 1], soak: 0s}}
    stages: [{deploy: [{playbook: play.yml}]}]
    rollback: [{playbook: back.yml}]
";
const BACK: &str = "[{hosts: all, gather_facts: false, tasks: [{name: back, command: 'true'}]}]";

const ADHOC: [&str; 8] =
    ["adhoc", "all", "-i", "hosts.ini", "-m", "shell", "-a", "echo did >> did-{{ inventory_hostname }}"];
const RELEASE: [&str; 9] = ["release", "web", "-E", "lab", "--version", "2", "--current", "1", "--yes"];

/// The library that lets a change fail.
struct Shim {
    dir: tempfile::TempDir,
}

impl Shim {
    fn new() -> Shim {
        let dir = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/shim.c");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(dir.path().join("shim.so")).arg(source).arg("-ldl");
        assert!(cc.status().expect("a C compiler is needed").success());
        Shim { dir }
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// The `nth` change (of a kind) fails, from here on; none does without it.
    fn under(&self, mut command: Command, world: &World, nth: Option<u64>, kind: Option<&str>) -> Command {
        let count = self.dir.path().join("count");
        std::fs::write(&count, [0; 8]).unwrap();
        std::fs::write(self.log(), "").unwrap();
        command.env("LD_PRELOAD", self.dir.path().join("shim.so")).env("SHIM_ROOT", world.store.root());
        command.env("SHIM_COUNT", count).env("SHIM_LOG", self.log());
        command.envs(nth.map(|nth| ("SHIM_NTH", nth.to_string()))).envs(kind.map(|kind| ("SHIM_KIND", kind)));
        command
    }

    /// The kinds of the changes that were made, in their order.
    fn changes(&self) -> Vec<String> {
        std::fs::read_to_string(self.log()).unwrap().lines().map(str::to_owned).collect()
    }
}

fn world() -> World {
    let world = World::new();
    world.write("hosts.ini", &hosts(&["w1", "w2"]));
    world.write("play.yml", PLAY);
    world.write("back.yml", BACK);
    world.write("opsdeck.yaml", PROJECT);
    world
}

/// Lines that the hosts wrote.
fn worked(world: &World) -> Vec<usize> {
    let read = |host| std::fs::read_to_string(world.project().join(format!("did-{host}"))).unwrap_or_default();
    ["w1", "w2"].iter().map(|host| read(host).lines().count()).collect()
}

/// One launch, of which one change fails.
fn once(shim: &Shim, args: &[&str], nth: u64, kind: Option<&str>) {
    let world = world();
    let output: Output = shim.under(world.command(args), &world, Some(nth), kind).output().unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let what = format!("change {nth} ({}): {out}{err}", kind.unwrap_or("any"));
    println!("{}", what.trim_end());
    assert!(matches!(output.status.code(), Some(0 | 1 | 64 | 75)), "{what}: {:?}", output.status);
    assert!(output.status.success() || !err.is_empty(), "{what}: it says why");
    let ids = world.store.run_ids().unwrap_or_default();
    assert!(ids.len() <= 1 && (!output.status.success() || ids.len() == 1), "{what}: {ids:?}");
    for id in ids.iter().map(ToString::to_string) {
        let end = wait_until(60, &format!("its end: {what}"), || {
            let shown = world.opsdeck(&["show", &id, "--json"]);
            let shown: Value = serde_json::from_slice(&shown.stdout).unwrap_or_default();
            if shown["phase"] == "needs_operator" {
                world.opsdeck(&["rollback", &id, "--reason", "full"]);
            }
            Some(world.state(&id)).filter(|state| state.state.is_terminal())
        });
        let did = worked(&world);
        let told = format!("{what}: {:?} {:?} {did:?}", end.state, end.why);
        assert!(did.iter().all(|did| *did <= 1), "twice: {told}");
        if end.state == State::Succeeded {
            assert_eq!(did, [1, 1], "{told}");
        }
        if !output.status.success() && end.state != State::Unknown {
            assert_eq!(did, [0, 0], "refused, and done: {told}");
        }
        let begun = did.iter().any(|did| *did > 0);
        let nothing = end.state == State::Cancelled || end.failure == Some(Failure::Launch);
        assert!(!begun || !nothing, "it says that nothing was begun: {told}");
        wait_true(30, "nothing of it to be left", || {
            world.processes(&id).is_empty() && world.supervisor(&id).is_none() && world.guard(&id).is_none()
        });
        let listed: Value = serde_json::from_slice(&world.opsdeck(&["runs", "--json"]).stdout).unwrap();
        let shown = world.show(&id);
        assert_eq!(listed[0]["state"], shown["state"], "one story: {told}");
    }
    // Whoever acts next closes what is open.
    let next = world.opsdeck(&["adhoc", "all", "-i", "hosts.ini", "-m", "ping", "--wait"]);
    assert_eq!(next.status.code(), Some(0), "{what}: {}", text(&next.stderr));
    let output = world.opsdeck(&["audit", "verify", "--json"]);
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    for nothing in ["open_intents", "ended_without_a_row"] {
        assert_eq!(verdict[nothing].as_array().map(Vec::len), Some(0), "{what}: {nothing}: {verdict}");
    }
    assert_eq!(output.status.code(), Some(0), "{what}: {verdict}");
}

#[test]
fn whichever_write_of_a_run_fails_its_story_is_true() {
    let (mut chance, shim, seen) = (Chance::new(seed()), Shim::new(), world());
    let whole = shim.under(seen.command(&[&ADHOC[..], &["--wait"]].concat()), &seen, None, None).output().unwrap();
    assert!(whole.status.success(), "{}", text(&whole.stderr));
    let all = shim.changes().len() as u64;
    assert!(all > 100, "{:?}", shim.changes());
    match number("OPSDECK_WRITES") {
        // One after the other, from the seed on.
        Some(n) => {
            (0..n).for_each(|n| once(&shim, &ADHOC, (number("OPSDECK_SEED").unwrap_or(0) * 20 + n) % all + 1, None))
        }
        None => (0..4).for_each(|_| once(&shim, &ADHOC, chance.below(all) + 1, None)),
    }
}

#[test]
fn whichever_kind_of_write_of_a_release_fails_its_story_is_true() {
    let (mut chance, shim, seen) = (Chance::new(seed()), Shim::new(), world());
    let whole = shim.under(seen.command(&[&RELEASE[..], &["--wait"]].concat()), &seen, None, None).output().unwrap();
    assert!(whole.status.success(), "{}", text(&whole.stderr));
    let kinds: Vec<String> = shim.changes().into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    for _ in 0..number("OPSDECK_WRITES").map_or(1, |n| n / 4) {
        let kind = &kinds[chance.below(kinds.len() as u64) as usize];
        once(&shim, &RELEASE, 1 + chance.below(3), Some(kind));
    }
}

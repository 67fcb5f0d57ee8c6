//! A state directory of version 0.1 with everything alive in it is handed to this version: each run ends as it should and
//! its work is done once, decisions hold, the ledger goes on, supervisors of that version give way to ours. Needs a binary
//! of that version (`OPSDECK_OLD`): `tests/soak upgrade` builds it. `OPSDECK_SEED` for the same again.

use crate::support::chance::Chance;
use crate::support::wait::{wait_true, wait_until};
use crate::support::web::{DEPLOY, WEB};
use crate::support::world::{World, hosts as hosts_of, text};
use opsdeck::audit::{Filter, Ledger};
use opsdeck::run::State;
use opsdeck::state::{Control, Identity, Life};
use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::Value;
use std::process::Output;

const WORDS: &str = "a newer opsdeck works on this state directory";
const PLAY: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - {name: gate, shell: 'touch at-{{ word }}-{{ inventory_hostname }}; while [ ! -e {{ gate }} ]; do sleep 0.05; done'}
    - {name: mark, shell: 'echo {{ word }} >> ran-{{ inventory_hostname }}'}
";
/// Beside the smallest release one that needs an approval.
fn releases() -> String {
    let shop = WEB.replace("web:", "shop:").replace("bake: 0s", "bake: 0s\n    approvals: 1");
    format!(
        "environments: {{lab: {{inventory: hosts.ini}}, voted: {{inventory: other.ini}}}}\nreleases:{WEB}{}",
        shop.trim_start_matches('\n')
    )
}

struct Old {
    world: World,
    binary: String,
}

impl Old {
    fn ask(&self, args: &[&str]) -> Output {
        // The command of this version, by the other binary.
        let ours = self.world.command(args);
        let mut command = std::process::Command::new(&self.binary);
        command.args(ours.get_args()).stdin(std::process::Stdio::null()).env_remove("OPSDECK_RUN");
        for (name, value) in ours.get_envs() {
            value.map(|value| command.env(name, value));
        }
        command.output().unwrap()
    }

    fn launch(&self, args: &[&str]) -> String {
        let output = self.ask(args);
        let out = text(&output.stdout);
        assert!(output.status.success(), "{args:?}: {out}{}", text(&output.stderr));
        out.split_whitespace().next().unwrap_or_default().to_owned()
    }

    fn play(&self, word: &str, gate: &str, inventory: &str, more: &[&str]) -> String {
        let (word, gate) = (format!("word={word}"), format!("gate={gate}"));
        self.launch(&[&["play", "work.yml", "-i", inventory, "-e", &word, "-e", &gate], more].concat())
    }

    fn new(binary: String) -> Old {
        let world = World::new();
        world.write("work.yml", PLAY);
        world.write("deploy.yml", DEPLOY);
        world.write("opsdeck.yaml", &releases());
        for (file, hosts) in [("other.ini", &["v1"] as &[&str]), ("third.ini", &["x1"]), ("hosts.ini", &["w1", "w2"])] {
            world.write(file, &hosts_of(hosts));
        }
        Old { world, binary }
    }
}

fn is_of(process: &Identity, binary: &str) -> bool {
    let exe = std::fs::read_link(format!("/proc/{}/exe", process.pid)).unwrap_or_default();
    exe == std::fs::canonicalize(binary).unwrap()
}

/// One line a host and word.
fn wrote(world: &World, host: &str, word: &str) -> usize {
    let text = std::fs::read_to_string(world.project().join(format!("ran-{host}"))).unwrap_or_default();
    text.lines().filter(|line| *line == word).count()
}

#[test]
fn everything_that_lives_is_taken_over() {
    let binary = std::env::var("OPSDECK_OLD").expect("OPSDECK_OLD: a binary of version 0.1");
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = std::env::var("OPSDECK_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(clock);
    println!("seed {seed}: OPSDECK_SEED={seed} repeats this");
    let mut chance = Chance::new(seed);
    let old = Old::new(binary);
    let world = &old.world;

    // Under the old one: at work, queued behind it, an ad-hoc command, one on other hosts, two releases, decisions.
    let done = old.play("done", ".", "third.ini", &[]);
    world.ended(&done);
    let live = old.play("live", "go", "hosts.ini", &[]);
    wait_true(60, "it to stand at its gate", || world.has("at-live-w1") && world.has("at-live-w2"));
    let queued = old.play("queued", ".", "hosts.ini", &["--on-conflict", "wait"]);
    wait_true(20, "it to be queued", || world.state(&queued).state.name() == "queued");
    let shell = "while [ ! -e go ]; do sleep 0.05; done; echo adhoc >> ran-{{ inventory_hostname }}";
    let adhoc = old.launch(&["adhoc", "all", "-i", "third.ini", "-m", "shell", "-a", shell]);
    let stopped = old.ask(&["line", "stop", "lab", "--reason", "disk array is replaced"]);
    assert!(stopped.status.success(), "{}", text(&stopped.stderr));
    let silenced = old.ask(&["silence", "w1", "-E", "lab", "--for", "2h", "--reason", "its disk"]);
    assert!(silenced.status.success(), "{}", text(&silenced.stderr));
    let forced = old.ask(&["breaker", "open", "service:lab/web", "--for", "2h", "--reason", "rack power"]);
    assert!(forced.status.success(), "{}", text(&forced.stderr));
    let release = |name: &str, environment: &str, version: &str| {
        old.launch(&["release", name, "-E", environment, "--version", version, "--current", "0", "--yes"])
    };
    let waiting = release("web", "lab", "1.1");
    let voted = release("shop", "voted", "1.2");
    let standing = |id: &str| world.state(id).phase.clone().unwrap_or_default();
    wait_true(30, "one to wait for people", || standing(&voted) == "awaiting_approval");
    wait_true(30, "one to wait for the line or the hosts", || !standing(&waiting).is_empty());
    let all = [&done, &live, &queued, &adhoc, &waiting, &voted];
    let elders: Vec<Identity> = all.iter().filter_map(|id| world.supervisor(id)).collect();
    assert_eq!(elders.len(), 5);

    // Some die on their way; some looked at by the old one again.
    let kill = |chance: &mut Chance, often: u64| {
        for id in all {
            if chance.below(often) == 0
                && let Some(process) = world.supervisor(id)
            {
                println!("killed the supervisor of {id}");
                process.signal(Signal::KILL);
            }
        }
    };
    kill(&mut chance, 4);
    if chance.below(2) == 0 {
        println!("the old one looks");
        old.ask(&["runs"]);
    }

    // The new one takes over by whatever it is asked first.
    let first: &[&str] = match chance.below(4) {
        0 => &["runs"],
        1 => &["line"],
        2 => &["show", &live],
        _ => &["adhoc", "all", "-i", "third.ini", "-m", "command", "-a", "true", "--on-conflict", "warn"],
    };
    println!("first: {first:?}");
    let asked = world.opsdeck(first);
    assert!(asked.status.success(), "{first:?}: {}", text(&asked.stderr));
    kill(&mut chance, 5);
    for (args, what) in [
        (&["line", "open", "lab", "--reason", "x"] as &[&str], "decides"),
        (&["silence", "w2", "-E", "lab", "--for", "2h", "--reason", "x"], "decides"),
        (&["breaker", "auto", "service:lab/web", "--reason", "x"], "decides"),
        (&["play", "work.yml", "-i", "third.ini", "-e", "word=late", "-e", "gate=."], "launches"),
        (&["adhoc", "all", "-i", "third.ini", "-m", "shell", "-a", "echo late >> ran-x1"], "launches"),
    ] {
        let refused = old.ask(args);
        let err = text(&refused.stderr);
        assert!(!refused.status.success(), "the old one still {what}: {args:?}");
        assert!(err.contains(WORDS) || err.contains("use the newer"), "{args:?}: {err}");
    }
    if chance.below(2) == 0 {
        println!("the old one looks, late");
        old.ask(&["runs"]);
    }
    let rows: Vec<Value> = serde_json::from_slice(&world.opsdeck(&["runs", "--json", "-n", "1000"]).stdout).unwrap();
    let number = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap()["number"].as_u64().unwrap();
    assert_eq!(all.map(|id| number(id)), [1, 2, 3, 4, 5, 6], "by age");
    // Looking was enough: whoever supervised for the old one gave way.
    for id in &all[1..] {
        wait_until(20, "a supervisor of this version", || {
            let process = world.supervisor(id)?;
            (!is_of(&process, &old.binary)).then_some(())
        });
    }
    assert!(elders.iter().all(|elder| elder.life() == Life::Gone), "no old one lives");
    let control = Control::open(&world.store).unwrap();
    let lines = control.stopped_lines().unwrap();
    assert!(lines.len() == 1 && lines[0].reason == "disk array is replaced", "{lines:?}");
    assert!(control.breakers(None).unwrap().iter().any(|row| row.body.contains("rack power")));
    assert_eq!(control.silences(Some("lab"), 0).unwrap().len(), 1);

    // On to their ends, with supervisors that die, those of the old binary among them.
    kill(&mut chance, 3);
    if chance.below(2) == 0 {
        println!("the old one revives");
        old.ask(&["runs"]);
    }
    world.go();
    let look = || drop(world.opsdeck(&["runs"]));
    let ended = |id: &str, chance: &mut Chance| {
        wait_until(90, &format!("run {id} to end"), || {
            look();
            if chance.below(20) == 0 {
                kill(chance, 4);
            }
            Some(world.state(id)).filter(|state| state.state.is_terminal())
        })
    };
    for (id, word, hosts) in
        [(&live, "live", &["w1", "w2"] as &[&str]), (&queued, "queued", &["w1", "w2"]), (&adhoc, "adhoc", &["x1"])]
    {
        let state = ended(id, &mut chance);
        assert_eq!(state.state, State::Succeeded, "{word}: {:?}", state.why);
        assert!(hosts.iter().all(|host| wrote(world, host, word) == 1), "{word}: once on each host");
    }
    assert!(!world.state(&waiting).state.is_terminal() && wrote(world, "w1", "1.1") == 0, "its line is stopped");
    let own = world.opsdeck(&["approve", &voted]);
    assert!(!own.status.success() && text(&own.stderr).len() > 20, "one's own: {}", text(&own.stderr));
    let rejected = wait_until(30, "it to be rejected", || {
        let output = world.opsdeck(&["reject", &voted, "--reason", "not today"]);
        (output.status.success() || world.state(&voted).state.is_terminal()).then_some(output)
    });
    println!("reject: {}{}", text(&rejected.stdout), text(&rejected.stderr));
    assert_eq!(ended(&voted, &mut chance).state, State::Cancelled);
    assert_eq!(wrote(world, "v1", "1.2"), 0);
    assert!(world.opsdeck(&["breaker", "auto", "service:lab/web", "--reason", "it is back"]).status.success());
    assert!(world.opsdeck(&["line", "open", "lab", "--reason", "disks are in"]).status.success());
    let state = ended(&waiting, &mut chance);
    assert_eq!(state.state, State::Succeeded, "{:?}", state.why);
    assert_eq!((wrote(world, "w1", "1.1"), wrote(world, "w2", "1.1")), (1, 1));
    assert_eq!(wrote(world, "x1", "late"), 0, "what was refused was not done");

    // What is left: no lease, no old process, a ledger that verifies and went on as version 2, with every end.
    wait_true(60, "every supervisor to leave", || all.iter().all(|id| world.supervisor(id).is_none()));
    // A launch closes what others left open, and frees what the dead hold.
    let last = world.launch(&["play", "work.yml", "-i", "hosts.ini", "-e", "word=last", "-e", "gate=."]);
    assert_eq!(world.ended(&last).state, State::Succeeded);
    wait_true(30, "its supervisor to leave", || world.supervisor(&last).is_none());
    let db = Connection::open(world.store.control()).unwrap();
    let held: Vec<String> = db
        .prepare("SELECT run || ' ' || scope FROM leases")
        .unwrap()
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(held.is_empty(), "leases are left: {held:?}");
    let verified = world.opsdeck(&["audit", "verify"]);
    assert!(verified.status.success(), "{}{}", text(&verified.stdout), text(&verified.stderr));
    let rows = Ledger::open(&world.store.audit()).unwrap().query(&Filter::default(), usize::MAX).unwrap().rows;
    for id in all {
        let ends = rows
            .iter()
            .filter(|row| row.entry.action == "run.end" && row.entry.run_id.is_some_and(|run| run.to_string() == *id));
        assert_eq!(ends.count(), 1, "one end of run {id}");
    }
    for file in std::fs::read_dir(world.store.runs()).unwrap().flatten() {
        let log = std::fs::read_to_string(file.path().join("supervisor.log")).unwrap_or_default();
        assert!(!log.contains("panicked"), "{log}");
    }
}

//! Break-glass: a run is launched although the ledger cannot take it. It skips the ledger and nothing else: the lease is
//! taken all the same, journal and spec must be written, it is loud, and recorded late. Real Ansible, a real full disk.

use crate::support::room::Room;
use crate::support::wait::wait_true;
use crate::support::world::{World, is_terminal, text};
use opsdeck::run::State;
use rusqlite::Connection;
use serde_json::Value;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const MARK: &str =
    "[{hosts: all, gather_facts: false, tasks: [{name: mark, shell: 'touch ran-{{ inventory_hostname }}'}]}]";
const PLAY: [&str; 4] = ["play", "mark.yml", "-i", "hosts.ini"];
const GLASS: [&str; 2] = ["--break-glass", "INC-4711: the ledger is damaged"];

/// With one run behind it, so that its databases are there.
fn world() -> World {
    let world = World::new();
    world.write("mark.yml", MARK);
    let id = world.launch(&PLAY);
    is_terminal(&world.ended(&id), State::Succeeded);
    wait_true(20, "its end to be on record", || world.ledger(&id).iter().any(|(action, ..)| action == "run.end"));
    wait_true(20, "its supervisor to be gone", || world.guard(&id).is_none());
    for host in ["w1", "w2"] {
        std::fs::remove_file(world.project().join(format!("ran-{host}"))).unwrap();
    }
    world
}

/// What is told to a system's log, which is read all the time: whoever writes to one that nobody reads waits for ever.
struct SystemLog(PathBuf, std::thread::JoinHandle<String>);

impl SystemLog {
    fn at(path: &Path) -> SystemLog {
        let socket = UnixDatagram::bind(path).unwrap();
        SystemLog(
            path.to_owned(),
            std::thread::spawn(move || {
                let (mut words, mut all) = ([0; 4096], String::new());
                while let Ok(n) = socket.recv(&mut words) {
                    if n == 0 {
                        break;
                    }
                    all += &text(&words[..n]);
                }
                all
            }),
        )
    }

    fn told(self) -> String {
        UnixDatagram::unbound().unwrap().send_to(&[], &self.0).unwrap();
        self.1.join().unwrap()
    }
}

/// A database, damaged as long as this lives.
struct Damaged(Vec<(PathBuf, PathBuf)>);

impl Damaged {
    fn database(path: &Path) -> Damaged {
        let name = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
        let moved = ["", "-wal", "-shm"].map(|s| (name(s), name(&format!("{s}.good"))));
        let moved: Vec<_> = moved.into_iter().filter(|(from, to)| std::fs::rename(from, to).is_ok()).collect();
        std::fs::write(path, "no database, but more than sixteen bytes of it").unwrap();
        Damaged(moved)
    }
}

impl Drop for Damaged {
    fn drop(&mut self) {
        for (place, good) in &self.0 {
            std::fs::rename(good, place).unwrap();
        }
    }
}

fn glass(world: &World, more: &[&str]) -> (Option<i32>, String) {
    told(world.opsdeck(&[&PLAY[..], &GLASS, more].concat()))
}

fn told(output: Output) -> (Option<i32>, String) {
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// Rows of an action, oldest first.
fn rows(world: &World, action: &str) -> Vec<Value> {
    let output = world.opsdeck(&["audit", "--json"]);
    let mut rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    rows.retain(|row| row["action"] == action);
    rows.reverse();
    rows
}

fn newest(world: &World) -> String {
    world.store.run_ids().unwrap().pop().unwrap().to_string()
}

/// It is recorded late, once, and the ledger holds together.
fn is_recorded_late(world: &World, id: &str) {
    let (code, said) = told(world.opsdeck(&["audit", "verify"]));
    assert_eq!(code, Some(0), "{said}");
    let of = |action: &str, phase: &str| {
        let all: Vec<Value> = rows(world, action);
        all.into_iter().filter(|row| row["run_id"] == id && row["phase"] == phase).collect::<Vec<_>>()
    };
    let launched = of("run.launch", "intent");
    assert_eq!(launched.len(), 1, "{launched:?}");
    let about = &launched[0]["metadata"];
    assert_eq!((&about["recorded"], &about["break_glass"]), (&"late".into(), &GLASS[1].into()), "{about}");
    assert!(about["unrecorded"].as_str().is_some_and(|why| !why.is_empty()), "{about}");
    assert_eq!(of("run.launch", "outcome").len(), 1);
    assert_eq!(of("run.end", "outcome").len(), 1);
    let left = std::fs::read_dir(world.store.unrecorded()).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing is owed any more");
}

#[test]
fn a_damaged_ledger_keeps_nothing_from_being_launched_where_a_person_says_why() {
    let world = world();
    let damaged = Damaged::database(&world.store.audit());
    for args in [&PLAY[..], &["adhoc", "all", "-i", "hosts.ini", "-m", "ping"]] {
        let (code, said) = told(world.opsdeck(args));
        assert_eq!(code, Some(64), "{said}");
        assert!(said.contains("--break-glass REASON"), "{said}");
    }
    let (code, said) = told(world.opsdeck(&[&PLAY[..], &["--break-glass", " "]].concat()));
    assert!(code == Some(64) && said.contains("a reason"), "{said}");
    let (code, said) = glass(&world, &["--wait"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(world.has("ran-w1") && world.has("ran-w2"));
    assert!(said.contains("BREAK GLASS") && said.contains("INC-4711") && said.contains("recorded late"), "{said}");
    let id = newest(&world);
    let spec = std::fs::read_to_string(world.run(&id).spec()).unwrap();
    let journal = std::fs::read_to_string(world.run(&id).journal()).unwrap();
    assert!(spec.contains("INC-4711") && journal.contains("break_glass") && journal.contains("INC-4711"), "{journal}");
    wait_true(20, "its supervisor to be gone", || world.guard(&id).is_none());
    assert!(world.show(&id)["break_glass"]["reason"].as_str().unwrap().contains("INC-4711"));
    drop(damaged);
    is_recorded_late(&world, &id);
    let other = world.launch(&PLAY);
    is_terminal(&world.ended(&other), State::Succeeded);
}

#[test]
fn where_the_ledger_takes_it_it_is_recorded_at_once() {
    let world = world();
    let (code, said) = glass(&world, &["--wait"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("BREAK GLASS") && said.contains("it is in the audit ledger"), "{said}");
    let id = newest(&world);
    let launched: Vec<Value> =
        rows(&world, "run.launch").into_iter().filter(|row| row["run_id"] == id.as_str()).collect();
    let of: Vec<_> = launched.iter().map(|row| row["phase"].as_str().unwrap()).collect();
    assert_eq!(of, ["intent", "outcome"]);
    assert_eq!(launched[0]["metadata"]["break_glass"], GLASS[1]);
    assert!(launched[0]["metadata"]["recorded"].is_null());
    is_terminal(&world.ended(&id), State::Succeeded);
}

#[test]
fn beside_a_damaged_control_db_there_is_one_lease_for_the_whole_state() {
    let world = world();
    world.write("gate.yml", crate::support::world::GATE);
    let damaged = Damaged::database(&world.store.control());
    let (code, said) = told(world.opsdeck(&PLAY));
    assert!(code == Some(64) && said.contains("--break-glass REASON"), "{said}");
    let output = world.opsdeck(&[&["play", "gate.yml", "-i", "hosts.ini"], &GLASS[..]].concat());
    let (id, said) = (text(&output.stdout).trim().to_owned(), text(&output.stderr));
    assert!(output.status.success() && said.contains("BREAK GLASS"), "{said}");
    wait_true(60, "both hosts at the gate", || world.has("here-w1") && world.has("here-w2"));
    let (code, said) = glass(&world, &[]);
    assert!(code == Some(64) && said.contains(&id), "it is held: {said}");
    // It outlives its supervisor.
    world.bereave(&id);
    let (code, said) = glass(&world, &[]);
    assert!(code == Some(64) && said.contains(&id), "it is held: {said}");
    drop(damaged);
    let (code, said) = told(world.opsdeck(&PLAY));
    assert!(code == Some(64) && said.contains(&id), "who has a control.db sees it, too: {said}");
    world.go();
    is_terminal(&world.ended(&id), State::Succeeded);
    wait_true(20, "its supervisor to be gone", || world.guard(&id).is_none());
    assert!(!world.store.whole_lease().exists(), "it is given back");
    is_recorded_late(&world, &id);
    let other = world.launch(&PLAY);
    is_terminal(&world.ended(&other), State::Succeeded);
}

#[test]
fn a_run_that_is_at_work_on_the_hosts_is_seen_without_control_db() {
    let world = world();
    let id = world.launch_to_gate(&[]);
    // One that lives would take it for a backup that was put back.
    world.bereave(&id);
    let damaged = Damaged::database(&world.store.control());
    let (code, said) = glass(&world, &[]);
    assert!(code == Some(64) && said.contains(&id), "{said}");
    assert!(!world.has("ran-w1"));
    world.go();
    is_terminal(&world.ended(&id), State::Succeeded);
    wait_true(20, "its supervisor to be gone", || world.guard(&id).is_none());
    let (code, said) = glass(&world, &["--wait"]);
    assert_eq!(code, Some(0), "{said}");
    drop(damaged);
}

#[test]
fn on_a_full_disk_it_runs_where_journal_and_spec_can_be_written_and_else_the_plain_line_is_told() {
    let world = World::new();
    world.write("mark.yml", MARK);
    let state = world.store.root().to_owned();
    std::fs::create_dir_all(&state).unwrap();
    let (dev, log) = (world.project().join("dev"), world.project().join("log"));
    std::fs::create_dir(&dev).unwrap();
    // A system's log of its own: that of the machine is shared by all.
    let room = Room::new(&format!(
        "mount -t tmpfs -o size=24m,mode=700 none {0}; mount -t tmpfs none {1}; cd {1}; \
         cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom .; ln -s /proc/self/fd fd; ln -s {2} log; mkdir shm; \
         mount -t tmpfs none shm; mount --rbind . /dev",
        state.display(),
        dev.display(),
        log.display()
    ));
    let inside = |args: &[&str]| told(room.command(&world.command(args)).output().unwrap());
    let seen = room.path(&state);
    let (code, said) = inside(&[&PLAY[..], &["--wait"]].concat());
    assert_eq!(code, Some(0), "{said}");
    std::fs::remove_file(world.project().join("ran-w1")).unwrap();
    let system = SystemLog::at(&log);
    let fill = || {
        let ballast = seen.join("ballast");
        let mut dd = Command::new("dd");
        let full = dd.args(["if=/dev/zero", "bs=4k"]).arg(format!("of={}", ballast.display())).output().unwrap();
        assert!(text(&full.stderr).contains("No space left"));
        ballast
    };
    let ballast = fill();
    let (code, said) = inside(&[&PLAY[..], &GLASS].concat());
    assert_eq!(code, Some(64), "{said}");
    let line = "ansible-playbook mark.yml -i hosts.ini";
    assert!(said.contains(line) && said.contains(&world.project().display().to_string()), "{said}");
    assert!(!world.has("ran-w1"));
    // Too little for the databases, enough for a run.
    let file = std::fs::File::options().write(true).open(&ballast).unwrap();
    file.set_len(file.metadata().unwrap().len() - (200 << 10)).unwrap();
    drop(file);
    let (code, said) = inside(&PLAY);
    assert!(code == Some(1) && said.contains("--break-glass REASON"), "{said}");
    let (code, said) = inside(&[&PLAY[..], &GLASS, &["--wait"]].concat());
    assert_eq!(code, Some(0), "{said}");
    assert!(world.has("ran-w1") && said.contains("BREAK GLASS"), "{said}");
    let syslog = system.told();
    assert!(syslog.contains("BREAK GLASS") && syslog.contains("INC-4711"), "{syslog}");
    std::fs::remove_file(&ballast).unwrap();
    let (code, said) = inside(&["audit", "verify"]);
    assert_eq!(code, Some(0), "{said}");
    let (_, said) = inside(&["audit", "--json"]);
    assert!(said.contains("INC-4711") && said.contains("\"late\""), "{said}");
}

#[test]
fn a_release_that_people_must_approve_is_not_begun_where_no_approval_could_count() {
    let world = world();
    let yaml = "environments: {lab: {inventory: hosts.ini}}\nreleases:\n  web:\n    hosts: all\n    playbook: mark.yml\n    bake: 1s\n    \
                rollback: [{playbook: mark.yml}]\n";
    let release = |more: &str| {
        world.write("opsdeck.yaml", &format!("{yaml}{more}"));
        let args = ["release", "web", "-E", "lab", "--version", "1.0", "--yes", "--wait"];
        told(world.opsdeck(&[&args[..], &GLASS].concat()))
    };
    let damaged = Damaged::database(&world.store.audit());
    let (code, said) = release("    approvals: 1\n");
    assert!(code == Some(64) && said.contains("an approval counts only with its row"), "{said}");
    assert_eq!(std::fs::read_dir(world.store.unrecorded()).unwrap().count(), 0);
    assert!(!world.has("ran-w1"));
    let (code, said) = release("");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("BREAK GLASS") && world.has("ran-w1") && world.has("ran-w2"), "{said}");
    drop(damaged);
    let id = newest(&world);
    wait_true(20, "its supervisor to be gone", || world.guard(&id).is_none());
    is_recorded_late(&world, &id);
}

#[test]
fn a_release_is_undone_beside_a_ledger_that_takes_nothing_where_a_person_says_why() {
    let world = world();
    let at_gate = "[{hosts: all, gather_facts: false, tasks: [{name: gate, shell: 'touch here-{{ inventory_hostname }}; \
                   while [ {{ release_version }} = 2.0 -a ! -e go ]; do sleep 0.05; done'}]}]";
    world.write("gated.yml", at_gate);
    let yaml = "environments: {lab: {inventory: hosts.ini}}\nreleases:\n  web:\n    hosts: all\n    playbook: gated.yml\n    bake: 1s\n    \
                rollback: [{playbook: gated.yml}]\n";
    world.write("opsdeck.yaml", yaml);
    let release = ["release", "web", "-E", "lab", "--version", "2.0", "--current", "1.0", "--yes"];
    let id = world.launch(&release);
    wait_true(60, "a host at the gate", || world.has("here-w1") || world.has("here-w2"));
    let held = Connection::open(world.store.audit()).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (code, said) = told(world.opsdeck(&["rollback", &id, "--break-glass", " "]));
    assert!(code == Some(64) && said.contains("a reason"), "{said}");
    let (code, said) = told(world.opsdeck(&[&["rollback", id.as_str()], &GLASS[..]].concat()));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("BREAK GLASS") && said.contains("INC-4711") && said.contains("recorded late"), "{said}");
    drop(held);
    world.write("go", "");
    let ended = world.ended(&id);
    assert_eq!(ended.state_name(), "rolled_back", "{:?} {:?}", ended.why, ended.history);
    wait_true(30, "its supervisor to be gone", || world.guard(&id).is_none());
    let (code, said) = told(world.opsdeck(&["audit", "verify"]));
    assert_eq!(code, Some(0), "{said}");
    let asked = rows(&world, "release.rollback");
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert_eq!(asked[0]["metadata"]["asked"]["break_glass"], GLASS[1], "{asked:?}");
    assert_eq!(rows(&world, "run.end").iter().filter(|row| row["run_id"] == id.as_str()).count(), 1);
}

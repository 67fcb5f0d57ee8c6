//! A project with local hosts and a state directory of its own, and what the tests of runs ask of them. Holds no test.

use super::wait::{wait_true, wait_until};
use opsdeck::run::{Event, RunState, State};
use opsdeck::state::{Identity, RunDir, StateDir};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Everything of one test; what it left running is ended when it goes.
pub struct World {
    dir: tempfile::TempDir,
    pub store: StateDir,
}

/// Each host says that it is there, then waits for the file `go`.
pub const GATE: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - {name: first, command: echo first}
    - {name: gate, shell: \"touch here-{{ inventory_hostname }}; while [ ! -e go ]; do sleep 0.05; done; echo passed\"}
    - {name: last, command: \"touch last-{{ inventory_hostname }}\"}
";

impl World {
    /// With the hosts w1 and w2.
    pub fn new() -> World {
        let found = Command::new("ansible-playbook").arg("--version").stdout(Stdio::null()).status();
        assert!(found.is_ok_and(|s| s.success()), "ansible-playbook is not on PATH: start the tests with tests/run");
        let dir = tempfile::tempdir().unwrap();
        let store = StateDir::at(dir.path().join("state"));
        let world = World { dir, store };
        world.write("ansible.cfg", "[defaults]\n");
        world.write("hosts.ini", &hosts(&["w1", "w2"]));
        world
    }

    pub fn project(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.project().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn has(&self, name: &str) -> bool {
        self.project().join(name).exists()
    }

    pub fn go(&self) {
        self.write("go", "");
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
        command.args(args).arg("--state-dir").arg(self.store.root()).arg("-C").arg(self.project());
        command
            .stdin(Stdio::null())
            .env("HOME", self.dir.path())
            .env("TMPDIR", self.dir.path())
            .env_remove("OPSDECK_RUN")
            .env("NO_COLOR", "1");
        command
    }

    /// With its own options first: for arguments that end in `--` and more.
    pub fn first(&self, args: &[&str]) -> Output {
        let (project, state) = (self.project(), self.store.root().to_owned());
        let own = ["-C".as_ref(), project.as_os_str(), "--state-dir".as_ref(), state.as_os_str()];
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
        command.args(own).args(args).stdin(Stdio::null()).env("HOME", self.dir.path()).env_remove("OPSDECK_RUN");
        command.output().unwrap()
    }

    pub fn opsdeck(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Launches and gives the id.
    pub fn launch(&self, args: &[&str]) -> String {
        let output = self.opsdeck(args);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{args:?}: {err}");
        let id = out.strip_suffix('\n').unwrap().to_owned();
        assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 7, "the id alone on its line: {out:?}");
        id
    }

    /// Launches a playbook that waits at its gate, and gives its id when both hosts stand there.
    pub fn launch_to_gate(&self, args: &[&str]) -> String {
        self.write("gate.yml", GATE);
        let id = self.launch(&[&["play", "gate.yml", "-i", "hosts.ini"], args].concat());
        wait_true(60, "both hosts at the gate", || self.has("here-w1") && self.has("here-w2"));
        // The event of it is in the journal too.
        wait_true(20, "the journal to know it", || self.state(&id).hosts_running().len() == 2);
        id
    }

    pub fn run(&self, id: &str) -> RunDir {
        self.store.run(id.parse().unwrap())
    }

    /// What was launched is known to nobody any more, as of a run of version 0.1.
    pub fn unfreeze(&self, id: &str) {
        let rows: Vec<Value> = serde_json::from_slice(&self.opsdeck(&["audit", "--json", "--run", id]).stdout).unwrap();
        let launch = rows.iter().find(|row| row["action"] == "run.launch" && row["phase"] == "intent").unwrap();
        let seq = launch["seq"].to_string();
        let output = self.opsdeck(&["audit", "redact", &seq, "metadata.frozen", "--reason", "it knew none"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }

    /// The state as the journal tells it; looking changes nothing.
    pub fn state(&self, id: &str) -> RunState {
        opsdeck::run::Follower::open(&self.run(id)).unwrap().state
    }

    /// Waits for the end without telling any opsdeck to look.
    pub fn ended(&self, id: &str) -> RunState {
        wait_until(90, "the run to end", || Some(self.state(id)).filter(|s| s.state.is_terminal()))
    }

    pub fn show(&self, id: &str) -> Value {
        let output = self.opsdeck(&["show", id, "--json"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&output.stderr)))
    }

    pub fn ledger(&self, id: &str) -> Vec<(String, String, String)> {
        let output = self.opsdeck(&["audit", "--json", "--run", id]);
        let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        rows.iter().rev().map(|r| (word(r, "action"), word(r, "phase"), word(r, "status"))).collect()
    }

    pub fn supervisor(&self, id: &str) -> Option<Identity> {
        process(&["supervise", id])
    }

    /// The parent of its supervisors.
    pub fn guard(&self, id: &str) -> Option<Identity> {
        process(&["guard", id])
    }

    /// Kills its supervisor together with the parent that would start the next one.
    pub fn bereave(&self, id: &str) {
        kill(&self.guard(id).expect("a parent"));
        kill(&self.supervisor(id).expect("a supervisor"));
    }

    pub fn runner(&self, id: &str) -> Option<Identity> {
        process(&["step", id])
    }

    /// Processes that carry the run's mark.
    pub fn processes(&self, id: &str) -> Vec<u32> {
        let mark = format!("OPSDECK_RUN={id}");
        pids()
            .filter(|pid| {
                std::fs::read(format!("/proc/{pid}/environ"))
                    .is_ok_and(|env| env.split(|b| *b == 0).any(|v| v == mark.as_bytes()))
            })
            .collect()
    }

    /// Every event of the callback is in the journal, in order, once; every entry follows on the one before.
    pub fn assert_each_event_once(&self, id: &str) {
        let journal = std::fs::read(self.run(id).journal()).unwrap();
        let mut lines = Vec::new();
        for (next, line) in (1..).zip(journal.split(|b| *b == b'\n').filter(|l| !l.is_empty())) {
            let entry = opsdeck::run::journal::decode(line).unwrap();
            assert_eq!(entry.seq, next);
            if let Some(src) = entry.event.source() {
                lines.push((src.off, u64::from(src.len)));
            }
            assert!(!matches!(entry.event, Event::Dropped { .. }), "{entry:?}");
        }
        let events = std::fs::metadata(self.run(id).step(1).events()).unwrap().len();
        let mut at = 0;
        for (off, len) in lines {
            assert_eq!(off, at, "no event left out, none twice");
            at = off + len;
        }
        assert_eq!(at, events, "up to the last one");
    }

    /// What Ansible printed, with the recap exactly once.
    pub fn stdout(&self, id: &str) -> String {
        std::fs::read_to_string(self.run(id).step(1).stdout()).unwrap()
    }
}

impl Drop for World {
    // A test that failed in the middle leaves no process behind.
    fn drop(&mut self) {
        let _ = std::fs::write(self.project().join("go"), "");
        for entry in std::fs::read_dir(self.store.runs()).into_iter().flatten().flatten() {
            let id = entry.file_name().to_string_lossy().into_owned();
            if std::thread::panicking() {
                let _ = self.opsdeck(&["stop", &id, "--now"]);
            }
            let gone = || self.guard(&id).is_none() && self.supervisor(&id).is_none() && self.runner(&id).is_none();
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
            while !gone() && std::time::Instant::now() < deadline {
                std::thread::yield_now();
            }
        }
    }
}

pub fn hosts(names: &[&str]) -> String {
    let line = |n: &&str| {
        format!("{n} ansible_connection=local ansible_python_interpreter='{{{{ ansible_playbook_python }}}}'\n")
    };
    names.iter().map(line).collect()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn kill(process: &Identity) {
    assert!(process.signal(rustix::process::Signal::KILL));
    wait_true(10, "a killed process to be gone", || process.life() != opsdeck::state::Life::Alive);
}

pub fn is_terminal(state: &RunState, expected: State) {
    assert_eq!(state.state, expected, "{:?}", state.why);
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").unwrap();
    entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok())
}

fn process(words: &[&str]) -> Option<Identity> {
    let is = |pid: &u32| {
        let line = std::fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline")).unwrap_or_default();
        let args: Vec<&[u8]> = line.split(|b| *b == 0).collect();
        args.windows(words.len()).any(|w| w.iter().zip(words).all(|(a, b)| *a == b.as_bytes()))
    };
    pids().find(is).and_then(Identity::of).filter(|p| p.life() == opsdeck::state::Life::Alive)
}

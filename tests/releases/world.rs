//! A project, a release of it that nobody supervises yet, and whoever supervises it. Holds no test.
#![allow(dead_code, reason = "each test binary uses its own part")]

use crate::support::supervisor;
use crate::support::wait::{wait_true, wait_until};
use opsdeck::ansible::ask::Play;
use opsdeck::release::event::{Event, Person};
use opsdeck::release::machine::Verb;
use opsdeck::release::plan::*;
use opsdeck::release::state::{At, Release};
use opsdeck::run::control::{Command as Control, ask};
use opsdeck::run::{Follower, RunState};
use opsdeck::state::{Answer, Lock, RunDir, StateDir};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Each host writes down that it was worked on, by whom, and with which version.
pub const DEPLOY: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - {name: deploy, shell: 'echo {{ release_version }} >> {{ inventory_hostname }}.log; [ ! -e broken-{{ inventory_hostname }} ]'}
";

/// A project, a release of it that nobody supervises yet, and whoever supervises it.
pub struct World {
    tmp: Arc<tempfile::TempDir>,
    pub store: StateDir,
    pub id: Uuid,
    pub supervisor: Option<Child>,
    /// Environment of whoever supervises.
    pub env: Vec<(&'static str, String)>,
    /// What the first supervisor is handed on its stdin.
    pub secrets: Vec<u8>,
}

pub fn step(id: &str, kind: StepKind) -> Step {
    Step { id: id.into(), name: id.into(), kind, timeout: None, retries: 0, idempotent: true, irreversible: false }
}

pub fn stage(name: &str, when: When, kind: StepKind) -> Stage {
    Stage { name: name.into(), when, groups: vec![vec![step(&format!("{name}/1"), kind)]], join: Join::All }
}

pub fn program(argv: &[&str]) -> StepKind {
    StepKind::Command { argv: argv.iter().map(|&a| a.to_owned()).collect() }
}

pub fn playbook() -> StepKind {
    StepKind::Playbook { play: Play { playbook: "deploy.yml".into(), ..Play::default() } }
}

pub fn vars(version: &str) -> BTreeMap<String, serde_json::Value> {
    [("release_version".to_owned(), version.into())].into()
}

/// One reading decides.
pub fn gate(name: &str, probe: Probe) -> Gate {
    let name = name.to_owned();
    Gate { name, probe, interval: 0, timeout: 10, passes: 1, fails: 1, inconclusive: 1, window: 0 }
}

pub fn plan(cwd: &std::path::Path, batches: &[&[&str]]) -> Plan {
    let batch = |hosts: &&[&str]| Batch { hosts: hosts.iter().map(|&h| h.to_owned()).collect(), weight: None };
    let probe = Probe::Command { argv: vec!["true".into()] };
    Plan {
        format: FORMAT,
        release: "web".into(),
        service: "web".into(),
        environment: "staging".into(),
        version: "2".into(),
        current: Some("1".into()),
        again: false,
        cwd: cwd.to_owned(),
        inventory: vec!["hosts.ini".into()],
        stages: vec![
            stage("prepare", When::Before, program(&["sh", "-c", "echo prepared >> prepare.log"])),
            stage("deploy", When::Deploy, playbook()),
            stage("verify", When::After, program(&["true"])),
        ],
        strategy: Strategy::Rolling { surge: Vec::new() },
        batches: batches.iter().map(batch).collect(),
        limits: Limits { max_unavailable: 2, min_in_service: 0, budget: 0, progress_deadline: 300, soak: 0 },
        gates: vec![gate("up", probe)],
        traffic: None,
        rollback: Rollback {
            to: Some("1".into()),
            steps: vec![step("rollback/1", playbook())],
            automatic: true,
            vars: vars("1"),
        },
        approval: Approval { needed: 0, expires: 600 },
        on_detach: Default::default(),
        on_failure: OnFailure::Rollback,
        bake: 0,
        version_probe: None,
        vars: vars("2"),
        vars_from: BTreeMap::new(),
        sources: Sources::default(),
        warnings: Vec::new(),
    }
}

impl World {
    /// With local hosts.
    pub fn new(batches: &[&[&str]], change: impl FnOnce(&mut Plan)) -> World {
        let mut inventory = String::new();
        for host in batches.concat() {
            inventory += &format!("{host} ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n");
        }
        World::on(&inventory, batches, change)
    }

    /// With the hosts of an inventory.
    pub fn on(inventory: &str, batches: &[&[&str]], change: impl FnOnce(&mut Plan)) -> World {
        let tmp = Arc::new(tempfile::tempdir().unwrap());
        let store = StateDir::at(tmp.path().join("state"));
        let mut world = World { tmp, store, id: Uuid::nil(), supervisor: None, env: Vec::new(), secrets: Vec::new() };
        std::fs::create_dir(world.project()).unwrap();
        world.write("hosts.ini", inventory);
        world.write("opsdeck.yaml", "environments: {staging: {inventory: hosts.ini}}\n");
        world.write("deploy.yml", DEPLOY);
        let mut plan = plan(&world.project(), batches);
        change(&mut plan);
        world.id = world.submit(plan);
        world
    }

    fn submit(&self, plan: Plan) -> Uuid {
        self.freeze(plan, &[])
    }

    /// As a launch with passwords of these names would have.
    pub fn freeze(&self, plan: Plan, secrets: &[&str]) -> Uuid {
        let submitter = Person { uid: 4_000_000, name: "ann".into(), row: None };
        let operator = opsdeck::state::operator::Operator::current();
        let mut spec = opsdeck::release::launch::freeze(plan, "digest".into(), submitter, operator).unwrap();
        spec.secrets = secrets.iter().map(|&name| name.to_owned()).collect();
        // As a launch does: first what tells who holds what.
        drop(opsdeck::state::Control::open(&self.store).unwrap());
        let dir = self.store.run(spec.id);
        std::fs::create_dir_all(dir.path()).unwrap();
        let home = opsdeck::run::belongs::may_begin(&self.store).unwrap();
        spec.home = Some(opsdeck::run::belongs::freeze(home, &dir).unwrap());
        std::fs::write(dir.spec(), serde_yaml::to_string(&spec).unwrap()).unwrap();
        spec.id
    }

    /// Another release of the same project, for which nobody has a supervisor yet.
    pub fn beside(&self, change: impl FnOnce(&mut Plan)) -> World {
        let mut plan = self.plan();
        change(&mut plan);
        World {
            tmp: Arc::clone(&self.tmp),
            store: self.store.clone(),
            id: self.submit(plan),
            supervisor: None,
            env: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// Of whoever supervises.
    pub fn home(&self) -> PathBuf {
        self.tmp.path().to_owned()
    }

    pub fn project(&self) -> PathBuf {
        self.tmp.path().join("project")
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.project().join(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.project().join(name)).unwrap_or_default()
    }

    pub fn dir(&self) -> RunDir {
        self.store.run(self.id)
    }

    /// Starts a supervisor; with `kill_at` it is killed as it waits for the disk that many times.
    pub fn supervise(&mut self, first: bool, kill_at: Option<u32>) {
        let strace = kill_at.map(|n| supervisor::kill_at(&self.store, self.id, n)).unwrap_or_default();
        self.traced(first, &strace.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Likewise, under strace with these arguments, where there are any.
    pub fn traced(&mut self, first: bool, strace: &[&str]) {
        let mut command = supervisor::command(&self.store, self.id, first, strace);
        // They reach the first one alone: the next one is that of somebody else who looks.
        if first && !self.secrets.is_empty() {
            command.arg("--secrets").stdin(Stdio::piped());
        }
        let mut child = command
            .env("HOME", self.tmp.path())
            .env("TMPDIR", self.tmp.path())
            .envs(self.env.iter().cloned())
            .spawn()
            .unwrap();
        if let Some(mut stdin) = child.stdin.take() {
            std::io::Write::write_all(&mut stdin, &self.secrets).unwrap();
        }
        self.supervisor = Some(child);
    }

    /// Waits until the supervisor was killed; false: it lived to its end. Then nobody supervises it.
    pub fn was_killed(&mut self) -> bool {
        !self.supervisor.take().unwrap().wait().unwrap().success()
    }

    /// Kills the supervisor.
    pub fn kill(&mut self) {
        let mut supervisor = self.supervisor.take().unwrap();
        supervisor.kill().unwrap();
        supervisor.wait().unwrap();
    }

    /// Goes on where the last supervisor left it.
    pub fn resume(&mut self) {
        // One that was killed before its first writing has begun nothing.
        let first = self.run().seq == 0;
        self.secrets.clear();
        self.supervise(first, None);
    }

    pub fn plan(&self) -> Plan {
        let spec = opsdeck::run::read_spec(&self.dir()).unwrap();
        opsdeck::release::launch::body(&spec).unwrap().unwrap().plan
    }

    pub fn run(&self) -> RunState {
        Follower::open(&self.dir()).unwrap().state
    }

    pub fn release(&self) -> Release {
        let run = self.run();
        let events: Vec<(i64, Event)> =
            run.own.iter().map(|(ts, json)| (*ts, serde_json::from_str(json).unwrap())).collect();
        opsdeck::release::fold(events.iter().map(|(ts, event)| (*ts, event)))
    }

    /// Waits until it stands somewhere.
    pub fn stands(&self, what: &str, at: impl Fn(At) -> bool) -> Release {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let release = self.release();
            if at(release.at) {
                return release;
            }
            let told = || format!("{:?}, waits for {:?}, {:?}", release.at, release.waits, release.history);
            assert!(Instant::now() < deadline, "waited in vain for {what}: it is {}", told());
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    pub fn ended(&mut self) -> Release {
        let release = self.stands("the release to end", At::is_terminal);
        wait_true(30, "its supervisor to leave", || Lock::is_held(&self.dir().lock()) == Answer::No);
        if let Some(mut supervisor) = self.supervisor.take() {
            supervisor.wait().unwrap();
        }
        assert!(self.run().state.is_terminal());
        assert_eq!(self.run().state_name(), release.at.name());
        release
    }

    pub fn log(&self, host: &str) -> String {
        self.read(&format!("{host}.log"))
    }

    pub fn ask(&self, verb: &Verb) -> Result<(), String> {
        let command = Control::Own { body: serde_json::to_value(verb).unwrap(), row: None, from: None, glass: None };
        let reply =
            wait_until(20, "the supervisor to listen", || ask(&self.dir(), &command, Duration::from_secs(20)).ok());
        if reply.ok { Ok(()) } else { Err(reply.message) }
    }

    /// Intents to work on a host, from the journal.
    pub fn intents(&self, host: &str) -> usize {
        let of = |json: &str| match serde_json::from_str(json).unwrap() {
            Event::BatchIntent { hosts, .. } => hosts.iter().any(|h| h == host),
            _ => false,
        };
        self.run().own.iter().filter(|(_, json)| of(json)).count()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        supervisor::end(&self.store, self.id, self.supervisor.take());
    }
}

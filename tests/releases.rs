//! Rolling releases on the real Ansible, over local connections, under the real supervisor: to their end, stopped by a
//! person, and with the supervisor killed after every single writing of its journal.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "support/wait.rs"]
mod wait;

use opsdeck::ansible::ask::Play;
use opsdeck::release::event::{Event, Person};
use opsdeck::release::machine::{Stop, Verb};
use opsdeck::release::plan::*;
use opsdeck::release::state::{At, Mark, Release};
use opsdeck::run::control::{Command as Control, ask};
use opsdeck::run::{Follower, RunState};
use opsdeck::state::{Identity, Life, Lock, RunDir, StateDir};
use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use uuid::Uuid;
use wait::{wait_true, wait_until};

/// Each host writes down that it was worked on, by whom, and with which version.
const DEPLOY: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - {name: deploy, shell: 'echo {{ release_version }} >> {{ inventory_hostname }}.log; [ ! -e broken-{{ inventory_hostname }} ]'}
";

/// A project, a release of it that nobody supervises yet, and whoever supervises it.
struct World {
    tmp: tempfile::TempDir,
    store: StateDir,
    id: Uuid,
    supervisor: Option<Child>,
}

fn step(id: &str, kind: StepKind) -> Step {
    Step { id: id.into(), name: id.into(), kind, timeout: None, retries: 0, idempotent: true, irreversible: false }
}

fn stage(name: &str, when: When, kind: StepKind) -> Stage {
    Stage { name: name.into(), when, groups: vec![vec![step(&format!("{name}/1"), kind)]], join: Join::All }
}

fn program(argv: &[&str]) -> StepKind {
    StepKind::Command { argv: argv.iter().map(|&a| a.to_owned()).collect() }
}

fn playbook() -> StepKind {
    StepKind::Playbook { play: Play { playbook: "deploy.yml".into(), ..Play::default() } }
}

fn vars(version: &str) -> BTreeMap<String, serde_json::Value> {
    [("release_version".to_owned(), version.into())].into()
}

fn plan(cwd: &std::path::Path, batches: &[&[&str]]) -> Plan {
    let batch = |hosts: &&[&str]| Batch { hosts: hosts.iter().map(|&h| h.to_owned()).collect(), weight: None };
    let probe = Probe::Command { argv: vec!["true".into()] };
    Plan {
        format: FORMAT,
        release: "web".into(),
        service: "web".into(),
        environment: "staging".into(),
        version: "2".into(),
        current: Some("1".into()),
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
        gates: vec![Gate {
            name: "up".into(),
            probe,
            interval: 0,
            timeout: 10,
            passes: 1,
            fails: 1,
            inconclusive: 1,
            window: 0,
        }],
        traffic: None,
        rollback: Rollback {
            to: Some("1".into()),
            steps: vec![step("rollback/1", playbook())],
            automatic: true,
            vars: vars("1"),
        },
        approval: Approval { needed: 0, expires: 600 },
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
    fn new(batches: &[&[&str]], change: impl FnOnce(&mut Plan)) -> World {
        let tmp = tempfile::tempdir().unwrap();
        let store = StateDir::at(tmp.path().join("state"));
        let project = tmp.path().join("project");
        std::fs::create_dir(&project).unwrap();
        let mut inventory = String::new();
        for host in batches.concat() {
            inventory += &format!("{host} ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n");
        }
        std::fs::write(project.join("hosts.ini"), inventory).unwrap();
        std::fs::write(project.join("opsdeck.yaml"), "environments: {staging: {inventory: hosts.ini}}\n").unwrap();
        std::fs::write(project.join("deploy.yml"), DEPLOY).unwrap();
        let mut plan = plan(&project, batches);
        change(&mut plan);
        let submitter = Person { uid: 4_000_000, name: "ann".into() };
        let operator = opsdeck::state::operator::Operator::current();
        let spec = opsdeck::release::launch::freeze(plan, "digest".into(), submitter, operator).unwrap();
        let dir = store.run(spec.id);
        std::fs::create_dir_all(dir.path()).unwrap();
        std::fs::write(dir.spec(), serde_yaml::to_string(&spec).unwrap()).unwrap();
        World { tmp, store, id: spec.id, supervisor: None }
    }

    fn dir(&self) -> RunDir {
        self.store.run(self.id)
    }

    /// Starts a supervisor; with `kill_at` it is killed as it waits for the disk that many times.
    fn supervise(&mut self, first: bool, kill_at: Option<u32>) {
        let opsdeck = env!("CARGO_BIN_EXE_opsdeck");
        let mut command = match kill_at {
            Some(n) => {
                let mut strace = Command::new("strace");
                strace.args(["-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e"]);
                strace.arg(format!("inject=fdatasync:signal=SIGKILL:when={n}")).arg(opsdeck);
                strace
            }
            None => Command::new(opsdeck),
        };
        command.arg("--state-dir").arg(self.store.root()).args(["supervise", &self.id.to_string()]);
        if first {
            command.arg("--first");
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).env("HOME", self.tmp.path());
        self.supervisor = Some(command.spawn().unwrap());
    }

    fn run(&self) -> RunState {
        Follower::open(&self.dir()).unwrap().state
    }

    fn release(&self) -> Release {
        let run = self.run();
        let events: Vec<(i64, Event)> =
            run.own.iter().map(|(ts, json)| (*ts, serde_json::from_str(json).unwrap())).collect();
        opsdeck::release::fold(events.iter().map(|(ts, event)| (*ts, event)))
    }

    /// Waits until it stands somewhere.
    fn stands(&self, what: &str, at: impl Fn(At) -> bool) -> Release {
        wait_until(120, what, || Some(self.release()).filter(|release| at(release.at)))
    }

    fn ended(&mut self) -> Release {
        let release = self.stands("the release to end", At::is_terminal);
        wait_true(30, "its supervisor to leave", || !Lock::is_held(&self.dir().lock()));
        if let Some(mut supervisor) = self.supervisor.take() {
            supervisor.wait().unwrap();
        }
        assert!(self.run().state.is_terminal());
        assert_eq!(self.run().state_name(), release.at.name());
        release
    }

    fn log(&self, host: &str) -> String {
        std::fs::read_to_string(self.tmp.path().join(format!("project/{host}.log"))).unwrap_or_default()
    }

    fn ask(&self, verb: &Verb) -> Result<(), String> {
        let command = Control::Own { body: serde_json::to_value(verb).unwrap() };
        let reply =
            wait_until(20, "the supervisor to listen", || ask(&self.dir(), &command, Duration::from_secs(20)).ok());
        if reply.ok { Ok(()) } else { Err(reply.message) }
    }

    /// Intents to work on a host, from the journal.
    fn intents(&self, host: &str) -> usize {
        let of = |json: &str| match serde_json::from_str(json).unwrap() {
            Event::BatchIntent { hosts, .. } => hosts.iter().any(|h| h == host),
            _ => false,
        };
        self.run().own.iter().filter(|(_, json)| of(json)).count()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let Ok(run) = Follower::open(&self.dir()) else { return };
        if let Some(mut supervisor) = self.supervisor.take() {
            let _ = supervisor.kill();
            let _ = supervisor.wait();
        }
        for step in run.state.steps.keys() {
            let pids = std::fs::read(self.dir().step(*step).pid()).unwrap_or_default();
            if let Ok(found) = serde_json::from_slice::<opsdeck::run::step::Processes>(&pids) {
                for process in [Some(found.runner), found.child].into_iter().flatten() {
                    if Identity::life(&process) == Life::Alive {
                        process.signal(rustix::process::Signal::KILL);
                    }
                }
            }
        }
    }
}

#[test]
fn a_rolling_release_goes_batch_by_batch_to_its_end() {
    let mut world = World::new(&[&["w1"], &["w2", "w3"]], |_| {});
    world.supervise(true, None);
    let release = world.ended();
    assert_eq!(release.at, At::Succeeded, "{:?}", release.history);
    for host in ["w1", "w2", "w3"] {
        assert_eq!((world.log(host).as_str(), world.intents(host), release.hosts[host].mark), ("2\n", 1, Mark::New));
    }
    let run = world.run();
    let phases: Vec<&str> = run.phases.iter().map(|(name, _)| name.as_str()).collect();
    let path = "planned queued preparing deploying gating deploying gating verifying succeeded";
    assert_eq!(phases.join(" "), path);
    assert_eq!(run.steps.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4], "one process a step and batch");
    assert!(!world.dir().step(2).vars().exists(), "the variables do not stay");
    assert!(run.lease.is_some());
}

#[test]
fn a_batch_that_fails_is_rolled_back_by_itself() {
    let mut world = World::new(&[&["w1"], &["w2"]], |_| {});
    std::fs::write(world.tmp.path().join("project/broken-w2"), "").unwrap();
    // It fails forward, and goes back once what broke it is mended.
    let mended = world.tmp.path().join("project/deploy.yml");
    std::fs::write(&mended, DEPLOY.replace("[ ! -e", "[ {{ release_version }} = 1 ] || [ ! -e")).unwrap();
    world.supervise(true, None);
    let release = world.ended();
    assert_eq!(release.at, At::RolledBack, "{:?}", release.history);
    assert_eq!((world.log("w1").as_str(), world.log("w2").as_str()), ("2\n1\n", "2\n1\n"));
    assert_eq!(release.rollbacks, 1);
}

#[test]
fn people_are_heard_and_refused_through_the_socket() {
    let mut world = World::new(&[&["w1"]], |plan| plan.approval.needed = 1);
    world.supervise(true, None);
    world.stands("people to be waited for", |at| at == At::AwaitingApproval);
    let other = world.ask(&Verb::Approve { digest: "another".into() }).unwrap_err();
    assert!(other.contains("another one"), "{other}");
    assert!(world.ask(&Verb::Resume).unwrap_err().contains("not paused"));
    world.ask(&Verb::Approve { digest: "digest".into() }).unwrap();
    let release = world.ended();
    assert_eq!(release.at, At::Succeeded);
    assert_eq!(release.approvals[0].by.uid, rustix::process::geteuid().as_raw(), "by the kernel's word");
}

#[test]
fn a_stop_leaves_nothing_running_and_says_what_it_left() {
    let mut world = World::new(&[&["w1"]], |plan| {
        plan.stages[0] = stage("prepare", When::Before, program(&["sleep", "600"]));
    });
    world.supervise(true, None);
    wait_until(60, "the first step", || world.run().steps.get(&1).and_then(|step| step.pid));
    world.ask(&Verb::Stop { how: Stop::Now, reason: Some("enough".into()) }).unwrap();
    assert_eq!(world.ended().at, At::Cancelled);
    assert_eq!((world.log("w1").as_str(), world.run().steps[&1].rungs.len()), ("", 1));
}

/// Killed at the n-th time it waits for the disk, then resumed. True if it lived as long as that.
fn killed_at(n: u32) -> bool {
    let mut world = World::new(&[&["w1"], &["w2"]], |_| {});
    world.supervise(true, Some(n));
    let how = world.supervisor.take().unwrap().wait().unwrap();
    let killed = !how.success();
    if killed {
        let first = world.run().seq == 0;
        world.supervise(first, None);
    }
    let release = world.ended();
    assert_eq!(release.at, At::Succeeded, "killed at {n}: {:?}", release.history);
    for host in ["w1", "w2"] {
        assert_eq!((world.log(host).as_str(), world.intents(host)), ("2\n", 1), "killed at {n}: {host} once");
    }
    killed
}

#[test]
fn killed_after_any_writing_of_its_journal_it_ends_as_if_nothing_had_been() {
    let last = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for lane in 1..=2 {
            let last = &last;
            scope.spawn(move || {
                let mut n = lane;
                while killed_at(n) {
                    last.fetch_max(n, std::sync::atomic::Ordering::SeqCst);
                    n += 2;
                }
            });
        }
    });
    let last = last.into_inner();
    println!("killed at each of {last} writings");
    assert!(last > 25, "a release of two batches writes more often: {last}");
}

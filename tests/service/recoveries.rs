//! A recovery on the real Ansible, over a local connection, under the real supervisor, which is killed after every single
//! writing of its journal: the action is never run twice, and the run ends where it should.

use crate::support::supervisor;
use crate::support::wait::wait_true;
use opsdeck::ansible::secrets::Secrets;
use opsdeck::audit::{Filter, Ledger};
use opsdeck::health::judge::{CheckState, Got, Reading, Rule};
use opsdeck::health::probe::{Probe, Verdict};
use opsdeck::health::record::{Record, Report, Unit};
use opsdeck::health::store::Store;
use opsdeck::project::{Project, scope};
use opsdeck::recovery::event::{Event, Step};
use opsdeck::recovery::facts;
use opsdeck::recovery::incident::{Incident, State};
use opsdeck::recovery::launch::{self, Watch};
use opsdeck::recovery::state::{At, Recovery};
use opsdeck::run::{Follower, RunState};
use opsdeck::state::operator::Operator;
use opsdeck::state::recovery::{IncidentRow, Token};
use opsdeck::state::{Answer, Control, Lock, StateDir, clock};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

/// A host whose service does not answer, and a recovery of it that nobody supervises yet.
struct World {
    tmp: tempfile::TempDir,
    store: StateDir,
    id: Uuid,
    scope: String,
    secrets: Secrets,
    supervisor: Option<Child>,
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// What the poller wrote: the guards want to know that it is this host, and no other.
fn down(host: &str) -> Report {
    let rule = Rule { interval: 3_600, fall: 1, ..Rule::default() };
    let reading =
        Reading { began: now(), at: now(), got: Got::Verdict(Verdict::Fail), text: "refused".into(), least: None };
    let record = Record {
        check: "web".into(),
        family: "web".into(),
        source: "shell".into(),
        need: "exit code 0".into(),
        unit: Unit::Number,
        value: None,
        state: CheckState::default().judge(&rule, reading),
        rule,
        series: Default::default(),
        trend: None,
    };
    Report { host: Some(host.into()), probe: "web".into(), at: now(), records: vec![record] }
}

fn yaml(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "environments: {{staging: {{inventory: hosts.ini}}}}\n\
         checks: {{web: {{shell: test -e {folder}/up}}}}\n\
         runbooks: [{{name: restart, module: shell, args: 'echo acted >> {folder}/acted; touch {folder}/up'}}]\n\
         recovery:\n  web:\n    check: web\n    ladder: [restart]\n    mode: act\n    diagnostics: [uptime]\n    \
         verify: {{passes: 2, window: 1s, deadline: 20s, interval: 1s}}\n    probation: 1s\n"
    )
}

impl World {
    fn new() -> World {
        World::of(yaml)
    }

    fn of(yaml: impl Fn(&Path) -> String) -> World {
        let tmp = tempfile::tempdir().unwrap();
        let (folder, store) = (tmp.path().join("project"), StateDir::at(tmp.path().join("state")));
        std::fs::create_dir(&folder).unwrap();
        let host = "w1 ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n";
        std::fs::write(folder.join("hosts.ini"), host).unwrap();
        std::fs::write(folder.join("opsdeck.yaml"), yaml(tmp.path())).unwrap();
        let project = Project::at(&folder).unwrap();
        assert!(project.problems.is_empty(), "{:?}", project.problems);
        let probe = Probe::Command { argv: vec!["test".into(), "-e".into(), "../up".into()] };
        let watch = Watch::Probe { probe, timeout: 5 };
        let (policy, id) = (&project.recovery[0], Uuid::now_v7());
        let about = (Uuid::now_v7(), "refused");
        let (body, secrets) = launch::body(&project, "staging", policy, "w1", about, watch).unwrap();
        let scope = scope(&body.inventory, &body.cwd);
        let polled = Store::open(&store, &scope).unwrap();
        assert_eq!(polled.take("test", "the test", clock::booted()).unwrap(), None);
        assert!(polled.publish("test", &[(down("w1"), None)], now()).unwrap());
        // As a launch does: first what tells who holds what.
        drop(Control::open(&store).unwrap());
        std::fs::create_dir_all(store.run(id).path()).unwrap();
        let mut spec = launch::freeze(id, &body, secrets.names()).unwrap();
        let home = opsdeck::run::belongs::may_begin(&store).unwrap();
        spec.home = Some(opsdeck::run::belongs::freeze(home, &store.run(id)).unwrap());
        std::fs::write(store.run(id).spec(), serde_yaml::to_string(&spec).unwrap()).unwrap();
        World { tmp, store, id, scope, secrets, supervisor: None }
    }

    /// Actions that count for its policy, with this pause between two on a host.
    fn counted(&self, pause: u32) -> Vec<Token> {
        let project = Project::at(&self.tmp.path().join("project")).unwrap();
        let mut policy = project.recovery[0].clone();
        policy.guards.host_pause = pause;
        let about = facts::About {
            root: &project.root,
            inventory: &["hosts.ini".to_owned()],
            environment: "staging",
            policy: &policy,
            host: "w1",
            action: "restart",
            own: None,
        };
        facts::gather(&self.store, about, &[], now()).tokens
    }

    fn supervise(&mut self, first: bool, kill_at: Option<u32>) {
        let strace = kill_at.map(|n| supervisor::kill_at(&self.store, self.id, n)).unwrap_or_default();
        let strace: Vec<&str> = strace.iter().map(String::as_str).collect();
        let mut command = supervisor::command(&self.store, self.id, first, &strace);
        command.env("HOME", self.tmp.path()).env("TMPDIR", self.tmp.path());
        if first && !self.secrets.is_empty() {
            command.arg("--secrets");
        }
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        if first && !self.secrets.is_empty() {
            self.secrets.write_to(&mut stdin).unwrap();
        }
        self.supervisor = Some(child);
    }

    /// Waits for the end of a supervisor; true: it was killed.
    fn was_killed(&mut self) -> bool {
        !self.supervisor.take().unwrap().wait().unwrap().success()
    }

    fn run(&self) -> RunState {
        Follower::open(&self.store.run(self.id)).unwrap().state
    }

    fn events(&self) -> Vec<(i64, Event)> {
        self.run().own.iter().map(|(ts, json)| (*ts, serde_json::from_str(json).unwrap())).collect()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.tmp.path().join(name)
    }

    /// Waits until it has ended and nobody supervises it.
    fn ended(&mut self) -> Recovery {
        let mut recovery = Recovery::default();
        wait_true(120, "the recovery to end", || {
            recovery = Recovery::default();
            self.events().iter().for_each(|(ts, event)| recovery.apply(*ts, event));
            recovery.at().is_terminal()
        });
        wait_true(30, "its supervisor to leave", || Lock::is_held(&self.store.run(self.id).lock()) == Answer::No);
        if let Some(mut supervisor) = self.supervisor.take() {
            supervisor.wait().unwrap();
        }
        recovery
    }
}

impl Drop for World {
    fn drop(&mut self) {
        supervisor::end(&self.store, self.id, self.supervisor.take());
    }
}

/// Killed at the n-th time it waits for the disk, then resumed. `None`: it lived to its end; else whether the action was run:
/// it is not where the kill came between its intent and it.
fn killed_at(n: u32) -> Option<bool> {
    let mut world = World::new();
    world.supervise(true, Some(n));
    let killed = world.was_killed();
    if killed {
        // One that was killed before its first writing has begun nothing.
        let first = world.run().seq == 0;
        world.supervise(first, None);
    }
    let recovery = world.ended();
    let acted = std::fs::read_to_string(world.file("acted")).unwrap_or_default();
    let told = format!("killed at {n}: {acted:?} {:?}", recovery.history);
    let (at, ran) = if acted.is_empty() { (At::Escalated, false) } else { (At::Healthy, true) };
    assert!(["", "acted\n"].contains(&acted.as_str()), "never twice: {told}");
    assert_eq!(recovery.at(), at, "{told}");
    assert_eq!(world.run().phase.as_deref(), Some(at.name()), "{told}");
    assert!(world.run().state.is_terminal(), "{told}");
    let intents = world.events().into_iter();
    let intents = intents.filter(|(_, e)| matches!(e, Event::StepIntent { step: Step::Action(_), .. })).count();
    assert_eq!((intents, recovery.acts.len(), recovery.acts[0].helped), (1, 1, Some(ran)), "{told}");
    let control = Control::open(&world.store).unwrap();
    let tokens = control.tokens(0).unwrap();
    assert_eq!(tokens.iter().map(|token| token.helped).collect::<Vec<_>>(), [Some(ran)], "counted once: {told}");
    assert!(control.leases(&world.scope).unwrap().is_empty(), "the host is free again: {told}");
    killed.then_some(ran)
}

/// In every secret of these tests; nowhere else.
const CANARY: &str = "C4n4ry";

/// The rung needs a secret; with `harder` the one after it has another value for the same name.
fn secretive(harder: bool) -> impl Fn(&Path) -> String {
    move |folder| {
        let folder = folder.display();
        let up = if harder { String::new() } else { format!("; touch {folder}/up") };
        let told = "{{ (db_password == 'C4n'~'4ry') | ternary('knew', 'wrong') }}";
        let ladder = if harder { "[restart, harder]" } else { "[restart]" };
        format!(
            "environments: {{staging: {{inventory: hosts.ini}}}}\n\
             checks: {{web: {{shell: test -e {folder}/up}}}}\n\
             runbooks:\n  - {{name: restart, module: shell, args: \"echo {told} >> {folder}/acted{up}\", extra_vars: 'n=1 db_password=C4n4ry'}}\n  \
             - {{name: harder, module: ping, extra_vars: 'db_password=C4n4ry2'}}\n\
             recovery:\n  web:\n    check: web\n    ladder: {ladder}\n    mode: act\n    \
             verify: {{passes: 2, window: 1s, deadline: 3s, interval: 1s}}\n    probation: 1s\n"
        )
    }
}

fn search(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            search(&entry.path());
        } else if kind.is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            let found = memchr::memmem::find(&bytes, CANARY.as_bytes());
            assert!(found.is_none(), "a secret is in {}", entry.path().display());
        }
    }
}

#[test]
fn secret_variables_reach_their_runbooks_and_stand_nowhere() {
    let mut world = World::of(secretive(false));
    assert_eq!(world.secrets.names().map(ToString::to_string).collect::<Vec<_>>(), ["extra:db_password"]);
    search(world.store.root());
    world.supervise(true, None);
    let recovery = world.ended();
    let acted = std::fs::read_to_string(world.file("acted")).unwrap_or_default();
    assert_eq!((recovery.at(), acted.as_str()), (At::Healthy, "knew\n"), "{:?}", recovery.history);
    search(world.store.root());
}

#[test]
fn without_its_secrets_a_rung_is_not_begun_and_a_person_is_called() {
    let mut world = World::of(secretive(false));
    world.supervise(true, Some(2));
    assert!(world.was_killed());
    world.supervise(false, None);
    let recovery = world.ended();
    let (at, _, why) = recovery.history.last().unwrap();
    assert!(*at == At::Escalated && why.contains("gone with the supervisor that died: db_password"), "{at:?}: {why}");
    assert!(!world.file("acted").exists() && recovery.acts.is_empty());
    // What was counted and not begun when its run was over was not done, and holds nobody up.
    let (hour, control) = (3_600_000, Control::open(&world.store).unwrap());
    let count = |run, host: &str, ago: i64, helped: Option<bool>| {
        let (environment, service, host, action) = ("staging".into(), "web".into(), host.into(), "restart".into());
        control
            .take_token(&Token { run, number: 0, environment, service, host, action, at: now() - ago, helped })
            .unwrap();
        helped.map(|helped| control.end_token(run, 0, helped).unwrap());
    };
    count(world.id, "w2", 1_000, None);
    assert!(world.counted(600).is_empty());
    let lives = World::new();
    std::fs::rename(lives.store.run(lives.id).path(), world.store.run(lives.id).path()).unwrap();
    count(lives.id, "w2", 1_000, None);
    assert_eq!(world.counted(600)[0].helped, None, "of one that may live nobody can tell");
    count(Uuid::now_v7(), "w1", 2 * hour, Some(true));
    assert_eq!((world.counted(600).len(), world.counted(3 * 3_600).len()), (1, 2), "as far back as the pause is long");
    // What cannot be kept apart is said where its turn comes, and the rungs before it are tried.
    let mut world = World::of(secretive(true));
    world.supervise(true, None);
    let recovery = world.ended();
    let (at, _, why) = recovery.history.last().unwrap();
    assert!(
        *at == At::Escalated && why.contains("\"harder\" cannot be run: extra:db_password has another value"),
        "{why}"
    );
    assert_eq!(std::fs::read_to_string(world.file("acted")).unwrap(), "knew\n");
    search(world.store.root());
}

#[test]
fn one_taking_over_is_one_pair_of_rows() {
    let mut world = World::of(|folder| yaml(folder).replace("touch", "true"));
    world.supervise(true, None);
    wait_true(60, "it to be verified", || world.run().phase.as_deref() == Some(At::Verifying.name()));
    let control = Control::open(&world.store).unwrap();
    let incident =
        Incident { run: Some(world.id), state: State::Verifying, ..Incident::new("staging", "web", "w1", now()) };
    let body = serde_json::to_string(&incident).unwrap();
    let of = |text: &str| text.to_owned();
    let row = IncidentRow { environment: of("staging"), policy: of("web"), host: of("w1"), body };
    control.put_incident(&row).unwrap();
    let taken = opsdeck::recovery::take_over(&world.store, world.id, &Operator::current(), Some("mine")).unwrap();
    assert_eq!(taken.state, State::Taken);
    assert_eq!(world.ended().taken.unwrap().1.as_deref(), Some("mine"));
    let rows = Ledger::open(&world.store.audit()).unwrap().query(&Filter::default(), 99).unwrap().rows;
    let rows = rows.iter().filter(|row| row.entry.action == "recovery.take_over");
    assert_eq!(rows.map(|row| row.entry.phase.as_str()).collect::<Vec<_>>(), ["outcome", "intent"]);
}

#[test]
fn killed_after_any_writing_of_its_journal_it_acts_once_and_ends_where_it_should() {
    let (last, untouched) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for lane in 1..=2 {
            let (last, untouched) = (&last, &untouched);
            scope.spawn(move || {
                let mut n = lane;
                while let Some(ran) = killed_at(n) {
                    last.fetch_max(n, Ordering::SeqCst);
                    untouched.fetch_add(u32::from(!ran), Ordering::SeqCst);
                    n += 2;
                }
            });
        }
    });
    let (last, untouched) = (last.into_inner(), untouched.into_inner());
    println!("killed at each of {last} writings; at {untouched} the action was not begun, and a person was called");
    assert!(last > 20, "a recovery writes more often: {last}");
    assert!(untouched <= 2, "only between the intent and the act: {untouched}");
}

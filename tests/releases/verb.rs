//! `opsdeck release` as a CI job calls it: the real binary, the real Ansible over local connections. Its exit code tells each
//! end apart, JSON and JUnit say the same, and what is refused starts nothing.

use crate::support::wait::{wait_true, wait_until};
use opsdeck::cli::demo::{MARK, marked};
use opsdeck::state::alerts::AlertRow;
use opsdeck::state::identity::Stat;
use opsdeck::state::{Control, Identity, Life, StateDir};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Versions that begin with `bad` fail on the hosts, those that begin with `broken` before; `held` waits for a file `go`.
const DEPLOY: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - {name: bring it out, shell: 'case {{ release_version }} in bad*) exit 1;; esac; echo {{ release_version }} > {{ inventory_hostname }}.version'}
";

const RELEASES: &str = "
environments: {lab: {inventory: hosts.ini}, walled: {inventory: hosts.ini, protect: true}}
releases:
  web:
    hosts: all
    bake: 0s
    strategy: {rolling: {soak: 0s}}
    stages:
      - prepare: [{command: \"sh -c 'case {{ release_version }} in broken*) exit 1;; held) until [ -e go ]; do sleep 0.02; done;; esac'\"}]
      - deploy: [{playbook: deploy.yml}]
    rollback: [{playbook: deploy.yml}]
";

struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new(more: &str) -> World {
        let world = World { dir: tempfile::tempdir().unwrap() };
        let host = |h| format!("{h} ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n");
        world.write("hosts.ini", &(host("w1") + &host("w2")));
        world.write("deploy.yml", DEPLOY);
        world.write("opsdeck.yaml", &(RELEASES.to_owned() + more));
        world
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).unwrap();
    }

    fn version(&self, host: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(format!("{host}.version"))).unwrap().trim().to_owned()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
        command.arg("--state-dir").arg(self.dir.path().join("state")).arg("-C").arg(self.dir.path()).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
            .env("OPSDECK_TICKET", "CHG-4711")
            .env(MARK, self.dir.path())
            .env("HOME", self.dir.path())
            .env("TMPDIR", self.dir.path())
            .env_remove("ANSIBLE_CONFIG")
            .env_remove("ANSIBLE_INVENTORY");
        command
    }

    fn opsdeck(&self, args: &[&str]) -> (i32, String, String) {
        told(self.command(args).output().unwrap())
    }

    /// Brings a version out and stays.
    fn release(&self, version: &str, more: &[&str]) -> (i32, String, String) {
        let args = ["release", "web", "-e", "lab", "--version", version, "--yes", "--wait"];
        self.opsdeck(&[&args, more].concat())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // A release that waits for a person outlives whoever submitted it.
        marked::sweep(self.dir.path());
    }
}

fn told(output: Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn junit(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn each_end_has_its_exit_code() {
    let world = World::new("");
    let (code, out, err) = world.release("1.0", &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!((world.version("w1"), world.version("w2")), ("1.0".into(), "1.0".into()));
    let at = |what: &str| out.find(what).unwrap_or_else(|| panic!("{what} in {out}"));
    let (_, rows, _) = world.opsdeck(&["audit", "--json"]);
    let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["change_ticket"] == "CHG-4711"), "{rows:?}");
    assert!(at("preparing") < at("deploying batch 1") && at("deploying batch 2") < at("succeeded"), "{out}");

    let report = world.dir.path().join("report.xml");
    let (code, out, err) = world.release("bad-2", &["--json", "--junit", report.to_str().unwrap()]);
    assert_eq!(code, 10, "{out}{err}");
    let json: Value =
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: stdout holds the object alone: {out}"));
    assert_eq!((&json["state"], &json["exit_code"]), (&"rolled_back".into(), &10.into()));
    assert_eq!((world.version("w1"), world.version("w2")), ("1.0".into(), "1.0".into()));
    assert!(junit(&report).contains("<failure"), "{}", junit(&report));

    let (code, out, err) = world.release("broken-3", &[]);
    assert_eq!(code, 11, "{out}{err}");
    assert_eq!(world.version("w1"), "1.0", "nothing was changed");
}

#[test]
fn where_a_person_is_needed_it_says_so_or_waits_for_them() {
    let world = World::new("    approvals: 1\n");
    let (code, out, err) = world.release("1.0", &[]);
    assert_eq!(code, 12, "{out}{err}");
    assert!(out.contains("awaiting approval") && out.contains("waits for"), "{out}");
    // The one who submitted it may end it, and whoever waits for people learns of it.
    let waiting: Child = {
        let args = ["release", "web", "-e", "lab", "--version", "2.0", "--yes", "--wait", "--people", "300"];
        world.command(&args).spawn().unwrap()
    };
    let id = wait_until(30, "the second release to wait", || {
        let (_, out, _) = world.opsdeck(&["runs", "--json"]);
        let runs: Value = serde_json::from_str(&out).ok()?;
        let mut runs = runs.as_array()?.iter();
        Some(runs.find(|r| r["title"] == "web 2.0")?["id"].as_str()?.to_owned())
    });
    wait_true(30, "it to ask for approval", || {
        world.opsdeck(&["show", &id, "--json"]).1.contains("\"awaiting_approval\"")
    });
    // What ends a run is answered before the run is gone.
    let (code, out, err) = world.opsdeck(&["reject", &id, "--reason", "not today"]);
    assert_eq!((code, out.trim()), (0, "cancelled"), "{err}");
    let (code, out, err) = told(waiting.wait_with_output().unwrap());
    assert_eq!(code, 13, "{out}{err}");
    assert!(out.contains("not today"), "{out}");
}

#[test]
fn what_is_refused_starts_nothing() {
    let world = World::new("");
    let refused = |args: &[&str], code: i32, words: &str| {
        let (got, out, err) = world.opsdeck(args);
        assert_eq!((got, out.as_str()), (code, ""), "{args:?}: {err}");
        assert!(err.contains(words), "{args:?}: {err}");
    };
    let lab = ["release", "web", "-e", "lab", "--version", "1.0"];
    refused(&lab, 64, "--yes");
    refused(&[&lab[..], &["--yes", "--digest", "0000"]].concat(), 64, "the plan has changed");
    refused(&["release", "nosuch", "-e", "lab", "--version", "1.0", "--yes"], 1, "it has web");
    refused(&["release", "web", "-e", "nosuch", "--version", "1.0", "--yes"], 1, "it has lab, walled");
    refused(&[&lab[..], &["--people", "5"]].concat(), 2, "--wait");
    let mut without = world.command(&[&lab[..], &["--yes"]].concat());
    let (code, out, err) = told(without.env("PATH", "/nonexistent").output().unwrap());
    assert_eq!((code, out.as_str()), (64, ""), "no Ansible: told before anything is begun: {err}");
    assert!(err.contains("ansible-playbook"), "{err}");
    let (_, out, _) = world.opsdeck(&["runs", "--json"]);
    assert_eq!(out.trim(), "[]");

    // What was looked at is what is brought out.
    let (_, plan, _) = world.opsdeck(&["plan", "web", "-e", "lab", "--version", "1.0", "--json"]);
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let (code, out, err) = world.release("1.0", &["--digest", plan["digest"].as_str().unwrap()]);
    assert_eq!(code, 0, "{out}{err}");
    refused(&[&lab[..], &["--yes"]].concat(), 64, "--force");
    assert_eq!(world.release("1.0", &["--force"]).0, 0);
}

#[test]
fn a_plan_that_another_release_has_overtaken_is_cancelled_before_it_touches_anything() {
    let world = World::new("");
    let submitted = |version: &str| {
        let (code, out, err) = world.opsdeck(&["release", "web", "-e", "lab", "--version", version, "--yes"]);
        assert_eq!(code, 0, "{out}{err}");
        out.trim().to_owned()
    };
    let first = submitted("held");
    let state = |id: &str| {
        let (_, out, _) = world.opsdeck(&["show", id, "--json"]);
        let json: Value = serde_json::from_str(&out).unwrap();
        json["state"].as_str().unwrap().to_owned()
    };
    wait_true(60, "the first to have the environment", || state(&first) == "preparing");
    let late = submitted("1.1");
    wait_true(60, "the second to queue behind it", || state(&late) == "queued");
    world.write("go", "");
    wait_true(60, "the second to end", || state(&late) == "cancelled");
    assert_eq!((state(&first), world.version("w1")), ("succeeded".into(), "held".into()));
    let (_, story, _) = world.opsdeck(&["timeline", &late]);
    assert!(story.contains("held is stable here by now, and the plan was made for no version"), "{story}");
}

#[test]
fn the_version_to_go_back_to_is_named_where_none_is_known() {
    let world = World::new("");
    let (code, out, err) = world.release("bad-1", &["--current", "0.9"]);
    assert_eq!(code, 10, "{out}{err}");
    assert_eq!(world.version("w1"), "0.9");
    let (code, out, err) = world.release("1.0", &["--current", "0.9"]);
    assert_eq!(code, 0, "{out}{err}");
    // What is known is not overruled.
    let (code, _, err) = world.release("1.1", &["--current", "0.9"]);
    assert!(code == 1 && err.contains("1.0 is the stable version of lab"), "{code} {err}");
}

#[test]
fn what_would_change_is_shown_and_changes_nothing() {
    let world = World::new("");
    world.write(
        "deploy.yml",
        "- hosts: all\n  gather_facts: false\n  tasks:\n    - copy: {content: \"v{{ release_version }}\\n\", dest: \
         '{{ playbook_dir }}/{{ inventory_hostname }}.version'}\n",
    );
    let (code, out, err) = world.opsdeck(&["plan", "web", "-e", "lab", "--version", "9.9", "--diff"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("digest") && out.contains("+v9.9"), "the plan, then Ansible's own diff: {out}");
    assert!(!world.dir.path().join("w1.version").exists(), "nothing was changed");
    let (_, runs, _) = world.opsdeck(&["runs", "--json"]);
    let runs: Value = serde_json::from_str(&runs).unwrap();
    let id = runs[0]["id"].as_str().unwrap();
    let run: Value = serde_json::from_str(&world.opsdeck(&["show", id, "--json"]).1).unwrap();
    assert_eq!((&run["check"], &run["diff"], &run["environment"]), (&true.into(), &true.into(), &"lab".into()));
}

#[test]
fn alerts_that_were_there_while_it_ran_stand_beside_it() {
    let world = World::new("");
    let (code, out, err) = world.opsdeck(&["release", "web", "-e", "lab", "--version", "1.0", "--yes", "--wait"]);
    assert_eq!(code, 0, "{out}{err}");
    let control = Control::open(&StateDir::at(world.dir.path().join("state"))).unwrap();
    let alert = |name: &str, labels: &[(&str, &str)]| AlertRow {
        fingerprint: name.into(),
        labels: [("alertname", name)].iter().chain(labels).map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        ..AlertRow::default()
    };
    let over = AlertRow { ends_at: Some(1), ..alert("Long ago", &[("env", "lab")]) };
    let near = alert("Slow", &[("instance", "w1:9100")]);
    control.put_alerts(&[near, over, alert("Elsewhere", &[("env", "walled"), ("instance", "w1:9100")])]).unwrap();
    let shown = world.opsdeck(&["show", "last"]).1;
    for words in ["state        succeeded", "release      web", "version      1.0", "environment  lab"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let (_, alerts) = shown.split_once("alerts while it ran\n").unwrap();
    assert!(alerts.starts_with("  host: Slow  instance=w1:9100  fires for") && alerts.lines().count() == 1, "{shown}");
    let json: Value = serde_json::from_str(&world.opsdeck(&["show", "last", "--json"]).1).unwrap();
    assert_eq!((json["alerts"].as_array().unwrap().len(), &json["alerts"][0]["by"]), (1, &"host".into()));
    let (code, story, _) = world.opsdeck(&["timeline", "last"]);
    assert!(
        code == 0 && story.contains("| Slow | alert | w1:9100 | host |") && !story.contains("Elsewhere"),
        "{story}"
    );
}

impl World {
    fn store(&self) -> StateDir {
        StateDir::at(self.dir.path().join("state"))
    }

    fn shown(&self, id: &str) -> Value {
        let (_, out, err) = self.opsdeck(&["show", id, "--json"]);
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {err}"))
    }

    /// Submits a version, and gives its id when it waits for approval, with its supervisor.
    fn awaits_approval(&self, version: &str) -> (String, Identity) {
        let (code, out, err) = self.opsdeck(&["release", "web", "-e", "lab", "--version", version, "--yes"]);
        assert_eq!(code, 0, "{out}{err}");
        let id = out.trim().to_owned();
        wait_true(60, "it to wait for approval", || self.shown(&id)["release"]["waits"].is_string());
        let words = ["supervise", &id];
        let is = |pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let args: Vec<&[u8]> = line.split(|b| *b == 0).collect();
            args.windows(2).any(|pair| pair[0] == words[0].as_bytes() && pair[1] == words[1].as_bytes())
        };
        let pids = std::fs::read_dir("/proc").unwrap().filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok());
        let supervisor = pids.into_iter().find(is).and_then(Identity::of).unwrap();
        (id, supervisor)
    }

    /// Adds what somebody else says to the journal: bodies of the release's own events, and of the run's.
    fn forge(&self, id: &str, events: &[&str]) {
        let dir = self.store().run(id.parse().unwrap());
        let seq = opsdeck::run::Follower::open(&dir).unwrap().state.seq;
        let line = |(n, event): (u64, &&str)| format!("{{\"seq\":{},\"ts\":1,{event}}}\n", seq + n);
        let lines: String = (1..).zip(events).map(line).collect();
        let mut journal = std::fs::OpenOptions::new().append(true).open(dir.journal()).unwrap();
        std::io::Write::write_all(&mut journal, lines.as_bytes()).unwrap();
    }
}

/// Kills it, and its parent first, which would start the next one.
fn gone(supervisor: &Identity) {
    let parent = Stat::of(supervisor.pid).and_then(|stat| Identity::of(stat.ppid)).unwrap();
    assert!(parent.words().iter().any(|word| word == "guard") && parent.signal(rustix::process::Signal::KILL));
    wait_true(20, "its parent to be gone", || parent.life() != Life::Alive);
    assert!(supervisor.signal(rustix::process::Signal::KILL));
    wait_true(20, "the supervisor to be gone", || supervisor.life() != Life::Alive);
}

#[test]
fn an_approval_that_somebody_wrote_into_the_journal_is_shown_as_what_it_is() {
    let world = World::new("    approvals: 1\n");
    let (id, supervisor) = world.awaits_approval("1.0");
    // One that cannot say so itself.
    assert!(supervisor.signal(rustix::process::Signal::STOP));
    let digest = world.shown(&id)["release"]["digest"].as_str().unwrap().to_owned();
    let forged =
        format!(r#""e":"own","body":{{"k":"approved","by":{{"uid":7,"name":"mallory"}},"digest":"{digest}"}}"#);
    world.forge(&id, &[&forged]);
    let words = "no row in the ledger: does not count";
    let approvals = world.shown(&id)["release"]["approvals"].clone();
    assert_eq!((&approvals[0]["counts"], &approvals[0]["why"]), (&false.into(), &words.into()), "{approvals}");
    for verb in ["show", "timeline"] {
        let (_, out, err) = world.opsdeck(&[verb, &id]);
        let said = out.lines().any(|line| line.contains("mallory") && line.contains(words));
        assert!(said, "{verb}: {out}{err}");
    }
    // Its supervisor never knew of it, and takes it off.
    assert!(supervisor.signal(rustix::process::Signal::CONT));
    wait_true(30, "it to be taken off", || world.shown(&id)["release"]["approvals"] == serde_json::json!([]));
    assert_eq!(world.shown(&id)["state"], "awaiting_approval");
    let (code, _, err) = world.opsdeck(&["reject", &id, "--reason", "enough"]);
    assert_eq!(code, 0, "{err}");
}

#[test]
fn an_end_that_somebody_wrote_into_the_journal_makes_no_version_stable() {
    let world = World::new("    approvals: 1\n");
    let (id, supervisor) = world.awaits_approval("6.6");
    gone(&supervisor);
    world.forge(
        &id,
        &[
            r#""e":"own","body":{"k":"entered","at":{"state":"succeeded"},"why":"6.6 is out and stable"}"#,
            r#""e":"phase","name":"succeeded","state":"succeeded","why":"6.6 is out and stable""#,
            r#""e":"ended","state":"succeeded","why":"6.6 is out and stable""#,
        ],
    );
    let current = || {
        let (code, out, err) = world.opsdeck(&["plan", "web", "-e", "lab", "--version", "2.0", "--json"]);
        assert_eq!(code, 0, "{err}");
        serde_json::from_str::<Value>(&out).unwrap()["plan"]["current"].clone()
    };
    assert_eq!(current(), Value::Null);
    let shown = world.shown(&id);
    let why = shown["why"].as_str().unwrap();
    assert!(shown["state"] == "unknown" && why.contains("it was awaiting approval before"), "{shown}");
    let (_, rows, _) = world.opsdeck(&["runs", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&rows).unwrap()[0]["state"], "unknown");
    assert_eq!(current(), Value::Null);
    // Nothing of it lives: a person ends it.
    let (code, out, err) = world.opsdeck(&["rollback", &id, "--reason", "look"]);
    assert!(code == 64 && err.contains("`opsdeck stop` ends it"), "{out}{err}");
    let (code, _, err) = world.opsdeck(&["stop", &id]);
    assert!(
        code == 64 && err.contains("has ended: unknown"),
        "it held no lease, and its end is recorded: {code} {err}"
    );
}

#[test]
fn an_event_of_a_release_that_nobody_knows_leaves_it_shown_and_ended_by_a_person() {
    let world = World::new("    approvals: 1\n");
    let (id, supervisor) = world.awaits_approval("1.0");
    gone(&supervisor);
    world.forge(&id, &[r#""e":"own","body":{"k":"blessed","by":"mallory"}"#]);
    let (code, out, err) = world.opsdeck(&["show", &id]);
    assert!(code == 0 && out.contains("awaiting approval") && err.contains("unknown variant `blessed`"), "{out}{err}");
    let (code, _, err) = world.opsdeck(&["pause", &id, "--reason", "look"]);
    assert!(code == 64 && err.contains("cannot be supervised") && err.contains("`opsdeck stop` ends it"), "{err}");
    let (code, out, err) = world.opsdeck(&["stop", &id]);
    assert!(code == 0 && out.starts_with("unknown"), "{code} {out}{err}");
    assert_eq!(world.shown(&id)["state"], "unknown");
}

//! A run belongs to its directory, its owner and its machine: copies, restored backups, another machine, another user. The
//! real binary, real second users; what needs root says so loudly and is left out without it.

use crate::support::wait::wait_true;
use crate::support::world::{self, World, hosts, text};
use opsdeck::run::Follower;
use opsdeck::state::{RunDir, StateDir};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Appends to a file for each host that it runs on: whoever runs it twice is seen.
const MARK: &str =
    "[{hosts: all, gather_facts: false, tasks: [{name: mark, shell: 'echo {{ inventory_hostname }} >> ran'}]}]";
/// Users without a name of their own on most machines.
const ANN: u32 = 54_321;
const BOB: u32 = 54_322;

/// Two runs of one state directory: one that lives, and one that waits for it; killed supervisors would go on with both.
struct Two {
    world: World,
    live: String,
    queued: String,
}

impl Two {
    fn new() -> Two {
        let world = World::new();
        world.write("mark.yml", MARK);
        let live = world.launch_to_gate(&[]);
        let queued = world.launch(&["play", "mark.yml", "-i", "hosts.ini", "--on-conflict", "wait"]);
        wait_true(20, "it to be queued", || world.state(&queued).state.name() == "queued");
        Two { world, live, queued }
    }

    /// The same command line on another state directory.
    fn on(&self, state: &Path, args: &[&str]) -> Output {
        let mut all = args.to_vec();
        let (state, project) = (state.to_str().unwrap(), self.world.project());
        all.extend(["--state-dir", state, "-C", project.to_str().unwrap()]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
        command.args(all).env("HOME", self.world.project()).env("NO_COLOR", "1").stdin(std::process::Stdio::null());
        command.output().unwrap()
    }

    /// Whatever is tried on a copy: nothing is carried out, and nothing of the original changes.
    fn is_only_looked_at(&self, copy: &Path, words: &str) {
        let before = files(self.world.store.root(), &["journal.jsonl", "events.jsonl", "control.sock"]);
        for args in [
            &["runs"] as &[&str],
            &["runs", "--live", "--json"],
            &["show", &self.queued],
            &["show", &self.live, "--json"],
            &["logs", &self.live],
            &["logs", "-f", &self.queued],
            &["recovery"],
        ] {
            let seen = self.on(copy, args);
            assert!(seen.status.success(), "{args:?}: {}", text(&seen.stderr));
            assert!(text(&seen.stderr).contains(words), "{args:?}: {}", text(&seen.stderr));
        }
        for args in [
            &["stop", &self.live, "--now"] as &[&str],
            &["rerun", &self.queued],
            &["play", "mark.yml", "-i", "hosts.ini"],
            &["adhoc", "all", "-i", "hosts.ini", "-m", "shell", "-a", "echo adhoc >> ran"],
        ] {
            let refused = self.on(copy, args);
            assert_eq!(refused.status.code(), Some(64), "{args:?}: {}", text(&refused.stderr));
            assert!(text(&refused.stderr).contains(words), "{args:?}: {}", text(&refused.stderr));
        }
        for hidden in [&["supervise", &self.queued] as &[&str], &["step", &self.queued, "1"]] {
            assert_eq!(self.on(copy, hidden).status.code(), Some(1), "{hidden:?}");
        }
        let read_only: Value = serde_json::from_slice(&self.on(copy, &["show", &self.live, "--json"]).stdout).unwrap();
        assert!(read_only["read_only"].as_str().unwrap().ends_with("read-only"), "{}", read_only["read_only"]);
        for id in [&self.live, &self.queued] {
            let copied = StateDir::at(copy).run(id.parse().unwrap());
            assert!(copied.path().is_dir() && !is_locked(&copied), "nobody supervises a copy");
        }
        assert!(!self.world.has("ran"), "nothing ran");
        assert_eq!(files(self.world.store.root(), &["journal.jsonl", "events.jsonl", "control.sock"]), before);
        assert!(self.world.supervisor(&self.live).is_some() && self.world.supervisor(&self.queued).is_some());
    }

    fn end(self) {
        self.world.go();
        assert_eq!(self.world.ended(&self.live).state.name(), "succeeded");
        assert_eq!(self.world.ended(&self.queued).state.name(), "succeeded");
        let ran = std::fs::read_to_string(self.world.project().join("ran")).unwrap();
        let mut ran: Vec<&str> = ran.lines().collect();
        ran.sort_unstable();
        assert_eq!(ran, ["w1", "w2"], "each host once");
    }
}

fn is_locked(dir: &RunDir) -> bool {
    opsdeck::state::Lock::is_held(&dir.lock()) != opsdeck::state::Answer::No
}

/// Path, size and inode of the files with these names below a folder.
fn files(root: &Path, names: &[&str]) -> BTreeMap<PathBuf, (u64, u64)> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let (path, meta) = {
                let entry = entry.unwrap();
                (entry.path(), entry.metadata().unwrap())
            };
            if meta.is_dir() {
                open.push(path);
            } else if names.iter().any(|name| path.ends_with(name)) {
                found.insert(path, (meta.len(), meta.ino()));
            }
        }
    }
    found
}

fn sh(script: &str, args: &[&Path]) {
    let done = Command::new("sh").args(["-euc", script, "sh"]).args(args).output().unwrap();
    assert!(done.status.success(), "{script}: {}", text(&done.stderr));
}

fn root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("LEFT OUT: this test needs root, for a second user");
    }
    root
}

#[test]
fn a_copy_is_looked_at_only_and_does_nothing_a_second_time() {
    let two = Two::new();
    for (name, copying) in [
        ("whole", "cp -a \"$1\" \"$2\""),
        ("bare", "cp -r \"$1\" \"$2\""),
        ("tar", "mkdir \"$2\"; tar -C \"$1\" -cf - . | tar -C \"$2\" -xf -"),
    ] {
        let copy = two.world.project().with_file_name(name);
        // Sockets are no files that `cp -r` takes; what lies in a copy matters, not how it came there.
        sh(&format!("({copying}) 2>/dev/null || test -d \"$2/runs\""), &[two.world.store.root(), &copy]);
        std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o700)).unwrap();
        two.is_only_looked_at(&copy, "made, at");
    }
    two.end();
}

#[test]
fn a_claimed_copy_launches_anew_and_leaves_what_lies_in_it() {
    let two = Two::new();
    let copy = two.world.project().with_file_name("copy");
    sh("cp -a \"$1\" \"$2\"", &[two.world.store.root(), &copy]);
    let refused = two.world.opsdeck(&["claim"]);
    assert_eq!(refused.status.code(), Some(64), "where it was made there is nothing to claim");
    let claimed = two.on(&copy, &["claim", "--reason", "a new home", "--json"]);
    assert!(claimed.status.success(), "{}", text(&claimed.stderr));
    let claimed: Value = serde_json::from_slice(&claimed.stdout).unwrap();
    assert_eq!(claimed["path"], json!(copy.to_str().unwrap()));
    let rows: Vec<Value> = serde_json::from_slice(&two.on(&copy, &["audit", "--json"]).stdout).unwrap();
    let of = |phase: &str| rows.iter().find(|r| r["action"] == "state.claim" && r["phase"] == phase).unwrap().clone();
    assert_eq!((of("intent")["code"].as_str(), of("outcome")["code"].as_str()), (Some("OD1201I"), Some("OD1201O")));
    assert_eq!(of("outcome")["reason"], json!("a new home"));
    let verified = two.on(&copy, &["audit", "verify"]);
    assert!(verified.status.success(), "{}", text(&verified.stdout));
    let shown = two.on(&copy, &["show", &two.queued]);
    let (line, original) = (text(&shown.stderr), two.world.store.root().to_str().unwrap());
    assert!(line.contains(&format!("belongs to {original} on this machine: read-only")), "{line}");
    let listed: Vec<Value> = serde_json::from_slice(&two.on(&copy, &["runs", "--live", "--json"]).stdout).unwrap();
    assert!(listed.iter().all(|row| row["why"].as_str().unwrap().ends_with("read-only")), "{listed:?}");
    assert_eq!(two.on(&copy, &["stop", &two.live]).status.code(), Some(64));
    // The original's run still works on the hosts, as the copied lease says; on others a new one begins.
    two.world.write("other.ini", &hosts(&["o1"]));
    let ran = two.on(&copy, &["adhoc", "all", "-i", "other.ini", "-m", "command", "-a", "true", "--wait"]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    assert!(two.on(&copy, &["runs"]).stderr.is_empty(), "the directory is its own now");
    two.world.go();
    two.world.ended(&two.live);
    two.world.ended(&two.queued);
    // Now what held them is gone, and with it the leases that were copied.
    let freed = two.on(&copy, &["play", "mark.yml", "-i", "hosts.ini", "--wait"]);
    assert!(freed.status.success(), "{}", text(&freed.stderr));
}

#[test]
fn a_backup_that_is_restored_in_its_place_begins_nothing() {
    let world = World::new();
    world.write("mark.yml", MARK);
    let live = world.launch_to_gate(&[]);
    let queued = world.launch(&["play", "mark.yml", "-i", "hosts.ini", "--on-conflict", "wait"]);
    wait_true(20, "it to be queued", || world.state(&queued).state.name() == "queued");
    let (root, tar) = (world.store.root(), world.project().with_file_name("backup.tar"));
    sh("tar -C \"$1\" -cf \"$2\" . 2>/dev/null || test -s \"$2\"", &[root, &tar]);
    for id in [&live, &queued] {
        assert!(world.opsdeck(&["stop", id, "--now"]).status.success());
    }
    wait_true(20, "their supervisors to leave", || [&live, &queued].iter().all(|id| world.supervisor(id).is_none()));
    sh("rm -rf \"$1\"; mkdir -m 700 \"$1\"; tar -C \"$1\" -xf \"$2\"", &[root, &tar]);
    assert_eq!(world.state(&queued).state.name(), "queued", "as the backup knows it");
    for args in [&["runs"] as &[&str], &["show", &queued], &["logs", "-f", &queued]] {
        let seen = world.opsdeck(args);
        assert!(text(&seen.stderr).contains("restored from a copy"), "{args:?}: {}", text(&seen.stderr));
    }
    assert_eq!(world.opsdeck(&["play", "mark.yml", "-i", "hosts.ini"]).status.code(), Some(64));
    assert!(world.supervisor(&queued).is_none() && !world.has("ran"));
    assert!(world.opsdeck(&["claim"]).status.success());
    // Its lease is of a run that nobody goes on with: it stands in nobody's way.
    let anew = world.opsdeck(&["play", "mark.yml", "-i", "hosts.ini", "--wait"]);
    assert!(anew.status.success(), "{}", text(&anew.stderr));
    assert_eq!(world.state(&queued).state.name(), "queued", "read-only for ever");
}

#[test]
fn a_run_folder_that_was_restored_alone_is_read_only() {
    let world = World::new();
    world.write("mark.yml", MARK);
    let live = world.launch_to_gate(&[]);
    let queued = world.launch(&["play", "mark.yml", "-i", "hosts.ini", "--on-conflict", "wait"]);
    wait_true(20, "it to be queued", || world.state(&queued).state.name() == "queued");
    world.bereave(&queued);
    let folder = world.run(&queued);
    sh("mv \"$1\" \"$1.aside\"; cp -a \"$1.aside\" \"$1\"; rm -r \"$1.aside\"", &[folder.path()]);
    let shown = world.opsdeck(&["show", &queued]);
    assert!(
        text(&shown.stderr).contains("this run's folder was restored from a copy: read-only"),
        "{}",
        text(&shown.stderr)
    );
    world.go();
    world.ended(&live);
    assert!(world.supervisor(&queued).is_none() && !world.has("ran"));
}

#[test]
fn another_machine_only_looks() {
    if !root() || Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|s| !s.success()) {
        eprintln!("LEFT OUT: no mount namespace can be made here");
        return;
    }
    let world = World::new();
    world.write("mark.yml", MARK);
    assert!(world.opsdeck(&["play", "mark.yml", "-i", "hosts.ini", "--wait"]).status.success());
    let (id, other) =
        (world.project().with_file_name("machine-id"), world.command(&["play", "mark.yml", "-i", "hosts.ini"]));
    let on = |machine: &str| {
        std::fs::write(&id, machine).unwrap();
        let mut there = Command::new("unshare");
        there.args(["-m", "sh", "-c", "mount --bind \"$1\" /etc/machine-id && shift && exec \"$@\"", "sh"]).arg(&id);
        there.arg(other.get_program()).args(other.get_args()).envs(other.get_envs().filter_map(|(k, v)| Some((k, v?))));
        there.output().unwrap()
    };
    if std::fs::metadata("/etc/machine-id").is_err() {
        eprintln!("LEFT OUT: this machine has no /etc/machine-id to be another's");
        return;
    }
    let refused = on("00112233445566778899aabbccddeeff\n");
    assert_eq!(refused.status.code(), Some(64), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("on machine "), "{}", text(&refused.stderr));
    let unknown = on("");
    assert_eq!(unknown.status.code(), Some(64), "{}", text(&unknown.stderr));
    assert!(text(&unknown.stderr).contains("cannot be told"), "{}", text(&unknown.stderr));
    assert_eq!(std::fs::read_to_string(world.project().join("ran")).unwrap().lines().count(), 2, "once");
}

/// A program and its files, where any user reaches them.
fn reachable(world: &World) -> PathBuf {
    let top = world.project().parent().unwrap().to_owned();
    std::fs::set_permissions(&top, PermissionsExt::from_mode(0o755)).unwrap();
    let program = top.join("opsdeck");
    std::fs::hard_link(env!("CARGO_BIN_EXE_opsdeck"), &program)
        .or_else(|_| std::fs::copy(env!("CARGO_BIN_EXE_opsdeck"), &program).map(drop))
        .unwrap();
    program
}

/// As another user.
fn by(uid: u32, program: &Path, world: &World, args: &[&str]) -> Output {
    let (mut command, original) = (Command::new(program), world.command(args));
    command.args(original.get_args()).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/nonexistent");
    command.uid(uid).gid(uid).current_dir("/").output().unwrap()
}

#[test]
fn what_another_prepared_is_neither_run_nor_written_to() {
    if !root() {
        return;
    }
    let world = World::new();
    world.write("mark.yml", MARK);
    let (live, program) = (world.launch_to_gate(&[]), reachable(&world));
    let queued = world.launch(&["play", "mark.yml", "-i", "hosts.ini", "--on-conflict", "wait"]);
    wait_true(20, "it to be queued", || world.state(&queued).state.name() == "queued");
    // Its supervisor is gone, and everybody may read it and write to it: whoever looks would go on with it.
    world.bereave(&queued);
    sh("find \"$1\" -type d -exec chmod 777 {} +; find \"$1\" -type f -exec chmod 666 {} +", &[world.store.root()]);
    let before = files(
        world.store.root(),
        &["journal.jsonl", "index.db", "control.db", "audit.db", "spec.yaml", "supervisor.log"],
    );
    for args in
        [&["runs"] as &[&str], &["show", &queued], &["logs", &queued], &["runs", "--live", "--json"], &["audit"]]
    {
        let seen = by(BOB, &program, &world, args);
        assert!(seen.status.success(), "{args:?}: {}", text(&seen.stderr));
        assert!(text(&seen.stderr).contains("belongs to root: read only"), "{args:?}: {}", text(&seen.stderr));
        assert!(text(&seen.stdout).contains(&queued) || args[0] == "logs", "{args:?}: {}", text(&seen.stdout));
    }
    for args in [&["stop", &queued] as &[&str], &["play", "mark.yml", "-i", "hosts.ini"], &["claim"], &["health"]] {
        let refused = by(BOB, &program, &world, args);
        assert_eq!(refused.status.code(), Some(1), "{args:?}: {}", text(&refused.stderr));
        assert!(text(&refused.stderr).contains("nothing was done"), "{args:?}: {}", text(&refused.stderr));
    }
    for hidden in [&["supervise", &queued] as &[&str], &["step", &queued, "1"]] {
        assert_eq!(by(BOB, &program, &world, hidden).status.code(), Some(1), "{hidden:?}");
    }
    assert_eq!(
        files(
            world.store.root(),
            &["journal.jsonl", "index.db", "control.db", "audit.db", "spec.yaml", "supervisor.log"]
        ),
        before
    );
    assert!(!owned_by(world.store.root(), BOB), "nothing was written");
    // Nor does its owner go on with what anybody could have changed.
    let open = world.opsdeck(&["show", &queued]);
    assert!(text(&open.stderr).contains("chmod go-w"), "{}", text(&open.stderr));
    assert!(world.supervisor(&queued).is_none());
    sh("chmod -R go-w \"$1\"", &[world.store.root()]);
    // A command that somebody else wrote into it.
    chown(world.run(&queued).step(1).command(), Some(BOB), None).unwrap();
    world.go();
    world.ended(&live);
    world.opsdeck(&["runs"]);
    let ended = world.ended(&queued);
    assert!(ended.why.as_deref().unwrap_or_default().contains("belongs to uid"), "{:?}", ended.why);
    assert!(!world.has("ran"));
}

fn owned_by(root: &Path, uid: u32) -> bool {
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let (path, meta) = {
                let entry = entry.unwrap();
                (entry.path(), entry.metadata().unwrap())
            };
            if meta.uid() == uid {
                return true;
            }
            if meta.is_dir() {
                open.push(path);
            }
        }
    }
    false
}

#[test]
fn root_becomes_the_owner_and_leaves_nothing_of_its_own() {
    if !root() {
        return;
    }
    let world = World::new();
    let program = reachable(&world);
    std::fs::create_dir(world.store.root()).unwrap();
    std::fs::set_permissions(world.store.root(), PermissionsExt::from_mode(0o700)).unwrap();
    chown(world.store.root(), Some(ANN), Some(ANN)).unwrap();
    for args in [&["runs"] as &[&str], &["line", "stop", "nowhere", "--reason", "x"], &["audit"], &["silences"]] {
        world.opsdeck(args);
    }
    // No Ansible of ours is reachable for them: that it is not there is refused, and recorded by them.
    world.opsdeck(&["adhoc", "all", "-i", "hosts.ini", "-m", "ping"]);
    let own = files(world.store.root(), &["index.db", "control.db", "audit.db", "home"]);
    assert!(own.len() >= 2, "{own:?}");
    assert!(!owned_by(world.store.root(), 0), "nothing of root's lies there");
    let verified = by(ANN, &program, &world, &["audit", "verify"]);
    assert!(verified.status.success(), "{}{}", text(&verified.stdout), text(&verified.stderr));
    assert_eq!(by(ANN, &program, &world, &["runs"]).stderr, b"", "it is theirs as before");
    let spied = by(BOB, &program, &world, &["runs"]);
    assert!(text(&spied.stderr).contains(&format!("belongs to uid {ANN}: read only")), "{}", text(&spied.stderr));
}

#[test]
fn a_state_of_the_previous_format_is_taken_over_where_it_was_made_and_nowhere_else() {
    let world = World::new();
    world.write("mark.yml", MARK);
    let live = world.launch_to_gate(&[]);
    let queued = world.launch(&["play", "mark.yml", "-i", "hosts.ini", "--on-conflict", "wait"]);
    wait_true(20, "it to be queued", || world.state(&queued).state.name() == "queued");
    // As an opsdeck before it left them: no home, specs of format 1.
    for id in [&live, &queued] {
        world.unfreeze(id);
        world.bereave(id);
        let path = world.run(id).spec();
        let old = std::fs::read_to_string(&path).unwrap().replace("version: 2", "version: 1");
        let old = old.split("home:\n").next().unwrap().to_owned();
        assert_eq!(opsdeck::run::read_spec(&world.run(id)).unwrap().version, 2);
        std::fs::write(&path, old).unwrap();
        let spec = Follower::open(&world.run(id)).unwrap().spec;
        assert_eq!((spec.version, spec.home), (1, None));
    }
    std::fs::remove_file(world.store.root().join("home")).unwrap();
    let copy = world.project().with_file_name("copy");
    sh("cp -a \"$1\" \"$2\"", &[world.store.root(), &copy]);
    let mut on_copy = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
    let seen = on_copy.args(["runs", "--state-dir"]).arg(&copy).output().unwrap();
    assert!(text(&seen.stderr).contains("its runs belong to"), "{}", text(&seen.stderr));
    assert!(!copy.join("home").exists() && world.supervisor(&queued).is_none());
    let seen = world.opsdeck(&["runs"]);
    assert_eq!(text(&seen.stderr), "");
    assert!(world.store.root().join("home").exists());
    world.go();
    assert_eq!(world.ended(&live).state.name(), "succeeded");
    world.opsdeck(&["runs"]);
    assert_eq!(world.ended(&queued).state.name(), "succeeded");
    assert_eq!(std::fs::read_to_string(world.project().join("ran")).unwrap().lines().count(), 2, "each host once");
}

#[test]
fn a_directory_below_which_ansible_finds_no_plugin_is_refused_before_anything_is_begun() {
    let world = World::new();
    world.write("hosts.ini", &world::hosts(&["w1"]));
    for (name, what) in [("a:b", "a colon"), ("a[b]c", "brackets")] {
        let state = world.project().join(name);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_opsdeck"));
        command.args(["adhoc", "all", "-i", "hosts.ini", "-m", "ping", "--state-dir"]).arg(&state);
        let output = command.current_dir(world.project()).output().unwrap();
        let err = text(&output.stderr);
        assert!(!output.status.success() && err.contains(&format!("holds {what}")), "{name}: {err}");
        assert!(opsdeck::state::StateDir::at(&state).run_ids().unwrap_or_default().is_empty());
    }
}

//! Passwords and private answers, typed at a real terminal: they reach Ansible, and nobody else can find them.

use crate::support::pty::Pty;
use crate::support::wait::wait_true;
use crate::support::world::{World, is_terminal, kill};
use opsdeck::run::State;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::process::Command;

const VAULT: &str = "correct-horse-battery";
const TOKEN: &str = "tok-3n-\u{e4}\"'\\{x";

const PLAY: &str = "
- hosts: w1
  gather_facts: false
  vars_prompt: [{name: token, prompt: Token, private: true}, {name: size, prompt: Size, private: false, default: '3'}]
  vars_files: [vaulted.yml]
  tasks:
    - {name: the vault opened, assert: {that: \"word == 'opened'\", quiet: true}}
    - {name: the token came whole, assert: {that: \"(token | length) == 13 and token is match('^tok-3n-')\", quiet: true}}
    - {name: the size came, assert: {that: \"size == '7'\", quiet: true}}
    - {name: gate, shell: \"touch here; while [ ! -e go ]; do sleep 0.05; done\"}
";

fn world() -> World {
    let world = World::new();
    world.write("play.yml", PLAY);
    world.write("vaulted.yml", "word: opened\n");
    world.write("password", VAULT);
    let mut vault = Command::new("ansible-vault");
    let done = vault.args(["encrypt", "--vault-password-file", "password", "vaulted.yml"]).current_dir(world.project());
    assert!(done.output().unwrap().status.success());
    std::fs::remove_file(world.project().join("password")).unwrap();
    world
}

fn launch(world: &World) -> String {
    let (store, project) = (world.store.root().display().to_string(), world.project().display().to_string());
    let program = env!("CARGO_BIN_EXE_opsdeck");
    let argv = [program, "play", "play.yml", "-i", "hosts.ini", "-J", "--state-dir", &store, "-C", &project];
    let home = [("HOME", world.project())];
    let mut terminal = Pty::start(&argv, world.project(), &home, (100, 30));
    for (question, answer) in [("Vault password:", VAULT), ("Token:", TOKEN), ("Size [3]:", "7")] {
        terminal.wait_for(30, question, |screen| screen.contains(question));
        terminal.send(&format!("{answer}\r"));
    }
    let is_id = |line: &str| uuid::Uuid::parse_str(line.trim()).is_ok();
    let screen = terminal.wait_for(30, "the id", |screen| screen.lines().any(is_id));
    assert!(!screen.contains(VAULT) && !screen.contains("tok-3n"), "typed without echo: {screen}");
    screen.lines().find(|line| is_id(line)).unwrap().trim().to_owned()
}

/// Fails if any regular file below holds a secret.
fn search(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            search(&path);
        } else if !kind.is_fifo() && !kind.is_socket() {
            clean(&path);
        }
    }
}

fn clean(path: &Path) {
    let bytes = std::fs::read(path).unwrap_or_default();
    for secret in [VAULT, "tok-3n"] {
        assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none(), "{secret} is in {}", path.display());
    }
}

#[test]
fn they_reach_ansible_and_no_place_where_others_look() {
    let world = world();
    let id = launch(&world);
    wait_true(90, "Ansible to have got them all", || world.has("here") || world.state(&id).state.is_terminal());
    let mut pids = world.processes(&id);
    pids.extend([world.supervisor(&id), world.runner(&id)].into_iter().flatten().map(|p| p.pid));
    assert!(pids.len() > 2, "{:?}\n{}", world.state(&id).why, world.stdout(&id));
    for pid in pids {
        clean(&Path::new("/proc").join(pid.to_string()).join("cmdline"));
        clean(&Path::new("/proc").join(pid.to_string()).join("environ"));
    }
    search(world.store.root());
    world.go();
    is_terminal(&world.ended(&id), State::Succeeded);
    search(world.store.root());
    wait_true(10, "the FIFOs to be gone", || !world.run(&id).step(1).secrets().exists());
    let shown = world.show(&id);
    assert_eq!(shown["secrets"], serde_json::json!(["vault:default", "prompt:token"]));
    assert!(shown["command"].as_str().unwrap().contains("--ask-vault-pass"), "as people would type it");
}

#[test]
fn a_killed_step_runner_leaves_no_fifo() {
    let world = world();
    let id = launch(&world);
    wait_true(90, "Ansible to have got them all", || world.has("here") || world.state(&id).state.is_terminal());
    assert!(world.run(&id).step(1).secrets().exists());
    kill(&world.runner(&id).expect("a step runner"));
    wait_true(20, "the FIFOs to be gone", || !world.run(&id).step(1).secrets().exists());
    world.go();
    is_terminal(&world.ended(&id), State::Succeeded);
}

//! Secret variables: given in every form at every door they reach the real Ansible with their values and types, and no file,
//! no process and no answer of opsdeck holds them; `opsdeck values` gives them while their run lives.

use crate::support::pty::Pty;
use crate::support::wait::wait_true;
use crate::support::web::WEB;
use crate::support::world::{World, is_terminal, text};
use opsdeck::run::State;
use opsdeck::run::extra::pairs;
use serde_json::{Value, json};
use std::io::Write;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// In every secret of this file; nowhere else.
const CANARY: &str = "C4n4ry";

/// Waits at its gate until `go` is there. Tells types, not values.
const PLAY: &str = "
- hosts: w1
  gather_facts: false
  tasks:
    - {name: gate, shell: \"touch here; while [ ! -e go ]; do sleep 0.05; done\"}
    - name: all came as they were given
      no_log: true
      assert:
        quiet: true
        that: \"lookup('file', 'expected.json') | from_json == got | from_json\"
      vars:
        got: \"{{ lookup('file', 'names.json') | from_json | map('extract', vars) | map('to_json') | zip(lookup('file', 'names.json') | from_json | map('extract', vars) | map('type_debug')) | to_json }}\"
";

fn world() -> World {
    let world = World::new();
    world.write("play.yml", PLAY);
    world
}

/// What a playbook gets from Ansible itself for these `-e`: each variable as JSON, and its type in Python.
fn expect(world: &World, names: &[&str], extra: &[&str]) {
    world.write("names.json", &json!(names).to_string());
    world.write("tell.yml", "
- hosts: w1
  gather_facts: false
  tasks:
    - copy:
        dest: \"{{ playbook_dir }}/expected.json\"
        content: \"{{ lookup('file', 'names.json') | from_json | map('extract', vars) | map('to_json') | zip(lookup('file', 'names.json') | from_json | map('extract', vars) | map('type_debug')) | to_json }}\"
");
    let mut command = Command::new("ansible-playbook");
    command.args(["tell.yml", "-i", "hosts.ini"]).current_dir(world.project()).env("HOME", world.project());
    let done = command.args(extra.iter().flat_map(|e| ["-e", e])).output().unwrap();
    assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
}

fn at_gate(world: &World, id: &str) {
    wait_true(90, "the gate", || world.has("here") || world.state(id).state.is_terminal());
    assert!(world.has("here"), "{:?}\n{}", world.state(id).why, world.stdout(id));
}

/// Fails if any regular file below holds a secret.
fn search(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            search(&entry.path());
        } else if !kind.is_fifo() && !kind.is_socket() {
            clean(&entry.path());
        }
    }
}

fn clean(path: &Path) {
    let bytes = std::fs::read(path).unwrap_or_default();
    assert!(memchr::memmem::find(&bytes, CANARY.as_bytes()).is_none(), "a secret is in {}", path.display());
}

/// No file of the state directory, no process of the run, and no answer of opsdeck holds a secret.
fn nowhere(world: &World, id: &str) {
    search(world.store.root());
    let mut pids = world.processes(id);
    pids.extend([world.supervisor(id), world.runner(id)].into_iter().flatten().map(|p| p.pid));
    for pid in pids {
        clean(&Path::new("/proc").join(pid.to_string()).join("cmdline"));
        clean(&Path::new("/proc").join(pid.to_string()).join("environ"));
    }
    for verb in [
        &["show", id][..],
        &["show", id, "--json"],
        &["runs"],
        &["runs", "--json"],
        &["logs", id],
        &["audit", "--json"],
    ] {
        let out = world.opsdeck(verb);
        assert!(out.status.success(), "{verb:?}: {}", text(&out.stderr));
        assert!(!(text(&out.stdout) + &text(&out.stderr)).contains(CANARY), "{verb:?}");
    }
}

fn values(world: &World, id: &str, more: &[&str]) -> Output {
    world.opsdeck(&[&["values", id], more].concat())
}

fn went_well(world: &World, id: &str) {
    world.go();
    let state = world.ended(id);
    assert_eq!(state.state, State::Succeeded, "{:?}\n{}", state.why, world.stdout(id));
}

#[test]
fn every_form_reaches_ansible_as_it_would_by_itself_and_is_nowhere_to_be_found() {
    let world = world();
    world.write("more.yml", "api_key: from-the-file\nplain: 7\n");
    let extra = [
        "version=4.12 db_password='C4n4ry one' note=\"two words\"",
        r#"{"db": {"password": "C4n4ry", "port": 5432, "z": 1, "a": [1.5, null, true]}, "n": 12, "big_token": 123456789012345678901234567890}"#,
        "{mode: 0644, pin: 0777, api_key: C4n4ry, ratio: 1e3, use_auth: yes}",
        "@more.yml",
        r"session_token=C4n4ry\x21\n{{ version }} last=1",
        // By other names, and by what stands in them.
        "pgpwd=C4n4ry1 cookie_name=sid webhook_url=https://x.example/C4n4ry hook=https://hooks.slack.com/services/T0/C4n4ry",
        "pat=ghp_C4n4ryC4n4ryC4n4ry sha=6a0cd3a1f0b7c5d2 key='-----BEGIN PRIVATE KEY-----\nC4n4ry\n-----END PRIVATE KEY-----'",
        "{repo: {url: 'https://me:C4n4ry@git/x'}, jwts: [eyJhbGciOi.eyJzdWIiOi.C4n4ryC4n4ry], token_count: 5}",
    ];
    let names = [
        "version",
        "db_password",
        "note",
        "db",
        "n",
        "big_token",
        "mode",
        "pin",
        "api_key",
        "ratio",
        "use_auth",
        "plain",
        "session_token",
        "last",
        "pgpwd",
        "cookie_name",
        "webhook_url",
        "hook",
        "pat",
        "sha",
        "key",
        "repo",
        "jwts",
        "token_count",
    ];
    expect(&world, &names, &extra);
    let args: Vec<&str> = extra.iter().flat_map(|e| ["-e", e]).collect();
    let id = world.launch(&[&["play", "play.yml", "-i", "hosts.ini"][..], &args].concat());
    at_gate(&world, &id);
    std::fs::remove_file(world.project().join("tell.yml")).unwrap();
    nowhere(&world, &id);
    let shown = world.show(&id);
    let old = ["db_password", "db", "big_token", "pin", "api_key", "session_token"];
    let new = ["pgpwd", "webhook_url", "hook", "pat", "key", "repo", "jwts"];
    let secrets: Vec<String> = old.iter().chain(&new).map(|name| format!("extra:{name}")).collect();
    assert_eq!(shown["secrets"], json!(secrets));
    let command = shown["command"].as_str().unwrap();
    for part in [
        "-vars 'version=4.12 note=\"two words\"'",
        "db_password --extra-vars",
        "'{mode: 0644, ratio: 1e3, use_auth: yes}'",
        "@more.yml",
        "cookie_name=sid",
        "sha=6a0cd3a1f0b7c5d2",
        "{token_count: 5}",
    ] {
        let part = part.replace("db_password --", "db_password)\" --");
        assert!(command.contains(&part), "{part}\n{command}");
    }
    let got: Value = serde_json::from_slice(&values(&world, &id, &[]).stdout).unwrap();
    assert_eq!(
        (&got["db_password"], &got["db"]["port"], &got["pin"]),
        (&json!("C4n4ry one"), &json!(5432), &json!(511))
    );
    let one: Value = serde_json::from_slice(&values(&world, &id, &["pin"]).stdout).unwrap();
    assert_eq!(one, json!({"pin": 511}));
    went_well(&world, &id);
    wait_true(20, "the supervisor to be gone", || world.supervisor(&id).is_none());
    nowhere(&world, &id);
    let after = values(&world, &id, &[]);
    let said = text(&after.stderr);
    assert_eq!(after.status.code(), Some(64), "{said}");
    assert!(
        after.stdout.is_empty() && said.contains("the run has ended") && said.contains("db_password, db, big_token"),
        "{said}"
    );
    assert!(said.contains("opsdeck rerun") && said.contains("--secrets-from"), "{said}");
    let rows: Vec<_> = world.ledger(&id).into_iter().filter(|row| row.0 == "values.read").collect();
    let row = |phase: &str, status: &str| ("values.read".to_owned(), phase.to_owned(), status.to_owned());
    let read = [row("intent", "started"), row("outcome", "success")];
    assert_eq!(rows, [&read[..], &read, &[row("denied", "failure")]].concat());
}

const PASTE: &str = "
- hosts: w1
  gather_facts: false
  tasks:
    - name: gate
      shell: \"touch here; while [ ! -e go ]; do sleep 0.05; done\"
      when: lookup('env', 'PASTED') == ''
    - name: it came
      assert: {that: \"db_password == 'C4n4ry x' and db.password == 'C4n4ry' and n == '1'\", quiet: true}
";
const GIVEN: [&str; 4] = ["-e", "n=1 db_password='C4n4ry x'", "-e", r#"{"db": {"password": "C4n4ry"}}"#];

fn paste(world: &World) -> String {
    world.write("paste.yml", PASTE);
    let id = world.launch(&[&["play", "paste.yml", "-i", "hosts.ini"][..], &GIVEN].concat());
    at_gate(world, &id);
    id
}

#[test]
fn the_shown_line_can_be_pasted_while_the_run_lives() {
    let world = world();
    let id = paste(&world);
    let line = world.show(&id)["command"].as_str().unwrap().to_owned();
    let program = Path::new(env!("CARGO_BIN_EXE_opsdeck")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    for shell in ["bash", "sh"] {
        let mut pasted = Command::new(shell);
        pasted.args(["-c", &line]).current_dir(world.project()).env("PATH", &path).env("HOME", world.project());
        let out = pasted.env("PASTED", "1").stdin(Stdio::null()).output().unwrap();
        assert!(out.status.success(), "{shell}: {line}\n{}{}", text(&out.stdout), text(&out.stderr));
        assert!(text(&out.stdout).contains("ok=1"), "{}", text(&out.stdout));
    }
    let folder = world.run(&id).values();
    wait_true(20, "the FIFOs to be gone", || std::fs::read_dir(&folder).unwrap().count() == 0);
    nowhere(&world, &id);
    went_well(&world, &id);
    wait_true(20, "their folder to be gone", || !folder.exists());
}

#[test]
fn a_supervisor_that_died_takes_them_with_it_and_a_rerun_asks_for_them() {
    let world = world();
    let id = paste(&world);
    assert!(values(&world, &id, &[]).status.success());
    world.bereave(&id);
    // Whoever looks starts another one, which has none of them.
    wait_true(20, "another supervisor", || world.show(&id)["resumed"] != json!(0) && world.supervisor(&id).is_some());
    let refused = values(&world, &id, &[]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(64), "{said}");
    assert!(said.contains("died") && said.contains("db_password, db"), "{said}");
    nowhere(&world, &id);
    went_well(&world, &id);
    let bare = world.opsdeck(&["rerun", &id]);
    let said = text(&bare.stderr);
    assert_eq!(bare.status.code(), Some(64), "{said}");
    assert!(said.contains("extra:db_password, extra:db") && said.contains("--secrets-from"), "{said}");
    let odd = world.opsdeck(&["rerun", &id, "-e", "other_password=x"]);
    assert_eq!(odd.status.code(), Some(64), "{}", text(&odd.stderr));
    assert!(text(&odd.stderr).contains("only the secrets that it had"), "{}", text(&odd.stderr));
    let mut command = world.command(&["rerun", &id, "-e", "db_password='C4n4ry x'", "--secrets-from", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{\"db\": {\"password\": \"C4n4ry\"}}").unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success());
    let again = text(&out.stdout).trim().to_owned();
    is_terminal(&world.ended(&again), State::Succeeded);
    assert_eq!(world.show(&again)["secrets"], world.show(&id)["secrets"]);
    nowhere(&world, &again);
}

#[test]
fn one_without_a_value_is_asked_for_hidden_and_an_adhoc_command_gets_it() {
    let world = world();
    let args = ["adhoc", "w1", "-i", "hosts.ini", "-m", "assert", "-a", "that=db_password=='C4n4ry' quiet=true"];
    // The expectation itself stands on the line here: only the variable's own place is looked at.
    let refused = world.opsdeck(&[&args[..], &["-e", "db_password"]].concat());
    assert!(text(&refused.stderr).contains("--secrets-from"), "{}", text(&refused.stderr));
    assert_eq!(refused.status.code(), Some(64), "nothing was started");
    let (store, project) = (world.store.root().display().to_string(), world.project().display().to_string());
    let program = env!("CARGO_BIN_EXE_opsdeck");
    let more = ["-e", "db_password", "--state-dir", &store, "-C", &project];
    let argv: Vec<&str> = [&[program][..], &args, &more].concat();
    let mut terminal = Pty::start(&argv, world.project(), &[("HOME", world.project())], (120, 30));
    terminal.wait_text(30, "db_password:");
    terminal.send("C4n4ry\r");
    let is_id = |line: &str| uuid::Uuid::parse_str(line.trim()).is_ok();
    let screen = terminal.wait_for(30, "the id", |screen| screen.lines().any(is_id));
    let id = screen.lines().find(|line| is_id(line)).unwrap().trim().to_owned();
    assert!(!screen.contains(CANARY), "{screen}");
    is_terminal(&world.ended(&id), State::Succeeded);
    let shown = world.show(&id);
    assert_eq!(shown["secrets"], json!(["extra:db_password"]));
    assert!(shown["command"].as_str().unwrap().ends_with("db_password)\""), "{}", shown["command"]);
}

#[test]
fn arguments_that_hold_one_are_warned_of_and_the_ledger_has_none_of_it() {
    let world = World::new();
    let args = |args: &str| world.opsdeck(&["adhoc", "w1", "-i", "hosts.ini", "-m", "debug", "-a", args]);
    for (given, warned) in [
        ("msg=ghp_C4n4ryC4n4ryC4n4ry", true),
        ("msg='password=C4n4ry'", true),
        ("msg=\"password={{ db_password | default('') }}\"", false),
        ("msg='version=4.12 token_count=5'", false),
    ] {
        let out = args(given);
        let (id, said) = (text(&out.stdout).trim().to_owned(), text(&out.stderr));
        assert_eq!(said.contains("looks like a secret"), warned, "{given}: {said}");
        assert!(!said.contains(CANARY), "{said}");
        world.ended(&id);
    }
    assert!(!text(&world.opsdeck(&["audit", "--json"]).stdout).contains(CANARY));
    for file in std::fs::read_dir(world.store.root()).unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with("audit") {
            clean(&file.path());
        }
    }
}

#[test]
fn pairs_are_read_as_ansible_reads_them() {
    let texts = [
        "a=1 b='x y'  c=\"z\"",
        "a='x' 'y'",
        "a=x\\=y",
        "=x a=",
        "a = b",
        "a={{ b | c('d e') }} f=1",
        "a={% if x %} y {% endif %}",
        "a={# x y #}z b",
        "a=\"it's\" b='\"'",
        "a=\\x41\\u00e4\\n\\t\\q b",
        "a=x\\\nb=y",
        "a=x\nb=y\n\nc",
        " a=1  b ",
        "a='x\ny' b",
        "a=\"\\\"q\\\" r\"",
        "a='' b=\"\"",
        "a=\"x\\\\\" b",
        "x a=1 y",
        "a=b=c",
        "a='unclosed",
        "a={{ b",
        "ä=ö ü",
        "a=1 a=2",
        "\\ a=1",
        "a=1 \\ b=2",
        "a=\\",
        "a=\"b\" c\"d e\"f",
        "a={{ x }}}} b",
        "{{ a }}=b c",
        "a=\\'x y\\'",
    ];
    let script = "
import json, sys
from ansible.parsing.splitter import parse_kv
for text in json.load(sys.stdin):
    try:
        print(json.dumps(parse_kv(text)))
    except Exception:
        print('null')
";
    let program =
        std::env::split_paths(&std::env::var_os("PATH").unwrap()).map(|d| d.join("ansible")).find(|p| p.is_file());
    let head = std::fs::read_to_string(program.unwrap()).unwrap();
    let python = head.lines().next().unwrap().trim_start_matches("#!").to_owned();
    let mut child = Command::new(python);
    let mut child = child.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(json!(texts).to_string().as_bytes()).unwrap();
    let out = text(&child.wait_with_output().unwrap().stdout);
    assert_eq!(out.lines().count(), texts.len());
    for (said, text) in out.lines().zip(texts) {
        let ansible: Option<serde_json::Map<String, Value>> = serde_json::from_str(said).unwrap();
        let ours = pairs::words(text).ok().map(|words| {
            let raw: Vec<&str> = words.iter().filter(|w| w.pair.is_none()).map(|w| w.raw.as_str()).collect();
            let mut all = serde_json::Map::new();
            all.extend(words.iter().filter_map(|w| w.pair.clone()).map(|(name, value)| (name, json!(value))));
            if !raw.is_empty() {
                all.insert("_raw_params".into(), json!(pairs::join(raw.into_iter())));
            }
            all
        });
        assert_eq!(ours, ansible, "{text:?}");
    }
}

#[test]
fn a_release_keeps_them_in_its_supervisor_and_is_given_them_again() {
    let world = world();
    world.write(
        "opsdeck.yaml",
        &format!(
            "vars: {{api_key: C4n4ry-file, port: 5432}}\nenvironments: {{lab: {{inventory: hosts.ini}}}}\nreleases:{}",
            WEB.replace("hosts: all", "hosts: w1")
        ),
    );
    world.write("deploy.yml", "
- hosts: all
  gather_facts: false
  tasks:
    - {name: gate, shell: \"touch here; while [ ! -e go ]; do sleep 0.05; done\"}
    - {name: they came, assert: {that: \"api_key == 'C4n4ry-file' and db_password == 'C4n4ry x' and port == 5432\", quiet: true}}
");
    let wish = ["web", "-E", "lab", "--version", "1.0", "-x", "db_password='C4n4ry x'"];
    let plan = text(&world.opsdeck(&[&["plan"][..], &wish, &["--json"]].concat()).stdout);
    assert!(plan.contains("db_password") && !plan.contains(CANARY), "{plan}");
    let id = world.launch(&[&["release"][..], &wish, &["--yes"]].concat());
    at_gate(&world, &id);
    nowhere(&world, &id);
    assert_eq!(world.show(&id)["secrets"], json!(["extra:api_key", "extra:db_password"]));
    let both = json!({"api_key": "C4n4ry-file", "db_password": "C4n4ry x"});
    let got = || serde_json::from_slice::<Value>(&values(&world, &id, &[]).stdout).ok();
    assert_eq!(got(), Some(both.clone()));
    world.bereave(&id);
    wait_true(20, "another supervisor", || world.show(&id)["resumed"] != json!(0) && world.supervisor(&id).is_some());
    let refused = values(&world, &id, &[]);
    assert_eq!(refused.status.code(), Some(64));
    assert!(text(&refused.stderr).contains("opsdeck passwords"), "{}", text(&refused.stderr));
    let mut command = world.command(&["passwords", &id, "--secrets-from", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(both.to_string().as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert_eq!(got(), Some(both));
    nowhere(&world, &id);
    went_well(&world, &id);
    nowhere(&world, &id);
}

//! A release that does not know on: the console says so on its second line, whatever it shows, and a key leads there.

use crate::support::{Lab, OPSDECK, Pty};

const PROJECT: &str = "
environments: {lab: {inventory: inventories/lab}}
releases:
  web:
    hosts: all
    bake: 0s
    strategy: {rolling: {soak: 0s}}
    stages:
      - deploy: [{playbook: deploy.yml}]
    rollback: [{playbook: deploy.yml}]
";

/// Nothing is brought out, and nothing brought back, while `shut` is there.
const DEPLOY: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - {name: bring it out, shell: 'test ! -e shut'}
";

#[test]
fn a_release_that_needs_an_operator_is_on_every_screen_until_a_person_ends_it() {
    let lab = Lab::start(0);
    lab.write("opsdeck.yaml", PROJECT);
    lab.write("deploy.yml", DEPLOY);
    lab.write("inventories/lab/hosts.ini", "w1 ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n");
    let release = |version: &str| lab.run(["release", "web", "-E", "lab", "--version", version, "--yes", "--wait"]);
    assert!(release("1.0").status.success());
    lab.write("shut", "");
    // A person is needed: it came neither out nor back.
    let out = release("2.0");
    assert_eq!(out.status.code(), Some(12), "{out:?}");
    let mut pty = Pty::start(&[OPSDECK], lab.project(), &lab.env(), (80, 24));
    let second = |screen: &str| screen.lines().nth(1).unwrap_or_default().to_owned();
    let needs = |screen: &str| second(screen).contains("✖ release #2 needs an operator on lab");
    // Counted once, and not as something that goes on.
    let runs = |screen: &str| screen.lines().next().unwrap_or_default().contains("run");
    pty.wait_for(30, "the alarm line, and no run that goes on", |s| needs(s) && !runs(s));
    for key in ["2", "3", "6"] {
        pty.send(key);
        pty.wait_for(30, "it on each screen", needs);
    }
    pty.send("0");
    pty.wait_for(30, "the release", |s| s.contains("A person is needed") && needs(s));
    std::fs::remove_file(lab.project().join("shut")).unwrap();
    lab.ok(["rollback", "2"]);
    pty.wait_for(30, "a quiet line", |s| !s.contains("needs an operator on lab"));
    pty.send("q");
    assert!(pty.wait_exit(10).success());
}

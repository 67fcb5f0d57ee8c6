//! A release from the screen alone: picked, read, submitted, watched, resumed; and another one undone.

use super::screen::console;
use crate::support::{Lab, Pty};

/// A person is asked before it counts as stable; which version a host has stands in a file.
const PROJECT: &str = "
environments:
  lab:
    protect: true
releases:
  web:
    hosts: lab
    bake: 0s
    stages:
      - deploy: [{playbook: deploy.yml}]
      - verify: [{pause: look at it}]
    rollback: [{playbook: deploy.yml}]
";

const DEPLOY: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - name: bring it out
      copy: {content: '{{ release_version }}', dest: '{{ playbook_dir }}/{{ inventory_hostname }}.version'}
";

/// Picks the release in this row of an environment's, reads the plan of a version and submits it.
pub fn submit(pty: &mut Pty, environment: &str, (release, row): (&str, usize), version: &str) {
    offers(pty, environment, release);
    pty.send(&"j".repeat(row));
    pty.send("\r");
    pty.send(version);
    pty.send("\r");
    agree(pty, environment, (release, version));
}

/// Opens the list of an environment's releases.
fn offers(pty: &mut Pty, environment: &str, release: &str) {
    pty.send("r");
    pty.wait_for(30, "the release", |s| s.contains(&format!("Releases for {environment}")) && s.contains(release));
}

/// Reads the plan that was asked for, and submits it.
fn agree(pty: &mut Pty, environment: &str, (release, version): (&str, &str)) {
    pty.wait_for(60, "its plan", |s| s.contains("Batches") && s.contains(&format!("{release} {version}")));
    pty.send("\x12");
    pty.wait_text(10, "Type its name");
    pty.send(&format!("{environment}\r"));
}

#[test]
fn a_version_is_brought_out_and_another_one_taken_back() {
    let lab = Lab::start(2);
    lab.write("opsdeck.yaml", PROJECT);
    lab.write("deploy.yml", DEPLOY);
    let on = |host: &str| std::fs::read_to_string(lab.project().join(format!("{host}.version"))).unwrap();
    let mut pty = console(&lab, (120, 40));
    pty.wait_for(30, "both hosts", |s| s.contains("h1 ") && s.contains("h2 "));
    submit(&mut pty, "lab", ("web", 0), "1.0");
    pty.wait_text(120, "PAUSED");
    pty.wait_for(10, "both hosts new", |s| s.contains("2 new") && s.contains("look at it"));
    pty.send("R");
    pty.wait_text(10, "It was paused");
    pty.send("y");
    pty.wait_text(60, "SUCCEEDED");
    assert_eq!((on("h1"), on("h2")), ("1.0".into(), "1.0".into()));

    pty.send("1");
    pty.wait_text(10, "ad-hoc");
    submit(&mut pty, "lab", ("web", 0), "2.0");
    pty.wait_text(120, "PAUSED");
    pty.wait_text(10, "was 1.0");
    assert_eq!((on("h1"), on("h2")), ("2.0".into(), "2.0".into()));
    pty.send("u");
    pty.wait_for(10, "what it does, before it is done", |s| {
        s.contains("Not instant") && s.contains("goes back to 1.0")
    });
    pty.send("y");
    pty.wait_text(120, "ROLLED BACK");
    assert_eq!((on("h1"), on("h2")), ("1.0".into(), "1.0".into()));
    pty.send("x");
    pty.wait_text(10, "timeline.md");
    pty.send("q");
    assert!(pty.wait_exit(10).success());
}

#[test]
fn the_line_of_an_environment_is_stopped_and_opened_with_a_key() {
    let lab = Lab::start(1);
    lab.write("opsdeck.yaml", PROJECT);
    lab.write("deploy.yml", DEPLOY);
    let mut pty = console(&lab, (120, 40));
    pty.wait_for(30, "the host", |s| s.contains("h1 "));
    pty.send("L");
    pty.wait_text(10, "no release begins there");
    pty.send("\r");
    pty.wait_text(10, "Why?");
    pty.send("database is read-only\r");
    pty.wait_text(10, "LINE STOPPED");
    assert!(lab.ok(["line", "--json"]).contains("database is read-only"));
    // A release waits for it, and says so.
    offers(&mut pty, "lab", "rolling");
    pty.send("\r1.0\r");
    agree(&mut pty, "lab", ("web", "1.0"));
    pty.wait_text(60, "stopped the line");
    pty.send("L");
    pty.wait_for(10, "who stopped it and why", |s| s.contains("Open the line of lab") && s.contains("read-only"));
    pty.send("it writes again\r");
    pty.wait_text(120, "PAUSED");
    pty.wait_for(10, "an open line", |s| !s.contains("LINE STOPPED"));
    let audit = lab.ok(["audit", "--json"]);
    assert!(audit.contains("line.stop") && audit.contains("line.open"), "{audit}");
    pty.send("q");
    assert!(pty.wait_exit(10).success());
}

#[test]
fn a_password_typed_for_a_release_opens_what_its_playbook_reads_and_is_kept_nowhere() {
    let lab = Lab::start(1);
    lab.write("opsdeck.yaml", PROJECT);
    lab.write("deploy.yml", DEPLOY);
    lab.write("inventories/lab/group_vars/lab.yml", "sealed: what was closed\n");
    lab.write("password", "s3cret-of-the-vault\n");
    let encrypt = ["encrypt", "--vault-password-file", "password", "inventories/lab/group_vars/lab.yml"];
    assert!(lab.command("ansible-vault").args(encrypt).output().unwrap().status.success());
    std::fs::remove_file(lab.project().join("password")).unwrap();
    let mut pty = console(&lab, (120, 40));
    pty.wait_text(30, "h1 ");
    offers(&mut pty, "lab", "rolling");
    // The third of them is the vault's.
    pty.send("\x1bp\t\ts3cret-of-the-vault");
    pty.wait_text(10, "Vault pw    •••");
    pty.send("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A1.0\r");
    agree(&mut pty, "lab", ("web", "1.0"));
    pty.wait_text(120, "PAUSED");
    pty.wait_text(10, "1 new");
    pty.send("q");
    assert!(pty.wait_exit(10).success());
    let kept = std::process::Command::new("grep").args(["-rl", "s3cret-of-the-vault"]).arg(lab.folder()).output();
    assert_eq!(String::from_utf8_lossy(&kept.unwrap().stdout), "", "no file keeps the password");
}

//! Inventories that only Ansible reads, and variables that only it resolves: their hosts are reached over SSH all the same.

use crate::support::Lab;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// The lab's own inventory as a script prints it.
fn as_script(lab: &Lab) {
    let mut list = Command::new("ansible-inventory");
    list.args(["-i", "inventories/lab", "--list"]).current_dir(lab.project());
    let list = list.output().unwrap();
    assert!(list.status.success());
    let json = String::from_utf8(list.stdout).unwrap();
    lab.write("inventories/cloud/hosts.sh", &format!("#!/bin/sh\ncat <<'END'\n{json}\nEND\n"));
    let script = lab.project().join("inventories/cloud/hosts.sh");
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Which engine ran on which host, from the run's own events.
fn engines(lab: &Lab) -> String {
    let shown = lab.ok(["show", "last", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let tasks = shown["tasks"].as_array().unwrap();
    tasks.iter().map(|task| task["action"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn hosts_of_a_script_are_reached_over_ssh_and_have_health() {
    let lab = Lab::start(2);
    as_script(&lab);
    let said = lab.ok(["sh", "all", "-E", "cloud", "--wait", "--", "echo here"]);
    assert!(said.contains("== 2 hosts") && said.contains("here"), "{said}");
    assert_eq!(engines(&lab), "opsdeck.ssh");
    let board = lab.run(["health", "-E", "cloud", "--once", "--all", "--json"]);
    let why = String::from_utf8_lossy(&board.stderr).into_owned();
    let board: serde_json::Value = serde_json::from_slice(&board.stdout).unwrap_or_else(|e| panic!("{e}: {why}"));
    for host in ["h1", "h2"] {
        let checks = board["checks"].as_array().unwrap();
        let is = |check: &&serde_json::Value| check["host"] == host && check["check"] == "ssh";
        let ssh = checks.iter().find(is).unwrap_or_else(|| panic!("{board:#}"));
        assert_eq!(ssh["status"], "ok", "{board:#}");
    }
}

#[test]
fn templates_and_vaults_are_no_hindrance() {
    let lab = Lab::start(2);
    let inventory = std::fs::read_to_string(lab.project().join("inventories/lab/hosts.ini")).unwrap();
    lab.write(
        "inventories/lab/hosts.ini",
        &inventory.replace("ansible_host=127.0.0.1", "ansible_host=\"{{ vault_address }}\""),
    );
    lab.write("inventories/lab/group_vars/lab.yml", "vault_address: 127.0.0.1\n");
    lab.write("pw", "correct horse\n");
    let cfg = std::fs::read_to_string(lab.project().join("ansible.cfg")).unwrap();
    lab.write("ansible.cfg", &format!("{cfg}vault_password_file = pw\n"));
    let mut vault = lab.command("ansible-vault");
    vault.args(["encrypt", "--encrypt-vault-id", "default", "inventories/lab/group_vars/lab.yml"]);
    let sealed = vault.output().unwrap();
    assert!(sealed.status.success(), "{}", String::from_utf8_lossy(&sealed.stderr));
    let said = lab.ok(["sh", "lab", "--wait", "--", "echo here"]);
    assert!(said.contains("== 2 hosts") && said.contains("here"), "{said}");
    assert_eq!(engines(&lab), "opsdeck.ssh");
    // Without its password nothing is guessed: Ansible is asked, and says why.
    lab.write("ansible.cfg", &cfg);
    let out = lab.run(["sh", "lab", "--wait", "--", "echo here"]);
    assert!(!out.status.success());
}

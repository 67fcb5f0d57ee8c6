//! Every kind of secret by FIFO to the real Ansible, and nowhere else.

use super::scene::{Scene, all_text};
use opsdeck::ansible::Ask;
use opsdeck::ansible::secrets::{SecretName, Secrets};
use opsdeck::ansible::tools::{Tool, find};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};

/// A `sudo` that knows one password by its digest. It is asked as Ansible asks sudo: a prompt, then one line.
const SUDO: &str = "#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in -p) prompt=$2; shift 2;; -u) shift 2;; -*) shift;; *) break;; esac
done
printf '%s' \"$prompt\" >&2
IFS= read -r given
[ \"$(printf '%s' \"$given\" | sha256sum | cut -d' ' -f1)\" = DIGEST ] || { echo 'Sorry, try again.' >&2; exit 1; }
unset given
exec \"$@\"
";

const PLAY: &str = "
- hosts: h1
  gather_facts: false
  vars_files: [vaulted.yml]
  vars_prompt:
    - {name: token, private: true}
  tasks:
    - name: every secret has arrived
      assert: {that: [\"(token | hash('sha256')) == 'TOKEN'\", \"(sealed | hash('sha256')) == 'SEALED'\"], quiet: true}
      no_log: true
    - name: as another user
      command: 'true'
      become: true
      vars: {ansible_become_method: sudo, ansible_become_exe: \"{{ playbook_dir }}/sudo\"}
    - name: wait for the test
      command: cat {{ playbook_dir }}/gate
";

fn sha256(text: &str) -> String {
    use std::fmt::Write as _;
    let mut hex = String::new();
    for byte in <sha2::Sha256 as sha2::Digest>::digest(text) {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}

/// All processes below `parent`, itself included.
fn family(parent: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let ppid = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
        children.entry(ppid.unwrap_or(0)).or_default().push(pid);
    }
    let mut found = vec![parent];
    let mut at = 0;
    while at < found.len() {
        found.extend(children.get(&found[at]).into_iter().flatten());
        at += 1;
    }
    found
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    memchr::memmem::find(haystack, needle.as_bytes()).is_some()
}

#[test]
fn finding_10_each_secret_reaches_ansible_by_fifo_and_lies_nowhere() {
    let values = [
        (SecretName::Become, "b3come-Zq7!x"),
        (SecretName::Connection, "c0nnect-Zq7!x"),
        (SecretName::Vault("default".into()), "v4ult-Zq7!x"),
        (SecretName::Vault("other".into()), "v4ult-two-Zq7!x"),
        (SecretName::Prompt("token".into()), "t0ken-\"Zq7'\\é"),
    ];
    let sealed = "s3aled-Zq7!x";
    let scene = Scene::new(&[("sudo", &SUDO.replace("DIGEST", &sha256(values[0].1)))]);
    fs::set_permissions(scene.path("sudo"), PermissionsExt::from_mode(0o755)).unwrap();
    scene.write("site.yml", &PLAY.replace("TOKEN", &sha256(values[4].1)).replace("SEALED", &sha256(sealed)));
    seal(&scene, values[2].1, &format!("sealed: {sealed}\n"));
    let gate = scene.gate("gate");
    let mut secrets = Secrets::default();
    for (name, value) in &values {
        secrets.set(name.clone(), (*value).to_owned().into());
    }

    let mut running = scene.start(Ask::Playbook(scene.playbook("site.yml")), &secrets);
    let served = running.served.take().unwrap();
    // Opens when the last task reads: by then everything was handed over.
    let mut gate = crate::support::wait::wait_until(120, "the last task", || {
        if let Some(status) = running.child.try_wait().unwrap() {
            panic!("ended early: {status}\n{}\n{}", running.file("stdout.log"), running.file("stderr.log"));
        }
        let flags = rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
        rustix::fs::open(&gate, flags, rustix::fs::Mode::empty()).ok().map(fs::File::from)
    });
    let family = family(running.child.id());
    assert!(family.len() >= 3, "Ansible, a worker, the task: {family:?}");
    for pid in family {
        for file in ["cmdline", "environ"] {
            let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            for (name, value) in &values {
                assert!(!holds(&bytes, value), "{name} is in /proc/{pid}/{file}");
            }
        }
    }
    let folder = served.files()[0].1.parent().unwrap().to_path_buf();
    assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
    drop(served);
    assert!(!folder.exists(), "the FIFOs are gone");
    gate.write_all(b"go").unwrap();
    drop(gate);
    let done = running.finish();
    assert_eq!(done.rc, Some(0), "{done:#?}");
    assert!(done.story().contains("  1 h1 Changed"), "sudo took the password: {}", done.story());
    let whole = scene.run_dir().parent().unwrap().to_path_buf();
    for (path, bytes) in all_text(&whole) {
        for value in values.iter().map(|(_, value)| *value).chain([sealed]) {
            assert!(!holds(&bytes, value), "a secret lies in {}", path.display());
        }
    }
}

/// Writes `vaulted.yml`, encrypted by the real `ansible-vault`, which gets text and password through pipes.
fn seal(scene: &Scene, password: &str, text: &str) {
    let vault = find(Tool::Playbook, &scene.env()).unwrap().with_file_name("ansible-vault");
    let mut secrets = Secrets::default();
    secrets.set(SecretName::Vault("default".into()), password.to_owned().into());
    let served = opsdeck::ansible::secrets::serve(&secrets, &scene.run_dir().join("sealing")).unwrap();
    let mut child = Command::new(vault)
        .args(["encrypt", "--output", "vaulted.yml", "--vault-password-file"])
        .arg(&served.files()[0].1)
        .current_dir(scene.path("."))
        .env("HOME", scene.env().get("HOME").unwrap())
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "ansible-vault encrypt");
}

#[test]
fn a_wrong_vault_password_is_a_clear_failure() {
    let scene = Scene::new(&[(
        "site.yml",
        "- hosts: h1\n  gather_facts: false\n  vars_files: [vaulted.yml]\n  tasks: [{ping: }]\n",
    )]);
    seal(&scene, "right", "a: 1\n");
    let mut secrets = Secrets::default();
    secrets.set(SecretName::Vault("default".into()), "wrong".to_owned().into());
    let done = scene.start(Ask::Playbook(scene.playbook("site.yml")), &secrets).finish();
    assert_ne!(done.rc, Some(0));
    assert!(opsdeck::ansible::hostkeys::hint(&done.stderr).is_some_and(|h| h.contains("vault")), "{}", done.stderr);
}

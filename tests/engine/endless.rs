//! Files of a project that never end: whoever reads a FIFO waits for ever, Ansible too. Each verb names it and ends.

use crate::support::wait::wait_true;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a verb says, with its code; it must end by itself.
fn said_of(project: &Path, args: &[&str]) -> (Option<i32>, String) {
    let out = std::fs::File::create(project.with_file_name("said")).unwrap();
    let mut one = Command::new(env!("CARGO_BIN_EXE_opsdeck"))
        .args(args)
        .args(["-C", project.to_str().unwrap(), "--state-dir"])
        .arg(project.with_file_name("state"))
        .env("HOME", project)
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(out)
        .spawn()
        .unwrap();
    let mut status = None;
    wait_true(10, &format!("{args:?} to end"), || {
        status = one.try_wait().unwrap();
        status.is_some()
    });
    (status.unwrap().code(), std::fs::read_to_string(project.with_file_name("said")).unwrap())
}

/// Ends whatever waits for the FIFO, also where the test failed.
struct Fifo<'a>(&'a Path);

impl Drop for Fifo<'_> {
    fn drop(&mut self) {
        use std::os::unix::fs::OpenOptionsExt;
        let nonblock = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        drop(std::fs::OpenOptions::new().write(true).custom_flags(nonblock).open(self.0));
    }
}

#[test]
fn a_fifo_in_place_of_any_file_of_a_project_is_named_and_nobody_waits_for_it() {
    let play: &[&str] = &["play", "site.yml", "-i", "inventories/staging/hosts"];
    let hosts: &[&str] = &["hosts", "all", "-i", "inventories/staging/hosts"];
    let inventory: &[&str] = &["inventory", "-i", "inventories/staging/hosts"];
    let check: &[&str] = &["check"];
    let cases: [(&str, &[&[&str]]); 5] = [
        ("inventories/staging/hosts", &[hosts, inventory, play]),
        ("inventories/staging/group_vars/all.yml", &[inventory]),
        ("opsdeck.yaml", &[check]),
        ("ansible.cfg", &[hosts, inventory, check, play]),
        ("site.yml", &[play]),
    ];
    for (name, verbs) in cases {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("project");
        for (file, text) in [
            ("inventories/staging/hosts", "w1 ansible_connection=local\n"),
            ("inventories/staging/group_vars/all.yml", "a: 1\n"),
            ("opsdeck.yaml", ""),
            ("ansible.cfg", "[defaults]\n"),
            ("site.yml", "[{hosts: all, gather_facts: false, tasks: []}]\n"),
        ] {
            std::fs::create_dir_all(project.join(file).parent().unwrap()).unwrap();
            std::fs::write(project.join(file), text).unwrap();
        }
        let path = project.join(name);
        std::fs::remove_file(&path).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        let _fifo = Fifo(&path);
        for args in verbs {
            let (code, said) = said_of(&project, args);
            assert!(code != Some(0), "{name}: {args:?}: {code:?}: {said}");
            let named = said.contains(Path::new(name).file_name().unwrap().to_str().unwrap());
            assert!(named && (said.contains("a FIFO") || said.contains("no playbook")), "{name}: {args:?}: {said}");
        }
        // What looks at other things goes on.
        let (code, said) = said_of(&project, &["runs"]);
        assert_eq!(code, Some(0), "{name}: {said}");
    }
}

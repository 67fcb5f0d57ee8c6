//! `opsdeck demo`: what it writes works, what it starts answers, and however it ends, nothing of it stays.

use crate::support::wait::wait_true;
use crate::support::{Lab, OPSDECK, Pty};
use opsdeck::cli::demo::marked;
use rustix::process::Signal;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub struct Demo {
    child: Child,
    pub folder: PathBuf,
}

impl Demo {
    pub fn start(lab: &Lab, more: &[&str]) -> Demo {
        Demo::start_on(lab, more, &std::env::var("PATH").unwrap())
    }

    /// With another PATH.
    pub fn start_on(lab: &Lab, more: &[&str], path: &str) -> Demo {
        let mut command = lab.opsdeck(["demo", "--no-tui"]);
        command.args(more).env("TMPDIR", lab.folder()).env("PATH", path);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "no folder was printed: {line:?}, {:?}", child.wait_with_output());
        Demo { child, folder: PathBuf::from(line.trim_end()) }
    }

    /// Ends it with a signal; nothing of it stays. Gives what it said.
    pub fn end(&mut self, signal: Signal) -> String {
        self.signal(signal);
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success() || signal == Signal::KILL, "{status}: {said}");
        assert_gone(&self.folder);
        said
    }

    fn ansible(&self, program: &str, args: &[&str]) -> String {
        let out = Command::new(program).args(args).current_dir(&self.folder).stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{program} {args:?}: {}\n{text}", out.status);
        text
    }

    fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

fn assert_gone(folder: &Path) {
    wait_true(15, "the demo's folder is removed", || !folder.exists());
    wait_true(5, "no process of the demo is left", || marked::all(folder).is_empty());
}

#[test]
fn its_project_is_real_and_ctrl_c_ends_it() {
    let lab = Lab::start(0);
    let mut demo = Demo::start(&lab, &[]);
    let production = ["-i", "inventories/production"];
    let answer = demo
        .ansible("ansible", &[&["all", "-m", "command", "-a", "{{ service_ctl }} status"], &production[..]].concat());
    assert_eq!(answer.matches("runs, pid").count(), 10, "{answer}");
    let pid = |answer: &str| answer.lines().find(|l| l.contains("runs, pid")).unwrap().to_owned();
    let restart = ["lb01", "-m", "command", "-a", "{{ service_ctl }} restart"];
    demo.ansible("ansible", &[&restart[..], &production].concat());
    let after = demo
        .ansible("ansible", &[&["lb01", "-m", "command", "-a", "{{ service_ctl }} status"], &production[..]].concat());
    assert_ne!(pid(&answer), pid(&after), "a restart is a real one");
    let deployed = demo.ansible("ansible-playbook", &["-i", "inventories/staging", "deploy.yml"]);
    assert!(deployed.contains("shop 4.12.1, pid") && deployed.contains("ledger 4.12.1, pid"), "{deployed}");
    demo.end(Signal::INT);
}

#[test]
fn a_kill_and_a_hangup_leave_nothing_behind() {
    let lab = Lab::start(0);
    for signal in [Signal::KILL, Signal::HUP, Signal::TERM] {
        let mut demo = Demo::start(&lab, &[]);
        assert!(!marked::all(&demo.folder).is_empty(), "its services run");
        demo.end(signal);
    }
}

#[test]
fn a_run_from_another_shell_ends_with_the_demo() {
    let lab = Lab::start(0);
    let mut demo = Demo::start(&lab, &[]);
    // without the lab's and the demo's marks, as a person types it
    let ask = ["adhoc", "web", "-E", "production", "-m", "command", "-a", "sleep 600"];
    let state = demo.folder.join(".demo/state");
    let mut opsdeck = Command::new(OPSDECK);
    opsdeck.args(ask).env("OPSDECK_STATE", &state).current_dir(&demo.folder);
    let out = opsdeck.output().unwrap();
    assert!(out.status.success(), "{out:?}");
    let sleeping = || {
        let all = marked::all(&demo.folder).into_iter();
        let command = |pid: u32| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        all.filter(|p| command(p.pid).starts_with(b"sleep\x00600")).count()
    };
    wait_true(60, "it sleeps on the three web hosts", || sleeping() == 3);
    demo.end(Signal::INT);
}

#[test]
fn keep_leaves_the_folder_and_nothing_else() {
    let lab = Lab::start(0);
    let mut demo = Demo::start(&lab, &["--keep"]);
    demo.signal(Signal::INT);
    assert!(demo.child.wait().unwrap().success());
    assert!(demo.folder.join("deploy.yml").is_file());
    assert!(marked::all(&demo.folder).is_empty());
}

#[test]
fn without_sshd_the_hosts_are_local_and_it_says_so() {
    let lab = Lab::start(0);
    // a PATH where ssh is there and cannot log in: what a machine without openssh-server comes to as well
    let bin = lab.folder().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("ssh"), "#!/bin/sh\necho 'no ssh today' >&2\nexit 255\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join("ssh"), mode).unwrap();
    let path =
        std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())));
    let mut demo = Demo::start_on(&lab, &[], path.unwrap().to_str().unwrap());
    let inventory = std::fs::read_to_string(demo.folder.join("inventories/production/hosts.ini")).unwrap();
    assert!(inventory.contains("web01.eu ansible_connection=local"), "{inventory}");
    let said = demo.end(Signal::TERM);
    assert!(said.contains("no ssh today") && said.contains("local connections"), "{said}");
}

#[test]
fn its_console_opens_and_leaving_it_ends_everything() {
    let lab = Lab::start(0);
    let env = [("HOME", lab.folder().join("home")), ("TMPDIR", lab.folder().to_owned())];
    let mut pty = Pty::start(&[OPSDECK, "demo"], lab.folder().to_owned(), &env, (120, 40));
    pty.wait_for(60, "its production", |s| s.contains("PRODUCTION") && s.contains("green02"));
    let folder = std::fs::read_dir(lab.folder()).unwrap().flatten().map(|entry| entry.path());
    let folder = folder.into_iter().find(|path| path.to_string_lossy().contains("opsdeck-demo-")).unwrap();
    assert!(!marked::all(&folder).is_empty(), "its services run");
    pty.send("q");
    assert!(pty.wait_exit(10).success());
    assert_gone(&folder);
}

#[test]
fn without_an_ansible_it_gets_a_private_one_from_pypi_once() {
    let lab = Lab::start(0);
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(std::env::split_paths(&path).filter(|folder| !folder.join("ansible").exists()));
    let path = path.unwrap().into_string().unwrap();
    let cache = lab.folder().join("home/.cache/opsdeck/ansible");
    for first in [true, false] {
        let mut demo = Demo::start_on(&lab, &[], &path);
        assert!(cache.join("bin/ansible-playbook").is_file());
        let said = demo.end(Signal::INT);
        assert_eq!(said.contains("Installing ansible-core from PyPI"), first, "{said}");
        assert_eq!(said.contains("ansible-core is ready"), first, "{said}");
    }
}

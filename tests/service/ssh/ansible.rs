//! The same as Ansible: its own argument lists, its own control sockets, its own runs on our masters.

use super::{once, target};
use crate::support::Lab;
use opsdeck::inventory::{self, Inventory};
use opsdeck::project::cfg::AnsibleCfg;
use opsdeck::ssh::{Options, Route, route};
use std::collections::BTreeMap;

/// What Ansible gave to `ssh` for each address, without what it ran there.
fn ansible_gave(lab: &Lab, vars: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
    let mut command = lab.command("ansible");
    command.args(["all", "-m", "raw", "-a", "true", "-vvv"]).envs(vars.iter().copied());
    let out = command.output().expect("tests/run installs Ansible");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let Some((_, call)) = line.split_once("SSH: EXEC ") else { continue };
        let mut words = inventory::words(call).unwrap();
        words.truncate(words.len() - 1);
        let address = words.pop().unwrap();
        if words.last().is_some_and(|w| w == "-tt") {
            words.pop();
        }
        found.insert(address, words);
    }
    assert!(!found.is_empty(), "{text}");
    found
}

#[test]
fn the_arguments_and_the_socket_are_ansibles() {
    let lab = Lab::start(0);
    lab.write(
        "inventories/lab/hosts.ini",
        "a1 ansible_host=127.0.1.1 ansible_port=1\n\
         a2 ansible_host=127.0.1.2 ansible_port=1 ansible_user=deploy ansible_ssh_private_key_file=~/k\n\
         a3 ansible_host=127.0.1.3 ansible_ssh_port=1 ansible_ssh_user=ops ansible_ssh_extra_args='-o \"SendEnv A B\"'\n\
         a4 ansible_host=127.0.1.4 ansible_port=1 ansible_ssh_common_args='-F none -o ControlPath=/tmp/never'\n\
         a5 ansible_host=127.0.1.5 ansible_port=1 ansible_host_key_checking=no ansible_ssh_timeout=3\n\
         a6 ansible_host=127.0.1.6 ansible_port=1 ansible_timeout=4 ansible_connection=smart\n\
         a7 ansible_host=127.0.1.7 ansible_port=1 ansible_ssh_args='-o ControlPersist=5m -o ControlMaster=auto'\n\
         a8 ansible_host=127.0.1.8 ansible_port=1 ansible_control_path='%(directory)s/%%C'\n",
    );
    let base = std::fs::read_to_string(lab.project().join("ansible.cfg")).unwrap();
    let long = "remote_user = filed\nprivate_key_file = keys/one\ntimeout = 7\n[ssh_connection]\nssh_common_args = -o LogLevel=ERROR\n\
                control_path_dir = ~/sockets\nhost_key_checking = False\ntimeout = 9\n";
    for (cfg, vars) in [
        (base.clone(), &[][..]),
        (format!("{base}{long}"), &[]),
        (
            format!("{base}{long}"),
            &[("ANSIBLE_REMOTE_USER", "env"), ("ANSIBLE_SSH_TIMEOUT", "8"), ("ANSIBLE_TIMEOUT", "6")],
        ),
    ] {
        lab.write("ansible.cfg", &cfg);
        let theirs = ansible_gave(&lab, vars);
        assert_eq!(theirs.len(), 8, "{theirs:?}");
        let mut env: BTreeMap<String, String> = vars.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        env.insert("HOME".into(), lab.folder().join("home").display().to_string());
        let env: opsdeck::project::cfg::Env = env.into_iter().collect();
        let cfg = AnsibleCfg::load(&lab.project(), &env);
        let sources = ["inventories/lab".to_owned()];
        let inventory = Inventory::load(&lab.project(), &sources, &inventory::Options { env }).unwrap();
        for id in inventory.hosts() {
            let Route::Ssh(ours) = route(&inventory, id, &cfg, &Options::default()) else { panic!("{id:?}") };
            let mut expected = theirs[&ours.address].clone();
            // Older ones do not limit prompts that nobody would answer.
            if !expected.iter().any(|w| w.starts_with("NumberOfPasswordPrompts")) {
                expected.extend(["-o".to_owned(), "NumberOfPasswordPrompts=1".to_owned()]);
            }
            assert_eq!(ours.argv(), expected, "{}", ours.name);
        }
    }
}

#[test]
fn an_ansible_run_finds_our_master_warm_and_leaves_it() {
    let lab = Lab::start(1);
    assert_eq!(once(&target(&lab, "h1"), "true").code(), Some(0));
    let before = super::masters::master(&lab);
    let logins = || {
        let log = std::fs::read_to_string(lab.folder().join("sshd1/sshd.log")).unwrap();
        log.matches("Accepted publickey").count()
    };
    let seen = logins();
    let out = lab.command("ansible").args(["h1", "-m", "command", "-a", "uptime"]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    assert_eq!(logins(), seen, "Ansible logged in anew");
    assert_eq!(super::masters::master(&lab), before);
}

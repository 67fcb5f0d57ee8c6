//! The other screens over what really happened: what ended meanwhile, the ledger, opsdeck's own log, closed variables.

use super::cli::chatty;
use super::screen::console;
use crate::support::wait::wait_true;
use crate::support::{Lab, OPSDECK, Pty, Run};

#[test]
fn an_operator_who_comes_back_is_told_what_ended_and_the_ledger_has_it() {
    let lab = Lab::start(1);
    lab.write("site.yml", &chatty(1));
    lab.write("broken.yml", "- hosts: lab\n  gather_facts: false\n  tasks:\n    - ansible.builtin.command: 'false'\n");
    let mut first = console(&lab, (120, 40));
    let seen = lab.state().join("seen");
    wait_true(20, "it is noted that somebody looks", || seen.read_dir().is_ok_and(|mut d| d.next().is_some()));
    first.send("q");
    assert!(first.wait_exit(10).success());
    for (playbook, state) in [("site.yml", "succeeded"), ("broken.yml", "failed")] {
        let end = Run::launch(&lab, &["play", playbook]).wait_end(60);
        assert_eq!(end["state"], state, "{end:#}");
    }
    let mut back = Pty::start(&[OPSDECK], lab.project(), &lab.env(), (120, 40));
    let screen = back.wait_text(30, "While you were away");
    let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{text:?} is missing:\n{screen}"));
    assert!(at("Look at these") < at("broken.yml") && at("broken.yml") < at("Ended well"), "{screen}");
    assert!(at("Ended well") < at("site.yml"), "{screen}");

    back.send("3");
    let screen =
        back.wait_for(20, "the ledger, verified", |s| s.contains("chain verified") && s.contains("broken.yml"));
    assert!(screen.contains("site.yml") && screen.contains("intent") && screen.contains("failure"), "{screen}");
    back.send("4");
    back.wait_text(10, "opsdeck's own log");
    back.send("q");
    assert!(back.wait_exit(10).success());
}

#[test]
fn browsing_needs_no_vault_password() {
    let lab = Lab::start(1);
    lab.write("inventories/lab/group_vars/lab/open.yml", "http_port: 8080\n");
    lab.write("inventories/lab/group_vars/lab/closed.yml", "db_password: s3cret-of-the-lab\n");
    lab.write("password", "only the test knows it\n");
    let closed = "inventories/lab/group_vars/lab/closed.yml";
    let out =
        lab.command("ansible-vault").args(["encrypt", "--vault-password-file", "password", closed]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    std::fs::remove_file(lab.project().join("password")).unwrap();
    assert!(std::fs::read_to_string(lab.project().join(closed)).unwrap().starts_with("$ANSIBLE_VAULT;"));
    let mut pty = console(&lab, (120, 40));
    pty.wait_text(30, "h1 ");
    pty.send("\r");
    let screen = pty.wait_for(20, "the host's variables", |s| s.contains("http_port") && s.contains("(a whole file)"));
    assert!(screen.contains("8080") && screen.contains("vaulted"), "{screen}");
    assert!(!screen.contains("s3cret-of-the-lab"));
    // Ansible itself needs none to tell hosts and groups
    pty.wait_text(60, "same as Ansible's");
    pty.send("q");
    assert!(pty.wait_exit(10).success());
}

#[test]
fn what_is_wrong_in_a_persons_files_is_said_when_the_console_opens() {
    let lab = Lab::start(0);
    lab.write("opsdeck.yaml", "forks: many\nrunbooks: 3\n");
    let config = lab.folder().join("home/config/opsdeck");
    std::fs::create_dir_all(config.join("themes")).unwrap();
    std::fs::write(config.join("keys.yaml"), "fleet.adhoc: hyper-z\n").unwrap();
    std::fs::write(config.join("themes/mine.yaml"), "name: mine\nextends: dark\nroles: {okay: {fg: red}}\n").unwrap();
    let mut pty = console(&lab, (160, 50));
    let said = |s: &str| s.contains("opsdeck.yaml: 2 mistakes: `opsdeck check`") && s.contains("`hyper-z` is no key");
    let screen = pty.wait_for(20, "the mistakes", said);
    assert!(screen.contains("no role `okay`"), "{screen}");
    pty.send("q");
    assert!(pty.wait_exit(10).success());
    let mine = Pty::start(&[OPSDECK, "--theme", "mine"], lab.project(), &lab.env(), (160, 50));
    mine.wait_for(20, "why there is no such theme", |s| s.contains("no theme \"mine\"") && s.contains("mine.yaml:3:"));
}

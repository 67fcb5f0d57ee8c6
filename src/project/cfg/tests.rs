//! `ansible.cfg` as Ansible chooses and reads it.

use super::*;
use std::fs;

fn folder(cfg: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    fs::write(root.join("ansible.cfg"), cfg).unwrap();
    (dir, root)
}

#[test]
fn paths_are_relative_to_the_file_and_lists_are_comma_lists() {
    let (_dir, root) =
        folder("[defaults]\ninventory = a, ../b ,/c, ~/d, $X/e\ncallback_plugins=p:q\nvault_password_file = .v\n");
    let cfg = AnsibleCfg::load(&root, &Env::from([("HOME", "/home/me"), ("X", "/x")]));
    let above = root.parent().unwrap().join("b");
    let expected = [root.join("a"), above, "/c".into(), "/home/me/d".into(), "/x/e".into()];
    assert_eq!(cfg.inventory().unwrap(), expected);
    assert_eq!(cfg.callback_plugins().unwrap(), [root.join("p"), root.join("q")]);
    assert_eq!(cfg.vault_password_file().unwrap(), root.join(".v"));
    assert_eq!(cfg.file, Some(root.join("ansible.cfg")));
}

#[test]
fn a_variable_wins_over_the_file_and_is_relative_to_the_folder() {
    let (_dir, root) = folder("[defaults]\ninventory=a\nforks = 12 ; many\n[privilege_escalation]\nbecome=Yes\n");
    let cfg = AnsibleCfg::load(&root, &Env::from([("ANSIBLE_INVENTORY", "x,y/../z")]));
    assert_eq!(cfg.inventory().unwrap(), [root.join("x"), root.join("z")]);
    assert_eq!(cfg.forks(), Some(12));
    assert!(cfg.becomes() && !cfg.asks_become_password());
    assert_eq!(cfg.setting("ANSIBLE_INVENTORY", "defaults", "inventory").unwrap().variable, Some("ANSIBLE_INVENTORY"));
}

#[test]
fn a_world_writable_folder_is_passed_over_with_a_warning() {
    let (_dir, root) = folder("[defaults]\nforks=3\n");
    fs::set_permissions(&root, fs::Permissions::from_mode(0o777)).unwrap();
    let home = root.join("home");
    fs::create_dir(&home).unwrap();
    fs::write(home.join(".ansible.cfg"), "[defaults]\nforks=4\n").unwrap();
    let env = Env::from([("HOME", home.to_str().unwrap())]);
    let cfg = AnsibleCfg::load(&root, &env);
    assert_eq!((cfg.forks(), cfg.ignored.as_deref()), (Some(4), Some(root.join("ansible.cfg").as_path())));
    assert_eq!(cfg.problems.len(), 1);
    let named = Env::from([("ANSIBLE_CONFIG", root.to_str().unwrap())]);
    let cfg = AnsibleCfg::load(&root, &named);
    assert_eq!((cfg.forks(), cfg.ignored), (Some(3), None));
}

#[test]
fn what_ansible_refuses_is_a_problem_with_a_place() {
    let (_dir, root) = folder("[defaults]\nforks\n");
    let cfg = AnsibleCfg::load(&root, &Env::default());
    let problem = cfg.problems[0].clone().below(&root).to_string();
    assert_eq!(problem, "ansible.cfg:2:1: error: this line is no setting; found forks, expected key = value");
}

#[test]
fn paths_keep_their_quotes_and_texts_lose_them() {
    let (_dir, root) = folder("[defaults]\ninventory=\"a\"\nvault_identity_list = \"x@y\", \"z@w\"\n");
    let cfg = AnsibleCfg::load(&root, &Env::default());
    assert_eq!(cfg.inventory().unwrap(), [root.join("\"a\"")]);
    assert_eq!(cfg.vault_identities(), ["x@y", "z@w"]);
}

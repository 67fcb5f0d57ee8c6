//! Routes from inventories, configurations and options. The comparison with what Ansible really does is in
//! `tests/service/ssh/ansible.rs`.

use super::*;
use crate::project::cfg::Env;

/// The route of host `h` in a project with these files.
fn of(inventory: &str, cfg: &str, env: &[(&str, &str)], options: &Options) -> Route {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("hosts.ini"), inventory).unwrap();
    std::fs::write(dir.path().join("ansible.cfg"), cfg).unwrap();
    let home = [("HOME", "/home/ada")];
    let env: Env = home.iter().chain(env).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let cfg = AnsibleCfg::load(dir.path(), &env);
    let sources = ["hosts.ini".to_owned()];
    let inventory = Inventory::load(dir.path(), &sources, &inventory::Options { env }).unwrap();
    route(&inventory, inventory.host("h").unwrap(), &cfg, options)
}

fn argv(inventory: &str, cfg: &str, env: &[(&str, &str)]) -> String {
    match of(inventory, cfg, env, &Options::default()) {
        Route::Ssh(target) => format!("{} {}", target.argv.join(" "), target.address),
        Route::Ansible { why } => panic!("{why}"),
    }
}

fn why(inventory: &str, cfg: &str, options: &Options) -> String {
    match of(inventory, cfg, &[], options) {
        Route::Ansible { why } => why,
        Route::Ssh(target) => panic!("{target:?}"),
    }
}

const NO_PASSWORD: &str = "-o KbdInteractiveAuthentication=no \
    -o PreferredAuthentications=gssapi-with-mic,gssapi-keyex,hostbased,publickey -o PasswordAuthentication=no";

#[test]
fn with_nothing_set_it_is_ansibles_default() {
    let name = share::digest("h", None, None);
    let expected = format!(
        "ssh -C -o ControlMaster=auto -o ControlPersist=60s {NO_PASSWORD} -o ConnectTimeout=10 \
         -o ControlPath=\"/home/ada/.ansible/cp/{name}\" -o NumberOfPasswordPrompts=1 h"
    );
    assert_eq!(argv("h\n", "", &[]), expected);
}

#[test]
fn every_place_of_a_setting_counts_in_its_turn() {
    let inventory = "h ansible_host=10.0.0.1 ansible_ssh_port=2222 ansible_port=1 ansible_user=deploy \
                     ansible_ssh_private_key_file=~/.ssh/id ansible_ssh_common_args='-J jump' ansible_ssh_timeout=3\n";
    let cfg = "[defaults]\nremote_user = file\nhost_key_checking = False\n[ssh_connection]\nssh_args = -o ControlPersist=30m\n\
               control_path = %(directory)s/%%h\ncontrol_path_dir = ~/cp\n";
    let expected = format!(
        "ssh -o ControlPersist=30m -o StrictHostKeyChecking=no -o Port=2222 -o IdentityFile=\"/home/ada/.ssh/id\" \
         {NO_PASSWORD} -o User=\"deploy\" -o ConnectTimeout=3 -J jump -o ControlPath=\"/home/ada/cp/%h\" \
         -o NumberOfPasswordPrompts=1 10.0.0.1"
    );
    assert_eq!(argv(inventory, cfg, &[("ANSIBLE_REMOTE_USER", "env")]), expected);
    let user = |env: &[(&str, &str)]| argv("h\n", cfg, env).contains("User=\"env\"");
    assert!(user(&[("ANSIBLE_REMOTE_USER", "env")]) && !user(&[]));
}

#[test]
fn what_only_ansible_can_do_says_why() {
    let none = Options::default();
    for (vars, words) in [
        ("ansible_connection=local", "its connection is local"),
        ("ansible_user='{{ who }}'", "ansible_user is a template"),
        ("ansible_password=x", "ansible_password is set"),
        ("ansible_shell_type=powershell", "its shell is powershell"),
        ("ansible_port=ssh", "no whole number"),
        ("ansible_host=-oProxyCommand=x", "its address is"),
        ("ansible_ssh_args='-o ControlMaster=no'", "switch sharing of connections off"),
        ("ansible_become=yes ansible_become_method=runas", "runas"),
        ("ansible_become=yes ansible_become_password=x", "holds a password"),
    ] {
        let found = why(&format!("h {vars}\n"), "", &none);
        assert!(found.contains(words), "{vars}: {found}");
    }
    let found = why("h\n", "[ssh_connection]\ncontrol_path = %d/x\n", &none);
    assert!(found.contains("write %% for"), "{found}");
    let given = Options { connection_password: true, ..Options::default() };
    assert!(why("h\n", "", &given).contains("connection password"));
}

#[test]
fn become_is_read_as_ansible_reads_it() {
    let becomes = |vars: &str, options: &Options| match of(&format!("h {vars}\n"), "", &[], options) {
        Route::Ssh(target) => target.r#become.map(|b| (b.method, b.user, b.flags)),
        Route::Ansible { why } => panic!("{why}"),
    };
    let asked = Options { r#become: true, ..Options::default() };
    let sudo = |user: &str| Some((crate::ssh::Method::Sudo, user.to_owned(), "-H -S -n".to_owned()));
    assert_eq!(becomes("", &asked), sudo("root"));
    assert_eq!(becomes("ansible_become=no", &asked), None, "a variable wins over -b");
    assert_eq!(becomes("ansible_become=yes ansible_become_user=app", &Options::default()), sudo("app"));
    assert_eq!(becomes("ansible_user=root", &asked), None, "nobody becomes themselves");
    let su = becomes("ansible_become_method=su", &asked);
    assert_eq!(su, Some((crate::ssh::Method::Su, "root".into(), String::new())));
}

#[test]
fn an_encrypted_file_may_hold_anything() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("group_vars")).unwrap();
    std::fs::write(dir.path().join("hosts.ini"), "h\n").unwrap();
    std::fs::write(dir.path().join("group_vars/all.yml"), "$ANSIBLE_VAULT;1.1;AES256\n6162\n").unwrap();
    let inventory = Inventory::load(dir.path(), &["hosts.ini".into()], &inventory::Options::default()).unwrap();
    let cfg = AnsibleCfg::load(dir.path(), &Env::default());
    let Route::Ansible { why } = route(&inventory, inventory.host("h").unwrap(), &cfg, &Options::default()) else {
        panic!("a native route beside an encrypted file");
    };
    assert!(why.contains("is encrypted"), "{why}");
}

//! Discovery on the layouts that teams really have, each written into a folder of its own.

use opsdeck::project::{AnsibleCfg, Env, Project};
use serde_json::{Map, Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PLAY: &str = "- name: Deploy\n  hosts: web\n  tasks: []\n";
const HOSTS: &str = "[web]\nweb1\n";
const YAML_HOSTS: &str = "all:\n  hosts:\n    web1:\n";

struct Layout(tempfile::TempDir);

impl Layout {
    fn new(files: &[(&str, &str)]) -> Self {
        let layout = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            layout.write(path, text);
        }
        layout
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn root(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    fn project(&self) -> Project {
        self.from("", &Env::default())
    }

    fn from(&self, below: &str, env: &Env) -> Project {
        Project::discover_with(&self.root().join(below), env).unwrap()
    }

    fn environments(&self) -> Vec<(String, String)> {
        let envs = self.project().environments;
        envs.into_iter().map(|env| (env.name, env.inventory.join(" "))).collect()
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
}

#[test]
fn the_layout_of_the_best_practices_has_one_environment_a_folder() {
    let layout = Layout::new(&[
        ("inventories/production/hosts", HOSTS),
        ("inventories/production/group_vars/web.yml", "a: 1\n"),
        ("inventories/production/host_vars/web1.yml", "a: 1\n"),
        ("inventories/staging/hosts.yml", YAML_HOSTS),
        ("inventories/README.md", "hosts:\n"),
        ("site.yml", PLAY),
        ("roles/x/tasks/main.yml", PLAY),
        ("requirements.yml", "- src: hosts\n"),
    ]);
    let expected = [("production", "inventories/production"), ("staging", "inventories/staging")];
    assert_eq!(layout.environments(), pairs(&expected));
    let project = layout.project();
    assert_eq!(project.environments.iter().map(|e| e.protect).collect::<Vec<_>>(), [true, false]);
    let plays = vec![("Deploy".to_owned(), "web".to_owned())];
    assert_eq!(
        project.playbooks.iter().map(|p| (p.path.as_str(), &p.plays)).collect::<Vec<_>>(),
        [("site.yml", &plays)]
    );
    assert_eq!(project.problems, []);
}

#[test]
fn the_older_best_practices_have_files_at_the_root() {
    let layout = Layout::new(&[
        ("production", HOSTS),
        ("staging", HOSTS),
        ("group_vars/all.yml", "hosts: 1\n"),
        ("site.yml", PLAY),
        ("Makefile", "all:\n"),
        ("LICENSE", "hosts\n"),
    ]);
    assert_eq!(layout.environments(), pairs(&[("production", "production"), ("staging", "staging")]));
}

#[test]
fn a_single_file_at_the_root_is_the_default_environment() {
    for name in ["hosts", "inventory", "inventory.ini", "hosts.ini", "hosts.yml"] {
        let layout = Layout::new(&[(name, if name.ends_with("yml") { YAML_HOSTS } else { HOSTS }), ("site.yml", PLAY)]);
        assert_eq!(layout.environments(), pairs(&[("default", name)]), "{name}");
    }
}

#[test]
fn files_named_after_environments_keep_them_apart() {
    for container in ["inventory", "inventories", "environments"] {
        let layout = Layout::new(&[]);
        layout.write(&format!("{container}/prod.ini"), HOSTS);
        layout.write(&format!("{container}/staging.yml"), YAML_HOSTS);
        layout.write(&format!("{container}/group_vars/all.yml"), "a: 1\n");
        let expected = [("prod", format!("{container}/prod.ini")), ("staging", format!("{container}/staging.yml"))];
        let expected: Vec<_> = expected.iter().map(|(a, b)| (*a, b.as_str())).collect();
        assert_eq!(layout.environments(), pairs(&expected));
    }
}

#[test]
fn inventory_with_one_or_with_numbered_sources_is_one_environment() {
    let one = Layout::new(&[("inventory/hosts.ini", HOSTS), ("inventory/group_vars/all.yml", "a: 1\n")]);
    assert_eq!(one.environments(), pairs(&[("default", "inventory/hosts.ini")]));
    let many = Layout::new(&[
        ("inventory/01-static.ini", HOSTS),
        ("inventory/02-cloud.aws_ec2.yml", "plugin: amazon.aws.aws_ec2\n"),
        ("inventory/99-constructed.yml", "plugin: constructed\n"),
    ]);
    let all = ["01-static.ini", "02-cloud.aws_ec2.yml", "99-constructed.yml"]
        .map(|name| format!("inventory/{name}"))
        .join(" ");
    assert_eq!(many.environments(), pairs(&[("default", &all)]));
    let hosts = Layout::new(&[("inventory/hosts", HOSTS), ("inventory/aws_ec2.yml", "plugin: aws_ec2\n")]);
    assert_eq!(hosts.environments(), pairs(&[("default", "inventory")]));
}

#[test]
fn kubespray_has_one_environment_a_cluster() {
    let layout = Layout::new(&[
        ("ansible.cfg", "[defaults]\nroles_path = roles\n"),
        ("inventory/mycluster/hosts.yaml", YAML_HOSTS),
        ("inventory/mycluster/group_vars/all/all.yml", "a: 1\n"),
        ("inventory/mycluster/patches/kube.yaml", "hosts: 1\n"),
        ("inventory/sample/inventory.ini", HOSTS),
        ("cluster.yml", "- name: Cluster\n  ansible.builtin.import_playbook: playbooks/cluster.yml\n"),
        ("playbooks/cluster.yml", PLAY),
        ("playbooks/roles/x/y.yml", PLAY),
    ]);
    let expected = [("mycluster", "inventory/mycluster/hosts.yaml"), ("sample", "inventory/sample/inventory.ini")];
    assert_eq!(layout.environments(), pairs(&expected));
    let playbooks: Vec<_> = layout.project().playbooks.into_iter().map(|p| p.path).collect();
    assert_eq!(playbooks, ["cluster.yml", "playbooks/cluster.yml"]);
}

#[test]
fn debops_names_its_inventory_in_ansible_cfg() {
    let layout = Layout::new(&[
        ("ansible.cfg", "[defaults]\ninventory = ansible/inventory\n"),
        ("ansible/inventory/hosts", HOSTS),
        ("ansible/inventory/group_vars/all/keys.yml", "a: 1\n"),
        ("ansible/playbooks/site.yml", PLAY),
    ]);
    assert_eq!(layout.environments(), pairs(&[("default", "ansible/inventory")]));
}

#[test]
fn the_inventory_of_ansible_cfg_comes_first() {
    let files = [("inventories/a/hosts", HOSTS), ("inventories/b/hosts", HOSTS)];
    let layout = Layout::new(&files);
    layout.write("ansible.cfg", "[defaults]\ninventory = ./inventories/b/hosts\n");
    assert_eq!(layout.environments(), pairs(&[("b", "inventories/b/hosts"), ("a", "inventories/a")]));
    layout.write("ansible.cfg", "[defaults]\ninventory = inventories\n");
    assert_eq!(layout.environments(), pairs(&[("default", "inventories")]), "one, as Ansible reads it");
    layout.write("ansible.cfg", "[defaults]\ninventory = inventories/a,inventories/b\n");
    assert_eq!(layout.environments(), pairs(&[("a", "inventories/a"), ("b", "inventories/b")]));
    let env = Env::from([("ANSIBLE_INVENTORY", "inventories/b")]);
    assert_eq!(layout.from("", &env).environments[0].inventory, ["inventories/b"]);
}

#[test]
fn an_inventory_that_does_not_exist_is_a_problem_with_its_place() {
    let layout = Layout::new(&[("ansible.cfg", "[defaults]\n\ninventory = gone.ini\n"), ("site.yml", PLAY)]);
    let project = layout.project();
    let problem = project.problems[0].to_string();
    assert!(
        problem.starts_with("ansible.cfg:3:1: error: the inventory that is named here does not exist"),
        "{problem}"
    );
    assert!(project.environments.iter().all(|env| env.inventory != ["gone.ini"]));
}

#[test]
fn nested_folders_are_named_by_their_path() {
    let layout = Layout::new(&[
        ("environments/prod/eu/inventory/hosts", HOSTS),
        ("environments/prod/us/inventory/hosts", HOSTS),
        ("environments/non-prod/inventory/hosts", HOSTS),
    ]);
    let project = layout.project();
    let found: Vec<_> = project.environments.iter().map(|e| (e.name.as_str(), e.protect)).collect();
    assert_eq!(found, [("non-prod", false), ("prod/eu", true), ("prod/us", true)]);
}

#[test]
fn executable_scripts_are_sources_and_other_scripts_are_not() {
    let layout = Layout::new(&[("inventories/dyn/inv.py", "#!/bin/sh\n"), ("inventories/no/inv.py", "#!/bin/sh\n")]);
    let script = layout.root().join("inventories/dyn/inv.py");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(layout.environments(), pairs(&[("dyn", "inventories/dyn")]));
}

#[test]
fn the_root_is_found_from_below() {
    let layout = Layout::new(&[
        ("ansible.cfg", "[defaults]\n"),
        ("inventories/production/hosts", HOSTS),
        ("playbooks/deep/site.yml", PLAY),
        ("roles/x/tasks/main.yml", "- debug:\n"),
    ]);
    for below in ["", "playbooks/deep", "roles/x/tasks", "inventories/production"] {
        assert_eq!(layout.from(below, &Env::default()).root, layout.root(), "{below}");
    }
    let plain = Layout::new(&[("inventories/production/hosts", HOSTS), ("playbooks/deep/site.yml", PLAY)]);
    for below in ["", "playbooks/deep", "inventories/production"] {
        assert_eq!(plain.from(below, &Env::default()).root, plain.root(), "{below}");
    }
    let monorepo = Layout::new(&[(".git/HEAD", ""), ("ansible/ansible.cfg", "[defaults]\n"), ("src/main.c", "")]);
    assert_eq!(monorepo.from("src", &Env::default()).root, monorepo.root().join("ansible"));
}

#[test]
fn a_folder_without_a_project_says_what_was_looked_for() {
    let layout = Layout::new(&[(".git/HEAD", ""), ("notes.yml", "hosts: 1\n")]);
    let error = Project::discover_with(&layout.root(), &Env::default()).unwrap_err().to_string();
    assert!(
        error.contains("no Ansible project") && error.contains("ansible.cfg") && error.contains("-C DIR"),
        "{error}"
    );
    assert!(Project::discover_with(Path::new("/nonexistent/x"), &Env::default()).is_err());
}

#[test]
fn broken_files_are_problems_and_the_rest_is_found() {
    let layout = Layout::new(&[
        ("hosts", HOSTS),
        ("broken.yml", "- hosts: all\n  tasks:\n   - a: [\n"),
        ("good.yml", PLAY),
        ("vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n- hosts\n"),
    ]);
    layout.write("latin.yml", "");
    fs::write(layout.root().join("latin.yml"), b"- hosts: \xff\n").unwrap();
    let project = layout.project();
    assert_eq!(project.playbooks.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), ["good.yml"]);
    let problems: Vec<_> = project.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("broken.yml:4:1: error: this is not YAML"), "{problems:?}");
    assert!(problems[1].starts_with("latin.yml: error: this is not UTF-8"), "{problems:?}");
}

/// What `ansible-config dump` says of a folder: name -> value of each setting that is not the default; `None`: it fails.
fn dump(folder: &Path, home: &Path, env: &[(&str, &str)]) -> Option<Map<String, Value>> {
    let mut command = Command::new("ansible-config");
    command.args(["dump", "--only-changed", "-f", "json"]).current_dir(folder).env("HOME", home).stdin(Stdio::null());
    command.env_remove("ANSIBLE_CONFIG").envs(env.iter().copied());
    let output = command.output().expect("ansible-config is not on PATH: start the tests with tests/run");
    let text = output.status.success().then(|| String::from_utf8(output.stdout).unwrap())?;
    let settings: Vec<Value> = serde_json::from_str(&text).unwrap();
    let pair = |s: &Value| Some((s["name"].as_str()?.to_owned(), s["value"].clone()));
    Some(settings.iter().filter_map(pair).collect())
}

/// The same settings as our reader has them.
fn ours(cfg: &AnsibleCfg) -> Map<String, Value> {
    let settings = [
        ("CONFIG_FILE", json!(cfg.file)),
        ("DEFAULT_HOST_LIST", json!(cfg.inventory())),
        ("DEFAULT_CALLBACK_PLUGIN_PATH", json!(cfg.callback_plugins())),
        ("DEFAULT_ROLES_PATH", json!(cfg.roles_path())),
        ("COLLECTIONS_PATHS", json!(cfg.collections_path())),
        ("DEFAULT_VAULT_PASSWORD_FILE", json!(cfg.vault_password_file())),
        ("DEFAULT_VAULT_IDENTITY_LIST", json!(cfg.vault_identities())),
        ("DEFAULT_BECOME", json!(cfg.becomes())),
        ("DEFAULT_BECOME_ASK_PASS", json!(cfg.asks_become_password())),
        ("DEFAULT_ASK_PASS", json!(cfg.asks_connection_password())),
        ("DEFAULT_ASK_VAULT_PASS", json!(cfg.asks_vault_password())),
        ("DEFAULT_FORKS", json!(cfg.forks())),
    ];
    let said = |value: &Value| !(value.is_null() || *value == json!(false) || *value == json!([]));
    settings.into_iter().filter(|(_, value)| said(value)).map(|(name, value)| (name.to_owned(), value)).collect()
}

#[test]
fn ansible_cfg_means_what_ansible_config_says() {
    let cases: [(&str, &[(&str, &str)]); 18] = [
        ("[defaults]\ninventory = a, ../b ,/c, ~/d, $X/e, ${X}f, $NO/g, \"q\" ; no\n", &[("X", "/x")]),
        ("[defaults]\ncallback_plugins=p:q : r\nroles_path=./r:{{CWD}}/s\n  cont\ncollections_path: c\n", &[]),
        ("[defaults]\nvault_password_file = \"v\"\nvault_identity_list = \"x@y\", z@w\nforks = 12.0 ; c\n", &[]),
        ("[defaults]\nVault_Identity_List='a', 'b'\nask_vault_pass=T\nask_pass: on\n", &[]),
        ("[privilege_escalation]\nbecome=Yes\nbecome_ask_pass = \"yes\"\n", &[]),
        ("[privilege_escalation] trailing\nbecome = 1\nbecome_ask_pass=y\n", &[]),
        ("[DEFAULT]\nforks=3\n[defaults]\ninventory=x;y\n", &[]),
        ("  [defaults]\n  forks = 4\n# c\n  roles_path = a\n\n     b\n", &[]),
        ("[defaults]\ninventory =\n", &[]),
        ("[defaults]\nforks = 7\ninventory = a\n", &[("ANSIBLE_FORKS", "9"), ("ANSIBLE_INVENTORY", "i,j/../k")]),
        ("# nothing\n", &[("ANSIBLE_BECOME", "true"), ("ANSIBLE_ROLES_PATH", "r:~/s")]),
        ("[defaults]\nforks = \"12\"\n", &[]),
        ("[defaults]\nforks = many\n", &[]),
        ("[defaults]\nforks=1\nFORKS=2\n", &[]),
        ("[defaults]\na=1\n[x]\n[defaults]\nb=2\n", &[]),
        ("forks=1\n[defaults]\n", &[]),
        ("[defaults]\nforks\n", &[]),
        ("[defaults]\nforks=3\n", &[("ANSIBLE_CONFIG", "elsewhere.txt")]),
    ];
    std::thread::scope(|scope| {
        for (text, env) in cases {
            scope.spawn(move || {
                let layout = Layout::new(&[("ansible.cfg", text), ("elsewhere.txt", ""), ("home/x", "")]);
                let home = layout.root().join("home");
                let pairs = env.iter().map(|(k, v)| (k.to_string(), v.to_string()));
                let pairs = pairs.chain([("HOME".to_owned(), home.display().to_string())]);
                let cfg = AnsibleCfg::load(&layout.root(), &pairs.collect());
                match dump(&layout.root(), &home, env) {
                    Some(mut theirs) => {
                        let mine = ours(&cfg);
                        theirs.retain(|_, value| *value != json!(false));
                        assert_eq!(mine, theirs, "{text} {env:?}");
                        assert_eq!(cfg.problems, [], "{text} {env:?}");
                    }
                    None => assert!(!cfg.problems.is_empty(), "Ansible refuses what we take: {text} {env:?}"),
                }
            });
        }
    });
}

#[test]
fn a_thousand_files_are_looked_through_at_once() {
    let layout = Layout::new(&[("hosts", HOSTS)]);
    let tasks = "- name: Install\n  ansible.builtin.package:\n    name: nginx\n".repeat(20);
    for i in 0..1000 {
        let text = if i % 4 == 0 { format!("{PLAY}{}", "# more\n".repeat(30)) } else { tasks.clone() };
        layout.write(&format!("playbooks/{}/{i}.yml", i % 40), &text);
    }
    let start = std::time::Instant::now();
    let project = layout.project();
    let took = start.elapsed();
    assert_eq!(project.playbooks.len(), 250);
    println!("1,000 files in {took:?}");
    // a bound against quadratic mistakes only: this build is not optimised and the machine is shared
    assert!(took < std::time::Duration::from_secs(5), "{took:?}");
}

#[test]
fn files_in_a_folder_where_everybody_may_write_never_make_it_the_root() {
    let layout = Layout::new(&[("shared/hosts", HOSTS), ("shared/mine/site.yml", PLAY)]);
    let shared = layout.root().join("shared");
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(layout.from("shared/mine", &Env::default()).root, shared.join("mine"));
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(layout.from("shared/mine", &Env::default()).root, shared, "else the inventory above wins");
}

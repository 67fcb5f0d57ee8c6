//! What only Ansible can tell of an inventory is asked of the operator's own, once: order, templates, vaults, sources that
//! fail. Needs Ansible on PATH.

use crate::support::wait::wait_true;
use crate::support::world::{World, text};
use opsdeck::inventory::ask::{AskError, Cancel, Resolved, Wanted, resolve};
use opsdeck::inventory::{Inventory, Options, Value, verify};
use opsdeck::ssh;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            let path = project.root().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, content).unwrap();
            if content.starts_with("#!") {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        project
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn ask(&self, sources: &[&str]) -> Result<Resolved, AskError> {
        let sources: Vec<String> = sources.iter().map(|&source| source.to_owned()).collect();
        let (names, hidden) = ssh::variables();
        let wanted = Wanted { names, hidden, hosts: None };
        resolve(self.root(), &sources, &wanted, &Options::current(), Duration::from_secs(60), &Cancel::default())
    }
}

fn value(inventory: &Inventory, host: &str, name: &str) -> Option<Value> {
    let vars = inventory.host_vars(inventory.host(host)?).unwrap().vars;
    vars.into_iter().find(|var| &*var.name == name).map(|var| var.value)
}

fn plain(resolved: &Resolved, host: &str, name: &str) -> Option<String> {
    match value(&resolved.inventory, host, name)? {
        Value::Text(text) => Some(text.to_string()),
        Value::Int(n) => Some(n.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn templates_and_vaults_are_resolved_and_nothing_else_leaves() {
    let project = Project::new(&[
        ("ansible.cfg", "[defaults]\nvault_password_file = pw\n"),
        ("pw", "correct horse\n"),
        (
            "inv/hosts.ini",
            "[web]\nw1 ansible_host=\"{{ addr }}\" ansible_port=\"{{ 2200 + 22 }}\"\nw2 ansible_host=\"{{ hostvars['w1'].addr }}\"\n\
             w3 ansible_host=\"{{ lookup('password', 'made') }}\"\n[all:vars]\naddr=192.0.2.7\nother=private\n",
        ),
        (
            "group_vars/web.yml",
            "ansible_user: '{{ vault_user }}'\nvault_user: deploy\nansible_password: hunter2\nansible_ssh_common_args: \
             '-o ProxyJump={{ vault_user }}@bastion'\nansible_ssh_private_key_file: '{{ inventory_dir }}/key'\n",
        ),
    ]);
    let mut vault = Command::new("ansible-vault");
    vault.args(["encrypt", "--encrypt-vault-id", "default", "group_vars/web.yml"]).current_dir(project.root());
    assert!(vault.output().unwrap().status.success());
    let resolved = project.ask(&["inv/hosts.ini"]).unwrap();
    let of = |name: &str| plain(&resolved, "w1", name).unwrap();
    assert_eq!(
        (of("ansible_host"), of("ansible_port"), of("ansible_user")),
        ("192.0.2.7".into(), "2222".into(), "deploy".into())
    );
    assert_eq!(of("ansible_ssh_common_args"), "-o ProxyJump=deploy@bastion");
    let key = project.root().canonicalize().unwrap().join("inv/key");
    assert_eq!(of("ansible_ssh_private_key_file"), key.display().to_string());
    assert_eq!(plain(&resolved, "w2", "ansible_host").as_deref(), Some("192.0.2.7"));
    // Of a password only that it is there; of what nobody asked for nothing.
    assert_eq!(of("ansible_password"), "set");
    assert!(value(&resolved.inventory, "w1", "other").is_none() && value(&resolved.inventory, "w1", "addr").is_none());
    let why = &resolved.declined["w3"];
    assert!(why.contains("ansible_host needs lookup('password')"), "{why}");
    assert!(!project.root().join("made").exists(), "a look has made a password");
}

#[test]
fn the_order_is_ansibles() {
    let script = "#!/bin/sh\necho '{\"zoo\": {\"hosts\": [\"z2\", \"a9\", \"z1\"], \"children\": [\"sub\"]}, \"sub\": {\"hosts\": [\"m\"]}, \
                  \"alpha\": {\"hosts\": [\"q\", \"b\"]}, \"_meta\": {\"hostvars\": {}}}'\n";
    let project = Project::new(&[("dyn.sh", script), ("static.ini", "[late]\nx1\na9\n")]);
    let resolved = project.ask(&["dyn.sh", "static.ini"]).unwrap();
    for pattern in ["all", "zoo", "late:zoo", "*", "zoo[1]", "z*:!z1", "alpha,late"] {
        let found = resolved.inventory.select(pattern, None).unwrap();
        let ours: Vec<&str> = found.hosts.iter().map(|id| resolved.inventory.host_name(*id)).collect();
        let mut ansible = Command::new("ansible");
        ansible.args(["-i", "dyn.sh", "-i", "static.ini", "--list-hosts", pattern]).current_dir(project.root());
        let said = text(&ansible.output().unwrap().stdout);
        let theirs: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("    ")).collect();
        if found.fixed {
            assert_eq!(ours, theirs, "{pattern}");
        }
    }
}

#[test]
fn one_helper_stays_and_reads_again_what_has_changed() {
    let project = Project::new(&[
        ("ansible.cfg", "[defaults]\nremote_port = 7\n"),
        ("hosts.ini", "[web]\nw1 ansible_host='{{ addr }}'\n"),
        ("group_vars/all.yml", "addr: 192.0.2.1\n"),
    ]);
    let address = |host: &str| plain(&project.ask(&["hosts.ini"]).unwrap(), host, "ansible_host").unwrap();
    let write = |name: &str, text: &str| std::fs::write(project.root().join(name), text).unwrap();
    assert_eq!(address("w1"), "192.0.2.1");
    let first = processes(&project);
    assert_eq!(first.len(), 1);
    write("group_vars/all.yml", "addr: 192.0.2.22\n");
    assert_eq!(address("w1"), "192.0.2.22");
    write("hosts.ini", "[web]\nw1 ansible_host='{{ addr }}'\nlater ansible_host='{{ addr }}'\n");
    assert_eq!(address("later"), "192.0.2.22");
    assert_eq!(processes(&project), first, "it was begun anew");
    // Ansible reads its configuration once.
    write("ansible.cfg", "[defaults]\nremote_port = 8\n");
    assert_eq!(address("later"), "192.0.2.22");
    assert_ne!(processes(&project), first);
    // One that was ended by somebody is no loss.
    let pid = rustix::process::Pid::from_raw(processes(&project)[0] as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    assert_eq!(address("later"), "192.0.2.22");
}

#[test]
fn a_script_that_hangs_is_ended_with_all_that_it_started() {
    let project = Project::new(&[("inv.sh", "#!/bin/sh\nsleep 987 & wait\n")]);
    let (wanted, limit) = (Wanted::default(), Duration::from_secs(3));
    let sources = ["inv.sh".to_owned()];
    let why = resolve(project.root(), &sources, &wanted, &Options::current(), limit, &Cancel::default()).unwrap_err();
    assert!(matches!(why, AskError::Slow { .. }), "{why}");
    wait_true(10, "the end of all of it", || processes(&project).is_empty());
}

#[test]
fn it_dies_with_whoever_started_it_even_while_a_script_hangs() {
    let world = World::new();
    world.write("inventories/prod/hosts.sh", "#!/bin/sh\ntouch begun\nsleep 986 & wait\n");
    let script = world.project().join("inventories/prod/hosts.sh");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut verb = world.command(&["hosts", "all", "-E", "prod"]);
    let mut verb = verb.stderr(std::process::Stdio::null()).spawn().unwrap();
    wait_true(30, "the script to hang", || world.project().join("begun").exists());
    verb.kill().unwrap();
    verb.wait().unwrap();
    wait_true(10, "the end of all of it", || processes_in(&world.project()).is_empty());
}

#[test]
fn a_verb_asks_the_helper_of_a_service_that_runs() {
    let world = World::new();
    let lists = "#!/bin/sh\necho $PPID >> asked-by\n\
                 echo '{\"web\": {\"hosts\": [\"w1\"], \"vars\": {\"ansible_connection\": \"local\"}}, \"_meta\": {\"hostvars\": {}}}'\n";
    world.write("inventories/prod/hosts.sh", lists);
    let script = world.project().join("inventories/prod/hosts.sh");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let asked_by = || -> Vec<u32> {
        let text = std::fs::read_to_string(world.project().join("asked-by")).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    };
    let ends = |pid: u32| !Path::new(&format!("/proc/{pid}")).exists();
    let hosts = || {
        let said = world.opsdeck(&["hosts", "all", "-E", "prod"]);
        assert_eq!(text(&said.stdout), "w1\n", "{}", text(&said.stderr));
    };
    hosts();
    wait_true(10, "a verb alone to keep nothing", || ends(asked_by()[0]));
    let mut serve = world.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut serve = serve.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let socket = world.store.resolvers().join(format!("{}.sock", serve.id()));
    wait_true(30, "the service to lend", || socket.exists());
    hosts();
    let lent = *asked_by().last().unwrap();
    assert!(!ends(lent), "the verb started one of its own");
    hosts();
    assert_eq!(*asked_by().last().unwrap(), lent);
    rustix::process::kill_process(rustix::process::Pid::from_child(&serve), rustix::process::Signal::KILL).unwrap();
    serve.wait().unwrap();
    wait_true(10, "the helper to end with the service", || ends(lent));
    // Nobody is behind the socket any more.
    hosts();
    assert!(!socket.exists());
}

/// Processes whose folder is the project's.
fn processes(project: &Project) -> Vec<u32> {
    processes_in(project.root())
}

fn processes_in(folder: &Path) -> Vec<u32> {
    let folder = folder.canonicalize().unwrap();
    let pids = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|e| e.file_name().to_str()?.parse().ok());
    let mut found: Vec<u32> =
        pids.filter(|pid| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder)).collect();
    found.sort_unstable();
    found
}

#[test]
fn a_native_inventory_is_resolved_to_the_same() {
    let ini = "[db]\nd[1:3]\n[web]\nw1 ansible_port=2222\n[eu:children]\nweb\ndb\n[ops]\nw1\n";
    let project = Project::new(&[("hosts.ini", ini)]);
    let native = Inventory::load(project.root(), &["hosts.ini".to_owned()], &Options::current()).unwrap();
    let resolved = project.ask(&["hosts.ini"]).unwrap().inventory;
    assert_eq!(verify(&native, &resolved, false), Vec::<String>::new());
    let names = |inventory: &Inventory| -> Vec<String> {
        let found = inventory.select("all:!d2", None).unwrap();
        found.hosts.iter().map(|id| inventory.host_name(*id).to_owned()).collect()
    };
    assert_eq!(names(&native), names(&resolved));
}

#[test]
fn a_source_that_fails_is_told_in_its_own_words_everywhere() {
    let fails = "#!/bin/sh\necho 'cannot reach the cloud: token expired' >&2\nexit 1\n";
    let noise = "#!/bin/sh\necho 'Logging in...'\necho '{\"web\": {\"hosts\": [\"w1\"]}}'\n";
    let cases = [
        ("hosts.sh", fails, "cannot reach the cloud: token expired"),
        ("noise.sh", noise, ""),
        (
            "aws_ec2.yml",
            "plugin: acme.cloud.hosts\n",
            "the collection acme.cloud is missing: ansible-galaxy collection install acme.cloud",
        ),
        ("empty.sh", "#!/bin/sh\nexit 3\n", ""),
    ];
    for (name, content, why) in cases {
        let project = Project::new(&[(name, content), ("good.ini", "g1\n")]);
        let error = project.ask(&["good.ini", name]).unwrap_err();
        let AskError::Unread(failed) = &error else { panic!("{name}: {error}") };
        assert_eq!(failed.len(), 1, "{name}: {error}");
        assert!(
            failed[0].source.ends_with(name) && failed[0].why.contains(why) && !failed[0].why.contains('\n'),
            "{error}"
        );
    }
    let world = World::new();
    world.write("inventories/prod/hosts.sh", fails);
    let script = world.project().join("inventories/prod/hosts.sh");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let commands: [&[&str]; 4] = [
        &["hosts", "all", "-E", "prod"],
        &["check"],
        &["health", "-E", "prod", "--once"],
        &["sh", "all", "-E", "prod", "--wait", "--", "true"],
    ];
    for args in commands {
        let output = world.first(args);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(!output.status.success(), "{args:?}: {said}");
        assert!(
            said.contains("not read: ") && said.contains("cannot reach the cloud: token expired"),
            "{args:?}: {said}"
        );
    }
}

//! Which hosts a run will touch, held against the real Ansible: what is known equals `ansible-playbook --list-hosts`, what
//! is not known says where; and the verbs, the screen and the lease say the same of it.

use crate::support::wait;
use crate::support::world::{World, hosts, is_terminal, text};
use opsdeck::ansible::ask::{Ask, Common, Play};
use opsdeck::project::cfg::Env;
use opsdeck::run::State;
use opsdeck::run::targets::{self, Targets};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

/// Playbook, limit, and what keeps its hosts from being known (`""`: nothing).
const TABLE: &[(&str, &str, &str)] = &[
    ("- hosts: web\n- hosts: [db, 'lb:!lb2']\n", "", ""),
    ("- hosts: all:!w[12]:&web\n- hosts: ~d\\d\n- hosts: lb[0]\n", "", ""),
    ("- hosts: web[0:1]\n- hosts: w3\n- hosts: nowhere\n", "", ""),
    ("- hosts: all\n", "@some.txt,lb", ""),
    ("- hosts: all\n", "web:!w2", ""),
    ("- hosts: localhost\n- hosts: db\n", "", ""),
    ("- hosts: localhost\n- hosts: db\n", "db", ""),
    ("- import_playbook: sub/a.yml\n- hosts: lb\n  serial: 1\n", "", ""),
    ("- import_playbook: sub/a.yml\n  when: false\n- ansible.builtin.import_playbook: sub/deep/b.yml\n", "", ""),
    ("- import_playbook: team.tools.all_dbs\n", "", ""),
    ("- hosts: web\n  roles: [base]\n- hosts: db\n  tasks: [{include_role: {name: base}}]\n", "", ""),
    ("- hosts: db\n  tasks: [{add_host: {name: new, groups: web}}]\n- hosts: d1\n", "", ""),
    ("- hosts: db\n  tasks: [{group_by: {key: x}}]\n- hosts: w1,w3\n", "w1,d1", ""),
    ("- hosts: '{{ where }}'\n", "", "site.yml:1: "),
    ("- hosts: db\n- hosts:\n    - web\n    - '{{ where }}'\n", "", "site.yml:3: "),
    ("- hosts: db\n  tasks: [{add_host: {name: new, groups: web}}]\n- hosts: web\n", "", "site.yml:2: add_host "),
    ("- hosts: db\n  roles: [groups]\n- hosts: made_x\n", "", "roles/groups/tasks/main.yml:1: group_by "),
    ("- import_playbook: '{{ which }}.yml'\n- hosts: db\n", "", "site.yml:1: {{ which }}.yml "),
    ("- hosts: web\n  tasks:\n    - command: x\n      delegate_to: '{{ where }}'\n", "", "site.yml:4: "),
    ("- hosts: web\n  roles: [base]\n  tasks: [{include_role: {name: '{{ which }}'}}]\n", "", "site.yml:3: "),
];

fn world() -> World {
    let world = World::new();
    let all = ["w1", "w2", "w3", "d1", "d2", "lb1", "lb2"];
    let groups = "[web]\nw[1:3]\n[db]\nd[1:2]\n[lb]\nlb1\nlb2\n";
    for (name, text) in [
        ("hosts.ini", format!("{}{groups}", hosts(&all))),
        ("some.txt", "w2\n\nd1\n".to_owned()),
        ("sub/a.yml", "- import_playbook: deep/b.yml\n- hosts: d2\n".to_owned()),
        ("sub/deep/b.yml", "- hosts: web:&w3\n".to_owned()),
        ("roles/base/tasks/main.yml", "- include_tasks: 'on-{{ ansible_os_family }}.yml'\n".to_owned()),
        ("roles/base/tasks/on-Debian.yml", "- debug:\n".to_owned()),
        ("roles/groups/tasks/main.yml", "- group_by: {key: made_x}\n".to_owned()),
        (
            "collections/ansible_collections/team/tools/galaxy.yml",
            "{namespace: team, name: tools, version: 1.0.0}\n".to_owned(),
        ),
        ("collections/ansible_collections/team/tools/playbooks/all_dbs.yml", "- hosts: db\n".to_owned()),
    ] {
        world.write(name, &text);
    }
    world.write("ansible.cfg", "[defaults]\ncollections_path = collections\n");
    world
}

fn ask(playbook: &str, limit: &str) -> Ask {
    let limit = (!limit.is_empty()).then(|| limit.to_owned());
    let common = Common { inventory: vec!["hosts.ini".into()], limit, ..Common::default() };
    Ask::Playbook(Play { playbook: playbook.into(), common, ..Play::default() })
}

/// What the screen asks, and what `launch` asks.
fn told(world: &World, playbook: &str, limit: &str) -> Targets {
    targets::now(&ask(playbook, limit), &world.project(), &Env::current(), None)
}

/// The hosts that `ansible-playbook --list-hosts` names, by playbook.
fn ansible(world: &World, playbooks: &[String], limit: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut command = Command::new("ansible-playbook");
    command.current_dir(world.project()).args(playbooks).args(["-i", "hosts.ini", "--list-hosts"]);
    if !limit.is_empty() {
        command.args(["--limit", limit]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let (mut found, mut of) = (BTreeMap::<String, BTreeSet<String>>::new(), String::new());
    for line in text(&output.stdout).lines() {
        if let Some(playbook) = line.strip_prefix("playbook: ") {
            of = playbook.to_owned();
        } else if let Some(host) = line.strip_prefix("      ") {
            found.entry(of.clone()).or_default().insert(host.to_owned());
        }
    }
    found
}

#[test]
fn what_is_known_is_what_ansible_lists() {
    let world = world();
    let mut known: BTreeMap<&str, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (n, (playbook, limit, why)) in TABLE.iter().enumerate() {
        let name = format!("site{n}.yml");
        world.write(&name, playbook);
        let targets = told(&world, &name, limit);
        let why = why.replace("site.yml", &name);
        match targets.open() {
            None => {
                assert_eq!(why, "", "{playbook} was said to be known: {targets:?}");
                assert!(targets.beside.names.is_empty());
                known.entry(limit).or_default().insert(name, targets.hosts.names.into_iter().collect());
            }
            Some(open) => {
                assert!(!why.is_empty() && open.starts_with(&why), "{playbook}: expected {why:?}, said {open:?}");
            }
        }
    }
    assert_eq!(
        known.values().map(BTreeMap::len).sum::<usize>(),
        TABLE.iter().filter(|(.., why)| why.is_empty()).count()
    );
    for (limit, known) in known {
        let playbooks: Vec<String> = known.keys().cloned().collect();
        assert_eq!(known, ansible(&world, &playbooks, limit), "limit {limit:?}");
    }
}

/// What `launch` froze in a run's spec: its lease is on that.
fn frozen(world: &World, id: &str) -> BTreeMap<&'static str, serde_yaml::Value> {
    let spec: serde_yaml::Value =
        serde_yaml::from_str(&std::fs::read_to_string(world.run(id).spec()).unwrap()).unwrap();
    ["hosts", "beside", "open"].into_iter().map(|key| (key, spec[key].clone())).collect()
}

#[test]
fn the_verbs_freeze_what_the_screen_shows_and_the_lease_is_on_it() {
    let world = world();
    let quiet = "\n  gather_facts: false\n";
    let playbooks = [
        ("import", format!("- import_playbook: quiet.yml\n- hosts: d1{quiet}"), None),
        ("delegated", format!("- hosts: d1{quiet}  tasks:\n    - command: 'true'\n      delegate_to: lb1\n"), None),
        (
            "add_host",
            format!(
                "- hosts: d1{quiet}  tasks: [{{add_host: {{name: w9, groups: made, ansible_connection: local}}}}]\n\
                 - hosts: made{quiet}"
            ),
            Some("site.yml:3: add_host may change what later plays select"),
        ),
    ];
    world.write("quiet.yml", &format!("- hosts: w1{quiet}  tasks: [{{debug: {{}}}}]\n"));
    for (what, playbook, open) in playbooks {
        world.write("site.yml", &playbook);
        let output = world.opsdeck(&["play", "site.yml", "-i", "hosts.ini"]);
        assert_eq!(output.status.code(), Some(0), "{what}: {}", text(&output.stderr));
        let (id, said) = (text(&output.stdout).trim().to_owned(), text(&output.stderr));
        // What the screen asks is this.
        let shown = told(&world, "site.yml", "");
        assert_eq!(shown.open(), open, "{what}");
        let spec = frozen(&world, &id);
        let names = |key: &str| serde_yaml::from_value::<Option<Vec<String>>>(spec[key].clone()).unwrap();
        assert_eq!(names("hosts"), open.is_none().then(|| shown.hosts.names.clone()), "{what}");
        assert_eq!(names("beside").unwrap_or_default(), shown.beside.names, "{what}");
        assert_eq!(spec["open"].as_str(), open, "{what}");
        assert_eq!(said.contains("hosts not known before it runs"), open.is_some(), "{what}: {said}");
        is_terminal(&world.ended(&id), State::Succeeded);
    }
}

#[test]
fn a_run_holds_the_hosts_that_it_delegates_to_and_all_where_it_cannot_be_told() {
    let world = world();
    let gate = |to: &str| {
        format!(
            "- hosts: d1\n  gather_facts: false\n  tasks:\n    - shell: 'touch here-d1; while [ ! -e go ]; do sleep 0.05; done'\n      \
             delegate_to: '{to}'\n"
        )
    };
    world.write("other.yml", "- hosts: '{{ on }}'\n  gather_facts: false\n  tasks: [{debug: {}}]\n");
    let play =
        |host: &str| world.opsdeck(&["play", "other.yml", "-i", "hosts.ini", "-l", host, "-e", &format!("on={host}")]);
    world.write("site.yml", &gate("lb1"));
    let first = world.launch(&["play", "site.yml", "-i", "hosts.ini"]);
    wait::wait_true(30, "the gate", || world.has("here-d1"));
    let refused = play("lb1");
    assert_eq!(refused.status.code(), Some(64), "{}", text(&refused.stdout));
    assert!(text(&refused.stderr).contains("holds d1, lb1 since"), "{}", text(&refused.stderr));
    let free = play("lb2");
    assert_eq!(free.status.code(), Some(0), "{}", text(&free.stderr));
    world.go();
    is_terminal(&world.ended(&first), State::Succeeded);
    is_terminal(&world.ended(text(&free.stdout).trim()), State::Succeeded);

    ["go", "here-d1"].iter().for_each(|name| std::fs::remove_file(world.project().join(name)).unwrap());
    world.write("site.yml", &gate("{{ lb }}"));
    let second = world.launch(&["play", "site.yml", "-i", "hosts.ini", "-e", "lb=lb1"]);
    wait::wait_true(30, "the gate", || world.has("here-d1"));
    let refused = play("w1");
    assert_eq!(refused.status.code(), Some(64), "{}", text(&refused.stdout));
    let why =
        "hosts that are not known before it runs (site.yml:5: where the task is delegated to is a template: {{ lb }})";
    assert!(text(&refused.stderr).contains(why), "{}", text(&refused.stderr));
    world.go();
    is_terminal(&world.ended(&second), State::Succeeded);
}

#[test]
fn hosts_that_changed_after_a_person_looked_are_not_acted_on() {
    use opsdeck::run::{LaunchError, Request, launch};
    let world = world();
    world.write("site.yml", "- hosts: db\n");
    let shown = told(&world, "site.yml", "");
    assert_eq!(shown.words(), "2 hosts");
    world.write("site.yml", "- hosts: db,w1\n");
    let request = Request {
        ask: ask("site.yml", ""),
        environment: None,
        cwd: world.project(),
        only: None,
        shown: Some(shown),
        secrets: Default::default(),
        on_conflict: Default::default(),
        timeout: None,
        rerun_of: None,
        vars: Default::default(),
        pauses_are_known: false,
        break_glass: None,
    };
    let refused = launch(&world.store, request).unwrap_err();
    assert!(matches!(&refused, LaunchError::Changed(what) if what == "w1 came"), "{refused}");
    let runs: Vec<PathBuf> = std::fs::read_dir(world.store.root().join("runs"))
        .map(|found| found.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    assert_eq!(runs, Vec::<PathBuf>::new(), "nothing was started");
}

//! Which hosts a run will touch: of small projects, by what is said of them.

use super::*;
use crate::run::spec::{Adhoc, Common, Play};

const HOSTS: &str = "[web]\nw[1:3]\n[db]\nd1\n[lb]\nlb1\nlb2\n";

struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.write("hosts.ini", HOSTS);
        files.iter().for_each(|(name, text)| project.write(name, text));
        project
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn ask(&self, ask: &Ask, only: Option<&[String]>) -> Targets {
        now(ask, self.0.path(), &Env::from([("HOME", "/nowhere")]), only)
    }

    fn play(&self, limit: Option<&str>) -> Targets {
        self.ask(&Ask::Playbook(Play { playbook: "site.yml".into(), common: common(limit), ..Play::default() }), None)
    }
}

fn common(limit: Option<&str>) -> Common {
    Common { inventory: vec!["hosts.ini".into()], limit: limit.map(str::to_owned), ..Common::default() }
}

/// `w1 w2 +lb1 ?why`: selected, delegated to, why there may be others.
fn told(targets: &Targets) -> String {
    let beside = targets.beside.names.iter().map(|name| format!("+{name}"));
    let open = [(&targets.hosts.open, "?"), (&targets.beside.open, "+?")];
    let open = open.into_iter().filter_map(|(why, mark)| Some(format!("{mark}{}", why.as_ref()?)));
    targets.hosts.names.iter().cloned().chain(beside).chain(open).collect::<Vec<_>>().join(" ")
}

fn site(site: &str, limit: Option<&str>) -> String {
    told(&Project::new(&[("site.yml", site)]).play(limit))
}

#[test]
fn a_pattern_and_all_plays() {
    let project = Project::new(&[]);
    let adhoc = |pattern: &str, module: &str| {
        let ask = Adhoc { pattern: pattern.into(), module: module.into(), args: None, common: common(None) };
        told(&project.ask(&Ask::Adhoc(ask), None))
    };
    assert_eq!(adhoc("web:!w2", "ping"), "w1 w3");
    assert_eq!(
        adhoc("web[9]", "ping"),
        "?the pattern `web[9]`: `web[9]` counts past the end: 3 hosts match before the subscript"
    );
    assert_eq!(adhoc("d1", "ansible.builtin.include_role"), "d1 +?what include_role brings in is not looked into");
    assert_eq!(site("- hosts: db\n- hosts: web\n", None), "d1 w1 w2 w3");
    assert_eq!(site("- hosts: [web, db]\n", Some("w1,d1")), "w1 d1");
    assert_eq!(site("- hosts: ['web:lb', db]\n", None), "w1 w2 w3 lb1 lb2 d1", "each item is cut for itself");
    assert_eq!(site("- hosts: nowhere\n- hosts: d1\n", None), "d1", "no play before it makes a group");
    assert_eq!(site("- hosts: localhost\n", None), "localhost");
    assert_eq!(site("- hosts: localhost\n", Some("web")), "", "a play has no way around the limit");
}

#[test]
fn what_only_the_run_knows_is_said_with_its_place() {
    let template = "?site.yml:1: the hosts of the play are a template: {{ where }}";
    assert_eq!(site("- hosts: '{{ where }}'\n", None), template);
    assert_eq!(site("- hosts: '{{ where }}'\n- hosts: db\n", None), format!("d1 {template}"));
    assert_eq!(site("- hosts: '{{ where }}'\n", Some("w2,d1")), "w2 d1", "a limit of names lets no other pass");
    assert_eq!(site("- hosts: '{{ where }}'\n", Some("web")), template);
    let broken = site("- hosts: [\n", None);
    assert!(broken.starts_with("?site.yml:1: site.yml could not be looked into (line 2, column 1"), "{broken}");
    let project = Project::new(&[("site.yml", "- hosts: all\n")]);
    project.write("hosts.ini", "#!/bin/sh\necho '{}'\n");
    let script = project.0.path().join("hosts.ini");
    std::fs::set_permissions(script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let declined = told(&project.play(None));
    assert!(declined.starts_with("?only Ansible can read the inventory: hosts.ini: it is "), "{declined}");
    let ask = Ask::Playbook(Play { playbook: "site.yml".into(), common: common(Some("x1")), ..Play::default() });
    assert_eq!(told(&project.ask(&ask, Some(&["x1".into()]))), "x1", "whoever asks knows that it is a host");
}

#[test]
fn imported_playbooks_are_followed() {
    let project = Project::new(&[
        (
            "site.yml",
            "- import_playbook: sub/a.yml\n- ansible.builtin.import_playbook: b.yml\n  when: maybe\n- hosts: d1\n",
        ),
        ("sub/a.yml", "- import_playbook: deep/c.yml\n"),
        ("sub/deep/c.yml", "- hosts: w3\n"),
        ("b.yml", "- hosts: lb\n"),
    ]);
    assert_eq!(told(&project.play(None)), "w3 lb1 lb2 d1");
    project.write("b.yml", "- import_playbook: site.yml\n");
    let cycle = "b.yml:1: site.yml could not be looked into (it imports itself)";
    assert_eq!(told(&project.play(None)), format!("w3 d1 ?{cycle} +?{cycle}"));
    project.write("b.yml", "- import_playbook: '{{ x }}.yml'\n- import_playbook: gone.yml\n");
    let template = "b.yml:1: {{ x }}.yml could not be looked into (its name is known only when it runs)";
    assert_eq!(told(&project.play(None)), format!("w3 d1 ?{template} +?{template}"));
    project.write("b.yml", "- import_playbook: gone.yml\n");
    assert!(told(&project.play(None)).contains("?b.yml:1: gone.yml could not be looked into (no such file"));
    // twice, and between them groups are made
    project.write("site.yml", "- import_playbook: b.yml\n- import_playbook: a.yml\n- import_playbook: b.yml\n");
    project.write("a.yml", "- hosts: d1\n  tasks: [{group_by: {key: x}}]\n");
    project.write("b.yml", "- hosts: lb\n");
    assert_eq!(told(&project.play(None)), "lb1 lb2 d1 ?a.yml:2: group_by may change what later plays select");
}

#[test]
fn what_makes_hosts_or_groups_opens_later_plays_wherever_it_stands() {
    let tasks = [
        "tasks:\n    - add_host: {name: new, groups: web}",
        "pre_tasks:\n    - ansible.builtin.add_host: {name: new}",
        "post_tasks:\n    - group_by: {key: x}",
        "handlers:\n    - ansible.legacy.group_by: key=x",
        "tasks:\n    - action: add_host name=new",
        "tasks:\n    - local_action: {module: add_host, name: new}",
        "tasks:\n    - meta: refresh_inventory",
        "tasks:\n    - action: meta refresh_inventory",
        "tasks:\n    - block: [{debug: {}}]\n      rescue: [{block: [{debug: {}}], always: [{group_by: {key: x}}]}]",
        "tasks:\n    - include_tasks: t.yml",
        "tasks:\n    - import_tasks: {file: t.yml}",
        "tasks:\n    - include_tasks: '{{ playbook_dir }}/t.yml'",
        "tasks:\n    - include_tasks: '{{ item }}.yml'\n      loop: [t]",
        "tasks:\n    - include_tasks: sub/{{ kind }}.yml",
        "roles: [maker]",
        "roles: [above]",
        "tasks:\n    - include_role: {name: maker}",
        "tasks:\n    - include_role: name=maker",
        "tasks:\n    - import_role: {name: other, tasks_from: more}",
        "tasks:\n    - include_role: {name: other, tasks_from: 'm{{ kind }}'}",
        "tasks:\n    - include_role: {name: other, handlers_from: more}",
        "tasks:\n    - include_role: {name: '{{ item }}'}\n      with_items: [maker]",
        "roles: [by_family]",
        "roles: [not_there]",
        "tasks:\n    - include_role: {name: '{{ which }}'}",
        "tasks:\n    - include_tasks: '{{ which }}'",
    ];
    let files = [
        ("t.yml", "- add_host: {name: new}\n"),
        ("sub/one.yml", "- add_host: {name: new}\n"),
        ("roles/maker/tasks/main.yml", "- import_tasks: deep.yml\n"),
        ("roles/maker/tasks/deep.yml", "- add_host: {name: new}\n"),
        ("roles/above/meta/main.yml", "dependencies: [{role: maker}]\n"),
        ("roles/other/tasks/main.yml", "- debug:\n"),
        ("roles/other/tasks/more.yml", "- group_by: {key: x}\n"),
        ("roles/other/handlers/more.yml", "- group_by: {key: x}\n"),
        ("roles/by_family/tasks/main.yml", "- include_tasks: 'set-{{ ansible_os_family }}.yml'\n"),
        ("roles/by_family/tasks/set-Debian.yml", "- group_by: {key: x}\n"),
        ("roles/by_family/tasks/set-RedHat.yml", "- debug:\n"),
    ];
    let project = Project::new(&files);
    let place = regex::Regex::new(r"^[\w/.-]+\.yml:\d+: ").unwrap();
    for task in tasks {
        project.write("site.yml", &format!("- hosts: d1\n  {task}\n- hosts: web\n"));
        let found = project.play(None);
        let open = found.hosts.open.clone().unwrap_or_default();
        assert!(place.is_match(&open), "{task}: {}", told(&found));
        assert_eq!(found.hosts.names, ["d1", "w1", "w2", "w3"], "{task}");
        // a later play of hosts by their names, and a limit of names, stay as they are
        project.write("site.yml", &format!("- hosts: d1\n  {task}\n- hosts: w1,localhost\n"));
        assert_eq!(project.play(None).hosts.open, None, "{task}");
        // in the last play nothing can change any more
        project.write("site.yml", &format!("- hosts: web\n- hosts: d1\n  {task}\n"));
        assert_eq!(project.play(None).hosts.open, None, "{task}");
        project.write("site.yml", &format!("- hosts: d1\n  {task}\n- hosts: web\n"));
        assert_eq!(
            project.play(Some("w1,d1")).hosts,
            Part { names: vec!["d1".into(), "w1".into()], open: None },
            "{task}"
        );
    }
}

#[test]
fn an_ordinary_project_stays_known() {
    let project = Project::new(&[
        (
            "site.yml",
            "- hosts: web\n  roles: [base, {role: app, when: x}]\n- hosts: db\n  roles: [base]\n  tasks:\n    - include_role: {name: app, tasks_from: check}\n",
        ),
        (
            "roles/base/tasks/main.yml",
            "- include_tasks: 'setup-{{ ansible_os_family }}.yml'\n- include_vars: '{{ x }}.yml'\n",
        ),
        ("roles/base/tasks/setup-Debian.yml", "- apt: {name: x}\n  delegate_to: localhost\n  run_once: true\n"),
        ("roles/base/tasks/setup-RedHat.yml", "- include_tasks: '{{ item }}'\n  with_first_found: [a.yml, b.yml]\n"),
        ("roles/base/tasks/a.yml", "- dnf: {name: x}\n  delegate_to: '{{ inventory_hostname }}'\n"),
        ("roles/base/meta/main.yml", "galaxy_info: {author: a}\ndependencies: []\n"),
        ("roles/app/tasks/main.yml", "- import_tasks: check.yml\n"),
        ("roles/app/tasks/check.yml", "- command: x\n  notify: restart\n"),
        ("roles/app/handlers/main.yml", "- name: restart\n  service: {name: x}\n"),
    ]);
    assert_eq!(told(&project.play(None)), "w1 w2 w3 d1");
}

#[test]
fn delegated_hosts_are_touched_whatever_the_limit_says() {
    let delegated = |to: &str| site(&format!("- hosts: web\n  tasks:\n    - command: x\n      {to}\n"), Some("w1"));
    assert_eq!(delegated("delegate_to: lb1"), "w1 +lb1");
    assert_eq!(delegated("delegate_to: 127.0.0.1"), "w1");
    assert_eq!(delegated("delegate_to: w1"), "w1");
    assert_eq!(delegated("delegate_to: elsewhere.example"), "w1 +elsewhere.example");
    assert_eq!(delegated("delegate_to: '{{ item }}'\n      loop: \"{{ groups['lb'] }}\""), "w1 +lb1 +lb2");
    let open = "w1 +?site.yml:4: where the task is delegated to is a template: {{ lb }}";
    assert_eq!(delegated("delegate_to: '{{ lb }}'"), open);
    let of = |play: &str| site(&format!("- hosts: w1\n  {play}\n"), None);
    assert_eq!(
        of("roles: [{role: gone, delegate_to: lb2}]"),
        "w1 +lb2 +?site.yml:2: gone could not be looked into (no such role was found)"
    );
    assert_eq!(of("tasks: [{block: [{command: x}], delegate_to: lb1}]"), "w1 +lb1");
    assert_eq!(
        of("tasks: [{include_tasks: {file: gone.yml, apply: {delegate_to: lb1}}}]").split(' ').nth(1),
        Some("+lb1")
    );
}

#[test]
fn what_changed_since_a_person_looked_is_named() {
    let targets = |names: &[&str], open: Option<&str>| Targets {
        hosts: Part { names: names.iter().map(|&n| n.to_owned()).collect(), open: open.map(str::to_owned) },
        ..Targets::default()
    };
    let changed = |now: &Targets, then: &Targets| now.changed_since(then).unwrap_or_default();
    let then = targets(&["w1", "w2"], None);
    assert_eq!(changed(&targets(&["w2", "w1"], None), &then), "", "the order is no matter");
    assert_eq!(changed(&targets(&["w1", "w3"], None), &then), "w3 came; w2 went");
    assert_eq!(changed(&targets(&["w1", "w2"], Some("x")), &then), "they are not known any more: x");
    assert_eq!(changed(&then, &targets(&["w1", "w2"], Some("x"))), "they are known now");
    let many: Vec<String> = (0..9).map(|n| format!("x{n}")).collect();
    let many = Targets { hosts: Part { names: many, open: None }, beside: Part::default(), ..Targets::default() };
    assert_eq!(changed(&many, &targets(&[], None)), "x0 and 8 more came");
}

#[test]
fn words_say_how_many_and_why_not_all() {
    let part = |names: &[&str], open: Option<&str>| Part {
        names: names.iter().map(|&n| n.to_owned()).collect(),
        open: open.map(str::to_owned),
    };
    let words = |hosts: Part, beside: Part| Targets { hosts, beside, ..Targets::default() }.words();
    assert_eq!(words(part(&["a", "b"], None), part(&[], None)), "2 hosts");
    assert_eq!(words(part(&["a"], None), part(&["lb1"], None)), "1 host, and tasks are delegated to lb1");
    assert_eq!(
        words(part(&["a"], None), part(&[], Some("x:1: y"))),
        "1 host, and hosts not known before it runs: x:1: y"
    );
    assert_eq!(words(part(&[], Some("x:1: y")), part(&[], None)), "hosts not known before it runs: x:1: y");
    assert_eq!(
        words(part(&["a"], Some("x:1: y")), part(&[], None)),
        "hosts not known before it runs, at least 1: x:1: y"
    );
}

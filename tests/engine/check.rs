//! `opsdeck check`: every kind of mistake, with file, line, column, what was found and what was expected.

use opsdeck::project::{Env, Project};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const GOOD: [(&str, &str); 4] = [
    ("ansible.cfg", "[defaults]\ninventory = inventories/staging\n"),
    ("inventories/production/hosts", "web1\n"),
    ("inventories/staging/hosts.yml", "all:\n  hosts:\n    web1:\n"),
    ("site.yml", "- hosts: all\n"),
];

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in GOOD.iter().chain(files) {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn opsdeck(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
    for name in ["ANSIBLE_CONFIG", "ANSIBLE_INVENTORY"] {
        command.env_remove(name);
    }
    command.arg("-C").arg(dir).args(args).output().unwrap()
}

/// What `check` says of one `opsdeck.yaml`: `line:column: message; found, expected` of each mistake.
fn mistakes(yaml: &str) -> Vec<String> {
    let dir = project(&[("opsdeck.yaml", yaml)]);
    let root = dir.path().canonicalize().unwrap();
    let output = opsdeck(&root, &["check"]);
    let text = String::from_utf8(output.stdout).unwrap().replace(&root.display().to_string(), "ROOT");
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let summary = lines.pop().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(!lines.is_empty())), "{text}");
    assert!(summary.starts_with("ROOT: ") && summary.contains("1 playbook,"), "{text}");
    lines.iter().map(|line| line.strip_prefix("opsdeck.yaml:").unwrap_or(line).replace(" error: ", " ")).collect()
}

#[test]
fn every_kind_of_mistake_has_its_place_and_its_expectation() {
    for (yaml, expected) in [
        (
            "forks: 9\ncolour: red\n",
            vec![
                "2:1: unknown key in opsdeck.yaml; found \"colour\", expected one of version, forks, environments, runbooks, vars, releases, checks, recovery, notify",
            ],
        ),
        (
            "enviroments: {}\n",
            vec![
                "1:1: unknown key in opsdeck.yaml; did you mean \"environments\"?; found \"enviroments\", expected one of version, forks, environments, runbooks, vars, releases, checks, recovery, notify",
            ],
        ),
        (
            "environments:\n  staging:\n    color: red\n",
            vec![
                "3:5: unknown key in environment \"staging\"; did you mean \"colour\"?; found \"color\", expected one of inventory, colour, protect, vars, freeze, approvals",
            ],
        ),
        (
            "forks: many\n",
            vec!["1:8: forks is not such a number; found \"many\", expected a whole number from 1 to 10000"],
        ),
        ("forks: 0\n", vec!["1:8: forks is not such a number; found \"0\", expected a whole number from 1 to 10000"]),
        ("- a\n", vec!["1:1: opsdeck.yaml has the wrong type; found a list, expected a mapping"]),
        ("environments: [staging]\n", vec!["1:15: environments has the wrong type; found a list, expected a mapping"]),
        (
            "environments:\n  staging: {protect: \"yes\"}\n",
            vec!["2:22: protect has the wrong type; found \"yes\", expected true or false"],
        ),
        (
            "environments:\n  staging: {colour: gren}\n",
            vec![
                "2:21: no such colour; did you mean \"green\"?; found \"gren\", expected #rrggbb or one of red, orange, yellow, green, cyan, blue, purple, magenta, pink, grey, gray, white, black",
            ],
        ),
        (
            "environments:\n  staging: {colour: \"#12345\"}\n",
            vec![
                "2:21: no such colour; found \"#12345\", expected #rrggbb or one of red, orange, yellow, green, cyan, blue, purple, magenta, pink, grey, gray, white, black",
            ],
        ),
        (
            "environments:\n  stagign: {protect: true}\n",
            vec![
                "2:3: no environment of this name was discovered; did you mean \"staging\"?; found \"stagign\", expected an inventory here, or one of staging, production",
            ],
        ),
        (
            "environments:\n  lab:\n    inventory:\n      - nowhere/hosts\n",
            vec![
                "4:9: the inventory does not exist below ROOT; found \"nowhere/hosts\", expected the path of an existing inventory",
            ],
        ),
        (
            "environments:\n  staging:\n  staging:\n",
            vec![
                "3:3: \"staging\" stands twice in environments, first in line 2; found \"staging\", expected each key once",
            ],
        ),
        (
            "forks: 1\nforks: 2\n",
            vec![
                "2:1: \"forks\" stands twice in opsdeck.yaml, first in line 1; found \"forks\", expected each key once",
            ],
        ),
        (
            "version: 2\nnews: 1\n",
            vec![
                "1:10: this file is of a newer format: use the newer opsdeck that it was written for; found \"2\", expected version 1",
            ],
        ),
        ("runbooks: {}\n", vec!["1:11: runbooks has the wrong type; found a mapping, expected a list"]),
        (
            "runbooks:\n  - module: ping\n",
            vec!["2:5: this runbook has no name; found no \"name\", expected name: what the menu shows"],
        ),
        (
            "runbooks:\n  - name: A\n",
            vec!["2:5: a runbook needs a module or a playbook; found neither, expected module (with args) or playbook"],
        ),
        (
            "runbooks:\n  - name: A\n    module: ping\n    playbook: site.yml\n",
            vec!["4:5: a runbook is a module or a playbook, not both; found both, expected module or playbook"],
        ),
        (
            "runbooks:\n  - {name: A, playbook: site.yml, args: x}\n",
            vec![
                "2:35: args belong to a module, this runbook has a playbook; found \"args\", expected extra_vars, or a module",
            ],
        ),
        (
            "runbooks:\n  - {name: A, playbook: gone.yml}\n",
            vec![
                "2:25: the playbook does not exist below ROOT; found \"gone.yml\", expected the path of an existing playbook",
            ],
        ),
        (
            "runbooks:\n  - {name: A, key: a, module: ping}\n  - {name: B, key: a, module: ping}\n",
            vec!["3:20: this key is taken by the runbook in line 2; found \"a\", expected a key of its own"],
        ),
        (
            "runbooks:\n  - {name: A, module: ping}\n  - {name: A, module: ping}\n",
            vec!["3:12: this name is taken by the runbook in line 2; found \"A\", expected a name of its own"],
        ),
        (
            "runbooks:\n  - {name: A, key: F1, module: ping}\n",
            vec!["2:20: a key is one character; found \"F1\", expected one character that a keyboard has"],
        ),
        (
            "runbooks:\n  - {name: A, key: , module: ping}\n",
            vec!["2:20: key has the wrong type; found nothing, expected text"],
        ),
        (
            "runbooks:\n  - {name: A, module: ping, become: perhaps}\n",
            vec!["2:37: become has the wrong type; found \"perhaps\", expected true or false"],
        ),
        (
            "runbooks:\n  - {name: A, module: ping, extra_vars: [a=1, b]}\n",
            vec!["2:47: these are no extra variables; found \"b\", expected key=value, {\"key\": \"value\"} or @file"],
        ),
        (
            "runbooks:\n  - {name: A, module: ping, environments: [prod, staging]}\n",
            vec!["2:44: no such environment; found \"prod\", expected one of staging, production"],
        ),
        (
            "runbooks:\n  - {name: [A], module: ping}\n",
            vec!["2:12: name has the wrong type; found a list, expected text"],
        ),
    ] {
        let found = mistakes(yaml);
        assert_eq!(found, expected, "\n{yaml}");
    }
    let broken = mistakes("forks: [\n");
    assert!(broken.len() == 1 && broken[0].starts_with("2:1: this is not YAML: "), "{broken:?}");
}

#[test]
fn a_check_that_asks_nobody_is_a_mistake_where_its_pattern_stands() {
    let said = |on: &str, more: &str| {
        mistakes(&format!("checks:\n  web:\n    tcp: '{{host}}:80'\n    on: {on}\n{more}")).join("\n")
    };
    let nobody = "4:9: this pattern selects no host of staging, production; found \"wbe\", expected a group or a host of the inventory";
    assert_eq!(said("wbe", ""), nobody);
    assert_eq!(said("wbe", "    environments: staging\n"), nobody.replace(", production", ""));
    assert_eq!(said("web1", ""), "");
    // What one environment has not, another may have.
    let dir = project(&[
        ("inventories/production/hosts", "[db]\ndb1\n"),
        ("opsdeck.yaml", "checks: {a: {shell: x, on: db}, b: {tcp: 'www:80', on: db}}\n"),
    ]);
    let output = opsdeck(dir.path(), &["check"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("opsdeck.yaml:1:56: warning: this check is asked once"), "{text}");
}

#[test]
fn a_slip_in_a_variables_name_is_a_warning_and_other_braces_are_not() {
    let said = |url: &str| {
        let dir = project(&[
            ("inventories/production/hosts", "[web]\nweb1 ansible_host=10.0.0.1 web_port=80\n"),
            ("opsdeck.yaml", &format!("checks:\n  web:\n    http: '{url}'\n")),
        ]);
        String::from_utf8(opsdeck(dir.path(), &["check"]).stdout).unwrap()
    };
    let found = said("http://{ansible_hots}:{web_port}/");
    let expected = "opsdeck.yaml:3:11: warning: no host of this check has the variable \"ansible_hots\"; did you mean \"ansible_host\"?";
    assert!(found.starts_with(expected), "{found}");
    for good in ["http://{ansible_host}:{web_port}/", "http://{host}/?q={\"a\":{}}", "http://www/{anything}"] {
        assert!(said(good).contains("no mistakes"), "{good}: {}", said(good));
    }
}

#[test]
fn a_receiver_that_this_machine_cannot_tell_is_a_warning() {
    let receivers = "    here: {command: [sh, -c, true]}\n    gone: {command: [no-such-pager]}\n    mine: {command: [bin/page]}\n    \
                     chat: {webhook: {url: 'http://x', headers_file: none}}\n    open: {webhook: {url_file: place}}\n";
    let dir = project(&[("opsdeck.yaml", &format!("notify:\n  receivers:\n{receivers}")), ("place", "http://x/y\n")]);
    let output = opsdeck(dir.path(), &["check"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("0 mistakes, 4 warnings"), "{text}");
    for words in ["\"gone\" cannot be told from this machine: there is no program no-such-pager", "no program bin/page"]
    {
        assert!(text.contains(words), "{text}");
    }
    assert!(text.contains("\"chat\"") && text.contains("\"open\"") && text.contains("chmod 600"), "{text}");
    assert!(!text.contains("\"here\""), "{text}");
}

#[test]
fn all_mistakes_of_a_file_are_reported_at_once() {
    let found = mistakes("forks: x\nenvironments:\n  staging: {colour: no}\nrunbooks:\n  - {key: ab}\n");
    let places: Vec<_> = found.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["1:8", "3:21", "5:5", "5:5", "5:11"], "{found:#?}");
}

#[test]
fn a_clean_project_exits_0_and_no_project_exits_2() {
    assert_eq!(
        mistakes("environments: {staging: {colour: \"#00ff00\", protect: no}}\nforks: 3\n"),
        Vec::<String>::new()
    );
    let empty = tempfile::tempdir().unwrap();
    fs::create_dir(empty.path().join(".git")).unwrap();
    let output = opsdeck(empty.path(), &["check"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no Ansible project in"));
    assert_eq!(opsdeck(empty.path(), &["check", "--nonsense"]).status.code(), Some(2));
}

#[test]
fn broken_files_of_every_room_are_found() {
    let dir = project(&[
        ("ansible.cfg", "[defaults]\ninventory = inventories/gone\nforks\n"),
        ("inventories/staging/hosts.yml", "all:\n  hosts:\n    web1: }\n"),
        ("inventories/staging/group_vars/all.yml", "a: 1\n b: 2\n"),
        ("host_vars/web1", "x: [1\n"),
        ("host_vars/web2.yml", "$ANSIBLE_VAULT;1.1;AES256\n6162\n"),
        ("broken.yml", "- hosts: all\n  tasks: *nothing\n"),
    ]);
    let output = opsdeck(dir.path(), &["check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let places: Vec<_> = found["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["file"].as_str().unwrap(), p["line"].as_u64().unwrap()))
        .collect();
    let expected = [
        ("ansible.cfg", 2),
        ("ansible.cfg", 3),
        ("broken.yml", 2),
        ("host_vars/web1", 2),
        ("inventories/staging/group_vars/all.yml", 2),
        ("inventories/staging/hosts.yml", 3),
    ];
    assert_eq!(places, expected, "{found:#}");
    assert_eq!((&found["errors"], &found["warnings"]), (&Value::from(6), &Value::from(0)));
    assert!(found["problems"][0]["expected"].is_string() && found["problems"][0]["column"] == 1);
}

#[test]
fn what_the_file_declares_holds_and_its_order_too() {
    let dir = project(&[
        ("inventory.ini", "web9\n"),
        (
            "opsdeck.yaml",
            "forks: 7\nenvironments:\n  production: {protect: false, colour: red}\n  lab: {inventory: ./inventory.ini}\n\
          runbooks:\n  - {name: Ping, key: p, module: ping, environments: [lab, production]}\n",
        ),
    ]);
    let project = Project::discover_with(dir.path(), &Env::default()).unwrap();
    let envs: Vec<_> =
        project.environments.iter().map(|e| (e.name.as_str(), e.inventory.join(" "), e.protect)).collect();
    let expected = [
        ("production", "inventories/production".to_owned(), false),
        ("lab", "inventory.ini".to_owned(), false),
        ("staging", "inventories/staging".to_owned(), false),
    ];
    assert_eq!(envs, expected);
    assert_eq!((project.forks, project.runbooks[0].key), (Some(7), Some('p')));
    assert_eq!(project.problems, []);
}

#[test]
fn a_file_that_cannot_be_read_protects_everything() {
    for text in ["environments: [", "a: 1\n---\nb: 2\n"] {
        let dir = project(&[("opsdeck.yaml", text)]);
        let project = Project::discover_with(dir.path(), &Env::default()).unwrap();
        assert!(project.environments.iter().all(|env| env.protect), "{text}");
        assert_eq!(project.problems.len(), 1);
    }
}

#[test]
fn the_schema_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let schema: Value = serde_json::from_slice(&opsdeck(dir.path(), &["schema"]).stdout).unwrap();
    assert_eq!(schema["title"], "opsdeck.yaml");
    assert_eq!(schema["$defs"]["RunbookConfig"]["oneOf"][0]["required"][0], "module");
}

#[test]
fn a_source_that_ansible_would_pass_over_is_a_mistake_with_its_place() {
    let dir = project(&[("inventories/production/hosts", "web1\n[web:kids]\nweb1\n")]);
    let output = opsdeck(dir.path(), &["check"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("inventories/production/hosts:2:"), "{text}");
}

#[test]
fn what_hosts_refuses_check_names() {
    let chain =
        |long: usize| -> String { (0..long).map(|n| format!("[g{n}:children]\ng{}\n[g{}]\n", n + 1, n + 1)).collect() };
    for (inventory, place) in [
        ("[web]\nw1\nw[1:99999999999999999999999]\n".to_owned(), "inventories/production/hosts:3:1: error: "),
        ("[web]\nw[1:2000000]\n".to_owned(), "inventories/production/hosts:2:1: error: "),
        (chain(3_000), "inventories/production/hosts:3003:2: error: "),
        // Only all sources together are too much.
        (chain(1_000), "inventories/production: error: "),
    ] {
        let dir = project(&[("inventories/production/hosts", &inventory)]);
        let output = opsdeck(dir.path(), &["hosts", "all", "-E", "production"]);
        let refused = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{refused}");
        let output = opsdeck(dir.path(), &["check"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        let told = text.lines().find_map(|line| line.strip_prefix(place)).unwrap_or_else(|| panic!("{text}"));
        assert!(refused.contains(told), "hosts: {refused}\ncheck: {text}");
        assert!(text.contains("1 mistake, 0 warnings"), "{text}");
    }
}

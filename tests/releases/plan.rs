//! `opsdeck check`, `plan` and `line` with the real binary: good plans of each strategy, and each kind of bad one refused
//! with line and column.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const HOSTS: &str = "[web]\nw[1:8]\n[web_blue]\nb[1:2]\n[web_green]\ng[1:2]\n[web_canary]\nw1\n[web_surge]\ns1\n";
const ROLLING: &str =
    "releases:\n  web:\n    hosts: web\n    playbook: deploy.yml\n    rollback: [{playbook: deploy.yml}]\n";

fn project(yaml: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("inventories/production")).unwrap();
    fs::write(dir.path().join("inventories/production/hosts"), HOSTS).unwrap();
    fs::write(dir.path().join("deploy.yml"), "- hosts: all\n  serial: 2\n  tasks: []\n").unwrap();
    fs::write(dir.path().join("opsdeck.yaml"), yaml).unwrap();
    dir
}

fn opsdeck(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
    for name in ["ANSIBLE_CONFIG", "ANSIBLE_INVENTORY"] {
        command.env_remove(name);
    }
    command.arg("--state-dir").arg(dir.join("state")).arg("-C").arg(dir).args(args).output().unwrap()
}

fn plan(yaml: &str, more: &[&str]) -> Value {
    let dir = project(yaml);
    let checked = opsdeck(dir.path(), &["check"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let args = [&["plan", "web", "-e", "production", "--version", "1.2.3", "--json"], more].concat();
    let output = opsdeck(dir.path(), &args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// With a stage after its deploy.
const BLUE_GREEN: &str = "releases:
  web:
    strategy: {blue_green: {pools: {blue: web_blue, green: web_green}}}
    traffic: {haproxy: {backends: {blue: b, green: g}, map: {file: /m, key: active}}}
    stages:
    - deploy: [{playbook: deploy.yml}]
    - verify: SWITCH
";

fn sizes(plan: &Value) -> Vec<usize> {
    plan["plan"]["batches"].as_array().unwrap().iter().map(|b| b["hosts"].as_array().unwrap().len()).collect()
}

#[test]
fn a_rolling_plan_begins_with_one_host_and_never_takes_too_many() {
    let plan = self::plan(ROLLING, &[]);
    assert_eq!(sizes(&plan), [1, 2, 2, 2, 1]);
    assert_eq!(plan["plan"]["limits"]["max_unavailable"], 2);
    assert_eq!(plan["plan"]["limits"]["min_in_service"], 6);
    assert_eq!(plan["plan"]["vars"]["release_version"], "1.2.3");
    assert_eq!(plan["digest"].as_str().unwrap().len(), 64);
    assert!(plan["plan"]["warnings"].to_string().contains("a play sets serial"), "{plan}");
    let surge =
        format!("{ROLLING}    strategy: {{rolling: {{batches: [1, 50%], max_unavailable: 2, surge: web_surge}}}}\n");
    let plan = self::plan(&surge, &[]);
    assert_eq!(sizes(&plan), [1, 1, 3, 3, 1], "surge hosts first, then no batch above two and the surge");
}

#[test]
fn blue_green_deploys_the_pool_without_traffic_and_canary_grows() {
    let blue_green = "releases:\n  web:\n    playbook: deploy.yml\n    strategy: {blue_green: {pools: {blue: web_blue, green: web_green}}}\n    \
                      traffic: {haproxy: {backends: {blue: b, green: g}, map: {file: /m, key: active}}}\n";
    let plan = self::plan(blue_green, &["--active", "blue"]);
    assert_eq!(plan["plan"]["strategy"]["idle"], "green");
    assert_eq!(plan["plan"]["batches"][0]["hosts"], serde_json::json!(["g1", "g2"]));
    let canary = format!(
        "{ROLLING}    strategy: {{canary: {{weights: [5, 100], hosts: web_canary}}}}\n    traffic: {{haproxy: {{backend: web}}}}\n"
    );
    let plan = self::plan(&canary, &[]);
    let weights: Vec<_> = plan["plan"]["batches"].as_array().unwrap().iter().map(|b| b["weight"].clone()).collect();
    assert_eq!(weights, [5, 37, 62, 87, 100], "then each host has its own share, never the group alone all of it");
    assert_eq!(sizes(&plan), [1, 2, 2, 2, 1]);
}

#[test]
fn a_switch_stands_where_traffic_is_switched_or_nowhere() {
    let dir = project(&BLUE_GREEN.replace("SWITCH", "[switch, {playbook: deploy.yml}]"));
    let output = opsdeck(dir.path(), &["check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn variables_are_layered_filled_in_as_one_word_and_stay_sealed() {
    let sealed = "!vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      3132\n";
    let yaml = format!(
        "vars: {{a: common, b: common, c: common}}\nenvironments:\n  production:\n    vars: {{b: env, c: env}}\nreleases:\n  web:\n    \
         hosts: web\n    vars:\n     c: release\n     secret: {sealed}    rollback: none\n    on_failure: pause\n    stages:\n    \
         - build: [{{command: \"make '{{{{ a }}}}' V={{{{ version }}}} {{{{ x }}}}\"}}]\n    - deploy: [{{playbook: deploy.yml}}]\n"
    );
    let plan = self::plan(&yaml, &["-x", "x='two words'"]);
    let plan = &plan["plan"];
    assert_eq!(
        (&plan["vars"]["a"], &plan["vars"]["b"], &plan["vars"]["c"]),
        (&"common".into(), &"env".into(), &"release".into())
    );
    assert_eq!(plan["vars_from"]["x"], "command_line");
    assert!(plan["vars"]["secret"]["__ansible_vault"].as_str().unwrap().starts_with("$ANSIBLE_VAULT;1.1"));
    let argv = &plan["stages"][0]["groups"][0][0]["kind"]["argv"];
    assert_eq!(*argv, serde_json::json!(["make", "common", "V=1.2.3", "two words"]), "{plan}");
    let dir = project(&yaml.replace("{{ x }}", "{{ secret }}"));
    let output = opsdeck(dir.path(), &["plan", "web", "-e", "production", "--version", "1"]);
    let why = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && why.contains("opsdeck.yaml:") && why.contains("secret is encrypted"), "{why}");
}

#[test]
fn each_kind_of_bad_plan_has_its_place() {
    let with = |more: &str| format!("{ROLLING}{more}");
    let stages =
        |steps: &str| ROLLING.replace("    playbook: deploy.yml\n", &format!("    stages:\n    - deploy: [{steps}]\n"));
    for (yaml, place, words) in [
        (stages("{playboook: deploy.yml}"), "5:17:", "no such kind of step; did you mean \"playbook\"?"),
        (stages("{playbook: nowhere.yml}"), "5:27:", "the playbook does not exist"),
        (stages("{gate: p99}"), "5:23:", "no such gate"),
        (stages("{command: \"x {{ a | b }}\"}"), "5:26:", "fills in names only"),
        (stages("{command: x, timeout: 30}"), "5:38:", "is no length of time"),
        (with("    strategy: {rolling: {batches: [0]}}\n"), "6:36:", "a batch of no host at all"),
        (with("    strategy: {rolling: {batches: [150%]}}\n"), "6:36:", "a batch is no such percentage"),
        (with("    strategy: rollling\n"), "6:15:", "did you mean \"rolling\"?"),
        (with("    strtegy: rolling\n"), "6:5:", "did you mean \"strategy\"?"),
        (ROLLING.replace("hosts: web", "hosts: wbe"), "3:12:", "this pattern selects no host of production"),
        (ROLLING.replace("    rollback: [{playbook: deploy.yml}]\n", ""), "2:3:", "cannot be undone without steps"),
        (
            with("    on_failure: rollback\n").replace("deploy.yml}]", "deploy.yml, irreversible: yes}]"),
            "5:16:",
            "contradict",
        ),
        (with("    after: db\n"), "6:12:", "no such other release"),
        (with("    on_detach: stop\n"), "6:16:", "pause_at_gate"),
        (
            with("    traffic: {command: {status: s, switch: x, weights: yes}}\n"),
            "6:14:",
            "takes no single hosts out of service",
        ),
        (with("    traffic: {kubernetes: {service: web, label: color}}\n"), "6:14:", "takes no single hosts out"),
        (BLUE_GREEN.replace("SWITCH", "[{playbook: deploy.yml}, switch]"), "7:40:", "switched when deploy is done"),
        (
            with(
                "    after: b\n  b: {hosts: web, playbook: deploy.yml, rollback: none, on_failure: pause, after: web}\n",
            ),
            "7:83:",
            "in a circle",
        ),
        (
            ROLLING.replace(
                "    playbook: deploy.yml\n",
                "    stages:\n    - a: {needs: deploy}\n    - deploy: {needs: a}\n",
            ),
            "5:18:",
            "in a circle",
        ),
        (
            ROLLING.replace("    playbook: deploy.yml\n", "    stages:\n    - deploy: {needs: nowhere}\n"),
            "5:23:",
            "no such stage",
        ),
        ("environments: {production: {freeze: [{days: [xyz]}]}}\n".into(), "1:46:", "no such day"),
    ] {
        let dir = project(&yaml);
        let output = opsdeck(dir.path(), &["check"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let found = text.lines().any(|line| line.starts_with(&format!("opsdeck.yaml:{place}")) && line.contains(words));
        assert!(found && output.status.code() == Some(1), "expected {place} {words} of\n{yaml}\n{text}");
    }
}

#[test]
fn the_line_is_stopped_with_a_reason_and_audited() {
    let dir = project(ROLLING);
    assert_eq!(opsdeck(dir.path(), &["line", "stop", "production"]).status.code(), Some(2), "a reason is needed");
    assert_eq!(opsdeck(dir.path(), &["line", "stop", "nowhere", "--reason", "x"]).status.code(), Some(1));
    assert!(opsdeck(dir.path(), &["line", "stop", "production", "--reason", "disk full"]).status.success());
    let lines: Value = serde_json::from_slice(&opsdeck(dir.path(), &["line", "--json"]).stdout).unwrap();
    assert_eq!(lines[0]["reason"], "disk full");
    assert!(opsdeck(dir.path(), &["line", "open", "production", "--reason", "solved"]).status.success());
    assert_eq!(String::from_utf8(opsdeck(dir.path(), &["line"]).stdout).unwrap(), "no line is stopped\n");
    let audit = String::from_utf8(opsdeck(dir.path(), &["audit"]).stdout).unwrap();
    assert!(audit.contains("line.stop") && audit.contains("line.open"), "{audit}");
}

#[test]
fn what_a_plan_was_made_from_is_compared_again_before_it_begins() {
    use opsdeck::release::{admission, plan::Plan};
    let dir = project(&format!("{ROLLING}    version: {{artifact: web.tar}}\n"));
    let at = |path: &str| dir.path().join(path);
    fs::write(at("web.tar"), "one").unwrap();
    let output = opsdeck(dir.path(), &["plan", "web", "-e", "production", "--version", "1.2.3", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let plan: Plan = serde_json::from_value(json["plan"].clone()).unwrap();
    let store = opsdeck::state::StateDir::at(at("state"));
    let blocks = |untouched| admission::blocks(&store, &plan, untouched, false);
    assert_eq!(blocks(true), Vec::<String>::new());
    for (path, words) in [
        ("deploy.yml", "deploy.yml or a role was changed after the plan was made: put it back, or plan"),
        ("inventories/production/hosts", "the inventory of production has other hosts or groups than the plan"),
        ("web.tar", "web.tar is another artifact than the plan's"),
    ] {
        let before = fs::read_to_string(at(path)).unwrap();
        fs::write(at(path), format!("{before}\n[more]\nw9\n")).unwrap();
        let told = blocks(true);
        assert!(told.len() == 1 && told[0].starts_with(words), "{path}: {told:?}");
        // Its own steps may have built the artifact and changed the hosts; nobody changes its playbooks.
        assert_eq!(blocks(false).len(), usize::from(path == "deploy.yml"), "{path}");
        fs::write(at(path), before).unwrap();
    }
    fs::create_dir_all(at("roles/web/tasks")).unwrap();
    fs::write(at("roles/web/tasks/main.yml"), "[]\n").unwrap();
    assert_eq!(blocks(false).len(), 1, "a role that was added is a change");
}

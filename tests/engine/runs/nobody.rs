//! Launches that would work on nobody are refused, slips in a pattern are said, and what is done again are the hosts that
//! there are.

use super::World;
use crate::support::wait::wait_true;
use crate::support::world::{hosts, text};
use serde_json::json;

const OK: &str = "[{hosts: all, gather_facts: false, tasks: [{command: 'true'}]}]";

#[test]
fn what_selects_no_host_is_not_launched() {
    let world = World::new();
    world.write("hosts.ini", &format!("[web]\n{}", hosts(&["a1", "a2", "a3"])));
    world.write("ok.yml", OK);
    let launches: [&[&str]; 4] = [
        &["play", "ok.yml", "-i", "hosts.ini", "-l", "nosuch"],
        &["adhoc", "nosuch", "-i", "hosts.ini", "-m", "ping"],
        &["sh", "nosuch", "-i", "hosts.ini", "--", "true"],
        &["adhoc", "web", "-i", "hosts.ini", "-l", "nosuch", "-m", "ping"],
    ];
    for args in launches {
        let output = world.opsdeck(args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains("no host") && said.contains("`nosuch`") && said.contains("opsdeck hosts"), "{said}");
    }
    assert_eq!(text(&world.opsdeck(&["runs", "--json"]).stdout).trim(), "[]");
    // A slip beside what is meant is said.
    let output = world.opsdeck(&["adhoc", "all:!wbe", "-i", "hosts.ini", "-m", "ping", "--wait"]);
    assert!(
        output.status.success() && text(&output.stderr).contains("`wbe` matches no host and no group"),
        "{output:?}"
    );
}

#[test]
fn hosts_of_batches_that_never_came_are_counted() {
    let world = World::new();
    world.write("hosts.ini", &format!("[web]\n{}", hosts(&["a1", "a2", "a3"])));
    world.write(
        "site.yml",
        "[{hosts: web, gather_facts: false, serial: 1, tasks: [{fail: {msg: x}, when: inventory_hostname == 'a1'}]}]",
    );
    let output = world.opsdeck(&["play", "site.yml", "-i", "hosts.ini", "--wait"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(world.show("last")["why"], json!("1 of 3 hosts failed, 2 not run"));
}

#[test]
fn hosts_that_a_run_made_itself_are_not_done_again_alone() {
    let world = World::new();
    world.write("hosts.ini", &format!("[web]\n{}", hosts(&["a1", "a2", "a3"])));
    world.write(
        "site.yml",
        "- {hosts: localhost, connection: local, gather_facts: false, tasks: [{add_host: {name: fresh-1, groups: fresh, \
         ansible_connection: local}}]}\n- {hosts: fresh, gather_facts: false, tasks: [{fail: {msg: not yet}}]}\n",
    );
    let output = world.opsdeck(&["play", "site.yml", "-i", "hosts.ini", "--wait"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let id = world.show("last")["id"].as_str().unwrap().to_owned();
    let again = world.opsdeck(&["rerun", &id, "--failed-hosts", "--wait"]);
    let said = text(&again.stderr);
    assert_eq!(again.status.code(), Some(1), "{said}");
    assert!(
        said.contains("fresh-1") && said.contains("add_host") && said.contains(&format!("opsdeck rerun {id}")),
        "{said}"
    );
}

#[test]
fn a_host_with_a_comma_in_its_name_is_done_again() {
    let world = World::new();
    world.write("hosts.yml", "web: {hosts: {'a,1': {ansible_connection: local}, b: {ansible_connection: local}}}\n");
    world.write(
        "site.yml",
        "[{hosts: web, gather_facts: false, tasks: [{fail: {msg: x}, when: '\"a,1\" == inventory_hostname'}]}]",
    );
    world.opsdeck(&["play", "site.yml", "-i", "hosts.yml", "--wait"]);
    let again = world.opsdeck(&["rerun", "last", "--failed-hosts", "--wait"]);
    assert_eq!(again.status.code(), Some(2), "{}", text(&again.stderr));
    let hosts = world.show("last")["hosts"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(hosts, ["a,1"]);
}

#[test]
fn a_file_that_cannot_be_looked_into_stops_the_launch_until_a_person_says_otherwise() {
    let world = World::new();
    world.write("hosts.ini", &hosts(&["a1"]));
    world.write("site.yml", "[{hosts: all, gather_facts: false, tasks: [{include_tasks: tasks/hidden.yml}]}]");
    world.write("tasks/hidden.yml", "$ANSIBLE_VAULT;1.1;AES256\n6162\n");
    let output = world.opsdeck(&["play", "site.yml", "-i", "hosts.ini"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(
        said.contains("tasks/hidden.yml cannot be looked into (it is encrypted)") && said.contains("--skip-pauses"),
        "{said}"
    );
    let known = world.opsdeck(&["play", "site.yml", "-i", "hosts.ini", "--skip-pauses", "--wait"]);
    assert!(known.status.code() != Some(64), "{}", text(&known.stderr));
    // What only the run can name is warned of.
    world.write(
        "site.yml",
        "[{hosts: all, gather_facts: false, tasks: [{include_tasks: '{{ where }}.yml', when: false}]}]",
    );
    let warned = world.opsdeck(&["play", "site.yml", "-i", "hosts.ini", "--wait"]);
    assert!(warned.status.success() && text(&warned.stderr).contains("it may ask too"), "{}", text(&warned.stderr));
}

#[test]
fn a_run_whose_launcher_was_killed_before_it_was_listed_is_listed_by_whoever_looks() {
    let world = World::new();
    world.write("hosts.ini", &hosts(&["a1"]));
    world.write("ok.yml", OK);
    let id = world.launch(&["play", "ok.yml", "-i", "hosts.ini"]);
    world.ended(&id);
    // Who supervised it writes its row last.
    wait_true(30, "nobody to have it", || world.supervisor(&id).is_none() && world.guard(&id).is_none());
    let marks = world.store.unlisted();
    assert_eq!(std::fs::read_dir(&marks).unwrap().count(), 0, "each mark goes with the row");
    // As it is left behind: spec and mark, and no row.
    let index = rusqlite::Connection::open(world.store.index()).unwrap();
    index.execute("DELETE FROM runs", []).unwrap();
    drop(index);
    std::fs::write(marks.join(&id), "").unwrap();
    assert!(text(&world.opsdeck(&["runs", "--json"]).stdout).contains(&id));
    assert_eq!(std::fs::read_dir(&marks).unwrap().count(), 0, "it has its row");
}

//! One process acts in an environment, and ends cleanly.

use super::Lab;
use super::daemon::Daemon;
use crate::support::wait::wait_true;
use opsdeck::cli::demo::system;
use opsdeck::health::store::{Store, scope};
use opsdeck::state::{StateDir, clock};

const ACTS: &str = "opsdeck_acting{environment=\"lab\"}";

#[test]
fn one_acts_the_next_waits_and_takes_over_when_it_was_killed() {
    let lab = Lab::start(0);
    let first = Daemon::start(&lab, &[]);
    first.ready();
    let second = Daemon::start(&lab, &[]);
    second.ready();
    assert_eq!((first.metric(ACTS), second.metric(ACTS)), (Some(1.0), Some(0.0)));
    let words = format!("(pid {}) acts here; waiting", first.pid());
    assert!(second.log().contains(&words), "{}", second.log());
    first.kill();
    wait_true(30, "the second to act", || second.metric(ACTS) == Some(1.0));
    second.ready();
}

#[test]
fn sigterm_ends_it_at_once_and_frees_what_it_held() {
    let lab = Lab::start(1);
    let daemon = Daemon::start(&lab, &[]);
    daemon.ready();
    let root = lab.project().canonicalize().unwrap();
    let store = Store::open(&StateDir::at(lab.state()), &scope(&["inventories/lab".to_owned()], &root)).unwrap();
    wait_true(30, "a poller", || store.poller(clock::booted()).unwrap().is_some());
    assert!(daemon.end().success());
    assert_eq!(store.poller(clock::booted()).unwrap(), None, "the lease is free");
    let next = Daemon::start(&lab, &[]);
    wait_true(20, "the next to act at once", || next.metric(ACTS) == Some(1.0));
}

#[test]
fn a_reload_reads_the_project_again_and_a_mistake_in_it_changes_nothing() {
    let lab = Lab::start(1);
    let daemon = Daemon::on(&lab, system::free_ports(1).unwrap()[0], &[]);
    daemon.ready();
    let both = "environments: {lab: {inventory: inventories/lab}, twin: {inventory: inventories/lab";
    lab.write("opsdeck.yaml", &format!("{both}, colr: red}}}}\n"));
    daemon.reload();
    wait_true(20, "the mistake to be told", || daemon.log().contains("not reloaded") && daemon.log().contains("colr"));
    assert!(daemon.get("/metrics").unwrap().body.contains(ACTS), "it goes on");
    lab.write("opsdeck.yaml", &format!("{both}}}}}\n"));
    daemon.reload();
    let twin = ACTS.replace("lab", "twin");
    wait_true(60, "the second environment", || daemon.get("/metrics").is_ok_and(|page| page.body.contains(&twin)));
    assert!(daemon.end().success());
}

#[test]
fn runs_go_on_when_it_ends() {
    let lab = Lab::start(1);
    let daemon = Daemon::start(&lab, &[]);
    daemon.ready();
    let run = lab.ok(["sh", "all", "-E", "lab", "--", "sleep 3; echo it went on"]);
    assert!(daemon.end().success());
    wait_true(60, "the run to have ended", || lab.ok(["logs", run.trim()]).contains("it went on"));
}

//! One poller an environment: the others read what it wrote, and one of them takes over when it dies.

use super::{Lab, Odd, check, more, once, store};
use crate::support::wait::{wait_true, wait_until};
use opsdeck::health::store::{LEASE, Store};
use opsdeck::state::clock;
use std::process::{Child, Stdio};

pub const OFTEN: &str = "checks:\n  base: {sample: yes, interval: 3s, timeout: 2s}\n";

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// `opsdeck health` that stays, ended with the test.
pub struct Stays(Child);

impl Stays {
    pub fn start(lab: &Lab) -> Stays {
        Stays::of(lab, "all")
    }

    /// Of some hosts only.
    pub fn of(lab: &Lab, pattern: &str) -> Stays {
        Stays(lab.opsdeck(["health", pattern]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Stays {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn poller(store: &Store) -> Option<String> {
    store.poller(clock::booted()).unwrap().map(|poller| poller.holder)
}

/// When a host was last sampled.
pub fn sampled(store: &Store, host: &str) -> i64 {
    let reports = store.reports(0).unwrap();
    reports.iter().filter(|r| r.host.as_deref() == Some(host)).map(|r| r.at).max().unwrap_or_default()
}

#[test]
fn one_polls_the_others_read_and_a_dead_one_is_followed() {
    let lab = Lab::start(2);
    lab.write("opsdeck.yaml", OFTEN);
    let mut first = Stays::start(&lab);
    let store = store(&lab);
    let holder = wait_until(60, "a poller", || poller(&store));
    wait_true(60, "a sample", || sampled(&store, "h1") > 0);
    // Another reads what this one writes, and does not become it.
    let _second = Stays::start(&lab);
    let (board, _) = once(&lab, &["h2"]);
    assert_eq!(check(&board, "h2", "ssh")["status"], "ok", "{board:#}");
    assert_eq!(poller(&store), Some(holder.clone()));
    first.kill();
    let died = now();
    let next = wait_until(90, "another poller", || poller(&store).filter(|next| *next != holder));
    assert!(now() - died >= LEASE / 3, "not before the lease ends");
    wait_true(60, "the next one's samples", || sampled(&store, "h1") > died && sampled(&store, "h2") > died);
    assert_eq!(poller(&store), Some(next));
}

#[test]
fn a_host_behind_ansible_that_comes_into_sight_late_is_asked_at_once() {
    let lab = Lab::start(0);
    let python = "ansible_connection=local ansible_python_interpreter=/usr/bin/python3";
    lab.write("inventories/lab/hosts.ini", &format!("a {python}\nb {python}\n"));
    let _of_a = Stays::of(&lab, "a");
    let store = store(&lab);
    let first = wait_until(60, "a sample of a", || Some(sampled(&store, "a")).filter(|at| *at > 0));
    assert_eq!(sampled(&store, "b"), 0, "nobody wants it yet");
    let _of_b = Stays::of(&lab, "b");
    let second = wait_until(90, "a sample of b", || Some(sampled(&store, "b")).filter(|at| *at > 0));
    assert!(second - first < 30_000, "{} ms: its turn a minute later was waited for", second - first);
    assert_eq!(sampled(&store, "a"), first, "whoever was asked just now is not asked again with it");
}

#[test]
fn hosts_that_hang_make_no_other_host_late() {
    let lab = Lab::start(6);
    let (hangs, drops) = (Odd::hangs(), Odd::drops());
    more(&lab, &[("hangs", &hangs), ("drops", &drops)]);
    lab.write("opsdeck.yaml", OFTEN);
    let _polls = Stays::start(&lab);
    let store = store(&lab);
    let hosts: Vec<String> = (1..=6).map(|n| format!("h{n}")).collect();
    let times = |host: &str| -> Vec<i64> {
        store.raw(Some(host), "sample").unwrap().iter().rev().map(|raw| raw.at + i64::from(raw.took)).collect()
    };
    wait_true(120, "six samples of each host", || hosts.iter().all(|host| times(host).len() >= 6));
    for host in &hosts {
        let times = times(host);
        let latest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(latest <= 6_000, "{host} was late: {latest} ms between two samples of {times:?}");
    }
    let hung = store.reports(0).unwrap().into_iter().find(|r| r.host.as_deref() == Some("hangs")).unwrap();
    let text = &hung.records[0].state.last.as_ref().unwrap().text;
    assert!(["no answer within", "no login", "timed out"].iter().any(|words| text.contains(words)), "{text}");
}

//! What a child's end says of each host, from what Ansible reported of it.

use super::*;
use crate::ansible::ask::{Common, Play};
use crate::run::event::{Entry, Event, Source, Status, Tally};
use crate::run::fold;

fn src() -> Source {
    Source { step: 1, off: 0, len: 1 }
}

/// A play limited to `asked` whose recap holds `hosts` (host, failed), broken off or not.
fn ended(asked: &str, hosts: &[(&str, bool)], cut: bool) -> ChildEnd {
    ended_with(asked, hosts, cut, "it broke")
}

/// Likewise; what fails says why.
fn ended_with(asked: &str, hosts: &[(&str, bool)], cut: bool, why: &'static str) -> ChildEnd {
    let tally = |failed: bool| match failed {
        true => Tally { ok: 1, failed: 1, ..Tally::default() },
        false => Tally { ok: 1, ..Tally::default() },
    };
    let name = || "install".into();
    let mut events = vec![Event::StepIntent { step: 1 }];
    events.push(Event::Task { n: None, name: name(), action: name(), handler: false, path: None, src: src() });
    for (host, _) in hosts.iter().filter(|(_, failed)| *failed) {
        let (h, s, msg) = ((*host).to_owned().into(), Status::Failed, Some(why.into()));
        events.push(Event::Result { t: 0, h, s, ig: false, diff: false, ms: None, msg, src: src() });
    }
    if cut {
        events.push(Event::Note { k: "no_hosts_remaining".into(), t: None, h: None, msg: None, src: src() });
    }
    let hosts: Vec<_> = hosts.iter().map(|(name, failed)| ((*name).into(), tally(*failed))).collect();
    let bad = hosts.iter().any(|(_, tally)| tally.failed > 0);
    events.push(Event::Stats { hosts, src: src() });
    let run = fold((1..).zip(events).map(|(seq, event)| Entry { seq, ts: 1, event }));
    let common = Common { limit: Some(asked.into()), ..Common::default() };
    let kind = StepKind::Playbook { play: Play { playbook: "deploy.yml".into(), common, ..Play::default() } };
    let exit = Exit { rc: Some(if bad { 2 } else { 0 }), seen: true, ..Exit::default() };
    end(&run, 1, &kind, &exit, &Evidence::default())
}

fn told(end: &ChildEnd) -> Vec<(&str, Mark)> {
    end.hosts.iter().map(|(name, mark)| (name.as_str(), *mark)).collect()
}

#[test]
fn hosts_on_which_nothing_ran_are_unknown_and_never_new() {
    let serial = ended("w1,w2,w3", &[("w1", true)], true);
    assert_eq!(told(&serial), [("w1", Mark::Failed), ("w2", Mark::Unknown), ("w3", Mark::Unknown)]);
    assert!(!serial.ok && !serial.transient);
    assert_eq!(serial.why, "1 failed, 2 unknown");
    let left_out = ended("w1,w2", &[("w1", false)], false);
    assert_eq!(told(&left_out), [("w1", Mark::New), ("w2", Mark::Unknown)]);
    assert!(!left_out.ok, "the play has no w2");
    let none = ended("w1,w2", &[], false);
    assert!(!none.ok && none.hosts.is_empty() && none.why == "nothing ran on any host");
}

#[test]
fn hosts_that_a_broken_off_play_left_half_way_are_unknown() {
    let cut = ended("w1,w2", &[("w1", true), ("w2", false)], true);
    assert_eq!(told(&cut), [("w1", Mark::Failed), ("w2", Mark::Unknown)]);
    let whole = ended("w1,w2", &[("w1", true), ("w2", false)], false);
    assert_eq!(told(&whole), [("w1", Mark::Failed), ("w2", Mark::New)], "it went on without w1");
    assert!(ended("w1,w2", &[("w1", false), ("w2", false)], true).ok, "nobody failed: nobody was cut off");
}

#[test]
fn another_package_manager_at_work_is_waited_for_and_another_failure_is_not() {
    let lock = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)";
    let hosts = [("w1", true), ("w2", false)];
    assert!(ended_with("w1,w2", &hosts, false, lock).transient);
    assert!(!ended("w1,w2", &hosts, false).transient);
}

#[test]
fn a_limit_too_long_for_an_argument_stands_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(argument("w1,w2", dir.path()).unwrap(), "w1,w2");
    let hosts: Vec<String> = (0..10_000).map(|n| format!("web{n:05}.eu")).collect();
    let told = argument(&hosts.join(","), dir.path()).unwrap();
    let text = std::fs::read_to_string(told.strip_prefix('@').unwrap()).unwrap();
    assert_eq!(text.lines().collect::<Vec<_>>(), hosts);
}

//! When hosts that go through Ansible are asked: together, once an interval, and one that comes into sight late at once.

use super::works::Way;
use super::*;
use crate::health::judge::Rule;
use crate::health::plan::{Ask, Job, Watch};
use crate::health::record::{Raw, Unit};

fn job(host: &str) -> Job {
    let watch = Watch {
        name: "q".into(),
        ask: Ask::Shell("true".into()),
        of_hosts: true,
        on: None,
        rule: Rule { interval: 60, ..Rule::default() },
        timeout: 5,
        unit: Unit::Number,
        need: String::new(),
    };
    Job { host: Some(host.into()), watch: Arc::new(watch) }
}

fn floor(wanted: &[&str]) -> Floor {
    let place = Place {
        cwd: Default::default(),
        inventory: Default::default(),
        plugins: Default::default(),
        scratch: Default::default(),
        secrets: Default::default(),
    };
    let pool = Pool::new(Limits::default());
    let world = World { pool, place: Arc::new(place), restarts: Restarts::default() };
    let jobs = vec![job("a"), job("b")];
    let work = Work { jobs, way: Way::Ansible(vec![]), interval: 60_000, phase: 59_000 };
    Floor::new(vec![Arc::new(work)], world, set(wanted), Measured::new())
}

fn set(hosts: &[&str]) -> Option<HashSet<String>> {
    Some(hosts.iter().map(|host| (*host).to_owned()).collect())
}

/// Answers that began so long ago (milliseconds).
fn brought(hosts: &[&str], ago: i64) -> Vec<(Job, Brought)> {
    let at = work::now() - ago;
    let raw = Raw { at, took: ago as u32, command: String::new(), ended: String::new(), output: vec![] };
    let one = Brought { at, took: ago, found: Found::Unknown("slow".into()), raw };
    hosts.iter().map(|host| (job(host), one.clone())).collect()
}

/// Its next turn is at once.
fn is_now(floor: &mut Floor) -> bool {
    let now = floor.now();
    floor.schedule.take(now).is_some()
}

#[test]
fn whoever_comes_into_sight_late_is_asked_at_once_and_whoever_was_asked_waits() {
    let mut floor = floor(&["a"]);
    floor.begin();
    assert!(is_now(&mut floor));
    floor.done(0, &brought(&["a"], 2_000));
    assert!(!is_now(&mut floor), "it has its turn");
    floor.want(set(&["a", "b"]));
    assert!(is_now(&mut floor));
    assert_eq!(floor.due(0), set(&["b"]).unwrap(), "a was asked just now");
    // While it was under way, another came.
    floor.wanted = set(&["a", "b"]);
    floor.done(0, &brought(&["a"], 2_000));
    assert!(is_now(&mut floor));
    floor.done(0, &brought(&["b"], 2_000));
    assert!(!is_now(&mut floor));
}

#[test]
fn slow_answers_are_neither_asked_for_again_at_once_nor_left_out_the_next_time() {
    let mut floor = floor(&["a", "b"]);
    floor.begin();
    assert!(is_now(&mut floor));
    floor.done(0, &brought(&["a", "b"], 50_000));
    assert!(!is_now(&mut floor), "not without end");
    assert_eq!(floor.due(0).len(), 2, "its turn is ten seconds later, and both have it");
    // Scrolling asks nobody more often.
    floor.want(set(&["b"]));
    assert!(!is_now(&mut floor));
}

//! What a state directory says to whoever looks again and again.

use super::*;
use crate::health::store::{LEASE, Store};
use crate::project::config::notify::{Receiver, Severity, Via};
use crate::project::config::recovery::{Mode, Policy};
use crate::project::{Environment, Project, scope};
use crate::recovery::incident::{Incident, State};
use crate::release::supervise::KIND;
use crate::state::alerts::AlertRow;
use crate::state::beats::{Beat, right};
use crate::state::outbox::{Put, Standing};
use crate::state::recovery::{IncidentRow, Switch};
use crate::state::runs::tests::sample;
use crate::state::{Control, Index, Lock, StateDir};

const NOW: i64 = 1_795_442_527_000;

struct World {
    _dir: tempfile::TempDir,
    state: StateDir,
    project: Project,
    scope: String,
}

fn world(policy: bool, receiver: bool) -> World {
    let dir = tempfile::tempdir().unwrap();
    let environment = Environment { name: "lab".into(), inventory: vec!["hosts.ini".into()], ..Environment::default() };
    let mut project = Project { root: dir.path().join("p"), environments: vec![environment], ..Project::default() };
    if policy {
        project.recovery = vec![Policy { name: "web".into(), mode: Mode::Act, ..Policy::default() }];
    }
    if receiver {
        let (via, severity) = (Via::Screen, Severity::Info);
        project.notify.receivers =
            vec![Receiver { name: "here".into(), via, kinds: vec![], severity, environments: vec![] }];
    }
    let scope = scope(&project.environments[0].inventory, &project.root);
    World { state: StateDir::at(dir.path().join("s")), project, scope, _dir: dir }
}

impl World {
    fn watch(&self) -> Watch {
        Watch::new(&self.state, &self.project)
    }

    fn control(&self) -> Control {
        Control::open(&self.state).unwrap()
    }

    fn index(&self) -> Index {
        Index::open(&self.state).unwrap()
    }

    fn release(&self, state: &str) -> crate::state::RunRow {
        let row = crate::state::RunRow { kind: KIND.into(), ended_at: None, ..sample(NOW, state) };
        self.index().put(&row).unwrap();
        row
    }
}

fn hands(watch: &mut Watch, now: i64) -> (Hands, Hands) {
    let post = watch.look(now, now).posts.remove(0);
    (post.polls, post.acts)
}

#[test]
fn whoever_holds_the_right_and_does_rounds_acts_and_is_missed_at_once() {
    let world = world(true, true);
    let mut watch = world.watch();
    assert_eq!(hands(&mut watch, NOW), (Hands::Nobody(None), Hands::Nobody(None)));
    let path = right(&world.state, &world.scope);
    crate::state::file::private_dir(path.parent().unwrap()).unwrap();
    let lock = Lock::try_take(&path).unwrap().unwrap();
    world.index().beat(&world.scope, &Beat { who: "serve of ann".into(), at: NOW }).unwrap();
    let (of, last) = (Hands::Of("serve of ann".into()), Hands::Nobody(Some(("serve of ann".into(), NOW))));
    assert_eq!(hands(&mut watch, NOW + 2_000).1, of);
    assert_eq!(hands(&mut watch, NOW + 31_000).1, last, "it hangs");
    assert_eq!(hands(&mut watch, NOW - 60_000).1, last, "of a clock that was set back nothing is known");
    assert_eq!(hands(&mut watch, NOW + 2_000).1, of);
    drop(lock);
    assert_eq!(hands(&mut watch, NOW + 2_000).1, last, "killed: the kernel freed it");
}

#[test]
fn a_round_by_a_timer_acts_for_policies_and_notifies_nobody() {
    for (receiver, acts) in [(false, true), (true, false)] {
        let world = world(true, receiver);
        world.index().beat_once("lab", &world.scope, &Beat { who: "recovery once of bob".into(), at: NOW }).unwrap();
        let mut watch = world.watch();
        let is = hands(&mut watch, NOW + 300_000).1 == Hands::Of("recovery once of bob".into());
        assert_eq!(is, acts, "receiver {receiver}");
        assert!(matches!(hands(&mut watch, NOW + 700_000).1, Hands::Nobody(_)), "that was long ago");
    }
}

#[test]
fn whoever_polled_last_is_named() {
    let world = world(true, false);
    let (mut watch, store) = (world.watch(), Store::open(&world.state, &world.scope).unwrap());
    store.take("a", "the screen of ann", NOW).unwrap();
    let last = Hands::Nobody(Some(("the screen of ann".into(), NOW)));
    assert_eq!(hands(&mut watch, NOW + 1_000).0, Hands::Of("the screen of ann".into()));
    assert_eq!(hands(&mut watch, NOW + LEASE).0, last, "killed");
    store.free("a").unwrap();
    assert_eq!(hands(&mut watch, NOW + LEASE).0, last, "it left, and was seen before");
    assert_eq!(hands(&mut world.watch(), NOW + LEASE).0, Hands::Nobody(None), "whoever comes later cannot tell");
}

#[test]
fn a_policy_that_a_person_switched_off_wants_nobody() {
    let world = world(true, false);
    let mut watch = world.watch();
    let wants = |watch: &mut Watch| watch.look(NOW, NOW).posts[0].policy;
    assert!(wants(&mut watch));
    let mut switch = Switch {
        environment: "lab".into(),
        policy: "*".into(),
        on: false,
        operator: "ann".into(),
        reason: "moving".into(),
        at: NOW,
    };
    world.control().switch_recovery(&switch).unwrap();
    assert!(!wants(&mut watch));
    switch.on = true;
    world.control().switch_recovery(&switch).unwrap();
    assert!(wants(&mut watch));
}

#[test]
fn releases_incidents_alerts_and_notices_come_and_go() {
    let world = world(false, false);
    let mut watch = world.watch();
    drop(world.control());
    assert_eq!((watch.look(NOW, NOW).releases, watch.look(NOW, NOW).unknown), (vec![], vec![]));
    let (row, _) = (world.release("needs_operator"), world.release("deploying"));
    world.release("awaiting_approval");
    let paused = world.release("paused");
    let needs = |watch: &mut Watch| watch.look(NOW, NOW).releases.into_iter().map(|w| w.needs).collect::<Vec<_>>();
    // What a pause is for cannot be told of a run without files: it may be for a person.
    assert_eq!(needs(&mut watch), [Needs::Operator, Needs::Approval, Needs::Resume]);
    assert_eq!(watch.look(NOW, NOW).releases[0].run, row.id);
    world.index().put(&crate::state::RunRow { ended_at: Some(NOW), ..paused }).unwrap();
    world.index().put(&crate::state::RunRow { state: "rolling_back".into(), ..row }).unwrap();
    assert_eq!(needs(&mut watch), [Needs::Approval]);

    let incident = Incident { state: State::Escalated, ..Incident::new("lab", "web", "h1", NOW) };
    let put = |incident: &Incident| {
        let body = serde_json::to_string(incident).unwrap();
        let row = IncidentRow { environment: "lab".into(), policy: "web".into(), host: "h1".into(), body };
        world.control().put_incident(&row).unwrap();
    };
    put(&incident);
    assert_eq!(watch.look(NOW, NOW).escalated.len(), 1);
    put(&Incident { state: State::Taken, ..incident });
    assert!(watch.look(NOW, NOW).escalated.is_empty(), "a person has it in hand");

    let mut alert = AlertRow { fingerprint: "f".into(), starts_at: 1, told_at: NOW, ..AlertRow::default() };
    alert.labels = [("alertname".into(), "Down\u{1b}[31m".into()), ("severity".into(), "critical".into())].into();
    world.control().put_alerts(std::slice::from_ref(&alert)).unwrap();
    let fires = watch.look(NOW, NOW).alerts;
    assert_eq!((fires[0].name.as_str(), fires[0].critical), ("Down", true));
    world.control().put_alerts(&[AlertRow { ends_at: Some(NOW), ..alert }]).unwrap();
    assert!(watch.look(NOW, NOW).alerts.is_empty());

    let put = Put { receiver: "chat", key: "1", about: "x", body: "{}", state: Standing::Pending };
    world.control().put_notice("s", &put, NOW).unwrap();
    assert!(watch.look(NOW, NOW).undelivered.is_empty(), "it was not tried yet");
    assert_eq!(watch.look(NOW + 61_000, NOW + 61_000).undelivered[0].count, 1, "nobody tries it");
}

#[test]
fn what_cannot_be_read_is_unknown_and_known_again_later() {
    let world = world(true, false);
    drop(world.control());
    let mut watch = world.watch();
    assert_eq!(watch.look(NOW, NOW).unknown, Vec::<String>::new());
    let aside = world.state.root().join("aside");
    std::fs::rename(world.state.control(), &aside).unwrap();
    let unknown = watch.look(NOW, NOW).unknown;
    assert!(unknown.len() == 1 && unknown[0].contains("control.db is gone"), "{unknown:?}");
    std::fs::rename(&aside, world.state.control()).unwrap();
    assert_eq!(watch.look(NOW, NOW).unknown, Vec::<String>::new());
}

#[test]
fn a_ledger_that_cannot_be_written_is_told_at_once_and_no_longer_than_that() {
    let world = world(false, false);
    let mut watch = world.watch();
    drop(world.control());
    assert_eq!(watch.look(NOW, NOW).closed, None, "there is none yet");
    std::fs::create_dir(world.state.audit()).unwrap();
    let why = watch.look(NOW, NOW).closed.unwrap();
    assert!(why.contains("audit.db") && why.contains("write to"), "{why}");
    std::fs::remove_dir(world.state.audit()).unwrap();
    std::fs::write(world.state.audit(), "").unwrap();
    assert_eq!(watch.look(NOW, NOW).closed, None);
}

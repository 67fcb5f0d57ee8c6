//! Undo in the middle of a batch, end to end: a real HAProxy whose hosts are out, clients that ask all the while, a host
//! that dies while it is out. What is out and old serves again at once, and nobody ever finds nobody there.

use crate::support::OPSDECK;
use crate::support::sandbox;
use crate::support::wait::wait_true;
use crate::traffic::balancer::Haproxy;
use crate::traffic::clients::Clients;
use crate::traffic::service::mortal;
use crate::world::World;
use opsdeck::release::event::Event;
use opsdeck::release::machine::{Stop, Verb};
use opsdeck::release::plan::{Driver, VersionProbe, When};
use opsdeck::release::state::{At, Mark, Release};
use opsdeck::release::traffic::{Op, Report, Scene, perform};
use opsdeck::state::Identity;
use std::ffi::OsStr;

const HOSTS: [&str; 3] = ["w1", "w2", "w3"];

/// Milliseconds of opsdeck's own from the last process's end to the first host that serves again.
const AT_ONCE: i64 = 3_000;

/// Brings a host to a version; the second batch of the new one is held until somebody lets it go.
const BRING: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - {name: begin, shell: 'echo {{ release_version }} >> {{ inventory_hostname }}.log; while [ {{ release_version }}{{ inventory_hostname }} = 2w2 -o {{ release_version }}{{ inventory_hostname }} = 2w3 ] && [ ! -e go -a -e deploy.yml ]; do sleep 0.05; done'}
    - {name: bring, shell: 'echo {{ release_version }} > {{ inventory_hostname }}.version'}
";

/// A rolling release in the middle of its second batch: w1 is new, w2 and w3 are out of HAProxy and still old.
struct Middle {
    world: World,
    haproxy: Haproxy,
    clients: Clients,
}

impl Middle {
    fn new() -> Middle {
        let (mut started, mut inventory) = (None, String::new());
        let mut world = World::new(&[&["w1"], &["w2", "w3"]], |plan| {
            let of = |host: &str| plan.cwd.join(host).display().to_string();
            let servers = HOSTS.map(|host| {
                let file = of(host);
                std::fs::write(format!("{file}.version"), "1").unwrap();
                let address = mortal(format!("{file}.version").into(), format!("{file}.dead").into());
                let local = "ansible_connection=local ansible_python_interpreter=/usr/bin/python3";
                inventory += &format!("{host} {local} port={}\n", address.port());
                (host, address)
            });
            let haproxy = Haproxy::start(&[("blue", &servers)]);
            let mut traffic = haproxy.traffic(&["blue"]);
            if let Driver::Haproxy { map, servers, .. } = &mut traffic.balancers[0].driver {
                (*map, *servers) = (None, Default::default());
            }
            traffic.drain = 30;
            plan.traffic = Some(traffic);
            plan.stages.retain(|stage| stage.when == When::Deploy);
            plan.version_probe =
                Some(VersionProbe::Http { url: "http://127.0.0.1:{port}/".into(), header: None, key: None });
            (plan.limits.max_unavailable, plan.limits.min_in_service) = (2, 1);
            started = Some(haproxy);
        });
        world.write("hosts.ini", &inventory);
        world.write("deploy.yml", BRING);
        let haproxy = started.unwrap();
        let clients = Clients::start(haproxy.address, 100);
        world.supervise(true, None);
        wait_true(60, "the second batch", || ["w2", "w3"].iter().all(|host| world.log(host) == "2\n"));
        let middle = Middle { world, haproxy, clients };
        let seen = middle.seen();
        assert_eq!((seen.out.as_slice(), seen.up["blue"]), (["w2".to_owned(), "w3".to_owned()].as_slice(), (1, 3)));
        middle
    }

    fn seen(&self) -> Report {
        let traffic = self.world.plan().traffic.unwrap();
        perform(&traffic, &Op::Status, &Scene::at(&self.world.project())).0.remove(0)
    }

    /// Presses undo, and lets the batch that it stops go to its end.
    fn undo(&self, verb: &Verb) {
        self.world.ask(verb).unwrap();
        wait_true(60, "the batch is stopped", || self.release().running() == 0);
        self.world.write("go", "");
    }

    fn release(&self) -> Release {
        self.world.release()
    }

    /// How long it took from the end of the last process before it until the first host served again.
    fn until_back(&self) -> i64 {
        let run = self.world.run();
        let mut ended = None;
        for (at, json) in &run.own {
            match serde_json::from_str::<Event>(json).unwrap() {
                Event::Asked { .. } | Event::StepEnded { .. } => ended = Some(*at),
                Event::TrafficSeen { op: Op::In { hosts }, .. } if !hosts.contains(&"w1".to_owned()) => {
                    return at - ended.unwrap();
                }
                _ => {}
            }
        }
        panic!("no host was put back: {:?}", self.release().ops);
    }

    /// Requests go on, and none has failed.
    fn none_failed(self) {
        let goal = self.clients.done() + 100;
        wait_true(60, "clients ask on", || self.clients.done() >= goal);
        let asked = self.clients.end();
        let failed: Vec<_> = asked.iter().filter_map(|a| a.got.as_ref().err()).collect();
        assert!(failed.is_empty(), "{} of {} failed: {:?}", failed.len(), asked.len(), failed.first());
    }
}

#[test]
fn what_is_out_and_old_serves_again_before_what_is_new_is_taken() {
    let words = [
        Verb::Rollback { reason: None },
        Verb::Stop { how: Stop::AndRollBack, reason: None },
        Verb::Stop { how: Stop::Now, reason: None },
    ];
    for word in words {
        let mut middle = Middle::new();
        middle.undo(&word);
        if matches!(word, Verb::Stop { how: Stop::Now, .. }) {
            middle.world.stands("a pause", |at| at == At::Paused);
            assert_eq!(middle.seen().up["blue"], (3, 3), "a stop leaves nobody out that is well");
            middle.world.ask(&Verb::Rollback { reason: None }).unwrap();
        }
        let release = middle.world.ended();
        assert_eq!(release.at, At::RolledBack, "{word:?}: {:?} {:?}", release.history, release.ops);
        assert_eq!(middle.seen().up["blue"], (3, 3));
        assert_eq!((middle.world.log("w1").as_str(), middle.world.log("w2").as_str()), ("2\n1\n", "2\n"));
        let took = middle.until_back();
        println!("{word:?}: the first host served again after {took} ms");
        assert!(took < AT_ONCE, "{took} ms");
        middle.none_failed();
    }
}

#[test]
fn a_host_that_died_while_it_was_out_holds_no_other_up() {
    let mut middle = Middle::new();
    middle.world.write("w2.dead", "");
    wait_true(30, "HAProxy finds it dead", || middle.seen().down == ["w2"]);
    middle.undo(&Verb::Rollback { reason: None });
    wait_true(30, "the healthy one serves again", || middle.seen().up["blue"] == (2, 3));
    let release = middle.world.stands("a person for the dead one", |at| at == At::NeedsOperator);
    let marks = HOSTS.map(|host| release.mark(host));
    assert!(marks[0] == Mark::Old && marks[2] == Mark::Old, "{marks:?} {:?}", release.history);
    assert_eq!((middle.seen().up["blue"], middle.haproxy.version().as_str()), ((2, 3), "1"));
    assert!(release.history.last().unwrap().2.contains("w2"), "{:?}", release.history);
    let took = middle.until_back();
    println!("beside a dead one the first host served again after {took} ms");
    assert!(took < AT_ONCE, "{took} ms");
    std::fs::remove_file(middle.world.project().join("w2.dead")).unwrap();
    middle.world.ask(&Verb::RetryFailed).unwrap();
    let release = middle.world.ended();
    assert_eq!(release.at, At::RolledBack, "{:?} {:?}", release.history, release.ops);
    assert_eq!(middle.seen().up["blue"], (3, 3));
    middle.none_failed();
}

#[test]
fn with_a_disk_that_takes_nothing_a_stop_ends_the_batch_and_what_is_out_and_old_serves_again() {
    let mut middle = Middle::new();
    let supervisor = Identity::of(middle.world.supervisor.as_ref().unwrap().id()).unwrap();
    let full = ["-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=ENOSPC"].map(OsStr::new);
    let mut strace = sandbox::strace(&supervisor, &full);
    middle.world.ask(&Verb::Stop { how: Stop::Now, reason: None }).unwrap();
    wait_true(30, "all that is well serves again", || middle.seen().up["blue"] == (3, 3));
    let log = std::fs::read_to_string(middle.world.dir().supervisor_log()).unwrap_or_default();
    assert!(!log.contains("can be written again"), "{log}");
    strace.kill().unwrap();
    strace.wait().unwrap();
    let release = middle.world.stands("a pause", |at| at == At::Paused);
    assert_eq!(HOSTS.map(|host| release.mark(host)), [Mark::New, Mark::Old, Mark::Old], "{:?}", release.history);
    middle.world.write("go", "");
    middle.world.ask(&Verb::Rollback { reason: None }).unwrap();
    let release = middle.world.ended();
    assert_eq!(release.at, At::RolledBack, "{:?} {:?}", release.history, release.ops);
    assert_eq!(middle.seen().up["blue"], (3, 3));
    middle.none_failed();
}

#[test]
fn a_stop_behind_a_frozen_supervisor_wakes_it_and_what_is_out_and_old_serves_again() {
    let middle = Middle::new();
    let supervisor = Identity::of(middle.world.supervisor.as_ref().unwrap().id()).unwrap();
    assert!(supervisor.signal(rustix::process::Signal::STOP));
    let mut stop = std::process::Command::new(OPSDECK);
    stop.arg("--state-dir").arg(middle.world.store.root()).args(["stop", &middle.world.id.to_string(), "--now"]);
    let output = stop.current_dir(middle.world.project()).stdin(std::process::Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    wait_true(30, "all that is well serves again", || middle.seen().up["blue"] == (3, 3));
    let release = middle.world.stands("a pause", |at| at == At::Paused);
    assert_eq!(HOSTS.map(|host| release.mark(host)), [Mark::New, Mark::Old, Mark::Old], "{:?}", release.history);
    middle.none_failed();
}

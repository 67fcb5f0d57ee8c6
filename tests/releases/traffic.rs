//! Load balancers switched for real: HAProxy with its runtime API, real backends, clients that ask all the while.

pub mod api;
pub mod balancer;
pub mod clients;
pub mod service;

use crate::support::wait::wait_true;
use balancer::Haproxy;
use clients::Clients;
use opsdeck::release::plan::{Balancer, Driver, Traffic};
use opsdeck::release::traffic::{Op, Report, Scene};
use service::{mortal, service, silent};
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

fn perform(traffic: &Traffic, op: &Op) -> (Vec<Report>, bool) {
    opsdeck::release::traffic::perform(traffic, op, &Scene::at(std::path::Path::new("/")))
}

const POOLS: [&str; 2] = ["blue", "green"];

fn two_pools() -> Haproxy {
    let (blue, green) = (service("1.0"), service("2.0"));
    Haproxy::start(&[("blue", &[("b1", blue), ("b2", blue)]), ("green", &[("g1", green)])])
}

fn to(pool: &str, version: Option<&str>) -> Op {
    Op::Switch { to: pool.into(), version: version.map(str::to_owned) }
}

#[test]
fn no_request_fails_through_a_switch_and_back_and_none_reaches_the_old_pool_after_it() {
    let haproxy = two_pools();
    let traffic = haproxy.traffic(&POOLS);
    let clients = Clients::start(haproxy.address, 500);
    let more = |count: u64| {
        let goal = clients.done() + count;
        wait_true(60, "clients ask on", || clients.done() >= goal);
    };
    more(300);
    let (there, ok) = perform(&traffic, &to("green", Some("2.0")));
    let switched = Instant::now();
    assert!(ok, "{there:?}");
    more(300);
    let going_back = Instant::now();
    let (back, ok) = perform(&traffic, &to("blue", None));
    let returned = Instant::now();
    assert!(ok, "{back:?}");
    more(300);
    assert_eq!((there[0].active.as_deref(), back[0].active.as_deref()), (Some("green"), Some("blue")));
    let asked = clients.end();
    let failed: Vec<_> = asked.iter().filter_map(|a| a.got.as_ref().err()).collect();
    assert!(failed.is_empty(), "{} of {} failed: {:?}", failed.len(), asked.len(), failed.first());
    let between = |a: &&clients::Asked| a.began > switched && a.began < going_back;
    let after = asked.iter().filter(between).collect::<Vec<_>>();
    assert!(after.len() > 100 && after.iter().all(|a| a.got.as_deref() == Ok("2.0")));
    assert!(asked.iter().filter(|a| a.began > returned).all(|a| a.got.as_deref() == Ok("1.0")));
}

#[test]
fn a_switch_outlives_a_reload() {
    let haproxy = two_pools();
    let (reports, ok) = perform(&haproxy.traffic(&POOLS), &to("green", Some("2.0")));
    assert!(ok, "{reports:?}");
    assert_eq!(std::fs::read_to_string(haproxy.map_file()).unwrap(), "# who is active\nactive green\n");
    haproxy.reload();
    assert_eq!(haproxy.version(), "2.0");
}

#[test]
fn what_haproxy_would_take_in_silence_is_caught_before_it_is_written() {
    let haproxy = two_pools();
    let text = std::fs::read_to_string(haproxy.map_file()).unwrap();
    // A pool without a backend of that name in HAProxy: `set map` itself would accept it and requests would get 503.
    let traffic = haproxy.traffic(&["blue", "gren"]);
    for op in [Op::Check { to: "gren".into() }, to("gren", Some("2.0")), to("pink", Some("2.0"))] {
        let (reports, ok) = perform(&traffic, &op);
        assert!(!ok && reports[0].problem.as_ref().is_some_and(|p| p.contains("no backend")), "{op:?}: {reports:?}");
    }
    // A file that differs from the memory would move traffic at the next reload.
    std::fs::write(haproxy.map_file(), "active green\n").unwrap();
    let (seen, ok) = perform(&haproxy.traffic(&POOLS), &Op::Status);
    let drift = seen[0].drift.as_deref().unwrap_or_default();
    assert!(ok && drift.contains("says green, memory blue: a reload would move traffic"), "{seen:?}");
    let (reports, ok) = perform(&haproxy.traffic(&POOLS), &Op::Check { to: "green".into() });
    assert!(
        !ok && reports[0].problem.as_ref().is_some_and(|p| p.contains("green") && p.contains("blue")),
        "{reports:?}"
    );
    std::fs::write(haproxy.map_file(), text).unwrap();
    assert_eq!(haproxy.version(), "1.0");
}

#[test]
fn a_dead_balancer_leaves_the_other_as_it_is() {
    let (alive, mut dead) = (two_pools(), two_pools());
    dead.stop();
    let mut traffic = alive.traffic(&POOLS);
    traffic.balancers.push(dead.balancer(&POOLS));
    let (reports, ok) = perform(&traffic, &to("green", Some("2.0")));
    assert!(!ok && reports[1].problem.is_some(), "{reports:?}");
    assert_eq!((reports[0].active.as_deref(), alive.version().as_str()), (Some("blue"), "1.0"));
}

#[test]
fn what_reached_one_balancer_and_not_the_other_is_put_back_in_file_and_memory() {
    let (first, second) = (two_pools(), two_pools());
    let mut traffic = first.traffic(&POOLS);
    traffic.balancers.push(second.balancer(&POOLS));
    let prove = traffic.prove.as_mut().unwrap();
    // The second one's requests are answered by something that never bears the new version.
    prove.urls.push(format!("http://{}/", service("1.0")));
    let (reports, ok) = perform(&traffic, &to("green", Some("2.0")));
    let words: Vec<&str> = reports.iter().filter_map(|r| r.problem.as_deref()).collect();
    assert!(!ok && words.len() == 2 && words.iter().all(|w| w.contains("put back to blue")), "{reports:?}");
    for haproxy in [&first, &second] {
        assert_eq!(haproxy.version(), "1.0");
        assert!(std::fs::read_to_string(haproxy.map_file()).unwrap().contains("active blue"));
    }
}

#[test]
fn a_host_leaves_without_a_failed_request_and_the_last_one_never() {
    let haproxy = two_pools();
    let mut traffic = haproxy.traffic(&["blue"]);
    // Sessions of kept connections end when their client goes; here they all stay in reach of the limit.
    traffic.drain = 30;
    let clients = Clients::start(haproxy.address, 500);
    wait_true(60, "clients ask", || clients.done() > 200);
    let (out, ok) = perform(&traffic, &Op::Out { hosts: vec!["web1".into()] });
    assert!(ok && out[0].out == ["web1"] && out[0].up["blue"] == (1, 2), "{out:?}");
    let (last, ok) = perform(&traffic, &Op::Out { hosts: vec!["b2".into()] });
    assert!(!ok && last[0].out == ["web1"], "{last:?}");
    let (back, ok) = perform(&traffic, &Op::In { hosts: vec!["web1".into()] });
    assert!(ok && back[0].out.is_empty() && back[0].up["blue"] == (2, 2), "{back:?}");
    let (unknown, ok) = perform(&traffic, &Op::Out { hosts: vec!["web9".into()] });
    assert!(!ok && unknown[0].problem.as_ref().is_some_and(|p| p.contains("web9")), "{unknown:?}");
    let failed = clients.end().into_iter().filter_map(|a| a.got.err()).collect::<Vec<_>>();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn what_is_dead_is_out_and_sessions_that_do_not_end_give_way_to_what_is_done_next() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::write(at("version"), "1.0").unwrap();
    let (dies, holds) = (mortal(at("version"), at("dead")), silent());
    let haproxy = Haproxy::start(&[("blue", &[("b1", dies), ("b2", holds), ("b3", service("1.0"))])]);
    let mut traffic = haproxy.traffic(&["blue"]);
    traffic.drain = 60;
    let hosts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    std::fs::write(at("dead"), "").unwrap();
    wait_true(30, "HAProxy finds it dead", || perform(&traffic, &Op::Status).0[0].down == ["web1"]);
    let (out, ok) = perform(&traffic, &Op::Out { hosts: hosts(&["web1"]) });
    assert!(ok && out[0].down == ["web1"], "it is not waited for: {out:?}");
    // Sessions on b2 that never end: three at once, and one of two servers gets at least one of them.
    let open: Vec<TcpStream> = (0..3)
        .map(|_| {
            let mut stream = TcpStream::connect(haproxy.address).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
            stream
        })
        .collect();
    wait_true(30, "a session", || perform(&traffic, &Op::Status).0[0].sessions["blue"] > 0);
    let gives_way = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let out = scope.spawn(|| {
            let scene = Scene { gives_way: Some(&gives_way), ..Scene::at(std::path::Path::new("/")) };
            opsdeck::release::traffic::perform(&traffic, &Op::Out { hosts: hosts(&["b2"]) }, &scene)
        });
        wait_true(30, "it is out", || perform(&traffic, &Op::Status).0[0].out == ["b2"]);
        assert!(!out.is_finished(), "its session is waited for");
        gives_way.store(true, Ordering::Relaxed);
        let (out, ok) = out.join().unwrap();
        let problem = out[0].problem.as_deref().unwrap_or_default();
        assert!(!ok && problem.contains("given up") && problem.contains("b2"), "{problem}");
    });
    let (back, ok) = perform(&traffic, &Op::In { hosts: hosts(&["b2"]) });
    assert!(ok && back[0].out.is_empty() && back[0].up["blue"] == (2, 3), "{back:?}");
    drop(open);
}

#[test]
fn traffic_does_not_go_back_to_where_nobody_serves() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::write(at("version"), "1.0").unwrap();
    let (blue, green) = (mortal(at("version"), at("dead")), service("2.0"));
    let haproxy = Haproxy::start(&[("blue", &[("b1", blue)]), ("green", &[("g1", green)])]);
    let traffic = haproxy.traffic(&POOLS);
    assert!(perform(&traffic, &to("green", Some("2.0"))).1);
    std::fs::write(at("dead"), "").unwrap();
    wait_true(30, "HAProxy finds it dead", || perform(&traffic, &Op::Status).0[0].up["blue"] == (0, 1));
    let (kept, ok) = perform(&traffic, &to("blue", None));
    let problem = kept[0].problem.as_deref().unwrap_or_default();
    assert!(!ok && problem == "no server of blue is up: traffic stays with green", "{problem}");
    assert_eq!(haproxy.version(), "2.0");
    std::fs::remove_file(at("dead")).unwrap();
    wait_true(30, "it is alive again", || perform(&traffic, &Op::Status).0[0].up["blue"] == (1, 1));
    assert!(perform(&traffic, &to("blue", None)).1);
    assert_eq!(haproxy.version(), "1.0");
}

#[test]
fn a_share_by_weight_is_what_clients_get_and_never_leaves_nobody() {
    let (old, new) = (service("1.0"), service("2.0"));
    let haproxy = Haproxy::start(&[("blue", &[("b1", new), ("b2", old), ("b3", old), ("b4", old)])]);
    let traffic = haproxy.traffic(&["blue"]);
    let weight = |hosts: &[&str], percent| {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        let (reports, ok) = perform(&traffic, &Op::Weight { hosts, percent });
        assert!(ok, "{reports:?}");
        (0..40).filter(|_| haproxy.version() == "2.0").count()
    };
    let share = weight(&["web1"], 50);
    assert!((16..=24).contains(&share), "{share} of 40 at 50 %");
    let hosts = ["web1".to_owned()];
    let scene = Scene { new: &hosts, ..Scene::at(std::path::Path::new("/")) };
    let mut pools = traffic.clone();
    if let Driver::Haproxy { map, .. } = &mut pools.balancers[0].driver {
        *map = None;
    }
    let (seen, _) = opsdeck::release::traffic::perform(&pools, &Op::Status, &scene);
    assert_eq!((seen[0].shares["new"], seen[0].shares["old"]), (50, 50), "{seen:?}");
    let scene = Scene { new: &[], unknown: &hosts, ..scene };
    let (seen, _) = opsdeck::release::traffic::perform(&pools, &Op::Status, &scene);
    assert_eq!((seen[0].shares["unknown"], seen[0].shares["new"]), (50, 0), "{seen:?}");
    assert_eq!(weight(&["web1"], 0), 0);
    // All hosts are new and have nothing: nobody else could answer.
    weight(&["web1", "b2", "b3", "b4"], 0);
    assert!(["1.0", "2.0"].contains(&haproxy.version().as_str()));
    // No host is new: all as the configuration has them.
    let share = weight(&[], 0);
    assert!((8..=12).contains(&share), "{share} of 40 with equal weights");
}

/// A switch from blue to green of which nobody knows how far it came.
fn again(traffic: &Traffic, version: &str) -> (Vec<Report>, bool) {
    let was = |balancer: &Balancer| Report {
        balancer: balancer.name.clone(),
        active: Some("blue".into()),
        ..Report::default()
    };
    let before: Vec<Report> = traffic.balancers.iter().map(was).collect();
    let scene = Scene { before: &before, again: true, ..Scene::at(std::path::Path::new("/")) };
    opsdeck::release::traffic::perform(traffic, &to("green", Some(version)), &scene)
}

fn in_file(haproxy: &Haproxy) -> String {
    std::fs::read_to_string(haproxy.map_file()).unwrap().lines().last().unwrap().to_owned()
}

#[test]
fn the_way_back_is_not_held_up_by_a_file_that_cannot_be_written() {
    let haproxy = two_pools();
    let traffic = haproxy.traffic(&POOLS);
    assert!(perform(&traffic, &to("green", Some("2.0"))).1);
    std::fs::remove_file(haproxy.map_file()).unwrap();
    let (reports, ok) = perform(&traffic, &to("blue", None));
    assert_eq!((haproxy.version().as_str(), reports[0].active.as_deref()), ("1.0", Some("blue")), "{reports:?}");
    let problem = reports[0].problem.as_deref().unwrap_or_default();
    assert!(!ok && problem.contains("until a reload") && problem.contains("active.map"), "{problem}");
}

#[test]
fn a_switch_that_was_cut_off_between_file_and_memory_is_carried_through() {
    let haproxy = two_pools();
    let traffic = haproxy.traffic(&POOLS);
    std::fs::write(haproxy.map_file(), "active green\n").unwrap();
    let (reports, ok) = again(&traffic, "2.0");
    assert!(ok, "{reports:?}");
    assert_eq!((haproxy.version(), in_file(&haproxy)), ("2.0".into(), "active green".into()));
}

#[test]
fn a_switch_that_was_cut_off_and_cannot_be_carried_through_is_put_back_everywhere() {
    // The first has it all, the second only the file: a split, made by a death in the middle.
    let (first, second) = (two_pools(), two_pools());
    let mut traffic = first.traffic(&POOLS);
    assert!(perform(&traffic, &to("green", Some("2.0"))).1);
    traffic.balancers.push(second.balancer(&POOLS));
    std::fs::write(second.map_file(), "active green\n").unwrap();
    // Nobody answers with this version: what is proved is never left out.
    let (reports, ok) = again(&traffic, "2.1");
    let words: Vec<&str> = reports.iter().filter_map(|r| r.problem.as_deref()).collect();
    assert!(!ok && words.iter().all(|w| w.contains("put back to blue")), "{reports:?}");
    for haproxy in [&first, &second] {
        assert_eq!((haproxy.version(), in_file(haproxy)), ("1.0".into(), "active blue".into()));
    }
    // Nor is a split left where a pool is not what it must be any more.
    assert!(perform(&first.traffic(&POOLS), &to("green", Some("2.0"))).1);
    let lost = second.balancer(&["blue", "gren"]);
    traffic.balancers[1] = Balancer { name: traffic.balancers[1].name.clone(), ..lost };
    let (reports, ok) = again(&traffic, "2.0");
    assert!(!ok && reports.iter().all(|r| r.active.as_deref() == Some("blue")), "{reports:?}");
}

#[test]
fn programs_of_the_operators_own_run_in_the_project() {
    let dir = tempfile::tempdir().unwrap();
    let script =
        "#!/bin/sh\ncase $1 in\nstatus) printf '{\"active\": \"%s\"}' $(cat pool);;\n*) echo $2 > pool;;\nesac\n";
    std::fs::write(dir.path().join("lb"), script).unwrap();
    std::fs::write(dir.path().join("pool"), "blue\n").unwrap();
    let program = |verb: &str| ["sh", "./lb", verb].map(str::to_owned).to_vec();
    let (status, switch) = (program("status"), program("switch"));
    let driver = Driver::Command { status, check: None, switch, drain: None, instant: true, weights: false };
    let balancers = vec![Balancer { name: "own".into(), driver }];
    let traffic = Traffic { balancers, prove: None, drain: 1, keep_warm: 0 };
    let (reports, ok) = opsdeck::release::traffic::perform(&traffic, &to("green", Some("2.0")), &Scene::at(dir.path()));
    assert!(ok && reports[0].active.as_deref() == Some("green"), "{reports:?}");
    let (reports, ok) = perform(&traffic, &Op::Status);
    assert!(!ok, "not in another folder: {reports:?}");
}

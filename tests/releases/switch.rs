//! Releases that move traffic, end to end: the machine under its real supervisor, a real HAProxy, clients that ask all
//! the while. Blue-green to its end, undone, and with the supervisor killed at every writing of its journal; rolling
//! behind a balancer with a host cut off in mid-batch.

use crate::support::lab::Lab;
use crate::support::wait::wait_true;
use crate::traffic::balancer::Haproxy;
use crate::traffic::clients::Clients;
use crate::traffic::service::service_of;
use crate::world::{self, World, program, stage};
use opsdeck::release::machine::Verb;
use opsdeck::release::plan::{Driver, OnFailure, Plan, Probe, Strategy, When};
use opsdeck::release::state::{At, Mark};
use opsdeck::release::traffic::{Op, Scene, perform};
use std::sync::atomic::{AtomicU32, Ordering};

const POOLS: [&str; 2] = ["blue", "green"];

/// Brings a host to a version, which its service answers with from then on.
const BRING: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - {name: bring, shell: 'echo {{ release_version }} | tee -a {{ inventory_hostname }}.log > {{ inventory_hostname }}.version'}
";

/// A plan that deploys g1 while b1 serves, and then switches.
fn blue_green(plan: &mut Plan, haproxy: &Haproxy) {
    let pools = [("blue", "b1"), ("green", "g1")].map(|(pool, host)| (pool.to_owned(), vec![host.to_owned()]));
    plan.strategy = Strategy::BlueGreen { active: "blue".into(), idle: "green".into(), pools: pools.into() };
    plan.traffic = Some(haproxy.traffic(&POOLS));
    plan.stages.retain(|stage| stage.when == When::Deploy);
    plan.rollback.steps.clear();
}

/// Both hosts run the old version; in front of them a balancer that sends all to blue.
fn two_pools(change: impl FnOnce(&mut Plan)) -> (World, Haproxy) {
    let mut started = None;
    let world = World::on(&local(&["b1", "g1"]), &[&["g1"]], |plan| {
        let of = |host: &str| service_of(plan.cwd.join(format!("{host}.version")));
        let (blue, green) = (of("b1"), of("g1"));
        let haproxy = Haproxy::start(&[("blue", &[("b1", blue)]), ("green", &[("g1", green)])]);
        blue_green(plan, &haproxy);
        change(plan);
        started = Some(haproxy);
    });
    world.write("b1.version", "1");
    world.write("g1.version", "1");
    world.write("deploy.yml", BRING);
    (world, started.unwrap())
}

fn local(hosts: &[&str]) -> String {
    let host = |host: &&str| format!("{host} ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n");
    hosts.iter().map(host).collect()
}

fn in_file(haproxy: &Haproxy) -> String {
    std::fs::read_to_string(haproxy.map_file()).unwrap().lines().last().unwrap().to_owned()
}

fn more(clients: &Clients, count: u64) {
    let goal = clients.done() + count;
    wait_true(60, "clients ask on", || clients.done() >= goal);
}

fn none_failed(clients: Clients) {
    let asked = clients.end();
    let failed: Vec<_> = asked.iter().filter_map(|a| a.got.as_ref().err()).collect();
    assert!(failed.is_empty(), "{} of {} failed: {:?}", failed.len(), asked.len(), failed.first());
}

#[test]
fn a_blue_green_release_goes_to_its_end_without_a_failed_request() {
    let (mut world, haproxy) = two_pools(|_| {});
    let clients = Clients::start(haproxy.address, 100);
    world.supervise(true, None);
    let release = world.ended();
    assert_eq!(release.at, At::Succeeded, "{:?}", release.history);
    assert_eq!((haproxy.version(), in_file(&haproxy)), ("2".into(), "active green".into()));
    more(&clients, 50);
    none_failed(clients);
    assert_eq!((world.log("g1").as_str(), world.log("b1").as_str()), ("2\n", ""), "the serving pool is not touched");
    let phases: Vec<String> = world.run().phases.iter().map(|(name, _)| name.clone()).collect();
    assert!(phases.join(" ").ends_with("deploying gating switching verifying succeeded"), "{phases:?}");
}

#[test]
fn what_was_switched_outlives_a_reload_and_is_undone_with_one_word() {
    let (mut world, haproxy) = two_pools(|plan| plan.bake = 600);
    let clients = Clients::start(haproxy.address, 100);
    world.supervise(true, None);
    world.stands("the bake", |at| at == At::Verifying);
    assert_eq!(haproxy.version(), "2");
    haproxy.reload();
    assert_eq!(haproxy.version(), "2");
    world.ask(&Verb::Rollback { reason: Some("slow".into()) }).unwrap();
    let release = world.ended();
    assert_eq!(release.at, At::RolledBack, "{:?}", release.history);
    assert_eq!((haproxy.version(), in_file(&haproxy)), ("1".into(), "active blue".into()));
    haproxy.reload();
    assert_eq!(haproxy.version(), "1");
    more(&clients, 50);
    none_failed(clients);
}

#[test]
fn what_has_succeeded_is_undone_by_a_run_of_its_own_while_the_old_pool_is_warm() {
    let (mut world, haproxy) = two_pools(|plan| {
        plan.bake = 0;
        plan.traffic.as_mut().unwrap().keep_warm = 600;
    });
    let clients = Clients::start(haproxy.address, 100);
    world.supervise(true, None);
    assert_eq!(world.ended().at, At::Succeeded);
    assert_eq!(haproxy.version(), "2");
    let opsdeck = |args: &[&str]| {
        let mut opsdeck = std::process::Command::new(env!("CARGO_BIN_EXE_opsdeck"));
        opsdeck.arg("--state-dir").arg(world.store.root()).args(args).env("HOME", world.home());
        let out = opsdeck.stdin(std::process::Stdio::null()).output().unwrap();
        (out.status.code(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
    };
    let (code, said) = opsdeck(&["rollback", &world.id.to_string(), "--reason", "late errors", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    let own = serde_json::from_str::<serde_json::Value>(&said).unwrap()["run"].as_str().unwrap().to_owned();
    assert_ne!(own, world.id.to_string());
    let ended = || opsdeck(&["show", &own, "--json"]).1.contains("\"rolled_back\"");
    wait_true(60, "the switch to be taken back", ended);
    assert_eq!((haproxy.version(), in_file(&haproxy)), ("1".into(), "active blue".into()));
    more(&clients, 50);
    none_failed(clients);
    assert_eq!((world.log("g1").as_str(), world.log("b1").as_str()), ("2\n", ""), "no host was worked on");
}

/// Without Ansible, so that it can be killed often.
fn quick(plan: &mut Plan) {
    let bring = program(&["sh", "-c", "echo 2 >> g1.log; echo 2 > g1.version"]);
    plan.stages = vec![stage("deploy", When::Deploy, bring)];
    plan.gates.clear();
}

/// It is switched, its gate fails then, and it goes back by itself.
fn relapses(plan: &mut Plan) {
    let Driver::Haproxy { map: Some(map), .. } = &plan.traffic.as_ref().unwrap().balancers[0].driver else { panic!() };
    let argv = ["grep", "-q", "active blue", &map.file].map(str::to_owned).to_vec();
    plan.gates = vec![world::gate("blue", Probe::Command { argv })];
}

/// Killed at the n-th writing, in whatever state, it comes to the same end. False: it lived to its end.
fn ends_all_the_same(n: u32, relapse: bool) -> bool {
    let (mut world, haproxy) = two_pools(|plan| {
        quick(plan);
        if relapse {
            relapses(plan);
        }
    });
    world.supervise(true, Some(n));
    let killed = world.was_killed();
    if killed {
        world.resume();
    }
    let release = world.ended();
    let (at, version, pool) = if relapse { (At::RolledBack, "1", "blue") } else { (At::Succeeded, "2", "green") };
    assert_eq!(release.at, at, "killed at {n}: {:?}", release.history);
    assert_eq!((haproxy.version().as_str(), in_file(&haproxy)), (version, format!("active {pool}")), "killed at {n}");
    assert_eq!((world.intents("g1"), world.intents("b1")), (1, 0), "killed at {n}");
    killed
}

/// Kills at every writing, on two lanes; how many there are.
fn at_every_writing(ends: impl Fn(u32) -> bool + Sync) -> u32 {
    let last = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for lane in 1..=2 {
            let (last, ends) = (&last, &ends);
            scope.spawn(move || {
                let mut n = lane;
                while ends(n) {
                    last.fetch_max(n, Ordering::SeqCst);
                    n += 2;
                }
            });
        }
    });
    last.into_inner()
}

#[test]
fn killed_after_any_writing_a_blue_green_release_comes_to_the_same_end() {
    let writings = at_every_writing(|n| ends_all_the_same(n, false));
    assert!(writings > 12, "a switch is written down: {writings}");
}

#[test]
fn killed_after_any_writing_a_rollback_comes_to_the_same_end() {
    let writings = at_every_writing(|n| ends_all_the_same(n, true));
    assert!(writings > 20, "a switch and its way back are written down: {writings}");
}

#[test]
fn killed_between_the_file_and_the_memory_of_a_balancer_the_switch_is_carried_through() {
    for renamed in [false, true] {
        let (mut world, haproxy) = two_pools(quick);
        let aside = format!("{}.opsdeck", haproxy.map_file().display());
        world.traced(true, &["-f", "-P", &aside, "-e", "trace=rename", "-e", "inject=rename:signal=SIGKILL:when=1"]);
        assert!(world.was_killed());
        assert_eq!((haproxy.version(), in_file(&haproxy)), ("1".into(), "active blue".into()));
        if renamed {
            // The signal comes before the call is carried out; a moment later it would have been.
            std::fs::rename(&aside, haproxy.map_file()).unwrap();
        }
        world.resume();
        let release = world.ended();
        assert_eq!(release.at, At::Succeeded, "renamed: {renamed}: {:?}", release.history);
        assert_eq!((haproxy.version(), in_file(&haproxy)), ("2".into(), "active green".into()));
    }
}

/// The host of which a batch is not done yet waits for the file `go`.
const WAITS: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - {name: bring, raw: 'cd {{ project }}; echo {{ release_version }} >> {{ inventory_hostname }}.log; while [ {{ inventory_hostname }} = h2 ] && [ ! -e go ]; do sleep 0.05; done'}
    - {name: done, raw: 'cd {{ project }}; echo {{ release_version }} > {{ inventory_hostname }}.version'}
";

#[test]
fn a_host_cut_off_in_mid_batch_stops_it_at_the_budget_while_the_others_serve() {
    let mut lab = Lab::start(4);
    let inventory = std::fs::read_to_string(lab.project().join("inventories/lab/hosts.ini")).unwrap();
    let hosts = ["h1", "h2", "h3", "h4"];
    let mut started = None;
    let mut world = World::on(&inventory, &[&["h1"], &["h2", "h3"], &["h4"]], |plan| {
        let of = |host: &str| service_of(plan.cwd.join(format!("{host}.version")));
        let servers = hosts.map(|host| (host, of(host)));
        let haproxy = Haproxy::start(&[("blue", &servers)]);
        let mut traffic = haproxy.traffic(&["blue"]);
        if let Driver::Haproxy { map, servers, .. } = &mut traffic.balancers[0].driver {
            (*map, *servers) = (None, Default::default());
        }
        traffic.drain = 30;
        plan.stages.retain(|stage| stage.when == When::Deploy);
        plan.traffic = Some(traffic);
        plan.on_failure = OnFailure::Pause;
        plan.vars.insert("project".into(), plan.cwd.display().to_string().into());
        started = Some(haproxy);
    });
    let haproxy = started.unwrap();
    hosts.iter().for_each(|host| world.write(&format!("{host}.version"), "1"));
    world.write("deploy.yml", WAITS);
    let clients = Clients::start(haproxy.address, 100);
    world.supervise(true, None);
    wait_true(60, "h2 is at work", || world.log("h2") == "2\n");
    lab.cut("h2");
    // h3 was in the same batch: where nobody can ask for its version it is a person's to say what it is.
    let release = world.stands("a person to be waited for", |at| matches!(at, At::Paused | At::NeedsOperator));
    world.write("go", "");
    let marks = hosts.map(|host| release.mark(host));
    assert_eq!(marks[..2], [Mark::New, Mark::Unreachable], "{:?}", release.history);
    assert_eq!(marks[3], Mark::Untouched, "nothing more was begun");
    assert!(release.history.iter().any(|(.., why)| why.contains("the budget is 0")), "{:?}", release.history);
    let (seen, _) = perform(world.plan().traffic.as_ref().unwrap(), &Op::Status, &Scene::at(&world.project()));
    assert!(seen[0].out.iter().all(|host| ["h2", "h3"].contains(&host.as_str())), "{seen:?}");
    more(&clients, 100);
    none_failed(clients);
}

#[test]
fn a_balancer_on_another_machine_is_switched_over_ssh_in_file_and_memory() {
    let mut lab = Lab::start(1);
    lab.forwards("h1");
    let (mut world, haproxy) = two_pools(|plan| {
        quick(plan);
        if let Driver::Haproxy { ssh, .. } = &mut plan.traffic.as_mut().unwrap().balancers[0].driver {
            *ssh = Some("lb".into());
        }
    });
    // OpenSSH finds its configuration by the password file, not by HOME: here it is told.
    let inventory = std::fs::read_to_string(lab.project().join("inventories/lab/hosts.ini")).unwrap();
    let port = inventory.split("h1 ansible_port=").nth(1).unwrap().lines().next().unwrap();
    let at = |name: &str| lab.folder().join(name).display().to_string();
    let config = format!(
        "Host lb\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n",
        at("key"),
        at("known_hosts"),
    );
    let bin = world.home().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("config"), config).unwrap();
    let ssh = format!("#!/bin/sh\nexec /usr/bin/ssh -F {} \"$@\"\n", bin.join("config").display());
    std::fs::write(bin.join("ssh"), ssh).unwrap();
    std::fs::set_permissions(bin.join("ssh"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    world.env.push(("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap())));
    world.supervise(true, None);
    let release = world.ended();
    assert_eq!(release.at, At::Succeeded, "{:?} {:?}", release.history, release.traffic);
    assert_eq!((haproxy.version(), in_file(&haproxy)), ("2".into(), "active green".into()));
}

//! Readings of gates and versions of hosts, from the real things: servers, a real Prometheus, programs, real Ansible.

use crate::support::prometheus::Prometheus;
use crate::support::server::Server;
use crate::support::wait::wait_until;
use opsdeck::ansible::secrets::Secrets;
use opsdeck::health::probe::survey::Place;
use opsdeck::health::probe::target::Target;
use opsdeck::health::probe::{Http, Probe, Restarts};
use opsdeck::release::event::StepOutcome;
use opsdeck::release::gate::{Reading, measure};
use opsdeck::release::plan::{Gate, VersionProbe};
use opsdeck::release::probe;
use opsdeck::release::state::Verdict::{self, Fail, Inconclusive, Pass};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

fn gate(probe: Probe, timeout: u32) -> Gate {
    Gate { name: "g".into(), probe, interval: 1, timeout, passes: 1, fails: 1, inconclusive: 1, window: 0 }
}

/// A project and the place that questions are asked from.
struct World {
    dir: tempfile::TempDir,
    restarts: Restarts,
}

impl World {
    fn new() -> World {
        World { dir: tempfile::tempdir().unwrap(), restarts: Restarts::default() }
    }

    fn place(&self) -> Place {
        let path = |name: &str| self.dir.path().join(name);
        std::fs::create_dir_all(path("run")).unwrap();
        Place {
            cwd: self.dir.path().to_path_buf(),
            inventory: vec!["hosts.ini".into()],
            plugins: path("plugins"),
            scratch: path("run"),
            secrets: Secrets::default(),
        }
    }

    fn read(&self, probe: Probe, hosts: &[Target]) -> Reading {
        measure(&gate(probe, 20), hosts, &self.place(), &self.restarts)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Hosts on this machine, with programs of the project's folder before all others; and one that is not there.
    fn inventory(&self) {
        self.write("python", "#!/bin/sh\nPATH=\"$(dirname \"$0\"):$PATH\" exec python3 \"$@\"\n");
        let python = self.dir.path().join("python");
        let local = format!("ansible_connection=local ansible_python_interpreter={}", python.display());
        let text = format!("w1 {local} n=1\nw2 {local} n=2\ngone ansible_host=127.0.0.1 ansible_port=1\n");
        self.write("hosts.ini", &text);
    }

    /// Nothing of a question stays behind.
    fn assert_clean(&self) {
        let left: Vec<_> = std::fs::read_dir(self.dir.path().join("run")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

fn hosts(names: &[&str]) -> Vec<Target> {
    names.iter().map(|name| Target::named(name)).collect()
}

fn http(url: String) -> Probe {
    Probe::Http { request: Http { url, ..Http::default() } }
}

fn is(reading: &Reading, verdict: Verdict, got: &str) {
    assert_eq!(reading.verdict, verdict, "{reading:?}");
    assert!(reading.got.contains(got), "{reading:?}");
}

#[test]
fn every_host_must_answer_as_expected() {
    let (world, server) = (World::new(), Server::start());
    for host in ["w1", "w2"] {
        server.says(&format!("/{host}/health"), 200, "", "all is ok\n");
    }
    let two = hosts(&["w1", "w2"]);
    let probe = || http(server.url("/{host}/health"));
    is(&world.read(probe(), &two), Pass, "(2 hosts)");
    server.says("/w2/health", 503, "", "");
    let reading = world.read(probe(), &two);
    is(&reading, Fail, "w2: 503 Service Unavailable");
    assert_eq!(reading.need, "200 to 299");
    let teapot = |contains: &str| {
        let (url, status) = (server.url("/w2/health"), vec![418, 503]);
        Probe::Http { request: Http { url, status, contains: Some(contains.into()), ..Http::default() } }
    };
    server.says("/w2/health", 503, "", "busy");
    is(&world.read(teapot("busy"), &two), Pass, "503 Service Unavailable in");
    is(&world.read(teapot("ready"), &two), Fail, "503 Service Unavailable without \"ready\"");
    is(&world.read(probe(), &[]), Inconclusive, "no host to measure on");
}

#[test]
fn a_service_that_is_not_there_fails_and_a_question_that_makes_no_sense_is_not_known() {
    let (world, server) = (World::new(), Server::start());
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    is(&world.read(http(format!("http://{free}/")), &[]), Fail, "refused");
    is(&world.read(http("/health".into()), &[]), Inconclusive, "cannot be asked");
    is(&world.read(http("http://no-such-name.invalid/".into()), &[]), Inconclusive, "no-such-name.invalid");
    server.says("/silent", 0, "", "");
    let began = Instant::now();
    let silent = measure(&gate(http(server.url("/silent")), 1), &[], &world.place(), &world.restarts);
    is(&silent, Fail, "no answer");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let tcp = |address: String| Probe::Tcp { address };
    is(&world.read(tcp(server.address.clone()), &[]), Pass, "connected in");
    is(&world.read(tcp(free.to_string()), &[]), Fail, "connection refused");
    is(&world.read(tcp("no-such-name.invalid:80".into()), &[]), Inconclusive, "no-such-name.invalid");
    let port = server.address.rsplit(':').next().unwrap();
    let mut w1 = Target::named("w1");
    w1.vars.insert("ansible_host".into(), "127.0.0.1".into());
    is(&world.read(tcp(format!("{{ansible_host}}:{port}")), &[w1]), Pass, "w1: connected");
}

#[test]
fn a_program_tells_by_its_exit_code_and_is_ended_in_time() {
    let world = World::new();
    world.write("probe", "#!/bin/sh\nprintf 'p99 of %s is \\033[31m%s\\n' \"$1\" \"$2\"\nexit \"$2\"\n");
    let run = |code: &str| Probe::Command { argv: vec!["./probe".into(), "{host}".into(), code.into()] };
    let two = hosts(&["w1", "w2"]);
    is(&world.read(run("0"), &two), Pass, "exit 0: p99 of w1 is 0 (2 hosts)");
    is(&world.read(run("75"), &two), Inconclusive, "w1: exit 75: p99 of w1 is 75");
    is(&world.read(run("3"), &two), Fail, "w1: exit 3: p99 of w1 is 3 (and 1 more of 2 hosts)");
    is(&world.read(Probe::Command { argv: vec!["./nowhere".into()] }, &[]), Inconclusive, "cannot be started");
    let hangs = Probe::Command { argv: vec!["sleep".into(), "300".into()] };
    let began = Instant::now();
    let reading = measure(&gate(hangs, 1), &[], &world.place(), &world.restarts);
    assert_eq!(reading.verdict, Inconclusive, "{reading:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn prometheus_decides_by_its_samples_and_never_by_their_absence() {
    let (world, server) = (World::new(), Server::start());
    server.says("/metrics", 200, "", "p99{shard=\"a\"} 120\np99{shard=\"b\"} 312\nempty NaN\n");
    let prometheus = Prometheus::start(&server.address);
    let ask = |query: &str, min: Option<f64>, max: Option<f64>| {
        let probe = Probe::Prometheus { url: prometheus.url.clone(), query: query.into(), min, max };
        world.read(probe, &hosts(&["w1"]))
    };
    is(&ask("p99", None, Some(400.0)), Pass, "312 {");
    let late = ask("p99", None, Some(250.0));
    is(&late, Fail, "312 {");
    assert!(late.got.contains("shard=\"b\"") && late.need == "at most 250", "{late:?}");
    is(&ask("scalar(up)", Some(1.0), Some(1.0)), Pass, "1");
    is(&ask("p99{shard=\"{host}\"}", None, Some(1.0)), Inconclusive, "w1: no data");
    is(&ask("empty", None, Some(1.0)), Inconclusive, "NaN");
    is(&ask("p99[1m]", None, Some(1.0)), Inconclusive, "");
    is(&ask("p99{", None, Some(1.0)), Inconclusive, "parse error");
    is(&ask("p99", None, None), Inconclusive, "no bound");
    // What is no longer scraped is no data, at once.
    server.says("/metrics", 500, "", "");
    wait_until(60, "Prometheus to know that the scrape failed", || {
        Some(ask("p99", None, Some(400.0))).filter(|r| r.verdict == Inconclusive && r.got == "no data")
    });
    drop(prometheus);
    let nowhere = Probe::Prometheus { url: "http://127.0.0.1:1".into(), query: "up".into(), min: None, max: Some(1.0) };
    is(&world.read(nowhere, &[]), Inconclusive, "Connection refused");
}

/// `systemctl` is a stand-in on the hosts' path: a machine that builds has no systemd running.
#[test]
fn a_unit_is_asked_on_every_host_through_ansible() {
    let world = World::new();
    world.inventory();
    let show = |active: &str, sub: &str, restarts: u32| {
        let text = format!("LoadState=loaded\\nActiveState={active}\\nSubState={sub}\\nNRestarts={restarts}\\n");
        world.write("systemctl", &format!("#!/bin/sh\n[ \"$*\" = \"{SHOW}\" ] && printf '{text}'\n"));
    };
    let unit = || Probe::Systemd { unit: "web.service".into() };
    show("active", "running", 2);
    let two = hosts(&["w1", "w2"]);
    is(&world.read(unit(), &two), Pass, "active (running) (2 hosts)");
    is(&world.read(unit(), &hosts(&["w1", "gone"])), Inconclusive, "gone: unreachable:");
    show("active", "running", 3);
    is(&world.read(unit(), &two), Fail, "restarted 1 times meanwhile");
    show("failed", "failed", 3);
    let reading = world.read(unit(), &two);
    is(&reading, Fail, "w1: failed (failed) (and 1 more of 2 hosts)");
    assert_eq!(reading.need, "web.service active, not restarted");
    world.assert_clean();
}

const SHOW: &str = "show -p LoadState,ActiveState,SubState,NRestarts -- web.service";

#[test]
fn hosts_are_asked_for_their_version_and_silence_is_none() {
    let (world, server) = (World::new(), Server::start());
    world.inventory();
    world.write("web", "#!/bin/sh\nprintf ' \\033[32m1.4.2\\033[0m (stable)\\n'\n");
    let three = hosts(&["w1", "gone", "w2"]);
    let ask = |probe: &VersionProbe| probe::versions(probe, &three, &world.place(), Duration::from_secs(60));
    let told = |v: &str| -> Vec<(String, Option<String>)> {
        [("w1", Some(v)), ("gone", None), ("w2", Some(v))].map(|(h, v)| (h.to_owned(), v.map(str::to_owned))).into()
    };
    assert_eq!(ask(&VersionProbe::Command { command: "web --version".into() }), told("1.4.2"));
    let path = world.dir.path().join("VERSION file");
    std::fs::write(&path, "1.4.3 built yesterday\n").unwrap();
    assert_eq!(ask(&VersionProbe::File { path: path.to_str().unwrap().into() }), told("1.4.3"));
    let none = VersionProbe::Command { command: "false".into() };
    assert!(ask(&none).iter().all(|(_, version)| version.is_none()));
    for host in ["w1", "w2"] {
        server.says(&format!("/{host}"), 200, "X-Version: 1.5.0\r\n", "{\"build\": {\"version\": \"1.5.1\"}}");
    }
    let over = |header: Option<&str>, key: Option<&str>| VersionProbe::Http {
        url: server.url("/{host}"),
        header: header.map(str::to_owned),
        key: key.map(str::to_owned),
    };
    assert_eq!(ask(&over(Some("x-version"), None)), told("1.5.0"));
    assert_eq!(ask(&over(None, Some("build.version"))), told("1.5.1"));
    world.assert_clean();
}

#[test]
fn a_question_that_ansible_cannot_ask_in_time_is_given_up_with_all_its_processes() {
    let world = World::new();
    world.inventory();
    let mark = format!("300.{}", std::process::id());
    let slow = VersionProbe::Command { command: format!("sleep {mark}") };
    let began = Instant::now();
    let told = probe::versions(&slow, &hosts(&["w1"]), &world.place(), Duration::from_secs(6));
    assert_eq!(told, [("w1".to_owned(), None)]);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let lines =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|e| std::fs::read(e.path().join("cmdline")).ok());
    let left = lines.filter(|line| line.windows(mark.len()).any(|w| w == mark.as_bytes())).count();
    assert_eq!(left, 0, "processes of the question are left");
    world.assert_clean();
}

#[test]
fn a_request_that_is_a_step_says_whether_it_may_go_well_another_time() {
    let server = Server::start();
    server.says("/ok", 204, "", "");
    server.says("/busy", 429, "", "");
    server.says("/broken", 500, "", "");
    server.says("/wrong", 404, "", "");
    let send = |url: String| {
        let (outcome, _, transient) = probe::send(&Http { url, ..Http::default() }, Duration::from_secs(10));
        (outcome, transient)
    };
    for (path, expected) in [
        ("/ok", (StepOutcome::Ok, false)),
        ("/busy", (StepOutcome::Failed, true)),
        ("/broken", (StepOutcome::Failed, true)),
        ("/wrong", (StepOutcome::Failed, false)),
    ] {
        assert_eq!(send(server.url(path)), expected, "{path}");
    }
    assert_eq!(send("http://127.0.0.1:1/".into()), (StepOutcome::Failed, true));
    assert_eq!(send("no address".into()), (StepOutcome::Failed, false));
}

//! Auto-recovery on real sshd hosts with the real Ansible: what is restarted and verified, what is left to a person, and that
//! no death of anybody does an action twice.

use crate::support::wait::{wait_true, wait_until};
use crate::support::{Lab, Run};
use opsdeck::health::judge::{CheckState, Got, Limits, Reading, Rule};
use opsdeck::health::probe::Verdict;
use opsdeck::health::record::{Record, Report, Unit};
use opsdeck::health::store::{Store, scope};
use opsdeck::state::{Control, Identity, Life, StateDir, clock};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How a recovery ends.
const ENDS: [&str; 3] = ["healthy", "escalated", "taken_over"];

/// How the service of a host is started, and that it was.
const START: &str = "echo acted >> {folder}/acted-{{ inventory_hostname }}; \
                     setsid {python} -m http.server {{ web_port }} --bind 127.0.0.1 </dev/null >/dev/null 2>&1 &";

/// Hosts with a web service each, whoever polls them, and a policy.
struct Drill {
    lab: Lab,
    ports: BTreeMap<String, u16>,
    services: BTreeMap<String, Child>,
    poller: Option<std::thread::JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Drill {
    /// `runbooks`: name and shell command; the ladder has them in this order. `policy`: what else the policy says.
    fn start(hosts: usize, runbooks: &[(&str, String)], policy: &str) -> Drill {
        let lab = Lab::start(hosts);
        let names: Vec<String> = (1..=hosts).map(|n| format!("h{n}")).collect();
        let free = opsdeck::cli::demo::system::free_ports(hosts).unwrap();
        let ports: BTreeMap<String, u16> = names.into_iter().zip(free).collect();
        for (host, port) in &ports {
            lab.write(&format!("inventories/lab/host_vars/{host}.yml"), &format!("web_port: {port}\n"));
        }
        let folder = lab.folder().display().to_string();
        let mut yaml = "checks:\n  web: {tcp: '{ansible_host}:{web_port}'}\nrunbooks:\n".to_owned();
        for (name, command) in runbooks {
            let command = command.replace("{folder}", &folder).replace("{python}", python());
            yaml += &format!("  - name: {name}\n    module: shell\n    args: |-\n      {command}\n");
        }
        let ladder: Vec<&str> = runbooks.iter().map(|(name, _)| *name).collect();
        yaml += &format!(
            "recovery:\n  web:\n    check: web\n    ladder: [{}]\n    receivers: [ann]\n    diagnostics: [uptime]\n{policy}",
            ladder.join(", ")
        );
        lab.write("opsdeck.yaml", &yaml);
        let stop = Arc::new(AtomicBool::new(false));
        let mut drill = Drill { lab, ports, services: BTreeMap::new(), poller: None, stop };
        let all: Vec<String> = drill.ports.keys().cloned().collect();
        all.iter().for_each(|host| drill.serve(host));
        drill.poll();
        drill
    }

    /// Starts a host's service, as whoever deployed it did.
    fn serve(&mut self, host: &str) {
        let port = self.ports[host];
        let mut command = self.lab.command(python());
        command.args(["-m", "http.server", &port.to_string(), "--bind", "127.0.0.1"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.services.insert(host.to_owned(), child);
        wait_true(20, "the service answers", || answers(port));
    }

    fn kill(&mut self, host: &str) {
        let mut child = self.services.remove(host).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Whoever polls: one reading of each host several times a second.
    fn poll(&mut self) {
        let state = StateDir::at(self.lab.state());
        let root = self.lab.project().canonicalize().unwrap();
        let (ports, stop) = (self.ports.clone(), Arc::clone(&self.stop));
        let begun = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&begun);
        self.poller = Some(std::thread::spawn(move || {
            let store = Store::open(&state, &scope(&["inventories/lab".to_owned()], &root)).unwrap();
            let rule = Rule { interval: 1, rise: 1, fall: 2, hold: 0, limits: Limits::default() };
            let mut states: BTreeMap<String, CheckState> = BTreeMap::new();
            while !stop.load(Ordering::SeqCst) {
                let next = Instant::now() + Duration::from_millis(250);
                let mut reports = Vec::new();
                for (host, port) in &ports {
                    let at = now();
                    let (verdict, text) = match answers(*port) {
                        true => (Verdict::Pass, "connected"),
                        false => (Verdict::Fail, "refused"),
                    };
                    let reading = Reading { began: at, at, got: Got::Verdict(verdict), text: text.into(), least: None };
                    let state = states.entry(host.clone()).or_default();
                    *state = state.judge(&rule, reading);
                    reports.push((report(host, at, &rule, state), None));
                }
                assert_eq!(store.take("drill", "the drill", clock::booted()).unwrap(), None);
                store.publish("drill", &reports, now()).unwrap();
                tell.store(true, Ordering::SeqCst);
                std::thread::park_timeout(next.saturating_duration_since(Instant::now()));
            }
        }));
        wait_true(20, "a first round of polling", || begun.load(Ordering::SeqCst));
    }

    /// One round of deciding, by a process of its own, as `serve` has after each poll.
    fn once(&self) -> Value {
        serde_json::from_str(&self.lab.ok(["recovery", "once", "lab", "--json"])).unwrap()
    }

    /// Rounds until one says `yes`; gives all notices on the way.
    fn rounds(&self, seconds: u64, what: &str, yes: impl Fn(&Value) -> bool) -> Vec<(String, String)> {
        let mut told = Vec::new();
        wait_true(seconds, what, || {
            let round = self.once();
            for notice in round["notices"].as_array().unwrap() {
                let text = |key: &str| notice[key].as_str().unwrap().to_owned();
                told.push((text("kind"), text("text")));
            }
            yes(&round)
        });
        told
    }

    fn incidents(&self) -> Vec<Value> {
        serde_json::from_str(&self.lab.ok(["recovery", "--json"])).unwrap()
    }

    fn state_of(&self, host: &str) -> String {
        let all = self.incidents();
        let found = all.iter().find(|i| i["host"] == host);
        found.map_or_else(|| "healthy".to_owned(), |i| i["state"].as_str().unwrap().to_owned())
    }

    /// How often somebody acted on a host, by the host's own word.
    fn acted(&self, host: &str) -> usize {
        let file = self.lab.folder().join(format!("acted-{host}"));
        std::fs::read_to_string(file).unwrap_or_default().lines().count()
    }

    fn runs(&self) -> Vec<Value> {
        serde_json::from_str(&self.lab.ok(["runs", "--json"])).unwrap()
    }

    fn ledger(&self, action: &str) -> Vec<(String, String)> {
        let rows: Vec<Value> = serde_json::from_str(&self.lab.ok(["audit", "--json"])).unwrap();
        let of = rows.iter().rev().filter(|row| row["action"] == action);
        of.map(|row| (row["phase"].as_str().unwrap().to_owned(), row["status"].as_str().unwrap().to_owned())).collect()
    }

    fn tokens(&self) -> usize {
        Control::open(&StateDir::at(self.lab.state())).unwrap().tokens(0).unwrap().len()
    }
}

impl Drop for Drill {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(poller) = self.poller.take() {
            let _ = poller.join();
        }
        for child in self.services.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn python() -> &'static str {
    ["/usr/bin/python3", "/usr/local/bin/python3"].into_iter().find(|p| PathBuf::from(p).exists()).unwrap_or("python3")
}

fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn report(host: &str, at: i64, rule: &Rule, state: &CheckState) -> Report {
    let record = Record {
        check: "web".into(),
        family: "web".into(),
        source: "tcp from here".into(),
        need: "a connection".into(),
        unit: Unit::Number,
        value: None,
        rule: rule.clone(),
        state: state.clone(),
        series: Default::default(),
        trend: None,
    };
    Report { host: Some(host.into()), probe: "web".into(), at, records: vec![record] }
}

/// Short enough for a test; everything else is as it comes.
const QUICK: &str = "    mode: act
    guards: {host_pause: 0s}
    verify: {passes: 2, window: 1s, deadline: 20s, interval: 1s}
    probation: 3s
";

fn restart() -> Vec<(&'static str, String)> {
    vec![("restart web", START.to_owned())]
}

#[test]
fn a_killed_service_is_restarted_verified_and_told() {
    let mut drill = Drill::start(3, &restart(), QUICK);
    assert_eq!(drill.once()["launched"], Value::Array(Vec::new()), "all is well");
    drill.kill("h2");
    let mut told = drill.rounds(60, "a recovery begins", |round| !round["launched"].as_array().unwrap().is_empty());
    let run = Run::last(&drill.lab);
    let end = run.wait_state(120, &ENDS);
    assert_eq!((end["state"].as_str(), end["kind"].as_str()), (Some("healthy"), Some("recovery")), "{end}");
    told.extend(drill.rounds(30, "the incident is over", |_| drill.state_of("h2") == "healthy"));
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["acting", "recovered"], "{told:?}");
    assert!(answers(drill.ports["h2"]) && drill.acted("h2") == 1 && drill.acted("h1") == 0);
    let pair = |phase: &str, status: &str| (phase.to_owned(), status.to_owned());
    assert_eq!(drill.ledger("recovery.act"), [pair("intent", "started"), pair("outcome", "success")]);
    assert_eq!(drill.ledger("recovery.step").len(), 6, "each state that it entered");
    let said = std::fs::read_to_string(run.folder().join("steps/1/stdout.log")).unwrap();
    assert!(said.contains("# uptime") && said.contains("load average"), "diagnostics first: {said}");
    assert_eq!(drill.tokens(), 1);
}

#[test]
fn nine_of_ten_killed_at_once_are_for_a_person_and_nothing_is_touched() {
    let mut drill = Drill::start(10, &restart(), QUICK);
    (1..10).for_each(|n| drill.kill(&format!("h{n}")));
    let escalated = |drill: &Drill| (1..10).filter(|n| drill.state_of(&format!("h{n}")) == "escalated").count();
    let told = drill.rounds(60, "all nine are escalated", |_| escalated(&drill) == 9);
    assert!(told.iter().all(|(kind, _)| kind == "escalated") && told.len() == 9, "{told:?}");
    assert!(told[0].1.contains("common cause: 9 of 10 hosts went bad within 60 s"), "{told:?}");
    drill.once();
    assert!(drill.runs().is_empty() && drill.tokens() == 0, "no run was begun");
    assert_eq!((1..=10).map(|n| drill.acted(&format!("h{n}"))).sum::<usize>(), 0);
    // Only a person leads out: they come back, and are still a person's.
    drill.serve("h1");
    drill.once();
    assert_eq!(drill.state_of("h1"), "escalated");
    wait_true(20, "it knows since when it is well", || {
        drill.once();
        drill.incidents().iter().any(|i| i["host"] == "h1" && i["well"].is_string())
    });
    drill.lab.ok(["recovery", "take-over", "-E", "lab", "h2:h3", "h4", "--reason", "the switch was off"]);
    assert_eq!(
        (2..=5).map(|n| drill.state_of(&format!("h{n}"))).collect::<Vec<_>>(),
        ["taken", "taken", "taken", "escalated"]
    );
    let id = drill.incidents().iter().find(|i| i["host"] == "h1").unwrap()["id"].as_str().unwrap().to_owned();
    drill.lab.ok(["recovery", "take-over", &id, "--reason", "the switch was off"]);
    assert_eq!(drill.state_of("h1"), "taken");
    drill.rounds(60, "it is well again in a person's hands", |_| drill.state_of("h1") == "healthy");
}

#[test]
fn a_service_that_dies_again_goes_up_the_ladder_and_then_to_a_person() {
    // Longer than it lives: that it dies again is seen.
    let watched = QUICK.replace("probation: 3s", "probation: 30s");
    let dies = START.replace("setsid {python}", "setsid timeout 4 {python}");
    let mut drill = Drill::start(2, &[("restart web", dies.clone()), ("restart harder", dies)], &watched);
    drill.kill("h1");
    drill.rounds(60, "a recovery begins", |round| !round["launched"].as_array().unwrap().is_empty());
    let run = Run::last(&drill.lab);
    let end = run.wait_state(180, &ENDS);
    assert_eq!((end["state"].as_str(), drill.acted("h1")), (Some("escalated"), 2), "{end}");
    let told = drill.rounds(30, "it is told", |_| drill.state_of("h1") == "escalated");
    assert!(told.iter().any(|(kind, text)| kind == "escalated" && text.contains("again")), "{told:?}");
    let before = drill.acted("h1");
    drill.once();
    assert_eq!(drill.acted("h1"), before, "nothing more is done");
}

#[test]
fn killed_in_the_middle_of_an_action_nobody_does_it_again() {
    let command = START.replace("; ", "; while [ ! -e {folder}/go ]; do sleep 0.05; done; ");
    let mut drill = Drill::start(2, &[("restart web", command)], QUICK);
    drill.kill("h1");
    // Each round is a process of its own that ends: the one that launched it is gone already.
    drill.rounds(60, "a recovery begins", |round| !round["launched"].as_array().unwrap().is_empty());
    let run = Run::last(&drill.lab);
    wait_true(90, "the action is under way", || drill.acted("h1") == 1);
    wait_true(20, "its supervisor knows", || run.journal().iter().filter(|e| e["e"] == "step_started").count() == 2);
    let supervisor = run.pids("supervise").into_iter().find_map(Identity::of).unwrap();
    assert!(supervisor.signal(rustix::process::Signal::KILL));
    wait_true(20, "the supervisor is gone", || supervisor.life() != Life::Alive);
    // Whoever looks next gives it a new one.
    drill.once();
    wait_until(30, "a new supervisor", || run.pids("supervise").into_iter().find_map(Identity::of));
    std::fs::write(drill.lab.folder().join("go"), "").unwrap();
    let end = run.wait_state(120, &ENDS);
    assert_eq!((end["state"].as_str(), drill.acted("h1"), drill.tokens()), (Some("healthy"), 1, 1), "{end}");
    assert_eq!(drill.ledger("recovery.act").len(), 2, "one intent, one outcome");
}

#[test]
fn with_its_whole_action_killed_it_is_looked_at_and_not_done_again() {
    let command = "echo acted >> {folder}/acted-{{ inventory_hostname }}; sleep 600".to_owned();
    let mut drill = Drill::start(2, &[("restart web", command)], QUICK);
    drill.kill("h1");
    drill.rounds(60, "a recovery begins", |round| !round["launched"].as_array().unwrap().is_empty());
    let run = Run::last(&drill.lab);
    wait_true(90, "the action is under way", || drill.acted("h1") == 1);
    for what in [" guard ", "supervise", " step ", "ansible"] {
        run.pids(what)
            .into_iter()
            .filter_map(Identity::of)
            .for_each(|p| assert!(p.signal(rustix::process::Signal::KILL)));
    }
    wait_true(30, "all of it is gone", || run.pids("ansible").is_empty() && run.pids("supervise").is_empty());
    let id = run.id.to_string();
    drill.serve("h1");
    drill.once();
    let run = Run::last(&drill.lab);
    assert_eq!(run.id.to_string(), id, "no other was begun");
    let end = run.wait_state(120, &ENDS);
    assert_eq!((end["state"].as_str(), drill.acted("h1")), (Some("healthy"), 1), "it got well, by whomever: {end}");
}

#[test]
fn observing_it_says_what_it_would_have_done_and_off_is_off() {
    let mut drill = Drill::start(2, &restart(), &QUICK.replace("act", "observe"));
    drill.kill("h1");
    let told = drill.rounds(60, "it is told", |_| drill.state_of("h1") == "inhibited");
    assert_eq!(told, [("would_have".to_owned(), "would have run \"restart web\"".to_owned())]);
    assert!(drill.runs().is_empty() && drill.acted("h1") == 0);
    drill.lab.ok(["recovery", "off", "lab", "--policy", "web", "--reason", "maintenance"]);
    drill.once();
    let why = drill.incidents()[0]["why"].as_str().unwrap().to_owned();
    assert!(why.contains("switched it off: maintenance"), "{why}");
}

#[test]
fn a_second_rung_that_must_wait_is_told_once_and_no_other_recovery_is_begun() {
    let waits = QUICK.replace("host_pause: 0s", "host_pause: 10m").replace("deadline: 20s", "deadline: 4s");
    let useless = "echo acted >> {folder}/acted-{{ inventory_hostname }}".to_owned();
    let mut drill = Drill::start(2, &[("restart web", useless.clone()), ("restart harder", useless)], &waits);
    drill.kill("h1");
    let mut told = drill.rounds(120, "the second rung waits", |_| {
        drill.state_of("h1") == "inhibited" && drill.runs().iter().any(|run| run["state"] == "inhibited")
    });
    for _ in 0..3 {
        let round = drill.once();
        assert_eq!(round["launched"], Value::Array(Vec::new()));
        let text =
            |notice: &Value| (notice["kind"].as_str().unwrap().to_owned(), notice["text"].as_str().unwrap().to_owned());
        told.extend(round["notices"].as_array().unwrap().iter().map(text));
    }
    let waits: Vec<_> = told.iter().filter(|(kind, _)| kind == "waits").collect();
    assert!(waits.len() == 1 && waits[0].1.contains("the next is possible at"), "{told:?}");
    assert_eq!((drill.runs().len(), drill.acted("h1"), drill.tokens()), (1, 1, 1));
    // It gets well meanwhile, by whomever.
    drill.serve("h1");
    assert_eq!(Run::last(&drill.lab).wait_state(60, &ENDS)["state"], "healthy");
    drill.rounds(30, "the incident is over", |_| drill.state_of("h1") == "healthy");
}

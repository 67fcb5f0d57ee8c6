//! Undo on the demo at random moments, a dead host in half of them: each must come to rest by itself with every living host
//! serving, and with the old version. `tests/soak undo` runs it; `OPSDECK_UNDOS` says how many in one demo, `OPSDECK_SEED`
//! for the same again.

use crate::support::OPSDECK;
use crate::support::chance::{Chance, number, seed};
use crate::support::wait::{wait_true, wait_until};
use opsdeck::cli::demo::{MARK, marked};
use opsdeck::health::probe::{Http, request};
use opsdeck::release::event::Event;
use opsdeck::release::state::{At, Release};
use opsdeck::release::traffic::{Op, Runtime, servers};
use opsdeck::run::Follower;
use opsdeck::state::StateDir;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const OLD: &str = "4.12.0";
const NEW: &str = "4.12.1";

/// Milliseconds after the first host is touched in which the word is given: two batches on a quiet machine.
const SPAN: u64 = 35_000;

/// Milliseconds of opsdeck's own from the last process's end to the first host that serves again.
const AT_ONCE: i64 = 3_000;

struct Demo {
    child: Child,
    folder: PathBuf,
    /// Hosts of the shop, with the ports of their services.
    hosts: BTreeMap<String, u16>,
    _tmp: tempfile::TempDir,
}

impl Demo {
    fn start() -> Demo {
        let tmp = tempfile::Builder::new().prefix("od").tempdir_in("/tmp").unwrap();
        let mut command = Command::new(OPSDECK);
        command.args(["demo", "--no-tui"]).env("HOME", tmp.path()).env("TMPDIR", tmp.path());
        command.env_remove("OPSDECK_STATE");
        let log = std::fs::File::create(tmp.path().join("demo.log")).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said = || std::fs::read_to_string(tmp.path().join("demo.log")).unwrap();
        assert!(line.ends_with('\n'), "no folder was printed: {}", said());
        let folder = PathBuf::from(line.trim_end());
        let config = std::fs::read_to_string(folder.join(".demo/haproxy/haproxy.cfg")).unwrap();
        let (_, shop) = config.split_once("\nbackend shop_production\n").unwrap();
        let lines = shop.lines().take_while(|line| !line.is_empty());
        let server = |line: &str| {
            let (name, address) = line.trim().strip_prefix("server ")?.split_once(' ')?;
            Some((name.to_owned(), address.rsplit(':').next()?.parse().unwrap()))
        };
        let hosts = lines.filter_map(server).collect();
        Demo { child, folder, hosts, _tmp: tmp }
    }

    fn opsdeck(&self, args: &[&str]) -> Output {
        let mut command = Command::new(OPSDECK);
        command.args(args).current_dir(&self.folder).env("OPSDECK_STATE", self.folder.join(".demo/state"));
        command.env(MARK, &self.folder).stdin(Stdio::null()).output().unwrap()
    }

    /// The service of a host: `stop`, `start`.
    fn service(&self, host: &str, word: &str) {
        let program = self.folder.join(".demo/hosts").join(host).join("servicectl");
        let out = Command::new(program).arg(word).env(MARK, &self.folder).stdin(Stdio::null()).output().unwrap();
        assert!(out.status.success(), "{host} {word}: {out:?}");
    }

    /// The version that a host answers with, asked of it and not through HAProxy; `None`: it is dead.
    fn version(&self, host: &str) -> Option<String> {
        answer(&format!("http://127.0.0.1:{}/orders", self.hosts[host]))
    }

    /// Hosts that HAProxy sends requests to.
    fn serving(&self) -> Vec<String> {
        let socket = self.folder.join(".demo/haproxy/admin.sock");
        let table = Runtime::open(&socket.display().to_string(), None).unwrap().ask("show stat").unwrap();
        let all = servers(&table).unwrap().into_iter().filter(|server| server.backend == "shop_production");
        all.filter(|server| server.is_up()).map(|server| server.name).collect()
    }

    fn events(&self, run: &str) -> Vec<(i64, Event)> {
        let store = StateDir::at(self.folder.join(".demo/state"));
        let state = Follower::open(&store.run(run.parse().unwrap())).unwrap().state;
        state.own.iter().map(|(ts, json)| (*ts, serde_json::from_str(json).unwrap())).collect()
    }

    fn release(&self, run: &str) -> Release {
        opsdeck::release::fold(self.events(run).iter().map(|(ts, event)| (*ts, event)))
    }

    /// Where all requests of the shop go in.
    fn address(&self) -> String {
        let config = std::fs::read_to_string(self.folder.join(".demo/haproxy/haproxy.cfg")).unwrap();
        let (_, rest) = config.split_once("frontend shop_production\n  bind ").unwrap();
        format!("http://{}/orders", rest.lines().next().unwrap())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        let _ = self.child.wait();
        if !std::thread::panicking() {
            wait_true(30, "nothing of the demo is left", || marked::all(&self.folder).is_empty());
        }
    }
}

fn answer(url: &str) -> Option<String> {
    let page = Http { method: "GET".into(), url: url.into(), ..Http::default() };
    let answer = request::send(&page, Duration::from_secs(5)).ok().filter(|answer| answer.status == 200)?;
    answer.header("X-Version").map(str::to_owned)
}

/// What one undo came to.
struct Undone {
    failed: usize,
    took: Option<i64>,
    end: At,
}

#[test]
fn undone_at_any_moment_every_living_host_serves() {
    let (mut chance, demo) = (Chance::new(seed()), Demo::start());
    for n in 0..number("OPSDECK_UNDOS").unwrap_or(2) {
        // A dead host in every other one.
        let dead = (n % 2 == 1).then(|| demo.hosts.keys().nth(chance.below(3) as usize).unwrap().clone());
        let moment = chance.below(SPAN);
        let dies = chance.below(moment.max(1));
        let Undone { failed, took, end } = undo(&demo, moment, dead.as_deref().map(|host| (host, dies)));
        let dead = dead.map_or("nobody dead".into(), |host| format!("{host} dead after {dies} ms"));
        let took =
            took.map_or("none was out and old".into(), |ms| format!("the first that was out served after {ms} ms"));
        println!("undone after {moment} ms, {dead}: {}, {took}, {failed} requests failed", end.name());
        assert!(dead != "nobody dead" || failed == 0, "{failed} requests failed with nobody dead");
    }
}

/// One release, undone so many milliseconds after it touched the first host; a host dies before that.
fn undo(demo: &Demo, moment: u64, dead: Option<(&str, u64)>) -> Undone {
    let (stop, address) = (Arc::new(AtomicBool::new(false)), demo.address());
    let until = Arc::clone(&stop);
    let customer = std::thread::spawn(move || {
        let mut failed = 0;
        while !until.load(Ordering::Relaxed) {
            failed += usize::from(answer(&address).is_none());
            std::thread::park_timeout(Duration::from_millis(20));
        }
        failed
    });
    let out = demo.opsdeck(&["release", "shop", "-E", "production", "--version", NEW, "--current", OLD, "--yes"]);
    assert!(out.status.success(), "{out:?}");
    let run = String::from_utf8(out.stdout).unwrap().trim().to_owned();
    wait_true(60, "its first host", || !demo.release(&run).touched.is_empty());
    let began = Instant::now();
    let wait = |ms: u64| std::thread::sleep(Duration::from_millis(ms).saturating_sub(began.elapsed()));
    if let Some((host, dies)) = dead {
        wait(dies);
        demo.service(host, "stop");
    }
    wait(moment);
    let asked = demo.opsdeck(&["rollback", &run]);
    if !asked.status.success() {
        // It undoes itself already, or waits for somebody after it did: a dead host can be reason enough.
        let now = demo.release(&run);
        assert!(now.rollbacks > 0 || now.after_stop.is_some(), "{asked:?} {:?}", now.history);
    }
    let rests = |at: At| at.is_terminal() || at == At::NeedsOperator;
    let release = wait_until(60, "it comes to rest", || Some(demo.release(&run)).filter(|release| rests(release.at)));
    let told = || format!("{:?} {:?}", release.history, release.ops);
    let living: Vec<&String> = demo.hosts.keys().filter(|host| demo.version(host).is_some()).collect();
    wait_true(5, &format!("{living:?} serve, {}", told()), || {
        let serving = demo.serving();
        living.iter().all(|host| serving.contains(host))
    });
    for host in &living {
        assert_eq!(demo.version(host).as_deref(), Some(OLD), "{host}: {}", told());
    }
    if release.at == At::NeedsOperator {
        let (why, dead) = (&release.history.last().unwrap().2, dead.map_or("nobody", |(host, _)| host));
        assert!(living.len() < demo.hosts.len() && why.contains(dead), "{why}: {}", told());
    } else {
        assert_eq!(release.at, At::RolledBack, "{}", told());
    }
    stop.store(true, Ordering::Relaxed);
    let undone = Undone { failed: customer.join().unwrap(), took: until_back(&demo.events(&run)), end: release.at };
    assert!(undone.took.is_none_or(|ms| ms < AT_ONCE), "{:?} ms: {}", undone.took, told());
    // Somebody mends the dead one, and the way back is ended before the next.
    demo.hosts.keys().for_each(|host| demo.service(host, "start"));
    wait_true(15, "all serve", || demo.hosts.keys().all(|host| demo.version(host).is_some()));
    if !release.at.is_terminal() {
        assert!(demo.opsdeck(&["retry", &run]).status.success());
        let ended = wait_until(60, "its end", || Some(demo.release(&run)).filter(|release| release.at.is_terminal()));
        assert_eq!(ended.at, At::RolledBack, "{:?}", ended.history);
    }
    wait_true(20, "all three serve", || demo.serving().len() == 3);
    undone
}

/// How long the first hosts that were put back took, from what came to its end before it: a process, the word.
fn until_back(events: &[(i64, Event)]) -> Option<i64> {
    let (mut ended, mut undoing) = (None, false);
    for (at, event) in events {
        match event {
            Event::Asked { .. } | Event::StepEnded { .. } => ended = Some(*at),
            Event::Entered { at: At::Stopping | At::RollingBack { .. }, .. } => undoing = true,
            // Once it works on hosts, what comes back has been brought back.
            Event::BatchIntent { rollback: true, .. } => return None,
            Event::TrafficSeen { op: Op::In { .. }, .. } if undoing => return Some(at - ended?),
            _ => {}
        }
    }
    None
}

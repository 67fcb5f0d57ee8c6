//! Health of 400 hosts on loopback, of which 5% hang, sampled every 15 s by the real opsdeck: what it costs in opsdeck itself,
//! and whether any other host is late; and what one sample costs on the host. `cargo bench --bench health`, with sshd
//! installed. Fails at 20% of a core, 60 MB resident, a host that is late by more than an interval, or 5 ms a sample.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]

#[path = "../support/mod.rs"]
mod support;

use opsdeck::cli::demo::{MARK, sshd, system};
use opsdeck::health::sample::SCRIPT;
use opsdeck::health::store::{Store, scope};
use opsdeck::state::StateDir;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{Lab, odd::Odd, wait::wait_true};

const HOSTS: usize = 400;
const HANG: usize = 20;
const INTERVAL: i64 = 15_000;
const ROUNDS: i64 = 4;

fn main() {
    let host = sample();
    let (cpu, memory, late) = fleet();
    println!("one sample on the host: {host:.2} ms of CPU besides the shell (below 5), one round trip");
    println!("opsdeck itself: {cpu:.1}% of a core (below 20), {memory} MB resident at most (below 60)");
    println!("latest of {} hosts that answer: {:.1} s after its turn (at most 15)", HOSTS - HANG, late as f64 / 1000.0);
    assert!(host < 5.0 && cpu < 20.0 && memory < 60 && late <= INTERVAL);
}

/// CPU of children that were waited for (milliseconds): clock ticks of 10 ms, over many runs.
fn children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<f64> =
        stat.rsplit(')').next().unwrap().split_ascii_whitespace().map(|f| f.parse().unwrap_or(0.0)).collect();
    (fields[13] + fields[14]) * 10.0
}

/// What [`SCRIPT`] costs beyond a shell that does nothing (milliseconds).
fn sample() -> f64 {
    let runs = 300;
    let cost = |script: &str| {
        let before = children();
        for _ in 0..runs {
            let mut shell = Command::new("/bin/sh");
            assert!(shell.args(["-c", script]).stdout(Stdio::null()).status().unwrap().success());
        }
        (children() - before) / f64::from(runs)
    };
    let shell = cost(":");
    cost(SCRIPT) - shell
}

/// Percent of a core, megabytes, and milliseconds by which the latest host was late.
fn fleet() -> (f64, u64, i64) {
    let lab = Lab::start(0);
    let hangs: Vec<Odd> = (0..HANG).map(|_| Odd::hangs()).collect();
    let _server = inventory(&lab, &hangs);
    let root = lab.project().canonicalize().unwrap();
    let store = Store::open(&StateDir::at(lab.state()), &scope(&["inventories/lab".to_owned()], &root)).unwrap();
    let mut opsdeck = lab.opsdeck(["health"]).stdout(Stdio::null()).spawn().unwrap();
    let pid = opsdeck.id();
    let began = Instant::now();
    let answered = |store: &Store| {
        let reports = store.reports(0).unwrap();
        reports.iter().filter(|report| report.records.iter().any(|record| record.check == "memory")).count()
    };
    wait_true(600, "every host to have answered", || answered(&store) == HOSTS - HANG);
    println!("{} hosts known after {:.1} s, with their logins", HOSTS - HANG, began.elapsed().as_secs_f64());
    let from = jiff::Timestamp::now().as_millisecond();
    let (start, cpu) = (Instant::now(), own(pid));
    let mut last: HashMap<String, i64> = HashMap::new();
    let (mut late, mut memory) = (0, 0);
    let end = start + Duration::from_millis((INTERVAL * ROUNDS) as u64);
    while Instant::now() < end {
        for report in store.reports(0).unwrap() {
            let sampled = report.records.iter().find(|record| record.check == "memory");
            let (Some(host), Some(at)) = (report.host, sampled.and_then(|r| Some(r.state.last.as_ref()?.at))) else {
                continue;
            };
            let before = last.insert(host, at).unwrap_or(at);
            if before >= from {
                late = late.max(at - before - INTERVAL);
            }
        }
        memory = memory.max(resident(pid));
        let left = end.saturating_duration_since(Instant::now());
        std::thread::sleep(left.min(Duration::from_millis(500)));
    }
    let now = jiff::Timestamp::now().as_millisecond();
    late = last.values().map(|at| now - at - INTERVAL).fold(late, i64::max);
    let percent = (own(pid) - cpu) * 100.0 / start.elapsed().as_secs_f64();
    opsdeck.kill().unwrap();
    opsdeck.wait().unwrap();
    assert_eq!(last.len(), HOSTS - HANG);
    (percent, memory, late)
}

/// One sshd on all of loopback: each host has an address of its own, and so a connection of its own.
fn inventory(lab: &Lab, hangs: &[Odd]) -> sshd::Sshd {
    let (key, dir) = (lab.folder().join("key"), lab.folder().join("sshd"));
    sshd::keygen(&key, "opsdeck bench").unwrap();
    let port = system::free_ports(1).unwrap()[0];
    let mark = lab.folder().to_string_lossy().into_owned();
    let known = sshd::prepare(&dir, "bench", port, &key.with_extension("pub"), &[(MARK, &mark)]).unwrap();
    let config = dir.join("sshd_config");
    let text = std::fs::read_to_string(&config).unwrap().replace("ListenAddress 127.0.0.1", "ListenAddress 0.0.0.0");
    std::fs::write(&config, text).unwrap();
    let mut server = sshd::Sshd::start(&system::find("sshd").unwrap(), &dir, port).unwrap();
    server.wait_ready(Duration::from_secs(20)).unwrap();
    let public = known.split_once(' ').unwrap().1;
    let (mut hosts, mut keys) = ("[lab]\n".to_owned(), String::new());
    for n in 0..HOSTS - HANG {
        let address = format!("127.0.{}.{}", 1 + n / 250, 1 + n % 250);
        let _ = writeln!(hosts, "h{n} ansible_host={address} ansible_port={port}");
        let _ = write!(keys, "[{address}]:{port} {public}");
    }
    for (n, odd) in hangs.iter().enumerate() {
        let _ = writeln!(hosts, "hung{n} ansible_host=127.0.0.1 ansible_port={}", odd.port);
    }
    std::fs::write(lab.folder().join("known_hosts"), keys).unwrap();
    let _ = write!(
        hosts,
        "[lab:vars]\nansible_ssh_private_key_file={}\nansible_ssh_common_args=-F none -o IdentitiesOnly=yes -o UserKnownHostsFile={}\n",
        key.display(),
        lab.folder().join("known_hosts").display(),
    );
    lab.write("inventories/lab/hosts.ini", &hosts);
    server
}

/// CPU of a process itself, without its children (seconds).
fn own(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_ascii_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// Resident memory of a process (megabytes).
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_ascii_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}

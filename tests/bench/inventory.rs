//! The native inventory against `ansible-inventory --list`: 10,000 hosts in 100 groups with all variables, same data, in
//! turns, best of each. `cargo bench --bench inventory`, with Ansible on PATH. Fails below 100 times faster, and where
//! the topology alone needs more than 50 ms.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]

use opsdeck::inventory::{Inventory, Options};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const GROUPS: usize = 100;
const HOSTS: usize = 100;

/// Inline variables on each host, a variable file for each group, and for one host in a hundred.
fn generate(dir: &Path) {
    let mut text = String::new();
    for group in 0..GROUPS {
        writeln!(text, "[group{group:03}]").unwrap();
        for host in 0..HOSTS {
            let n = group * HOSTS + host;
            writeln!(
                text,
                "host{n:05}.example.com ansible_host=10.{}.{}.{} rack=r{group} id={n}",
                n >> 16,
                (n >> 8) & 255,
                n & 255
            )
            .unwrap();
        }
    }
    for region in 0..10 {
        writeln!(text, "[region{region}:children]").unwrap();
        (0..10).for_each(|n| writeln!(text, "group{:03}", region * 10 + n).unwrap());
        writeln!(text, "[region{region}:vars]\nregion=r{region}\nntp=ntp{region}.example.com").unwrap();
    }
    fs::write(dir.join("hosts.ini"), text).unwrap();
    let (groups, hosts) = (dir.join("group_vars"), dir.join("host_vars"));
    fs::create_dir_all(&groups).unwrap();
    fs::create_dir_all(&hosts).unwrap();
    fs::write(
        groups.join("all.yml"),
        "dns: [10.0.0.1, 10.0.0.2]\nusers:\n  - {name: ops, shell: /bin/bash}\ntimeout: 30\n",
    )
    .unwrap();
    for group in 0..GROUPS {
        let text = format!(
            "app: app{group}\nport: {}\nflags: {{a: yes, b: no}}\npackages:\n  - nginx\n  - curl\n",
            8000 + group
        );
        fs::write(groups.join(format!("group{group:03}.yml")), text).unwrap();
        let host = format!("host{:05}.example.com.yml", group * HOSTS);
        fs::write(hosts.join(host), format!("primary: true\nweight: {group}\n")).unwrap();
    }
}

fn run(mut command: Command, dir: &Path) -> (Duration, Vec<u8>) {
    command.current_dir(dir).stdin(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", output.status);
    (start.elapsed(), output.stdout)
}

fn main() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path();
    generate(dir);
    let native = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
        command.args(["inventory", "-i", "hosts.ini", "--list", "--engine", "native"]);
        run(command, dir)
    };
    let ansible = || {
        let mut command = Command::new("ansible-inventory");
        command.args(["-i", "hosts.ini", "--list"]);
        run(command, dir)
    };
    let (mut ours, mut theirs, mut topology) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for turn in 1..=2 {
        let (slow, expected) = ansible();
        theirs = theirs.min(slow);
        for _ in 0..5 {
            let (fast, printed) = native();
            assert!(printed == expected, "the two print different JSON");
            ours = ours.min(fast);
            let start = Instant::now();
            let inventory = Inventory::load(dir, &["hosts.ini".into()], &Options::current()).unwrap();
            assert_eq!(inventory.select("all", None).unwrap().hosts.len(), GROUPS * HOSTS);
            topology = topology.min(start.elapsed());
        }
        println!("turn {turn}: ansible-inventory {theirs:?}, opsdeck {ours:?}, topology alone {topology:?}");
    }
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    println!("{} hosts in {GROUPS} groups: {ratio:.0} times faster (at least 100)", GROUPS * HOSTS);
    assert!(ratio >= 100.0);
    assert!(topology <= Duration::from_millis(50));
}

//! The native inventory against `ansible-inventory --list`: 10,000 hosts in 100 groups with all variables, same data, in
//! turns, best of each. `cargo bench --bench inventory`, with Ansible on PATH. Fails below 100 times faster, and where
//! the topology alone needs more than 50 ms.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]

mod fleet;

use fleet::{GROUPS, HOSTS, generate};
use opsdeck::inventory::{Inventory, Options};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
            assert_eq!(inventory.select("all", None).unwrap().hosts.len(), HOSTS);
            topology = topology.min(start.elapsed());
        }
        println!("turn {turn}: ansible-inventory {theirs:?}, opsdeck {ours:?}, topology alone {topology:?}");
    }
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    println!("{HOSTS} hosts in {GROUPS} groups: {ratio:.0} times faster (at least 100)");
    assert!(ratio >= 100.0);
    assert!(topology <= Duration::from_millis(50));
}

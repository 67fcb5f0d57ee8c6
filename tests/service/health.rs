//! Health of real sshd hosts and of hosts that behave badly: what is shown of them, who polls, and that none holds up
//! another.

mod hosts;
mod namespace;
mod pasted;
mod poller;

use crate::support::{Lab, odd::Odd};
use opsdeck::health::store::{Store, scope};
use opsdeck::state::StateDir;
use serde_json::Value;

/// The lab's store.
fn store(lab: &Lab) -> Store {
    let root = lab.project().canonicalize().unwrap();
    Store::open(&StateDir::at(lab.state()), &scope(&["inventories/lab".to_owned()], &root)).unwrap()
}

/// More hosts for the lab's inventory: name and port of 127.0.0.1.
fn more(lab: &Lab, hosts: &[(&str, &Odd)]) {
    let path = lab.project().join("inventories/lab/hosts.ini");
    let lines: String = hosts.iter().map(|(name, odd)| format!("{name} ansible_port={}\n", odd.port)).collect();
    let text = std::fs::read_to_string(&path).unwrap().replacen("[lab]\n", &format!("[lab]\n{lines}"), 1);
    std::fs::write(path, text).unwrap();
}

/// What `opsdeck health --once --json` says, whatever its exit code, and that code.
fn once(lab: &Lab, args: &[&str]) -> (Value, Option<i32>) {
    let out = lab.run(["health", "--once", "--json"].iter().chain(args));
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let json = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {out:?}"));
    (json, out.status.code())
}

/// One check of a host.
fn check<'a>(board: &'a Value, host: &str, check: &str) -> &'a Value {
    let all = board["checks"].as_array().unwrap();
    let found = all.iter().find(|row| row["host"] == host && row["check"] == check);
    found.unwrap_or_else(|| panic!("no {check} of {host} in {board:#}"))
}

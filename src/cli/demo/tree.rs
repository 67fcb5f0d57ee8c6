//! Which processes stand below one of ours, read from `/proc`, and their end. Only ever given the root of a tree that we
//! started ourselves.

use crate::state::identity::{Identity, Stat};
use rustix::process::Signal;
use std::collections::HashMap;

/// Every process below `root`, children before grandchildren; empty where `/proc` cannot be read.
pub fn below(root: u32) -> Vec<Identity> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        if let Some(stat) = Stat::of(pid) {
            children.entry(stat.ppid).or_default().push(pid);
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        found.extend(children.remove(&found[next]).unwrap_or_default());
        next += 1;
    }
    found.iter().skip(1).filter_map(|pid| Identity::of(*pid)).collect()
}

/// Kills these processes; those that are gone already are no error.
pub fn kill(processes: &[Identity]) {
    for process in processes {
        process.signal(Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_stands_below_us_until_it_is_killed() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = below(std::process::id());
        let child_of_ours = found.iter().find(|p| p.pid == child.id()).cloned();
        kill(&[child_of_ours.expect("the child that was just started")]);
        assert!(!child.wait().unwrap().success());
    }
}

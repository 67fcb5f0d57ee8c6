//! Processes that carry a demo's mark in their environment, and their end. What a demo starts inherits the mark: the
//! console, its runs, Ansible, kept connections, sessions on the hosts and their services.

use super::{MARK, tree};
use crate::state::identity::{Identity, Life};
use rustix::process::Signal;
use std::path::Path;
use std::time::{Duration, Instant};

/// Ends every process that has the demo's mark in its environment: asks first, insists after three seconds.
pub fn sweep(folder: &Path) {
    let alive = || all(folder).into_iter().filter(|p| p.life() == Life::Alive).collect::<Vec<_>>();
    let deadline = Instant::now() + Duration::from_secs(3);
    for process in alive() {
        process.signal(Signal::TERM);
    }
    while !alive().is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    // what is killed may just have started another
    for _ in 0..10 {
        let rest = alive();
        if rest.is_empty() {
            return;
        }
        tree::kill(&rest);
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Processes whose environment carries the mark of this folder; not this one.
pub fn all(folder: &Path) -> Vec<Identity> {
    let mark = [MARK.as_bytes(), b"=", folder.as_os_str().as_encoded_bytes()].concat();
    let own = std::process::id();
    let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != own)
        .filter(|pid| {
            let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environ.split(|b| *b == 0).any(|entry| entry == mark)
        })
        .filter_map(Identity::of)
        .collect()
}

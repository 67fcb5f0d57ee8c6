//! The processes of a step: found and killed. Ansible's workers each call setsid(), so a process group is not enough.
//! Two things find them all: they descend from the step runner (which adopts orphans), and they carry the step's mark in
//! their environment. OpenSSH's shared masters are left alone: other runs use them too.

use super::Identity;
use super::identity::Stat;
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::{HashMap, HashSet};
use std::io;
use std::time::{Duration, Instant};

/// Environment variable with the run's id, for whatever the run starts.
pub const RUN: &str = "OPSDECK_RUN";

/// Environment variable that marks every process of one step, see [`mark`].
pub const MARK: &str = "OPSDECK_STEP";

/// Rounds of looking and killing before what is left is reported as such.
const ROUNDS: usize = 100;
/// Between two attempts to list the processes.
const MOMENT: Duration = Duration::from_millis(50);
/// How long those that were killed may take to be gone, before it is looked and killed again.
const LAST_BREATH: Duration = Duration::from_millis(100);

/// The mark of a step's processes: several steps of a run may be at work at once.
pub fn mark(run: &str, step: u32) -> String {
    format!("{run}/{step}")
}

/// Everything that belongs to a step now: descendants of `roots` (not the roots themselves) and every process that
/// carries its mark. Ended ones and shared SSH masters are left out.
///
/// # Errors
/// The processes cannot be listed: then it is not known what belongs to it.
pub fn find(roots: &[u32], mark: &str) -> io::Result<Vec<Identity>> {
    let mut parents: HashMap<u32, Stat> = HashMap::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        match Stat::look(pid) {
            Ok(Some(stat)) => drop(parents.insert(pid, stat)),
            Ok(None) => {}
            // `/proc` hides those of others.
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {}
            Err(e) => return Err(e),
        }
    }
    let own = std::process::id();
    let boot = Identity::own().boot;
    let roots: HashSet<u32> = roots.iter().copied().collect();
    let marked = format!("{MARK}={mark}");
    let mut found: Vec<Identity> = parents
        .iter()
        .filter(|(pid, stat)| **pid != own && !roots.contains(pid) && !matches!(stat.state, 'Z' | 'X'))
        .filter(|(pid, _)| descends(**pid, &roots, &parents) || is_marked(**pid, marked.as_bytes()))
        .filter(|(pid, _)| !is_shared_master(**pid))
        .map(|(pid, stat)| Identity { pid: *pid, start: stat.start, boot: boot.clone() })
        .collect();
    // Oldest first: parents before their children.
    found.sort_by_key(|p| (p.start, p.pid));
    Ok(found)
}

/// Kills everything that belongs to a step; gives the number of processes that could not be killed (one, where they can't
/// be listed: something may be left). First everything is halted, so that nothing is born while the list is made.
pub fn kill(roots: &[u32], mark: &str) -> u32 {
    let mut halted: HashSet<u32> = HashSet::new();
    for _ in 0..ROUNDS {
        let Ok(all) = find(roots, mark) else {
            std::thread::sleep(MOMENT);
            continue;
        };
        if all.is_empty() {
            return 0;
        }
        let mut new = false;
        for process in &all {
            if halted.insert(process.pid) {
                new = true;
                process.signal_found(Signal::STOP);
            }
        }
        if new {
            continue;
        }
        // Children first: a parent that is killed later cannot notice and act.
        for process in all.iter().rev() {
            let leads = Stat::of(process.pid).is_some_and(|s| s.pgrp == process.pid && s.start == process.start);
            if leads && let Some(group) = Pid::from_raw(process.pid as i32) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            process.signal_found(Signal::KILL);
        }
        wait_gone(&all);
        halted.clear();
    }
    find(roots, mark).map_or(1, |left| left.len() as u32)
}

/// The oldest marked process of a step: Ansible itself, when nobody wrote down its pid.
///
/// # Errors
/// The processes cannot be listed.
pub fn oldest(mark: &str) -> io::Result<Option<Identity>> {
    Ok(find(&[], mark)?.into_iter().next())
}

fn wait_gone(all: &[Identity]) {
    let deadline = Instant::now() + LAST_BREATH;
    for process in all {
        process.found_gone_within(deadline.saturating_duration_since(Instant::now()));
    }
}

fn descends(pid: u32, roots: &HashSet<u32>, parents: &HashMap<u32, Stat>) -> bool {
    let mut at = pid;
    // Bounded: the table was not read in one moment, and could hold a circle.
    for _ in 0..parents.len() {
        match parents.get(&at) {
            Some(stat) if roots.contains(&stat.ppid) => return true,
            Some(stat) if stat.ppid > 1 && !is_shared_master(at) => at = stat.ppid,
            _ => return false,
        }
    }
    false
}

fn is_marked(pid: u32, mark: &[u8]) -> bool {
    std::fs::read(format!("/proc/{pid}/environ")).is_ok_and(|env| env.split(|b| *b == 0).any(|v| v == mark))
}

/// A master that a command of Ansible's left behind calls itself `ssh: SOCKET [mux]`; one that was started as nothing
/// else (`-N -f`, see `ssh`) keeps its arguments.
fn is_shared_master(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| is_master(&line))
}

fn is_master(line: &[u8]) -> bool {
    let holds = |words: &[u8]| memchr::memmem::find(line, words).is_some();
    (line.starts_with(b"ssh: ") && holds(b"[mux]")) || (holds(b"\0-N\0-f\0") && holds(b"\0ControlMaster="))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn masters_are_known_by_their_command_line() {
        assert!(is_master(b"ssh: /home/a/.ansible/cp/0f [mux]\0"));
        assert!(is_master(b"/usr/bin/ssh\0-o\0ControlMaster=auto\0-N\0-f\0--\0h\0"));
        assert!(!is_master(b"ssh\0-o\0ControlMaster=auto\0h\0sleep 1\0") && !is_master(b"ssh\0-N\0-f\0h\0"));
    }

    #[test]
    fn finds_and_kills_what_left_the_group_and_its_parent() {
        let step = mark(&uuid::Uuid::now_v7().to_string(), 2);
        // A shell that starts a process in a session of its own and then ends: only the mark still leads there.
        let mut shell = Command::new("sh")
            .args(["-c", "setsid sleep 300 & setsid sleep 300 & exec sleep 300"])
            .env(MARK, &step)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while find(&[], &step).unwrap().len() < 3 {
            assert!(std::time::Instant::now() < deadline, "{:?}", find(&[], &step));
            std::thread::yield_now();
        }
        assert_eq!(oldest(&step).unwrap().unwrap().pid, shell.id());
        assert_eq!(kill(&[], &step), 0);
        assert!(find(&[], &step).unwrap().is_empty());
        shell.wait().unwrap();
    }
}

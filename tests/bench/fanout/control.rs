//! What a fleet costs the control host alone. On loopback the hosts' sshd and shells run on the same cores and take most of
//! the time; their CPU is left out here. Counted are whatever this process started and saw end, with all below it, and the
//! `ssh` masters that stay. A bench that has called [`adopt`] inherits what is left behind, as an `init` would.

use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, wait};
use std::time::Duration;

/// From now on processes whose parent ends become children of this one.
pub fn adopt() {
    set_child_subreaper(Some(getpid())).unwrap();
}

/// CPU until now, after everything that was started has ended but masters and the server.
pub fn cpu() -> Duration {
    while children().iter().any(|(_, name)| !matches!(name.as_str(), "ssh" | "sshd")) {
        // An end wakes it; one that is a master's or the server's is no reason to stop waiting for the others.
        let _ = wait(WaitOptions::empty());
    }
    let masters = children().into_iter().filter(|(_, name)| name == "ssh");
    masters.filter_map(|(pid, _)| ran(pid)).sum::<Duration>() + ended()
}

/// Own children: number and name.
fn children() -> Vec<(Pid, String)> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    let all = lists.collect::<String>();
    let name = |pid: &str| Some(std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim().to_owned());
    all.split_ascii_whitespace().filter_map(|pid| Some((Pid::from_raw(pid.parse().ok()?)?, name(pid)?))).collect()
}

/// CPU that a living process has had (the first number of `schedstat`, nanoseconds; proc(5)).
fn ran(pid: Pid) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{}/schedstat", pid.as_raw_nonzero())).ok()?;
    Some(Duration::from_nanos(stat.split_ascii_whitespace().next()?.parse().ok()?))
}

/// CPU of children that were waited for, and of theirs (`cutime`, `cstime` of proc(5), hundredths of a second).
fn ended() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks: u64 = fields[13].parse::<u64>().unwrap() + fields[14].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

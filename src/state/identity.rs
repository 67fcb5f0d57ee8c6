//! Which process is meant: a pid alone is reused, so pid + start time + boot id (proc(5), `/proc/PID/stat` field 22).

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};
use std::os::fd::OwnedFd;

/// A process, named so that no later process can be taken for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot.
    pub start: u64,
    /// `/proc/sys/kernel/random/boot_id`.
    pub boot: String,
}

/// What is known of a process now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It runs.
    Alive,
    /// It ended (a zombie counts as ended).
    Gone,
    /// The machine booted since: it ended, and so did all of its children.
    Rebooted,
}

impl Identity {
    /// This process.
    pub fn own() -> Identity {
        Identity::of(std::process::id()).unwrap_or(Identity { pid: std::process::id(), start: 0, boot: boot_id() })
    }

    /// The process that has this pid now; `None` if there is none.
    pub fn of(pid: u32) -> Option<Identity> {
        Stat::of(pid).map(|stat| Identity { pid, start: stat.start, boot: boot_id() })
    }

    /// Whether it is still there.
    pub fn life(&self) -> Life {
        if self.boot != boot_id() {
            return Life::Rebooted;
        }
        match Stat::of(self.pid) {
            Some(stat) if stat.start == self.start && !matches!(stat.state, 'Z' | 'X') => Life::Alive,
            _ => Life::Gone,
        }
    }

    /// A descriptor that becomes readable when it ends; `None` if it is gone.
    pub fn pidfd(&self) -> Option<OwnedFd> {
        let fd = pidfd_open(Pid::from_raw(self.pid as i32)?, PidfdFlags::empty()).ok()?;
        // Looked at after the descriptor was opened: had the pid been reused before, the start time would differ.
        (self.life() == Life::Alive).then_some(fd)
    }

    /// Sends a signal to exactly this process. False if it is gone.
    pub fn signal(&self, signal: Signal) -> bool {
        self.pidfd().is_some_and(|fd| pidfd_send_signal(fd, signal).is_ok())
    }
}

/// The parts of `/proc/PID/stat` that opsdeck uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// State letter (`R`, `S`, `T`, `Z`, ...).
    pub state: char,
    /// Parent.
    pub ppid: u32,
    /// Process group.
    pub pgrp: u32,
    /// Start time in clock ticks since boot.
    pub start: u64,
}

impl Stat {
    /// Of a process that is there now.
    pub fn of(pid: u32) -> Option<Stat> {
        let bytes = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        Stat::parse(&String::from_utf8_lossy(&bytes))
    }

    // The command's name may hold spaces and parentheses: what follows the last `)` is safe to split.
    fn parse(text: &str) -> Option<Stat> {
        let rest = text.get(text.rfind(')')? + 1..)?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        Some(Stat {
            state: fields.first()?.chars().next()?,
            ppid: fields.get(1)?.parse().ok()?,
            pgrp: fields.get(2)?.parse().ok()?,
            start: fields.get(19)?.parse().ok()?,
        })
    }
}

/// Id of this boot; empty where the kernel does not tell (then a reboot cannot be seen).
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_itself_and_no_other() {
        let own = Identity::own();
        assert!(own.start > 0);
        assert_eq!(own.life(), Life::Alive);
        assert_eq!(Identity { start: own.start + 1, ..own.clone() }.life(), Life::Gone);
        assert_eq!(Identity { boot: "other".into(), ..own.clone() }.life(), Life::Rebooted);
        assert!(own.pidfd().is_some());
    }

    #[test]
    fn a_child_that_ended_is_gone_even_before_it_is_reaped() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = Identity::of(child.id()).unwrap();
        let fd = pidfd_open(Pid::from_raw(child.id() as i32).unwrap(), PidfdFlags::empty()).unwrap();
        let mut fds = [rustix::event::PollFd::new(&fd, rustix::event::PollFlags::IN)];
        rustix::event::poll(&mut fds, None).unwrap();
        assert_eq!(id.life(), Life::Gone);
        child.wait().unwrap();
        assert_eq!(id.life(), Life::Gone);
    }

    #[test]
    fn a_hostile_command_name_does_not_shift_the_fields() {
        let line = "42 (a) R 1 (b) S 7 8 9 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0";
        assert_eq!(Stat::parse(line), Some(Stat { state: 'S', ppid: 7, pgrp: 8, start: 12345 }));
        assert_eq!(Stat::parse("garbage"), None);
    }
}

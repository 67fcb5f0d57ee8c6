//! Which process is meant: a pid alone is reused, so pid + start time + boot id (proc(5), `/proc/PID/stat` field 22). A
//! descriptor of it (pidfd_open(2)) is better still, and where none is to be had (an old kernel, a sandbox, no descriptor
//! left) the numbers alone must do: only "no such process" says that it is gone.

use super::Answer;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal, test_kill_process};
use serde::{Deserialize, Serialize};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// How often a process of which there is no descriptor is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// A process, named so that no later process can be taken for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub pid: u32,
    /// Start time in clock ticks since boot.
    pub start: u64,
    /// `/proc/sys/kernel/random/boot_id`; empty: it could not be read.
    pub boot: String,
}

/// What is known of a process now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    Alive,
    /// It ended (a zombie counts as ended).
    Gone,
    /// The machine booted since: it ended, and so did all of its children.
    Rebooted,
    /// It cannot be told: it is not to be taken for ended, nor to be touched.
    Unknown,
}

impl Identity {
    pub fn own() -> Identity {
        Identity::of(std::process::id()).unwrap_or(Identity { pid: std::process::id(), start: 0, boot: boot_id() })
    }

    /// The process that has this pid now; `None` if there is none.
    pub fn of(pid: u32) -> Option<Identity> {
        Stat::of(pid).map(|stat| Identity { pid, start: stat.start, boot: boot_id() })
    }

    /// Whether it is still there.
    pub fn life(&self) -> Life {
        self.in_boot(&boot_id())
    }

    fn in_boot(&self, now: &str) -> Life {
        let known = !self.boot.is_empty() && !now.is_empty();
        if known && self.boot != now {
            return Life::Rebooted;
        }
        match self.look() {
            // Of which boot nobody knows: the same numbers may come again.
            Life::Alive if !known => Life::Unknown,
            life => life,
        }
    }

    /// By its numbers alone: for a process that was found in this boot.
    fn look(&self) -> Life {
        match Stat::look(self.pid) {
            Ok(Some(stat)) if stat.start == self.start && !matches!(stat.state, 'Z' | 'X') => Life::Alive,
            Ok(_) => Life::Gone,
            Err(_) => Life::Unknown,
        }
    }

    /// Waits until it is gone, for at most `time`, and tells what is known of it then.
    pub fn gone_within(&self, time: Duration) -> Answer {
        self.waited(time, Identity::life)
    }

    /// As [`Identity::gone_within`], for a process that this one has just found: in this boot, whatever that is called.
    pub(super) fn found_gone_within(&self, time: Duration) -> Answer {
        self.waited(time, Identity::look)
    }

    fn waited(&self, time: Duration, life: impl Fn(&Identity) -> Life) -> Answer {
        let deadline = Instant::now() + time;
        let fd = self.open();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // Looked at after the descriptor was opened: had the pid been reused before, the start time would differ.
            let life = life(self);
            match (life, &fd) {
                (Life::Gone | Life::Rebooted, _) => return Answer::Yes,
                (Life::Unknown, _) if left.is_zero() => {
                    return Answer::Unknown(format!("process {} cannot be looked at", self.pid));
                }
                (Life::Alive, _) if left.is_zero() => return Answer::No,
                (Life::Alive, Ok(fd)) => {
                    let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
                    match poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&timeout)) {
                        Ok(_) | Err(Errno::INTR) => {}
                        Err(_) => std::thread::sleep(LOOK.min(left)),
                    }
                }
                (Life::Alive | Life::Unknown, _) => std::thread::sleep(LOOK.min(left)),
            }
        }
    }

    fn open(&self) -> Result<OwnedFd, Errno> {
        pidfd_open(pid(self.pid).ok_or(Errno::SRCH)?, PidfdFlags::empty())
    }

    /// Its command line, word by word; none if it is gone, or that cannot be told.
    pub fn words(&self) -> Vec<String> {
        let line = std::fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        line.split(|&byte| byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    /// Sends a signal to exactly this process. False if it is gone, or that cannot be told.
    pub fn signal(&self, signal: Signal) -> bool {
        self.sent(signal, Identity::life)
    }

    /// As [`Identity::signal`], for a process that this one has just found.
    pub(super) fn signal_found(&self, signal: Signal) -> bool {
        self.sent(signal, Identity::look)
    }

    fn sent(&self, signal: Signal, life: impl Fn(&Identity) -> Life) -> bool {
        let fd = self.open();
        if life(self) != Life::Alive {
            return false;
        }
        match fd.and_then(|fd| pidfd_send_signal(fd, signal)) {
            Ok(()) => true,
            Err(Errno::SRCH) => false,
            // Without a descriptor it is meant by its number: between the look and the signal no pid comes round.
            Err(_) => pid(self.pid).is_some_and(|pid| kill_process(pid, signal).is_ok()),
        }
    }
}

/// Whether the kernel gives descriptors of processes.
///
/// # Errors
/// Why it does not.
pub fn has_descriptors() -> io::Result<()> {
    Ok(Identity::own().open().map(drop)?)
}

fn pid(raw: u32) -> Option<Pid> {
    i32::try_from(raw).ok().and_then(Pid::from_raw)
}

/// The parts of `/proc/PID/stat` that opsdeck uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// State letter (`R`, `S`, `T`, `Z`, ...).
    pub state: char,
    pub ppid: u32,
    pub pgrp: u32,
    /// Start time in clock ticks since boot.
    pub start: u64,
}

impl Stat {
    /// Of a process that is there now.
    pub fn of(pid: u32) -> Option<Stat> {
        Stat::look(pid).ok().flatten()
    }

    /// Likewise; an error says that it cannot be told whether it is there.
    pub fn look(pid: u32) -> io::Result<Option<Stat>> {
        match std::fs::read(format!("/proc/{pid}/stat")) {
            Ok(bytes) => Stat::parse(&String::from_utf8_lossy(&bytes)).map(Some).ok_or(ErrorKind::InvalidData.into()),
            // `/proc` may hide it: the kernel knows whether there is one.
            Err(e) => match self::pid(pid).map(test_kill_process) {
                None | Some(Err(Errno::SRCH)) => Ok(None),
                _ => Err(e),
            },
        }
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

/// Id of this boot; empty where it cannot be read: then nobody knows whether a process is of this boot.
/// The name of this boot; empty: it could not be read.
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
        assert_eq!(own.gone_within(Duration::ZERO), Answer::No);
    }

    #[test]
    fn where_the_boot_is_not_known_only_what_is_gone_is_certain() {
        let own = Identity::own();
        let nameless = Identity { boot: String::new(), ..own.clone() };
        assert_eq!((own.in_boot(""), nameless.in_boot(&own.boot), nameless.in_boot("")), {
            let unknown = Life::Unknown;
            (unknown, unknown, unknown)
        });
        assert!(!nameless.signal(Signal::CONT), "nothing is done to what is not known");
        assert!(matches!(nameless.gone_within(Duration::ZERO), Answer::Unknown(_)));
        assert!(nameless.signal_found(Signal::CONT), "found just now");
        let ended = Identity { pid: u32::MAX, ..nameless };
        assert_eq!((ended.life(), ended.in_boot("")), (Life::Gone, Life::Gone), "of whatever boot");
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

//! What every balancer can be asked, however it is driven. Each call has its own limit of time; none waits for ever.

use super::Report;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Longest time of one question to a balancer.
pub const LIMIT: Duration = Duration::from_secs(10);

/// How long something may be waited for that was begun: at most until a moment, and not once something else is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Wait<'a> {
    limit: Duration,
    until: Instant,
    gives_way: Option<&'a AtomicBool>,
}

impl<'a> Wait<'a> {
    pub fn of(limit: Duration, gives_way: Option<&'a AtomicBool>) -> Self {
        Wait { limit, until: Instant::now() + limit, gives_way }
    }

    /// Why it is waited no longer; `None`: it is.
    pub fn over(&self) -> Option<String> {
        if self.gives_way.is_some_and(|other| other.load(Ordering::Relaxed)) {
            return Some("given up for what is done next:".into());
        }
        (Instant::now() >= self.until).then(|| format!("after {} s", self.limit.as_secs()))
    }
}

/// Hosts by the version that they answer with; all others answer with the old one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sides<'a> {
    /// Those that have the new version.
    pub new: &'a [String],
    /// Those of which it is not known.
    pub unknown: &'a [String],
}

/// A balancer at work. Errors are words for a person: what happened, on which object, what was expected.
pub trait Drive {
    /// What it shows now; `sides`: hosts whose share of traffic is told apart, where there are no pools.
    fn look(&mut self, sides: Sides<'_>) -> Result<Report, String>;

    /// May it be switched to this pool? Changes nothing. `again`: that was begun before, and may be half done: its file
    /// may be ahead of its memory.
    fn check(&mut self, to: &str, again: bool) -> Result<(), String>;

    /// Writes what survives a reload, before anything is switched in memory; nothing where there is no such thing.
    fn persist(&mut self, _to: &str) -> Result<(), String> {
        Ok(())
    }

    /// All traffic to this pool, read back.
    fn switch(&mut self, to: &str) -> Result<(), String>;

    /// This share of traffic (percent) to these hosts.
    fn weight(&mut self, _hosts: &[String], _percent: u8) -> Result<(), String> {
        Err("this driver knows no weights".into())
    }

    /// Hosts out of service, waiting for their sessions.
    fn out(&mut self, _hosts: &[String], _drain: Wait<'_>) -> Result<(), String> {
        Err("this driver takes no single hosts out of service".into())
    }

    /// Hosts back into service, waiting until the balancer finds them well.
    fn put_in(&mut self, _hosts: &[String], _limit: Wait<'_>) -> Result<(), String> {
        Err("this driver takes no single hosts into service".into())
    }

    /// Waits at most `limit` until a pool has no session left.
    fn drain(&mut self, pool: &str, limit: Duration) -> Result<(), String>;
}

//! What every balancer can be asked, however it is driven. Each call has its own limit of time; none waits for ever.

use super::Report;
use crate::release::plan::{Balancer, Driver};
use std::path::Path;
use std::time::Duration;

/// Longest time of one question to a balancer.
pub const LIMIT: Duration = Duration::from_secs(10);

/// A balancer at work. Errors are words for a person: what happened, on which object, what was expected.
pub trait Drive {
    /// What it shows now; `new`: hosts whose share of traffic is told apart, where there are no pools.
    fn look(&mut self, new: &[String]) -> Result<Report, String>;

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

    /// Hosts out of service, waiting for their sessions at most `drain`.
    fn out(&mut self, _hosts: &[String], _drain: Duration) -> Result<(), String> {
        Err("this driver takes no single hosts out of service".into())
    }

    /// Hosts back into service, waiting at most `limit` until the balancer finds them well.
    fn put_in(&mut self, _hosts: &[String], _limit: Duration) -> Result<(), String> {
        Err("this driver takes no single hosts into service".into())
    }

    /// Waits at most `limit` until a pool has no session left.
    fn drain(&mut self, pool: &str, limit: Duration) -> Result<(), String>;
}

/// The driver of a balancer; `cwd`: where programs of the operator's own run.
///
/// # Errors
/// It cannot be reached at all.
pub fn open<'a>(balancer: &'a Balancer, cwd: &'a Path) -> Result<Box<dyn Drive + 'a>, String> {
    Ok(match &balancer.driver {
        Driver::Haproxy { .. } => Box::new(super::haproxy::Haproxy::open(&balancer.driver)?),
        Driver::Kubernetes { .. } => Box::new(super::kubernetes::Kubernetes::new(&balancer.driver)),
        Driver::Command { .. } => Box::new(super::command::Programs::new(&balancer.driver, cwd)),
    })
}

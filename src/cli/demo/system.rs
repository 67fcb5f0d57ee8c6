//! What the demo finds on this machine: servers that systems keep for root, ports that are free.

use anyhow::{Result, bail};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

/// A server's program: on PATH, or where systems keep it for root.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(usual).map(|d| d.join(name)).find(|p| p.is_absolute() && p.is_file())
}

/// The lowest port that is tried.
const LOWEST: u16 = 10_000;

/// `n` ports of loopback that are free now. They lie below those that the system lends to connections: those would be
/// taken by anybody before they are bound. Where they begin is chance, so that two who ask at once find others.
pub fn free_ports(n: usize) -> Result<Vec<u16>> {
    let lent = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let above = lent.split_whitespace().next().and_then(|port| port.parse().ok()).unwrap_or(LOWEST);
    let ours = above.saturating_sub(LOWEST);
    let chance = uuid::Uuid::now_v7().as_u128() as u64;
    let below = (0..u64::from(ours)).map(|i| LOWEST + ((chance % u64::from(ours) + i) % u64::from(ours)) as u16);
    // Where the system lends them all, any will do.
    let any = std::iter::repeat_n(0, n);
    let held: Vec<TcpListener> =
        below.chain(any).filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()).take(n).collect();
    if held.len() < n {
        bail!("{n} free ports of 127.0.0.1 are needed, and there are {}", held.len());
    }
    held.iter().map(|l| Ok(l.local_addr()?.port())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_and_not_lent_to_connections() {
        let ports = free_ports(40).unwrap();
        let lent = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
        let lent: u16 = lent.split_whitespace().next().unwrap().parse().unwrap();
        assert!(lent <= LOWEST + 40 || ports.iter().all(|port| *port < lent), "{ports:?}");
        // A process that another test just forks holds them until it is another program.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        let hold = |port: &u16| loop {
            match TcpListener::bind((Ipv4Addr::LOCALHOST, *port)) {
                Ok(held) => break held,
                Err(e) => assert!(std::time::Instant::now() < deadline, "{port} comes twice, or is not free: {e}"),
            }
        };
        assert_eq!(ports.iter().map(hold).collect::<Vec<_>>().len(), 40);
    }
}

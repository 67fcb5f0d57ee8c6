//! What the demo finds on this machine: servers that systems keep for root, ports that are free.

use anyhow::{Context, Result};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

/// A server's program: on PATH, or where systems keep it for root.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(usual).map(|d| d.join(name)).find(|p| p.is_absolute() && p.is_file())
}

/// `n` ports of loopback that are free now (each was bound and let go, all at the same time).
pub fn free_ports(n: usize) -> Result<Vec<u16>> {
    let held: Vec<TcpListener> = (0..n)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<Result<_, _>>()
        .context("no free port")?;
    held.iter().map(|l| Ok(l.local_addr()?.port())).collect()
}

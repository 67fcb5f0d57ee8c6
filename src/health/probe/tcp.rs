//! A connection that can be opened.

use super::target::Target;
use super::{One, Seen, Verdict, each};
use std::io::ErrorKind;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Opens one to `address` (`host:port`) for each host that it names.
pub fn read(address: &str, hosts: &[Target], deadline: Instant) -> Vec<Seen> {
    each(&[address], hosts, deadline, |texts, limit| connect(&texts[0], limit))
}

fn connect(address: &str, limit: Duration) -> One {
    let deadline = Instant::now() + limit;
    let addresses = match address.to_socket_addrs() {
        Ok(found) => found.collect::<Vec<_>>(),
        Err(e) => return (Verdict::Inconclusive, format!("{address}: {e}"), None),
    };
    let mut last = (Verdict::Inconclusive, format!("{address} has no address"), None);
    // As every client does: the name may stand for several addresses, of which one answers.
    for one in addresses {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let began = Instant::now();
        match TcpStream::connect_timeout(&one, left) {
            Ok(_) => {
                let took = began.elapsed();
                let got = format!("connected in {} ms", took.as_millis());
                return (Verdict::Pass, got, Some(took.as_secs_f64() * 1000.0));
            }
            Err(e) => last = refused(&e),
        }
    }
    last
}

/// The service's fault, or ours: without memory, files or a network of our own nothing was measured.
fn refused(e: &std::io::Error) -> One {
    let (verdict, got) = match e.kind() {
        ErrorKind::ConnectionRefused => (Verdict::Fail, "connection refused".into()),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => (Verdict::Fail, "no answer in time".into()),
        ErrorKind::ConnectionReset | ErrorKind::HostUnreachable => (Verdict::Fail, e.to_string()),
        _ => (Verdict::Inconclusive, e.to_string()),
    };
    (verdict, got, None)
}

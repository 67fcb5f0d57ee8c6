//! Hosts that behave badly, on loopback and without root: one that accepts and says nothing, one that never answers a
//! connection, one where nothing listens.

use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::OwnedFd;

/// A port that answers in its own way for as long as this lives.
pub struct Odd {
    /// The port of 127.0.0.1.
    pub port: u16,
    _listener: Option<TcpListener>,
    _waiting: Vec<OwnedFd>,
}

impl Odd {
    /// Connections are made and nothing is ever said.
    pub fn hangs() -> Odd {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Odd { port: listener.local_addr().unwrap().port(), _listener: Some(listener), _waiting: Vec::new() }
    }

    /// Packets are dropped: the queue of connections is full, and the kernel answers none beyond it.
    pub fn drops() -> Odd {
        let mut odd = Self::hangs();
        net::listen(odd._listener.as_ref().unwrap(), 0).unwrap();
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, odd.port);
        for _ in 0..4 {
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            let socket = net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
            let _ = net::connect(&socket, &address);
            odd._waiting.push(socket);
        }
        odd
    }

    /// Nothing listens there.
    pub fn refuses() -> Odd {
        let port = Self::hangs().port;
        Odd { port, _listener: None, _waiting: Vec::new() }
    }
}

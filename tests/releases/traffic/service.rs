//! A web server of the test's own that answers every request with its version, over connections that are kept. No test.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Starts one; it ends with the test's process.
pub fn service(version: &'static str) -> SocketAddr {
    start(move || version.to_owned())
}

/// Starts one whose version is what a file holds at the moment.
pub fn service_of(file: PathBuf) -> SocketAddr {
    start(move || std::fs::read_to_string(&file).unwrap_or_default().trim().to_owned())
}

/// Starts one whose version is what a file holds at the moment, and that is dead while another file is there: nobody
/// listens then, and who is connected is cut off.
pub fn mortal(file: PathBuf, dead: PathBuf) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let dies = dead.clone();
    let version = move || {
        let version = std::fs::read_to_string(&file).unwrap_or_default().trim().to_owned();
        (!dies.exists()).then_some(version)
    };
    let version = Arc::new(version);
    std::thread::spawn(move || {
        let mut listener = Some(listener);
        loop {
            match listener.as_ref().filter(|_| !dead.exists()) {
                None => {
                    drop(listener.take());
                    while dead.exists() {
                        std::thread::park_timeout(Duration::from_millis(5));
                    }
                    listener = TcpListener::bind(address).ok();
                }
                Some(here) => {
                    here.set_nonblocking(true).unwrap();
                    match here.accept() {
                        Ok((stream, _)) => {
                            stream.set_nonblocking(false).unwrap();
                            let version = Arc::clone(&version);
                            std::thread::spawn(move || serve(&stream, &*version));
                        }
                        Err(_) => std::thread::park_timeout(Duration::from_millis(1)),
                    }
                }
            }
        }
    });
    address
}

/// Starts one that takes requests and never answers.
pub fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().flatten().collect::<Vec<_>>());
    address
}

fn start(version: impl Fn() -> String + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let version = Arc::new(version);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let version = Arc::clone(&version);
            std::thread::spawn(move || serve(&stream, &|| Some(version())));
        }
    });
    address
}

/// `None`: it is dead by now.
fn serve(mut stream: &TcpStream, version: &dyn Fn() -> Option<String>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    // One request after another; each ends in an empty line.
    while lines.by_ref().any(|line| line.is_empty()) {
        let Some(version) = version() else { return };
        let length = version.len();
        let answer = format!("HTTP/1.1 200 OK\r\nX-Version: {version}\r\nContent-Length: {length}\r\n\r\n{version}");
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

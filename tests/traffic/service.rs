//! A web server of the test's own that answers every request with its version, over connections that are kept. No test.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

/// Starts one; it ends with the test's process.
pub fn service(version: &'static str) -> SocketAddr {
    start(move || version.to_owned())
}

/// Starts one whose version is what a file holds at the moment.
pub fn service_of(file: PathBuf) -> SocketAddr {
    start(move || std::fs::read_to_string(&file).unwrap_or_default().trim().to_owned())
}

fn start(version: impl Fn() -> String + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let version = Arc::new(version);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let version = Arc::clone(&version);
            std::thread::spawn(move || serve(&stream, &*version));
        }
    });
    address
}

fn serve(mut stream: &TcpStream, version: &dyn Fn() -> String) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    // One request after another; each ends in an empty line.
    while lines.by_ref().any(|line| line.is_empty()) {
        let version = version();
        let length = version.len();
        let answer = format!("HTTP/1.1 200 OK\r\nX-Version: {version}\r\nContent-Length: {length}\r\n\r\n{version}");
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

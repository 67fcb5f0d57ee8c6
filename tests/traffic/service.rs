//! A web server of the test's own that answers every request with its version, over connections that are kept. No test.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// Starts one; it ends with the test's process.
pub fn service(version: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(&stream, version));
        }
    });
    address
}

fn serve(mut stream: &TcpStream, version: &str) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let answer =
        format!("HTTP/1.1 200 OK\r\nX-Version: {version}\r\nContent-Length: {}\r\n\r\n{version}", version.len());
    // One request after another; each ends in an empty line.
    while lines.by_ref().any(|line| line.is_empty()) {
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

//! Clients that ask at a steady rate, half of them over kept connections, half with a new one each time. No test.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How many ask at once.
const CLIENTS: u64 = 10;

/// How it shows that the other end has closed a connection.
const CLOSED: [ErrorKind; 3] = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];

/// One answer, or why there was none.
pub struct Asked {
    pub began: Instant,
    pub got: Result<String, String>,
}

/// Clients at work.
pub struct Clients {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    threads: Vec<JoinHandle<Vec<Asked>>>,
}

impl Clients {
    /// So many requests a second in all.
    pub fn start(address: SocketAddr, rate: u64) -> Clients {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let threads = (0..CLIENTS).map(|n| {
            let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
            std::thread::spawn(move || {
                client(address, n % 2 == 0, Duration::from_micros(1_000_000 * CLIENTS / rate), &stop, &done)
            })
        });
        let threads = threads.collect();
        Clients { stop, done, threads }
    }

    /// Requests that were answered or failed so far.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Ends them and gives all that they asked.
    pub fn end(self) -> Vec<Asked> {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    }
}

fn client(address: SocketAddr, keeps: bool, every: Duration, stop: &AtomicBool, done: &AtomicU64) -> Vec<Asked> {
    let mut kept = None;
    let mut all = Vec::new();
    let mut next = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let reused = kept.is_some();
        let mut got = ask(address, &mut kept);
        // A server may close a kept connection between two requests, as one does that ends after a reload: whoever asks
        // for what is safe to ask twice asks again (RFC 9110, section 9.2.2).
        if reused && got.as_ref().is_err_and(|e| CLOSED.contains(&e.kind())) {
            kept = None;
            got = ask(address, &mut kept);
        }
        let got = got.map_err(|e| e.to_string());
        if !keeps || got.is_err() {
            kept = None;
        }
        all.push(Asked { began, got });
        done.fetch_add(1, Ordering::Relaxed);
        next += every;
        // The rate is kept by the clock: a slow answer is followed by quick ones.
        let left = next.saturating_duration_since(Instant::now());
        std::thread::sleep(left);
    }
    all
}

fn ask(address: SocketAddr, kept: &mut Option<BufReader<TcpStream>>) -> std::io::Result<String> {
    let stream = match kept {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.set_nodelay(true)?;
            kept.insert(BufReader::new(stream))
        }
    };
    stream.get_mut().write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")?;
    let (mut status, mut length) = (String::new(), 0);
    if stream.read_line(&mut status)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(std::io::Error::other("cut off in the middle of an answer"));
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    match status.contains(" 200 ") {
        true => Ok(String::from_utf8(body).unwrap()),
        false => Err(std::io::Error::other(status)),
    }
}

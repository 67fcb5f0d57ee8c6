//! An HTTP server of the test's own: what each path answers is told to it. Holds no test.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

type Answers = Arc<Mutex<HashMap<String, String>>>;

/// It ends with the test's process.
pub struct Server {
    pub address: String,
    answers: Answers,
}

impl Server {
    pub fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server { address: listener.local_addr().unwrap().to_string(), answers: Answers::default() };
        let answers = Arc::clone(&server.answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answers = Arc::clone(&answers);
                std::thread::spawn(move || serve(&stream, &answers));
            }
        });
        server
    }

    /// From now on `path` answers so; a status of 0: nothing ever comes.
    pub fn says(&self, path: &str, status: u16, headers: &str, body: &str) {
        let head =
            format!("HTTP/1.1 {status} x\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        let answer = if status == 0 { String::new() } else { head + body };
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn serve(mut stream: &TcpStream, answers: &Answers) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    if !lines.by_ref().any(|line| line.is_empty()) {
        return;
    }
    let missing = "HTTP/1.1 404 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_owned();
    let answer = answers.lock().unwrap().get(&path).cloned().unwrap_or(missing);
    if answer.is_empty() {
        // Silent until the client goes.
        lines.for_each(drop);
    }
    let _ = stream.write_all(answer.as_bytes());
}

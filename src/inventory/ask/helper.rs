//! One helper process: Ansible's own Python with our program in it, asked a line at a time, ended with whatever it started.

use super::AskError;
use super::child::{Cancel, Living};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The command of Ansible's whose Python runs it.
pub const PROGRAM: &str = "ansible-inventory";
const SCRIPT: &str = include_str!("resolve.py");
/// Takes the program from its input: nothing of ours lies on a disk where somebody could change it, and no folder of the
/// project comes before Ansible's own.
const LOADER: &str = "import os, sys; sys.path[:] = [p for p in sys.path if p]; f = os.fdopen(os.dup(0), 'rb'); \
    exec(compile(f.read(int(f.readline())), 'opsdeck resolver', 'exec'), {'__name__': 'resolver', 'asking': f})";
/// Bytes of an answer, at most.
const LONGEST: u64 = 256 << 20;
/// Bytes kept of what it writes on standard error.
const KEPT: usize = 16 << 10;
/// How often it is looked whether the question still matters.
const TICK: Duration = Duration::from_millis(10);

/// How long somebody waits, and what ends the waiting.
#[derive(Clone, Copy)]
pub struct Patience<'a> {
    pub deadline: Instant,
    /// The whole of it, for words.
    pub limit: Duration,
    pub cancel: &'a Cancel,
}

impl Patience<'_> {
    /// # Errors
    /// It is over.
    pub fn check(&self) -> Result<(), AskError> {
        match () {
            () if self.cancel.is_cancelled() => Err(AskError::Cancelled),
            () if Instant::now() >= self.deadline => Err(AskError::Slow { program: PROGRAM, limit: self.limit }),
            () => Ok(()),
        }
    }
}

/// A running helper. Dropped, it ends, with every inventory script that it has started.
#[derive(Debug)]
pub struct Helper {
    child: Child,
    input: ChildStdin,
    answers: Receiver<String>,
    said: Arc<Mutex<Vec<u8>>>,
    living: Living,
}

impl Helper {
    /// Starts one; `command` is the Python, with its folder and environment.
    ///
    /// # Errors
    /// It could not be started.
    pub fn start(mut command: Command) -> std::io::Result<Self> {
        command.args(["-c", LOADER]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut child, living) = Living::spawn(&mut command)?;
        let (Some(mut input), Some(out), Some(err)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(std::io::Error::other("it has no pipes"));
        };
        let said = Arc::new(Mutex::new(Vec::new()));
        keep(err, Arc::clone(&said));
        // One that reads none of it says so by how it ends.
        _ = input.write_all(format!("{}\n{SCRIPT}", SCRIPT.len()).as_bytes());
        Ok(Self { child, input, answers: lines(out), said, living })
    }

    /// Asks one question, and waits for its answer. After an error it is of no more use.
    ///
    /// # Errors
    /// There is none in time, or it has ended.
    pub fn ask(&mut self, question: &str, patience: Patience<'_>) -> Result<String, AskError> {
        _ = self.input.write_all(format!("{question}\n").as_bytes());
        loop {
            match self.answers.recv_timeout(TICK) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Timeout) => patience.check()?,
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
            }
        }
    }

    fn ended(&mut self) -> AskError {
        // It has closed its output, or said more than is sane.
        self.living.end(&mut self.child);
        match self.child.wait() {
            Ok(status) => {
                let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
                AskError::Failed { program: PROGRAM, status, stderr: String::from_utf8_lossy(&said).into_owned() }
            }
            Err(error) => AskError::Start { program: PROGRAM, error },
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.living.end(&mut self.child);
    }
}

fn lines(out: impl Read + Send + 'static) -> Receiver<String> {
    let (tx, answers) = mpsc::channel();
    thread::spawn(move || {
        let mut out = BufReader::new(out);
        loop {
            let mut line = Vec::new();
            let whole = (&mut out).take(LONGEST).read_until(b'\n', &mut line).is_ok() && line.ends_with(b"\n");
            if !whole || tx.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    answers
}

/// The last of what it writes: why Python could not go on.
fn keep(mut err: impl Read + Send + 'static, said: Arc<Mutex<Vec<u8>>>) {
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(n @ 1..) = err.read(&mut bytes) {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.extend_from_slice(&bytes[..n]);
            let over = said.len().saturating_sub(KEPT);
            said.drain(..over);
        }
    });
}

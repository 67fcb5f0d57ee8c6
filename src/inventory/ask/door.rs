//! Helpers lent from process to process: a console or a service that runs keeps them warm, and a verb of the same user asks
//! there before it starts one of its own. Only for the same environment: another could mean another answer.
//!
//! A folder of the state directory holds a socket for each that lends. What comes over it is one line that says whose helper
//! is meant, and the question; what goes back is the answer, or nothing.

use super::AskError;
use super::child::Cancel;
use super::helper::Patience;
use super::warm::{self, Key};
use crate::project::cfg::Env;
use crate::state::{StateDir, file};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of a question, at most.
const LONGEST: u64 = 16 << 20;
/// Bytes of an answer, at most.
const LONGEST_ANSWER: u64 = 256 << 20;
/// How long whoever asks may take to say what.
const SAYING: Duration = Duration::from_secs(5);
/// How often it is looked whether the answer still matters.
const TICK: Duration = Duration::from_millis(20);
/// What differs from terminal to terminal, and changes no inventory.
const OF_THE_TERMINAL: [&str; 18] = [
    "_",
    "COLORTERM",
    "COLUMNS",
    "DBUS_SESSION_BUS_ADDRESS",
    "LINES",
    "OLDPWD",
    "PWD",
    "SHLVL",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "STY",
    "TERM",
    "TMUX",
    "TMUX_PANE",
    "WINDOWID",
    "XDG_RUNTIME_DIR",
    "XDG_SESSION_ID",
];

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// From now on helpers of this state directory's consoles and services are borrowed.
pub fn look_in(state: &StateDir) {
    // Said twice it is the same: a process has one state directory.
    _ = FOLDER.set(state.resolvers());
}

/// Others are served for as long as this is kept.
#[derive(Debug)]
pub struct Lent(PathBuf);

impl Drop for Lent {
    fn drop(&mut self) {
        _ = std::fs::remove_file(&self.0);
    }
}

/// What is said before the question.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    root: PathBuf,
    sources: Vec<String>,
    /// Digest of the environment.
    env: String,
    limit: Duration,
}

/// Lends this process' helpers to others of the same user. Without it they start their own: why not is logged.
pub fn lend(state: &StateDir) -> Option<Lent> {
    let path = state.resolvers().join(format!("{}.sock", std::process::id()));
    let open = || {
        file::private_dir(&state.resolvers())?;
        file::own_dir(&state.resolvers())?;
        if path.exists() {
            // Of an elder process of the same number.
            std::fs::remove_file(&path)?;
        }
        UnixListener::bind(&path)
    };
    let listener = open().inspect_err(|e| tracing::warn!("{}: no resolver is lent: {e}", path.display())).ok()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                if let Err(e) = serve(&stream) {
                    tracing::debug!("a question to the resolver was not answered: {e}");
                }
            });
        }
    });
    Some(Lent(path))
}

fn serve(mut stream: &UnixStream) -> io::Result<()> {
    if !is_ours(stream)? {
        return Ok(());
    }
    stream.set_read_timeout(Some(SAYING))?;
    let mut input = BufReader::new(stream.take(LONGEST));
    let (mut head, mut question) = (String::new(), String::new());
    input.read_line(&mut head)?;
    input.read_line(&mut question)?;
    let Head { root, sources, env: theirs, limit } = serde_json::from_str(&head)?;
    let env = Env::current();
    if digest(&env) != theirs || !question.ends_with('\n') {
        return Ok(());
    }
    let (key, cancel) = (Key { root, sources, env }, Cancel::default());
    let patience = Patience { deadline: Instant::now() + limit, limit, cancel: &cancel };
    match warm::ask(&key, question.trim_end(), patience) {
        Ok(answer) => stream.write_all(answer.as_bytes()),
        Err(e) => Err(io::Error::other(e)),
    }
}

/// The answer of a console or a service that runs; `None`: there is none, or it has none.
///
/// # Errors
/// Whoever asks has no time left.
pub fn borrow(key: &Key, question: &str, patience: Patience<'_>) -> Result<Option<String>, AskError> {
    let Some(folder) = FOLDER.get() else { return Ok(None) };
    let own = format!("{}.sock", std::process::id());
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(None) };
    let sockets: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    if sockets.iter().any(|path| path.ends_with(&own)) {
        return Ok(None);
    }
    let root = std::path::absolute(&key.root).unwrap_or_else(|_| key.root.clone());
    let limit = patience.deadline.saturating_duration_since(Instant::now());
    let head = Head { root, sources: key.sources.clone(), env: digest(&key.env), limit };
    let Ok(head) = serde_json::to_string(&head) else { return Ok(None) };
    for path in sockets {
        let asked = connect(&path).and_then(|stream| {
            (&stream).write_all(format!("{head}\n{question}\n").as_bytes())?;
            stream.set_read_timeout(Some(TICK))?;
            Ok(stream)
        });
        let Ok(stream) = asked else { continue };
        if let Some(answer) = hear(&stream, patience)? {
            return Ok(Some(answer));
        }
    }
    Ok(None)
}

fn connect(path: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(path).inspect_err(|e| {
        if e.kind() == io::ErrorKind::ConnectionRefused {
            // Whoever lent there was ended by force.
            _ = std::fs::remove_file(path);
        }
    })?;
    if is_ours(&stream)? { Ok(stream) } else { Err(io::Error::other("it is another user's")) }
}

/// The line that comes; `None`: it ends without one.
fn hear(mut stream: &UnixStream, patience: Patience<'_>) -> Result<Option<String>, AskError> {
    let (mut answer, mut part) = (Vec::new(), vec![0; 64 << 10]);
    while !answer.ends_with(b"\n") {
        match stream.read(&mut part) {
            Ok(0) => return Ok(None),
            Ok(n) => answer.extend_from_slice(&part[..n]),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => patience.check()?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Ok(None),
        }
        if answer.len() as u64 > LONGEST_ANSWER {
            return Ok(None);
        }
    }
    Ok(String::from_utf8(answer).ok())
}

/// The kernel's word on who is at the other end.
fn is_ours(stream: &UnixStream) -> io::Result<bool> {
    Ok(rustix::net::sockopt::socket_peercred(stream)?.uid == rustix::process::geteuid())
}

fn digest(env: &Env) -> String {
    let mut digest = Sha256::new();
    for (name, value) in env.iter().filter(|(name, _)| !OF_THE_TERMINAL.contains(name)) {
        digest.update(format!("{name}={value}\0"));
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

//! Commands to a supervisor: `control.sock` in the run's folder, one JSON line each way. The kernel says who asks
//! (SO_PEERCRED); what the asker says about itself is only shown beside it.

use super::event::StopLevel;
use crate::state::operator::Operator;
use crate::state::{Identity, RunDir};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;
use uuid::Uuid;
use zeroize::Zeroizing;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    Stop {
        level: StopLevel,
        /// Who asks, by their own word.
        by: String,
        /// The row of the ledger in which an earlier opsdeck recorded it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        row: Option<Uuid>,
        /// What it is called in the ledger: the supervisor writes it there when it has acted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ask: Option<Uuid>,
        /// Where they came from, by their own word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Box<Operator>>,
    },
    /// What only this kind of run knows.
    Own {
        body: serde_json::Value,
        /// The row of the ledger in which it is recorded; without one the supervisor writes it.
        #[serde(default)]
        row: Option<Uuid>,
        /// Where they came from, by their own word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Box<Operator>>,
        /// Why it is asked although the ledger cannot take it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        glass: Option<String>,
    },
    /// Passwords again, for a run whose supervisor died with them. Their wire form follows, to the end of what is sent.
    Give,
    /// The secret variables of the run. They follow the answer, to the end of what is sent.
    Values {
        /// Only these; none: all.
        names: Vec<String>,
        /// Not themselves: the path of a FIFO that gives them to one reader.
        fifo: bool,
        /// Who asks, by their own word.
        by: Box<Operator>,
    },
    Ping,
    /// Of which version is it? One of an earlier version knows no such command.
    Version,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// It is done, or under way and recorded.
    pub ok: bool,
    /// What is done, or why it is not.
    pub message: String,
    /// It is done, and why the ledger has not taken it (yet).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<String>,
}

/// The socket's address. A Unix socket's path may have 107 bytes at most: a longer one is reached through the
/// folder's descriptor, which must stay open as long as the path is used.
fn address(dir: &RunDir) -> io::Result<(PathBuf, Option<OwnedFd>)> {
    let path = dir.control();
    if path.as_os_str().len() < 108 {
        return Ok((path, None));
    }
    use rustix::fs::{Mode, OFlags};
    let fd = rustix::fs::open(dir.path(), OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    Ok((PathBuf::from(format!("/proc/self/fd/{}/control.sock", fd.as_raw_fd())), Some(fd)))
}

/// Listens on the run's socket. Only the holder of the run's lock may call this: what lies there is stale.
pub fn listen(dir: &RunDir) -> io::Result<UnixListener> {
    match std::fs::remove_file(dir.control()) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            return Err(crate::state::file::at(&dir.control(), "remove", e));
        }
        _ => {}
    }
    let (path, _folder) = address(dir)?;
    UnixListener::bind(path).map_err(|e| crate::state::file::at(&dir.control(), "listen on", e))
}

/// Asks the supervisor and waits for its answer, at most `patience`.
///
/// # Errors
/// Nobody listens there, or no answer came in time.
pub fn ask(dir: &RunDir, command: &Command, patience: Duration) -> io::Result<Reply> {
    send(dir, command, &[], patience)
}

/// Gives the supervisor passwords in their wire form.
///
/// # Errors
/// Nobody listens there, or no answer came in time.
pub fn give(dir: &RunDir, secrets: &[u8], patience: Duration) -> io::Result<Reply> {
    send(dir, &Command::Give, secrets, patience)
}

fn send(dir: &RunDir, command: &Command, more: &[u8], patience: Duration) -> io::Result<Reply> {
    let mut answer = String::new();
    BufReader::new(say(dir, command, more, patience)?).read_line(&mut answer)?;
    Ok(serde_json::from_str(&answer)?)
}

/// Asks for what follows the answer.
///
/// # Errors
/// Nobody listens there, or no answer came in time.
pub fn fetch(dir: &RunDir, command: &Command, patience: Duration) -> io::Result<(Reply, Zeroizing<Vec<u8>>)> {
    // Full size from the start for what is usual: growing would leave copies behind.
    let mut answer = Zeroizing::new(Vec::with_capacity(256 << 10));
    say(dir, command, &[], patience)?.read_to_end(&mut answer)?;
    let line = answer.iter().position(|&byte| byte == b'\n').unwrap_or(answer.len());
    let reply = serde_json::from_slice(&answer[..line])?;
    let behind = answer.len().min(line + 1);
    answer.drain(..behind);
    Ok((reply, answer))
}

/// As [`ask`]; gives the process that answered, too.
///
/// # Errors
/// As of [`ask`]; it cannot be told which process it is.
pub fn ask_whom(dir: &RunDir, command: &Command, patience: Duration) -> io::Result<(Identity, Reply)> {
    let stream = connect(dir, patience)?;
    let pid = rustix::net::sockopt::socket_peercred(&stream)?.pid.as_raw_nonzero().get().unsigned_abs();
    // Named before it answers: whoever answers then has not given its pid to a later process.
    let who = Identity::of(pid).ok_or_else(|| io::Error::other(format!("process {pid} is gone")))?;
    let mut answer = String::new();
    BufReader::new(tell(stream, command, &[])?).read_line(&mut answer)?;
    Ok((who, serde_json::from_str(&answer)?))
}

/// The process that listens there, whether or not it answers.
///
/// # Errors
/// Nobody listens there; it cannot be told which process it is.
pub fn whose(dir: &RunDir, patience: Duration) -> io::Result<Identity> {
    let stream = connect(dir, patience)?;
    let pid = rustix::net::sockopt::socket_peercred(&stream)?.pid.as_raw_nonzero().get().unsigned_abs();
    Identity::of(pid).ok_or_else(|| io::Error::other(format!("process {pid} is gone")))
}

fn say(dir: &RunDir, command: &Command, more: &[u8], patience: Duration) -> io::Result<UnixStream> {
    tell(connect(dir, patience)?, command, more)
}

fn connect(dir: &RunDir, patience: Duration) -> io::Result<UnixStream> {
    let (path, _folder) = address(dir)?;
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

fn tell(mut stream: UnixStream, command: &Command, more: &[u8]) -> io::Result<UnixStream> {
    let mut line = serde_json::to_vec(command)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    stream.write_all(more)?;
    stream.shutdown(Shutdown::Write)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_longer_than_a_socket_address_still_works() {
        let tmp = tempfile::tempdir().unwrap();
        let deep = tmp.path().join("x".repeat(120));
        crate::state::file::private_dir(&deep).unwrap();
        let dir = RunDir::at(deep);
        let listener = listen(&dir).unwrap();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            let command: Command = serde_json::from_str(&line).unwrap();
            (&stream).write_all(b"{\"ok\":true,\"message\":\"here\"}\n").unwrap();
            command
        });
        let reply = ask(&dir, &Command::Ping, Duration::from_secs(5)).unwrap();
        assert_eq!(reply, Reply { ok: true, message: "here".into(), unrecorded: None });
        assert_eq!(thread.join().unwrap(), Command::Ping);
        assert!(listen(&dir).is_ok(), "a stale socket is replaced");
    }
}

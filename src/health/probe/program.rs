//! A program that measures: waited for with a deadline, and killed with all that it started when it misses it. Steps of a
//! release are not run here but by the step runner.

use crate::state::{Identity, child, tree};
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of each stream that are kept: the last ones.
const KEEP: usize = 64 << 10;

/// How often a program is looked at of which nothing else can be told.
const LOOK: Duration = Duration::from_millis(20);

/// How long output is waited for after the end, where somebody in the background still holds the pipe.
const LAST_WORDS: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub struct Ended {
    /// How it ended; `None`: it did not in time, and was killed.
    pub status: Option<ExitStatus>,
    /// The end of what it printed. Hostile.
    pub stdout: String,
    /// The end of its errors. Hostile.
    pub stderr: String,
}

impl Ended {
    /// The last line that says something, errors first; made safe, at most 160 columns.
    pub fn last_line(&self) -> Option<String> {
        let last =
            |text: &str| text.lines().map(|l| crate::text::plain(l.trim()).into_owned()).rfind(|l| !l.is_empty());
        last(&self.stderr).or_else(|| last(&self.stdout)).map(|line| crate::text::cut(&line, 160).to_owned())
    }
}

/// Runs `command` in a process group of its own, without a terminal, for at most `limit`.
///
/// # Errors
/// It could not be started.
pub fn run(command: Command, limit: Duration) -> io::Result<Ended> {
    feed(command, limit, "")
}

/// Likewise, with a text on its stdin.
///
/// # Errors
/// It could not be started.
pub fn feed(mut command: Command, limit: Duration, input: &str) -> io::Result<Ended> {
    // Ansible's workers leave the group: a mark of their own finds them.
    let mark = uuid::Uuid::now_v7().to_string();
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.env(tree::MARK, &mark).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let deadline = Instant::now() + limit;
    let mut child = child::spawn(&mut command)?;
    if let Some(mut stdin) = child.stdin.take() {
        let input = input.to_owned();
        // A program that does not read must not hold us up.
        std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    }
    let (stdout, stderr) = (Stream::of(child.stdout.take()), Stream::of(child.stderr.take()));
    let status = wait(&mut child, deadline);
    if status.is_none() {
        tree::kill(&[child.id()], &mark);
        let _ = child.kill();
        let _ = child.wait();
    }
    if !(stdout.ended() && stderr.ended()) {
        // Something of it is still there in the background; a measurement leaves nothing behind.
        tree::kill(&[], &mark);
    }
    Ok(Ended { status, stdout: stdout.text(), stderr: stderr.text() })
}

fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    let process = Identity::of(child.id());
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        let left = deadline.checked_duration_since(Instant::now())?;
        match &process {
            Some(process) => drop(process.gone_within(left)),
            None => std::thread::sleep(LOOK.min(left)),
        }
    }
}

/// What a thread has read so far; it reads all, since a full pipe would stop the program.
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    end: Receiver<()>,
}

impl Stream {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Stream {
        let (done, end) = channel();
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&bytes);
        std::thread::spawn(move || {
            let (mut piece, Some(mut pipe)) = ([0; 8 << 10], pipe) else { return };
            while let Ok(n @ 1..) = pipe.read(&mut piece) {
                let mut bytes = shared.lock().unwrap_or_else(PoisonError::into_inner);
                bytes.extend_from_slice(&piece[..n]);
                let over = bytes.len().saturating_sub(KEEP);
                bytes.drain(..over);
            }
            drop(done);
        });
        Stream { bytes, end }
    }

    fn ended(&self) -> bool {
        self.end.recv_timeout(LAST_WORDS) == Err(RecvTimeoutError::Disconnected)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn gives_the_end_of_what_was_printed_and_the_exit_code() {
        let ended = run(sh("seq 100000; printf 'a\\033[31mb\\n\\n' >&2; exit 75"), Duration::from_secs(20)).unwrap();
        assert_eq!(ended.status.unwrap().code(), Some(75));
        assert!(ended.stdout.len() == KEEP && ended.stdout.ends_with("100000\n"));
        assert_eq!(ended.last_line().as_deref(), Some("ab"));
    }

    #[test]
    fn what_misses_its_deadline_is_killed_with_what_left_its_group() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let script = format!("setsid sh -c 'echo $$ > {}; exec sleep 300' & sleep 300", file.display());
        let began = Instant::now();
        let ended = run(sh(&script), Duration::from_millis(700)).unwrap();
        assert!(ended.status.is_none() && began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert!(!is_alive(&std::fs::read_to_string(file).unwrap()));
    }

    #[test]
    fn a_daemon_that_keeps_the_pipe_holds_nobody_up_and_does_not_stay() {
        let began = Instant::now();
        let ended = run(sh("sleep 300 & echo $!"), Duration::from_secs(100)).unwrap();
        assert!(ended.status.unwrap().success() && began.elapsed() < Duration::from_secs(50));
        assert!(!is_alive(ended.stdout.trim()), "{}", ended.stdout);
    }

    fn is_alive(pid: &str) -> bool {
        let process = crate::state::Identity::of(pid.trim().parse().unwrap());
        process.is_some_and(|p| p.life() == crate::state::Life::Alive)
    }
}

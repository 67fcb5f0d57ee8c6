//! A short question to one of Ansible's commands: its output, or an error when it takes too long. Runs of any length
//! belong to the step runner, not here.

use std::io::{self, Read};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Runs `command` to its end, without a terminal, and gives what it printed.
///
/// # Errors
/// It could not be started, or it was still running after `limit` (`TimedOut`); then it was killed.
pub(super) fn output(mut command: Command, limit: Duration) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = crate::state::child::spawn(&mut command)?;
    // Read while it runs: a full pipe would stop it.
    let (out, err) = (child.stdout.take().map(drain), child.stderr.take().map(drain));
    let status = wait(&mut child, limit)?;
    let text =
        |thread: Option<std::thread::JoinHandle<Vec<u8>>>| thread.and_then(|t| t.join().ok()).unwrap_or_default();
    Ok(Output { status, stdout: text(out), stderr: text(err) })
}

fn drain(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}

fn wait(child: &mut Child, limit: Duration) -> io::Result<std::process::ExitStatus> {
    let (deadline, mut pause) = (Instant::now() + limit, Duration::from_millis(1));
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= deadline {
            let _ = child.kill();
            let _ = child.wait();
            let message = format!("it did not end within {} s and was stopped", limit.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(25));
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
    fn takes_more_than_a_pipe_holds() {
        let output = output(sh("head -c 300000 /dev/zero; echo e >&2; exit 3"), Duration::from_secs(20)).unwrap();
        assert_eq!((output.stdout.len(), &output.stderr[..], output.status.code()), (300_000, &b"e\n"[..], Some(3)));
    }

    #[test]
    fn what_hangs_is_stopped() {
        let error = output(sh("exec sleep 600"), Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}

//! A child that is waited for with a time limit, can be given up, and leaves nothing behind.

use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A switch that ends a question that is under way; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends it.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How it ended.
pub enum Output {
    Ended { status: ExitStatus, stdout: String, stderr: String },
    Slow,
    Cancelled,
}

/// How often the switch and the clock are looked at.
const TICK: Duration = Duration::from_millis(10);

/// Runs a command without a terminal, in a process group of its own.
pub fn run(mut command: Command, limit: Duration, cancel: &Cancel) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = crate::state::child::spawn(&mut command)?;
    let readers = (collect(child.stdout.take()), collect(child.stderr.take()));
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            let text =
                |reader: JoinHandle<Vec<u8>>| String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned();
            return Ok(Output::Ended { status, stdout: text(readers.0), stderr: text(readers.1) });
        }
        if cancel.is_cancelled() {
            end(&mut child);
            return Ok(Output::Cancelled);
        }
        if Instant::now() >= deadline {
            end(&mut child);
            return Ok(Output::Slow);
        }
        thread::sleep(TICK);
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // what was read before an error is all there is
            _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Ends the child and what it started (inventory scripts), and waits for it.
fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        _ = kill_process_group(group, Signal::KILL);
    }
    _ = child.kill();
    _ = child.wait();
}

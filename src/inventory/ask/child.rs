//! A child that is waited for with a time limit, can be given up, and leaves nothing behind.

use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A switch that ends a question that is under way; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

pub enum Output {
    Ended { status: ExitStatus, stdout: String, stderr: String },
    Slow,
    Cancelled,
}

/// Those that run now: each leads its group.
static LIVING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn living() -> MutexGuard<'static, Vec<u32>> {
    LIVING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends all that run, and what they started; none is begun any more: for a process that is about to end.
pub fn end_all() {
    let living = living();
    living.iter().for_each(|id| kill(*id));
    // Whoever begins one waits for it.
    std::mem::forget(living);
}

/// How often the switch and the clock are looked at.
const TICK: Duration = Duration::from_millis(10);

/// Runs a command without a terminal, in a process group of its own, with `input` on its standard input.
pub fn run(mut command: Command, input: &[u8], limit: Duration, cancel: &Cancel) -> io::Result<Output> {
    command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let (mut child, held) = Living::spawn(&mut command)?;
    if let Some(mut stdin) = child.stdin.take() {
        let input = input.to_vec();
        // One that reads none of it says so by how it ends.
        thread::spawn(move || drop(stdin.write_all(&input)));
    }
    watch(&mut child, &held, limit, cancel)
}

/// A child that leads a group of its own, and is among those that [`end_all`] ends for as long as this is kept.
#[derive(Debug)]
pub struct Living(u32);

impl Living {
    /// # Errors
    /// It could not be started.
    pub fn spawn(command: &mut Command) -> io::Result<(Child, Self)> {
        command.process_group(0);
        let mut living = living();
        let child = crate::state::child::spawn(command)?;
        living.push(child.id());
        let held = Self(child.id());
        Ok((child, held))
    }

    /// Ends the child and what it started (inventory scripts), and waits for it.
    pub fn end(&self, child: &mut Child) {
        kill(self.0);
        _ = child.kill();
        _ = child.wait();
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        living().retain(|id| *id != self.0);
    }
}

fn watch(child: &mut Child, held: &Living, limit: Duration, cancel: &Cancel) -> io::Result<Output> {
    let readers = (collect(child.stdout.take()), collect(child.stderr.take()));
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            let text =
                |reader: JoinHandle<Vec<u8>>| String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned();
            return Ok(Output::Ended { status, stdout: text(readers.0), stderr: text(readers.1) });
        }
        if cancel.is_cancelled() {
            held.end(child);
            return Ok(Output::Cancelled);
        }
        if Instant::now() >= deadline {
            held.end(child);
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

fn kill(group: u32) {
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        _ = kill_process_group(group, Signal::KILL);
    }
}

//! Beginning processes, and not beginning any for a while. A process that is stopped with its group (Ctrl-Z) must not be
//! about to begin a child: a child that is stopped between fork and exec holds the thread that forked it, which then
//! never stops, and the shell waits for it for ever. So this is the one door to new processes, but for those that have no terminal.

use std::io;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longer than any fork takes: after that it is stopped all the same.
const PATIENCE: Duration = Duration::from_secs(1);

struct Gate {
    /// Threads between fork and exec.
    forking: u32,
    closed: bool,
}

static GATE: Mutex<Gate> = Mutex::new(Gate { forking: 0, closed: false });
static MOVED: Condvar = Condvar::new();

fn gate() -> MutexGuard<'static, Gate> {
    GATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins a process; waits while [`close`] holds.
///
/// # Errors
/// Those of [`Command::spawn`].
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    begin(|| command.spawn())
}

/// Likewise for whoever waits for it beside other things.
pub fn spawn_async(command: &mut tokio::process::Command) -> io::Result<tokio::process::Child> {
    begin(|| command.spawn())
}

/// Begins a process and waits for its end; gives what it printed.
pub fn output(command: &mut Command) -> io::Result<Output> {
    spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?.wait_with_output()
}

fn begin<T>(fork: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let mut gate = MOVED.wait_while(gate(), |gate| gate.closed).unwrap_or_else(PoisonError::into_inner);
    gate.forking += 1;
    drop(gate);
    let child = fork();
    self::gate().forking -= 1;
    MOVED.notify_all();
    child
}

/// From now on no process is begun, and none is about to be. Until [`open`].
pub fn close() {
    let mut gate = gate();
    gate.closed = true;
    drop(MOVED.wait_timeout_while(gate, PATIENCE, |gate| gate.forking > 0));
}

/// Processes may be begun again.
pub fn open() {
    gate().closed = false;
    MOVED.notify_all();
}

//! The step runner: the parent of one child, so that the child ends in the right way whoever dies. It holds the step's
//! lock, starts the child once, adopts its orphans, minds its timeout, and writes how it ended. Its files:
//! `command.json` in, `pid` and `exit` out. It knows no run beyond that.

use super::verdict::Exit;
use crate::ansible::secrets::{self, Secrets, Served};
use crate::ansible::{self, Ask};
use crate::state::tree;
use crate::state::{Answer, Identity, Lock, StateDir, StepDir, file};
use rustix::process::{Signal, WaitOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Milliseconds that a rung of the ladder is given before the next one is taken.
pub const PATIENCE: i64 = 5_000;

/// Seconds between asking a program to end and killing it, when its time is over.
const GRACE: Duration = Duration::from_secs(15);

/// What to start. No secret is in it: those come on stdin and leave through FIFOs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepCommand {
    #[serde(flatten)]
    pub child: Child,
    pub env: BTreeMap<String, String>,
    pub cwd: PathBuf,
    /// Seconds after which it is stopped.
    pub timeout: Option<u32>,
    pub run: String,
    pub secrets: bool,
    /// Fencing token: not started unless the run still holds its lease with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<i64>,
}

impl StepCommand {
    /// The command of a step: only one that its owner wrote is carried out.
    ///
    /// # Errors
    /// It cannot be read, or is another's.
    pub fn read(dir: &StepDir) -> io::Result<StepCommand> {
        let path = dir.command();
        serde_json::from_slice(&file::read_own(&path)?).map_err(|e| file::at(&path, "read", e.into()))
    }
}

/// The child of a step runner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant, reason = "there is one a process")]
pub enum Child {
    /// Ansible, which reports through its callback.
    Ansible {
        /// What is asked of it.
        ask: Ask,
        /// Path of `ansible` or `ansible-playbook`.
        tool: PathBuf,
        /// Variables that come before those on its command line, in a file that goes when the child has ended.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        vars: Map<String, Value>,
    },
    /// Any other program, started without a shell.
    Program { argv: Vec<String> },
}

/// The `pid` file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processes {
    pub runner: Identity,
    /// The child; `None` in the moment before it is started.
    pub child: Option<Identity>,
}

impl Processes {
    /// Both, as far as they are known.
    pub fn all(&self) -> impl Iterator<Item = &Identity> {
        std::iter::once(&self.runner).chain(&self.child)
    }
}

/// What the step runner says to the supervisor on its stdout, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    Started {
        pid: u32,
    },
    /// Another step runner has this step, or it has ended: look at the files.
    Taken,
    /// It could not be started; the `exit` file says why.
    Failed,
}

/// Runs step `n` of a run to its end, unless the run has lost the lease with the token `fence`. Call it in a process of its own: it becomes the leader of a session.
///
/// # Errors
/// The step's own files cannot be read or written.
pub fn run(store: &StateDir, id: Uuid, n: u32, fence: Option<i64>) -> io::Result<()> {
    let _ = rustix::process::setsid();
    let own = rustix::process::getpid();
    rustix::process::set_child_subreaper(Some(own))?;
    let dir = store.run(id).step(n);
    let Some(_lock) = Lock::try_take(&dir.lock())? else {
        say(&Word::Taken);
        return Ok(());
    };
    // What cannot be looked at may have been begun.
    if [dir.exit(), dir.pid()].iter().any(|file| Answer::is_there(file) != Answer::No) {
        say(&Word::Taken);
        return Ok(());
    }
    if [dir.stop(), store.run(id).stop()].iter().any(|file| Answer::is_there(file) != Answer::No) {
        let why = "it was stopped before it was begun".to_owned();
        finish(&dir, &Exit { error: Some(why), seen: true, ended_at: now(), ..Exit::default() })?;
        say(&Word::Failed);
        return Ok(());
    }
    let mut command = StepCommand::read(&dir)?;
    command.fence = command.fence.or(fence);
    let runner = Identity::own();
    // Written before the child exists: whoever finds it without a child knows that one may have been started.
    write_pid(&dir, &Processes { runner: runner.clone(), child: None })?;
    // The FIFOs are served until this process ends.
    let mark = tree::mark(&command.run, n);
    let started = fenced(store, id, &command).and_then(|()| spawn(store, (&dir, n), &command, &mark));
    let (pid, _served) = match started {
        Ok(started) => started,
        Err(e) => {
            let why = format!("cannot start {} in {}: {e}", command.child.program(), command.cwd.display());
            finish(&dir, &Exit { error: Some(why), seen: true, ended_at: now(), ..Exit::default() })?;
            say(&Word::Failed);
            return Ok(());
        }
    };
    let child = Identity::of(pid);
    write_pid(&dir, &Processes { runner, child: child.clone() })?;
    say(&Word::Started { pid });
    let over = Arc::new(AtomicBool::new(false));
    if let (Some(seconds), Some(child)) = (command.timeout, child) {
        let (over, dir, mark) = (Arc::clone(&over), dir.clone(), mark.clone());
        let ladder = command.child.ladder();
        std::thread::spawn(move || enforce(seconds, ladder, &child, &over, &dir, &mark));
    }
    let mut exit = wait(pid);
    let _ = std::fs::remove_file(dir.vars());
    exit.timed_out = over.load(Ordering::SeqCst);
    // After a stop, or where somebody killed it, nothing of it may stay: its workers would go on, and nobody would know. What a
    // normal end left in the background is meant to stay.
    if exit.timed_out || exit.signal.is_some() || Answer::is_there(&dir.stop()) == Answer::Yes {
        exit.left = tree::kill(&[std::process::id()], &mark);
    }
    finish(&dir, &exit)
}

impl Child {
    fn program(&self) -> String {
        match self {
            Child::Ansible { tool, .. } => tool.display().to_string(),
            Child::Program { argv } => argv.first().cloned().unwrap_or_default(),
        }
    }

    /// Signals when its time is over, each with the patience before the next; then everything of it is killed.
    fn ladder(&self) -> &'static [(Signal, Duration)] {
        const PAUSE: Duration = Duration::from_millis(PATIENCE as u64);
        match self {
            Child::Ansible { .. } => &[(Signal::INT, PAUSE), (Signal::TERM, PAUSE)],
            Child::Program { .. } => &[(Signal::TERM, GRACE)],
        }
    }
}

/// A run that lost its lease starts nothing any more, whatever its supervisor believed a moment ago.
fn fenced(store: &StateDir, id: Uuid, command: &StepCommand) -> io::Result<()> {
    command.fence.map_or(Ok(()), |token| super::lease::fence::fenced(store, id, token)).map_err(io::Error::other)
}

fn spawn(
    store: &StateDir,
    (dir, n): (&StepDir, u32),
    command: &StepCommand,
    mark: &str,
) -> io::Result<(u32, Option<Served>)> {
    let served = if command.secrets {
        // All at once, beside the buffer of standard input, which nobody would wipe.
        let mut sent = Zeroizing::new(Vec::with_capacity(64 << 10));
        io::stdin().read_to_end(&mut sent)?;
        let secrets = Secrets::read_from(&mut sent.as_slice()).map_err(io::Error::other)?;
        Some(secrets::serve(&secrets, &dir.secrets())?)
    } else {
        None
    };
    let argv = match &command.child {
        Child::Ansible { ask: Ask::Shell(_), .. } => {
            let passwords = served.as_ref().map(ansible::command::passwords).unwrap_or_default();
            argv(store, &command.run, n, passwords)
        }
        Child::Ansible { ask, tool, vars } => {
            let mut ask = ask.clone();
            if !vars.is_empty() {
                file::write_cache(&dir.vars(), &serde_json::to_vec(vars)?)?;
                ask.common_mut().extra_vars.insert(0, format!("@{}", dir.vars().display()).into());
            }
            ansible::command::child(&ask, tool, served.as_ref())
        }
        Child::Program { argv } => argv.clone(),
    };
    let Some((program, args)) = argv.split_first() else { return Err(io::Error::other("no program is named")) };
    let child = Command::new(program)
        .args(args)
        .envs(&command.env)
        .env(tree::RUN, &command.run)
        .env(tree::MARK, mark)
        .current_dir(&command.cwd)
        .stdin(Stdio::null())
        .stdout(file::append(&dir.stdout())?)
        .stderr(file::append(&dir.stderr())?)
        .process_group(0)
        .spawn()?;
    Ok((child.id(), served))
}

/// Waits for the child, and reaps the orphans that this process adopted meanwhile.
fn wait(pid: u32) -> Exit {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((ended, status))) if ended.as_raw_nonzero().get() as u32 == pid => {
                let (rc, signal) = (status.exit_status(), status.terminating_signal());
                return Exit { rc, signal, seen: true, ended_at: now(), ..Exit::default() };
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Exit { ended_at: now(), ..Exit::default() },
        }
    }
}

/// The timeout's own ladder: the child's signals, then everything of it is killed.
fn enforce(
    seconds: u32,
    ladder: &[(Signal, Duration)],
    child: &Identity,
    over: &AtomicBool,
    dir: &StepDir,
    mark: &str,
) {
    if child.gone_within(Duration::from_secs(seconds.into())) == Answer::Yes {
        return;
    }
    over.store(true, Ordering::SeqCst);
    let _ = file::write_whole(&dir.stop(), b"timeout\n");
    for (signal, patience) in ladder {
        child.signal(*signal);
        if child.gone_within(*patience) == Answer::Yes {
            return;
        }
    }
    tree::kill(&[std::process::id()], mark);
}

fn write_pid(dir: &StepDir, processes: &Processes) -> io::Result<()> {
    file::write_whole(&dir.pid(), &serde_json::to_vec(processes)?)
}

fn finish(dir: &StepDir, exit: &Exit) -> io::Result<()> {
    file::write_whole(&dir.exit(), &serde_json::to_vec(exit)?)
}

// The supervisor may be dead: then nobody reads it, and nothing is lost.
fn say(word: &Word) {
    if let Ok(mut line) = serde_json::to_vec(word) {
        line.push(b'\n');
        let _ = io::stdout().write_all(&line);
        let _ = io::stdout().flush();
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// The child's own command line. By its descriptor, not its path: an upgrade may have replaced the file.
fn argv(store: &StateDir, run: &str, step: u32, passwords: Vec<String>) -> Vec<String> {
    let root = store.root().to_string_lossy().into_owned();
    let step = step.to_string();
    let own = ["/proc/self/exe", "--state-dir", &root, "fan-out", run, &step, "--"].map(str::to_owned);
    own.into_iter().chain(passwords).collect()
}

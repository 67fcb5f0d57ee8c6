//! A fan-out: the child of a step that runs one shell command on many hosts. It writes what Ansible's callback would
//! write (`events.jsonl`), so that everything behind it is that of any run. Hosts over SSH are ours; the others get the
//! real `ansible -m shell`, whose events are merged.

pub mod engines;
mod events;
mod native;
mod report;
mod spool;
mod through;

use super::step::{Child, StepCommand};
use crate::ansible::Ask;
use crate::ansible::ask::Shell;
use crate::ansible::secrets::MAX_WIRE;
use crate::project::cfg::Env;
use crate::state::{StateDir, StepDir};
use engines::{Engines, Unplanned};
use events::Events;
use report::Report;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;
use zeroize::Zeroizing;

/// How often it is looked whether a stop is asked.
const LOOK: Duration = Duration::from_millis(50);
/// Exit code after a stop or an interrupt, as Ansible's.
const INTERRUPTED: u8 = 99;
/// Exit code where the hosts cannot be told, as Ansible's.
const NO_HOSTS: u8 = 1;

/// Environment variables that a step gives to its child for our callback; see `ansible::environment`.
const EVENTS: &str = "OPSDECK_EVENTS";
const STOP_FILE: &str = "OPSDECK_STOP_FILE";

/// What every part of a fan-out needs.
struct Job {
    shell: Shell,
    /// Path of `ansible`.
    tool: PathBuf,
    dir: StepDir,
    /// Options of `ansible` that name where passwords are read.
    passwords: Vec<String>,
}

/// Runs the command of step `n` on its hosts; gives the exit code: Ansible's 0, 2 (failed), 4 (unreachable) or 99.
///
/// # Errors
/// The step's own files cannot be used.
pub fn run(store: &StateDir, id: Uuid, n: u32, passwords: Vec<String>) -> io::Result<u8> {
    let dir = store.run(id).step(n);
    let command = StepCommand::read(&dir)?;
    let Child::Ansible { ask: Ask::Shell(shell), tool, .. } = command.child else {
        return Err(io::Error::other("this step is no shell command"));
    };
    // What was added for our callback says nothing about hosts, and the person's own environment was without it.
    let own = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?)).filter(|(n, _)| !command.env.contains_key(n))
    };
    let env: Env = std::env::vars_os().filter_map(own).collect();
    let planned = engines::plan(&shell, &command.cwd, &env, given(&passwords), true);
    let password = become_password(&passwords)?;
    let report = Report::new(Events::create(&dir.events())?, std::env::var_os("ANSIBLE_FORCE_COLOR").is_some());
    let job = Job { shell, tool, dir, passwords };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(all(job, planned, password, report))
}

fn given(passwords: &[String]) -> engines::Given {
    let has = |option: &str| passwords.iter().any(|p| p == option);
    engines::Given { become_password: has(BECOME), connection_password: has("--connection-password-file") }
}

const BECOME: &str = "--become-password-file";

/// The password for another user, from its FIFO.
fn become_password(passwords: &[String]) -> io::Result<Option<Zeroizing<String>>> {
    let Some(path) = passwords.iter().position(|p| p == BECOME).and_then(|at| passwords.get(at + 1)) else {
        return Ok(None);
    };
    // Full size from the start: growing would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(MAX_WIRE as usize + 1));
    std::fs::File::open(path)?.read_to_string(&mut text)?;
    Ok(Some(text))
}

type Shared = Arc<Mutex<Report>>;

fn lock(report: &Shared) -> MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn all(
    job: Job,
    planned: Result<Engines, Unplanned>,
    password: Option<Zeroizing<String>>,
    report: Report,
) -> io::Result<u8> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let report: Shared = Arc::new(Mutex::new(report));
    let (engines, whole) = match planned {
        Ok(engines) => (engines, None),
        Err(Unplanned::Ansible(why)) => (Engines::default(), Some(why)),
        Err(Unplanned::Wrong(why)) => {
            lock(&report).hello(&job.shell);
            eprintln!("opsdeck: no hosts: {}", crate::text::plain(&why));
            return Ok(NO_HOSTS);
        }
    };
    {
        let mut report = lock(&report);
        report.hello(&job.shell);
        if whole.is_none() {
            report.play(&job.shell, engines.hosts());
        }
    }
    let mut through = match (&whole, engines.ansible.is_empty()) {
        (None, true) => None,
        _ => Some(through::start(&job, &engines, whole.as_deref(), Arc::clone(&report))?),
    };
    let mut native = native::start(&job.shell, engines.ssh, password, (&report, job.dir.outputs()));
    let mut look = tokio::time::interval(LOOK);
    let mut stopped = false;
    loop {
        if native.tasks.is_empty() && through.is_none() {
            break;
        }
        let signalled = tokio::select! {
            Some(_) = native.tasks.join_next(), if !native.tasks.is_empty() => None,
            ended = through::end(&mut through), if through.is_some() => {
                ended?;
                through = None;
                None
            }
            _ = look.tick() => {
                if !stopped && job.dir.stop().exists() {
                    stopped = true;
                    native.stop();
                }
                None
            }
            _ = interrupt.recv() => Some(2),
            _ = terminate.recv() => Some(15),
        };
        if let Some(number) = signalled {
            lock(&report).interrupted(number);
            native.tasks.abort_all();
            if let Some(through) = &mut through {
                through.interrupt();
            }
            if let Some(mut through) = through {
                through.wait().await?;
            }
            return Ok(INTERRUPTED);
        }
    }
    let mut report = lock(&report);
    if stopped {
        report.stopped();
        return Ok(INTERRUPTED);
    }
    Ok(report.stats())
}

//! The demo's keeper: a process of its own that starts the private servers (sshd, HAProxy) and, when the demo's process is gone for
//! whatever reason (left, panicked, killed), ends everything that carries the demo's mark and removes its folder.

use super::balancer::Balancer;
use super::sshd::Sshd;
use super::{STATE, marked};
use crate::run;
use crate::run::event::StopLevel;
use crate::state::identity::Identity;
use crate::state::operator::Operator;
use crate::state::{Answer, Lock, StateDir};
use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Whom the keeper serves: the first line on its standard input.
#[derive(Debug, Serialize, Deserialize)]
struct Service {
    demo: Identity,
    folder: PathBuf,
    keep: bool,
}

/// What it is to start: a line each. It answers `ready`, or `failed: why`, alone on a line of standard output.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Servers of OpenSSH.
    Sshd {
        /// The program.
        program: PathBuf,
        /// Folder and port of each server.
        servers: Vec<(PathBuf, u16)>,
    },
    /// The load balancer.
    Balancer(Balancer),
}

/// The demo's side of its keeper.
#[derive(Debug)]
pub struct Keeper {
    child: Child,
    /// `None`: there are no more.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Keeper {
    /// Starts the keeper of `folder`; it serves this process.
    pub fn hire(folder: &Path, keep: bool) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe().context("cannot find my own program")?)
            .args(["demo", "--keeper"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the keeper")?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("the keeper has no pipes")
        };
        let mut keeper = Self { child, orders: Some(orders), answers: BufReader::new(answers) };
        keeper.tell(&Service { demo: Identity::own(), folder: folder.to_owned(), keep })?;
        Ok(keeper)
    }

    /// Lets it start something; the inner error is why that does not run.
    pub fn start(&mut self, order: &Order) -> Result<Result<(), String>> {
        self.tell(order)?;
        let mut said = String::new();
        self.answers.read_line(&mut said)?;
        Ok(match said.trim() {
            "ready" => Ok(()),
            other => Err(other.strip_prefix("failed: ").unwrap_or(other).to_owned()),
        })
    }

    /// Everything was started: no more orders come.
    pub fn no_more(&mut self) {
        self.orders = None;
    }

    /// Asks it to end the demo, and waits until it has.
    pub fn dismiss(mut self) -> Result<()> {
        self.no_more();
        if let Some(keeper) = Identity::of(self.child.id()) {
            keeper.signal(Signal::TERM);
        }
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the keeper ended with {status}: something of the demo may be left");
        }
        Ok(())
    }

    fn tell<T: Serialize>(&mut self, what: &T) -> Result<()> {
        let line = serde_json::to_string(what)?;
        let orders = self.orders.as_mut().context("the keeper has had its last order")?;
        writeln!(orders, "{line}").context("the keeper does not listen")
    }
}

/// Runs the keeper until the demo is gone.
pub fn main() -> Result<()> {
    // not in the terminal's session: neither Ctrl-C nor a hang-up ends it
    let _ = rustix::process::setsid();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut term = runtime.block_on(async { signal(SignalKind::terminate()) })?;
    let mut lines = std::io::stdin().lines();
    let first = lines.next().context("the keeper got no orders")??;
    let service: Service = serde_json::from_str(&first).context("the keeper does not understand its orders")?;
    let gone = watch(&service.demo);
    let mut running = Vec::new();
    // they end when the demo has what it needs, or is gone already
    for line in lines {
        let began = start(&serde_json::from_str(&line?)?, &service.folder);
        // nobody may be left to hear it, which is no reason to stop before cleaning up
        let _ = match began {
            Ok(servers) => {
                running.extend(servers);
                writeln!(std::io::stdout(), "ready")
            }
            Err(e) => writeln!(std::io::stdout(), "failed: {e:#}"),
        };
    }
    runtime.block_on(async {
        tokio::select! { _ = gone => {}, _ = term.recv() => {} }
    });
    stop_runs(&StateDir::at(service.folder.join(STATE)));
    drop(running);
    marked::sweep(&service.folder);
    if service.keep {
        return Ok(());
    }
    match std::fs::remove_dir_all(&service.folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("cannot remove {}", service.folder.display()))
        }
        _ => Ok(()),
    }
}

/// Stops the runs that are under way: they may have been launched from another shell, and carry no mark.
fn stop_runs(state: &StateDir) {
    let ids = || std::fs::read_dir(state.runs()).into_iter().flatten().flatten();
    let ids: Vec<uuid::Uuid> = ids().filter_map(|e| e.file_name().to_str()?.parse().ok()).collect();
    let held = |id: &uuid::Uuid| Lock::is_held(&state.run(*id).lock()) != Answer::No;
    let live: Vec<_> = ids.into_iter().filter(held).collect();
    for id in &live {
        if let Err(e) = run::stop(state, *id, StopLevel::Kill, &Operator::current()) {
            tracing::debug!("run {id} of the demo is not stopped: {e}");
        }
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while live.iter().any(held) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts what was ordered. What carries the demo's mark is found by it at the end; the others are given back.
fn start(order: &Order, folder: &Path) -> Result<Vec<Sshd>> {
    match order {
        Order::Sshd { program, servers } => {
            let start = |(dir, port): &(PathBuf, u16)| Sshd::start(program, dir, *port);
            let mut servers = servers.iter().map(start).collect::<Result<Vec<_>>>()?;
            servers.iter_mut().try_for_each(|s| s.wait_ready(Duration::from_secs(10)))?;
            Ok(servers)
        }
        Order::Balancer(balancer) => balancer.start(folder).map(|()| Vec::new()),
    }
}

/// Tells when the demo's process has ended.
fn watch(demo: &Identity) -> oneshot::Receiver<()> {
    let (tell, gone) = oneshot::channel();
    let demo = demo.clone();
    std::thread::spawn(move || {
        const LONG: Duration = Duration::from_secs(3600);
        while demo.gone_within(LONG) != Answer::Yes {}
        let _ = tell.send(());
    });
    gone
}

//! The daemon `opsdeck serve`: polls, recovers and tells people when no screen is open. One process acts in an environment,
//! others wait (`act`), and people are told (`notify`); what it knows about itself is gathered (`facts`), judged (`ready`) and exported (`metrics`) over a
//! small HTTP server (`http`). It owns nothing that was started: runs have supervisors of their own, and what it has to
//! remember lies in the state directory. Only `cli` imports it.

mod act;
mod alerts;
mod facts;
mod host;
mod http;
mod metrics;
mod minder;
mod notify;
mod post;
mod ready;
mod seat;
pub mod token;
pub mod unit;

use crate::health::poll::{Options as Poll, Polling};
use crate::project::{Environment, Project};
use crate::state::StateDir;
pub use notify::missing;
use post::Post;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use token::Token;
use tokio::signal::unix::{SignalKind, signal};

/// It is looked so often whether every loop still runs.
const LOOK: Duration = Duration::from_secs(1);

/// What the daemon is for.
#[derive(Debug, Clone)]
pub struct Options {
    pub state: StateDir,
    pub project: Arc<Project>,
    pub environments: Vec<Environment>,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Who may ask for more than whether it lives; `None`: everybody who reaches it.
    pub token: Option<Token>,
    /// Who this is, for people (`serve of ann`).
    pub who: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Asked,
    /// It is to begin anew, with what the project says now.
    Reload,
}

/// Why it cannot serve (any more).
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address that others reach, and no token.
    #[error(
        "{0} is reached from elsewhere: give --token-file FILE, or listen on a loopback address such as 127.0.0.1:9590"
    )]
    Open(SocketAddr),
    #[error("cannot listen on {at} (--listen chooses another address)")]
    Listen { at: SocketAddr, source: std::io::Error },
    /// A thread, a signal, the state directory.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the loop of {0} has ended by itself; see the log before this line")]
    Died(String),
}

/// Serves until SIGTERM or SIGINT, or SIGHUP where the project `holds` (else why it does not is logged, and it goes on with
/// what it has). `begun` hears the address when all is under way. Runs that it launched go on.
pub fn run(
    options: Options,
    holds: impl Fn() -> Result<(), String>,
    begun: impl FnOnce(SocketAddr),
) -> Result<End, ServeError> {
    if !options.listen.ip().is_loopback() && options.token.is_none() {
        return Err(ServeError::Open(options.listen));
    }
    crate::state::file::private_dir(options.state.root())?;
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(8).enable_all().build()?;
    let done = runtime.block_on(serve(options, holds, begun));
    // A request that hangs on a slow disk is left to its thread.
    runtime.shutdown_background();
    done
}

async fn serve(
    options: Options,
    holds: impl Fn() -> Result<(), String>,
    begun: impl FnOnce(SocketAddr),
) -> Result<End, ServeError> {
    // Before anything is begun: from here on a signal ends it cleanly.
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hup = signal(SignalKind::hangup())?;
    let at = options.listen;
    let listener = tokio::net::TcpListener::bind(at).await.map_err(|source| ServeError::Listen { at, source })?;
    let address = listener.local_addr()?;
    let posts: Arc<Vec<Post>> = Arc::new(options.environments.iter().map(|env| Post::new(&options, env)).collect());
    let mut pollings = Vec::new();
    for environment in &options.environments {
        let (state, project) = (options.state.clone(), Arc::clone(&options.project));
        let (environment, who) = (environment.clone(), options.who.clone());
        pollings.push(Polling::start(Poll { state, project, environment, who, hosts: None, lasts: true })?);
    }
    let (alive, mut loops) = (mpsc::channel::<()>(), Vec::new());
    let mut stops = vec![alive.0];
    for n in 0..posts.len() {
        let (stop, stopped) = mpsc::channel();
        stops.push(stop);
        let (posts, options) = (Arc::clone(&posts), options.clone());
        let act = move || act::run(&options, &posts[n], &stopped);
        loops.push(std::thread::Builder::new().name("act".into()).spawn(act)?);
    }
    let (mind, minded) = mpsc::channel();
    stops.push(mind);
    let state = options.state.clone();
    let mind = move || minder::run(&state, &minded);
    let minder = std::thread::Builder::new().name("mind".into()).spawn(mind)?;
    let app = http::App { state: options.state.clone(), posts: Arc::clone(&posts), token: options.token.clone() };
    let (end, ended) = tokio::sync::watch::channel(());
    let web = tokio::spawn(http::serve(listener, Arc::new(app), ended));
    tracing::info!("listening on http://{address}");
    begun(address);
    let why = loop {
        tokio::select! {
            _ = term.recv() => break Ok(End::Asked),
            _ = int.recv() => break Ok(End::Asked),
            _ = hup.recv() => match holds() {
                Ok(()) => break Ok(End::Reload),
                Err(why) => tracing::warn!("not reloaded, it goes on with what it has: {why}"),
            },
            () = tokio::time::sleep(LOOK) => {
                if let Some(n) = loops.iter().position(std::thread::JoinHandle::is_finished) {
                    break Err(ServeError::Died(posts[n].name.clone()));
                }
            }
        }
    };
    tracing::info!("ending; runs that were launched go on");
    drop(end);
    drop(stops);
    let _ = web.await;
    let joined = tokio::task::spawn_blocking(move || {
        loops.into_iter().chain([minder]).for_each(|one| drop(one.join()));
        pollings.into_iter().for_each(Polling::stop);
    });
    let _ = joined.await;
    why
}

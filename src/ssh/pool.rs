//! Many commands on many hosts: one master a host, so many logins and so many commands at once and no more, and nothing
//! that one host does holds up another.

use super::became::Became;
use super::escalate;
use super::failure::{Failure, Unreached};
use super::master;
use super::mux::Mux;
use super::order::Order;
pub use super::order::{Chunk, Exit};
use super::plain;
use super::route::Target;
use super::session::{self, Broken};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, Semaphore};
use zeroize::Zeroizing;

/// How long a master may take to greet: it lives on this machine.
const GREETING: Duration = Duration::from_secs(5);
/// Pauses before a server that hung up, or gives no session, is asked again.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_millis(600), Duration::from_millis(1500), Duration::from_millis(3000)];

#[derive(Debug, Clone)]
pub struct Limits {
    pub logins: usize,
    pub commands: usize,
    /// Commands on one host: `sshd` gives 10 sessions a connection, and an Ansible run may need one of them.
    pub sessions: usize,
    /// How long a login may take beyond its `ConnectTimeout`.
    pub login: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { logins: 50, commands: 256, sessions: 8, login: Duration::from_secs(20) }
    }
}

/// What is to be run on a host.
#[derive(Debug, Clone)]
pub struct Command {
    /// For `/bin/sh -c`, byte for byte, whatever the login shell is. At most 100 KB: a kernel takes no longer argument.
    pub script: String,
    /// Its standard input. Where a password is handed over there is none.
    pub stdin: Vec<u8>,
    /// How long it may run, without the login.
    pub timeout: Duration,
    /// Bytes of each output that are handed on; the rest is read, counted and thrown away.
    pub limit: usize,
    /// Where the host gives no further session on the connection that is open, one of its own is made for this; else it is
    /// [`Failure::Busy`].
    pub alone: bool,
    /// The password for another user, where the target says that one is handed over.
    pub password: Option<Zeroizing<String>>,
}

/// Masters, kept warm for as long as `ControlPersist` says. Cheap to clone; all clones share the limits.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Limits,
    logins: Semaphore,
    commands: Semaphore,
    hosts: Mutex<HashMap<Key, Arc<Host>>>,
}

/// What makes two connections the same: the arguments and the address.
type Key = (Vec<String>, String);

#[derive(Debug)]
struct Host {
    socket: OnceCell<PathBuf>,
    sessions: Semaphore,
    /// Held by whoever logs in.
    login: tokio::sync::Mutex<()>,
}

impl Pool {
    /// A pool with these limits.
    pub fn new(limits: Limits) -> Self {
        let (logins, commands) = (Semaphore::new(limits.logins), Semaphore::new(limits.commands));
        Self(Arc::new(Inner { limits, logins, commands, hosts: Mutex::default() }))
    }

    /// Runs a command on a host, over its master; logs in first where there is none. Output goes to `sink` as it comes.
    /// Dropping the future leaves the command alone: it may run on there.
    pub async fn run(
        &self,
        target: &Target,
        command: &Command,
        mut sink: impl FnMut(Chunk<'_>),
    ) -> Result<Exit, Failure> {
        if command.script.contains('\0') {
            return Err(Failure::Local("the command holds a NUL character".to_owned()));
        }
        let host = self.host(target);
        let closed = |_| Failure::Local("the pool is closed".to_owned());
        let _session = host.sessions.acquire().await.map_err(closed)?;
        let socket = host.socket.get_or_try_init(|| master::socket(target)).await?;
        let mark = format!("BECOME-SUCCESS-{}", uuid::Uuid::now_v7().simple());
        let becomes = target.r#become.as_ref();
        let password = becomes.filter(|b| b.password).and(command.password.as_ref());
        let has_input = password.is_some() || !command.stdin.is_empty();
        let order = escalate::order(&command.script, becomes.map(|b| (b, mark.as_str())));
        let given = password.map_or(command.stdin.as_slice(), |password| password.as_bytes());
        // Full size at once: growing would leave a copy of a password behind.
        let mut stdin = Zeroizing::new(Vec::with_capacity(order.len() + given.len() + 1));
        stdin.extend_from_slice(order.as_bytes());
        stdin.extend_from_slice(given);
        stdin.extend(password.map(|_| b'\n'));
        let open = Duration::from_secs(target.patience.into()).max(GREETING);
        let order = Order {
            line: escalate::line(has_input),
            stdin: &stdin,
            open,
            timeout: command.timeout,
            limit: command.limit,
        };
        let mut pauses = PAUSES.iter();
        let mut stale = false;
        loop {
            let conn = self.connect(target, &host, socket).await?;
            let _slot = self.0.commands.acquire().await.map_err(closed)?;
            let mut became = becomes.map(|_| Became::new(&mark));
            let result = session::run(conn, &order, |chunk| handed_on(&mut became, chunk, &mut sink)).await;
            let (exit, why) = match result {
                Ok(exit) => (exit, None),
                Err(Broken::Stale(_)) if !stale => {
                    stale = true;
                    continue;
                }
                Err(Broken::Refused(said)) if !command.alone => return Err(Failure::Busy(said)),
                Err(Broken::Refused(_)) => match self.alone(target, &order, &mut became, &mut sink).await {
                    Ok(exit) => (exit, None),
                    Err(e @ Failure::Unreachable { kind: Unreached::Sessions | Unreached::Dropped, .. }) => {
                        drop(_slot);
                        let Some(pause) = pauses.next() else { return Err(e) };
                        tokio::time::sleep(*pause).await;
                        continue;
                    }
                    Err(e) => return Err(e),
                },
                Err(Broken::Stale(said)) => return Err(Failure::Unreachable { kind: Unreached::Other, said }),
                Err(Broken::Silent) => return Err(silent(target, socket, open)),
                Err(Broken::TimedOut) => return Err(Failure::TimedOut(command.timeout.as_secs())),
                Err(Broken::Local(e)) => return Err(Failure::Local(e.to_string())),
                // A master that still lives tells that only the command was killed.
                Err(Broken::Ended(why)) if !lives(socket).await => return Err(Failure::Lost(why)),
                Err(Broken::Ended(why)) => (Exit { code: None, out: 0, err: 0, held: false }, Some(why)),
            };
            let failed = why.is_some() || exit.code != Some(0);
            return match became.filter(|b| failed && !b.seen) {
                Some(became) => Err(Failure::Become(became.said(becomes.map_or("", |b| &b.user)))),
                None => Ok(exit),
            };
        }
    }

    /// Over a connection of its own.
    async fn alone(
        &self,
        target: &Target,
        order: &Order<'_>,
        became: &mut Option<Became>,
        sink: &mut impl FnMut(Chunk<'_>),
    ) -> Result<Exit, Failure> {
        let login = Duration::from_secs(target.patience.into()) + self.0.limits.login;
        plain::run(target, order, login, |chunk| handed_on(became, chunk, sink)).await
    }

    fn host(&self, target: &Target) -> Arc<Host> {
        let key = (target.argv.clone(), target.address.clone());
        let mut hosts = self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let sessions = Semaphore::new(self.0.limits.sessions);
            Arc::new(Host { socket: OnceCell::new(), sessions, login: tokio::sync::Mutex::default() })
        };
        Arc::clone(hosts.entry(key).or_insert_with(new))
    }

    /// A connection to a host's master, which is started where there is none.
    async fn connect(&self, target: &Target, host: &Host, socket: &Path) -> Result<Mux, Failure> {
        if let Some(conn) = greet(target, socket).await? {
            return Ok(conn);
        }
        // One login a host: the others find its master.
        let _login = host.login.lock().await;
        if let Some(conn) = greet(target, socket).await? {
            return Ok(conn);
        }
        let mut pauses = PAUSES.iter();
        loop {
            let permit = self.0.logins.acquire().await.map_err(|_| Failure::Local("the pool is closed".into()))?;
            let limit = Duration::from_secs(target.patience.into()) + self.0.limits.login;
            let result = master::login(target, socket, limit).await;
            drop(permit);
            match result {
                Ok(()) => break,
                Err(e) if master::may_be_asked_again(&e) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(*pause).await,
                    None => return Err(e),
                },
                Err(e) => return Err(e),
            }
        }
        let said = || format!("ssh logged in and left no master at {}", socket.display());
        greet(target, socket).await?.ok_or_else(|| Failure::Local(said()))
    }
}

fn handed_on(became: &mut Option<Became>, chunk: Chunk<'_>, sink: &mut impl FnMut(Chunk<'_>)) {
    match became {
        Some(became) => became.pass(chunk, sink),
        None => sink(chunk),
    }
}

/// A connection to the master at a socket; `None` if nobody is there.
async fn greet(target: &Target, socket: &Path) -> Result<Option<Mux>, Failure> {
    match tokio::time::timeout(GREETING, Mux::connect(socket)).await {
        Ok(Ok(conn)) => Ok(Some(conn)),
        Ok(Err(_)) => Ok(None),
        Err(_) => Err(silent(target, socket, GREETING)),
    }
}

async fn lives(socket: &Path) -> bool {
    let alive = async { Mux::connect(socket).await?.alive().await };
    matches!(tokio::time::timeout(GREETING, alive).await, Ok(Ok(true)))
}

fn silent(target: &Target, socket: &Path, waited: Duration) -> Failure {
    let said = format!(
        "the shared connection at {} does not answer within {} s; end it with: ssh -O exit -S {} {}",
        socket.display(),
        waited.as_secs(),
        socket.display(),
        target.address
    );
    Failure::Unreachable { kind: Unreached::TimedOut, said }
}

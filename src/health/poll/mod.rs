//! The poller: one an environment, whatever number of processes would like to be it. Whoever holds the lease asks the hosts
//! that anybody wants, all others read what it wrote; when it dies, another takes over. No host holds up another: each has
//! its own time, and those that hang have lanes of their own.

mod current;
mod keep;
mod pasted;
mod publish;
mod schedule;
#[cfg(test)]
mod tests;
mod work;
mod works;

use super::probe::Restarts;
use super::probe::survey::Place;
use super::store::{LEASE, Store, scope};
use crate::project::{Environment, Project};
use crate::ssh::{Limits, Pool};
use crate::state::{StateDir, clock};
use current::{Current, is_served};
use keep::{Brought, Found};
use publish::News;
use schedule::Schedule;
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use work::World;
use works::{Measured, Work};

/// Askings at once: of hosts that answer, and of those that hung the last time.
const LANES: (usize, usize) = (64, 32);
/// Who wants what is said so often.
const SAY: Duration = Duration::from_millis(LEASE as u64 / 3);
/// Whoever waits for the lease looks so often.
const LOOK: Duration = Duration::from_secs(2);
/// The inventory is read again so often.
const READ: Duration = Duration::from_secs(600);

/// What a poller is for.
#[derive(Debug, Clone)]
pub struct Options {
    pub state: StateDir,
    pub project: Arc<Project>,
    pub environment: Environment,
    /// Who this is, for people (`screen of ann`).
    pub who: String,
    /// The hosts that are wanted; `None`: all.
    pub hosts: Option<Vec<String>>,
    /// A daemon's: it goes by the project as it was given, and whoever polls by the way gives way to it.
    pub lasts: bool,
}

/// A poller at work or in waiting, on a thread of its own. Dropped, it ends.
#[derive(Debug)]
pub struct Polling {
    hosts: watch::Sender<Option<Vec<String>>>,
    thread: JoinHandle<()>,
}

impl Options {
    /// Where its health is stored.
    pub fn scope(&self) -> String {
        scope(&self.environment.inventory, &self.project.root)
    }
}

impl Polling {
    /// Begins.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn start(options: Options) -> io::Result<Polling> {
        let (hosts, wanted) = watch::channel(options.hosts.clone());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(LANES.0 + LANES.1)
            .thread_keep_alive(Duration::from_secs(5))
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new().name("health".into()).spawn(move || {
            runtime.block_on(run(&options, wanted));
            // What hangs is left to its thread.
            runtime.shutdown_background();
        })?;
        Ok(Polling { hosts, thread })
    }

    /// From now on these hosts are wanted; `None`: all.
    pub fn want(&self, hosts: Option<Vec<String>>) {
        self.hosts.send_replace(hosts);
    }

    /// Ends; the lease is free when this returns.
    pub fn stop(self) {
        drop(self.hosts);
        let _ = self.thread.join();
    }
}

enum Ended {
    /// Nobody wants it any more.
    Done,
    Lost,
    /// The inventory is to be read again.
    Again,
}

async fn run(options: &Options, mut hosts: watch::Receiver<Option<Vec<String>>>) {
    let holder = uuid::Uuid::now_v7().to_string();
    let scratch = options.state.root().join("health").join(&holder);
    let place = Place {
        cwd: options.project.root.clone(),
        inventory: options.environment.inventory.clone(),
        plugins: options.state.plugins(),
        scratch: scratch.clone(),
        secrets: Default::default(),
    };
    let logins = LANES.0 + LANES.1;
    let pool = Pool::new(Limits { logins, ..Limits::default() });
    let world = World { pool, place: Arc::new(place), restarts: Restarts::default() };
    let mut current = Current::new(&options.project);
    loop {
        if !options.lasts {
            let (read, before) = (tokio::task::spawn_blocking(move || current.read()), Arc::clone(&options.project));
            current = read.await.unwrap_or_else(|_| Current::new(&before));
        }
        let wait = match turn(options, &current, &holder, &world, &mut hosts).await {
            Ok(Ended::Done) => break,
            Ok(Ended::Again) => Duration::ZERO,
            Ok(Ended::Lost) => LOOK,
            Err(why) => {
                tracing::warn!("health of {}: {why}", options.environment.name);
                SAY
            }
        };
        if tokio::time::timeout(wait, gone(&mut hosts)).await.is_ok() {
            break;
        }
    }
    // There is such a folder only where Ansible was asked.
    let _ = std::fs::remove_dir(&scratch);
}

/// Comes back when nobody wants anything any more.
async fn gone(hosts: &mut watch::Receiver<Option<Vec<String>>>) {
    while hosts.changed().await.is_ok() {}
}

/// Says what is wanted, and polls if nobody else does.
async fn turn(
    options: &Options,
    current: &Current,
    holder: &str,
    world: &World,
    hosts: &mut watch::Receiver<Option<Vec<String>>>,
) -> Result<Ended, String> {
    let store = Store::open(&options.state, &options.scope()).map_err(|e| e.to_string())?;
    let say = |store: &Store, hosts: &watch::Receiver<Option<Vec<String>>>| {
        store.want(holder, hosts.borrow().as_deref(), clock::booted()).map_err(|e| e.to_string())
    };
    say(&store, hosts)?;
    if is_served(options) {
        return Ok(Ended::Lost);
    }
    if store.take(holder, &options.who, clock::booted()).map_err(|e| e.to_string())?.is_some() {
        return Ok(Ended::Lost);
    }
    let measured = works::measured(&store.reports(0).map_err(|e| e.to_string())?);
    let (project, environment) = (current.project(), options.environment.clone());
    let works = tokio::task::spawn_blocking(move || works::works(&project, &environment));
    let works: Vec<Arc<Work>> = match works.await.map_err(|e| e.to_string())? {
        Ok(works) => works.into_iter().map(Arc::new).collect(),
        Err(why) => {
            store.free(holder).map_err(|e| e.to_string())?;
            return Err(why);
        }
    };
    let wanted = publish::wanted(&store).map_err(|e| e.to_string())?;
    let (news, mut heard) = watch::channel(News::Polls(wanted.clone()));
    let (orders, queue) = mpsc::channel();
    let (own, who, state, scope) = (holder.to_owned(), options.who.clone(), options.state.clone(), options.scope());
    let publisher = std::thread::spawn(move || {
        let done = Store::open(&state, &scope).and_then(|store| publish::publish(&store, (&own, &who), &queue, &news));
        done.inspect_err(|e| tracing::warn!("health: {e}")).is_ok()
    });
    let mut floor = Floor::new(works, world.clone(), wanted, measured);
    floor.begin();
    let (read, mut say_at) = (Instant::now(), Instant::now());
    let ended = loop {
        floor.dispatch();
        let next = floor.next().min(SAY);
        tokio::select! {
            done = floor.under_way.join_next(), if !floor.under_way.is_empty() => {
                if let Some(Ok((n, brought))) = done {
                    floor.done(n, &brought);
                    if brought.into_iter().any(|one| orders.send(one).is_err()) {
                        break Ended::Lost;
                    }
                }
            }
            changed = heard.changed() => match (changed, heard.borrow_and_update().clone()) {
                (Ok(()), News::Polls(wanted)) => floor.want(wanted),
                _ => break Ended::Lost,
            },
            changed = hosts.changed() => match changed {
                Ok(()) => say(&store, hosts)?,
                Err(_) => break Ended::Done,
            },
            () = tokio::time::sleep(next) => {}
        }
        if say_at.elapsed() >= SAY {
            say_at = Instant::now();
            say(&store, hosts)?;
            if is_served(options) {
                break Ended::Lost;
            }
            if !options.lasts && current.is_old() {
                break Ended::Again;
            }
        }
        if read.elapsed() >= READ {
            break Ended::Again;
        }
    };
    drop(orders);
    let _ = tokio::task::spawn_blocking(move || publisher.join()).await;
    Ok(ended)
}

/// The jobs, when each is due, and what is under way.
struct Floor {
    works: Vec<Arc<Work>>,
    world: World,
    wanted: Option<HashSet<String>>,
    /// When what was last asked.
    measured: Measured,
    schedule: Schedule,
    began: Instant,
    /// Waits for its turn, or is under way.
    busy: Vec<bool>,
    asking: Vec<bool>,
    /// It hung the last time.
    hung: Vec<bool>,
    lanes: (Arc<Semaphore>, Arc<Semaphore>),
    under_way: JoinSet<(usize, Vec<(super::plan::Job, Brought)>)>,
}

impl Floor {
    fn new(works: Vec<Arc<Work>>, world: World, wanted: Option<HashSet<String>>, measured: Measured) -> Floor {
        let n = works.len();
        Floor {
            works,
            world,
            wanted,
            measured,
            schedule: Schedule::default(),
            began: Instant::now(),
            busy: vec![false; n],
            asking: vec![false; n],
            hung: vec![false; n],
            lanes: (Arc::new(Semaphore::new(LANES.0)), Arc::new(Semaphore::new(LANES.1))),
            under_way: JoinSet::new(),
        }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    fn is_wanted(&self, n: usize) -> bool {
        self.works[n].is_wanted(self.wanted.as_ref())
    }

    fn due(&self, n: usize) -> HashSet<String> {
        self.works[n].due(self.wanted.as_ref(), &self.measured, work::now())
    }

    fn begin(&mut self) {
        let now = work::now();
        for n in 0..self.works.len() {
            if !self.is_wanted(n) {
                continue;
            }
            match self.works[n].is_fresh(&self.measured, now) {
                true => self.turn(n),
                false => self.schedule.now(n, self.now()),
            }
            self.busy[n] = true;
        }
    }

    fn turn(&mut self, n: usize) {
        let now = self.now();
        self.schedule.next(n, self.works[n].phase, self.works[n].interval, now);
    }

    /// Other hosts are wanted: what is new is due at once.
    fn want(&mut self, wanted: Option<HashSet<String>>) {
        let before = std::mem::replace(&mut self.wanted, wanted);
        let was = |host: &String| before.as_ref().is_none_or(|before| before.contains(host));
        for n in 0..self.works.len() {
            // What goes through Ansible waits for its turn for the hosts that were wanted before: others are due all the same.
            let waits = self.busy[n] && (self.asking[n] || self.due(n).iter().all(was));
            if !waits && self.is_wanted(n) {
                self.busy[n] = true;
                self.schedule.now(n, self.now());
            }
        }
    }

    fn dispatch(&mut self) {
        while let Some(n) = self.schedule.take(self.now()) {
            if !self.is_wanted(n) {
                self.busy[n] = false;
                continue;
            }
            self.asking[n] = true;
            let hosts = self.due(n);
            let lane = Arc::clone(if self.hung[n] { &self.lanes.1 } else { &self.lanes.0 });
            let (work, world) = (Arc::clone(&self.works[n]), self.world.clone());
            self.under_way.spawn(async move {
                let _slot = lane.acquire().await;
                (n, work.act(world, hosts).await)
            });
        }
    }

    /// How long until something is due.
    fn next(&self) -> Duration {
        let at = self.schedule.at().map_or(u64::MAX, |at| at.saturating_sub(self.now()));
        Duration::from_millis(at)
    }

    fn done(&mut self, n: usize, brought: &[(super::plan::Job, Brought)]) {
        let hangs = |(job, one): &(super::plan::Job, Brought)| {
            matches!(one.found, Found::Unreachable(_)) && one.took >= i64::from(job.watch.timeout) * 1000
        };
        self.hung[n] = brought.iter().any(hangs);
        self.asking[n] = false;
        for (job, one) in brought {
            // When it was begun: a slow answer must not cost the next turn.
            self.measured.insert((job.host.clone(), job.watch.name.clone()), one.at);
        }
        // Hosts may have come into sight meanwhile. Whoever brings nothing has its turn, lest it be asked without end.
        let asked = |host: &String| brought.iter().any(|(job, _)| job.host.as_ref() == Some(host));
        match brought.is_empty() || self.due(n).iter().all(asked) {
            true => self.turn(n),
            false => self.schedule.now(n, self.now()),
        }
    }
}

//! Health at the edge: a thread of its own reads every second what the poller of the environment in sight wrote, and is that
//! poller itself while Fleet or Health needs one and nobody else is. It looks for notices to the open screens and for what the alarm line says, too.

use super::Context;
use super::alarm::Alarm;
use super::notices::Notices;
use crate::health::breaker::{self, Keeper};
use crate::health::poll::{Options, Polling};
use crate::health::read::Reader;
use crate::health::silence::{self, Silences};
use crate::health::store::{Store, scope};
use crate::inventory::Inventory;
use crate::project::config::recovery::Policy;
use crate::recovery;
use crate::state::{Access, Control, clock};
use crate::text;
use crate::tui::msg::{Data, Level, Msg};
use crate::tui::screens::health::{self, Picture, Poll, Wanted};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often it is looked whether anybody wrote anything.
const EVERY: Duration = Duration::from_secs(1);
/// How often it is looked at what has grown old meanwhile.
const AGE: Duration = Duration::from_secs(3);
/// Whoever only passes by asks no host.
const SETTLE: Duration = Duration::from_millis(500);
/// Whoever looks elsewhere for so long finds the hosts still asked.
const LINGER: Duration = Duration::from_secs(10);

/// Performs the screen's effects.
pub(super) fn perform(context: &Context, effect: health::Effect) {
    match effect {
        health::Effect::Answers { env, host, probe } => {
            let Some(environment) = context.project.environments.get(env) else { return };
            let scope = scope(&environment.inventory, &context.project.root);
            let raws = Store::open(&context.state, &scope).and_then(|store| store.raw(host.as_deref(), &probe));
            let raws = raws.map_err(|e| e.to_string());
            context.answer(Msg::Data(Data::Health(health::Data::Answers { env, host, probe, raws })));
        }
        health::Effect::Force { key, input, reason } => {
            let now = crate::tui::app::now().ms;
            let (level, text) = match breaker::say(&context.state, &context.operator, &key, &input, &reason, now) {
                Ok(breaker) => (Level::Info, format!("breaker {key} is {}", breaker.words(now))),
                Err(e) => (Level::Error, format!("breaker {key}: {e}")),
            };
            context.answer(Msg::Toast(level, text::plain(&text).into_owned()));
        }
        health::Effect::TakeOver { ids, reason } => {
            let take = |id| recovery::take_over(&context.state, id, &context.operator, reason.as_deref());
            let (taken, failed): (Vec<_>, Vec<_>) = ids.into_iter().map(take).partition(Result::is_ok);
            let (level, text) = match failed.into_iter().find_map(Result::err) {
                None => (Level::Info, format!("{} in your hands", text::human::of(taken.len() as u64, "incident"))),
                Some(e) => (Level::Error, format!("taken over: {}; not all: {e}", taken.len())),
            };
            context.answer(Msg::Toast(level, text::plain(&text).into_owned()));
        }
        health::Effect::Silence { word, until } => {
            let (now, what) = (crate::tui::app::now().ms, word.brief());
            let done = match until {
                Some(until) => silence::silence(&context.state, &context.operator, &word, until, now)
                    .map(|()| format!("{what} is silent for {}", text::human::left(until - now))),
                None => silence::lift(&context.state, &context.operator, &word)
                    .map(|()| format!("{what} is silent no more")),
            };
            let (level, text) =
                done.map_or_else(|e| (Level::Error, format!("{what}: {e}")), |text| (Level::Info, text));
            context.answer(Msg::Toast(level, text::plain(&text).into_owned()));
        }
    }
}

/// The thread, as the screen sees it.
pub struct Watching {
    said: Mutex<(Wanted, Sender<Wanted>)>,
    ended: Receiver<()>,
}

impl Watching {
    /// Starts it.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn start(context: Context) -> std::io::Result<Self> {
        let (say, heard) = channel();
        let (end, ended) = channel();
        std::thread::Builder::new().name("health-watch".into()).spawn(move || {
            watch(&context, &heard);
            drop(end);
        })?;
        Ok(Self { said: Mutex::new((Wanted::default(), say)), ended })
    }

    /// From now on this is needed. Returns at once.
    pub fn want(&self, wanted: Wanted) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.0 != wanted {
            // A thread that is gone needs to hear nothing.
            let _ = said.1.send(wanted.clone());
            said.0 = wanted;
        }
    }

    /// Ends it; the poller's lease is free then, unless that takes longer than `patience`.
    pub fn stop(self, patience: Duration) {
        drop(self.said);
        let _ = self.ended.recv_timeout(patience);
    }
}

fn watch(context: &Context, heard: &Receiver<Wanted>) {
    let mut wanted = Wanted::default();
    let mut desk: Option<Desk> = None;
    let mut notices = Notices::new(&context.project, &context.state);
    let mut alarm = Alarm::new(context);
    loop {
        match heard.recv_timeout(EVERY) {
            // Only the newest counts.
            Ok(first) => wanted = heard.try_iter().last().unwrap_or(first),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if !notices.look(context) || !alarm.look(context) {
            break;
        }
        if desk.as_ref().map(|desk| desk.env) != wanted.env {
            desk = wanted.env.map(Desk::new);
        }
        let Some(desk) = &mut desk else { continue };
        desk.poll(context, &wanted.poll);
        desk.shows(wanted.whole);
        if !desk.look(context) {
            break;
        }
    }
    if let Some(polling) = desk.and_then(|desk| desk.polling) {
        polling.stop();
    }
}

/// What is open of one environment.
struct Desk {
    env: usize,
    began: Instant,
    open: Option<Open>,
    inventory: Option<Arc<Inventory>>,
    hosts: Vec<String>,
    whole: bool,
    /// When a picture was sent last.
    sent: Option<Instant>,
    problem: Option<String>,
    /// Dropped, it ends by itself: whatever it waits for holds nobody up.
    polling: Option<Polling>,
    polled: Poll,
    left: Option<Instant>,
}

struct Open {
    reader: Reader,
    keeper: Keeper,
    control: Control,
}

impl Desk {
    fn new(env: usize) -> Self {
        Desk {
            env,
            began: Instant::now(),
            open: None,
            inventory: None,
            hosts: vec![],
            whole: false,
            sent: None,
            problem: None,
            polling: None,
            polled: Poll::No,
            left: None,
        }
    }

    fn options(&self, context: &Context, hosts: Option<Vec<String>>) -> Option<Options> {
        let environment = context.project.environments.get(self.env)?.clone();
        let (state, project) = (context.state.clone(), Arc::clone(&context.project));
        let who = format!("the screen of {}", context.operator.name);
        Some(Options { state, project, environment, who, hosts, lasts: false })
    }

    fn poll(&mut self, context: &Context, poll: &Poll) {
        let hosts = match poll {
            Poll::No => {
                if self.left.get_or_insert_with(Instant::now).elapsed() >= LINGER {
                    (self.polling, self.polled) = (None, Poll::No);
                }
                return;
            }
            Poll::Hosts(hosts) => Some(hosts.clone()),
            Poll::All => None,
        };
        self.left = None;
        if self.began.elapsed() < SETTLE || self.polled == *poll {
            return;
        }
        match &self.polling {
            Some(polling) => polling.want(hosts),
            // Nothing that they say could be written down.
            None if context.state.access() != Access::Write => {}
            None => {
                let started = self.options(context, hosts).map(Polling::start).transpose();
                self.polling =
                    started.inspect_err(|e| tracing::error!("no thread to ask the hosts: {e}")).ok().flatten();
            }
        }
        if self.polling.is_some() {
            self.polled = poll.clone();
        }
    }

    /// Whether hosts of which nothing is known belong into the picture.
    fn shows(&mut self, whole: bool) {
        if std::mem::replace(&mut self.whole, whole) != whole {
            self.sent = None;
        }
    }

    /// Sends what is new. False: nobody listens any more.
    fn look(&mut self, context: &Context) -> bool {
        let data = match self.picture(context) {
            Ok(None) => return true,
            Ok(Some(picture)) => {
                (self.sent, self.problem) = (Some(Instant::now()), None);
                health::Data::Picture(Box::new(picture))
            }
            Err(why) if self.problem.as_ref() == Some(&why) => return true,
            Err(why) => {
                self.problem = Some(why.clone());
                health::Data::Failed { env: self.env, why }
            }
        };
        context.answer(Msg::Data(Data::Health(data)))
    }

    /// How it is, if that is not what was sent last.
    fn picture(&mut self, context: &Context) -> Result<Option<Picture>, String> {
        let Some(inventory) = context.inventories.get(self.env) else { return Ok(None) };
        let fresh = self.inventory.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &inventory));
        if fresh {
            self.hosts = inventory.hosts().map(|id| inventory.host_name(id).to_owned()).collect();
            self.inventory = Some(inventory);
        }
        let open = match &mut self.open {
            Some(open) => open,
            closed => {
                let Some(environment) = context.project.environments.get(self.env) else { return Ok(None) };
                let scope = scope(&environment.inventory, &context.project.root);
                closed.insert(Open::new(context, &scope)?)
            }
        };
        let now = crate::tui::app::now().ms;
        let news = open.reader.read(now).map_err(|e| e.to_string());
        let due = self.sent.is_none_or(|sent| sent.elapsed() >= AGE);
        match news {
            Ok(false) if !due && !fresh => Ok(None),
            Ok(_) => {
                let name = context.project.environments.get(self.env).map(|env| env.name.as_str());
                let policies = &context.project.recovery;
                if self.whole {
                    return open.picture((self.env, true), name, policies, &self.hosts, now).map(Some);
                }
                let known = open.reader.hosts();
                let known: Vec<String> = self.hosts.iter().filter(|h| known.contains(h.as_str())).cloned().collect();
                open.picture((self.env, false), name, policies, &known, now).map(Some)
            }
            Err(why) => {
                // The next look begins anew.
                self.open = None;
                Err(why)
            }
        }
    }
}

impl Open {
    fn new(context: &Context, scope: &str) -> Result<Self, String> {
        let store = Store::open(&context.state, scope).map_err(|e| e.to_string())?;
        let keeper = Keeper::open(&context.state).map_err(|e| e.to_string())?;
        let control = Control::open(&context.state).map_err(|e| e.to_string())?;
        Ok(Open { reader: Reader::new(store), keeper, control })
    }

    fn picture(
        &self,
        (env, whole): (usize, bool),
        name: Option<&str>,
        policies: &[Policy],
        hosts: &[String],
        at: i64,
    ) -> Result<Picture, String> {
        let poller = self.reader.store().poller(clock::booted()).map_err(|e| e.to_string())?;
        let poller = poller.map(|poller| (poller.who, at - (clock::booted() - poller.since)));
        let breakers = self.keeper.list(name).map_err(|e| e.to_string())?;
        let incidents = recovery::incidents(&self.control, name).map_err(|e| e.to_string())?;
        let silences =
            Silences::read(&self.control, name.unwrap_or_default(), policies, at).map_err(|e| e.to_string())?;
        let board = self.reader.board(hosts, &silences, at);
        Ok(Picture { env, at, whole, board, poller, breakers, silences, incidents })
    }
}

//! Health at the edge: a thread of its own reads every second what the poller of the environment in sight wrote, and is that
//! poller itself while Fleet or Health needs one and nobody else is. It looks for notices to the open screens and for what the alarm line says, too.

use super::Context;
use super::alarm::Alarm;
use super::notices::Notices;
use crate::api::{Readings, Standing};
use crate::health::breaker::Breaker;
use crate::health::poll::Polling;
use crate::inventory::Inventory;
use crate::text;
use crate::tui::msg::{Data, Msg};
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

pub(super) fn perform(context: &Context, effect: health::Effect) {
    match effect {
        health::Effect::Answers { env, host, probe } => {
            let Some(environment) = context.project.environments.get(env) else { return };
            let raws = context.desk.raw(&context.project, environment, host.as_deref(), &probe);
            let raws = raws.map_err(|e| e.to_string());
            context.answer(Msg::Data(Data::Health(health::Data::Answers { env, host, probe, raws })));
        }
        health::Effect::Force { key, input, reason } => {
            let said = context.act(|acting| acting.breaker(&key, &input, &reason));
            let words = |breaker: Breaker| format!("breaker {key} is {}", breaker.words(crate::tui::edge::now().ms));
            context.toast(said.map(words).map_err(|e| format!("breaker {key}: {e}")));
        }
        health::Effect::TakeOver { ids, reason } => {
            let take = |id| context.act(|acting| acting.take_over(id, reason.as_deref()));
            let (taken, failed): (Vec<_>, Vec<_>) = ids.into_iter().map(take).partition(Result::is_ok);
            context.toast(match failed.into_iter().find_map(Result::err) {
                None => Ok(format!("{} in your hands", text::human::of(taken.len() as u64, "incident"))),
                Some(e) => Err(format!("taken over: {}; not all: {e}", taken.len())),
            });
        }
        health::Effect::Silence { word, until } => {
            let (now, what) = (crate::tui::edge::now().ms, word.brief());
            let done = match until {
                Some(until) => context
                    .act(|acting| acting.silence(&word, until))
                    .map(|()| format!("{what} is silent for {}", text::human::left(until - now))),
                None => context.act(|acting| acting.lift(&word)).map(|()| format!("{what} is silent no more")),
            };
            context.toast(done.map_err(|e| format!("{what}: {e}")));
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
    let mut desk: Option<Watch> = None;
    let mut notices = Notices::new(context);
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
            desk = wanted.env.map(Watch::new);
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
struct Watch {
    env: usize,
    began: Instant,
    open: Option<Readings>,
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

impl Watch {
    fn new(env: usize) -> Self {
        Watch {
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
            None => {
                let Some(environment) = context.project.environments.get(self.env) else { return };
                let started = context.desk.poll(&context.project, environment, hosts);
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
                closed.insert(context.desk.readings(&context.project, environment)?)
            }
        };
        let now = crate::tui::edge::now().ms;
        let news = open.read(now);
        let due = self.sent.is_none_or(|sent| sent.elapsed() >= AGE);
        match news {
            Ok(false) if !due && !fresh => Ok(None),
            Ok(_) => {
                let (env, whole) = (self.env, self.whole);
                let hosts: Vec<String> = match whole {
                    true => self.hosts.clone(),
                    false => {
                        let known = open.hosts();
                        self.hosts.iter().filter(|host| known.contains(host.as_str())).cloned().collect()
                    }
                };
                let Standing { board, poller, breakers, silences, incidents } =
                    open.standing(&context.project.recovery, &hosts, now)?;
                Ok(Some(Picture { env, at: now, whole, board, poller, breakers, silences, incidents }))
            }
            Err(why) => {
                // The next look begins anew.
                self.open = None;
                Err(why)
            }
        }
    }
}

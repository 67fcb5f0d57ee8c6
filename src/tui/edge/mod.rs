//! Performs effects on background threads and answers with messages. Nothing here touches the model or the terminal;
//! each room's effects have a file of their own.

mod alarm;
mod audit;
pub mod fleet;
mod health;
mod last_runs;
mod launch;
mod notices;
mod release;
mod releases;
pub mod run;
mod runs;

use super::effect::Effect;
use super::msg::{Level, Msg, Now};
use super::screens::health::Wanted;
use super::term::Event;
use crate::api::{Acting, Desk};
use crate::inventory::ask::Cancel;
use crate::project::Project;
use crate::release::line::Turn;
use crate::text;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

/// What comes in: from the terminal, or from the edge.
pub enum In {
    /// The terminal or a signal.
    Term(Event),
    Msg(Msg),
}

pub struct Edge {
    runtime: tokio::runtime::Runtime,
    context: Context,
    health: health::Watching,
}

/// What every effect needs; cheap to clone.
#[derive(Clone)]
pub struct Context {
    send: SyncSender<In>,
    /// The project that is open.
    pub project: Arc<Project>,
    /// Where whoever works here asks and acts.
    pub desk: Desk,
    /// Ends questions to Ansible when the screen closes.
    pub cancel: Cancel,
    /// The run that is followed.
    pub following: run::Generation,
    /// The list of runs is kept fresh.
    pub looking: Arc<AtomicBool>,
    pub inventories: fleet::Inventories,
}

impl Context {
    /// Answers. Waits while the channel is full: whoever produces too much is slowed down, never the screen. False:
    /// nobody listens any more.
    pub fn answer(&self, msg: Msg) -> bool {
        self.send.send(In::Msg(msg)).is_ok()
    }

    /// Does something; in words why it was not done.
    fn act<T, E: std::fmt::Display>(&self, act: impl FnOnce(Acting<'_>) -> Result<T, E>) -> Result<T, String> {
        let acting = self.desk.acting().map_err(|e| e.to_string())?;
        act(acting).map_err(|e| said(&e))
    }

    /// Tells the person that it was done, or why not.
    fn toast(&self, done: Result<String, String>) {
        let (level, text) = done.map_or_else(|e| (Level::Error, e), |text| (Level::Info, text));
        self.answer(Msg::Toast(level, text::plain(&text).into_owned()));
    }
}

/// Threads at most; more effects than that wait.
const THREADS: usize = 8;

/// What ends may take so long.
const LAST_MOMENT: Duration = Duration::from_millis(300);

impl Edge {
    /// Starts it.
    ///
    /// # Errors
    /// No threads can be had.
    pub fn start(send: SyncSender<In>, project: Arc<Project>, desk: Desk) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(THREADS)
            .thread_name("edge")
            .enable_all()
            .build()?;
        let (cancel, inventories) = (Cancel::default(), fleet::Inventories::default());
        let (following, looking) = (run::Generation::default(), Arc::default());
        let context = Context { send, project, desk, following, looking, cancel, inventories };
        let health = health::Watching::start(context.clone())?;
        Ok(Self { runtime, context, health })
    }

    /// Performs an effect in the background. Returns at once.
    pub fn perform(&self, effect: Effect) {
        let context = self.context.clone();
        self.runtime.spawn_blocking(move || match effect {
            Effect::Fleet(effect) => fleet::perform(&context, effect),
            Effect::Launch(effect) => launch::perform(&context, effect),
            Effect::Runs(effect) => runs::perform(&context, effect),
            Effect::Run(effect) => run::perform(&context, effect),
            Effect::Releases(effect) => releases::perform(&context, effect),
            Effect::Release(effect) => release::perform(&context, effect),
            Effect::Audit(effect) => audit::perform(&context, effect),
            Effect::Health(effect) => health::perform(&context, effect),
            Effect::Away(effect) => runs::look(&context, &effect),
            Effect::Line { environment, turn, reason } => line(&context, &environment, turn, &reason),
            // The terminal's own; see `app`.
            Effect::Copy(_) | Effect::Call(_) | Effect::Mouse(_) | Effect::Redraw | Effect::Suspend => {}
        });
    }

    /// What the screen needs to know of the hosts from now on. Returns at once.
    pub fn watch(&self, wanted: Wanted) {
        self.health.want(wanted);
    }

    /// Ends. Runs live on by themselves and readers have nothing to lose; only questions to Ansible are given a moment
    /// to end their child.
    pub fn stop(self) {
        self.context.cancel.cancel();
        self.health.stop(LAST_MOMENT);
        self.runtime.shutdown_timeout(LAST_MOMENT);
    }
}

/// The header tells that a line is stopped as soon as the index says so; the toast tells that it was done or why not.
fn line(context: &Context, environment: &str, turn: Turn, reason: &str) {
    let turned = context.act(|acting| acting.line(environment, turn, reason));
    context.toast(turned.map(|()| format!("the line of {environment} is {}", turn.word())));
}

fn said(error: &dyn std::fmt::Display) -> String {
    text::plain(&error.to_string()).into_owned()
}

/// This moment in the operator's time zone.
pub fn now() -> Now {
    let now = jiff::Zoned::now();
    Now { ms: now.timestamp().as_millisecond(), offset: now.offset().seconds() }
}

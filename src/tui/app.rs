//! The program around the model: takes the terminal, waits for messages, lets `update` work, draws when something
//! changed and the terminal takes it. The only file that knows both the terminal and the model.

use super::edge::{Edge, In, now};
use super::effect::Effect;
use super::model::Model;
use super::msg::{Level, Msg};
use super::screens::{away, fleet, health};
use super::term::{self, Cause, Event, Guard, Pace, Pacer};
use super::update::update;
use super::view::view;
use crate::api::Desk;
use anyhow::Context;
use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Messages that may wait before those who send them must wait.
const CHANNEL: usize = 1_024;
/// Messages taken in before a frame is drawn, however many wait.
const BATCH: usize = 4_096;

/// What the program is started with.
pub struct Start {
    /// The model, with its project and its theme.
    pub model: Model,
    /// What the terminal can do.
    pub caps: term::Caps,
    /// Where the person asks and acts.
    pub desk: Desk,
    /// Where to write when the first frames were drawn (one JSON line each), for benches.
    pub trace: Option<PathBuf>,
    pub began: Instant,
}

/// Runs until the person leaves or the terminal is gone. Whatever was started goes on.
///
/// # Errors
/// The terminal can't be taken.
pub fn run(start: Start) -> anyhow::Result<()> {
    let Start { mut model, caps, desk, trace, began } = start;
    let (send, inbox) = sync_channel(CHANNEL);
    let edge = Edge::start(send.clone(), model.project.clone(), desk)?;
    // The inventory is read while the terminal is being taken.
    model.now = now();
    let mut first = fleet::start(&mut model);
    first.push(away::start());
    for effect in first {
        edge.perform(effect);
    }
    let lost = send.clone();
    let guard = Guard::enter(term::Options { caps, mouse: model.mouse }, move || {
        let _ = lost.try_send(In::Term(Event::Hangup));
    })
    .context("the screen needs a terminal; `opsdeck --help` lists the verbs that do without one")?;
    let screen = guard.screen()?;
    let size = screen.size();
    model.size = (size.width, size.height);
    listen(&send)?;
    let pacer = Pacer::new(Pace::NORMAL, Instant::now());
    let mut app = App { model, edge, guard, screen, pacer, waiting: true, trace, began };
    let ended = app.turn(&inbox);
    // Whoever waits for room in the channel must not wait for ever.
    drop(inbox);
    let App { guard, screen, edge, .. } = app;
    drop(screen);
    drop(guard);
    edge.stop();
    ended
}

fn listen(send: &SyncSender<In>) -> anyhow::Result<()> {
    let to = send.clone();
    term::input::spawn(move |event| to.send(In::Term(event)).is_ok())?;
    let to = send.clone();
    term::signals::spawn(move |event| to.send(In::Term(event)).is_ok())?;
    Ok(())
}

struct App {
    model: Model,
    edge: Edge,
    guard: Guard,
    screen: term::Screen,
    pacer: Pacer,
    /// The hosts of the environment in sight were not there yet when last looked.
    waiting: bool,
    trace: Option<PathBuf>,
    began: Instant,
}

impl App {
    fn turn(&mut self, inbox: &Receiver<In>) -> anyhow::Result<()> {
        let mut tick = Instant::now();
        loop {
            if self.model.dirty {
                // A person who has just come waits for the hosts: they are not held back as a stream is.
                let hosts = self.model.place().is_some_and(|p| p.topology.is_some());
                self.pacer.want(if hosts && !self.waiting { Cause::Stream } else { Cause::Input });
                self.waiting = !hosts;
            }
            let now = Instant::now();
            let due = self.pacer.due(now, self.screen.stats());
            if due == Some(Duration::ZERO) {
                self.draw()?;
                // Which hosts are in sight is known since the frame, and changes with no other.
                self.edge.watch(health::wanted(&self.model));
                continue;
            }
            let until_tick = tick.saturating_duration_since(now);
            match inbox.recv_timeout(due.map_or(until_tick, |d| d.min(until_tick))) {
                Ok(first) => {
                    if !self.take(first) || !self.drain(inbox) {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if Instant::now() >= tick {
                self.message(Msg::Tick(self::now()));
            }
            // What the model waits for may be nearer than it was.
            let wait = u64::try_from(self.model.next_tick().max(1)).unwrap_or(1);
            let passed = u64::try_from((self::now().ms - self.model.now.ms).max(0)).unwrap_or(0);
            tick = Instant::now() + Duration::from_millis(wait.saturating_sub(passed).max(1));
            if self.model.quit {
                return Ok(());
            }
        }
    }

    /// Everything that waits, before one frame is drawn for all of it. False: leave.
    fn drain(&mut self, inbox: &Receiver<In>) -> bool {
        inbox.try_iter().take(BATCH).all(|next| self.take(next))
    }

    fn take(&mut self, next: In) -> bool {
        use crossterm::event::Event as E;
        match next {
            In::Msg(msg) => self.message(msg),
            In::Term(Event::Input(event)) => {
                self.message(Msg::Tick(now()));
                match event {
                    E::Key(key) => self.message(Msg::Key(key)),
                    E::Paste(text) => self.message(Msg::Paste(text)),
                    E::Mouse(mouse) => self.message(Msg::Mouse(mouse)),
                    E::Resize(columns, rows) => {
                        self.screen.redraw();
                        self.message(Msg::Resize(columns, rows));
                    }
                    E::FocusGained | E::FocusLost => {}
                }
                if self.model.dirty {
                    self.pacer.want(Cause::Input);
                }
            }
            In::Term(Event::Suspend) => self.perform(Effect::Suspend),
            In::Term(Event::Resumed) => {
                if let Err(e) = self.guard.resume() {
                    tracing::error!("the terminal can't be taken again: {e}");
                    return false;
                }
                self.back();
            }
            In::Term(Event::Hangup | Event::Terminate(_)) => return false,
        }
        !self.model.quit
    }

    fn message(&mut self, msg: Msg) {
        for effect in update(&mut self.model, msg) {
            self.perform(effect);
        }
    }

    /// What only the terminal can do is done here, the rest at the edge.
    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Copy(text) => {
                let copied = term::clipboard::copy(&text, self.screen.caps().mux);
                match copied {
                    Some(bytes) => {
                        self.screen.send(&bytes);
                        self.model.toast(Level::Info, "copied");
                    }
                    None => self.model.toast(Level::Warning, "too much to copy: terminals take 56 kB at most"),
                }
                self.model.dirty = true;
            }
            Effect::Call(words) => {
                let shown = term::notice::is_shown(|name| std::env::var(name).ok());
                self.screen.send(&term::notice::call(&words, self.screen.caps().mux, shown));
            }
            Effect::Mouse(on) => self.guard.mouse(on),
            Effect::Redraw => self.back(),
            Effect::Suspend => {
                if let Err(e) = self.guard.suspend() {
                    tracing::error!("suspend: {e}");
                    self.back();
                }
            }
            other => self.edge.perform(other),
        }
    }

    /// The terminal may show anything: draws all of it.
    fn back(&mut self) {
        self.screen.redraw();
        self.model.now = now();
        self.model.dirty = true;
        self.pacer.want(Cause::Input);
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let mut hits = None;
        let model = &self.model;
        self.screen.draw(|frame| hits = Some(view(model, frame))).context("the terminal is lost")?;
        self.model.dirty = false;
        self.pacer.drawn(Instant::now());
        if let Some(hits) = hits {
            self.message(Msg::Drawn(hits));
        }
        self.note_first_frames();
        Ok(())
    }

    /// Tells a bench when the first frame and the first usable frame (with hosts) were handed to the terminal.
    fn note_first_frames(&mut self) {
        let usable = self.model.place().is_some_and(|p| p.known().is_some());
        let Some(path) = self.trace.as_ref() else { return };
        let line = serde_json::json!({ "ms": self.began.elapsed().as_secs_f64() * 1e3, "usable": usable });
        let file = std::fs::File::options().append(true).create(true).open(path);
        if let Err(e) = file.and_then(|mut f| writeln!(f, "{line}")) {
            tracing::warn!("{}: {e}", path.display());
        }
        if usable {
            self.trace = None;
        }
    }
}

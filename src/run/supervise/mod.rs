//! The supervisor of one live run: holds its lock, asks the machine what to do, performs it, takes in what the step
//! reports, and ends with the run. It knows no kind of run: the machine does. It may die at any moment; the next one
//! goes on from the journal and the step's files.

pub mod attach;
mod ingest;
mod perform;
mod serve;
mod translate;

pub use translate::one_line;

use super::event::Event;
use super::journal::{Journal, JournalError};
use super::machine::{Effect, Input, Machine};
use super::spec::RunSpec;
use super::state::RunState;
use super::verdict::Exit;
use crate::state::{Index, Lock, RunDir, RunRow, StateDir};
use ingest::Ingest;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// How often a step's files are looked at while it runs.
const LOOK: Duration = Duration::from_millis(50);
/// How often a queued run looks whether its hosts are free.
const QUEUE: Duration = Duration::from_millis(500);
/// Journal entries after which a snapshot is worth its writing.
const SNAPSHOT_EVERY: u64 = 20_000;
/// How often the counts in the index are brought up to date (milliseconds).
const ROW_EVERY: i64 = 1_000;

/// What can end a supervisor before its run has ended. The run itself goes on; the next supervisor picks it up.
#[derive(Debug, thiserror::Error)]
pub enum SuperviseError {
    /// Files of the run.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Its journal cannot be gone on with.
    #[error("{0}")]
    Journal(#[from] JournalError),
}

/// A supervisor at work.
struct Supervisor<M> {
    machine: M,
    store: StateDir,
    dir: RunDir,
    spec: RunSpec,
    journal: Journal,
    state: RunState,
    index: Option<Index>,
    secrets: Option<Zeroizing<Vec<u8>>>,
    step: Option<Step>,
    ends: mpsc::UnboundedSender<(u32, Exit)>,
    snapshot_at: u64,
    /// What the index was told last, and when it was last looked whether that still holds.
    put: Option<RunRow>,
    put_at: i64,
}

/// The step that runs.
struct Step {
    number: u32,
    processes: Option<super::step::Processes>,
    ingest: Ingest,
}

/// Supervises a run to its end. `taken` is called as soon as the run is in safe hands: its lock held, its journal begun.
/// Only the `first` supervisor begins a run: one that is found with nothing done was never promised to anybody.
/// `secrets` are those that came with the launch. Returns at once, and does nothing, if another supervisor lives.
///
/// # Errors
/// See [`SuperviseError`].
pub fn run<M: Machine>(
    store: &StateDir,
    spec: RunSpec,
    machine: M,
    first: bool,
    secrets: Option<Zeroizing<Vec<u8>>>,
    taken: impl FnOnce(),
) -> Result<(), SuperviseError> {
    let dir = store.run(spec.id);
    let Some(_lock) = Lock::try_take(&dir.lock())? else { return Ok(()) };
    let mut state = RunState::default();
    let (journal, cut) = Journal::open(&dir.journal(), |entry| state.apply(entry))?;
    let listener = super::control::listen(&dir)?;
    let (ends, ended) = mpsc::unbounded_channel();
    let mut supervisor = Supervisor {
        machine,
        index: Index::open(store).map_err(|e| tracing::warn!("{e}")).ok(),
        store: store.clone(),
        dir,
        spec,
        journal,
        state,
        secrets,
        step: None,
        ends,
        snapshot_at: 0,
        put: None,
        put_at: 0,
    };
    let resumed = !supervisor.journal.is_empty();
    if resumed {
        if supervisor.state.state.is_terminal() {
            // The last one died between the end and the tidying up.
            supervisor.finish();
            return Ok(());
        }
        let torn =
            if cut > 0 { format!("; a torn line of {cut} bytes was cut from the journal") } else { String::new() };
        supervisor.record(Event::Resumed { why: format!("the supervisor was gone{torn}") })?;
    }
    if !resumed && !first {
        supervisor.record(Event::Requested)?;
        supervisor.record(Event::Ended {
            state: super::State::Failed,
            why: "whoever launched it was killed before it was in safe hands: nothing was started".to_owned(),
            failure: Some(super::event::Failure::Launch),
            maybe_running_on: Vec::new(),
        })?;
        supervisor.finish();
        return Ok(());
    }
    let mut effects = supervisor.decide(&Input::Begin);
    // Only what is recorded: the child is started when whoever launched it has its answer.
    if let Some(Effect::Record(Event::Requested)) = effects.first() {
        effects.remove(0);
        supervisor.record(Event::Requested)?;
    }
    taken();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(supervisor.main(effects, listener, ended));
    // Left behind it would only look alive.
    let _ = std::fs::remove_file(supervisor.dir.control());
    result
}

impl<M: Machine> Supervisor<M> {
    async fn main(
        &mut self,
        begin: Vec<Effect>,
        listener: std::os::unix::net::UnixListener,
        mut ended: mpsc::UnboundedReceiver<(u32, Exit)>,
    ) -> Result<(), SuperviseError> {
        // Without a terminal nobody sends it for a reason; the login's end must not end the run.
        let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
        let mut asked = serve::listen(listener)?;
        self.perform(begin)?;
        while !self.state.state.is_terminal() {
            let pause = if self.step.is_some() { LOOK } else { QUEUE };
            tokio::select! {
                Some((step, exit)) = ended.recv() => self.ended(step, &exit)?,
                Some(question) = asked.recv() => self.answer(question)?,
                _ = hangup.recv() => {}
                () = tokio::time::sleep(pause) => self.tick()?,
            }
        }
        self.finish();
        Ok(())
    }

    fn tick(&mut self) -> Result<(), SuperviseError> {
        let now = now();
        let before = self.state.state;
        if let Some(step) = &mut self.step {
            // A full disk is told once a look; what could not be written is written at the next.
            if let Err(e) = step.ingest.pump(&mut self.journal, &mut self.state, now, false) {
                tracing::warn!("{e}");
            }
        }
        // What Ansible reports also moves the run; counts of failed hosts may lag a second behind.
        if self.state.state != before || now - self.put_at > ROW_EVERY {
            self.put_row();
        }
        if self.journal.seq() > self.snapshot_at + SNAPSHOT_EVERY {
            self.snapshot();
        }
        let effects = self.decide(&Input::Tick);
        self.perform(effects)
    }

    fn decide(&self, input: &Input<'_>) -> Vec<Effect> {
        match self.machine.decide(&self.state, input, now()) {
            Ok(effects) => effects,
            Err(refusal) => {
                tracing::warn!("refused: {refusal}");
                Vec::new()
            }
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Result<(), SuperviseError> {
        let mut queue = VecDeque::from(effects);
        while let Some(effect) = queue.pop_front() {
            let more = match effect {
                Effect::Record(event) => {
                    self.record(event)?;
                    Vec::new()
                }
                Effect::TakeLease => self.take_lease(),
                Effect::Start { step } => self.start(step)?,
                Effect::Take(rung) => {
                    self.take(rung)?;
                    Vec::new()
                }
            };
            more.into_iter().rev().for_each(|effect| queue.push_front(effect));
        }
        Ok(())
    }

    /// Journal, disk, fold, index: in this order.
    fn record(&mut self, event: Event<'static>) -> io::Result<()> {
        let before = self.state.state;
        let entry = self.journal.push(now(), event)?;
        self.state.apply(&entry);
        self.journal.commit()?;
        if self.state.state != before {
            self.put_row();
        }
        Ok(())
    }

    fn ended(&mut self, step: u32, exit: &Exit) -> Result<(), SuperviseError> {
        if let Some(running) = &mut self.step {
            running.ingest.pump(&mut self.journal, &mut self.state, now(), true)?;
        }
        let evidence = perform::evidence(&self.dir.step(step));
        let effects = self.decide(&Input::Exited { step, exit, evidence: &evidence });
        self.step = None;
        self.perform(effects)
    }

    fn answer(&mut self, question: serve::Question) -> Result<(), SuperviseError> {
        let input = match &question.command {
            super::control::Command::Ping => {
                question.reply(true, self.state.state.name());
                return Ok(());
            }
            super::control::Command::Stop { level, .. } => Input::Stop { level: *level, by: &question.by },
        };
        match self.machine.decide(&self.state, &input, now()) {
            Ok(effects) => {
                let result = self.perform(effects);
                question.reply(result.is_ok(), "asked to stop");
                result
            }
            Err(refusal) => {
                question.reply(false, &refusal.0);
                Ok(())
            }
        }
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

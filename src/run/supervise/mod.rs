//! The supervisor of one live run: holds its lock, asks the machine what to do, performs it, takes in what the step
//! reports, and ends with the run. It knows no kind of run: the machine does. It may die at any moment; the next one
//! goes on from the journal and the steps' files.

mod answer;
mod apart;
mod astray;
pub mod attach;
mod begin;
mod evidence;
mod heed;
mod ingest;
mod note;
mod perform;
mod places;
mod rows;
mod serve;
mod translate;
mod values;

pub(super) use evidence::evidence;
pub use translate::one_line;

use super::event::{Event, Json};
use super::journal::{Journal, JournalError};
use super::machine::{Decision, Effect, EffectOf, Input, InputOf, Machine, World, own};
use super::spec::{BreakGlass, RunSpec};
use super::state::RunState;
use super::verdict::Exit;
use super::{asked, rungs};
use crate::ansible::secrets::Secrets;
use crate::state::{Control, Lock, RunDir, StateDir, clock};
use answer::Recorded;
use apart::Leasing;
use begin::Begun;
use ingest::Ingest;
use places::Places;
use rows::Rows;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// How often a step's files are looked at while it runs.
const LOOK: Duration = Duration::from_millis(50);
/// How often a queued run looks whether its hosts are free.
const QUEUE: Duration = Duration::from_millis(500);
/// Journal entries after which a snapshot is worth its writing.
const SNAPSHOT_EVERY: u64 = 20_000;
/// So long is waited, when the run has ended, for what is still under way: then files and databases tell what comes of it.
const LAST: Duration = Duration::from_secs(10);
/// How often the counts in the index are brought up to date (milliseconds).
const ROW_EVERY: i64 = 1_000;

/// What can end a supervisor before its run has ended. The run itself goes on; the next supervisor picks it up.
#[derive(Debug, thiserror::Error)]
pub enum SuperviseError {
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Its journal cannot be gone on with.
    #[error("{0}")]
    Journal(#[from] JournalError),
}

struct Supervisor<M: Machine, W> {
    machine: M,
    world: W,
    store: StateDir,
    dir: RunDir,
    spec: RunSpec,
    journal: Journal,
    state: RunState,
    own: M::State,
    control: Option<Control>,
    rows: Rows,
    secrets: Option<Zeroizing<Vec<u8>>>,
    /// Secret variables, as long as the run lives; no password.
    values: Secrets,
    steps: BTreeMap<u32, Step>,
    /// Where what is done apart tells what came of it.
    back: mpsc::UnboundedSender<Came>,
    outcomes: mpsc::UnboundedSender<M::Outcome>,
    snapshot_at: u64,
    /// Effects that wait until what was recorded before them is on the disk, and why it is not.
    held: VecDeque<EffectOf<M>>,
    blocked: Option<String>,
    /// What was done without a record, and is being recorded, or could not be.
    notes: Vec<note::Noting>,
    late: Vec<note::Note>,
    /// The databases beside which it works; not looked at before its first step is begun.
    places: Option<Places>,
    /// Why nothing more is begun: they are not the same any more.
    astray: Option<String>,
    /// When the index was last told.
    put_at: i64,
    /// Somebody may ask: nothing that can block is done here.
    hears: bool,
    leasing: Option<Leasing>,
    /// Questions that are being recorded.
    asking: usize,
    /// Threads that answer, or write what nobody waits for.
    answering: Vec<JoinHandle<()>>,
}

/// A step that is begun, or runs; what is not known yet is `None`.
#[derive(Default)]
struct Step {
    processes: Option<super::step::Processes>,
    ingest: Option<Ingest>,
}

/// Supervises a run to its end. `taken` is called as soon as the run is in safe hands: its lock held, its journal begun.
/// Only the `first` supervisor begins a run: one that is found with nothing done was never promised to anybody.
/// `secrets` are those that came with the launch; `world` performs the effects that only this machine has. Returns at
/// once, and does nothing, if another supervisor lives.
pub fn run<M: Machine, W: World<M>>(
    store: &StateDir,
    mut spec: RunSpec,
    (machine, world): (M, W),
    first: bool,
    secrets: Option<Zeroizing<Vec<u8>>>,
    taken: impl FnOnce(),
) -> Result<(), SuperviseError> {
    let dir = store.run(spec.id);
    let Some(_lock) = Lock::try_take(&dir.lock())? else { return Ok(()) };
    let mut state = RunState::default();
    let mut last = 0;
    let (journal, cut) = Journal::open(&dir.journal(), |entry| {
        last = last.max(entry.ts);
        state.apply(entry);
    })?;
    clock::not_before(last);
    let own = own(&machine, &state, &dir)?;
    // Whoever is heard goes on with the run.
    let listener = super::control::listen(&dir)?;
    if spec.number.is_none() {
        // Of a run from before numbers it stands in control.db alone: its row is told it, too.
        let number = Control::open(store).and_then(|control| control.numbered(spec.id));
        spec.number = number.unwrap_or_else(|e| {
            tracing::warn!("{e}");
            None
        });
    }
    let (back, came) = mpsc::unbounded_channel();
    let (outcomes, acted) = mpsc::unbounded_channel();
    let mut supervisor = Supervisor {
        machine,
        world,
        control: None,
        rows: Rows::new(store.clone()),
        store: store.clone(),
        dir,
        spec,
        journal,
        state,
        own,
        values: values::held(secrets.as_ref()),
        secrets,
        steps: BTreeMap::new(),
        back,
        outcomes,
        snapshot_at: 0,
        held: VecDeque::new(),
        blocked: None,
        notes: Vec::new(),
        late: Vec::new(),
        places: None,
        astray: None,
        put_at: 0,
        hears: false,
        leasing: None,
        asking: 0,
        answering: Vec::new(),
    };
    supervisor.let_go();
    let resumed = !supervisor.journal.is_empty();
    if resumed {
        if supervisor.state.state.is_terminal() {
            // The last one died between the end and the tidying up; or it is no end.
            match super::ends::tell(&supervisor.machine, store, &supervisor.spec)?.doubt {
                Some(why) => supervisor.doubt(&why)?,
                None => supervisor.finish(),
            }
            return Ok(());
        }
        let torn =
            if cut > 0 { format!("; a torn line of {cut} bytes was cut from the journal") } else { String::new() };
        supervisor.record(Event::Resumed { why: format!("the supervisor was gone{torn}") })?;
        supervisor.count_votes()?;
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
    if let (true, Some(BreakGlass { reason, unrecorded })) = (first, supervisor.spec.break_glass.clone()) {
        supervisor.record(Event::BreakGlass { why: reason, what: unrecorded, action: None, by: None })?;
    }
    // What cannot be recorded is not begun: whoever launches it learns of that.
    if let (true, Some(why)) = (first, &supervisor.blocked) {
        return Err(io::Error::other(why.clone()).into());
    }
    taken();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(supervisor.main(effects, listener, came, acted));
    if let Some(why) = supervisor.astray.take().or_else(|| supervisor.journal.strayed().map(str::to_owned)) {
        supervisor.gone_astray(&why);
    }
    supervisor.let_go();
    // Left behind it would only look alive.
    let _ = std::fs::remove_file(supervisor.dir.control());
    result
}

/// What came of something that was done apart.
enum Came {
    /// The lease was asked for; the connection comes back.
    Lease(Option<Control>, Result<super::lease::Hold, crate::state::DbError>),
    /// A step was begun, or found.
    Begun(u32, io::Result<Begun>),
    Ended(u32, Exit),
    /// What somebody asks is in the ledger, or cannot be.
    Recorded(Box<Recorded>),
}

impl<M: Machine, W: World<M>> Supervisor<M, W> {
    fn came(&mut self, came: Came) -> Result<(), SuperviseError> {
        match came {
            Came::Lease(control, taken) => self.leased(control, taken),
            Came::Begun(step, begun) => self.begun(step, begun?),
            Came::Ended(step, exit) => self.ended(step, &exit),
            Came::Recorded(recorded) => self.recorded(*recorded),
        }
    }

    async fn main(
        &mut self,
        begin: Vec<EffectOf<M>>,
        listener: std::os::unix::net::UnixListener,
        mut came: mpsc::UnboundedReceiver<Came>,
        mut acted: mpsc::UnboundedReceiver<M::Outcome>,
    ) -> Result<(), SuperviseError> {
        // Without a terminal nobody sends it for a reason; the login's end must not end the run.
        let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
        let mut asked = serve::listen(listener)?;
        self.hears = true;
        self.settle(begin)?;
        let mut over: Option<Instant> = None;
        loop {
            if self.state.state.is_terminal() && self.is_written() {
                let since = *over.get_or_insert_with(Instant::now);
                if !self.is_waiting() || since.elapsed() > LAST {
                    break;
                }
            }
            let pause = if self.steps.is_empty() { QUEUE } else { LOOK };
            tokio::select! {
                Some(came) = came.recv() => self.came(came)?,
                Some(outcome) = acted.recv() => {
                    self.world.arrived(&outcome);
                    let effects = self.decide(&Input::Own(outcome));
                    self.settle(effects)?;
                }
                Some(question) = asked.recv() => self.answer(question)?,
                _ = hangup.recv() => {}
                () = tokio::time::sleep(pause) => self.tick()?,
            }
        }
        self.hears = false;
        self.finish();
        asked.close().await;
        Ok(())
    }

    fn tick(&mut self) -> Result<(), SuperviseError> {
        match self.journal.check() {
            Err(e) if self.journal.strayed().is_some() => return Err(e.into()),
            Err(e) => tracing::warn!("{e}"),
            Ok(()) => {}
        }
        self.hold_places()?;
        self.heed_all()?;
        let now = now();
        let before = self.state.state;
        for ingest in self.steps.values_mut().filter_map(|step| step.ingest.as_mut()) {
            // What could not be written is written at the next look.
            if let Err(e) = ingest.pump(&mut self.journal, &mut self.state, now, false) {
                block(&mut self.blocked, &e);
            }
        }
        // What Ansible reports also moves the run; counts of failed hosts may lag a second behind.
        if self.state.state != before || now - self.put_at > ROW_EVERY {
            self.put_row();
        }
        if self.journal.seq() > self.snapshot_at + SNAPSHOT_EVERY {
            self.snapshot();
        }
        self.settle(Vec::new())
    }

    /// Performs, then asks what is to be done now, until nothing is news any more. While nothing can be written only what
    /// was stopped goes on to its end.
    fn settle(&mut self, effects: Vec<EffectOf<M>>) -> Result<(), SuperviseError> {
        self.perform(effects)?;
        loop {
            if !self.is_written() && !self.machine.is_stopping(&self.state, &self.own) {
                return Ok(());
            }
            let seq = self.journal.seq();
            let effects = self.decide(&Input::Tick);
            self.perform(effects)?;
            if self.journal.seq() == seq || self.state.state.is_terminal() {
                return Ok(());
            }
        }
    }

    fn consider(&self, input: &InputOf<'_, M>) -> Decision<M> {
        self.machine.decide(&self.state, &self.own, input, now())
    }

    fn decide(&self, input: &InputOf<'_, M>) -> Vec<EffectOf<M>> {
        match self.consider(input) {
            Ok(effects) => effects,
            Err(refusal) => {
                tracing::warn!("refused: {refusal}");
                Vec::new()
            }
        }
    }

    /// In order. What begins something waits until all that was recorded is on the disk; what stops something does not.
    fn perform(&mut self, effects: Vec<EffectOf<M>>) -> Result<(), SuperviseError> {
        let mut queue: Vec<EffectOf<M>> = Vec::new();
        if self.machine.is_stopping(&self.state, &self.own) {
            queue.extend(self.overtake());
        }
        if self.is_written() {
            queue.extend(self.held.drain(..));
        }
        queue.extend(effects);
        for effect in queue {
            let begins = match &effect {
                Effect::TakeLease { .. } | Effect::Start { .. } => true,
                Effect::Act(effect) => !self.machine.is_free(&self.own, effect),
                _ => false,
            };
            if begins && !self.is_written() {
                self.hold(effect);
                continue;
            }
            match effect {
                Effect::Record(event) => self.record(event)?,
                Effect::RecordOwn(event, with) => self.record_own(&event, with)?,
                Effect::TakeLease { force } => self.take_lease(force),
                Effect::Start { step, child } => self.start(step, child, true),
                Effect::Find { step } => self.start(step, None, false),
                Effect::FreeLease => self.free_lease(),
                Effect::Take { step, rung } => self.take(step, rung)?,
                Effect::Act(effect) => self.world.act(&self.state, &self.own, effect, &self.outcomes),
            }
        }
        Ok(())
    }

    /// What waited to begin does not begin after a stop: a step is looked for, and found not to have begun; of the rest the
    /// machine learns that it was not done.
    fn overtake(&mut self) -> Vec<EffectOf<M>> {
        let mut instead = Vec::new();
        for effect in std::mem::take(&mut self.held) {
            match effect {
                Effect::Start { step, .. } => instead.push(Effect::Find { step }),
                Effect::Act(act) => match self.machine.overtaken(&self.own, &act) {
                    Some(outcome) => instead.extend(self.decide(&Input::Own(outcome))),
                    None => self.held.push_back(Effect::Act(act)),
                },
                other => self.held.push_back(other),
            }
        }
        instead
    }

    /// Keeps an effect until what was recorded is on the disk. What is asked again at every tick is not kept twice.
    fn hold(&mut self, effect: EffectOf<M>) {
        if !matches!(effect, Effect::TakeLease { .. }) && !self.held.contains(&effect) {
            self.held.push_back(effect);
        }
    }

    /// True if all that was recorded is on the disk; tries to get it there.
    fn is_written(&mut self) -> bool {
        if self.blocked.is_some() {
            match self.journal.commit() {
                Ok(()) => {
                    tracing::warn!("the journal can be written again");
                    self.blocked = None;
                }
                Err(e) => block(&mut self.blocked, &e),
            }
        }
        self.blocked.is_none()
    }

    fn record(&mut self, event: Event<'static>) -> io::Result<()> {
        self.write(now(), [event])
    }

    /// An event of the machine's own and those that go with it, in one writing: no death comes between them.
    fn record_own(&mut self, event: &M::Event, with: Vec<Event<'static>>) -> io::Result<()> {
        let now = now();
        let body = Json(serde_json::to_string(event)?);
        self.write(now, std::iter::once(Event::Own { body }).chain(with))?;
        self.machine.apply(&mut self.own, now, event);
        Ok(())
    }

    /// Journal, disk, fold, index: in this order. What does not get onto the disk stays in memory, and is tried again.
    fn write(&mut self, now: i64, events: impl IntoIterator<Item = Event<'static>>) -> io::Result<()> {
        let before = (self.state.state, self.state.phases.len());
        for event in events {
            let entry = self.journal.push(now, event)?;
            self.state.apply(&entry);
        }
        match self.journal.commit() {
            Err(e) if self.journal.strayed().is_some() => return Err(e),
            Err(e) => block(&mut self.blocked, &e),
            Ok(()) => {}
        }
        if (self.state.state, self.state.phases.len()) != before {
            self.put_row();
        }
        Ok(())
    }

    fn ended(&mut self, step: u32, exit: &Exit) -> Result<(), SuperviseError> {
        if let Some(ingest) = self.steps.get_mut(&step).and_then(|step| step.ingest.as_mut())
            && let Err(e) = ingest.pump(&mut self.journal, &mut self.state, now(), true)
        {
            block(&mut self.blocked, &e);
        }
        self.heed(rungs::word(&self.dir.step(step).stop()))?;
        let evidence = evidence(&self.dir.step(step));
        let effects = self.decide(&Input::Exited { step, exit, evidence: &evidence });
        self.steps.remove(&step);
        self.settle(effects)
    }

    /// Votes in the journal count only with their row in the ledger: what somebody else wrote there is taken back.
    fn count_votes(&mut self) -> Result<(), SuperviseError> {
        let votes = self.machine.votes(&self.own);
        if votes.is_empty() {
            return Ok(());
        }
        let founded = asked::votes(&self.store, self.spec.id, &votes).map_err(io::Error::other)?;
        let taken_back: Vec<M::Event> =
            (0..votes.len()).filter(|n| !founded[*n]).filter_map(|n| self.machine.unfounded(&self.own, n)).collect();
        for event in taken_back {
            tracing::error!(
                "run {}: an approval in its journal has no row in the ledger: it does not count",
                self.spec.id
            );
            self.record_own(&event, Vec::new())?;
        }
        Ok(())
    }
}

/// Says once why nothing is begun.
fn block(blocked: &mut Option<String>, e: &io::Error) {
    let why = format!("{e}: nothing more is begun until it can be written");
    if blocked.as_ref() != Some(&why) {
        tracing::error!("{why}");
        *blocked = Some(why);
    }
}

/// How long something lasts is counted from what the journal says, whoever sets the wall clock meanwhile.
fn now() -> i64 {
    clock::steady()
}

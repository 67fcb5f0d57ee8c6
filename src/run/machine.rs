//! What a kind of run must know: a pure function from what happened to what is to be done. No clock, no disk, no
//! process in here. The supervisor performs the effects and knows no kind of run; effects that only one kind has are
//! performed by that kind's [`World`].

use super::event::{Event, Rung, StopLevel};
use super::journal::JournalError;
use super::state::RunState;
use super::step::StepCommand;
use super::verdict::{Evidence, Exit};
use crate::audit::Action;
use crate::state::RunDir;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::mpsc::UnboundedSender;
use uuid::Uuid;

/// What happened. `O` and `C` are the machine's own outcomes and commands.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a, O = Never, C = Never> {
    /// A supervisor took over: the first one, or one after another's death.
    Begin,
    LeaseGot {
        token: i64,
    },
    /// Another run holds the hosts.
    LeaseHeld {
        by: String,
        why: String,
    },
    /// Whether another run holds the hosts cannot be told.
    LeaseUnknown {
        /// Why not.
        why: String,
    },
    Started {
        step: u32,
        pid: u32,
    },
    /// The child ended (or never began), and all that it reported was taken in.
    Exited {
        step: u32,
        exit: &'a Exit,
        /// What else tells how it went.
        evidence: &'a Evidence,
    },
    Stop {
        level: StopLevel,
        by: &'a Asker,
    },
    /// Time went by. Comes at least twice a second, and after every other input until a tick records nothing.
    Tick,
    /// An effect of the machine's own came to this.
    Own(O),
    /// Somebody asks for what only this machine knows.
    Asked {
        command: C,
        by: &'a Asker,
    },
}

/// Who asks, by the kernel's word for the other end of the control socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    pub uid: u32,
    /// Name, and in brackets what they call themselves where that differs.
    pub name: String,
    /// The row of the ledger in which it is recorded that they ask.
    pub row: Option<Uuid>,
}

/// What somebody said that counts only with its row in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    pub action: Action,
    /// The row; `None`: said under version 0.1, which wrote the row but not which one.
    pub row: Option<Uuid>,
    /// Name of the user that the kernel named.
    pub by: String,
}

/// What is to be done, in order. `E` and `X` are the machine's own events and effects.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect<E = Never, X = Never> {
    /// Append to the journal, fold, wait for the disk.
    Record(Event<'static>),
    /// Likewise for an event of the machine's own, and in the same breath for what it means to every reader of runs.
    RecordOwn(E, Vec<Event<'static>>),
    /// Try to get the lease; [`Input::LeaseGot`], [`Input::LeaseHeld`] or [`Input::LeaseUnknown`] follows.
    TakeLease {
        /// Break that of another run: a person asked for it.
        force: bool,
    },
    /// Start a step, or find the one that was started: [`Input::Started`] or [`Input::Exited`] follows.
    Start {
        /// Step (from 1).
        step: u32,
        /// What it starts; `None`: the launcher wrote it down.
        child: Option<Box<StepCommand>>,
    },
    /// Find a step that was started, and never start it: [`Input::Started`] or [`Input::Exited`] follows. For what must not
    /// be done a second time, nor late.
    Find { step: u32 },
    /// Give the lease back: nothing is done to the hosts any more, for now.
    FreeLease,
    /// Take a rung of the stop ladder: first done, then recorded.
    Take { step: u32, rung: Rung },
    /// What only this machine's [`World`] can do; [`Input::Own`] follows, where something comes of it.
    Act(X),
}

/// There is none: for machines without events, effects, outcomes or commands of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Never {}

/// Why something that was asked is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

pub trait Machine {
    /// What it records beside what every run records.
    type Event: Serialize + DeserializeOwned + PartialEq;
    /// What its own events fold to.
    type State: Default;
    /// What it wants done beside what every run wants.
    type Effect: PartialEq;
    type Outcome: Send + 'static;
    /// What people can ask of it, beside to stop.
    type Command: DeserializeOwned;

    /// Folds an event of its own. `ts` in Unix milliseconds.
    fn apply(&self, own: &mut Self::State, ts: i64, event: &Self::Event);

    /// What to do about `input`, given what the journal says. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// A refusal that says why; then nothing is done.
    fn decide(&self, run: &RunState, own: &Self::State, input: &InputOf<'_, Self>, now: i64) -> Decision<Self>;

    /// What a command is in the ledger's terms, and in words.
    fn recorded(&self, command: &Self::Command) -> (Action, String);

    /// True while the run is being stopped: that goes on although nothing can be recorded.
    fn is_stopping(&self, run: &RunState, _: &Self::State) -> bool {
        run.stop.is_some()
    }

    /// True for an effect that needs no record before it: it changes nothing, or puts back what a stop must not leave as it is.
    fn is_free(&self, _: &Self::State, _: &Self::Effect) -> bool {
        false
    }

    /// What comes of an effect that a stop overtook before it was begun; `None`: it is done all the same.
    fn overtaken(&self, _: &Self::State, _: &Self::Effect) -> Option<Self::Outcome> {
        None
    }

    /// True for a command that only stops or holds: it is carried out first and recorded then.
    fn halts(&self, _: &Self::Command) -> bool {
        false
    }

    /// True for a command that `--break-glass` puts through where the ledger cannot take it.
    fn breaks_glass(&self, _: &Self::Command) -> bool {
        false
    }

    /// What the journal says that people said, and that only counts with its row in the ledger.
    fn votes(&self, _: &Self::State) -> Vec<Vote> {
        Vec::new()
    }

    /// The event that takes back a vote (by its place among [`Machine::votes`]) which the ledger does not know.
    fn unfounded(&self, _: &Self::State, _vote: usize) -> Option<Self::Event> {
        None
    }

    /// People who agreed that it is done, for the ledger.
    fn approved_by(&self, _: &Self::State) -> Vec<String> {
        Vec::new()
    }
}

/// The inputs of a machine.
pub type InputOf<'a, M> = Input<'a, <M as Machine>::Outcome, <M as Machine>::Command>;
/// The effects of a machine.
pub type EffectOf<M> = Effect<<M as Machine>::Event, <M as Machine>::Effect>;
pub type Decision<M> = Result<Vec<EffectOf<M>>, Refusal>;

/// Performs a machine's own effects.
pub trait World<M: Machine> {
    /// Begins to do it and returns at once; what comes of it goes to `back`, in whatever order things end.
    fn act(&mut self, run: &RunState, own: &M::State, effect: M::Effect, back: &UnboundedSender<M::Outcome>);

    /// An outcome has arrived and is about to be decided on: what it came from is under way no more.
    fn arrived(&mut self, outcome: &M::Outcome);

    /// Passwords that died with an earlier supervisor, by name, and that something still waits for.
    fn lost(&self) -> &[String] {
        &[]
    }

    fn given(&mut self) {}
}

/// What is said where the thread of a job panicked.
pub const BROKEN: &str =
    "it cannot be told: opsdeck itself failed at it (supervisor.log in the run's folder says more)";

/// What a job of a [`World`] comes to; `None`: its thread panicked, and said so in the run's log. No job stays under way for ever.
pub fn whole<T>(job: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(job)).ok()
}

/// The world of a machine without effects of its own.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl<M: Machine<Effect = Never>> World<M> for Nothing {
    fn act(&mut self, _: &RunState, _: &M::State, effect: Never, _: &UnboundedSender<M::Outcome>) {
        match effect {}
    }

    fn arrived(&mut self, _: &M::Outcome) {}
}

/// The machine's own state, from its own events.
pub fn own<M: Machine>(machine: &M, state: &RunState, dir: &RunDir) -> Result<M::State, JournalError> {
    let mut own = M::State::default();
    for (ts, json) in &state.own {
        let event = serde_json::from_str(json).map_err(|e| {
            tracing::error!("an event of the run's machine is not known to this one: {e}: {json}");
            JournalError::Newer { path: dir.journal() }
        })?;
        machine.apply(&mut own, *ts, &event);
    }
    Ok(own)
}

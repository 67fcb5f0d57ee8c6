//! Whether the end that a journal tells of can be its run's: its own machine must come to it from what was before, nothing of
//! it may be at work, and what it says beyond that needs a person's row in the ledger. Alone, under one uid, this is evidence,
//! not a barrier: whoever forges every event of a run forges its end with them.

use super::asked;
use super::event::{Entry, Event};
use super::journal::{JournalError, Reader};
use super::machine::{Effect, EffectOf, Input, InputOf, Machine, own};
use super::spec::RunSpec;
use super::state::{RunState, State};
use super::supervise::attach::{self, Found};
use super::supervise::evidence;
use crate::state::{RunDir, StateDir, tree};
use std::io;

/// What a run's own machine says of its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    pub approvals: Vec<String>,
    /// Why it cannot be its end; `None`: it can.
    pub doubt: Option<String>,
}

/// Holds the end of a run against what its machine would have done. Nobody supervises it.
///
/// # Errors
/// Its journal cannot be read, or tells of no end; the ledger cannot be read.
pub fn tell<M: Machine>(machine: &M, store: &StateDir, spec: &RunSpec) -> Result<Told, JournalError> {
    let dir = store.run(spec.id);
    let (mut whole, mut begins, mut at) = (RunState::default(), 0, 0);
    let mut of_its_own = false;
    read(&dir, |entry| {
        // The end itself; for a machine with events of its own, the one of them that it goes with.
        match entry.event {
            _ if whole.state.is_terminal() => {}
            Event::Own { .. } => (begins, at, of_its_own) = (entry.seq, entry.ts, true),
            Event::Ended { .. } if !of_its_own => (begins, at) = (entry.seq, entry.ts),
            _ => {}
        }
        whole.apply(entry);
    })?;
    if !whole.state.is_terminal() {
        return Err(io::Error::other(format!("{} tells of no end", dir.journal().display())).into());
    }
    let mut before = RunState::default();
    read(&dir, |entry| {
        if entry.seq < begins {
            before.apply(entry);
        }
    })?;
    let approvals = machine.approved_by(&own(machine, &whole, &dir)?);
    let why = Judged { machine, store, dir: &dir, spec, whole: &whole, before: &before, at }.doubt()?;
    let doubt = why.map(|why| {
        format!("{} says that it ended ({}), which is not believed: {why}", dir.journal().display(), whole.state_name())
    });
    Ok(Told { approvals, doubt })
}

fn read(dir: &RunDir, each: impl FnMut(&Entry<'_>)) -> Result<(), JournalError> {
    Reader::open(&dir.journal())?.read(each).map(drop)
}

struct Judged<'a, M> {
    machine: &'a M,
    store: &'a StateDir,
    dir: &'a RunDir,
    spec: &'a RunSpec,
    whole: &'a RunState,
    before: &'a RunState,
    at: i64,
}

impl<M: Machine> Judged<'_, M> {
    fn doubt(&self) -> Result<Option<String>, JournalError> {
        let mut ends = Vec::new();
        for step in self.whole.steps.keys() {
            match attach::look(&self.dir.step(*step), &tree::mark(&self.spec.id.to_string(), *step)) {
                Found::Ended(exit) => ends.push((*step, exit)),
                Found::Nothing => {}
                Found::Running(_) | Found::Starting => return Ok(Some(format!("its step {step} is at work"))),
                Found::Unknown(why) => {
                    return Ok(Some(format!("whether its step {step} is at work cannot be told: {why}")));
                }
            }
        }
        let well = self.whole.state == State::Succeeded;
        if !well && self.before.steps.is_empty() {
            // Nothing was begun: there is nothing that could have come to another end.
            return Ok(None);
        }
        let before = own(self.machine, self.before, self.dir)?;
        let comes = |input: &InputOf<'_, M>| {
            let effects = self.machine.decide(self.before, &before, input, self.at);
            effects.is_ok_and(|effects| effects.iter().any(|effect| self.is_the_end(effect)))
        };
        let exited = |(step, exit): &(u32, _)| {
            let evidence = evidence(&self.dir.step(*step));
            comes(&Input::Exited { step: *step, exit, evidence: &evidence })
        };
        if comes(&Input::Tick) || ends.iter().any(exited) {
            return Ok(None);
        }
        if !well && asked::was_asked(self.store, self.spec.id).map_err(io::Error::other)? {
            return Ok(None);
        }
        Ok(Some(format!("it was {} before, and nothing there leads to it", self.before.state_name().replace('_', " "))))
    }

    fn is_the_end(&self, effect: &EffectOf<M>) -> bool {
        let is = |event: &Event<'_>| matches!(event, Event::Ended { state, .. } if *state == self.whole.state);
        match effect {
            Effect::Record(event) => is(event),
            Effect::RecordOwn(_, with) => {
                let named = |event: &Event<'_>| match event {
                    Event::Phase { name, .. } => Some(name.clone()),
                    _ => None,
                };
                with.iter().any(is) && with.iter().find_map(named) == self.whole.phase
            }
            _ => false,
        }
    }
}

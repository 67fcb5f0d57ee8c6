//! What was done before it was recorded, and is recorded now: on a thread of its own, and late where the ledger does not take
//! it at once.

use super::Supervisor;
use super::serve::Question;
use crate::run::event::StopLevel;
use crate::run::machine::{Machine, World};
use crate::run::rungs::Stopped;
use crate::run::spec::RunSpec;
use crate::run::{asked, ledger};
use crate::state::StateDir;
use crate::state::operator::Operator;
use serde_json::Value;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use uuid::Uuid;

/// What was done and has to be recorded.
#[derive(Debug, Clone)]
pub struct Note {
    pub(super) what: What,
    pub(super) uid: u32,
    pub(super) pid: u32,
    /// And by their own word.
    pub(super) said: Option<Operator>,
    /// Where whoever asked recorded it.
    pub(super) row: Option<Uuid>,
    /// What a stop is called in the ledger.
    pub(super) ask: Option<Uuid>,
    /// Why it was not done.
    pub(super) refused: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    Stop(StopLevel),
    Own { action: crate::audit::Action, words: String, body: Value },
}

/// A note that is being written; gives it back where it could not be.
pub type Noting = JoinHandle<Option<Note>>;

impl Note {
    /// Writes it, as an intent and its outcome, unless whoever asked did.
    fn write(&self, store: &StateDir, spec: &RunSpec) -> Result<(), crate::audit::Error> {
        // Whoever was not heard in time asks again: the same stop is written once.
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        if asked::is_recorded(store, spec.id, self.row)? || ledger::is_stop_recorded(store, spec.id, self.ask)? {
            return Ok(());
        }
        let by = Question::operator(self.uid, self.pid, self.said.as_ref());
        match &self.what {
            What::Stop(level) => {
                let row = ledger::stopping(store, spec, &by, *level, self.ask)?;
                ledger::stopped(store, spec, &by, row, self.refused.clone())
            }
            What::Own { action, words, body } => {
                let what = asked::Asked { action: *action, words, body };
                let row = asked::asking_late(store, spec, &by, what)?;
                asked::asked(store, spec, &by, row, what, self.refused.clone())
            }
        }
    }
}

impl<M: Machine, W: World<M>> Supervisor<M, W> {
    pub(super) fn note(&self, question: &Question, what: What, said: Option<&Operator>) -> Note {
        Note {
            what,
            uid: question.by.uid,
            pid: question.pid,
            said: said.cloned(),
            row: question.by.row,
            ask: None,
            refused: None,
        }
    }

    /// On a thread of its own: nothing that must be heard waits for the ledger.
    pub(super) fn put_down(&mut self, note: Note) -> oneshot::Receiver<Option<String>> {
        let (tell, told) = oneshot::channel();
        let (store, spec) = (self.store.clone(), self.spec.clone());
        self.reap();
        self.notes.push(std::thread::spawn(move || {
            let written = note.write(&store, &spec);
            // Who asked may wait no more.
            let _ = tell.send(written.as_ref().err().map(ToString::to_string));
            written.is_err().then_some(note)
        }));
        told
    }

    /// What somebody did beside this run's supervisor is recorded, unless they could do so themselves.
    pub(super) fn note_beside(&mut self, word: Stopped, refused: Option<String>) {
        let Stopped { level, by, ask } = word;
        let (uid, pid) = (rustix::process::geteuid().as_raw(), 0);
        drop(self.put_down(Note {
            what: What::Stop(level),
            uid,
            pid,
            said: Some(by),
            row: None,
            ask: Some(ask),
            refused,
        }));
    }

    /// Keeps no thread that has ended: whoever asks again and again costs nothing that stays.
    pub(super) fn reap(&mut self) {
        self.answering.retain(|thread| !thread.is_finished());
        let (ended, at_work) = std::mem::take(&mut self.notes).into_iter().partition(JoinHandle::is_finished);
        self.notes = at_work;
        self.late.extend(ended.into_iter().filter_map(written));
    }

    /// Whatever was done and could not be recorded then is recorded late; false if some of it still is not.
    pub(super) fn note_late(&mut self) -> bool {
        let late = std::mem::take(&mut self.late).into_iter();
        let notes: Vec<Note> = late.chain(std::mem::take(&mut self.notes).into_iter().filter_map(written)).collect();
        let mut all = true;
        for note in notes {
            if let Err(e) = note.write(&self.store, &self.spec) {
                all = false;
                tracing::error!("the audit ledger did not take a stop of run {}: {e}", self.spec.id);
            }
        }
        all
    }
}

/// What could not be written. A thread that panicked is known by its own last words.
fn written(noting: Noting) -> Option<Note> {
    noting.join().unwrap_or_default()
}

//! What a supervisor answers on its socket. To stop needs no record first: it is done, then recorded. Everything else is in the
//! ledger before it is done. Both are recorded on threads of their own.

use super::note::{Note, What};
use super::serve::Question;
use super::{Came, SuperviseError, Supervisor, values};
use crate::ansible::secrets::Secrets;
use crate::audit::{self, Action};
use crate::run::control::Command;
use crate::run::event::Event;
use crate::run::machine::{Asker, Decision, Input, Machine, Refusal, World};
use crate::run::{RunSpec, asked};
use crate::state::StateDir;
use crate::state::operator::Operator;
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// How long whoever asked to stop waits for its record: it is done whether or not it is recorded.
const RECORD: Duration = Duration::from_millis(500);

/// What somebody asks, and its row in the ledger.
pub(super) struct Recorded {
    question: Question,
    body: Value,
    action: Action,
    words: String,
    /// The row that was written for whoever asks, and who that is; `None`: they wrote it.
    row: Result<Option<(Uuid, Operator)>, audit::Error>,
}

impl Recorded {
    fn new(store: &StateDir, spec: &RunSpec, question: Question, action: Action, words: String) -> Recorded {
        let (body, from) = match &question.command {
            Command::Own { body, from, .. } => (body.clone(), from.as_deref()),
            _ => (Value::Null, None),
        };
        let row = match asked::is_recorded(store, spec.id, question.by.row) {
            Ok(true) => Ok(None),
            Ok(false) => {
                let operator = Question::operator(question.by.uid, question.pid, from);
                let what = asked::Asked { action, words: &words, body: &body };
                asked::asking(store, spec, &operator, what, audit::PATIENCE).map(|id| Some((id, operator)))
            }
            Err(e) => Err(e),
        };
        Recorded { question, body, action, words, row }
    }
}

impl<M: Machine, W: World<M>> Supervisor<M, W> {
    pub(super) fn answer(&mut self, question: Question) -> Result<(), SuperviseError> {
        match &question.command {
            Command::Ping => question.reply(true, self.state.state_name()),
            Command::Version => question.reply(true, env!("CARGO_PKG_VERSION")),
            Command::Give => self.given(question),
            Command::Values { names, fifo, by } => {
                let (names, fifo, by) = (names.clone(), *fifo, Operator::clone(by));
                self.hand_out(question, names, fifo, by);
            }
            Command::Stop { level, ask, from, .. } => {
                let note = Note { ask: *ask, ..self.note(&question, What::Stop(*level), from.as_deref()) };
                let decision = self.consider(&Input::Stop { level: *level, by: &question.by });
                self.halt(question, decision, note)?;
            }
            Command::Own { body, from, glass, .. } => {
                let command: M::Command = match serde_json::from_value(body.clone()) {
                    Ok(command) => command,
                    Err(e) => {
                        question.reply(false, &format!("nothing that this run can be asked for: {e}"));
                        return Ok(());
                    }
                };
                let (action, words) = self.machine.recorded(&command);
                if self.machine.halts(&command) {
                    let note = What::Own { action, words, body: body.clone() };
                    let note = self.note(&question, note, from.as_deref());
                    let decision = self.consider(&Input::Asked { command, by: &question.by });
                    return self.halt(question, decision, note);
                }
                if let Some(why) = glass.clone() {
                    return self.break_glass(question, (command, action, words), why);
                }
                self.record_first(question, action, words);
            }
        }
        Ok(())
    }

    /// What is asked although the ledger cannot take it: in the journal first, in the ledger late.
    fn break_glass(
        &mut self,
        question: Question,
        (command, action, words): (M::Command, Action, String),
        why: String,
    ) -> Result<(), SuperviseError> {
        let Command::Own { body, from, .. } = &question.command else { return Ok(()) };
        if !self.machine.breaks_glass(&command) {
            question.reply(false, "this is not done without its record, for no reason");
            return Ok(());
        }
        if !self.is_written() {
            let blocked = self.blocked.clone().unwrap_or_default();
            question.reply(false, &format!("it is not done, since not even the run's journal takes it: {blocked}"));
            return Ok(());
        }
        let mut body = body.clone();
        if let Some(body) = body.as_object_mut() {
            body.insert("break_glass".to_owned(), why.clone().into());
        }
        let note = self.note(&question, What::Own { action, words, body }, from.as_deref());
        let (action, by) = (Some(action.name().to_owned()), Some(question.by.name.clone()));
        self.record(Event::BreakGlass { why, what: None, action, by })?;
        let decision = self.consider(&Input::Asked { command, by: &question.by });
        self.halt(question, decision, note)
    }

    fn halt(&mut self, question: Question, decision: Decision<M>, note: Note) -> Result<(), SuperviseError> {
        let effects = match decision {
            Ok(effects) => effects,
            Err(refusal) => {
                question.reply(false, &refusal.0);
                drop(self.put_down(Note { refused: Some(refusal.0), ..note }));
                return Ok(());
            }
        };
        self.settle(effects)?;
        let told = self.put_down(note);
        let state = self.state.state_name().to_owned();
        tokio::spawn(async move {
            let late = "the audit ledger takes its time".to_owned();
            let unrecorded = match tokio::time::timeout(RECORD, told).await {
                Ok(Ok(unrecorded)) => unrecorded,
                Ok(Err(_)) | Err(_) => Some(late),
            };
            question.done(state, unrecorded);
        });
        Ok(())
    }

    /// What only this run's machine knows is asked for. It is in the ledger before it is done: where whoever asks did not
    /// write the row, it is written here, with the kernel's word for who it is.
    fn record_first(&mut self, question: Question, action: Action, words: String) {
        self.asking += 1;
        self.reap();
        let (store, spec, back) = (self.store.clone(), self.spec.clone(), self.back.clone());
        std::thread::spawn(move || {
            let recorded = Recorded::new(&store, &spec, question, action, words);
            // Nobody takes it in only where the supervisor has ended: then nobody is answered, either.
            let _ = back.send(Came::Recorded(Box::new(recorded)));
        });
    }

    /// It is decided on; whoever asks learns how when that is in the ledger, too.
    pub(super) fn recorded(&mut self, recorded: Recorded) -> Result<(), SuperviseError> {
        self.asking -= 1;
        let Recorded { question, body, action, words, row } = recorded;
        let row = match row {
            Ok(row) => row,
            Err(e) => {
                question.reply(false, &format!("it is not done, since it cannot be recorded: {e}"));
                return Ok(());
            }
        };
        let by = Asker { row: row.as_ref().map_or(question.by.row, |(id, _)| Some(*id)), ..question.by.clone() };
        let decision = match serde_json::from_value::<M::Command>(body.clone()) {
            Ok(command) => self.consider(&Input::Asked { command, by: &by }),
            Err(e) => Err(Refusal(e.to_string())),
        };
        let refused = decision.as_ref().err().map(ToString::to_string);
        if let Ok(effects) = decision {
            self.settle(effects)?;
        }
        let state = self.state.state_name().to_owned();
        let (store, spec) = (self.store.clone(), self.spec.clone());
        self.answering.push(std::thread::spawn(move || {
            if let Some((id, operator)) = row {
                let what = asked::Asked { action, words: &words, body: &body };
                if let Err(e) = asked::asked(&store, &spec, &operator, id, what, refused.clone()) {
                    tracing::error!(
                        "the audit ledger could not take the outcome of what run {} was asked: {e}",
                        spec.id
                    );
                }
            }
            match refused {
                Some(why) => question.reply(false, &why),
                None => question.reply(true, &state),
            }
        }));
        Ok(())
    }

    /// Passwords again: all that are missing, or none.
    fn given(&mut self, mut question: Question) {
        let brought = std::mem::take(&mut question.brought);
        let secrets = match Secrets::read_from(&mut brought.as_slice()) {
            Ok(secrets) => secrets,
            Err(e) => return question.reply(false, &e.to_string()),
        };
        let lost = self.world.lost();
        let has = |name: &str| secrets.names().any(|given| given.to_string() == name);
        let missing: Vec<&str> = lost.iter().map(String::as_str).filter(|name| !has(name)).collect();
        match (lost.is_empty(), missing.is_empty()) {
            (true, _) => question.reply(false, "none of its passwords is missing"),
            (_, false) => question.reply(false, &format!("it also needs {}: give all at once", missing.join(", "))),
            (false, true) => {
                self.values = values::held(Some(&brought));
                self.secrets = Some(brought);
                self.world.given();
                question.reply(true, self.state.state_name());
            }
        }
    }
}

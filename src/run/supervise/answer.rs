//! What a supervisor answers on its socket. To stop needs no record first: it is done, then recorded, on a thread of its
//! own. Everything else is in the ledger before it is done.

use super::note::{Note, What};
use super::serve::Question;
use super::{SuperviseError, Supervisor, values};
use crate::ansible::secrets::Secrets;
use crate::run::control::Command;
use crate::run::ledger;
use crate::run::machine::{Asker, Decision, Input, Machine, Refusal, World};
use crate::state::operator::Operator;
use serde_json::Value;
use std::time::Duration;

/// How long whoever asked to stop waits for its record: it is done whether or not it is recorded.
const RECORD: Duration = Duration::from_millis(500);

impl<M: Machine, W: World<M>> Supervisor<M, W> {
    pub(super) fn answer(&mut self, question: Question) -> Result<(), SuperviseError> {
        match &question.command {
            Command::Ping => question.reply(true, self.state.state_name()),
            Command::Version => question.reply(true, env!("CARGO_PKG_VERSION")),
            Command::Give => self.given(question),
            Command::Values { names, fifo, by } => {
                let (names, fifo, by) = (names.clone(), *fifo, Operator::clone(by));
                self.hand_out(question, &names, fifo, by);
            }
            Command::Stop { level, ask, from, .. } => {
                let note = Note { ask: *ask, ..self.note(&question, What::Stop(*level), from.as_deref()) };
                let decision = self.consider(&Input::Stop { level: *level, by: &question.by });
                self.halt(question, decision, note)?;
            }
            Command::Own { body, from, .. } => {
                let command: M::Command = match serde_json::from_value(body.clone()) {
                    Ok(command) => command,
                    Err(e) => {
                        question.reply(false, &format!("nothing that this run can be asked for: {e}"));
                        return Ok(());
                    }
                };
                if self.machine.halts(&command) {
                    let (action, words) = self.machine.recorded(&command);
                    let note = What::Own { action, words, body: body.clone() };
                    let note = self.note(&question, note, from.as_deref());
                    let decision = self.consider(&Input::Asked { command, by: &question.by });
                    return self.halt(question, decision, note);
                }
                match self.asked(command, body, from.as_deref(), &question) {
                    Ok(effects) => {
                        self.settle(effects)?;
                        question.reply(true, self.state.state_name());
                    }
                    Err(refusal) => question.reply(false, &refusal.0),
                }
            }
        }
        Ok(())
    }

    /// First done, then recorded.
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
    fn asked(&self, command: M::Command, body: &Value, said: Option<&Operator>, question: &Question) -> Decision<M> {
        let unwritten = |e: crate::audit::Error| Refusal(format!("it is not done, since it cannot be recorded: {e}"));
        if ledger::is_recorded(&self.store, self.spec.id, question.by.row).map_err(unwritten)? {
            return self.consider(&Input::Asked { command, by: &question.by });
        }
        let operator = Question::operator(question.by.uid, question.pid, said);
        let (action, words) = self.machine.recorded(&command);
        let what = ledger::Asked { action, words: &words, body };
        let row = ledger::asking(&self.store, &self.spec, &operator, what).map_err(unwritten)?;
        let by = Asker { row: Some(row), ..question.by.clone() };
        let decision = self.consider(&Input::Asked { command, by: &by });
        let refused = decision.as_ref().err().map(ToString::to_string);
        if let Err(e) = ledger::asked(&self.store, &self.spec, &operator, row, what, refused) {
            tracing::error!("the audit ledger could not take the outcome of what run {} was asked: {e}", self.spec.id);
        }
        decision
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

//! What people decide and do: launching and stopping runs, lines, silences, breakers, incidents, the state directory itself.

use super::{Acting, now};
use crate::audit::Redaction;
use crate::health::breaker::{self, Breaker, Input, Key, SayError};
use crate::health::silence::{self, SilenceError, Word};
use crate::recovery::incident::Incident;
use crate::recovery::{self, PersonError};
use crate::release::line::{self, LineError, Turn};
use crate::run::claim::{self, Refused};
use crate::run::event::StopLevel;
use crate::run::{self, LaunchError, Launched, Request, StopError, Stopping, values};
use crate::state::Control;
use crate::state::recovery::Switch;
use uuid::Uuid;
use zeroize::Zeroizing;

impl Acting<'_> {
    /// Launches a run. Row: `run.launch`.
    pub fn launch(&self, request: Request) -> Result<Launched, LaunchError> {
        run::launch(&self.0.state, request)
    }

    /// Stops a run. Row: `run.stop`, written when it is done.
    pub fn stop(&self, run: Uuid, level: StopLevel) -> Result<Stopping, StopError> {
        run::stop(&self.0.state, run, level, &self.0.who)
    }

    /// The secret variables of a run that lives, as JSON; or a FIFO that gives them once. Row: `values.read`.
    ///
    /// # Errors
    /// They are gone with the run, are not theirs to read, or nobody answers.
    pub fn values(&self, run: Uuid, names: &[String], fifo: bool) -> Result<Zeroizing<Vec<u8>>, StopError> {
        values::read(&self.0.state, run, names, fifo, &self.0.who)
    }

    /// Stops or opens the line of an environment. Row: `line.stop`, `line.open`.
    ///
    /// # Errors
    /// It is as wanted already; it cannot be recorded or written.
    pub fn line(&self, environment: &str, turn: Turn, reason: &str) -> Result<(), LineError> {
        line::turn(&self.0.state, environment, turn, reason, &self.0.who)
    }

    /// Forces a breaker, or leaves it to itself; gives it as it is then. Row: `breaker.force`.
    ///
    /// # Errors
    /// It cannot be recorded, read or written.
    pub fn breaker(&self, key: &Key, input: &Input, reason: &str) -> Result<Breaker, SayError> {
        breaker::say(&self.0.state, &self.0.who, key, input, reason, now())
    }

    /// Silences until then (Unix milliseconds). Row: `silence.set`.
    ///
    /// # Errors
    /// It cannot be recorded or written.
    pub fn silence(&self, word: &Word, until: i64) -> Result<(), SilenceError> {
        silence::silence(&self.0.state, &self.0.who, word, until, now())
    }

    /// Lifts silences. Row: `silence.lift`.
    ///
    /// # Errors
    /// It cannot be recorded or written.
    pub fn lift(&self, word: &Word) -> Result<(), SilenceError> {
        silence::lift(&self.0.state, &self.0.who, word)
    }

    /// Takes an incident over, by its id or that of its run; gives it as it is then. Row: `recovery.take_over`.
    pub fn take_over(&self, id: Uuid, reason: Option<&str>) -> Result<Incident, PersonError> {
        recovery::take_over(&self.0.state, id, &self.0.who, reason)
    }

    /// Switches a policy (`*`: all) of an environment. Row: `recovery.switch`.
    pub fn switch(&self, environment: &str, policy: &str, on: bool, reason: &str) -> Result<(), PersonError> {
        let switch = Switch {
            environment: environment.to_owned(),
            policy: policy.to_owned(),
            on,
            operator: self.0.who.name.clone(),
            reason: reason.to_owned(),
            at: now(),
        };
        recovery::switch(&self.0.state, &switch, &self.0.who)
    }

    /// Takes values out of a row of the ledger for good. Row: `audit.redact`.
    ///
    /// # Errors
    /// No such row or field, a ledger that was cut, or one that cannot be written.
    pub fn redact(&self, row: i64, fields: &[String], reason: &str) -> Result<Redaction, crate::audit::Error> {
        let state = &self.0.state;
        // Where nothing was recorded there is nothing to take out, and no ledger is begun.
        drop(crate::audit::Ledger::open_to_read(&state.audit())?);
        if let Some(control) = Control::open_where_it_is(state)?
            && let Some(why) = crate::audit::lost(state, &control)?
        {
            return Err(crate::audit::Error::Lost(why));
        }
        self.0.ledger()?.redact(row, fields, reason, &self.0.who)
    }

    /// Makes a copied or restored state directory one of its own; gives its new id. Row: `state.claim`.
    pub fn claim(&self, reason: Option<&str>) -> Result<Uuid, Refused> {
        claim::claim(&self.0.state, &self.0.who, reason)
    }

    /// Makes control.db anew. Row: `state.claim`.
    pub fn new_control(&self, reason: Option<&str>) -> Result<(), Refused> {
        claim::new_control(&self.0.state, &self.0.who, reason)
    }

    /// Begins a new ledger. Row: `state.claim`.
    pub fn new_ledger(&self, reason: Option<&str>) -> Result<(), Refused> {
        claim::new_ledger(&self.0.state, &self.0.who, reason)
    }
}

//! What people decided, what waits for them, and what was told from outside: as control.db has it.

use super::Desk;
use crate::audit;
use crate::recovery::{self, incident::Incident};
use crate::release::alerts::{self, Around, Beside};
use crate::state::alerts::AlertRow;
use crate::state::lines::Line;
use crate::state::outbox::OutboxRow;
use crate::state::recovery::Switch;
use crate::state::silences::SilenceRow;
use crate::state::{Control, DbError};
use uuid::Uuid;

#[derive(Debug)]
pub struct Decisions(Control);

impl Desk {
    /// What was decided.
    ///
    /// # Errors
    /// control.db cannot be opened.
    pub fn decisions(&self) -> Result<Decisions, DbError> {
        Control::open(&self.state).map(Decisions)
    }

    /// Why these may not be all: control.db is older than the ledger, or that cannot be told. `None`: they are.
    pub fn lacks(&self, decisions: &Decisions) -> Option<String> {
        match audit::outrun(&self.state, &decisions.0) {
            Ok(why) => why,
            Err(e) => Some(format!("whether this is all that was decided cannot be told: {e}")),
        }
    }

    /// The number that a run got which was launched before there were numbers.
    ///
    /// # Errors
    /// control.db cannot be read.
    pub fn number(&self, run: Uuid) -> Result<Option<u64>, DbError> {
        Control::open_where_it_is(&self.state)?.map_or(Ok(None), |control| control.numbered(run))
    }
}

impl Decisions {
    /// Lines that are stopped.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn stopped_lines(&self) -> Result<Vec<Line>, DbError> {
        self.0.stopped_lines()
    }

    /// Silences that hold at that time (Unix milliseconds).
    ///
    /// # Errors
    /// They cannot be read.
    pub fn silences(&self, environment: Option<&str>, at: i64) -> Result<Vec<SilenceRow>, DbError> {
        self.0.silences(environment, at)
    }

    /// Policies that were switched.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn switches(&self) -> Result<Vec<Switch>, DbError> {
        self.0.recovery_switches()
    }

    /// Incidents that are open.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn incidents(&self, environment: Option<&str>) -> Result<Vec<Incident>, DbError> {
        recovery::incidents(&self.0, environment)
    }

    /// The newest notices; with `open` those that nobody took.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn notices(&self, open: bool, most: u32) -> Result<Vec<OutboxRow>, DbError> {
        self.0.notices(open, most)
    }

    /// Alerts from outside that fired between these times (Unix milliseconds).
    ///
    /// # Errors
    /// They cannot be read.
    pub fn alerts(&self, from: i64, until: i64) -> Result<Vec<AlertRow>, DbError> {
        self.0.alerts_between(from, until)
    }

    /// Those that stand beside a release.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn beside(&self, release: &Around<'_>) -> Result<Vec<Beside>, DbError> {
        alerts::read(&self.0, release)
    }
}

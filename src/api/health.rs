//! Health: the readings of an environment as they were written, and the poller that writes them.

use super::Desk;
use crate::alarm::Watch;
use crate::health::board::Board;
use crate::health::breaker::{Breaker, Keeper, Key};
use crate::health::poll::{Options, Polling};
use crate::health::read::Reader;
use crate::health::record::Raw;
use crate::health::silence::Silences;
use crate::health::store::{Store, scope};
use crate::project::config::recovery::Policy;
use crate::project::{Environment, Project};
use crate::recovery::{self, incident::Incident};
use crate::state::{Access, Control, DbError, clock};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

/// The readings of one environment, kept open.
pub struct Readings {
    reader: Reader,
    keeper: Keeper,
    control: Control,
    environment: String,
}

/// How an environment is at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    pub board: Board,
    /// Who polls, and since when (Unix milliseconds); `None`: nobody.
    pub poller: Option<(String, i64)>,
    /// Breakers that have anything to tell.
    pub breakers: Vec<(Key, Breaker)>,
    pub silences: Silences,
    /// What recovery has in hand.
    pub incidents: Vec<Incident>,
}

impl Desk {
    /// Opens the readings of an environment.
    ///
    /// # Errors
    /// In words.
    pub fn readings(&self, project: &Project, environment: &Environment) -> Result<Readings, String> {
        let store = Store::open(&self.state, &scope(&environment.inventory, &project.root));
        let keeper = Keeper::open(&self.state).map_err(|e| e.to_string())?;
        Ok(Readings {
            reader: Reader::new(store.map_err(|e| e.to_string())?),
            keeper,
            control: Control::open(&self.state).map_err(|e| e.to_string())?,
            environment: environment.name.clone(),
        })
    }

    /// The last answers of a probe, as they came.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn raw(
        &self,
        project: &Project,
        environment: &Environment,
        host: Option<&str>,
        probe: &str,
    ) -> Result<Vec<Raw>, DbError> {
        Store::open(&self.state, &scope(&environment.inventory, &project.root))?.raw(host, probe)
    }

    /// What waits for a person, and where nobody polls or acts, looked at again and again.
    pub fn alarm(&self, project: &Project) -> Watch {
        Watch::new(&self.state, project)
    }

    /// Begins to ask the hosts (`None`: all of them) again and again, unless somebody else does, until it is dropped. Gives
    /// nothing where nothing that they say could be written.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn poll(
        &self,
        project: &Arc<Project>,
        environment: &Environment,
        hosts: Option<Vec<String>>,
    ) -> io::Result<Option<Polling>> {
        if self.state.access() != Access::Write {
            return Ok(None);
        }
        let (state, project, environment) = (self.state.clone(), Arc::clone(project), environment.clone());
        let who = format!("the screen of {}", self.who.name);
        Polling::start(Options { state, project, environment, who, hosts, lasts: false }).map(Some)
    }
}

impl Readings {
    /// Reads what is new at that moment (Unix milliseconds); false: nothing is.
    ///
    /// # Errors
    /// In words.
    pub fn read(&mut self, at: i64) -> Result<bool, String> {
        self.reader.read(at).map_err(|e| e.to_string())
    }

    /// Hosts of which anything is known.
    pub fn hosts(&self) -> BTreeSet<&str> {
        self.reader.hosts()
    }

    /// How these hosts are.
    ///
    /// # Errors
    /// In words.
    pub fn standing(&self, policies: &[Policy], hosts: &[String], at: i64) -> Result<Standing, String> {
        let words = |e: &dyn std::fmt::Display| e.to_string();
        let poller = self.reader.store().poller(clock::booted()).map_err(|e| words(&e))?;
        let name = Some(self.environment.as_str());
        let silences = Silences::read(&self.control, &self.environment, policies, at).map_err(|e| words(&e))?;
        Ok(Standing {
            board: self.reader.board(hosts, &silences, at),
            poller: poller.map(|poller| (poller.who, at - (clock::booted() - poller.since))),
            breakers: self.keeper.list(name).map_err(|e| words(&e))?,
            incidents: recovery::incidents(&self.control, name).map_err(|e| words(&e))?,
            silences,
        })
    }
}

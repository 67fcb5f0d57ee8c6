//! People are told that they are needed: a row in the audit ledger for each time that the journal says so, once, also when a
//! supervisor died in between. Whoever sends messages reads them there.

use crate::audit::{Action, Filter, Ledger};
use crate::release::event::Event;
use crate::release::machine::Effect;
use crate::run::{RunState, ledger, read_spec};
use crate::state::StateDir;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Rows of a run that are looked at: more are not written by hand.
const ROWS: usize = 10_000;

/// The pages of one release.
#[derive(Debug, Clone)]
pub struct Pages {
    store: StateDir,
    run: Uuid,
    /// How many are known to be in the ledger; `None`: not looked yet.
    told: Arc<Mutex<Option<usize>>>,
}

impl Pages {
    pub fn new(store: &StateDir, run: Uuid) -> Self {
        Pages { store: store.clone(), run, told: Arc::default() }
    }

    /// Tells what the journal has and the ledger not yet: at each page, and once after a supervisor took over.
    pub fn tell(&self, run: &RunState, effect: &Effect) {
        let looked = self.told.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if looked && !matches!(effect, Effect::Page { .. }) {
            return;
        }
        let text = |json: &String| match serde_json::from_str(json) {
            Ok(Event::Paged { text }) => Some(text),
            _ => None,
        };
        let own = run.own.iter().map(|(_, json)| json).filter(|json| json.contains("\"paged\""));
        let (pages, texts) = (self.clone(), own.filter_map(text).collect::<Vec<_>>());
        std::thread::spawn(move || {
            if let Err(e) = pages.write(&texts) {
                tracing::error!("the audit ledger could not take that people were told: {e}");
            }
        });
    }

    fn write(&self, texts: &[String]) -> Result<(), Box<dyn std::error::Error>> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match *told {
            Some(known) => known,
            None => self.in_ledger()?,
        };
        *told = Some(known);
        for text in texts.iter().skip(known) {
            ledger::paged(&self.store, &read_spec(&self.store.run(self.run))?, text)?;
            *told = told.map(|told| told + 1);
        }
        Ok(())
    }

    fn in_ledger(&self) -> Result<usize, crate::audit::Error> {
        let filter = Filter { run: Some(self.run.to_string()), ..Filter::default() };
        let rows = Ledger::open(&self.store.audit())?.query(&filter, ROWS)?.rows;
        Ok(rows.iter().filter(|row| row.entry.action == Action::ReleasePage.name()).count())
    }
}

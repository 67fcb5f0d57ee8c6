//! A backup that is put back over a live state directory: the supervisor notices that its journal, the ledger or control.db is
//! not the one any more that it wrote, begins nothing further, and says so where whoever looks will see it. What runs goes on.

use super::places::{Place, Places, place};
use super::{SuperviseError, Supervisor};
use crate::run::ledger;
use crate::run::machine::{Machine, World};
use crate::state::file;
use std::io::{self, Write};

impl<M: Machine, W: World<M>> Supervisor<M, W> {
    /// Looks whether the databases lie where they lay. Costs two `stat`s.
    pub(super) fn hold_places(&mut self) -> Result<(), SuperviseError> {
        let now = (place(&self.store.control()), place(&self.store.audit()));
        let Some(places) = &mut self.places else {
            // Not before the first step is begun: nothing waits for it.
            self.places = Some(Places::of(&self.store));
            return Ok(());
        };
        let moved = |was: &Place, now: Place| now.is_some() && was.is_some() && *was != now;
        let moved = moved(&places.control, now.0) || moved(&places.audit, now.1);
        (places.control, places.audit) = (now.0.or(places.control), now.1.or(places.audit));
        if !moved {
            return Ok(());
        }
        match places.clone().held(&self.store, true) {
            Ok(held) => {
                *places = held;
                Ok(())
            }
            Err(why) => {
                self.astray = Some(why.clone());
                Err(io::Error::new(io::ErrorKind::InvalidData, why).into())
            }
        }
    }

    /// Says that nothing more is begun, and why: in the run's log, in opsdeck's own, and to whoever looks at the run.
    pub(super) fn gone_astray(&self, why: &str) {
        let words =
            format!("{why}. Its supervisor begins nothing more; what runs of it goes on. `opsdeck stop` ends it");
        tracing::error!("run {}: {words}", self.spec.id);
        let line = format!("{} ERROR run {}: {words}\n", jiff::Timestamp::now(), self.spec.id);
        let said = file::append(&self.store.log()).and_then(|mut log| log.write_all(line.as_bytes()));
        if let Err(e) = said.and_then(|()| file::write_whole(&self.dir.doubt(), words.as_bytes())) {
            tracing::error!("{e}");
        }
    }

    /// What the journal tells of its end is not believed: that is recorded, and whoever looks learns it.
    pub(super) fn doubt(&mut self, why: &str) -> io::Result<()> {
        tracing::error!("run {}: {why}", self.spec.id);
        file::write_whole(&self.dir.doubt(), why.as_bytes())?;
        self.state.disbelieve(why);
        let journal = self.journal.sum().map_err(|e| tracing::error!("no digest of the journal: {e}")).ok();
        let end = ledger::End { approvals: self.machine.approved_by(&self.own), journal, late: true };
        if let Err(e) = ledger::ended(&self.store, &self.spec, &self.state, end) {
            tracing::error!("the audit ledger could not take the end of run {}: {e}", self.spec.id);
        }
        self.put_row();
        Ok(())
    }
}

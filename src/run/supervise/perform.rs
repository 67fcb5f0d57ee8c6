//! What the supervisor does itself: the rungs of the stop ladder, the row, the snapshot, and what is left to do when the run has
//! ended.

use super::{SuperviseError, Supervisor};
use crate::run::event::{Event, Rung};
use crate::run::machine::{Machine, World};
use crate::run::{closing, glass, ledger, list, rungs, snapshot};
use crate::state::tree;

impl<M: Machine, W: World<M>> Supervisor<M, W> {
    /// Takes a rung of the stop ladder: first done, then recorded.
    pub(super) fn take(&mut self, number: u32, rung: Rung) -> Result<(), SuperviseError> {
        let Some(step) = self.steps.get(&number) else { return Ok(()) };
        let what = rungs::take(
            &self.dir.step(number),
            &tree::mark(&self.spec.id.to_string(), number),
            step.processes.as_ref(),
            rung,
        );
        Ok(self.record(Event::Signal { step: number, rung, what })?)
    }

    /// Tells the index where the run stands, if that is news to it.
    pub(super) fn put_row(&mut self) {
        self.put_at = super::now();
        let row = list::whole_row(&self.dir, None, &self.spec, &self.state);
        match self.hears {
            true => self.rows.tell(row),
            false => self.rows.put(row),
        }
    }

    /// A snapshot, so that whoever looks next need not fold it all. Only a cache: failing to write it is no failure.
    pub(super) fn snapshot(&mut self) {
        self.snapshot_at = self.journal.seq();
        let written =
            snapshot::save(&self.dir.snapshot(), self.spec.id, &self.dir.journal(), self.journal.len(), &self.state);
        if let Err(e) = written {
            tracing::warn!("{e}");
        }
    }

    /// After the end: the ledger, the index, the lease, the snapshot. May run twice, after a death in between.
    pub(super) fn finish(&mut self) {
        // Whoever was not heard at first was heard then.
        if let Err(e) = std::fs::remove_file(self.dir.stop())
            && e.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("{}: {e}", self.dir.stop().display());
        }
        for thread in std::mem::take(&mut self.answering) {
            // One that panicked said so.
            let _ = thread.join();
        }
        // What was stopped is on record before its end is: else whoever writes the end later writes both.
        let launched = glass::is_settled(&self.store, &self.spec);
        let late =
            launched && self.note_late() && ((self.state.stop.is_none() && self.state.resumed == 0) || self.stops());
        if !late {
            tracing::error!("the end of run {} is recorded late, too", self.spec.id);
            self.put_row();
            self.free_lease();
            return;
        }
        let journal = self.journal.sum().map_err(|e| tracing::error!("no digest of the journal: {e}")).ok();
        let end = ledger::End { approvals: self.machine.approved_by(&self.own), journal, late: false };
        if let Err(e) = ledger::ended(&self.store, &self.spec, &self.state, end) {
            tracing::error!("the audit ledger could not take the end of run {}: {e}", self.spec.id);
        }
        self.put_row();
        self.free_lease();
        self.snapshot();
    }

    /// What a supervisor before this one did, and could not record, either.
    fn stops(&self) -> bool {
        let written = closing::stops(&self.store, self.spec.id);
        written
            .map_err(|e| tracing::error!("the audit ledger did not take a stop of run {}: {e}", self.spec.id))
            .is_ok()
    }
}

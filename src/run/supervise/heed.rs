//! What whoever stopped a run beside its supervisor left behind, since that did not hear them: a word in a `stop` file.

use super::{SuperviseError, Supervisor};
use crate::run::event::StopLevel;
use crate::run::machine::{Asker, Input, Machine, World};
use crate::run::rungs::{self, Stopped};
use crate::state::operator::Operator;
use crate::state::{Answer, file};
use uuid::Uuid;

impl<M: Machine, W: World<M>> Supervisor<M, W> {
    /// Whoever stopped it beside a supervisor that did not hear them left word: it was stopped, not lost.
    pub(super) fn heed(&mut self, word: Option<Stopped>) -> Result<(), SuperviseError> {
        let Some(word) = word.filter(|_| self.state.stop.is_none()) else { return Ok(()) };
        let by = Asker { uid: rustix::process::geteuid().as_raw(), name: word.by.name.clone(), row: None };
        match self.consider(&Input::Stop { level: word.level, by: &by }) {
            Ok(effects) => {
                self.perform(effects)?;
                self.note_beside(word, None);
            }
            Err(refusal) => self.note_beside(word, Some(refusal.0)),
        }
        Ok(())
    }

    /// Likewise for the whole run, of which nothing was at work.
    pub(super) fn heed_all(&mut self) -> Result<(), SuperviseError> {
        let stop = self.dir.stop();
        if Answer::is_there(&stop) != Answer::Yes {
            return Ok(());
        }
        let own = rustix::process::geteuid().as_raw();
        // Where the disk took no word it took a name at least.
        let word = rungs::word(&stop).unwrap_or_else(|| Stopped {
            level: StopLevel::Interrupt,
            by: Operator::of_uid(own),
            ask: Uuid::now_v7(),
        });
        self.heed(Some(word))?;
        std::fs::remove_file(&stop).map_err(|e| file::at(&stop, "remove", e))?;
        Ok(())
    }
}

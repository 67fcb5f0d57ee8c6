//! What a person does, between its intent and its outcome: nothing is done that is not on the record first.

use super::{Action, Error, Ledger, Receipt, Record, Status};
use crate::state::operator::Operator;

impl Ledger {
    /// Records the intent, does it, records how it went; `about` says what both records are about. Who
    /// changes control.db goes through [`super::Acts`].
    ///
    /// # Errors
    /// That of the work; or one of them could not be recorded (without the intent it is not done).
    pub fn around<T, E: From<Error>>(
        &self,
        action: Action,
        operator: &Operator,
        about: impl Fn(Record) -> Record,
        work: impl FnOnce(&Receipt) -> Result<T, E>,
    ) -> Result<T, E> {
        let receipt = self.append(&about(Record::intent(action, operator)))?;
        let intent = receipt.event_id;
        let done = work(&receipt);
        let status = if done.is_ok() { Status::Success } else { Status::Failure };
        self.append(&Record { parent: Some(intent), ..about(Record::outcome(action, operator, status)) })?;
        done
    }
}

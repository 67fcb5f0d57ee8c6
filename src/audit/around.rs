//! What a person does, between its intent and its outcome: nothing is done that is not on the record first.

use super::{Action, Error, Ledger, Record, Status};
use crate::state::operator::Operator;
use uuid::Uuid;

impl Ledger {
    /// Records the intent, does it, records how it went; `about` says what both records are about.
    ///
    /// # Errors
    /// That of the work; or one of them could not be recorded (without the intent it is not done).
    pub fn around<T, E: From<Error>>(
        &self,
        action: Action,
        operator: &Operator,
        about: impl Fn(Record) -> Record,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.around_intent(action, operator, about, |_| work())
    }

    /// As [`Ledger::around`]; the work gets the intent's id, for whoever would write a row of the same thing.
    ///
    /// # Errors
    /// As of [`Ledger::around`].
    pub fn around_intent<T, E: From<Error>>(
        &self,
        action: Action,
        operator: &Operator,
        about: impl Fn(Record) -> Record,
        work: impl FnOnce(Uuid) -> Result<T, E>,
    ) -> Result<T, E> {
        let intent = self.append(&about(Record::intent(action, operator)))?.event_id;
        let done = work(intent);
        let status = if done.is_ok() { Status::Success } else { Status::Failure };
        self.append(&Record { parent: Some(intent), ..about(Record::outcome(action, operator, status)) })?;
        done
    }
}

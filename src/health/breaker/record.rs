//! Changes of breakers in the audit ledger. A change waits in its breaker until the ledger has it: whoever dies before that
//! has told nobody, and the next one does. Twice rather than never.

use super::machine::Change;
use super::{Keeper, KeeperError, Key};
use crate::audit::{Action, Ledger, Record, Status};
use crate::state::operator::Operator;

impl Keeper {
    /// Writes what the ledger lacks of these breakers. What it does not take stays, for the next round.
    pub(super) fn record(&self, keys: &[Key]) {
        let written = keys.iter().try_for_each(|key| self.recorded(key));
        if let Err(e) = written {
            tracing::error!("the audit ledger could not take a breaker's change: {e}");
        }
    }

    fn recorded(&self, key: &Key) -> Result<(), RecordError> {
        // No other process writes the same ones meanwhile.
        self.control().alone(|| {
            let mut breaker = self.get(key)?;
            if breaker.unrecorded.is_empty() {
                return Ok(());
            }
            let ledger = Ledger::open(&self.ledger())?;
            let operator = Operator::current();
            for change in std::mem::take(&mut breaker.unrecorded) {
                ledger.append(&about(key, &change, &operator))?;
            }
            Ok(self.control().put_breakers(&[super::keeper::row(key, &breaker)])?)
        })
    }
}

/// Why a change is not recorded yet.
#[derive(Debug, thiserror::Error)]
enum RecordError {
    #[error("{0}")]
    Keeper(#[from] KeeperError),
    #[error("{0}")]
    Db(#[from] crate::state::DbError),
    #[error("{0}")]
    Ledger(#[from] crate::audit::Error),
}

fn about(key: &Key, change: &Change, operator: &Operator) -> Record {
    let mut record = Record::outcome(Action::BreakerChange, operator, Status::Success);
    record.metadata.insert("from".into(), change.from.name().into());
    record.metadata.insert("to".into(), change.to.name().into());
    Record {
        env: key.environment().map(str::to_owned),
        subject: Some(format!("breaker {key}")),
        reason: Some(change.why.clone()),
        ..record
    }
}

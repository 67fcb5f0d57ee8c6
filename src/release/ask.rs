//! What people ask of a release, from outside: recorded, then put to its supervisor, which gets a new one where it is dead.

use super::machine::Verb;
use crate::run::control::Command;
use crate::run::stop::{StopError, put};
use crate::run::{ledger, read_spec};
use crate::state::StateDir;
use crate::state::operator::Operator;
use uuid::Uuid;

/// Asks; returns as soon as it is recorded and taken up. Who asks is what the kernel tells the supervisor; `operator` is
/// for the ledger.
///
/// # Errors
/// It is refused, with the reason; or it cannot be recorded, or nobody answers.
pub fn ask(store: &StateDir, run: Uuid, verb: &Verb, operator: &Operator) -> Result<(), StopError> {
    let spec = read_spec(&store.run(run))?;
    let body = serde_json::to_value(verb).map_err(std::io::Error::from)?;
    let intent = ledger::asking(store, &spec, operator, &body)?;
    let result = put(store, run, &Command::Own { body: body.clone() });
    let refused = result.as_ref().err().map(ToString::to_string);
    if let Err(e) = ledger::asked(store, &spec, operator, intent, &body, refused) {
        tracing::error!("the audit ledger could not take the outcome of what was asked of run {run}: {e}");
    }
    result
}

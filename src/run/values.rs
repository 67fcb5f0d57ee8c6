//! The secret variables of a run that lives: asked of its supervisor, which alone has them, and only by their owner.

use super::StopError;
use super::control::{self, Command};
use super::{Follower, RunSpec, ledger};
use crate::ansible::secrets::SecretName;
use crate::state::operator::Operator;
use crate::state::{Answer, Lock, StateDir};
use std::io;
use std::time::Duration;
use uuid::Uuid;
use zeroize::Zeroizing;

/// How long a supervisor may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Names of the secret variables that a run was launched with.
pub fn names(spec: &RunSpec) -> Vec<String> {
    let name = |text: &String| match text.parse() {
        Ok(SecretName::Extra(name)) => Some(name),
        _ => None,
    };
    spec.secrets.iter().filter_map(name).collect()
}

/// The variables as one JSON object, all of them or those that are named; with `fifo` the path of a FIFO that gives them to
/// one reader. The supervisor writes the rows about it; what nobody could answer is written here.
///
/// # Errors
/// They are gone, not this person's, or there are none; nobody answers.
pub fn read(
    store: &StateDir,
    id: Uuid,
    only: &[String],
    fifo: bool,
    operator: &Operator,
) -> Result<Zeroizing<Vec<u8>>, StopError> {
    let dir = store.run(id);
    let run = Follower::open(&dir)?;
    let had = names(&run.spec);
    let why = if had.is_empty() {
        Some(format!("run {id} has no secret variables"))
    } else if run.state.state.is_terminal() {
        Some(gone(&run.spec, "the run has ended"))
    } else if Lock::is_held(&dir.lock()) == Answer::No {
        Some(gone(&run.spec, "its supervisor died"))
    } else {
        None
    };
    if let Some(why) = why {
        ledger::values_refused(store, &run.spec, operator, if only.is_empty() { &had } else { only }, &why)?;
        return Err(StopError::Refused(why));
    }
    let command = Command::Values { names: only.to_vec(), fifo, by: Box::new(operator.clone()) };
    let (reply, values) = control::fetch(&dir, &command, PATIENCE)
        .map_err(|e| io::Error::new(e.kind(), format!("the supervisor of run {id} does not answer: {e}")))?;
    if reply.ok { Ok(values) } else { Err(StopError::Refused(reply.message)) }
}

/// Why they cannot be had, and what to do.
pub fn gone(spec: &RunSpec, why: &str) -> String {
    let names = names(spec).join(", ");
    let again = match spec.work.ask() {
        Some(_) => format!("`opsdeck rerun {}` asks for them, or takes them with --secrets-from FILE", spec.id),
        None => {
            format!("where it waits for them, `opsdeck passwords {} --secrets-from FILE` gives them again", spec.id)
        }
    };
    format!("{why}, and its secret variables were in the memory of its supervisor alone: {names}. {again}")
}

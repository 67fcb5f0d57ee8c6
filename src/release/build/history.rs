//! Which version is stable: that of the last release here that succeeded.

use crate::release::launch;
use crate::release::supervise::KIND;
use crate::run::ledger::{self, EndRow};
use crate::run::look::look;
use crate::run::{list, read_spec, whole_index};
use crate::state::{DbError, Filter, StateDir};
use uuid::Uuid;

/// True where the ledger says so, or knows nothing of a run that is older than it.
fn ended_well(store: &StateDir, id: Uuid) -> Result<bool, DbError> {
    let end = || ledger::end_of(store, id).map_err(std::io::Error::other);
    if end()? == Some(EndRow::Open) {
        look(store, id)?;
    }
    Ok(matches!(end()?, None | Some(EndRow::Recorded { well: true, .. })))
}

/// Version of the last release of this name in this environment that succeeded and was not undone; `None`: none is known.
///
/// # Errors
/// The index cannot be read.
pub fn last_stable(store: &StateDir, release: &str, environment: &str) -> Result<Option<String>, DbError> {
    let filter = Filter {
        states: vec!["succeeded".into(), "rolled_back".into()],
        environment: Some(environment.to_owned()),
        kind: Some(KIND.to_owned()),
        ..Filter::default()
    };
    let mut undone = Vec::new();
    let index = whole_index(store)?;
    // One whose supervisor could not tell the index of its end is looked at, and told there.
    let live = Filter { states: Vec::new(), live: true, ..filter.clone() };
    drop(list(store, &index, &live)?);
    for row in index.list(&filter)?.into_iter().filter(|row| !row.check) {
        // What its journal alone says is not enough: its end is closed first where nobody has, by its own machine.
        if row.state == "succeeded" && !ended_well(store, row.id)? {
            continue;
        }
        // One that cannot be read may be the very one: an older version is no answer then.
        let Some(body) = launch::body(&read_spec(&store.run(row.id))?).map_err(std::io::Error::from)? else { continue };
        if row.state == "rolled_back" {
            // Newest first: an undo is met before what it undid.
            undone.extend(body.undoes);
        } else if body.plan.release == release && !undone.contains(&row.id) {
            return Ok(Some(body.plan.version));
        }
    }
    Ok(None)
}

//! Which version is stable: that of the last release here that succeeded.

use crate::release::launch;
use crate::run::{open_index, read_spec};
use crate::state::{Filter, IndexError, StateDir};

/// Version of the last release of this name in this environment that succeeded and was not undone; `None`: none is known.
///
/// # Errors
/// The index cannot be read.
pub fn last_stable(store: &StateDir, release: &str, environment: &str) -> Result<Option<String>, IndexError> {
    let filter = Filter {
        states: vec!["succeeded".into(), "rolled_back".into()],
        environment: Some(environment.to_owned()),
        ..Filter::default()
    };
    let rows = open_index(store)?.list(&filter)?;
    let mut undone = Vec::new();
    Ok(rows.into_iter().filter(|row| row.kind == "release" && !row.check).find_map(|row| {
        let body = launch::body(&read_spec(&store.run(row.id)).ok()?).ok()??;
        if row.state == "rolled_back" {
            // Newest first: an undo is met before what it undid.
            undone.extend(body.undoes);
            return None;
        }
        (body.plan.release == release && !undone.contains(&row.id)).then_some(body.plan.version)
    }))
}

//! Which version is stable: that of the last release here that succeeded.

use crate::release::launch;
use crate::run::{open_index, read_spec};
use crate::state::{Filter, IndexError, StateDir};

/// Version of the last release of this name in this environment that succeeded; `None`: none is known.
///
/// # Errors
/// The index cannot be read.
pub fn last_stable(store: &StateDir, release: &str, environment: &str) -> Result<Option<String>, IndexError> {
    let filter =
        Filter { states: vec!["succeeded".into()], environment: Some(environment.to_owned()), ..Filter::default() };
    let rows = open_index(store)?.list(&filter)?;
    Ok(rows.into_iter().filter(|row| row.kind == "release" && !row.check).find_map(|row| {
        let plan = launch::body(&read_spec(&store.run(row.id)).ok()?).ok()??.plan;
        (plan.release == release).then_some(plan.version)
    }))
}

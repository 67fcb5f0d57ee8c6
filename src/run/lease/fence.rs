//! May a run still act: does it hold its lease under the token that it got? And who does, in words.

use super::{whole, words};
use crate::project::scope;
use crate::run::read_spec;
use crate::state::{Control, StateDir};
use uuid::Uuid;

/// May a run still act under this token? Asked before each act, since another may have taken its place meanwhile.
///
/// # Errors
/// It does not hold the lease any more, and who does; or that cannot be told.
pub fn fenced(store: &StateDir, run: Uuid, token: i64) -> Result<(), String> {
    if token == whole::TOKEN {
        return match whole::is_held(store, run) {
            Ok(true) => Ok(()),
            Ok(false) => Err("this run does not hold the lease for the whole state any more".to_owned()),
            Err(e) => Err(format!("whether the lease is still held cannot be told: {e}")),
        };
    }
    let control = Control::open(store).map_err(|e| format!("whether the lease is still held cannot be told: {e}"))?;
    match control.is_held(run, token) {
        Ok(true) => Ok(()),
        Ok(false) => {
            Err(format!("this run does not hold its lease (token {token}) any more{}", now(store, &control, run)))
        }
        Err(e) => Err(format!("whether the lease is still held cannot be told: {e}")),
    }
}

/// Who holds what a run held.
fn now(store: &StateDir, control: &Control, run: Uuid) -> String {
    let scope = read_spec(&store.run(run)).map(|spec| scope(spec.work.inventory(), &spec.cwd));
    let leases = scope.ok().and_then(|scope| control.leases(&scope).ok()).unwrap_or_default();
    let words: Vec<String> = leases.iter().map(|lease| format!("; {}", words(store, lease))).collect();
    words.concat()
}

//! Actions that were counted, as the guards hear of them: for as long as any guard looks back, and by what became of their
//! runs. Only what is known to be over is under way no more.

use super::watch::Watched;
use crate::project::config::recovery::Policy;
use crate::run::{Follower, list};
use crate::state::recovery::Token;
use crate::state::{Control, DbError, StateDir};
use uuid::Uuid;

/// Milliseconds for which counted actions matter to every guard: those of an hour.
const HOUR: i64 = 3_600_000;

/// Those that count for a policy, without the one of `own` (run and number) that asks.
///
/// # Errors
/// control.db cannot be read.
pub fn counted(
    store: &StateDir,
    control: &Control,
    policy: &Policy,
    own: Option<(Uuid, u32)>,
    now: i64,
) -> Result<Vec<Token>, DbError> {
    let back = HOUR.max(i64::from(policy.guards.host_pause) * 1_000);
    let tokens = control.tokens(now - back)?.into_iter().filter(|token| own != Some((token.run, token.number)));
    Ok(tokens.filter_map(|token| if token.helped.is_none() { open(store, token) } else { Some(token) }).collect())
}

/// One of which nobody wrote down whether it helped. Of a run that is over it never will be known, and what was counted and
/// not begun by then was not done.
fn open(store: &StateDir, token: Token) -> Option<Token> {
    if list::is_over(store, token.run) != Some(true) {
        return Some(token);
    }
    match begun(store, token.run) {
        Some(begun) if begun <= token.number => None,
        _ => Some(Token { helped: Some(false), ..token }),
    }
}

/// How many actions a run began; `None`: it cannot be told.
fn begun(store: &StateDir, run: Uuid) -> Option<u32> {
    let run = Follower::open_exact(&store.run(run))
        .inspect_err(|e| tracing::warn!("what recovery {run} did cannot be read: {e}"))
        .ok()?;
    let watched = Watched::of(&run.spec, &run.state)?;
    u32::try_from(watched.recovery.acts.len()).ok()
}

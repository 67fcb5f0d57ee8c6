//! What people ask of a release, from outside: recorded, then put to its supervisor, which gets a new one where it is dead.

use super::build::is_version;
use super::event::Event;
use super::machine::Verb;
use super::recorded::recorded;
use super::supervise::Body;
use super::{launch, undo};
use crate::ansible::secrets::Secrets;
use crate::audit::{self, Action};
use crate::run::StopError;
use crate::run::asked::{self, Asked};
use crate::run::control::Command;
use crate::run::glass;
use crate::run::stop::{self, put};
use crate::run::{Follower, RunSpec, read_spec};
use crate::state::StateDir;
use crate::state::operator::Operator;
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// Asks; returns as soon as it is recorded and taken up, with the run that took it up: a release that has succeeded is undone
/// by a run of its own. Who asks is what the kernel tells the supervisor; `operator` is
/// for the ledger.
///
/// # Errors
/// It is refused, with the reason; or it cannot be recorded, or nobody answers.
pub fn ask(store: &StateDir, run: Uuid, verb: &Verb, operator: &Operator) -> Result<Uuid, StopError> {
    ask_within(store, run, verb, operator, audit::PATIENCE)
}

/// Other writers of the ledger are waited for so long.
fn ask_within(
    store: &StateDir,
    run: Uuid,
    verb: &Verb,
    operator: &Operator,
    patience: Duration,
) -> Result<Uuid, StopError> {
    let spec = read_spec(&store.run(run))?;
    if let Verb::RollForward { to, .. } = verb {
        is_version(to).map_err(|e| StopError::Refused(e.to_string()))?;
    }
    let body = serde_json::to_value(verb).map_err(std::io::Error::from)?;
    let (action, words) = recorded(verb);
    let from = Some(Box::new(operator.clone()));
    // What stops or holds is done first: its supervisor records it then.
    if verb.halts() {
        let command = Command::Own { body, row: None, from, glass: None };
        return put(store, run, &command).map(|()| run);
    }
    let asked = Asked { action, words: &words, body: &body };
    noted(store, &spec, operator, asked, patience, |row| match warm(store, run, &spec, verb)? {
        Some(plan) => launch::undo(store, run, plan, operator),
        None => {
            put(store, run, &Command::Own { body: body.clone(), row: Some(row), from: None, glass: None }).map(|()| run)
        }
    })
}

/// As [`ask`]; where the ledger cannot take it, it is asked all the same for this reason, and recorded late. Gives the run, and
/// what is to be said of it.
///
/// # Errors
/// See [`ask`]; not even the run's journal takes it.
pub fn ask_breaking_glass(
    store: &StateDir,
    run: Uuid,
    verb: &Verb,
    operator: &Operator,
    reason: &str,
) -> Result<(Uuid, Option<String>), StopError> {
    if reason.trim().is_empty() {
        return Err(StopError::Refused("`--break-glass` needs a reason: it is all that tells later why".to_owned()));
    }
    let unrecorded = match ask_within(store, run, verb, operator, glass::PATIENCE) {
        Err(StopError::Audit(why)) => why,
        other => return other.map(|run| (run, None)),
    };
    let body = serde_json::to_value(verb).map_err(std::io::Error::from)?;
    let from = Some(Box::new(operator.clone()));
    put(store, run, &Command::Own { body, row: None, from, glass: Some(reason.to_owned()) })?;
    let what = format!("run {run} was asked to {} by {} ({reason})", recorded(verb).1, operator.name);
    Ok((run, Some(glass::loudly(&what, Some(&unrecorded.to_string())))))
}

/// Gives a release its passwords again, after the supervisor that had them died; then it can go on, or be undone.
///
/// # Errors
/// See [`ask`]; none of them is missing, or not all were given.
pub fn give(store: &StateDir, run: Uuid, secrets: &Secrets, operator: &Operator) -> Result<(), StopError> {
    let spec = read_spec(&store.run(run))?;
    let names: Vec<String> = secrets.names().map(ToString::to_string).collect();
    let body = json!({ "verb": "give", "names": names });
    let asked = Asked { action: Action::ReleasePasswords, words: "give its passwords again", body: &body };
    noted(store, &spec, operator, asked, audit::PATIENCE, |_| stop::give(store, run, secrets))
}

/// Does what was asked between its intent and its outcome in the ledger.
fn noted<T>(
    store: &StateDir,
    spec: &RunSpec,
    operator: &Operator,
    what: Asked<'_>,
    patience: Duration,
    act: impl FnOnce(Uuid) -> Result<T, StopError>,
) -> Result<T, StopError> {
    let intent = asked::asking(store, spec, operator, what, patience)?;
    let result = act(intent);
    let refused = result.as_ref().err().map(ToString::to_string);
    if let Err(e) = asked::asked(store, spec, operator, intent, what, refused) {
        tracing::error!("the audit ledger could not take the outcome of what was asked of run {}: {e}", spec.id);
    }
    result
}

/// What was carried out, if a release is to be undone that succeeded and whose old pool is warm.
fn warm(store: &StateDir, run: Uuid, spec: &RunSpec, verb: &Verb) -> Result<Option<Body>, StopError> {
    let Some(body) = launch::body(spec).map_err(std::io::Error::from)? else { return Ok(None) };
    if !matches!(verb, Verb::Rollback { .. }) {
        return Ok(None);
    }
    let state = Follower::open_exact(&store.run(run))?.state;
    // Behind one that cannot be read nothing is known: its supervisor is asked, if it has one.
    let events = state.own.iter().map_while(|(ts, json)| Some((*ts, serde_json::from_str(json).ok()?)));
    let events: Vec<(i64, Event)> = events.collect();
    let release = super::fold(events.iter().map(|(ts, event)| (*ts, event)));
    let now = jiff::Timestamp::now().as_millisecond();
    Ok(undo::warm(&body.plan, &release, now).map(|_| body))
}

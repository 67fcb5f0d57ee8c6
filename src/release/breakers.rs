//! Breakers and releases: which of them stand in a release's way, which say that a failure is not its doing, and what they
//! learn from it.

use super::plan::{Gate, Plan, Probe};
use crate::health::breaker::{Input, Keeper, KeeperError, Key};
use crate::health::probe;
use crate::state::StateDir;
use crate::text::plain;
use jiff::Timestamp;
use uuid::Uuid;

/// Breakers that stand in the way of a run's plan, in words: of the fleet, the service, and the endpoints that its gates
/// ask. One that is to be tried lets one run through: the one that asks first.
pub fn blocks(store: &StateDir, plan: &Plan, run: Uuid) -> Vec<String> {
    look(store, |keeper, now| {
        let mut words: Vec<String> = keeper.words(&fleet(plan), now)?.into_iter().collect();
        for key in [service(plan)].into_iter().chain(endpoints(plan)) {
            words.extend(keeper.ask(&key, &run.to_string(), now)?);
        }
        Ok(words)
    })
}

/// Breakers that say that a failure is not the release's doing, in words: of the fleet, and of endpoints.
pub fn outages(store: &StateDir, plan: &Plan) -> Vec<String> {
    look(store, |keeper, now| {
        let keys = [fleet(plan)].into_iter().chain(endpoints(plan));
        keys.filter_map(|key| keeper.words(&key, now).transpose()).collect()
    })
}

/// Tells the breaker of the service how deploying it went.
pub fn deployed(store: &StateDir, plan: &Plan, began: i64, ok: bool) {
    tell(store, &service(plan), began, ok);
}

/// Tells the breaker of an endpoint whether it answered: by what a gate got.
pub fn asked(store: &StateDir, gate: &Gate, got: &str, began: i64) {
    if let Probe::Prometheus { url, .. } = &gate.probe {
        tell(store, &Key::Endpoint { url: url.clone() }, began, !probe::is_silence(got));
    }
}

fn tell(store: &StateDir, key: &Key, began: i64, ok: bool) {
    let now = Timestamp::now().as_millisecond();
    let told = Keeper::open(store).and_then(|keeper| keeper.put(key, &Input::Result { began, ok }, now));
    if let Err(e) = told {
        tracing::error!("breaker {key} did not learn of a result: {e}");
    }
}

/// What cannot be read stands in the way.
fn look(store: &StateDir, ask: impl FnOnce(&Keeper, i64) -> Result<Vec<String>, KeeperError>) -> Vec<String> {
    let now = Timestamp::now().as_millisecond();
    let words = Keeper::open(store).and_then(|keeper| ask(&keeper, now));
    let words = words.unwrap_or_else(|e| vec![format!("it cannot be told whether a breaker is open: {e}")]);
    words.into_iter().map(|words| plain(&words).into_owned()).collect()
}

fn fleet(plan: &Plan) -> Key {
    Key::Fleet { environment: plan.environment.clone() }
}

fn service(plan: &Plan) -> Key {
    Key::Service { environment: plan.environment.clone(), service: plan.service.clone() }
}

/// Servers that the plan's gates ask.
fn endpoints(plan: &Plan) -> Vec<Key> {
    let url = |gate: &Gate| match &gate.probe {
        Probe::Prometheus { url, .. } => Some(Key::Endpoint { url: url.clone() }),
        _ => None,
    };
    let mut keys: Vec<Key> = plan.gates.iter().filter_map(url).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

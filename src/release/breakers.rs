//! Breakers and releases: which of them stand in a release's way, which say that a failure is not its doing, and what they
//! learn from it.

use super::plan::{Gate, Plan, Probe};
use super::state::{At, Mark, Release};
use crate::health::breaker::{Breaker, Input, Keeper, KeeperError, Key, State};
use crate::health::probe;
use crate::state::{StateDir, clock};
use crate::text::plain;
use jiff::Timestamp;
use uuid::Uuid;

/// Who looks at hosts tries one that was given up when its time is over. When so much later (milliseconds) nobody has, nobody
/// looks any more, and what was found then says nothing of now.
const FORGOTTEN: i64 = 300_000;

/// Hosts that a release is about to work on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ahead {
    hosts: Vec<String>,
    /// So many of the others are failed, unreachable or unknown already.
    spent: usize,
}

impl Ahead {
    /// All of the plan before it begins; those of a batch that is about to begin.
    pub fn of(plan: &Plan, release: &Release) -> Ahead {
        let batches = match release.at {
            At::Queued => plan.batches.as_slice(),
            At::Deploying { batch } => plan.batches.get(batch as usize).map(std::slice::from_ref).unwrap_or_default(),
            _ => &[],
        };
        let hosts = batches.iter().flat_map(|batch| &batch.hosts);
        let hosts: Vec<String> = hosts.filter(|host| release.mark(host) != Mark::New).cloned().collect();
        let bad = |mark| matches!(mark, Mark::Failed | Mark::Unreachable | Mark::Unknown);
        let spent = release.hosts.iter().filter(|(host, state)| bad(state.mark) && !hosts.contains(host)).count();
        Ahead { hosts, spent }
    }
}

/// Breakers that stand in the way of a run's plan, in words: of the fleet, the hosts ahead of it, the service, and the
/// endpoints that its gates ask. One that is to be tried lets one run through: the one that asks first.
pub fn blocks(store: &StateDir, plan: &Plan, run: Uuid, ahead: &Ahead) -> Vec<String> {
    look(store, |keeper, now| {
        let mut words = lost(keeper, plan, ahead, now)?;
        for key in [service(plan)].into_iter().chain(endpoints(plan)) {
            words.extend(keeper.ask(&key, &run.to_string(), now)?);
        }
        Ok(words)
    })
}

/// The fleet, and hosts that are given up. What looking found is within the budget as what the release itself will find, and
/// stops nobody while it is; what a person said always does.
fn lost(keeper: &Keeper, plan: &Plan, ahead: &Ahead, now: i64) -> Result<Vec<String>, KeeperError> {
    let host = |host: &String| Key::Transport { environment: plan.environment.clone(), host: host.clone() };
    let mut open = Vec::new();
    for key in [fleet(plan)].into_iter().chain(ahead.hosts.iter().map(host)) {
        let breaker = keeper.get(&key)?;
        if breaker.blocks(now) && !is_forgotten(&breaker, now) {
            open.push((key, breaker));
        }
    }
    let found = |(key, breaker): &&(Key, Breaker)| *key != fleet(plan) && breaker.word(now).is_none();
    let within = open.iter().filter(found).count() + ahead.spent <= plan.limits.budget as usize;
    let stands = open.iter().filter(|entry| !(within && found(entry)));
    stands.filter_map(|(key, _)| keeper.words(key, now).transpose()).collect()
}

/// Nobody tries it any more, and no person said anything.
fn is_forgotten(breaker: &Breaker, now: i64) -> bool {
    let looked = match breaker.state {
        State::Closed => return false,
        State::Open { until } => until,
        State::HalfOpen { .. } => breaker.results.last().map_or(breaker.since, |last| last.ended.max(breaker.since)),
    };
    breaker.word(now).is_none() && now > looked + FORGOTTEN
}

/// Two words of one breaker that no person forced: it opens, is tried, and opens again. Who left it out meant all of that.
pub fn same(one: &str, other: &str) -> bool {
    let about = |words: &str| {
        let (key, stands) = words.strip_prefix("breaker ")?.split_once(" is ")?;
        (!stands.starts_with("forced")).then(|| key.to_owned())
    };
    about(one).is_some_and(|key| about(other) == Some(key))
}

/// Breakers that say that a failure is not the release's doing, in words: of the fleet, and of endpoints.
pub fn outages(store: &StateDir, plan: &Plan) -> Vec<String> {
    look(store, |keeper, now| {
        let keys = [fleet(plan)].into_iter().chain(endpoints(plan));
        keys.filter_map(|key| keeper.words(&key, now).transpose()).collect()
    })
}

/// Tells the breaker of the service how deploying it went. `began`: by the run's own clock.
pub fn deployed(store: &StateDir, plan: &Plan, began: i64, ok: bool) {
    tell(store, &service(plan), clock::on_the_wall(began), ok);
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

#[cfg(test)]
#[path = "breakers_tests.rs"]
mod tests;

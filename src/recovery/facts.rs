//! The facts that guards are asked with, gathered from the state directory: what was polled, breakers, who works on the
//! host, actions that were counted, what people switched. Whatever cannot be read stands in the way.

use super::counted::counted;
use super::guards::Facts;
use super::launch::KIND;
use super::polled;
use crate::health::breaker::{Keeper, Key};
use crate::health::record::Report;
use crate::health::silence::{self, Silences, What};
use crate::project::config::recovery::Policy;
use crate::project::scope;
use crate::run::{list, read_spec, whole_index};
use crate::state::{Control, DbError, Filter, StateDir};
use std::path::Path;
use uuid::Uuid;

/// Actions that are looked through for those of one kind.
const LAST: u32 = 200;

#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    pub root: &'a Path,
    /// Inventory sources of the environment.
    pub inventory: &'a [String],
    pub environment: &'a str,
    pub policy: &'a Policy,
    pub host: &'a str,
    pub action: &'a str,
    /// The recovery that asks, and the number of its action.
    pub own: Option<(Uuid, u32)>,
}

pub fn gather(store: &StateDir, about: About<'_>, reports: &[Report], now: i64) -> Facts {
    let About { environment, policy, host, action, .. } = about;
    let mut facts = Facts {
        now,
        environment: environment.to_owned(),
        host: host.to_owned(),
        action: action.to_owned(),
        readings: polled::readings(reports, &policy.check, now),
        depends: polled::depends(reports, policy, now),
        ..Facts::default()
    };
    if let Err(e) = recorded(store, about, &mut facts) {
        facts.off = Some(format!("what must be known cannot be read: {e}"));
    }
    facts
}

fn recorded(store: &StateDir, about: About<'_>, facts: &mut Facts) -> Result<(), String> {
    let About { environment, policy, host, action, own, .. } = about;
    let words = |e: DbError| e.to_string();
    let control = Control::open(store).map_err(words)?;
    control.in_step().map_err(words)?;
    let switches = control.recovery_switches().map_err(words)?;
    let of = |s: &&crate::state::recovery::Switch| {
        s.environment == environment && (s.policy == policy.name || s.policy == "*")
    };
    facts.off =
        switches.iter().filter(of).find(|s| !s.on).map(|s| format!("{} switched it off: {}", s.operator, s.reason));
    let own = |t: &crate::state::recovery::Token| own == Some((t.run, t.number));
    facts.tokens = counted(store, &control, policy, about.own, facts.now).map_err(words)?;
    // A person who switched it on wants it tried again.
    let since = switches.iter().filter(of).filter(|s| s.on).map(|s| s.at).max().unwrap_or(0);
    let ended = control.ended_tokens(LAST).map_err(words)?.into_iter();
    let ended = ended.filter(|t| t.environment == environment && t.service == policy.service && t.action == action);
    facts.helped = ended.filter(|t| t.at > since && !own(t)).filter_map(|t| t.helped).collect();
    let silences = Silences::read(&control, environment, std::slice::from_ref(policy), facts.now).map_err(words)?;
    facts.silenced = silences.of(what(policy, host)).map(silence::words);
    facts.breakers = breakers(store, environment, policy, host, facts.now)?;
    facts.busy = busy(store, about)?;
    Ok(())
}

/// What of a policy on a host a person may have silenced.
pub fn what<'a>(policy: &'a Policy, host: &'a str) -> What<'a> {
    What { host: Some(host), check: Some(&policy.check), service: Some(&policy.service) }
}

fn breakers(store: &StateDir, environment: &str, policy: &Policy, host: &str, now: i64) -> Result<Vec<String>, String> {
    let environment = environment.to_owned();
    let keys = [
        Key::Fleet { environment: environment.clone() },
        Key::Transport { environment: environment.clone(), host: host.to_owned() },
        Key::Service { environment, service: policy.service.clone() },
    ];
    let keeper = Keeper::open(store).map_err(|e| e.to_string())?;
    let words = |key: &Key| keeper.words(key, now).map_err(|e| e.to_string()).transpose();
    keys.iter().filter_map(words).collect()
}

/// Runs that are under way on the host, or may be.
fn busy(store: &StateDir, about: About<'_>) -> Result<Vec<String>, String> {
    let live = Filter { live: true, ..Filter::default() };
    let index = whole_index(store).map_err(|e| e.to_string())?;
    let rows = list::list(store, &index, &live).map_err(|e| e.to_string())?;
    let here = scope(about.inventory, about.root);
    let mut busy = Vec::new();
    for row in rows.iter().filter(|row| about.own.is_none_or(|(run, _)| run != row.id) && row.ended_at.is_none()) {
        let Ok(spec) = read_spec(&store.run(row.id)) else { continue };
        if scope(spec.work.inventory(), &spec.cwd) != here {
            continue;
        }
        // One that only watches does nothing to the host.
        if row.kind == KIND && matches!(row.state.as_str(), "probation" | "inhibited") {
            continue;
        }
        if spec.touched().is_none_or(|hosts| hosts.iter().any(|h| h == about.host)) {
            busy.push(format!("run {} ({}, {}, {})", row.id, row.title, row.operator, row.state));
        }
    }
    Ok(busy)
}

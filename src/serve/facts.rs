//! What the daemon knows about itself and its environments at one moment, read from the state directory for `ready` and
//! `metrics`. Only counts: what is wrong on which host is for the board and for notices.

use super::post::{Post, Stands};
use crate::health::breaker::Keeper;
use crate::health::judge::{Status, is_ahead};
use crate::health::silence::{Silences, What};
use crate::health::store::{Poller, Store};
use crate::recovery;
use crate::state::outbox::Backlog;
use crate::state::{Control, DbError, Filter, Index, StateDir, clock};
use std::collections::BTreeMap;

/// Runs that ended within so many milliseconds are counted: a day.
const ENDED: i64 = 24 * 3_600_000;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// The moment (Unix milliseconds).
    pub at: i64,
    /// Why the state directory cannot be read or written.
    pub store: Option<String>,
    pub environments: Vec<Seen>,
    /// Alerts of an Alertmanager that fire, as far as it told.
    pub alerts: u64,
    /// Breakers: environment (empty: of none), what they are about, how they stand -> how many.
    pub breakers: BTreeMap<(String, String, String), u64>,
    /// Runs that live or ended within a day: environment, state -> how many.
    pub runs: BTreeMap<(String, String), u64>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    pub name: String,
    /// Where its loop stands.
    pub stands: Stands,
    pub poller: Option<Poller>,
    /// Checks by how they are.
    pub checks: BTreeMap<Status, u64>,
    /// Those of them that are silenced.
    pub silenced: BTreeMap<Status, u64>,
    /// Age of the oldest reading (milliseconds).
    pub oldest: Option<i64>,
    /// Incidents of auto-recovery by their state.
    pub incidents: BTreeMap<&'static str, u64>,
    pub silences: u64,
    /// Notices that were not told.
    pub backlog: Vec<Backlog>,
}

/// The clock (Unix milliseconds).
pub fn now() -> i64 {
    clock::wall()
}

/// Reads all of it. What cannot be read is missing, and `store` says why. Blocking.
pub fn gather(state: &StateDir, posts: &[Post]) -> Facts {
    let mut facts = Facts { at: now(), ..Facts::default() };
    for post in posts {
        facts.environments.push(Seen { name: post.name.clone(), stands: post.stands(), ..Seen::default() });
    }
    if let Err(e) = read(state, posts, &mut facts) {
        facts.store = Some(e.to_string());
    }
    facts
}

fn read(state: &StateDir, posts: &[Post], facts: &mut Facts) -> Result<(), anyhow::Error> {
    let (control, index) = (Control::open(state)?, Index::open(state)?);
    // Nothing is changed; the right to write is asked for all the same.
    control.alone(|| Ok::<(), DbError>(()))?;
    for (post, seen) in posts.iter().zip(&mut facts.environments) {
        let store = Store::open(state, &post.scope)?;
        seen.poller = store.poller(clock::booted())?;
        let rows = control.silences(Some(&post.name), facts.at)?;
        seen.silences = rows.len() as u64;
        let silences = Silences::new(rows, &post.policies);
        for report in store.reports(0)? {
            for record in &report.records {
                let status = record.state.seen(&record.rule, facts.at);
                *seen.checks.entry(status).or_default() += 1;
                let what = What { host: report.host.as_deref(), check: Some(&record.check), service: None };
                if silences.of(what).is_some() {
                    *seen.silenced.entry(status).or_default() += 1;
                }
                let last = record.state.last.as_ref().filter(|last| !is_ahead(last.at, facts.at));
                let age = last.map(|last| (facts.at - last.at).max(0));
                seen.oldest = seen.oldest.max(age);
            }
        }
        seen.backlog = control.backlog(&post.scope)?;
        for incident in recovery::incidents(&control, Some(&post.name))? {
            *seen.incidents.entry(incident.state.name()).or_default() += 1;
        }
    }
    facts.alerts = control.firing_alerts()?;
    for (key, breaker) in Keeper::open(state)?.list(None)? {
        let about = key.to_string().split(':').next().unwrap_or_default().to_owned();
        let environment = key.environment().unwrap_or_default().to_owned();
        let position = breaker.position(facts.at).name().to_owned();
        *facts.breakers.entry((environment, about, position)).or_default() += 1;
    }
    let live = index.list(&Filter { live: true, ..Filter::default() })?;
    let ended = index.list(&Filter { ended_after: Some(facts.at - ENDED), ..Filter::default() })?;
    for run in live.into_iter().chain(ended) {
        *facts.runs.entry((run.environment.unwrap_or_default(), run.state)).or_default() += 1;
    }
    Ok(())
}

//! Breakers as all processes share them: read, put through the machine and written back while no other process writes; every
//! change waits in its row until the audit ledger has it.

use super::machine::{Breaker, Change, Input, Position, State};
use super::{Key, Limits, tripped};
use crate::state::breakers::BreakerRow;
use crate::state::{Control, DbError, Index, StateDir};
use crate::text::human;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use uuid::Uuid;

/// A deploy may take so long before its try counts as failed (milliseconds).
const DEPLOY: i64 = 3_600_000;
const POLL: &str = "poll";

/// Why breakers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    #[error("{0}")]
    Db(#[from] DbError),
    /// A row that this version cannot read.
    #[error("breaker {key} cannot be read: {source}; `opsdeck breaker auto {key}` makes it anew")]
    Row { key: String, source: serde_json::Error },
}

/// How reaching a host went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub host: String,
    /// When it was tried (Unix milliseconds).
    pub began: i64,
    /// When it answered, or was given up.
    pub ended: i64,
    /// It was reached, whatever it answered.
    pub ok: bool,
    /// A person silenced it: it says nothing of the fleet.
    pub silenced: bool,
}

/// All breakers of a state directory.
#[derive(Debug)]
pub struct Keeper {
    control: Control,
    store: StateDir,
}

impl Keeper {
    /// Opens them, in step with the wall clock.
    ///
    /// # Errors
    /// control.db cannot be opened.
    pub fn open(store: &StateDir) -> Result<Self, KeeperError> {
        let control = Control::open(store)?;
        control.in_step()?;
        Ok(Keeper { control, store: store.clone() })
    }

    /// Where they stand.
    pub(super) fn control(&self) -> &Control {
        &self.control
    }

    /// Where changes are recorded.
    pub(super) fn ledger(&self) -> PathBuf {
        self.store.audit()
    }

    /// All breakers that have a row, by key; those of an environment and of endpoints, where one is named. The others are
    /// closed and have nothing to tell. A row that cannot be read is left out and logged.
    ///
    /// # Errors
    /// control.db cannot be read.
    pub fn list(&self, environment: Option<&str>) -> Result<Vec<(Key, Breaker)>, KeeperError> {
        let rows = self.control.breakers(environment)?.into_iter();
        let read = rows.filter_map(|row| match (row.key.parse(), serde_json::from_str(&row.body)) {
            (Ok(key), Ok(breaker)) => Some((key, breaker)),
            _ => {
                tracing::warn!("breaker {} cannot be read", row.key);
                None
            }
        });
        Ok(read.collect())
    }

    /// One breaker as it is.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn get(&self, key: &Key) -> Result<Breaker, KeeperError> {
        let name = key.to_string();
        match self.control.breaker(&name)? {
            Some(body) => serde_json::from_str(&body).map_err(|source| KeeperError::Row { key: name, source }),
            None => Ok(Breaker::default()),
        }
    }

    /// Puts one breaker through its machine. True: whoever asked may go on.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn put(&self, key: &Key, input: &Input, now: i64) -> Result<bool, KeeperError> {
        // A person's word is recorded by whoever hears it, with who it was.
        let said = matches!(input, Input::Force(_) | Input::Auto);
        let (permit, waits) = self.control.alone(|| {
            let before = match self.get(key) {
                // What nobody can read is made anew by a person's word.
                Err(KeeperError::Row { .. }) if *input == Input::Auto => None,
                other => Some(other?),
            };
            let mut next = before.clone().unwrap_or_default().next(input, now, &limits(key), jitter());
            next.breaker.unrecorded.extend(next.change.filter(|_| !said));
            if before.as_ref() != Some(&next.breaker) {
                self.control.put_breakers(&[row(key, &next.breaker)])?;
            }
            Ok::<_, KeeperError>((next.permit, !next.breaker.unrecorded.is_empty()))
        })?;
        if waits {
            self.record(std::slice::from_ref(key));
        }
        Ok(permit)
    }

    /// Asks for somebody (a run, by its id): may it go on? A try of a run that has ended is given back first. What stands in
    /// the way, in words.
    ///
    /// # Errors
    /// The breaker cannot be read or written.
    pub fn ask(&self, key: &Key, by: &str, now: i64) -> Result<Option<String>, KeeperError> {
        let breaker = self.get(key)?;
        if let State::HalfOpen { probe: Some(probe), .. } = &breaker.state
            && probe.by != by
            && self.is_gone(&probe.by)?
        {
            self.put(key, &Input::GiveBack { by: probe.by.clone() }, now)?;
        }
        if self.put(key, &Input::Ask { by: by.to_owned() }, now)? { Ok(None) } else { self.words(key, now) }
    }

    /// What a breaker says to whoever it keeps waiting; `None`: it lets everybody through.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn words(&self, key: &Key, now: i64) -> Result<Option<String>, KeeperError> {
        let breaker = self.get(key)?;
        Ok(breaker.blocks(now).then(|| format!("breaker {key} is {}", breaker.words(now))))
    }

    /// A round of looking at hosts of an environment that has `hosts` of them. While the fleet's own breaker is not closed,
    /// no host is judged: it is the control host or the network. Gives what changed.
    ///
    /// # Errors
    /// The breakers cannot be read or written.
    pub fn round(
        &self,
        environment: &str,
        hosts: usize,
        seen: &[Seen],
        now: i64,
    ) -> Result<Vec<(Key, Change)>, KeeperError> {
        let (changes, waiting) = self.control.alone(|| {
            let mut all: BTreeMap<Key, Breaker> = self.list(Some(environment))?.into_iter().collect();
            let before = all.clone();
            let changes = round(&mut all, environment, hosts, seen, now);
            let news = all.iter().filter(|(key, breaker)| before.get(key) != Some(breaker));
            let rows: Vec<BreakerRow> = news.map(|(key, breaker)| row(key, breaker)).collect();
            self.control.put_breakers(&rows)?;
            let waiting = all.into_iter().filter(|(_, breaker)| !breaker.unrecorded.is_empty()).map(|(key, _)| key);
            Ok::<_, KeeperError>((changes, waiting.collect::<Vec<Key>>()))
        })?;
        self.record(&waiting);
        Ok(changes)
    }

    /// The process that looked at hosts is a new one: what its predecessor tried is tried again, and what was open too long is
    /// half-open.
    ///
    /// # Errors
    /// The breakers cannot be read or written.
    pub fn restart(&self, environment: &str, now: i64) -> Result<(), KeeperError> {
        for (key, breaker) in self.list(Some(environment))? {
            let polled = matches!(key, Key::Transport { .. } | Key::Fleet { .. });
            if polled && breaker.state != State::Closed {
                self.put(&key, &Input::Restart, now)?;
            }
        }
        Ok(())
    }

    fn is_gone(&self, run: &str) -> Result<bool, KeeperError> {
        let Ok(run) = run.parse::<Uuid>() else { return Ok(false) };
        let index = Index::open(&self.store)?;
        Ok(match index.get(run)? {
            Some(row) => row.ended_at.is_some(),
            // One that has no row may only not have it yet.
            None => index.is_whole()?,
        })
    }
}

/// All of a round at once.
fn round(
    all: &mut BTreeMap<Key, Breaker>,
    environment: &str,
    hosts: usize,
    seen: &[Seen],
    now: i64,
) -> Vec<(Key, Change)> {
    let mut changes = Vec::new();
    let fleet = Key::Fleet { environment: environment.to_owned() };
    let mut put = |all: &mut BTreeMap<Key, Breaker>, key: &Key, input: &Input, now: i64| {
        let before = all.get(key).cloned().unwrap_or_default();
        let mut next = before.next(input, now, &limits(key), jitter());
        next.breaker.unrecorded.extend(next.change.clone());
        changes.extend(next.change.map(|change| (key.clone(), change)));
        // What is well and always was needs no row.
        if next.breaker != before {
            all.insert(key.clone(), next.breaker);
        }
        next.permit
    };
    let silenced: BTreeSet<&str> = seen.iter().filter(|s| s.silenced).map(|s| s.host.as_str()).collect();
    if let Some(breaker) = all.get(&fleet).filter(|breaker| breaker.blocks(now)) {
        let counted = breaker.results.last().map_or(breaker.since, |last| last.ended);
        let seen: Vec<&Seen> = seen.iter().filter(|seen| seen.ended > counted && !seen.silenced).collect();
        if !seen.is_empty() && put(all, &fleet, &Input::Ask { by: POLL.into() }, now) {
            let failed = seen.iter().filter(|s| !s.ok).count();
            let ok = failed * 100 <= seen.len() * limits(&fleet).fleet_percent as usize;
            put(all, &fleet, &Input::Result { began: now, ok }, now);
        }
        return changes;
    }
    for seen in seen {
        let key = Key::Transport { environment: environment.to_owned(), host: seen.host.clone() };
        match all.get(&key) {
            None if seen.ok => continue,
            // Polled once, and looked at by more than one round.
            Some(breaker) if breaker.results.last().is_some_and(|last| last.ended >= seen.ended) => continue,
            _ => {}
        }
        put(all, &key, &Input::Ask { by: POLL.into() }, seen.began);
        put(all, &key, &Input::Result { began: seen.began, ok: seen.ok }, seen.ended);
    }
    let open = all.iter().filter_map(|(key, breaker)| match (key, &breaker.state) {
        (Key::Transport { environment: of, host }, State::Open { .. }) => {
            (of == environment && !silenced.contains(host.as_str())).then_some(breaker.since)
        }
        _ => None,
    });
    let open: Vec<i64> = open.collect();
    let hosts = hosts.saturating_sub(silenced.len());
    if tripped(&open, hosts, now, &limits(&fleet)) {
        let why = format!("{} of {hosts} hosts could not be reached: control host or network?", open.len());
        put(all, &fleet, &Input::Trip { why }, now);
    }
    changes
}

fn limits(key: &Key) -> Limits {
    match key {
        Key::Service { .. } => Limits { verdict: DEPLOY, ..Limits::default() },
        _ => Limits::default(),
    }
}

pub(super) fn row(key: &Key, breaker: &Breaker) -> BreakerRow {
    // It has no map with keys that are not text: it can always be written.
    let body = serde_json::to_string(breaker).unwrap_or_default();
    BreakerRow { key: key.to_string(), environment: key.environment().map(str::to_owned), body }
}

/// From 0 to 1, by the random part of an id.
fn jitter() -> f64 {
    (Uuid::now_v7().as_u128() & 0xffff) as f64 / f64::from(0xffff)
}

impl Breaker {
    /// How it stands and why, in words.
    pub fn words(&self, now: i64) -> String {
        let position = self.position(now);
        let name = position.name().replace('_', " ");
        match (self.word(now), &self.state) {
            (Some(forced), _) => {
                let until = forced.until.map(|until| format!(" until {}", human::date_time(until)));
                format!("{name}{} by {}: {}", until.unwrap_or_default(), forced.by, forced.reason)
            }
            (None, State::Open { until }) if *until > now => {
                // By the clock: whoever waits and writes down why writes it once.
                format!("{name}: {}; tried again at {}", self.why, human::time(*until))
            }
            (None, State::HalfOpen { probe: Some(probe), .. }) => format!("{name}: {} tries it", probe.by),
            _ if position == Position::Closed => name,
            _ => format!("{name}: {}", self.why),
        }
    }
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;

//! What health has measured, as notices want it: which checks became bad or well, whether it is known by now who else fails,
//! and what still holds.

use super::Place;
use super::fold::Fresh;
use super::message::Message;
use crate::health::board::MOMENT;
use crate::health::judge::Status;
use crate::health::record::Record;
use crate::health::store::Store;
use crate::state::DbError;
use std::collections::{BTreeMap, BTreeSet};

/// All checks of an environment at a moment.
#[derive(Debug, Default)]
pub struct Checks {
    all: Vec<Check>,
    now: i64,
}

#[derive(Debug)]
struct Check {
    host: Option<String>,
    record: Record,
    status: Status,
    /// What is told when it is bad.
    message: Message,
}

impl Checks {
    /// Reads them.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn read(place: Place<'_>) -> Result<Self, DbError> {
        let reports = Store::open(place.state, place.scope)?.reports(0)?;
        let of = |host: Option<String>, record: Record| {
            let text = record.state.last.as_ref().map_or("", |last| last.text.as_str());
            let since = record.state.since;
            let message = Message::of_check(place.environment, host.as_deref(), &record.check, text, since);
            Check { status: record.state.seen(&record.rule, place.now), host, message, record }
        };
        let all = reports.into_iter().flat_map(|report| {
            let host = report.host;
            report.records.into_iter().map(move |record| (host.clone(), record))
        });
        Ok(Checks { all: all.map(|(host, record)| of(host, record)).collect(), now: place.now })
    }

    /// Those that became bad and were not told, alone or as part of something, once it is known who else fails.
    pub fn fresh(&self, said: &BTreeMap<String, Message>) -> Vec<Fresh> {
        let parts: BTreeSet<&str> = said.values().flat_map(|message| &message.of).map(String::as_str).collect();
        let is_news = |check: &&Check| {
            let about = check.message.about.as_str();
            check.status == Status::Bad && !said.contains_key(about) && !parts.contains(about)
        };
        let fresh = self.all.iter().filter(is_news).filter(|check| self.is_settled(check, check.record.state.since));
        let fresh = fresh.map(|check| {
            let why = check.record.state.last.as_ref().map_or(String::new(), |last| last.text.clone());
            Fresh { family: check.record.family.clone(), why, message: check.message.clone() }
        });
        fresh.collect()
    }

    /// Ends of what was told of one check that is well again. What is stale or unknown stays as it was told.
    pub fn well(&self, said: &BTreeMap<String, Message>) -> Vec<Message> {
        let well = self.all.iter().filter(|check| matches!(check.status, Status::Ok | Status::Warn));
        let over = |check: &Check| {
            let before = said.get(&check.message.about)?;
            Some(before.over("ok", &check.message.text, self.now))
        };
        well.filter_map(over).collect()
    }

    /// A check that was told of is not well yet.
    pub fn holds(&self, about: &str) -> bool {
        let not_well = |check: &&Check| !matches!(check.status, Status::Ok | Status::Warn);
        self.all.iter().filter(not_well).any(|check| check.message.about == about)
    }

    /// Hosts that have a check.
    pub fn hosts(&self, family: &str) -> usize {
        let of = self.all.iter().filter(|check| check.is_of(family)).filter_map(|check| check.host.as_deref());
        of.collect::<BTreeSet<_>>().len()
    }

    /// Whether it is known who else fails with this host in a check that it has. `since`: when that is news.
    pub fn is_known(&self, host: &str, family: &str, since: i64) -> bool {
        let own = self.all.iter().filter(|check| check.host.as_deref() == Some(host) && check.is_of(family));
        own.into_iter().all(|check| self.is_settled(check, since))
    }

    /// Every other host was looked at since this one began to fail, and none is about to become bad. For what begins on many
    /// hosts it takes one interval; nobody waits longer than a moment.
    fn is_settled(&self, own: &Check, since: i64) -> bool {
        if self.now - since >= MOMENT || own.host.is_none() {
            return true;
        }
        let state = &own.record.state;
        let began = if state.tends == Status::Bad { state.streak_since } else { state.since };
        let others = self.all.iter().filter(|check| check.is_of(&own.record.family) && check.host != own.host);
        let open = |check: &Check| {
            let state = &check.record.state;
            // That it fails can be said by what was asked before; that it does not, only by what was asked since.
            let unseen = state.tends != Status::Bad && state.last.as_ref().is_none_or(|last| last.began < began);
            check.status != Status::Stale && (unseen || (check.status != Status::Bad && state.tends == Status::Bad))
        };
        !others.into_iter().any(open)
    }
}

impl Check {
    fn is_of(&self, family: &str) -> bool {
        self.record.family == family || self.record.check == family
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::judge::{CheckState, Got, Reading, Rule};
    use crate::health::probe::Verdict;
    use crate::health::record::{Report, Unit};
    use crate::health::silence::Silences;
    use crate::project::config::notify::Notify;
    use crate::state::StateDir;

    /// A check that is read every ten seconds; two bad ones in a row count. Readings in seconds, oldest first.
    fn report(host: &str, readings: &[(i64, bool)]) -> Report {
        let rule = Rule { interval: 10, fall: 2, ..Rule::default() };
        let verdict = |ok: bool| Got::Verdict(if ok { Verdict::Pass } else { Verdict::Fail });
        let judge = |state: CheckState, (at, ok): &(i64, bool)| {
            state.judge(
                &rule,
                Reading { began: at * 1000, at: at * 1000, got: verdict(*ok), text: "x".into(), least: None },
            )
        };
        let state = readings.iter().fold(CheckState::default(), judge);
        let record = Record {
            check: "web".into(),
            family: "web".into(),
            source: String::new(),
            need: String::new(),
            unit: Unit::Number,
            value: None,
            rule: rule.clone(),
            state,
            series: Default::default(),
            trend: None,
        };
        Report { host: Some(host.into()), probe: "web".into(), at: 0, records: vec![record] }
    }

    fn fresh(reports: &[Report], now: i64) -> usize {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        let store = Store::open(&state, "s").unwrap();
        assert_eq!(store.take("t", "t", 0).unwrap(), None);
        let reports: Vec<_> = reports.iter().map(|report| (report.clone(), None)).collect();
        store.publish("t", &reports, now * 1000).unwrap();
        let (notify, silences) = (Notify::default(), Silences::default());
        let place = Place {
            state: &state,
            environment: "prod",
            scope: "s",
            notify: &notify,
            silences: &silences,
            now: now * 1000,
        };
        Checks::read(place).unwrap().fresh(&BTreeMap::new()).len()
    }

    #[test]
    fn a_check_that_became_bad_waits_until_it_is_known_who_else_fails_and_no_longer_than_a_moment() {
        let bad = report("w1", &[(100, true), (110, false), (120, false)]);
        let of = |readings: &[(i64, bool)]| [bad.clone(), report("w2", readings)];
        assert_eq!(fresh(&of(&[(105, true)]), 121), 0, "the other was not looked at since");
        assert_eq!(fresh(&of(&[(105, true), (115, true)]), 121), 1, "it is this host alone");
        assert_eq!(fresh(&of(&[(105, true), (115, false)]), 121), 0, "the other is about to be bad, too");
        assert_eq!(fresh(&of(&[(105, false), (115, false)]), 121), 2, "both are");
        let long = report("w1", &[(100, true), (110, false), (120, false), (140, false), (160, false), (175, false)]);
        let flaps = report("w2", &[(165, true), (178, false)]);
        assert_eq!(fresh(&[long.clone(), flaps.clone()], 179), 0);
        assert_eq!(fresh(&[long, flaps], 180), 1, "nobody waits longer");
        assert_eq!(fresh(&of(&[(60, true)]), 121), 1, "nobody waits for what is stale");
    }
}

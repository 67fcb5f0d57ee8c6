//! What was polled, as auto-recovery reads it: how a check is on each host, what it depends on, and who was reached.

use super::guards::Reading;
use super::incident::Look;
use crate::health::judge::{Got, Status};
use crate::health::probe::Verdict;
use crate::health::record::{Record, Report};
use crate::health::store::Store;
use crate::project::config::recovery::Policy;
use crate::project::scope;
use crate::state::{DbError, StateDir};
use std::collections::BTreeMap;
use std::path::Path;

/// What was polled in an environment.
///
/// # Errors
/// The index cannot be read.
pub fn reports(store: &StateDir, root: &Path, inventory: &[String]) -> Result<Vec<Report>, DbError> {
    Store::open(store, &scope(inventory, root))?.reports(0)
}

/// The records of a check, by host.
pub fn of_check<'a>(reports: &'a [Report], check: &'a str) -> impl Iterator<Item = (&'a str, &'a Record)> {
    let of = move |report: &'a Report| {
        let host = report.host.as_deref();
        let records = report.records.iter().filter(move |record| record.check == check || record.family == check);
        records.filter_map(move |record| Some((host?, record)))
    };
    reports.iter().flat_map(of)
}

/// How a record counts for an incident.
pub fn look(record: &Record, now: i64) -> Look {
    let state = &record.state;
    match state.seen(&record.rule, now) {
        Status::Stale | Status::Unknown if !state.is_suspect() => Look::Unknown,
        _ if state.flaps.is_flapping() => Look::Flapping,
        Status::Bad if state.tends == Status::Bad => Look::Bad,
        // Bad, and on its way back: it counts as bad until it is well.
        Status::Bad => Look::Failing,
        Status::Ok | Status::Warn if state.tends == Status::Bad => Look::Failing,
        Status::Ok | Status::Warn => Look::Good,
        Status::Stale | Status::Unknown => Look::Unknown,
    }
}

/// One a host: the worst of several (`disk /`, `disk /var`).
pub fn readings(reports: &[Report], check: &str, now: i64) -> Vec<Reading> {
    let mut worst: BTreeMap<&str, Reading> = BTreeMap::new();
    for (host, record) in of_check(reports, check) {
        let reading = reading(host, record, now);
        if worst.get(host).is_none_or(|there| reading.bad && !there.bad) {
            worst.insert(host, reading);
        }
    }
    worst.into_values().collect()
}

fn reading(host: &str, record: &Record, now: i64) -> Reading {
    let (state, seen) = (&record.state, record.state.seen(&record.rule, now));
    let stale = seen == Status::Stale;
    let interval = i64::from(record.rule.interval) * 1000;
    let failing = state.tends == Status::Bad || state.missing > 0;
    Reading {
        host: host.to_owned(),
        bad: stale || failing || matches!(seen, Status::Bad | Status::Unknown),
        counts: matches!(seen, Status::Bad | Status::Unknown | Status::Stale),
        since: if failing { state.streak_since } else { state.since },
        began: state.last.as_ref().map_or(0, |last| last.began),
        // One interval until they are asked for, and as long for their answers.
        settled: state.since + 2 * interval,
        stale,
    }
}

/// Dependencies that are not well, in words.
pub fn depends(reports: &[Report], policy: &Policy, now: i64) -> Vec<String> {
    let mut depends = Vec::new();
    for check in &policy.depends_on {
        let records = || reports.iter().flat_map(|r| r.records.iter().map(move |record| (r.host.as_deref(), record)));
        let mut of = records().filter(|(_, record)| record.check == *check || record.family == *check).peekable();
        if of.peek().is_none() {
            depends.push(format!("{check} was not looked at"));
        }
        for (host, record) in of {
            let (seen, tends) = (record.state.seen(&record.rule, now), record.state.tends);
            if seen != Status::Ok || tends == Status::Bad {
                let place = host.map(|host| format!(" on {host}")).unwrap_or_default();
                let how = if seen == Status::Ok { "fails" } else { seen.name() };
                depends.push(format!("{check}{place}: {how}"));
            }
        }
    }
    depends
}

/// How reaching the host went, by a record of it; `None`: this is none of it.
pub fn reached(record: &Record) -> Option<(i64, bool)> {
    let last = record.state.last.as_ref().filter(|_| record.check == "ssh")?;
    Some((last.at, !matches!(last.got, Got::Verdict(Verdict::Fail | Verdict::Inconclusive))))
}

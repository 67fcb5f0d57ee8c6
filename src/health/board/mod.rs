//! What a person sees of health: reports folded to rows, the worst first, with their ages, common causes, and one cell a
//! host. Pure: the clock is given. Old is stale, and never looks well.

mod cause;
#[cfg(test)]
mod tests;

pub use cause::{Cause, MOMENT, is_common, way};

use super::judge::{Status, is_ahead};
use super::record::{Record, Report, Unit};
use super::series::Trend;
use super::silence::{Silences, What, words};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Families of the built-in sample that are shown in a way of their own.
pub mod family {
    /// How long the host has been up, seconds.
    pub const UPTIME: &str = "uptime";
    /// Processor, percent.
    pub const CPU: &str = "cpu";
    /// Memory that is not available, percent.
    pub const MEMORY: &str = "memory";
    /// Fullest file system, percent.
    pub const DISK: &str = "disk";
}

/// The whole picture of some hosts at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Board {
    /// The worst first; then what changed last.
    pub rows: Vec<Row>,
    /// How many hosts are how.
    pub hosts: Counts,
    /// How many of the checks that are measured once for all are how.
    pub services: Counts,
    /// Silenced checks beside those of hosts that count as silenced.
    pub hushed: Hushed,
    /// What fails the same way at the same time, most hosts first.
    pub causes: Vec<Cause>,
    /// One a host, in the order of the hosts that were asked for.
    pub cells: Vec<Cell>,
    /// Age of the oldest reading that is not stale (milliseconds).
    pub oldest: Option<i64>,
    /// Shortest interval of any check (seconds).
    pub interval: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub bad: u32,
    pub warn: u32,
    pub stale: u32,
    pub unknown: u32,
    pub silenced: u32,
    /// Of those that are silenced: bad.
    pub silenced_bad: u32,
    pub ok: u32,
    /// Of those that are well: the last reading says otherwise.
    pub suspect: u32,
}

/// Checks that a person silenced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hushed {
    pub checks: u32,
    /// How many of them are bad.
    pub bad: u32,
}

/// One check in one place, or several of one probe that are all stale or unknown.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The host; `None`: measured once for all.
    pub host: Option<String>,
    /// The check; where several are folded, the probe.
    pub check: String,
    /// What it has in common with others ([`family`]); where several are folded, the probe.
    pub family: String,
    /// Under this name its raw answers are kept.
    pub probe: String,
    pub status: Status,
    /// Since when (Unix milliseconds); 0: never measured.
    pub since: i64,
    /// What the last readings in a row say.
    pub tends: Status,
    /// How many in a row.
    pub streak: u32,
    /// How many are needed to count.
    pub needed: u32,
    /// A person silenced it: until when, who and why, safe for a terminal. Nobody is told of it, and it counts for nothing.
    pub silenced: Option<String>,
    /// It still counts as well, but the last readings say otherwise.
    pub suspect: bool,
    /// It changes too often to go by.
    pub flapping: bool,
    /// How much it changes (percent).
    pub flap: f64,
    /// The last reading in words, safe for a terminal.
    pub text: String,
    pub value: Option<f64>,
    /// What that is counted in.
    pub unit: Unit,
    /// The limit that it passed, or will pass first.
    pub limit: Option<f64>,
    /// What lies below the limit is bad, not what lies above.
    pub low: bool,
    /// What is needed, in words.
    pub need: String,
    /// The last half hour, one value a minute, oldest first.
    pub spark: Vec<Option<f32>>,
    /// Where the number is going.
    pub trend: Option<Trend>,
    /// Milliseconds until it is full at that pace: percent only.
    pub full_in: Option<i64>,
    pub source: String,
    /// Milliseconds since the last reading; `None`: there is none.
    pub age: Option<i64>,
    /// It is stale because nobody asked: that says nothing of the host.
    pub unasked: bool,
    /// How many checks stand in this row.
    pub folded: u32,
    /// Which of [`Board::causes`] it belongs to.
    pub cause: Option<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    pub host: String,
    /// The worst of its checks that are not silenced; where these are well, of the others.
    pub status: Status,
    /// Whatever is not well with it is silenced, or all of it is.
    pub silenced: bool,
    /// It is well, but the last reading of something says otherwise.
    pub suspect: bool,
    /// What is worst, in words (`disk /var 91% used`); empty where all is well.
    pub why: String,
    /// Since when it is so (Unix milliseconds).
    pub since: i64,
    /// Processor, percent; `None`: not known now.
    pub cpu: Option<f64>,
    /// Memory, percent.
    pub memory: Option<f64>,
    /// Fullest file system, percent.
    pub disk: Option<f64>,
}

impl Counts {
    fn add(&mut self, status: Status, suspect: bool, silenced: bool) {
        if silenced {
            self.silenced += 1;
            self.silenced_bad += u32::from(status == Status::Bad);
            return;
        }
        match status {
            Status::Bad => self.bad += 1,
            Status::Warn => self.warn += 1,
            Status::Stale => self.stale += 1,
            Status::Unknown => self.unknown += 1,
            Status::Ok => self.ok += 1,
        }
        self.suspect += u32::from(status == Status::Ok && suspect);
    }
}

impl Hushed {
    fn add<'a>(&mut self, rows: impl IntoIterator<Item = &'a Row>) {
        for row in rows.into_iter().filter(|row| row.silenced.is_some()) {
            self.checks += row.folded;
            self.bad += u32::from(row.status == Status::Bad);
        }
    }
}

impl Row {
    /// What it is about to become, in words: `2 of 3 readings until bad`; `None`: it stays as it is.
    pub fn soon(&self) -> Option<String> {
        let tends = self.tends.name();
        match self.status {
            // Not even that is known now.
            Status::Ok if self.suspect && self.tends == Status::Ok => Some("the last reading failed".into()),
            Status::Ok | Status::Warn | Status::Bad if self.tends == self.status => None,
            Status::Stale | Status::Unknown => None,
            // It was often enough, and must last yet.
            _ if self.streak >= self.needed => Some(format!("{tends} if it lasts")),
            _ => Some(format!("{} of {} readings until {tends}", self.streak, self.needed)),
        }
    }

    /// It is bad, and nobody said that this is known.
    pub fn is_alert(&self) -> bool {
        self.status == Status::Bad && self.silenced.is_none()
    }
}

impl Board {
    /// Of these hosts, in their order; what reports tell of others is left out, what was measured once for all is not.
    pub fn new<'a>(
        reports: impl IntoIterator<Item = &'a Report>,
        hosts: &[String],
        silences: &Silences,
        now: i64,
    ) -> Board {
        let mut board = Board::default();
        let order: HashMap<&str, usize> = hosts.iter().enumerate().map(|(n, host)| (host.as_str(), n)).collect();
        let mut of: Vec<Vec<Row>> = vec![Vec::new(); hosts.len()];
        let mut once = Vec::new();
        for report in reports {
            let rows = rows(report, silences, now, &mut board);
            match &report.host {
                None => once.extend(rows),
                Some(host) => order.get(host.as_str()).into_iter().for_each(|at| of[*at].extend_from_slice(&rows)),
            }
        }
        for (host, rows) in hosts.iter().zip(&mut of) {
            if rows.is_empty() {
                rows.push(Row { silenced: silenced(Some(host), "sample", silences), ..never(host) });
            }
            let cell = cell(host, rows);
            board.hosts.add(cell.status, cell.suspect, cell.silenced);
            if !cell.silenced {
                board.hushed.add(rows.iter());
            }
            board.cells.push(cell);
        }
        board.hushed.add(&once);
        once.iter().for_each(|row| board.services.add(row.status, row.suspect, row.silenced.is_some()));
        let mut rows: Vec<Row> = of.into_iter().flatten().chain(once).collect();
        board.causes = cause::find(&mut rows);
        // Stable: within one state and moment the hosts keep their order.
        rows.sort_by_key(|row| (rank(row), Reverse(row.suspect && row.silenced.is_none()), Reverse(changed(row))));
        board.rows = rows;
        board
    }

    pub fn cell(&self, host: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.host == host)
    }
}

/// The worst first; what is silenced and not well stands before what is well, silenced or not.
fn rank(row: &Row) -> (bool, bool, Reverse<Status>) {
    let well = row.status == Status::Ok;
    (well, !well && row.silenced.is_some(), Reverse(row.status))
}

fn silenced(host: Option<&str>, check: &str, silences: &Silences) -> Option<String> {
    let what = What { host, check: Some(check), service: None };
    silences.of(what).map(|row| crate::text::plain(&words(row)).into_owned())
}

/// Where all is well the order must not change with every reading.
fn changed(row: &Row) -> i64 {
    if row.status == Status::Ok { 0 } else { row.since }
}

fn rows(report: &Report, silences: &Silences, now: i64, board: &mut Board) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for record in &report.records {
        let silenced = silenced(report.host.as_deref(), &record.check, silences);
        let row = Row { silenced, ..row(report, record, now) };
        if let Some(age) = row.age.filter(|_| row.status != Status::Stale) {
            board.oldest = Some(board.oldest.map_or(age, |oldest| oldest.max(age)));
        }
        let interval = record.rule.interval;
        board.interval = Some(board.interval.map_or(interval, |shortest| shortest.min(interval)));
        let alike = |r: &&mut Row| {
            r.status == row.status && folds(r.status) && r.silenced == row.silenced && r.unasked == row.unasked
        };
        let alike = rows.iter_mut().find(alike);
        match alike {
            Some(one) => {
                one.check.clone_from(&report.probe);
                one.family.clone_from(&report.probe);
                one.folded += 1;
                one.since = one.since.min(row.since);
                one.age = one.age.max(row.age);
                (one.value, one.limit, one.full_in, one.trend) = (None, None, None, None);
            }
            None => rows.push(row),
        }
    }
    rows
}

fn folds(status: Status) -> bool {
    matches!(status, Status::Stale | Status::Unknown)
}

fn row(report: &Report, record: &Record, now: i64) -> Row {
    let state = &record.state;
    let status = state.seen(&record.rule, now);
    let last = state.last.as_ref();
    // How long a host has been up only grows.
    let trend = record.trend.filter(|_| status != Status::Stale && record.family != family::UPTIME);
    let full = |trend: Trend| trend.until(record.value?, 100.0);
    Row {
        host: report.host.clone(),
        check: record.check.clone(),
        family: record.family.clone(),
        probe: report.probe.clone(),
        status,
        // Stale is what it is since the last reading, whatever it was before.
        since: if status == Status::Stale { last.map_or(0, |last| last.at) } else { state.since },
        tends: state.tends,
        streak: state.streak,
        needed: state.needed(&record.rule),
        silenced: None,
        suspect: state.is_suspect() && status == Status::Ok,
        flapping: state.flaps.is_flapping(),
        flap: state.flaps.percent(),
        text: last.map(|last| last.text.clone()).unwrap_or_else(|| "not measured yet".to_owned()),
        value: record.value,
        unit: record.unit,
        limit: record.rule.limits.limit(status),
        low: record.rule.limits.low,
        need: record.need.clone(),
        spark: record.series.minutes(now),
        trend,
        full_in: trend.filter(|_| record.unit == Unit::Percent).and_then(full),
        source: record.source.clone(),
        age: last.filter(|last| !is_ahead(last.at, now)).map(|last| (now - last.at).max(0)),
        // Every asking leaves a report, whatever the host answers; and what is counted between two of them (cpu) needs a
        // second one after a while in which nobody asked.
        unasked: status == Status::Stale
            && (now - report.at > record.rule.stale_after()
                || is_ahead(report.at, now)
                || now - reached(report) <= record.rule.stale_after()),
        folded: 1,
        cause: None,
    }
}

/// Since when it is known whether the host can be reached: begins anew where nobody asked for a while.
fn reached(report: &Report) -> i64 {
    report.records.iter().find(|record| record.check == "ssh").map_or(0, |record| record.state.since)
}

/// A host that was asked for and of which nothing is known.
fn never(host: &str) -> Row {
    let report = Report { host: Some(host.to_owned()), probe: "sample".into(), at: 0, records: Vec::new() };
    let record = Record {
        check: "sample".into(),
        family: "sample".into(),
        source: String::new(),
        need: String::new(),
        unit: Unit::Number,
        value: None,
        rule: Default::default(),
        state: Default::default(),
        series: Default::default(),
        trend: None,
    };
    row(&report, &record, 0)
}

fn cell(host: &str, rows: &[Row]) -> Cell {
    let worst = |silenced: bool| {
        let of = rows.iter().filter(|row| row.silenced.is_some() == silenced);
        of.max_by_key(|row| (row.status, row.suspect, Reverse(row.since)))
    };
    let (loud, hushed) = (worst(false), worst(true));
    // What is silenced counts for nothing, yet a host is not well for it.
    let well = |row: Option<&Row>| row.is_none_or(|row| row.status == Status::Ok);
    let silenced = well(loud) && hushed.is_some() && (loud.is_none() || !well(hushed));
    let worst = if silenced { hushed } else { loud };
    let percent = |family: &str| {
        let known = rows.iter().filter(|row| row.status != Status::Stale && row.family == family);
        known.filter_map(|row| row.value).reduce(f64::max)
    };
    let status = worst.map_or(Status::Unknown, |row| row.status);
    Cell {
        host: host.to_owned(),
        status,
        silenced,
        suspect: worst.is_some_and(|row| row.suspect),
        why: match worst {
            Some(row) if row.status != Status::Ok || row.suspect => format!("{} {}", row.check, row.text),
            _ => String::new(),
        },
        since: worst.map_or(0, |row| row.since),
        cpu: percent(family::CPU),
        memory: percent(family::MEMORY),
        disk: percent(family::DISK),
    }
}

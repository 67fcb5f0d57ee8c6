//! What answers make of what is known: answer after answer folded into the reports that are stored. Pure.

use crate::health::judge::{Got, Reading, Rule, Status};
use crate::health::plan::{Ask, Job, Watch, needed};
use crate::health::probe::Verdict;
use crate::health::record::{Raw, Record, Report, Unit};
use crate::health::sample::Sample;
use crate::health::sample::measure::{Counters, Measured, Metric, Thresholds, measure};
use crate::text::human;
use std::collections::HashMap;

/// Milliseconds after which a number that a host no longer tells is forgotten.
const FORGET: i64 = 30 * 60_000;

#[derive(Debug, Clone, PartialEq)]
pub struct Brought {
    /// When it was begun (Unix milliseconds).
    pub at: i64,
    /// Milliseconds that it took.
    pub took: i64,
    pub found: Found,
    /// The answer as it came.
    pub raw: Raw,
}

/// What came of it. Texts are safe for a terminal.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// The host told how it is.
    Sample(Box<Sample>),
    /// The host was reached, and its answer makes no sense.
    Odd(String),
    /// The host does not answer.
    Unreachable(String),
    /// It could not be asked: nothing is known.
    Unknown(String),
    /// It was left alone this time: what was known of it ages.
    Skipped(String),
    /// What a probe saw, and its number.
    Seen(Verdict, String, Option<f64>),
}

/// Where a report belongs.
pub type Key = (Option<String>, String);

#[derive(Debug, Clone, Default)]
struct Kept {
    records: Vec<Record>,
    counters: Option<Counters>,
}

/// All that is known of the jobs of one poller.
#[derive(Debug, Clone, Default)]
pub struct Keep {
    of: HashMap<Key, Kept>,
}

impl Keep {
    /// Goes on from what the poller before knew.
    pub fn new(reports: Vec<Report>) -> Keep {
        let kept = |report: Report| ((report.host, report.probe), Kept { records: report.records, counters: None });
        Keep { of: reports.into_iter().map(kept).collect() }
    }

    /// The newest sample that the poller before took of a host: rates are counted on from it, or a screen that is left and
    /// opened again would never know one.
    pub fn remember(&mut self, host: &str, probe: &str, raw: &Raw) {
        // Ansible takes the last line's end away.
        let sample = Sample::parse(&[&raw.output, &b"\n"[..]].concat());
        if let Some(kept) = self.of.get_mut(&(Some(host.to_owned()), probe.to_owned())) {
            kept.counters = sample.as_ref().map(Counters::of);
        }
    }

    /// One more answer: what is to be stored of it; `None` where it says nothing new.
    pub fn fold(&mut self, job: &Job, brought: Brought) -> Option<(Report, Option<Raw>)> {
        let key = (job.host.clone(), job.watch.name.clone());
        let kept = self.of.entry(key).or_default();
        // Of what nothing is known the reason is told.
        if matches!(brought.found, Found::Skipped(_)) && !kept.records.is_empty() {
            return None;
        }
        // The end of the asking: how old a reading is counts from when its answer was there.
        let at = brought.at + brought.took;
        match &job.watch.ask {
            Ask::Sample(thresholds) => sampled(kept, &job.watch, thresholds, &brought, at),
            Ask::Probe(_) | Ask::Shell(_) => {
                let (got, text, value) = answer(&brought.found, &job.watch.rule);
                let new = || empty(&job.watch.name, &job.watch.name, job.watch.source(), job.watch.unit);
                let record = find(&mut kept.records, &job.watch.name, new);
                record.need.clone_from(&job.watch.need);
                read(record, &job.watch.rule, value, Reading { began: brought.at, at, got, text, least: None });
            }
        }
        kept.records.retain(|record| record.state.last.as_ref().is_none_or(|last| at - last.at < FORGET));
        let report =
            Report { host: job.host.clone(), probe: job.watch.name.clone(), at, records: kept.records.clone() };
        Some((report, Some(brought.raw)))
    }
}

/// What a probe's answer is to judge.
fn answer(found: &Found, rule: &Rule) -> (Got, String, Option<f64>) {
    match found {
        Found::Seen(Verdict::Pass | Verdict::Fail, text, Some(value)) if has_limits(rule) => {
            (Got::Value(*value), text.clone(), Some(*value))
        }
        Found::Seen(verdict, text, value) => (Got::Verdict(*verdict), text.clone(), *value),
        Found::Unreachable(why) | Found::Unknown(why) | Found::Odd(why) | Found::Skipped(why) => {
            (Got::Verdict(Verdict::Inconclusive), why.clone(), None)
        }
        Found::Sample(_) => (Got::Verdict(Verdict::Inconclusive), "no such answer was asked for".into(), None),
    }
}

fn has_limits(rule: &Rule) -> bool {
    rule.limits.warn.is_some() || rule.limits.bad.is_some()
}

fn sampled(kept: &mut Kept, watch: &Watch, thresholds: &Thresholds, brought: &Brought, at: i64) {
    let (verdict, text) = match &brought.found {
        Found::Sample(_) | Found::Odd(_) => (Verdict::Pass, format!("answered in {}", human::duration(brought.took))),
        Found::Unreachable(why) => (Verdict::Fail, why.clone()),
        Found::Seen(_, why, _) | Found::Unknown(why) | Found::Skipped(why) => (Verdict::Inconclusive, why.clone()),
    };
    let value = (verdict == Verdict::Pass).then_some(brought.took as f64);
    let ssh = find(&mut kept.records, "ssh", || empty("ssh", "ssh", watch.source(), Unit::Milliseconds));
    ssh.need.clone_from(&watch.need);
    read(ssh, &watch.rule, value, Reading { began: brought.at, at, got: Got::Verdict(verdict), text, least: None });
    match &brought.found {
        Found::Sample(sample) => {
            let all = measure(sample, kept.counters.as_ref(), &thresholds.ignore, at, brought.took);
            kept.counters = Some(Counters::of(sample));
            for one in all {
                measured(&mut kept.records, watch, thresholds, one, (brought.at, at));
            }
        }
        Found::Odd(why) => {
            let new = || empty("sample", "sample", "the built-in sample", Unit::Number);
            let record = find(&mut kept.records, "sample", new);
            let got = Got::Verdict(Verdict::Inconclusive);
            read(record, &watch.rule, None, Reading { began: brought.at, at, got, text: why.clone(), least: None });
            return;
        }
        _ => return,
    }
    // It makes sense again.
    kept.records.retain(|record| record.check != "sample");
}

fn measured(records: &mut Vec<Record>, watch: &Watch, thresholds: &Thresholds, one: Measured, (began, at): (i64, i64)) {
    let Some(threshold) = thresholds.of.get(&one.metric) else { return };
    let Measured { metric, check, value, text } = one;
    let new = || empty(&check, metric.name(), metric.source(), metric.unit());
    let record = find(records, &check, new);
    let unit = if metric.unit() == Unit::Percent { "%" } else { "" };
    record.need = needed(&threshold.limits, unit);
    let rule = Rule {
        interval: watch.rule.interval,
        rise: threshold.rise,
        fall: threshold.fall,
        hold: threshold.hold,
        limits: threshold.limits,
    };
    let (mut text, mut least) = (text, None);
    if let (Metric::Disk | Metric::Inodes, Some(value)) = (metric, value) {
        record.series.push(at, value);
        record.trend = record.series.trend();
        let full = record.trend.and_then(|trend| trend.until(value, 100.0));
        if let Some(soon) = full.filter(|ms| *ms < i64::from(thresholds.full_in) * 1000) {
            text = format!("{text}, full in {}", human::short(soon));
            least = Some(Status::Warn);
        }
    }
    let got = value.map_or(Got::Verdict(Verdict::Inconclusive), Got::Value);
    read(record, &rule, value, Reading { began, at, got, text, least });
}

fn read(record: &mut Record, rule: &Rule, value: Option<f64>, reading: Reading) {
    if let Some(value) = value {
        record.series.push(reading.at, value);
        record.trend = record.series.trend();
    }
    record.value = value;
    record.state = record.state.judge(rule, reading);
    record.rule = rule.clone();
}

fn find<'a>(records: &'a mut Vec<Record>, check: &str, new: impl FnOnce() -> Record) -> &'a mut Record {
    let at = records.iter().position(|record| record.check == check).unwrap_or_else(|| {
        records.push(new());
        records.len() - 1
    });
    &mut records[at]
}

fn empty(check: &str, family: &str, source: &str, unit: Unit) -> Record {
    Record {
        check: check.to_owned(),
        family: family.to_owned(),
        source: source.to_owned(),
        need: String::new(),
        unit,
        value: None,
        rule: Rule::default(),
        state: Default::default(),
        series: Default::default(),
        trend: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::board::Board;
    use crate::health::judge::Limits;
    use crate::health::sample::{Cpu, Disk};
    use std::sync::Arc;

    const NOW: i64 = 1_700_000_000_000;

    fn job(ask: Ask, name: &str) -> Job {
        let rule = Rule { interval: 15, ..Rule::default() };
        let watch = Watch {
            name: name.into(),
            ask,
            of_hosts: true,
            on: None,
            timeout: 5,
            rule,
            need: "x".into(),
            unit: Unit::Number,
        };
        Job { host: Some("w1".into()), watch: Arc::new(watch) }
    }

    fn brought(at: i64, found: Found) -> Brought {
        let raw = Raw { at, took: 10, command: "c".into(), ended: "exit 0".into(), output: Vec::new() };
        Brought { at: NOW + at * 1000, took: 10, found, raw }
    }

    fn sample(at: i64, used: f64) -> Found {
        let disk = Disk { mount: "/".into(), used, size: 1 << 20, inodes: None };
        Found::Sample(Box::new(Sample {
            cpu: Some(Cpu { total: 1_000 + 100 * at as u64, idle: 90 * at as u64 }),
            memory: Some((1000, 500)),
            uptime: Some(at as f64),
            disks: Some(vec![disk]),
            whole: true,
            ..Sample::default()
        }))
    }

    fn fold(keep: &mut Keep, job: &Job, all: impl IntoIterator<Item = (i64, Found)>) -> Vec<Record> {
        all.into_iter().map(|(at, found)| keep.fold(job, brought(at, found)).unwrap().0.records).last().unwrap()
    }

    fn of<'a>(records: &'a [Record], check: &str) -> &'a Record {
        records.iter().find(|record| record.check == check).unwrap_or_else(|| panic!("{check} in {records:?}"))
    }

    #[test]
    fn samples_become_numbers_that_are_judged() {
        let mut keep = Keep::default();
        let job = job(Ask::Sample(Thresholds::default()), "sample");
        let first = fold(&mut keep, &job, [(0, sample(0, 50.0))]);
        assert!(first.iter().all(|record| record.check != "cpu"), "one sample alone tells no rate");
        let records = fold(&mut keep, &job, [(15, sample(15, 91.0))]);
        assert_eq!(of(&records, "ssh").state.status, Status::Ok);
        assert_eq!(of(&records, "cpu").value, Some(10.0));
        let disk = of(&records, "disk /");
        assert_eq!((disk.state.status, disk.need.as_str()), (Status::Warn, "at most 85%"));
    }

    #[test]
    fn a_disk_that_will_be_full_soon_is_a_warning_before_its_limit() {
        let mut keep = Keep::default();
        let job = job(Ask::Sample(Thresholds::default()), "sample");
        let grows = (0..15).map(|n| (60 * n, sample(60 * n, 20.0 + n as f64)));
        let records = fold(&mut keep, &job, grows);
        let disk = of(&records, "disk /");
        assert_eq!(disk.state.status, Status::Warn, "{disk:?}");
        assert!(disk.state.last.as_ref().unwrap().text.ends_with("full in 1h"), "{disk:?}");
    }

    #[test]
    fn a_host_that_does_not_answer_is_bad_and_its_numbers_grow_old() {
        let mut keep = Keep::default();
        let job = job(Ask::Sample(Thresholds::default()), "sample");
        let gone = (1..6).map(|n| (15 * n, Found::Unreachable("connection refused".into())));
        let all = [(0, sample(0, 50.0))].into_iter().chain(gone);
        let mut report = None;
        for (at, found) in all {
            report = Some(keep.fold(&job, brought(at, found)).unwrap().0);
        }
        let report = report.unwrap();
        assert_eq!(of(&report.records, "ssh").state.status, Status::Bad);
        let board = Board::new(&[report], &["w1".into()], &Default::default(), NOW + 76_000);
        let seen: Vec<_> = board.rows.iter().map(|row| (row.check.as_str(), row.status)).collect();
        assert_eq!(seen, [("ssh", Status::Bad), ("sample", Status::Stale)]);
    }

    #[test]
    fn an_answer_that_makes_no_sense_is_reached_and_not_known() {
        let mut keep = Keep::default();
        let job = job(Ask::Sample(Thresholds::default()), "sample");
        let records = fold(&mut keep, &job, [(0, Found::Odd("no sample".into()))]);
        assert_eq!(
            (of(&records, "ssh").state.status, of(&records, "sample").state.status),
            (Status::Ok, Status::Unknown)
        );
        let records = fold(&mut keep, &job, [(15, sample(15, 1.0))]);
        assert!(records.iter().all(|record| record.check != "sample"));
        let records = fold(&mut keep, &job, [(30, Found::Unknown("its connection is winrm".into()))]);
        assert_eq!(of(&records, "ssh").state.missing, 1);
    }

    #[test]
    fn the_next_poller_goes_on_where_this_one_stopped() {
        let ask = Ask::Shell("true".into());
        let job = job(ask, "queue");
        let fail = || Found::Seen(Verdict::Fail, "exit 1".into(), None);
        let mut keep = Keep::default();
        let report = keep.fold(&job, brought(0, fail())).unwrap().0;
        let mut next = Keep::new(vec![report]);
        let records = fold(&mut next, &job, [(10, fail()), (20, fail())]);
        assert_eq!((records[0].state.status, records[0].state.streak), (Status::Bad, 3));
    }

    #[test]
    fn rates_are_counted_on_from_the_sample_of_the_poller_before() {
        let job = job(Ask::Sample(Thresholds::default()), "sample");
        let mut keep = Keep::default();
        let report = keep.fold(&job, brought(0, sample(0, 50.0))).unwrap().0;
        let output = b"opsdeck sample 1\nstat:cpu  1000 0 0 0 0 0 0 0 0 0\nuptime:0.0 0.0\ndf\nend";
        let raw = |output: &[u8]| Raw { output: output.to_vec(), ..brought(0, sample(0, 50.0)).raw };
        for (output, known) in [(&output[..], true), (b"Permission denied", false)] {
            let mut next = Keep::new(vec![report.clone()]);
            next.remember("w1", "sample", &raw(output));
            let records = fold(&mut next, &job, [(15, sample(15, 50.0))]);
            assert_eq!(records.iter().any(|record| record.check == "cpu"), known, "{records:?}");
        }
    }

    #[test]
    fn a_number_with_limits_is_judged_by_them_and_a_failure_without_one_is_bad() {
        let edge = crate::health::judge::Edge { enter: 200.0, leave: 200.0 };
        let mut watch = (*job(Ask::Shell("x".into()), "web").watch).clone();
        watch.rule.limits = Limits::above(Some(edge), None);
        watch.rule.fall = 1;
        let job = Job { host: None, watch: Arc::new(watch) };
        let status = |found| fold(&mut Keep::default(), &job, [(0, found)])[0].state.status;
        assert_eq!(status(Found::Seen(Verdict::Pass, "200 OK".into(), Some(250.0))), Status::Warn);
        assert_eq!(status(Found::Seen(Verdict::Pass, "200 OK".into(), Some(20.0))), Status::Ok);
        assert_eq!(status(Found::Seen(Verdict::Fail, "503".into(), None)), Status::Bad);
        assert_eq!(status(Found::Seen(Verdict::Inconclusive, "no data".into(), None)), Status::Unknown);
    }
}

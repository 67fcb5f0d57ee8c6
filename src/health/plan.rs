//! What is watched in an environment: the checks of `opsdeck.yaml`, and the built-in sample of every host, with what holds
//! where nothing is said (releases.md part 6). Which host has which: by patterns.

use super::judge::{Edge, Limits, Rule};
use super::probe::Probe;
use super::probe::target::between_braces;
use super::record::Unit;
use super::sample::measure::{Metric, Threshold, Thresholds};
use crate::inventory::{HostId, Inventory};
use crate::project::config::checks::{CheckConfig, EdgeConfig, Judged, SampleConfig, What};
use crate::project::{Project, config::release as written};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The probe that is on every host: reachability and the sample.
pub const SAMPLE: &str = "sample";
/// Seconds between two samples, and how long one may take.
const SAMPLES: (u32, u32) = (15, 5);
const CHECKS: (u32, u32) = (10, 3);

/// One thing that is watched, in one place or many.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// Its name: [`SAMPLE`], or that of a check.
    pub name: String,
    pub ask: Ask,
    /// It is asked of each host, not once for all.
    pub of_hosts: bool,
    /// On which hosts (a pattern); `None`: all.
    pub on: Option<String>,
    /// Seconds that an answer may take.
    pub timeout: u32,
    /// How answers are judged; of a sample: whether the host can be reached.
    pub rule: Rule,
    /// What is needed, in words.
    pub need: String,
    /// What its number is counted in.
    pub unit: Unit,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    Sample(Thresholds),
    /// A probe, from here (units of systemd: on the host).
    Probe(Probe),
    /// A command on the host, for its shell.
    Shell(String),
}

/// A watch in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The host; `None`: once for all.
    pub host: Option<String>,
    pub watch: Arc<Watch>,
}

impl Watch {
    /// Variables of hosts that it may name.
    pub fn named(&self) -> Vec<String> {
        let texts = match &self.ask {
            Ask::Sample(_) => vec![],
            Ask::Shell(command) => vec![command.as_str()],
            Ask::Probe(probe) => probe.texts(),
        };
        texts.into_iter().flat_map(between_braces).map(str::to_owned).collect()
    }

    /// How it is measured, in words.
    pub fn source(&self) -> &'static str {
        match &self.ask {
            Ask::Sample(_) => "ssh",
            Ask::Shell(_) => "command on the host",
            Ask::Probe(Probe::Http { .. }) => "http from here",
            Ask::Probe(Probe::Tcp { .. }) => "tcp from here",
            Ask::Probe(Probe::Command { .. }) => "program here",
            Ask::Probe(Probe::Systemd { .. }) => "systemd on the host",
            Ask::Probe(Probe::Prometheus { .. }) => "prometheus",
        }
    }
}

/// What is watched in an environment of this name; the built-in sample comes first.
pub fn watches(project: &Project, environment: &str) -> Vec<Arc<Watch>> {
    let here = |check: &&CheckConfig| {
        check.environments.is_empty() || check.environments.iter().any(|name| name == environment)
    };
    let own = project.checks.iter().filter(here).map(|check| Arc::new(watch(check)));
    std::iter::once(Arc::new(built_in())).chain(own).collect()
}

fn built_in() -> Watch {
    let (interval, timeout) = SAMPLES;
    Watch {
        name: SAMPLE.to_owned(),
        ask: Ask::Sample(Thresholds::default()),
        of_hosts: true,
        on: None,
        timeout,
        rule: Rule { interval, ..Rule::default() },
        need: "an answer over ssh".into(),
        unit: Unit::Milliseconds,
    }
}

fn watch(check: &CheckConfig) -> Watch {
    let of_host = matches!(check.what, What::Sample(_));
    let (interval, timeout) = if of_host { SAMPLES } else { CHECKS };
    let (ask, name) = match &check.what {
        What::Sample(sample) => (Ask::Sample(thresholds(sample)), SAMPLE),
        What::Shell(command) => (Ask::Shell(command.clone()), check.name.as_str()),
        What::Probe(probe) => (Ask::Probe(bounded(plain(probe), &check.judged)), check.name.as_str()),
    };
    let limits = limits(&check.judged);
    let need = match &ask {
        Ask::Sample(_) => built_in().need,
        Ask::Shell(_) => "exit code 0".to_owned(),
        Ask::Probe(probe) if limits == Limits::default() => probe.need(),
        Ask::Probe(_) => needed(&limits, ""),
    };
    let unit = match &ask {
        Ask::Probe(Probe::Http { .. } | Probe::Tcp { .. }) | Ask::Sample(_) => Unit::Milliseconds,
        _ => Unit::Number,
    };
    let default = Rule::default();
    let rule = Rule {
        interval: check.interval.unwrap_or(interval),
        rise: check.judged.rise.unwrap_or(default.rise),
        fall: check.judged.fall.unwrap_or(default.fall),
        hold: check.judged.hold.unwrap_or(default.hold),
        limits,
    };
    let timeout = check.timeout.unwrap_or(timeout).min(rule.interval.max(1));
    let (name, on) = (name.to_owned(), check.on.as_ref().map(|on| on.text.clone()));
    Watch { name, ask, of_hosts: check.is_of_hosts(), on, timeout, rule, need, unit }
}

/// `at most 85%`.
pub fn needed(limits: &Limits, unit: &str) -> String {
    let word = if limits.low { "at least" } else { "at most" };
    limits.threshold().map(|limit| format!("{word} {limit}{unit}")).unwrap_or_default()
}

fn limits(judged: &Judged) -> Limits {
    let edge = |edge: EdgeConfig| Edge { enter: edge.enter, leave: edge.leave.unwrap_or(edge.enter) };
    Limits { low: judged.low, warn: judged.warn.map(edge), bad: judged.bad.map(edge) }
}

/// A query needs a bound to tell which of many samples is the worst.
fn bounded(mut probe: Probe, judged: &Judged) -> Probe {
    if let (Probe::Prometheus { min, max, .. }, Some(edge)) = (&mut probe, judged.warn.or(judged.bad)) {
        let bound = if judged.low { min } else { max };
        bound.get_or_insert(edge.enter);
    }
    probe
}

/// What was written, as it stands: `opsdeck check` refuses what would have to be filled in.
fn plain(written: &written::Probe) -> Probe {
    let as_is = |text: &crate::project::config::text::Text| Ok::<_, std::convert::Infallible>(text.text.clone());
    match Probe::of(written, as_is) {
        Ok(probe) => probe,
        Err(never) => match never {},
    }
}

fn thresholds(sample: &SampleConfig) -> Thresholds {
    let mut all = Thresholds::default();
    for (name, judged) in &sample.metrics {
        let Some(metric) = Metric::ALL.into_iter().find(|metric| metric.name() == name) else { continue };
        match (judged, all.of.get_mut(&metric)) {
            (None, _) => drop(all.of.remove(&metric)),
            (Some(judged), Some(threshold)) => said(threshold, judged),
            (Some(_), None) => {}
        }
    }
    all.full_in = sample.full_in.unwrap_or(all.full_in);
    all.ignore.clone_from(&sample.ignore);
    all
}

/// What was said goes over the default; a limit that is set alone ends as far before it as the default does.
fn said(threshold: &mut Threshold, judged: &Judged) {
    let edge = |edge: EdgeConfig, default: Option<Edge>| {
        let gap = default.map_or(0.0, |default| (default.enter - default.leave).abs());
        let leave = if judged.low { edge.enter + gap } else { edge.enter - gap };
        Edge { enter: edge.enter, leave: edge.leave.unwrap_or(leave) }
    };
    let limits = &mut threshold.limits;
    limits.low = judged.low;
    if let Some(warn) = judged.warn {
        limits.warn = Some(edge(warn, limits.warn));
        // A default that is already passed where a person should look only now would contradict it.
        limits.bad = limits.bad.filter(|bad| bad.enter > warn.enter);
    }
    if let Some(bad) = judged.bad {
        limits.bad = Some(edge(bad, limits.bad));
    }
    threshold.hold = judged.hold.unwrap_or(threshold.hold);
    threshold.rise = judged.rise.unwrap_or(threshold.rise);
    threshold.fall = judged.fall.unwrap_or(threshold.fall);
}

/// Who is asked what, the samples first and in the order of the inventory; and the checks whose pattern selects nothing that
/// it could, with the reason. The last sample that names a host is its sample.
pub fn jobs(watches: &[Arc<Watch>], inventory: &Inventory) -> (Vec<Job>, Vec<(String, String)>) {
    let mut samples: BTreeMap<HostId, Job> = BTreeMap::new();
    let (mut others, mut wrong) = (Vec::new(), Vec::new());
    for watch in watches {
        let job = |host: Option<&str>| Job { host: host.map(str::to_owned), watch: Arc::clone(watch) };
        if !watch.of_hosts {
            others.push(job(None));
            continue;
        }
        let pattern = watch.on.as_deref().unwrap_or("all");
        let selection = match inventory.select(pattern, None) {
            Ok(selection) => selection,
            Err(why) => {
                wrong.push((watch.name.clone(), why.to_string()));
                continue;
            }
        };
        if selection.hosts.is_empty() && watch.on.is_some() {
            wrong.push((watch.name.clone(), format!("no host matches `{pattern}`")));
        }
        for id in selection.hosts {
            let job = job(Some(inventory.host_name(id)));
            match watch.ask {
                Ask::Sample(_) => drop(samples.insert(id, job)),
                _ => others.push(job),
            }
        }
    }
    (samples.into_values().chain(others).collect(), wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Options;

    fn project(yaml: &str) -> (tempfile::TempDir, Project, Inventory) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("inventories")).unwrap();
        std::fs::create_dir(dir.path().join("inventories/lab")).unwrap();
        std::fs::write(dir.path().join("inventories/lab/hosts"), "[web]\nw1\nw2\n[db]\nd1\n").unwrap();
        std::fs::write(dir.path().join("opsdeck.yaml"), yaml).unwrap();
        let project = Project::discover(dir.path()).unwrap();
        assert!(project.problems.is_empty(), "{:?}", project.problems);
        let inventory =
            Inventory::load(&project.root, &project.environment("lab").unwrap().inventory, &Options::default());
        (dir, project, inventory.unwrap())
    }

    fn names(jobs: &[Job]) -> Vec<(&str, &str)> {
        jobs.iter().map(|job| (job.host.as_deref().unwrap_or("-"), job.watch.name.as_str())).collect()
    }

    #[test]
    fn without_configuration_every_host_has_the_sample() {
        let (_dir, project, inventory) = project("");
        let (jobs, wrong) = jobs(&watches(&project, "lab"), &inventory);
        assert_eq!(names(&jobs), [("w1", "sample"), ("w2", "sample"), ("d1", "sample")]);
        assert!(wrong.is_empty());
        let Ask::Sample(thresholds) = &jobs[0].watch.ask else { panic!() };
        let disk = thresholds.of[&Metric::Disk].limits;
        assert_eq!((disk.warn, disk.bad.map(|bad| bad.enter)), (Some(Edge { enter: 85.0, leave: 80.0 }), Some(95.0)));
    }

    #[test]
    fn checks_are_asked_where_they_belong_and_the_last_sample_wins() {
        let (_dir, project, inventory) = project(
            "checks:\n  web: {http: 'http://{host}:80/', on: web, warn: 200}\n  vip: {tcp: 'www:80'}\n  \
             other: {tcp: 'www:80', environments: elsewhere}\n  none: {tcp: '{host}:1', on: nosuch}\n  \
             dbs: {sample: {disk: 92, cpu: no, memory: {warn: {enter: 70, leave: 60}}}, on: db, interval: 1m}\n  \
             lag: {prometheus: lag, url: 'http://p', bad: 5}\nenvironments: {elsewhere: {inventory: 'x,'}}\n",
        );
        let (jobs, wrong) = jobs(&watches(&project, "lab"), &inventory);
        assert_eq!(
            names(&jobs),
            [
                ("w1", "sample"),
                ("w2", "sample"),
                ("d1", "sample"),
                ("w1", "web"),
                ("w2", "web"),
                ("-", "vip"),
                ("-", "lag"),
            ]
        );
        assert_eq!(wrong, [("none".to_owned(), "no host matches `nosuch`".to_owned())]);
        let Ask::Sample(db) = &jobs[2].watch.ask else { panic!() };
        assert_eq!((jobs[2].watch.rule.interval, jobs[0].watch.rule.interval), (60, 15));
        assert!(!db.of.contains_key(&Metric::Cpu));
        assert_eq!(db.of[&Metric::Disk].limits.warn, Some(Edge { enter: 92.0, leave: 87.0 }));
        assert_eq!(db.of[&Metric::Disk].limits.bad, Some(Edge { enter: 95.0, leave: 90.0 }));
        assert_eq!(db.of[&Metric::Memory].limits.warn, Some(Edge { enter: 70.0, leave: 60.0 }));
        assert_eq!((jobs[3].watch.need.as_str(), jobs[3].watch.unit), ("at most 200", Unit::Milliseconds));
        assert_eq!(jobs[5].watch.need, "a connection");
        assert!(matches!(&jobs[6].watch.ask, Ask::Probe(Probe::Prometheus { max: Some(5.0), min: None, .. })));
    }
}

//! Alerts of other systems beside a release: which of them were there while it ran and may have to do with it.

use super::plan::Plan;
use crate::state::alerts::AlertRow;
use crate::state::{Index, index::IndexError};

/// A release, and when it ran.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// What it touches.
    pub plan: &'a Plan,
    /// When it began (Unix milliseconds).
    pub from: i64,
    /// When it ended, or now.
    pub until: i64,
}

/// An alert that may have to do with a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// It.
    pub alert: AlertRow,
    /// Why it may.
    pub link: Link,
}

/// Why an alert may have to do with a release, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// It names one of its hosts.
    Host,
    /// It names its service.
    Service,
    /// It names its environment.
    Environment,
}

impl Link {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Link::Host => "host",
            Link::Service => "service",
            Link::Environment => "environment",
        }
    }
}

/// How bad an alert is by its own word, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Somebody is to be woken.
    Critical,
    /// Somebody is to look; also what says nothing that is known here.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// Of an alert: words differ from house to house.
    pub fn of(alert: &AlertRow) -> Severity {
        match word(alert).to_ascii_lowercase().as_str() {
            "critical" | "page" | "emergency" | "fatal" | "disaster" | "error" | "major" | "high" | "p1" => {
                Severity::Critical
            }
            "info" | "information" | "notice" | "none" | "low" | "debug" => Severity::Info,
            _ => Severity::Warning,
        }
    }
}

/// The word for it that an alert has itself; hostile until it is made plain.
pub fn word(alert: &AlertRow) -> &str {
    alert.label(&["severity", "priority", "level"]).unwrap_or("alert")
}

/// What an alert is about: the host, else the service, else the environment that it names.
pub fn about(alert: &AlertRow) -> &str {
    alert.label(HOST).or_else(|| alert.label(SERVICE)).or_else(|| alert.environment()).unwrap_or("")
}

const HOST: &[&str] = &["host", "hostname", "nodename", "instance"];
const SERVICE: &[&str] = &["service", "app", "job"];

/// Those that stand beside a release, out of the store.
///
/// # Errors
/// The index cannot be read.
pub fn read(index: &Index, around: &Around<'_>) -> Result<Vec<Beside>, IndexError> {
    Ok(overlapping(index.alerts_between(around.from, around.until)?, around))
}

/// Alerts that overlap a release in time and name its host, service or environment; none that names another environment, and
/// none of opsdeck's own. Those that fire first, then the worst, the nearest, and in the order given.
pub fn overlapping(alerts: Vec<AlertRow>, around: &Around<'_>) -> Vec<Beside> {
    let then =
        |alert: &AlertRow| alert.starts_at <= around.until && alert.ends_at.is_none_or(|ends| ends >= around.from);
    let others = alerts.into_iter().filter(then).filter(|alert| !alert.name().starts_with("Opsdeck"));
    let mut found: Vec<Beside> =
        others.filter_map(|alert| link(&alert, around).map(|link| Beside { alert, link })).collect();
    found.sort_by_key(|Beside { alert, link }| (alert.ends_at.is_some(), Severity::of(alert), *link));
    found
}

fn link(alert: &AlertRow, around: &Around<'_>) -> Option<Link> {
    let (plan, environment) = (around.plan, alert.environment());
    if environment.is_some_and(|env| env != plan.environment) {
        return None;
    }
    let (host, service) = (alert.label(HOST), alert.label(SERVICE));
    let mut hosts = plan.batches.iter().flat_map(|batch| &batch.hosts);
    match () {
        () if host.is_some_and(|host| hosts.any(|own| same(host, own))) => Some(Link::Host),
        () if service.is_some_and(|service| [&plan.service, &plan.release].iter().any(|own| *own == service)) => {
            Some(Link::Service)
        }
        () => environment.map(|_| Link::Environment),
    }
}

/// `web1.eu:9100` and `web1.eu.example.com` are `web1.eu`.
fn same(label: &str, host: &str) -> bool {
    let name = match label.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.contains(':') => name,
        _ => label,
    };
    let within = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'));
    let address = |text: &str| text.parse::<std::net::IpAddr>().is_ok();
    name == host || (!address(name) && !address(host) && (within(name, host) || within(host, name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::sample;

    fn alert(labels: &[(&str, &str)], starts_at: i64, ends_at: Option<i64>) -> AlertRow {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        AlertRow { labels, starts_at, ends_at, ..AlertRow::default() }
    }

    fn of(labels: &[(&str, &str)], starts_at: i64, ends_at: Option<i64>) -> Option<Link> {
        let plan = plan();
        let around = Around { plan: &plan, from: 100, until: 200 };
        overlapping(vec![alert(labels, starts_at, ends_at)], &around).first().map(|beside| beside.link)
    }

    fn plan() -> Plan {
        let mut plan = sample::rolling(2, 1);
        (plan.environment, plan.service) = ("prod".into(), "shop".into());
        (plan.batches[0].hosts, plan.batches[1].hosts) = (vec!["web1.eu".into()], vec!["10.0.0.1".into()]);
        plan
    }

    #[test]
    fn what_names_the_host_the_service_or_the_environment_belongs_to_it() {
        for (labels, link) in [
            (&[("instance", "web1.eu:9100")][..], Some(Link::Host)),
            (&[("host", "web1.eu.example.com"), ("env", "prod")], Some(Link::Host)),
            (&[("instance", "web1:9100")], Some(Link::Host)),
            (&[("instance", "10.0.0.1:80")], Some(Link::Host)),
            (&[("instance", "10.0.0.12:80")], None),
            (&[("instance", "web10.eu:80")], None),
            (&[("job", "shop")], Some(Link::Service)),
            (&[("service", "web"), ("env", "staging")], None),
            (&[("environment", "prod"), ("instance", "db1")], Some(Link::Environment)),
            (&[("severity", "page")], None),
            (&[("env", "prod"), ("alertname", "OpsdeckCheckBad")], None),
        ] {
            assert_eq!(of(labels, 150, None), link, "{labels:?}");
        }
    }

    #[test]
    fn only_what_was_there_while_it_ran() {
        for (starts, ends, there) in
            [(50, None, true), (50, Some(99), false), (50, Some(100), true), (200, None, true), (201, None, false)]
        {
            assert_eq!(of(&[("env", "prod")], starts, ends).is_some(), there, "{starts} {ends:?}");
        }
    }

    #[test]
    fn what_fires_stands_first_then_the_worst_then_the_nearest() {
        let of = |name: &str, severity: &str, host: &str, ends| {
            alert(&[("alertname", name), ("severity", severity), ("instance", host), ("env", "prod")], 150, ends)
        };
        let alerts = vec![
            of("over", "critical", "web1.eu", Some(160)),
            of("info", "info", "web1.eu", None),
            of("far", "page", "db1", None),
            of("odd", "SEV-\u{1b}[2J", "web1.eu", None),
            of("near", "Critical", "web1.eu", None),
        ];
        let plan = plan();
        let found = overlapping(alerts, &Around { plan: &plan, from: 100, until: 200 });
        let names: Vec<&str> = found.iter().map(|beside| beside.alert.name()).collect();
        assert_eq!(names, ["near", "far", "odd", "info", "over"]);
        assert_eq!((word(&alert(&[], 0, None)), about(&found[1].alert)), ("alert", "db1"));
    }
}

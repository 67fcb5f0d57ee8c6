//! Alerts of other systems beside a release: which of them were there while it ran and may have to do with it.

use super::plan::Plan;
use crate::state::alerts::AlertRow;
use crate::state::{Control, DbError};

/// A release, and when it ran.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    pub plan: &'a Plan,
    /// When it began (Unix milliseconds).
    pub from: i64,
    /// When it ended, or now.
    pub until: i64,
}

/// An alert that may have to do with a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    pub alert: AlertRow,
    pub link: Link,
}

/// Why an alert may have to do with a release, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// It names one of its hosts.
    Host,
    Service,
    Environment,
}

impl Link {
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
/// control.db cannot be read.
pub fn read(control: &Control, around: &Around<'_>) -> Result<Vec<Beside>, DbError> {
    Ok(overlapping(control.alerts_between(around.from, around.until)?, around))
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
#[path = "alerts_tests.rs"]
mod tests;

//! Alerts of other systems beside a release: which of them were there while it ran and may have to do with it. Pure.

use crate::state::alerts::AlertRow;

/// What a release touches, and when.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// Environment.
    pub environment: &'a str,
    /// Service, and the release's name.
    pub services: [&'a str; 2],
    /// Hosts.
    pub hosts: &'a [&'a str],
    /// When it began (Unix milliseconds).
    pub from: i64,
    /// When it ended, or now.
    pub until: i64,
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

/// Alerts that overlap a release in time and name its host, service or environment; none that names another environment, and
/// none of opsdeck's own. The nearest first, then in the order given.
pub fn overlapping<'a>(alerts: &'a [AlertRow], around: &Around<'_>) -> Vec<(&'a AlertRow, Link)> {
    let then =
        |alert: &&AlertRow| alert.starts_at <= around.until && alert.ends_at.is_none_or(|ends| ends >= around.from);
    let others = alerts.iter().filter(then).filter(|alert| !alert.name().starts_with("Opsdeck"));
    let mut found: Vec<_> = others.filter_map(|alert| Some((alert, link(alert, around)?))).collect();
    found.sort_by_key(|(_, link)| *link);
    found
}

fn link(alert: &AlertRow, around: &Around<'_>) -> Option<Link> {
    let environment = alert.environment();
    if environment.is_some_and(|env| env != around.environment) {
        return None;
    }
    let host = alert.label(&["host", "hostname", "nodename", "instance"]);
    let service = alert.label(&["service", "app", "job"]);
    match () {
        () if host.is_some_and(|host| around.hosts.iter().any(|own| same(host, own))) => Some(Link::Host),
        () if service.is_some_and(|service| around.services.contains(&service)) => Some(Link::Service),
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

    fn alert(labels: &[(&str, &str)], starts_at: i64, ends_at: Option<i64>) -> AlertRow {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        AlertRow { labels, starts_at, ends_at, ..AlertRow::default() }
    }

    fn of(labels: &[(&str, &str)], starts_at: i64, ends_at: Option<i64>) -> Option<Link> {
        let around = Around {
            environment: "prod",
            services: ["shop", "web"],
            hosts: &["web1.eu", "10.0.0.1"],
            from: 100,
            until: 200,
        };
        overlapping(&[alert(labels, starts_at, ends_at)], &around).first().map(|(_, link)| *link)
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
}

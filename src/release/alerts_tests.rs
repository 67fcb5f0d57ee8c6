//! Which alerts stand beside a release, and in which order.

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

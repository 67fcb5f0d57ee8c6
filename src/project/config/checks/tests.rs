//! What is read out of `checks:`, what is a mistake and where, and that the schema knows the same keys.

use super::*;
use crate::project::config::{Context, read};
use std::path::Path;

fn checks(text: &str) -> (Vec<CheckConfig>, Vec<String>) {
    let discovered = ["production".to_owned(), "staging".to_owned()];
    let context = Context { root: Path::new("/nonexistent"), discovered: &discovered };
    let (config, problems) = read(text, "opsdeck.yaml", &context);
    (config.unwrap().checks, problems.iter().map(ToString::to_string).collect())
}

#[test]
fn checks_are_read_with_all_that_is_said() {
    let (checks, problems) = checks(
        "checks:\n  web:\n    http: http://{ansible_host}:8080/health\n    contains: ok\n    on: web\n    interval: 30s\n    \
         timeout: 2s\n    warn: {enter: 200, leave: 150}\n    fall: 5\n    environments: production\n  \
         lag:\n    prometheus: sum(lag)\n    url: http://127.0.0.1:9090\n    bad: 1000\n    for: 5m\n  \
         disks:\n    sample: {disk: 90, cpu: no, memory: {warn: 95, bad: 99}, full_in: 1h, ignore: [/mnt]}\n    on: db\n  \
         queue: {shell: test -e /run/ok}\n",
    );
    assert_eq!(problems, Vec::<String>::new());
    let names: Vec<_> = checks
        .iter()
        .map(|c| (c.name.as_str(), c.on.as_ref().map(|on| on.text.as_str()), c.interval, c.timeout))
        .collect();
    let expected = [
        ("web", Some("web"), Some(30), Some(2)),
        ("lag", None, None, None),
        ("disks", Some("db"), None, None),
        ("queue", None, None, None),
    ];
    assert_eq!(names, expected);
    let warn = Some(EdgeConfig { enter: 200.0, leave: Some(150.0) });
    assert_eq!(checks[0].judged, Judged { warn, fall: Some(5), ..Judged::default() });
    assert_eq!(
        (checks[1].judged.hold, checks[0].environments.as_slice()),
        (Some(300), ["production".to_owned()].as_slice())
    );
    let What::Sample(sample) = &checks[2].what else { panic!("{checks:?}") };
    let edge = |enter| Some(EdgeConfig { enter, leave: None });
    assert_eq!(
        sample.metrics,
        [
            ("disk".into(), Some(Judged { warn: edge(90.0), ..Judged::default() })),
            ("cpu".into(), None),
            ("memory".into(), Some(Judged { warn: edge(95.0), bad: edge(99.0), ..Judged::default() })),
        ]
    );
    assert_eq!((sample.full_in, sample.ignore.as_slice()), (Some(3600), ["/mnt".to_owned()].as_slice()));
    assert_eq!(checks[3].what, What::Shell("test -e /run/ok".into()));
}

#[test]
fn every_mistake_has_its_place() {
    for (text, expected) in [
        ("web: {htp: x}", "1:16: error: no such kind of check; did you mean \"http\"?"),
        ("web: {http: http://x, tcp: x:1}", "1:10: error: check \"web\" measures several things"),
        ("web: {}", "1:10: error: check \"web\" measures nothing"),
        ("web: {tcp: x}", "1:21: error: this address has no port"),
        ("web: {http: http://x, pases: 1}", "1:32: error: unknown key in check \"web\""),
        ("lag: {prometheus: up, url: http://x}", "1:10: error: check \"lag\" has no bounds and would always pass"),
        ("lag: {prometheus: up, warn: 1}", "1:10: error: check \"lag\" knows no server"),
        ("web: {http: 'http://{{ host }}'}", "1:22: error: this cannot be filled in"),
        ("web: {tcp: x:1, environments: prod}", "1:40: error: no such environment; found \"prod\""),
        ("s: {sample: {disk: {warn: 90, bad: 80}}}", "1:45: error: bad comes before warn"),
        ("s: {sample: {disk: {warn: {enter: 80, leave: 90}}}}", "1:55: error: warn would end before it begins"),
        ("s: {sample: {disk: {warn: {leave: 90}}}}", "1:36: error: warn begins nowhere"),
        ("s: {sample: {dsk: 90}}", "1:23: error: unknown key in sample; did you mean \"disk\"?"),
        ("s: {sample: {disk: many}}", "1:29: error: disk has the wrong type"),
    ] {
        let (_, problems) = checks(&format!("checks: {{{text}}}\n"));
        assert!(problems[0].contains(expected), "{text}: {problems:?}");
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
    }
}

#[test]
fn a_place_for_any_variable_of_a_host_makes_a_check_of_each() {
    let of_hosts = |probe: &str| checks(&format!("checks:\n  a: {probe}\n")).0[0].is_of_hosts();
    for probe in ["{http: 'http://127.0.0.1:{web_port}/'}", "{tcp: '{host}:22'}", "{shell: 'true'}"] {
        assert!(of_hosts(probe), "{probe}");
    }
    for probe in ["{http: 'http://lb/'}", "{prometheus: 'up{job=\"web\"}', url: 'http://p', bad: 1}"] {
        assert!(!of_hosts(probe), "{probe}");
    }
}

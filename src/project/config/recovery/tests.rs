//! Policies as people write them, and what is said of mistakes.

use super::*;
use crate::project::config::{Config, Context, read as read_file};
use std::path::Path;

fn parse(text: &str) -> (Vec<Policy>, Vec<String>) {
    let runbooks = "checks: {web: {tcp: '{host}:80'}, http: {tcp: '{host}:81'}, db: {tcp: '{host}:82'}}\nrunbooks:\n  - {name: restart web, module: service, args: name=web state=restarted}\n  \
                    - {name: clear logs, module: command, args: truncate -s0 /var/log/web.log}\n";
    let discovered = ["production".to_owned()];
    let context = Context { root: Path::new("/"), discovered: &discovered };
    let (config, problems) = read_file(&format!("{runbooks}{text}"), "opsdeck.yaml", &context);
    let config: Config = config.unwrap();
    (config.recovery, problems.iter().map(ToString::to_string).collect())
}

#[test]
fn a_short_policy_has_the_defaults_and_is_off() {
    let (policies, problems) = parse("recovery:\n  web: {check: web, ladder: [restart web]}\n");
    assert!(problems.is_empty(), "{problems:?}");
    let ladder = vec![Rung { runbook: "restart web".into(), timeout: 120 }];
    let expected =
        Policy { name: "web".into(), service: "web".into(), check: "web".into(), ladder, ..Policy::default() };
    assert_eq!(policies, [expected]);
    assert_eq!((policies[0].mode, policies[0].guards.host_pause, policies[0].probation), (Mode::Off, 600, 600));
    assert!(policies[0].holds_in("anywhere"));
}

#[test]
fn a_long_policy_sets_every_number() {
    let (policies, problems) = parse(
        "recovery:
  web:
    help: the web service
    check: http
    service: shop
    environments: production
    mode: act
    ladder: [restart web, {runbook: clear logs, timeout: 30s}]
    diagnostics: none
    depends_on: [db]
    guards: {unhealthy_percent: 10, in_flight: 2, common_hosts: 5, common_percent: 30, common_within: 2m, host_pause: 5m,
             host_per_hour: 2, service_per_hour: 4, all_per_hour: 8, failed_in_row: 0}
    verify: {passes: 2, window: 10s, deadline: 1m, interval: 2s}
    probation: 5m
    relapses: 0
    deadline: 15m
    receivers: [ann, bob]
    answer_within: 5m
",
    );
    assert!(problems.is_empty(), "{problems:?}");
    let web = &policies[0];
    assert_eq!((web.mode, web.ladder[1].timeout, web.ladder.len()), (Mode::Act, 30, 2));
    let guards = Guards {
        unhealthy_percent: 10,
        in_flight: 2,
        common_hosts: 5,
        common_percent: 30,
        common_within: 120,
        host_pause: 300,
        host_per_hour: 2,
        service_per_hour: 4,
        all_per_hour: 8,
        failed_in_row: 0,
    };
    assert_eq!(web.guards, guards);
    assert_eq!(web.verify, Verify { passes: 2, window: 10, deadline: 60, interval: 2 });
    assert_eq!((web.probation, web.relapses, web.deadline, web.answer_within), (300, 0, 900, 300));
    assert!(web.diagnostics.is_empty() && web.holds_in("production") && !web.holds_in("staging"));
    assert_eq!((web.service.as_str(), &web.depends_on[..], web.receivers.len()), ("shop", &["db".to_owned()][..], 2));
}

#[test]
fn a_mistake_has_its_place_and_nothing_half_read_acts() {
    for (text, place, words) in [
        ("  web: {ladder: [restart web]}", 6, "watches nothing"),
        ("  web: {check: web}", 6, "can do nothing"),
        ("  web: {check: disc, ladder: [restart web]}", 6, "did you mean \"disk\"?"),
        ("  web: {check: web, ladder: []}", 6, "the ladder is empty"),
        ("  web: {check: web, ladder: [restart wep]}", 6, "did you mean \"restart web\"?"),
        ("  web: {check: web, ladder: [{timeout: 5s}]}", 6, "does nothing"),
        ("  web: {check: web, ladder: [restart web], mode: 'on'}", 6, "one of off, observe, act"),
        ("  web: {check: web, ladder: [restart web], environments: prod}", 6, "no such environment"),
        ("  web: {check: web, ladder: [restart web], guards: {in_flight: 0}}", 6, "from 1 to 100"),
        ("  web: {check: web, ladder: [restart web], guards: {in_flite: 1}}", 6, "did you mean \"in_flight\"?"),
        ("  web: {check: web, ladder: [restart web], verify: {window: 5m}}", 6, "never be verified"),
        ("  web: {check: web, ladder: [restart web], probation: 10}", 6, "no length of time"),
        ("  web: {check: web, ladder: [restart web], depends_on: [web]}", 6, "waits for its own check"),
    ] {
        let (policies, problems) = parse(&format!("recovery:\n{text}\n"));
        assert!(policies.is_empty(), "{text}");
        let line = format!("opsdeck.yaml:{place}:");
        assert!(problems.iter().any(|p| p.contains(words) && p.contains(&line)), "{text}: {problems:?}");
    }
}

#[test]
fn a_check_that_no_host_is_asked_is_no_ground_to_act_on_one() {
    let vip = "checks: {vip: {tcp: 'www:80'}, web: {http: 'http://{ansible_host}:80/'}, lag: {prometheus: lag, url: 'http://p', max: 1}}\n";
    let problems = |check: &str| {
        let runbooks = "runbooks: [{name: mend, module: ping}]\n";
        let other = if check == "vip" { "lag" } else { "vip" };
        let policy = format!("recovery: {{p: {{check: {check}, depends_on: [{other}], ladder: [mend]}}}}\n");
        let context = Context { root: Path::new("/"), discovered: &[] };
        let (config, problems) = read_file(&format!("{vip}{runbooks}{policy}"), "opsdeck.yaml", &context);
        (config.unwrap().recovery.len(), problems.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    for once in ["vip", "lag"] {
        let (policies, said) = problems(once);
        assert_eq!((policies, said.len()), (0, 1), "{said:?}");
        assert!(said[0].starts_with("opsdeck.yaml:3:23: error: recovery acts on hosts"), "{said:?}");
    }
    for of_hosts in ["web", "ssh", "disk"] {
        assert_eq!(problems(of_hosts), (1, vec![]));
    }
}

//! The wall clock is set while everything is at work, an hour back and a day forward: nothing is over early, nothing is
//! stuck, and nothing looks well for ever.

use super::Lab;
use super::daemon::Daemon;
use crate::support::wait::{wait_true, wait_until};
use serde_json::Value;
use std::time::{Duration, Instant};

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
/// Seconds between two actions on a host, and those of a recovery's probation.
const PAUSE: u64 = 25;
const PROBATION: u64 = 8;

fn json(lab: &Lab, args: &[&str]) -> Value {
    serde_json::from_str(&lab.ok(args)).unwrap()
}

/// When `yes` held first, `what` of it.
fn moment(what: &str, yes: impl FnMut() -> bool) -> Instant {
    wait_true(60, what, yes);
    Instant::now()
}

#[test]
fn a_clock_that_is_set_shortens_nothing_and_holds_nothing_up() {
    let mut lab = Lab::start(2);
    lab.set_clock(0);
    let up = lab.folder().join("up");
    let (up_name, acted) = (up.display().to_string(), lab.folder().join("acted"));
    std::fs::write(&up, "").unwrap();
    lab.write(
        "opsdeck.yaml",
        &format!(
            "checks:\n  base: {{sample: yes, interval: 2s, timeout: 2s, fall: 2}}\n  \
             web: {{shell: 'test -e {up_name}', on: h1, interval: 1s, timeout: 2s, fall: 2, rise: 1}}\n\
             runbooks: [{{name: mend, module: shell, args: 'echo acted >> {}; touch {up_name}'}}]\n\
             recovery:\n  web:\n    check: web\n    ladder: [mend]\n    mode: act\n    diagnostics: none\n    \
             guards: {{host_pause: {PAUSE}s}}\n    verify: {{passes: 2, window: 1s, deadline: 60s, interval: 1s}}\n    \
             probation: {PROBATION}s\n",
            acted.display()
        ),
    );
    let acts = || std::fs::read_to_string(&acted).unwrap_or_default().lines().count();
    let run = |lab: &Lab, n: usize| json(lab, &["runs", "--json"])[n]["state"].as_str().unwrap_or_default().to_owned();
    let incident = |lab: &Lab| json(lab, &["recovery", "--json"])[0].clone();
    let daemon = Daemon::start(&lab, &[]);
    daemon.ready();
    let ok = "opsdeck_checks{environment=\"lab\",status=\"ok\"}";
    wait_true(60, "checks that are well", || daemon.metric(ok).is_some_and(|n| n > 0.0));

    // A day forward in probation: it lasts as long as it must.
    std::fs::remove_file(&up).unwrap();
    let first = moment("the first action", || acts() == 1);
    let probation = moment("its probation", || run(&lab, 0) == "probation");
    lab.set_clock(DAY);
    let healthy = moment("it to stay well", || run(&lab, 0) == "healthy");
    assert!(healthy - probation >= Duration::from_secs(PROBATION - 2), "{:?}", healthy - probation);

    // It fails again: the pause between two actions is not over, whatever the clock says, and it ends in time.
    std::fs::remove_file(&up).unwrap();
    wait_until(60, "the pause to be waited for", || {
        let incident = incident(&lab);
        assert_eq!(acts(), 1, "not before: {incident:#}");
        incident["why"].as_str()?.contains("one action on a host").then_some(())
    });
    lab.set_clock(-HOUR);
    let second = moment("the second action", || acts() == 2);
    assert!(second - first >= Duration::from_secs(PAUSE - 2), "{:?}", second - first);
    wait_true(60, "its probation", || run(&lab, 0) == "probation");
    lab.set_clock(-2 * HOUR);
    wait_true(60, "it to stay well", || run(&lab, 0) == "healthy");

    // Somebody looks all the while.
    lab.cut("h2");
    let bad = "opsdeck_checks{environment=\"lab\",status=\"bad\"}";
    wait_true(60, "the host that is gone", || daemon.metric(bad).is_some_and(|n| n > 0.0));
    daemon.ready();
    lab.set_clock(0);
    wait_true(60, "the clock to be right again", || {
        daemon.ready();
        let (bad, stale) = (daemon.metric(bad), daemon.metric("opsdeck_checks{environment=\"lab\",status=\"stale\"}"));
        bad.is_some_and(|n| n > 0.0) && daemon.metric(ok).is_some_and(|n| n > 0.0) && stale.is_some()
    });
}

#[test]
fn a_run_waits_for_its_hosts_and_not_for_the_clock() {
    let lab = Lab::start(1);
    lab.set_clock(0);
    let (go, done) = (lab.folder().join("go"), lab.folder().join("done"));
    lab.write(
        "hold.yml",
        &format!(
            "- hosts: h1\n  gather_facts: no\n  tasks: [shell: 'until test -e {}; do sleep 0.1; done']\n",
            go.display()
        ),
    );
    lab.write("next.yml", &format!("- hosts: h1\n  gather_facts: no\n  tasks: [shell: 'touch {}']\n", done.display()));
    let states = || -> Vec<String> {
        let runs = json(&lab, &["runs", "--json"]);
        runs.as_array().unwrap().iter().map(|run| run["state"].as_str().unwrap().to_owned()).collect()
    };
    lab.ok(["play", "hold.yml"]);
    wait_true(60, "the first to work", || states() == ["running"]);
    lab.ok(["play", "next.yml", "--on-conflict", "wait"]);
    wait_true(60, "the second to wait", || states() == ["queued", "running"]);
    for by in [DAY, -HOUR, 0] {
        lab.set_clock(by);
        // Whoever asks for the hosts now finds them held, too.
        let third = lab.run(["play", "next.yml"]);
        assert!(!third.status.success(), "{}", String::from_utf8_lossy(&third.stdout));
        assert_eq!((states(), done.exists()), (vec!["queued".to_owned(), "running".to_owned()], false), "{by} s");
    }
    std::fs::write(&go, "").unwrap();
    wait_true(60, "both to end", || states() == ["succeeded", "succeeded"]);
    assert!(done.exists());
}

//! Every guard by itself, and what no facts may ever lead to.

use super::*;
use proptest::prelude::*;
use uuid::Uuid;

const NOW: i64 = 10_000_000;

fn policy() -> Policy {
    Policy { name: "web".into(), service: "web".into(), check: "http".into(), ..Policy::default() }
}

/// Ten hosts; the first `bad` went bad within a second, half a minute ago.
fn facts(bad: usize) -> Facts {
    let reading = |n: usize| Reading {
        host: format!("h{n}"),
        bad: n < bad,
        counts: n < bad,
        since: NOW - 30_000,
        began: NOW - 1_000,
        settled: NOW + 5_000,
        stale: false,
    };
    Facts {
        now: NOW,
        environment: "prod".into(),
        host: "h0".into(),
        action: "restart".into(),
        readings: (0..10).map(reading).collect(),
        ..Facts::default()
    }
}

fn token(host: &str, ago: i64, helped: Option<bool>) -> Token {
    Token {
        run: Uuid::nil(),
        number: 1,
        environment: "prod".into(),
        service: "web".into(),
        host: host.into(),
        action: "restart".into(),
        at: NOW - ago,
        helped,
    }
}

#[track_caller]
fn says(facts: &Facts, expected: &Verdict) {
    let said = decide(&policy(), facts);
    match (&said, expected) {
        (Verdict::Allow, Verdict::Allow) => {}
        (Verdict::Inhibited(a), Verdict::Inhibited(b)) | (Verdict::Escalate(a), Verdict::Escalate(b)) => {
            assert!(a.contains(b.as_str()), "{a:?} does not say {b:?}");
        }
        _ => panic!("{said:?} instead of {expected:?}"),
    }
}

fn inhibited(why: &str) -> Verdict {
    Verdict::Inhibited(why.into())
}

fn escalate(why: &str) -> Verdict {
    Verdict::Escalate(why.into())
}

#[test]
fn one_host_of_ten_may_be_helped() {
    says(&facts(1), &Verdict::Allow);
}

#[test]
fn many_at_once_are_for_a_person() {
    says(&facts(9), &escalate("common cause: 9 of 10 hosts went bad within 60 s"));
    says(&facts(3), &escalate("common cause: 3 of 10"));
    says(&facts(2), &Verdict::Allow);
    let mut few = facts(2);
    few.readings.truncate(4);
    says(&few, &escalate("common cause: 2 of 4"));
    few.readings[1].bad = false;
    says(&few, &Verdict::Allow);
    let mut spread = facts(3);
    (0..3).for_each(|n| spread.readings[n].since = NOW - 30_000 - 400_000 * (n as i64));
    says(&spread, &escalate("blast radius: 3 of 10 hosts are not well, at most 2 may be"));
}

#[test]
fn who_was_not_looked_at_since_cannot_say_that_it_is_one_host_alone() {
    let mut some = facts(1);
    some.readings[4].began = NOW - 31_000;
    says(&some, &inhibited("1 host of the service was not looked at since"));
    // That it fails can be said by what was asked before.
    let fails = |r: &Reading| Reading { bad: true, counts: true, ..r.clone() };
    says(
        &Facts { readings: some.readings.iter().map(fails).collect(), ..some.clone() },
        &escalate("common cause: 10 of 10"),
    );
    some.readings[4].stale = true;
    says(&some, &Verdict::Allow);
    says(&Facts { host: "h77".into(), ..facts(1) }, &inhibited("nobody looked"));
    some.readings[0].stale = true;
    says(&some, &inhibited("for too long"));
}

#[test]
fn a_common_cause_is_told_of_all_its_hosts_at_once() {
    let mut four = facts(4);
    four.readings.truncate(4);
    four.readings[3].counts = false;
    says(&four, &inhibited("1 host of the service fails, too, and will be looked at again"));
    four.readings[2].counts = false;
    says(&four, &inhibited("2 hosts of the service fail, too"));
    four.readings[0].settled = NOW;
    says(&four, &escalate("common cause: 4 of 4"));
    // One that fails beside it, and is no common cause: nobody is called for it, and it holds nothing up.
    let mut two = facts(2);
    two.readings[1].counts = false;
    says(&two, &Verdict::Allow);
}

#[test]
fn people_releases_breakers_and_dependencies_come_first() {
    let one = || facts(1);
    says(&Facts { off: Some("ann: maintenance".into()), ..one() }, &inhibited("ann: maintenance"));
    says(&Facts { silenced: Some("silenced until noon".into()), ..facts(9) }, &inhibited("until noon"));
    says(&Facts { busy: vec!["run 1: web 2".into()], ..one() }, &inhibited("somebody works there: run 1"));
    says(&Facts { breakers: vec!["fleet:prod is open".into()], ..one() }, &inhibited("fleet:prod"));
    says(&Facts { depends: vec!["db on db1: bad".into()], ..one() }, &inhibited("depends on is not well: db"));
    // Nobody is called for what the control host does itself.
    says(&Facts { breakers: vec!["fleet:prod is open".into()], ..facts(9) }, &inhibited("fleet:prod"));
}

#[test]
fn actions_have_rates() {
    let with = |tokens: Vec<Token>| Facts { tokens, ..facts(1) };
    says(&with(vec![token("h0", 599_000, Some(true))]), &inhibited("one action on a host in"));
    says(&with(vec![token("h0", 600_000, Some(true))]), &Verdict::Allow);
    says(&with(vec![token("h5", 1_000, None)]), &inhibited("under way in the service, on h5"));
    let hour = |n: i64, host: &str| (0..n).map(|k| token(host, 700_000 + k * 60_000, Some(true))).collect::<Vec<_>>();
    says(&with(hour(3, "h0")), &inhibited("3 actions on the host in the last hour"));
    says(&with(hour(2, "h0")), &Verdict::Allow);
    says(&with(hour(5, "h7")), &inhibited("5 actions in the service in the last hour"));
    let elsewhere = |t: Token| Token { environment: "dev".into(), ..t };
    says(&with(hour(10, "h0").into_iter().map(elsewhere).collect()), &inhibited("10 actions everywhere"));
    says(&with(hour(9, "h0").into_iter().map(elsewhere).collect()), &Verdict::Allow);
}

#[test]
fn what_never_helps_is_disabled() {
    let with = |helped: &[bool]| Facts { helped: helped.to_vec(), ..facts(1) };
    says(&with(&[false, false, false]), &escalate("did not help the last 3 times and is disabled"));
    says(&with(&[false, false, true]), &Verdict::Allow);
    says(&with(&[true, false, false, false]), &Verdict::Allow);
}

prop_compose! {
    fn any_facts()(
        bad in 0_usize..11, off in any::<bool>(), busy in any::<bool>(), breaker in any::<bool>(), depends in any::<bool>(),
        spread in 0_i64..200_000, late in 0_i64..60_000,
        tokens in prop::collection::vec((0_usize..10, 0_i64..4_000_000, prop::option::of(any::<bool>())), 0..14),
        helped in prop::collection::vec(any::<bool>(), 0..5),
    ) -> Facts {
        let mut facts = facts(bad);
        let some = |is: bool| if is { vec!["x".to_owned()] } else { Vec::new() };
        for (n, reading) in facts.readings.iter_mut().enumerate() {
            (reading.since, reading.began) = (NOW - spread * n as i64 / 10, NOW - late);
        }
        facts.off = off.then(|| "off".to_owned());
        (facts.busy, facts.breakers, facts.depends) = (some(busy), some(breaker), some(depends));
        facts.tokens = tokens.into_iter().map(|(n, ago, helped)| token(&format!("h{n}"), ago, helped)).collect();
        facts.helped = helped;
        facts
    }
}

proptest! {
    #![proptest_config(crate::cases::cases(2_000))]

    #[test]
    fn it_acts_only_where_every_guard_holds(facts in any_facts()) {
        let (policy, guards) = (policy(), Guards::default());
        let bad = facts.readings.iter().filter(|r| r.bad).count();
        if decide(&policy, &facts) == Verdict::Allow {
            prop_assert!(facts.off.is_none() && facts.busy.is_empty());
            prop_assert!(facts.breakers.is_empty() && facts.depends.is_empty());
            prop_assert!(bad <= 2, "blast radius: {}", bad);
            prop_assert!(facts.readings.iter().all(|r| r.stale || r.bad || r.began >= facts.readings[0].since));
            prop_assert!(facts.tokens.iter().all(|t| t.helped.is_some()), "one at a time");
            prop_assert!(facts.tokens.iter().all(|t| t.host != "h0" || NOW - t.at >= 600_000));
            let recent = facts.tokens.iter().filter(|t| NOW - t.at < HOUR);
            prop_assert!(recent.clone().count() < guards.service_per_hour as usize);
            prop_assert!(recent.filter(|t| t.host == "h0").count() < guards.host_per_hour as usize);
            prop_assert!(!facts.helped.starts_with(&[false, false, false]));
        }
        if facts.off.is_some() {
            prop_assert!(matches!(decide(&policy, &facts), Verdict::Inhibited(_)), "off is off");
        }
    }
}

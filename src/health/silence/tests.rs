//! What a silence covers, and that it is on the record.

use super::*;
use crate::audit::{Filter, Ledger};
use crate::state::StateDir;
use crate::state::operator::Operator;

fn row(target: &str, until: i64) -> SilenceRow {
    let (environment, operator, reason) = ("prod".into(), "ann".into(), "known".into());
    SilenceRow { environment, target: target.into(), until, operator, reason, at: 0 }
}

fn policy(service: &str, check: &str) -> Policy {
    Policy { service: service.into(), check: check.into(), ..Policy::default() }
}

#[test]
fn a_target_that_is_shown_can_be_typed() {
    for text in ["all", "web1", "check:disk /var", "check:disk /var on web1", "service:web", "service:a:b"] {
        assert_eq!(Target::named(text).to_string(), text);
    }
    assert_eq!(Target::named("service:web"), Target::Service("web".into()));
}

#[test]
fn a_silence_covers_what_it_names_and_nothing_else() {
    let of = |targets: &[&str], what: What<'_>| {
        let rows = targets.iter().enumerate().map(|(n, target)| row(target, n as i64)).collect();
        let silences = Silences::new(rows, &[policy("shop", "web")]);
        silences.of(what).map(|row| row.target.clone())
    };
    let web1 = What { host: Some("web1"), check: Some("disk /var"), service: None };
    for (target, covered) in [
        ("web1", true),
        ("web10", false),
        ("check:disk", true),
        ("check:disk /var", true),
        ("check:disk /", false),
        ("check:web1", false),
        ("check:disk on web1", true),
        ("check:disk /var on web1", true),
        ("check:disk on web10", false),
        ("check:cpu on web1", false),
        ("all", true),
        ("service:shop", false),
    ] {
        assert_eq!(of(&[target], web1).is_some(), covered, "{target}");
    }
    let said = Target::One { check: "disk /var".into(), host: "web1".into() };
    assert_eq!(Target::named("check:disk /var on web1"), said);
    let watched = What { host: Some("web1"), check: Some("web"), service: None };
    assert!(of(&["service:shop"], watched).is_some(), "what its policies watch is the service's");
    let breaker = What { service: Some("shop"), ..What::default() };
    assert!(of(&["service:shop"], breaker).is_some() && of(&["web1", "check:web"], breaker).is_none());
    assert_eq!(of(&["web1", "all", "check:cpu"], web1).as_deref(), Some("all"), "the one that holds longest");
}

#[test]
fn a_silence_is_on_the_record_before_and_after() {
    let dir = tempfile::tempdir().unwrap();
    let store = StateDir::at(dir.path().join("s"));
    let operator = Operator { name: "ann".into(), ..Operator::default() };
    let targets = vec![Target::Host("w1".into()), Target::Check("web".into())];
    let word = Word { environment: "prod".into(), targets, reason: "switch".into() };
    silence(&store, &operator, &word, 60_000, 0).unwrap();
    let held = |now| Silences::read(&Control::open(&store).unwrap(), "prod", &[], now).unwrap();
    let w1 = What { host: Some("w1"), ..What::default() };
    assert!(held(59_999).of(w1).is_some() && held(60_000).of(w1).is_none());
    lift(&store, &operator, &Word { targets: vec![Target::Host("w1".into())], ..word }).unwrap();
    assert!(held(1).of(w1).is_none());
    let rows = Ledger::open(&store.audit()).unwrap().query(&Filter::default(), 10).unwrap().rows;
    let seen = rows.iter().rev().map(|r| (r.entry.action.as_str(), r.entry.phase.as_str(), r.entry.subject.as_deref()));
    let (set, lifted) = (Some("silence w1, check:web"), Some("silence w1"));
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [
            ("silence.set", "intent", set),
            ("silence.set", "outcome", set),
            ("silence.lift", "intent", lifted),
            ("silence.lift", "outcome", lifted),
        ]
    );
}

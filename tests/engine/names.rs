//! Names that people type at 3 a.m.: what is nowhere is refused with what there is, and never said to be done.

use crate::support::bare::World;
use opsdeck::state::{Control, StateDir, recovery::Switch};

#[test]
fn what_is_nowhere_is_refused_with_what_there_is() {
    let world = World::new();
    for (args, expected) in [
        ("recovery off prodution --reason x", "expected one of production, staging"),
        ("recovery on prodution --reason x", "expected one of production, staging"),
        ("recovery once prodution", "expected one of production, staging"),
        ("recovery off production --policy wbe --reason x", "expected one of web; did you mean \"web\"?"),
        ("recovery -E prodution", "did you mean \"production\"?"),
        ("breaker -E prodution", "expected one of production, staging"),
        ("alerts -e prodution", "expected one of production, staging"),
        ("silences -E prodution", "expected one of production, staging"),
        ("breaker open service:prod/web --reason x", "expected one of production, staging"),
        ("breaker close fleet:prod --reason x", "expected one of production, staging"),
        ("breaker auto service:production/wbe --reason x", "did you mean \"web\"?"),
        ("breaker open transport:production/w9 --reason x", "no host \"w9\" in production"),
        ("hosts all -E prodution", "expected one of production, staging"),
        ("sh nope -E production -- true", "`opsdeck hosts all -E production` lists"),
        ("breaker open endpoint:http://127.0.0.1:9 --reason x", "no endpoint \"http://127.0.0.1:9\""),
    ] {
        let (code, said) = world.opsdeck(args);
        assert!(code == 1 && said.contains(expected), "{args}: {code} {said}");
    }
    let control = Control::open(&StateDir::at(world.state())).unwrap();
    assert_eq!((control.recovery_switches().unwrap(), control.breakers(None).unwrap()), (vec![], vec![]));
}

#[test]
fn what_is_there_is_taken_and_so_is_what_was_recorded_before() {
    let world = World::new();
    for args in ["recovery", "hosts all -E production"] {
        let (code, said) = world.opsdeck(args);
        assert!(code == 0 && !said.contains("is off"), "{args}: {said}");
    }
    for args in ["recovery off production --policy web --reason x", "breaker open service:production/web --reason x"] {
        assert_eq!(world.opsdeck(args).0, 0, "{args}");
    }
    let (_, said) = world.opsdeck("recovery");
    assert!(
        said.contains("no incident is known") && said.contains("off in production") && said.contains("x"),
        "{said}"
    );
    assert_eq!(world.opsdeck("breaker open transport:production/w1 --reason x").0, 0);
    let gone = Switch {
        environment: "gone".into(),
        policy: "web".into(),
        on: false,
        operator: "ann".into(),
        reason: "x".into(),
        at: 1,
    };
    Control::open(&StateDir::at(world.state())).unwrap().switch_recovery(&gone).unwrap();
    assert_eq!(world.opsdeck("recovery on gone --policy web --reason x").0, 0, "old rows can be handled");
    // Outside a project what was recorded is known, and nothing else.
    let elsewhere = tempfile::tempdir().unwrap();
    let code = |args: &str| world.at(elsewhere.path(), args).0;
    assert_eq!((code("breaker -E production"), code("breaker -E typo"), code("breaker")), (0, 1, 0));
    assert_eq!(code("breaker auto service:production/web --reason x"), 0);
}

#[test]
fn history_may_hold_what_is_gone_so_only_a_hint_is_given() {
    let world = World::new();
    for args in ["runs -E prodution", "audit --env prodution"] {
        let (code, said) = world.opsdeck(args);
        assert!(code == 0 && said.contains("no environment \"prodution\""), "{args}: {code} {said}");
        let (code, said) = world.opsdeck(&args.replace("prodution", "production"));
        assert!(code == 0 && !said.contains("no environment"), "{args}: {code} {said}");
    }
}

#[test]
fn what_was_switched_on_and_stays_off_by_another_word_is_said_to_be_off() {
    let world = World::new();
    let says = |args: &str, code: i32, expected: &str| {
        let (was, said) = world.opsdeck(args);
        assert!(was == code && said.contains(expected), "{args}: {was} {said}");
    };
    says("recovery off production --reason moving", 0, "every policy is off");
    says("recovery on production --policy web --reason done", 1, "web stays off");
    says("recovery policies", 0, "`opsdeck recovery on production --reason TEXT` ends that");
    says("recovery on production --reason done", 0, "every policy is on");
    says("recovery off production --policy web --reason moving", 0, "web is off");
    says("recovery on production --reason done", 1, "web is off in production by");
    says("recovery on production --policy web --reason done", 0, "web is on");
}

#[test]
fn a_timer_needs_no_environment() {
    let world = World::new();
    assert_eq!(world.opsdeck("recovery once"), (0, "nothing is news\n".to_owned()));
    let json: serde_json::Value = serde_json::from_str(&world.opsdeck("recovery once --json").1).unwrap();
    assert_eq!(json, serde_json::json!({ "launched": [], "notices": [] }));
}

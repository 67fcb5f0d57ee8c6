//! What the keys of the live view ask, and how it follows its run.

use super::*;
use crate::release::machine::{Stop, Verb};
use crate::release::plan::Plan;
use crate::release::state::{At, Mark};
use crate::tui::effect;
use crate::tui::msg::{self, Msg};
use crate::tui::testing::{self, Driver};
use crate::tui::widgets::fixtures as runs;

/// A release on the screen, with the run behind it.
pub fn driver(plan: Plan, release: Release, theme: &str, size: (u16, u16)) -> Driver {
    wearing(plan, release, testing::theme(theme), size)
}

/// The same in a theme.
pub fn wearing(plan: Plan, release: Release, theme: crate::tui::theme::Theme, size: (u16, u16)) -> Driver {
    let mut d = Driver::new(testing::model(testing::project(), theme), size);
    run::tests::open_in(&mut d, runs::running());
    d.model.stack.pop();
    d.model.show(SCREEN.id);
    d.model.release.shown = Some(fixtures::shown(plan, release));
    d.send(Msg::Resize(size.0, size.1));
    d.effects();
    d
}

pub fn all() -> Vec<(&'static str, Plan, Release)> {
    vec![
        ("awaiting", fixtures::rolling(), fixtures::awaiting()),
        ("deploying", fixtures::rolling(), fixtures::deploying()),
        ("gating", fixtures::rolling(), fixtures::gating()),
        ("paused", fixtures::rolling(), fixtures::paused()),
        ("needs_operator", fixtures::rolling(), fixtures::needs_operator()),
        ("rolled_back", fixtures::rolling(), fixtures::rolled_back()),
        ("split", fixtures::blue_green(), fixtures::split()),
    ]
}

/// The only verb that was asked.
fn asked(d: &mut Driver) -> Verb {
    match d.effects().as_slice() {
        [effect::Effect::Release(Effect::Ask { verb, .. })] => verb.clone(),
        other => panic!("{other:?}\n{}", d.screen()),
    }
}

#[test]
fn undo_is_one_key_and_one_question_that_says_whether_it_is_instant() {
    let mut release = fixtures::split();
    release.traffic[1].problem = None;
    let mut d = driver(fixtures::blue_green(), release, "dark", (80, 24));
    d.keys("u");
    assert!(d.screen().contains("Instant: blue is warm"), "{}", d.screen());
    assert_eq!(d.effects(), []);
    d.keys("y");
    assert_eq!(asked(&mut d), Verb::Rollback { reason: None });
    d.keys("u");
    assert!(d.screen().contains("undo is under way"), "{}", d.screen());
    let id = runs::spec().id;
    d.send(Msg::Data(msg::Data::Release(Data::Answered(id, Err("refused: it is over".into())))));
    assert!(d.screen().contains("refused: it is over"), "{}", d.screen());
    // What has succeeded is undone by a run of its own, which is what is to be watched then.
    let own = uuid::Uuid::from_u128(7);
    d.send(Msg::Data(msg::Data::Release(Data::Answered(id, Ok(own)))));
    assert_eq!(d.model.run.id, Some(own), "{}", d.screen());
    let mut untouched = driver(fixtures::rolling(), fixtures::awaiting(), "dark", (80, 24));
    untouched.keys("u");
    assert!(untouched.model.overlay.is_none(), "{}", untouched.screen());
}

#[test]
fn the_stop_menu_says_what_each_way_leaves_behind_and_does_nothing_by_default() {
    let mut d = driver(fixtures::rolling(), fixtures::deploying(), "dark", (80, 24));
    d.keys("s");
    insta::assert_snapshot!("release_stop", d.screen());
    d.keys("enter");
    assert_eq!(d.effects(), []);
    d.keys("s down down down enter");
    assert_eq!(asked(&mut d), Verb::Stop { how: Stop::AndRollBack, reason: None });
    let mut low = driver(fixtures::rolling(), fixtures::deploying(), "dark", (60, 12));
    low.keys("s down");
    insta::assert_snapshot!("release_stop_60x12", low.screen());
}

#[test]
fn the_one_who_submitted_it_cannot_approve() {
    let mut d = driver(fixtures::rolling(), fixtures::awaiting(), "dark", (80, 24));
    d.keys("y");
    insta::assert_snapshot!("release_approve", d.screen());
    d.keys("y");
    assert_eq!(asked(&mut d), Verb::Approve { digest: fixtures::awaiting().digest });
    let mut release = fixtures::awaiting();
    release.submitted_by = Some(fixtures::person("alice"));
    let mut mine = driver(fixtures::rolling(), release, "dark", (80, 24));
    mine.keys("y");
    assert!(mine.screen().contains("alice submitted it and cannot approve it"), "{}", mine.screen());
}

#[test]
fn what_breaks_a_rule_needs_a_reason() {
    let mut d = driver(fixtures::rolling(), fixtures::gating(), "dark", (80, 24));
    d.keys("G down enter");
    assert_eq!(d.effects(), [], "no reason was typed");
    d.text("Prometheus is down");
    d.keys("enter");
    assert_eq!(asked(&mut d), Verb::Skip { what: "5xx".into(), reason: "Prometheus is down".into() });
    let mut d = driver(fixtures::rolling(), fixtures::awaiting(), "dark", (80, 24));
    d.keys("N");
    d.text("not today");
    d.keys("esc");
    assert_eq!((d.effects(), d.model.release.dialog.is_none()), (vec![], true));
}

#[test]
fn a_host_that_nobody_knows_is_marked_by_a_person() {
    let mut d = driver(fixtures::rolling(), fixtures::needs_operator(), "dark", (80, 24));
    d.keys("m down down enter");
    assert_eq!(asked(&mut d), Verb::Mark { host: "web03.eu".into(), mark: Mark::Old });
}

#[test]
fn a_read_only_console_asks_nothing_and_exports_all_the_same() {
    let mut d = driver(fixtures::rolling(), fixtures::deploying(), "dark", (80, 24));
    d.model.read_only = true;
    d.keys("u s P g t m");
    assert_eq!((d.effects(), d.model.release.dialog.is_none()), (vec![], true));
    d.keys("x");
    let [effect::Effect::Copy(copied), effect::Effect::Release(Effect::Export { text, .. })] = &d.effects()[..] else {
        panic!("{}", d.screen())
    };
    assert!(copied == text && text.contains("4.12.1"), "{text}");
    d.send(Msg::Data(msg::Data::Release(Data::Exported(Ok("/s/runs/7/timeline.md".into())))));
    assert!(d.screen().contains("the time line is in /s/runs/7/timeline.md"), "{}", d.screen());
}

/// A run whose journal holds these events of a release.
fn of_release(events: &[crate::release::event::Event]) -> (crate::run::RunSpec, crate::run::RunState) {
    let mut spec = runs::spec();
    spec.work = crate::run::Work::Plan(crate::run::spec::Planned {
        kind: "release".into(),
        title: "web 4.12.1".into(),
        inventory: vec![],
        check: false,
        scope: Default::default(),
        body: serde_json::to_value(crate::release::supervise::Body {
            digest: "abc".into(),
            submitter: fixtures::person("bob"),
            plan: fixtures::rolling(),
            undoes: None,
        })
        .unwrap(),
    });
    let own = |e| (runs::NOW, serde_json::to_string(e).unwrap());
    (spec, crate::run::RunState { own: events.iter().map(own).collect(), ..runs::running() })
}

#[test]
fn a_run_that_is_a_release_goes_to_this_screen_and_folds_on() {
    use crate::release::event::Event;
    let submitted = Event::Submitted { by: fixtures::person("bob"), digest: "abc".into() };
    let entered = Event::Entered { at: At::AwaitingApproval, why: "2 people".into() };
    let (spec, state) = of_release(&[submitted]);
    let mut d = Driver::new(testing::model(testing::project(), testing::theme("dark")), (80, 24));
    run::tests::open_run(&mut d, spec, state);
    assert_eq!((d.model.screen().name, d.model.stack.len()), ("release", 2), "{}", d.screen());
    assert!(d.screen().contains("web 4.12.1, was 4.12.0") && d.screen().contains("PLANNED"), "{}", d.screen());
    let seq = runs::running().seq + 1;
    let line =
        serde_json::json!({"seq": seq, "ts": runs::NOW, "e": "own", "body": serde_json::to_value(&entered).unwrap()});
    let grown = crate::run::Grown { lines: format!("{line}\n").into_bytes(), ..Default::default() };
    d.send(Msg::Data(msg::Data::Run(run::Data::Grown(runs::spec().id, grown))));
    assert!(d.screen().contains("AWAITING APPROVAL") && d.screen().contains("0 of 2 approved"), "{}", d.screen());
    // Another run is no release: its screen is the other one.
    run::tests::open_in(&mut d, runs::running());
    assert_eq!((d.model.screen().name, d.model.release.shown.is_none()), ("run", true));
}

#[test]
fn an_event_that_nobody_knows_here_makes_it_read_only() {
    let (spec, mut state) = of_release(&[]);
    state.own.push((1, r#"{"k":"from_the_future"}"#.into()));
    let mut d = Driver::new(testing::model(testing::project(), testing::theme("dark")), (80, 24));
    run::tests::open_run(&mut d, spec, state);
    d.keys("s");
    assert!(d.screen().contains("newer opsdeck: read-only"), "{}", d.screen());
}

proptest::proptest! {
    #![proptest_config(crate::cases::cases(60))]

    #[test]
    fn any_release_at_any_size_and_after_any_keys(
        w in 1u16..140, h in 1u16..50, which in 0usize..8, batch in 0u32..9, at in 0usize..18,
        keys in proptest::collection::vec(0usize..30, 0..8),
    ) {
        let states = [At::Planned, At::AwaitingApproval, At::Queued, At::Preparing, At::Deploying { batch },
            At::Gating { batch }, At::Switching, At::Verifying, At::Paused, At::Stopping, At::Reconciling,
            At::RollingBack { batch }, At::NeedsOperator, At::Succeeded, At::RolledBack, At::Failed, At::Cancelled,
            At::ClosedMixed];
        let (plan, mut release) = match all().into_iter().nth(which) {
            Some((_, plan, release)) => (plan, release),
            None => fixtures::hostile(),
        };
        release.at = states[at];
        let mut d = driver(plan, release, "dark", (w, h));
        let words = ["u", "s", "P", "R", "g", "G", "y", "N", "t", "m", "x", "A", "T", "enter", "esc", "up", "down", "tab",
            "z", "v", "e", "f", "/", "left", "right", "pgdn", "home", "end", "a", "backspace"];
        for k in keys {
            d.keys(words[k]);
            d.effects();
            if d.model.screen().name != SCREEN.name {
                d.model.show(SCREEN.id);
            }
        }
        proptest::prop_assert!(!d.screen().chars().any(|c| c.is_control() && c != '\n'));
    }
}

#[test]
fn passwords_are_given_again_all_at_once_and_shown_to_nobody() {
    let (mut spec, state) = of_release(&[]);
    spec.secrets = vec!["become".into(), "vault:default".into()];
    let mut d = Driver::new(testing::model(testing::project(), testing::theme("dark")), (80, 24));
    run::tests::open_run(&mut d, spec.clone(), state);
    d.effects();
    d.keys("K");
    d.text("s3cret");
    d.keys("enter");
    assert_eq!(d.effects(), [], "one of two");
    d.send(Msg::Paste("0pen\n".into()));
    insta::assert_snapshot!("release_passwords", d.screen());
    d.keys("enter");
    let [effect::Effect::Release(Effect::Give { secrets, .. })] = &d.effects()[..] else { panic!("{}", d.screen()) };
    let said: Vec<_> = secrets.0.names().map(|name| secrets.0.get(name)).collect();
    assert_eq!(said, [Some("s3cret"), Some("0pen")]);
    assert!(d.model.release.give.is_none());
    let (spec, state) = of_release(&[]);
    let mut d = Driver::new(testing::model(testing::project(), testing::theme("dark")), (80, 24));
    run::tests::open_run(&mut d, spec, state);
    d.keys("K");
    assert!(d.screen().contains("launched without passwords"), "{}", d.screen());
}

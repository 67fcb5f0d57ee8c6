//! The list of releases: pick, say the version, read the plan, submit; at the sizes and in the themes that people use.

use super::*;
use crate::ansible::secrets::SecretName;
use crate::tui::effect;
use crate::tui::model::secrets::Kept;
use crate::tui::msg::{self, Msg};
use crate::tui::screens::release::fixtures;
use crate::tui::testing::{self, Driver};

fn send(d: &mut Driver, data: Data) {
    d.send(Msg::Data(msg::Data::Releases(data)));
}

fn offers() -> Vec<Offer> {
    let offer = |name: &str, strategy, current: Option<&str>| Offer {
        name: name.into(),
        help: format!("brings {name} out"),
        strategy,
        current: current.map(str::to_owned),
    };
    vec![
        offer("web", "rolling", Some("4.12.0")),
        offer("shop", "blue-green", None),
        offer("支付", "canary", Some("1.0")),
    ]
}

fn driver(theme: &str, size: (u16, u16)) -> Driver {
    let mut d = Driver::new(testing::model(testing::project(), testing::theme(theme)), size);
    d.keys("r");
    assert!(d.effects().contains(&effect::Effect::Releases(Effect::List { env: 0 })));
    send(&mut d, Data::Offers { env: 0, offers: Ok(offers()) });
    d
}

/// With the plan of a version on the screen.
fn planned(theme: &str, size: (u16, u16)) -> Driver {
    let mut plan = fixtures::rolling();
    plan.vars = [("db".to_owned(), serde_json::json!({"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256"}))].into();
    shows(plan, theme, size)
}

fn shows(plan: crate::release::plan::Plan, theme: &str, size: (u16, u16)) -> Driver {
    let mut d = driver(theme, size);
    d.keys("enter");
    d.text("4.12.1");
    d.keys("enter");
    let [effect::Effect::Releases(Effect::Build(order))] = &d.effects()[..] else { panic!("{}", d.screen()) };
    let built = Built { plan: Box::new(plan), digest: "3fa9c1d27be0a442".into() };
    send(&mut d, Data::Built { order: order.clone(), built: Ok(built) });
    d
}

#[test]
fn as_it_looks() {
    for theme in ["dark", "light", "high-contrast"] {
        for size in [(80, 24), (160, 50)] {
            let name = format!("releases_{theme}_{}x{}", size.0, size.1);
            insta::assert_snapshot!(name, planned(theme, size).styled());
        }
    }
    insta::assert_snapshot!("releases_list", driver("dark", (80, 24)).screen());
}

#[test]
fn what_is_submitted_is_what_was_seen_and_production_is_typed() {
    let mut d = planned("dark", (80, 24));
    d.keys("f5");
    insta::assert_snapshot!("releases_submit", d.screen());
    d.keys("enter");
    assert_eq!(d.effects(), [], "its name was not typed");
    d.text("production");
    d.keys("enter");
    let [effect::Effect::Releases(Effect::Submit(built, _))] = &d.effects()[..] else { panic!("{}", d.screen()) };
    assert_eq!(built.digest, "3fa9c1d27be0a442");
    d.keys("f5");
    assert!(d.screen().contains("it is being submitted"), "{}", d.screen());
    send(&mut d, Data::Submitted(Err("a freeze".into())));
    assert!(d.screen().contains("not submitted: a freeze"), "{}", d.screen());
    let id = uuid::Uuid::from_u128(7);
    send(&mut d, Data::Submitted(Ok((id, vec![]))));
    assert_eq!((d.model.run.id, d.model.stack.len()), (Some(id), 2));
}

#[test]
fn a_plan_promises_no_way_back_that_it_does_not_have() {
    let mut plan = fixtures::rolling();
    (plan.rollback.to, plan.current) = (None, None);
    let said = shows(plan, "dark", (160, 50)).screen();
    assert!(said.contains("Back     nowhere: no stable release is known; a failure pauses it"), "{said}");
    assert!(!said.contains("by itself where") && !said.contains("stays warm"), "{said}");
    let mut plan = fixtures::blue_green();
    plan.rollback.steps.clear();
    let said = shows(plan, "dark", (160, 50)).screen();
    assert!(said.contains("Back     traffic to blue, ") && said.contains("blue stays warm"), "{said}");
}

#[test]
fn the_release_under_the_cursor_says_what_it_is_for() {
    let mut d = driver("dark", (80, 24));
    assert!(d.screen().contains("\n brings web out"), "{}", d.screen());
    d.keys("down");
    assert!(d.screen().contains("\n brings shop out") && !d.screen().contains("brings web out"), "{}", d.screen());
}

#[test]
fn another_version_is_another_plan() {
    let mut d = planned("dark", (80, 24));
    d.keys("tab tab");
    d.text("9");
    assert!(!d.screen().contains("Batches") && d.screen().contains("Type a version"), "{}", d.screen());
    d.keys("f5");
    assert!(d.model.overlay.is_none() && d.screen().contains("no plan is shown"), "{}", d.screen());
    d.keys("backspace");
    assert!(d.screen().contains("Batches"), "{}", d.screen());
}

#[test]
fn what_is_stable_already_is_brought_out_again_only_when_a_person_says_so() {
    let mut plan = fixtures::rolling();
    plan.version = "4.12.0".into();
    let mut d = shows(plan.clone(), "dark", (80, 24));
    d.keys("f5");
    let said = "4.12.0 is the stable version of production already: alt-a";
    assert!(d.model.overlay.is_none() && d.screen().contains(said), "{}", d.screen());
    d.effects();
    // From wherever the keys are.
    d.keys("tab alt-a");
    let [effect::Effect::Releases(Effect::Build(order))] = &d.effects()[..] else { panic!("{}", d.screen()) };
    assert!(order.again);
    plan.again = true;
    let built = Built { digest: plan.digest(), plan: Box::new(plan) };
    send(&mut d, Data::Built { order: order.clone(), built: Ok(built) });
    d.keys("f5");
    assert!(d.model.overlay.is_some(), "{}", d.screen());
}

#[test]
fn passwords_are_masked_go_with_the_submission_and_are_forgotten() {
    let mut d = planned("dark", (80, 24));
    d.keys("alt-p");
    d.text("s3cret");
    insta::assert_snapshot!("releases_passwords", d.screen());
    d.keys("f5");
    d.text("production");
    d.keys("enter");
    let [effect::Effect::Releases(Effect::Submit(_, Kept(secrets)))] = &d.effects()[..] else {
        panic!("{}", d.screen())
    };
    assert_eq!(secrets.get(&SecretName::Become), Some("s3cret"));
    send(&mut d, Data::Submitted(Err("a freeze".into())));
    d.keys("alt-p alt-p");
    assert!(d.model.releases.fields.secrets().names().next().is_none(), "hidden is forgotten");
}

#[test]
fn the_version_that_runs_now_is_asked_for_where_none_is_known() {
    let mut d = driver("dark", (80, 24));
    assert!(!d.screen().contains("Runs now"), "{}", d.screen());
    d.keys("down enter");
    d.text("2.0");
    d.keys("down");
    d.text("1.9");
    assert!(d.screen().contains("Runs now    1.9"), "{}", d.screen());
    d.keys("enter");
    let [effect::Effect::Releases(Effect::Build(order))] = &d.effects()[..] else { panic!("{}", d.screen()) };
    assert_eq!((order.version.as_str(), order.current.as_deref()), ("2.0", Some("1.9")));
}

#[test]
fn a_late_plan_is_left_out_and_a_bad_one_says_why() {
    let mut d = driver("dark", (80, 24));
    d.keys("enter enter");
    assert!(d.effects().is_empty() && d.screen().contains("which version?"), "{}", d.screen());
    d.text("1");
    d.keys("enter");
    d.effects();
    let order = |version: &str| Order {
        env: 0,
        release: "web".into(),
        version: version.into(),
        current: None,
        again: false,
        vars: String::new(),
    };
    send(&mut d, Data::Built { order: order("0"), built: Err("late".into()) });
    assert!(d.screen().contains("freezing the plan"), "{}", d.screen());
    send(&mut d, Data::Built { order: order("1"), built: Err("opsdeck.yaml:7:9: no such group".into()) });
    assert!(d.screen().contains("opsdeck.yaml:7:9: no such group"), "{}", d.screen());
}

proptest::proptest! {
    #![proptest_config(crate::cases::cases(60))]

    #[test]
    fn at_any_size_and_after_any_keys(w in 1u16..120, h in 1u16..40, keys in proptest::collection::vec(0usize..18, 0..12)) {
        let mut d = planned("dark", (120, 30));
        d.send(Msg::Resize(w, h));
        let words = ["tab", "enter", "up", "down", "pgdn", "pgup", "home", "end", "a", "backspace", "left", "right", "alt-c",
            "f5", "esc", "x", "space", "1"];
        for k in keys {
            d.keys(words[k]);
        }
        proptest::prop_assert!(!d.screen().chars().any(|c| c.is_control() && c != '\n'));
    }
}

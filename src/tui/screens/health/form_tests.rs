//! The forms of a silence: what it is said of is plain, and lifting one says so.

use super::silence_tests::{thousand, under};
use super::tests::{driver, fails, picture, report, well};
use super::*;
use crate::tui::testing::Driver;

#[test]
fn a_silence_is_offered_from_the_narrowest_on_and_the_form_says_what_it_does() {
    let targets = |d: &mut Driver, keys: &str| -> Vec<String> {
        d.effects();
        d.keys("S");
        d.keys(keys);
        d.text("known");
        d.keys("enter");
        match d.effects().as_slice() {
            [effect::Effect::Health(Effect::Silence { word, until: Some(_) })] => {
                word.targets.iter().map(ToString::to_string).collect()
            }
            other => panic!("{other:?}: {}", d.screen()),
        }
    };
    let mut d = driver("dark", (80, 24), Some(picture(&thousand())));
    d.keys("S");
    insta::assert_snapshot!("health_silence_form", d.screen());
    assert!(d.screen().contains("ssh on these 1,000 hosts"), "{}", d.screen());
    assert!(d.screen().contains("and 994 more"), "{}", d.screen());
    assert!(d.screen().contains("Nobody is told of it, and recovery leaves it alone"), "{}", d.screen());
    d.keys("esc");
    let each = targets(&mut d, "up");
    assert_eq!((each.len(), each[0].as_str()), (1000, "check:ssh on web0000"));
    assert_eq!(targets(&mut d, "down")[999], "web0999");
    assert_eq!(targets(&mut d, "down down down"), ["check:ssh"]);
    // Of a row likewise; what stands for several checks has only its host.
    d.keys("enter down");
    assert_eq!(targets(&mut d, "up"), ["check:ssh on web0000"]);
    assert_eq!(targets(&mut d, "down"), ["web0000"]);
    let mut d = driver("dark", (80, 24), Some(picture(&[report("a", vec![])])));
    d.keys("S");
    assert!(!d.screen().contains("on every host"), "{}", d.screen());
    d.model.read_only = true;
    d.keys("esc S");
    assert!(d.model.health.form.is_none() && d.screen().contains("read-only"), "{}", d.screen());
}

#[test]
fn the_form_that_lifts_a_silence_says_so_and_offers_all_that_were_silenced_with_it() {
    let reports = [report("a", vec![fails("ssh", 120, "refused")]), report("b", vec![well("ssh", 4)])];
    let mut d = driver("dark", (80, 24), Some(under(&reports, &["a", "b"])));
    d.keys("S");
    insta::assert_snapshot!("health_lift_form", d.screen());
    assert!(d.screen().contains("lift a silence") && d.screen().contains("Enter lifts the silence"), "{}", d.screen());
    d.keys("down");
    d.text("it is over");
    d.effects();
    d.keys("enter");
    let [effect::Effect::Health(Effect::Silence { word, until: None })] = &d.effects()[..] else { panic!() };
    assert_eq!(word.words(), "a, b");
}

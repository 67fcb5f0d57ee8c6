//! Undo after success: the switch of a release is taken back while its old pool is warm.

use super::*;

/// The run that takes the switch of `blue_green` back, with traffic where `active` says.
fn undoing(active: &str, held: bool) -> World {
    World::with(Plan { approval: Approval { needed: 2, expires: 60 }, ..blue_green() }, |world| {
        world.machine.undoes = true;
        world.active = active.into();
        world.blocks = vec!["frozen until Monday".into()];
        world.leased = held;
    })
}

#[test]
fn it_switches_back_at_once_asks_nobody_and_touches_no_host() {
    let mut world = undoing("green", false);
    assert_eq!((world.ends(), world.active.as_str()), (At::RolledBack, "blue"));
    assert!(world.acts.is_empty());
    assert_eq!(world.now, 1_000, "nothing is waited for");
}

#[test]
fn it_does_nothing_where_traffic_went_elsewhere_or_another_has_begun() {
    for (active, held, end) in
        [("blue", false, At::RolledBack), ("red", false, At::Cancelled), ("green", true, At::Cancelled)]
    {
        let mut world = undoing(active, held);
        assert_eq!(world.ends(), end, "{active}");
        assert!(world.ops().is_empty(), "{active}");
    }
}

#[test]
fn a_release_that_succeeded_can_be_undone_until_its_old_pool_is_not_kept_any_more() {
    let mut world = World::new(blue_green());
    assert_eq!(world.ends(), At::Succeeded);
    let undo = crate::release::undo::undo(&world.machine.plan, &world.state, world.now + 59_000);
    assert!(undo.possible && undo.instant, "{undo:?}");
    let asked = |now| {
        let input = Input::Asked { verb: Verb::Rollback { reason: None }, by: bob() };
        world.machine.decide(&world.state, &input, now)
    };
    assert_eq!(asked(world.now + 59_000), Ok(Vec::new()), "a run of its own does it");
    assert!(asked(world.now + 61_000).is_err());
}

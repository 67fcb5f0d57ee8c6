//! Whole releases of each strategy: to the end, a failure, the way back.

use super::*;

#[test]
fn a_rolling_release_brings_batch_after_batch_over() {
    let mut world = World::new(plan(5, &[1, 2, 2]));
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!(world.state.at, At::Succeeded, "{:#?}", world.state.history);
    assert!(world.hosts.values().all(|v| v == "2"));
    assert_eq!(world.acts.len(), 6, "two steps a batch");
    let expected = [
        "planned",
        "queued",
        "preparing",
        "deploying",
        "gating",
        "deploying",
        "gating",
        "deploying",
        "gating",
        "verifying",
        "succeeded",
    ];
    assert_eq!(world.names(), expected);
}

#[test]
fn a_failed_host_stops_it_and_every_touched_host_goes_back() {
    let mut world = World::new(plan(5, &[1, 2, 2]));
    world.broken.insert("w3".into());
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!(world.state.at, At::RolledBack, "{:#?}", world.state.history);
    assert!(world.hosts.values().all(|v| v == "1"), "{:?}", world.hosts);
    assert_eq!(world.state.mark("w4"), Mark::Untouched);
}

#[test]
fn a_host_is_back_when_it_tells_the_old_version_not_when_its_steps_ended_well() {
    let mut world = World::new(plan(3, &[1, 2]));
    (world.verdict, world.stuck) = (Verdict::Fail, ["w1".to_owned()].into());
    world.until("a person", |s| s.at == At::NeedsOperator);
    assert_eq!((world.hosts["w1"].as_str(), world.state.mark("w1")), ("2", Mark::Failed));
    world.stuck.clear();
    world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!((world.state.at, world.state.mark("w1")), (At::RolledBack, Mark::Old));
}

#[test]
fn a_failed_gate_rolls_back_and_one_without_data_waits_for_a_person() {
    let mut world = World::new(plan(3, &[1, 2]));
    world.verdict = Verdict::Fail;
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!(world.state.at, At::RolledBack);
    let mut world = World::new(plan(3, &[1, 2]));
    world.verdict = Verdict::Inconclusive;
    world.until("a pause", |s| s.at == At::Paused);
    assert!(world.ask(Verb::Skip { what: "up".into(), reason: " ".into() }, bob()).is_err());
    world.ask(Verb::Skip { what: "up".into(), reason: "Prometheus is down".into() }, bob()).unwrap();
    world.verdict = Verdict::Pass;
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!(world.state.at, At::Succeeded);
}

#[test]
fn two_others_must_approve_the_plan_they_saw() {
    let mut plan = plan(1, &[1]);
    plan.approval.needed = 2;
    let mut world = World::new(plan.clone());
    assert_eq!(world.state.at, At::AwaitingApproval);
    let approve = |digest: &str| Verb::Approve { digest: digest.into() };
    assert!(world.ask(approve("d"), ann()).is_err(), "never the one who submitted it");
    assert!(world.ask(approve("other"), bob()).is_err());
    world.ask(approve("d"), bob()).unwrap();
    assert!(world.ask(approve("d"), bob()).is_err(), "not twice");
    assert_eq!(world.state.waits.as_deref(), Some("1 of 2 approvals (bob did); ann submitted it and cannot"));
    world.ask(approve("d"), Person { uid: 3, name: "eve".into(), row: None }).unwrap();
    world.until("its end", |s| s.at == At::Succeeded);
    let mut late = World::new(plan);
    late.until("its end", |s| s.at == At::Cancelled);
}

#[test]
fn blue_green_switches_and_a_bad_bake_switches_back() {
    let plan = blue_green();
    let mut world = World::new(plan.clone());
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!((world.state.at, world.active.as_str()), (At::Succeeded, "green"));
    let mut world = World::new(plan);
    world.until("the bake", |s| s.at == At::Verifying);
    assert_eq!(world.active, "green");
    world.verdict = Verdict::Fail;
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!((world.state.at, world.active.as_str()), (At::RolledBack, "blue"));
}

#[test]
fn pause_resume_and_undo_by_hand() {
    let mut world = World::new(plan(5, &[1, 2, 2]));
    world.until("the first gate", |s| s.at == At::Gating { batch: 0 });
    world.ask(Verb::Pause { reason: Some("lunch".into()) }, bob()).unwrap();
    world.until("a pause", |s| s.at == At::Paused);
    assert_eq!(world.state.pause.as_ref().map(|p| p.resume_to), Some(At::Deploying { batch: 1 }));
    world.ask(Verb::Resume, bob()).unwrap();
    world.until("the last gate", |s| s.at == At::Gating { batch: 2 });
    world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!(world.state.at, At::RolledBack);
    assert!(world.hosts.values().all(|v| v == "1"));
    assert!(world.acts.iter().all(|hosts| hosts.len() <= 2), "never more than may be out of service");
}

//! What belongs to one strategy or one mark of a step: surge, first groups, the point of no return, promote.

use super::*;

#[test]
fn hosts_that_are_added_come_first_hold_the_others_place_and_go_back_last() {
    let mut plan = plan(4, &[1, 1, 2]);
    plan.strategy = Strategy::Rolling { surge: vec!["w1".into()] };
    (plan.limits.max_unavailable, plan.limits.min_in_service) = (1, 2);
    let mut world = World::new(plan.clone());
    assert_eq!(world.ends(), At::Succeeded, "with one added, two of three may be out: {:?}", world.state.history);
    let mut world = World::new(plan);
    world.until("the last gate", |s| s.at == At::Gating { batch: 2 });
    world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
    assert_eq!(world.ends(), At::RolledBack);
    assert_eq!(world.acts.last().unwrap(), &["w1"]);
}

#[test]
fn a_canary_group_that_fails_its_gate_is_all_that_was_touched() {
    let mut plan = plan(4, &[1, 3]);
    plan.strategy = Strategy::Canary;
    let mut world = World::new(plan);
    world.verdict = Verdict::Fail;
    assert_eq!(world.ends(), At::RolledBack);
    assert!(world.acts.iter().all(|hosts| hosts == &["w1"]), "{:?}", world.acts);
}

#[test]
fn past_the_point_of_no_return_a_failure_waits_and_a_person_may_still_go_back() {
    let mut plan = plan(2, &[1, 1]);
    plan.stages[0].groups.push(vec![Step {
        irreversible: true,
        ..step("prepare/2", StepKind::Command { argv: vec!["migrate".into()] })
    }]);
    let mut world = World::new(plan);
    world.broken.insert("w2".into());
    world.paused();
    assert_eq!((world.state.no_return.as_deref(), world.state.rollbacks), (Some("prepare/2"), 0));
    world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
    assert_eq!(world.ends(), At::RolledBack);
}

#[test]
fn promote_leaves_out_pauses_and_soak_but_no_gate() {
    let mut plan = plan(3, &[1, 1, 1]);
    plan.limits.soak = 3_600;
    plan.stages[1].groups.push(vec![step("deploy/3", StepKind::Pause { message: "look".into(), seconds: None })]);
    let mut world = World::new(plan.clone());
    assert_eq!(world.paused(), "look");
    world.ask(Verb::Promote, bob()).unwrap();
    assert_eq!(world.ends(), At::Succeeded);
    assert!(world.now < 600_000, "no soak of an hour: {}", world.now);
    let mut world = World::new(plan);
    world.paused();
    world.verdict = Verdict::Fail;
    world.ask(Verb::Promote, bob()).unwrap();
    assert_eq!(world.ends(), At::RolledBack);
}

#[test]
fn it_undoes_itself_once_and_no_rollback_is_rolled_back() {
    let mut world = World::new(plan(2, &[1, 1]));
    world.broken.insert("w2".into());
    world.held.insert("rollback/1".into());
    world.until("its rollback", |s| s.steps.iter().any(|run| run.key.step == "rollback/1"));
    assert!(world.ask(Verb::Rollback { reason: None }, bob()).is_err());
    let (child, _, kind) = world.open.pop().unwrap();
    let StepKind::Playbook { play } = kind else { panic!("no playbook") };
    let hosts = play.common.limit.unwrap();
    let hosts = hosts.split(',').map(|host| (host.to_owned(), Mark::Failed)).collect();
    let end = ChildEnd { rc: Some(2), hosts, why: "no".into(), ..ChildEnd::default() };
    world.held.clear();
    world.input(Input::Exited { child, end });
    world.until("a person to be needed", |s| s.at == At::NeedsOperator);
    assert_eq!(world.state.rollbacks, 1);
    world.ask(Verb::RetryFailed, bob()).unwrap();
    assert_eq!((world.ends(), world.state.rollbacks), (At::RolledBack, 2));
}

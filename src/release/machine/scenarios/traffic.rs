//! Load balancers: stale plans, deaths in the middle of a switch, drains, shares of traffic.

use super::*;

fn switch(to: &str, version: Option<&str>) -> Op {
    Op::Switch { to: to.into(), version: version.map(Into::into) }
}

/// In the middle of its switch, which gives no answer.
fn switching() -> World {
    let mut world = World::new(blue_green());
    world.mute = |op| matches!(op, Op::Switch { .. });
    world.until("the switch", |s| s.traffic_open.is_some());
    world
}

#[test]
fn a_plan_that_was_made_when_another_pool_had_the_traffic_is_cancelled() {
    let mut world = World::new(Plan { approval: Approval { needed: 1, expires: 600 }, ..blue_green() });
    world.active = "green".into();
    world.ask(Verb::Approve { digest: "d".into() }, bob()).unwrap();
    assert_eq!(world.ends(), At::Cancelled);
    assert!(world.acts.is_empty() && world.ops().is_empty(), "nothing was touched");
    let (.., why) = world.state.history.last().unwrap();
    assert!(why.contains("lb sends traffic to green") && why.contains("plan again"), "{why}");
}

#[test]
fn what_the_world_calls_stale_is_cancelled_and_never_left_out() {
    let mut world = World::new(Plan { approval: Approval { needed: 1, expires: 600 }, ..plan(1, &[1]) });
    world.blocks = vec!["stale: 1.9 is stable here by now: plan again".into()];
    world.ask(Verb::Approve { digest: "d".into() }, bob()).unwrap();
    assert_eq!(world.ends(), At::Cancelled);
    assert!(world.state.history.last().unwrap().2.starts_with("1.9 is stable here by now"));
}

#[test]
fn a_pool_that_took_the_traffic_while_it_was_paused_is_not_deployed_to() {
    let mut plan = blue_green();
    plan.stages[0].groups.push(vec![step("prepare/2", StepKind::Pause { message: "look".into(), seconds: None })]);
    let mut world = World::new(plan);
    world.paused();
    world.active = "green".into();
    world.ask(Verb::Resume, bob()).unwrap();
    assert_eq!(world.ends(), At::Cancelled);
    assert!(world.acts.is_empty());
}

#[test]
fn after_a_death_in_a_switch_it_is_done_again_and_proved_whatever_the_balancers_show() {
    for reached in [false, true] {
        let mut world = switching();
        if reached {
            world.active = "green".into();
        }
        world.mute = |_| false;
        world.dies();
        assert_eq!(world.ends(), At::Succeeded);
        assert_eq!(world.ops().iter().filter(|op| **op == switch("green", Some("2"))).count(), 2, "{reached}");
    }
}

#[test]
fn after_a_death_a_balancer_that_cannot_be_read_is_asked_until_it_answers_or_a_minute_is_over() {
    let mut world = switching();
    world.deaf = true;
    world.mute = |_| false;
    world.dies();
    world.now += 5_000;
    world.settle();
    assert!(world.waits().contains("connection refused"), "{}", world.waits());
    world.deaf = false;
    assert_eq!(world.ends(), At::Succeeded);
    let mut world = switching();
    world.deaf = true;
    world.mute = |_| false;
    world.dies();
    world.until("a person to be needed", |s| s.at == At::NeedsOperator);
}

#[test]
fn after_a_death_a_rollback_is_not_held_up_and_a_stop_never_leaves_a_split() {
    let mut world = switching();
    world.active = "green".into();
    world.dies();
    world.deaf = true;
    world.mute = |_| false;
    world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
    assert_eq!(world.ops().last(), Some(&switch("blue", None)), "at once, unread");
    world.deaf = false;
    world.ask(Verb::RetryFailed, bob()).unwrap();
    assert_eq!((world.ends(), world.active.as_str()), (At::RolledBack, "blue"));
    let mut world = switching();
    world.dies();
    world.ask(Verb::Stop { how: Stop::Now, reason: None }, bob()).unwrap();
    world.until("the switch to be done again", |s| s.traffic_lost.is_none());
    let again = world.unanswered.pop().unwrap();
    let answer = world.traffic(again);
    world.input(answer);
    world.paused();
    assert_eq!(world.active, "green", "the switch was ended first");
}

#[test]
fn a_drain_holds_up_no_undo() {
    let mut world = World::new(blue_green());
    world.mute = |op| matches!(op, Op::Drain { .. });
    world.until("the drain", |s| s.draining);
    assert_eq!(world.waits(), "sessions of blue to end");
    world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
    assert_eq!((world.state.at, world.active.as_str()), (At::RolledBack, "blue"));
}

#[test]
fn a_drain_that_a_death_interrupts_is_waited_for_again() {
    let mut world = World::new(blue_green());
    world.mute = |op| matches!(op, Op::Drain { .. });
    world.until("the drain", |s| s.draining);
    world.mute = |_| false;
    world.dies();
    assert_eq!(world.ends(), At::Succeeded);
}

#[test]
fn a_switch_that_fails_undoes_itself_only_where_the_plan_lets_it() {
    let fails = |plan: Plan| {
        let mut world = World::new(plan);
        world.mute = |op| matches!(op, Op::Switch { version: Some(_), .. });
        world.until("the switch", |s| s.traffic_open.is_some());
        let op = world.unanswered.pop().unwrap();
        world.deaf = true;
        let answer = world.traffic(op);
        world.deaf = false;
        world.input(answer);
        world
    };
    assert_eq!(fails(blue_green()).ends(), At::RolledBack);
    let mut careful = blue_green();
    careful.on_failure = OnFailure::Pause;
    let why = fails(careful).paused();
    assert!(why.starts_with("switch to green failed: lb: connection refused"), "{why}");
}

fn weighted() -> Plan {
    let mut plan = plan(4, &[1]);
    plan.strategy = Strategy::Canary;
    let batch = |hosts: &[&str], weight| Batch { hosts: hosts.iter().map(|h| (*h).into()).collect(), weight };
    plan.batches =
        vec![batch(&["w1"], Some(5)), batch(&[], Some(40)), batch(&["w2", "w3"], Some(75)), batch(&["w4"], Some(100))];
    plan.traffic = Some(balancers());
    plan
}

fn outs(hosts: &[&str]) -> Vec<String> {
    hosts.iter().map(|host| (*host).to_owned()).collect()
}

#[test]
fn a_canary_by_weight_works_on_hosts_that_are_out_and_gives_them_their_share_before_they_serve() {
    let mut world = World::new(weighted());
    for host in ["w2", "w3", "w4"] {
        world.hosts.insert(host.into(), "1".into());
    }
    assert_eq!(world.ends(), At::Succeeded);
    let share = |hosts: &[&str], percent| Op::Weight { hosts: outs(hosts), percent };
    let expected = [
        Op::Out { hosts: outs(&["w1"]) },
        share(&["w1"], 5),
        Op::In { hosts: outs(&["w1"]) },
        share(&["w1"], 40),
        Op::Out { hosts: outs(&["w2", "w3"]) },
        share(&["w1", "w2", "w3"], 75),
        Op::In { hosts: outs(&["w2", "w3"]) },
        Op::Out { hosts: outs(&["w4"]) },
        share(&["w1", "w2", "w3", "w4"], 100),
        Op::In { hosts: outs(&["w4"]) },
    ];
    assert_eq!(world.ops(), expected);
}

#[test]
fn a_canary_that_goes_back_takes_no_traffic_first_and_gives_the_shares_back_last() {
    let mut world = World::new(weighted());
    for host in ["w2", "w3", "w4"] {
        world.hosts.insert(host.into(), "1".into());
    }
    world.until("its second share", |s| s.at == At::Gating { batch: 1 });
    world.dies();
    world.verdict = Verdict::Fail;
    assert_eq!(world.ends(), At::RolledBack);
    let ops = world.ops();
    let back = [
        Op::Weight { hosts: outs(&["w1"]), percent: 0 },
        Op::Out { hosts: outs(&["w1"]) },
        Op::In { hosts: outs(&["w1"]) },
        Op::Weight { hosts: Vec::new(), percent: 0 },
    ];
    assert_eq!(ops[ops.len() - 4..], back);
}

#[test]
fn a_share_that_would_leave_too_few_serving_waits_for_a_person() {
    let mut plan = weighted();
    plan.batches[1].weight = Some(100);
    let mut world = World::new(plan);
    for host in ["w2", "w3", "w4"] {
        world.hosts.insert(host.into(), "1".into());
    }
    let why = world.paused();
    assert!(why.contains("3 of 4 hosts would be out of service"), "{why}");
}

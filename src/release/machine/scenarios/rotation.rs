//! Hosts behind a balancer on the way back: what is out and old serves again first, what is dead holds nobody up, and there
//! are never fewer than when the word was given, beyond what may be out of service.

use super::*;

/// One host first, then the two others, each batch taken out of the balancer.
fn behind() -> Plan {
    let mut plan = plan(3, &[1, 2]);
    plan.traffic = Some(balancers());
    (plan.limits.max_unavailable, plan.limits.min_in_service) = (2, 1);
    plan.stages[1] = stage("deploy", When::Deploy, vec![playbook("deploy/1")]);
    plan
}

fn hosts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// In its second batch: w1 is new and serves, w2 and w3 are out, and their step has begun and changed nothing yet.
fn in_mid_batch(plan: Plan) -> World {
    let mut world = World::new(plan);
    world.until("the first gate", |s| s.at == At::Gating { batch: 0 });
    world.held.insert("deploy/1".into());
    world.until("the second batch at work", |s| s.at == At::Deploying { batch: 1 } && s.running() == 2);
    world.until("its process", |s| s.steps.iter().any(|run| run.ended.is_none()));
    assert_eq!(world.serving(), ["w1"]);
    world.held.clear();
    world
}

impl World {
    /// The operations on the balancers that this brings about.
    fn moves(&mut self, does: impl FnOnce(&mut World)) -> Vec<Op> {
        let before = self.ops().len();
        does(self);
        self.ops().split_off(before)
    }
}

#[test]
fn an_undo_in_mid_batch_first_puts_back_what_is_out_and_old() {
    let words: [fn(&mut World); 4] = [
        |world| world.ask(Verb::Rollback { reason: None }, bob()).unwrap(),
        |world| world.ask(Verb::Stop { how: Stop::AndRollBack, reason: None }, bob()).unwrap(),
        |world| {
            world.ask(Verb::Stop { how: Stop::Now, reason: None }, bob()).unwrap();
            world.paused();
            assert_eq!(world.serving(), ["w1", "w2", "w3"], "a stop puts them back too");
            world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
        },
        |world| {
            world.ask(Verb::Stop { how: Stop::Now, reason: None }, bob()).unwrap();
            world.paused();
            world.held.insert("deploy/1".into());
            world.ask(Verb::Resume, bob()).unwrap();
            assert_eq!((world.serving(), world.state.running()), (hosts(&["w1"]), 2), "the batch is at work again");
            world.held.clear();
            world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
        },
    ];
    for (n, word) in words.into_iter().enumerate() {
        let mut world = in_mid_batch(behind());
        let ops = world.moves(|world| {
            word(world);
            assert_eq!(world.ends(), At::RolledBack, "{n}: {:#?}", world.state.history);
        });
        let (out, back) = (|names| Op::Out { hosts: hosts(names) }, |names| Op::In { hosts: hosts(names) });
        assert!(ops.ends_with(&[back(&["w2", "w3"]), out(&["w1"]), back(&["w1"])]), "{n}: {ops:?}");
        assert_eq!(world.serving(), ["w1", "w2", "w3"]);
        assert!(world.hosts.values().all(|version| version == "1"));
        let worked_on = world.acts.iter().flatten().filter(|host| *host != "w1").count();
        assert_eq!(worked_on, 0, "{n}: what was found old needs no rollback");
    }
}

#[test]
fn a_crash_in_mid_batch_puts_back_what_is_out_and_old_and_waits_for_a_person() {
    let mut world = in_mid_batch(behind());
    let (child, ..) = world.open.pop().unwrap();
    world.held.insert("deploy/1".into());
    world.dies();
    world.held.clear();
    world.input(Input::Exited { child, end: ChildEnd { lost: true, why: "gone".into(), ..ChildEnd::default() } });
    assert!(world.paused().starts_with("crash"));
    assert_eq!(world.serving(), ["w1", "w2", "w3"]);
    world.ask(Verb::Resume, bob()).unwrap();
    assert_eq!(world.ends(), At::Succeeded, "the batch is begun again, out of service again");
    assert!(world.hosts.values().all(|version| version == "2"));
}

#[test]
fn hosts_that_are_new_and_out_are_brought_back_before_one_that_serves_is_taken() {
    let mut world = in_mid_batch(behind());
    for host in ["w2", "w3"] {
        world.hosts.insert(host.into(), "2".into());
    }
    let ops = world.moves(|world| {
        world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
        assert_eq!(world.ends(), At::RolledBack, "{:#?}", world.state.history);
    });
    let of = |names: &[&str]| [Op::Out { hosts: hosts(names) }, Op::In { hosts: hosts(names) }];
    assert_eq!(ops, [of(&["w2", "w3"]), of(&["w1"])].concat());
}

#[test]
fn a_dead_host_holds_no_other_up_on_the_way_back() {
    let mut world = in_mid_batch(behind());
    world.dead.insert("w2".into());
    world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
    assert_eq!(world.serving(), ["w1", "w3"], "at once, whatever becomes of the dead one");
    world.until("a person for the dead one", |s| s.at == At::NeedsOperator);
    assert_eq!((world.serving(), world.hosts["w1"].as_str()), (hosts(&["w1", "w3"]), "1"));
    let (.., why) = world.state.history.last().unwrap();
    assert!(why.contains("1 host could not be brought back; w2"), "{why}");
    world.dead.clear();
    world.ask(Verb::RetryFailed, bob()).unwrap();
    assert_eq!((world.ends(), world.serving()), (At::RolledBack, hosts(&["w1", "w2", "w3"])));
}

#[test]
fn what_was_dead_before_counts_against_nobody_and_the_last_one_is_never_taken() {
    let mut plan = behind();
    (plan.limits.max_unavailable, plan.limits.min_in_service) = (1, 2);
    plan.batches = vec![Batch { hosts: hosts(&["w1"]), weight: None }, Batch { hosts: hosts(&["w2"]), weight: None }];
    plan.batches.push(Batch { hosts: hosts(&["w3"]), weight: None });
    let mut world = World::new(plan.clone());
    world.until("the second gate", |s| s.at == At::Gating { batch: 1 });
    world.dead.insert("w3".into());
    world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
    assert_eq!(world.ends(), At::RolledBack, "an untouched host that is dead: {:#?}", world.state.history);
    let mut world = World::new(plan);
    world.until("the second gate", |s| s.at == At::Gating { batch: 1 });
    world.dead.extend(hosts(&["w2", "w3"]));
    let ops = world.moves(|world| {
        world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
        world.until("a person", |s| s.at == At::NeedsOperator);
    });
    assert!(!ops.contains(&Op::Out { hosts: hosts(&["w1"]) }), "{ops:?}");
    assert_eq!(world.serving(), ["w1"]);
}

#[test]
fn a_drain_that_is_waited_for_holds_up_no_undo() {
    let mut world = World::new(behind());
    world.until("the first gate", |s| s.at == At::Gating { batch: 0 });
    world.mute = |op| matches!(op, Op::Out { .. });
    world.until("the drain", |s| s.at == At::Deploying { batch: 1 } && s.traffic_open.is_some());
    world.out.extend(hosts(&["w2", "w3"]));
    world.mute = |_| false;
    world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
    assert_eq!(world.serving(), ["w1", "w2", "w3"], "at once");
    assert_eq!(world.ends(), At::RolledBack);
}

#[test]
fn a_canary_by_weight_puts_back_what_is_old_before_its_shares_are_taken() {
    let mut plan = behind();
    plan.strategy = Strategy::Canary;
    (plan.batches[0].weight, plan.batches[1].weight) = (Some(30), Some(100));
    let mut world = in_mid_batch(plan);
    let ops = world.moves(|world| {
        world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
        assert_eq!(world.ends(), At::RolledBack, "{:#?}", world.state.history);
    });
    let share = |names: &[&str]| Op::Weight { hosts: hosts(names), percent: 0 };
    let (out, back) = (|names| Op::Out { hosts: hosts(names) }, |names| Op::In { hosts: hosts(names) });
    assert_eq!(ops, [back(&["w2", "w3"]), share(&["w1"]), out(&["w1"]), back(&["w1"]), share(&[])]);
}

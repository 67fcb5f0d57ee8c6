//! What waits side by side, and for how long.

use super::*;

/// Lets time go by, and tells how many events that wrote.
fn writes(world: &mut World, seconds: i64) -> usize {
    let before = world.journal.len();
    for _ in 0..seconds {
        world.now += 1_000;
        world.settle();
    }
    world.journal.len() - before
}

#[test]
fn two_gates_that_wait_settle_and_wait_in_one_sentence() {
    let mut plan = plan(2, &[1, 1]);
    plan.gates = vec![gate(), gate_named("errors")];
    let mut world = World::new(plan);
    world.until("the gates", |s| s.at == At::Gating { batch: 0 } && !s.gates.is_empty());
    assert!(world.waits().contains("gate up: ") && world.waits().contains("; gate errors: "), "{}", world.waits());
    assert_eq!(world.ends(), At::Succeeded);
}

#[test]
fn an_approval_beside_a_gate_settles_and_is_heard() {
    let mut plan = plan(1, &[1]);
    let approval = step("deploy/2", StepKind::Approval { needed: 1 });
    let measured = step("deploy/3", StepKind::Gate { gate: "up".into() });
    plan.stages[1].groups = vec![vec![playbook("deploy/1")], vec![approval, measured]];
    let mut world = World::new(plan);
    world.verdict = Verdict::Fail;
    world.until("both", |s| s.steps.len() == 4);
    assert!(world.waits().contains("1 of 1 approvals") && world.waits().contains("gate up"), "{}", world.waits());
    world.verdict = Verdict::Pass;
    world.ask(Verb::Approve { digest: "d".into() }, bob()).unwrap();
    assert_eq!(world.ends(), At::Succeeded);
}

#[test]
fn people_are_not_too_late_but_a_process_that_does_nothing_is() {
    let mut plan = plan(1, &[1]);
    plan.limits.progress_deadline = 60;
    plan.stages[1].groups.insert(0, vec![step("deploy/0", StepKind::Approval { needed: 1 })]);
    let mut world = World::new(plan);
    world.held.insert("deploy/1".into());
    world.until("an approval", |s| s.waits.as_deref().is_some_and(|w| w.contains("approvals")));
    assert!(writes(&mut world, 600) < 3);
    assert_eq!(world.state.at, At::Deploying { batch: 0 });
    world.ask(Verb::Approve { digest: "d".into() }, bob()).unwrap();
    assert_eq!(world.open.len(), 1);
    assert_eq!(world.ends(), At::RolledBack);
    assert!(world.state.history.iter().any(|(.., why)| why.contains("no host came further for 60 s")));
}

#[test]
fn a_reading_that_was_begun_before_a_pause_counts_for_nothing_after_it() {
    let mut world = World::new(plan(3, &[1, 2]));
    world.verdict = Verdict::Inconclusive;
    world.paused();
    let began = world.now;
    world.now += 1_000;
    world.ask(Verb::Resume, bob()).unwrap();
    assert_eq!(world.state.at, At::Gating { batch: 0 });
    let passed = |world: &World| {
        let is_pass = |event: &Event| matches!(event, Event::Measured { verdict: Verdict::Pass, .. });
        world.journal.iter().filter(|(_, event)| is_pass(event)).count()
    };
    let reading =
        |began| Input::Measured { gate: "up".into(), began, verdict: Verdict::Pass, got: "x".into(), need: "y".into() };
    world.input(reading(began));
    assert_eq!(passed(&world), 0);
    world.input(reading(world.now));
    assert_eq!(passed(&world), 1);
}

#[test]
fn a_pause_that_nobody_ends_stays_and_calls_again() {
    let mut world = World::new(plan(3, &[1, 2]));
    world.verdict = Verdict::Inconclusive;
    world.paused();
    let paged = |world: &World| world.journal.iter().filter(|(_, e)| matches!(e, Event::Paged { .. })).count();
    assert_eq!(paged(&world), 1);
    assert!(writes(&mut world, 2 * 3_600) < 10, "it waits in silence between its calls");
    assert_eq!((world.state.at, paged(&world)), (At::Paused, 5));
}

#[test]
fn an_approval_and_a_gate_end_at_their_timeout_which_a_pause_puts_off() {
    let mut plan = plan(1, &[1]);
    plan.on_failure = OnFailure::Pause;
    let approval = Step { timeout: Some(30), ..step("deploy/1", StepKind::Approval { needed: 1 }) };
    let hold = step("deploy/2", StepKind::Pause { message: "look".into(), seconds: None });
    plan.stages[1].groups = vec![vec![approval, hold]];
    let mut world = World::new(plan);
    assert_eq!(world.paused(), "look");
    assert!(writes(&mut world, 100) < 3);
    world.ask(Verb::Resume, bob()).unwrap();
    writes(&mut world, 25);
    assert_eq!(world.state.at, At::Deploying { batch: 0 }, "what it was paused does not count");
    let why = world.paused();
    assert!(why.contains("deploy/1 failed: it took longer than its timeout of 30 s"), "{why}");
}

#[test]
fn what_fails_while_the_fleet_is_dark_waits_for_a_person_and_is_not_undone() {
    let mut world = World::new(plan(5, &[1, 2, 2]));
    world.broken.insert("w3".into());
    world.dark = vec!["breaker fleet:prod is open: control host or network?".into()];
    world.until("a pause", |s| s.at == At::Paused);
    let reason = world.state.pause.as_ref().map(|pause| pause.reason.clone()).unwrap();
    assert!(reason.contains("control host or network?"), "{reason}");
    assert_eq!((world.state.rollbacks, &world.deployed[..]), (0, &[true][..]), "the service is not to blame");
    world.dark.clear();
    world.now += 60_000;
    world.ask(Verb::Resume, bob()).unwrap();
    world.until("its end", |s| s.at.is_terminal());
    assert_eq!((world.state.at, world.deployed.last()), (At::RolledBack, Some(&false)));
}

#[test]
fn what_is_out_already_begins_only_where_a_person_asked_for_that() {
    let mut plan = plan(1, &[1]);
    plan.version = "1".into();
    let world = World::new(plan.clone());
    assert_eq!(world.state.at, At::Cancelled);
    assert!(world.asked.is_empty(), "not even the lease was asked for: {:?}", world.asked);
    assert!(world.state.history.last().unwrap().2.contains("1 is the stable version"), "{:?}", world.state.history);
    plan.again = true;
    let world = World::new(plan);
    assert!(world.asked.contains(&Effect::Admit), "{:?}", world.asked);
}

//! Steps: fail-fast, gates that are steps, tries after a transient failure, limits that are told in full.

use super::*;

fn group(steps: Vec<Step>, join: Join) -> Stage {
    Stage { name: "deploy".into(), when: When::Deploy, groups: vec![steps], join }
}

#[test]
fn fail_fast_ends_what_waits_beside_the_failure() {
    for kind in [StepKind::Approval { needed: 1 }, StepKind::Gate { gate: "up".into() }] {
        let mut plan = plan(1, &[1]);
        plan.stages[0] = Stage {
            when: When::Before,
            ..group(
                vec![step("prepare/1", StepKind::Command { argv: vec!["false".into()] }), step("prepare/2", kind)],
                Join::FailFast,
            )
        };
        let mut world = World::with(plan, |world| {
            world.verdict = Verdict::Fail;
            world.held.insert("prepare/1".into());
        });
        world.until("both", |s| s.steps.len() == 2);
        let child = world.open.pop().unwrap().0;
        world.input(Input::Exited { child, end: ChildEnd { rc: Some(1), why: "no".into(), ..ChildEnd::default() } });
        assert_eq!(world.ends(), At::Failed);
        assert_eq!(world.state.steps[1].ended.map(|(how, _)| how), Some(StepOutcome::Cancelled));
    }
}

#[test]
fn a_gate_step_without_data_waits_for_a_person_and_is_left_out_or_measured_anew() {
    for leave_out in [true, false] {
        let mut plan = plan(1, &[1]);
        plan.stages[1].groups.push(vec![step("deploy/3", StepKind::Gate { gate: "up".into() })]);
        let mut world = World::new(plan);
        world.verdict = Verdict::Inconclusive;
        let why = world.paused();
        assert_eq!(why, "gate up cannot be measured, which is no pass");
        if leave_out {
            world.ask(skip("up"), bob()).unwrap();
        } else {
            world.verdict = Verdict::Pass;
            world.ask(Verb::Resume, bob()).unwrap();
        }
        assert_eq!(world.ends(), At::Succeeded);
    }
}

#[test]
fn a_try_after_a_transient_failure_works_on_the_hosts_that_are_left() {
    let mut plan = plan(5, &[5]);
    (plan.limits.max_unavailable, plan.limits.min_in_service) = (5, 0);
    plan.stages[1].groups = vec![vec![Step { retries: 2, ..playbook("deploy/1") }]];
    let mut world = World::with(plan, |world| _ = world.away.insert("w4".into(), 1));
    assert_eq!(world.ends(), At::Succeeded);
    let all: Vec<String> = (1..=5).map(|n| format!("w{n}")).collect();
    assert_eq!(world.acts, [all, vec!["w4".to_owned()]]);
}

#[test]
fn where_a_fifth_of_a_batch_is_in_trouble_it_is_not_the_hosts() {
    let mut plan = plan(5, &[5]);
    (plan.limits.max_unavailable, plan.limits.min_in_service) = (5, 0);
    plan.stages[1].groups = vec![vec![Step { retries: 2, ..playbook("deploy/1") }]];
    let two = [("w4".to_owned(), 1), ("w5".to_owned(), 1)];
    let mut world = World::with(plan, |world| world.away.extend(two));
    assert_eq!(world.ends(), At::RolledBack);
    assert_eq!(world.acts[0].len(), 5);
    assert!(world.acts[1..].iter().all(|hosts| hosts.len() < 5 || hosts.contains(&"w1".to_owned())));
    assert_eq!(world.state.steps.iter().filter(|run| run.key.step == "deploy/1").count(), 1, "not tried again");
}

#[test]
fn what_failed_before_the_first_batch_does_not_claim_that_nothing_was_touched() {
    let mut plan = plan(1, &[1]);
    let failing = step("prepare/2", StepKind::Command { argv: vec!["false".into()] });
    plan.stages[0].groups = vec![vec![playbook("prepare/1")], vec![failing]];
    let mut world = World::with(plan, |world| _ = world.held.insert("prepare/2".into()));
    world.until("the second step", |s| s.steps.len() == 2);
    let child = world.open.pop().unwrap().0;
    world.input(Input::Exited { child, end: ChildEnd { rc: Some(1), why: "no".into(), ..ChildEnd::default() } });
    assert_eq!(world.ends(), At::Failed);
    assert!(world.state.history.last().unwrap().2.ends_with("no batch was begun; what prepare/1 did stays"));
}

#[test]
fn a_gate_counts_its_window_from_the_first_of_its_readings_in_a_row() {
    let mut plan = plan(1, &[1]);
    plan.gates[0] = Gate { passes: 2, fails: 99, window: 20, ..gate() };
    let mut world = World::new(plan);
    world.verdict = Verdict::Fail;
    world.until("a reading", |s| s.gates.iter().any(|g| g.readings.len() == 4));
    world.verdict = Verdict::Pass;
    let turned = world.now;
    world.until("the gate", |s| s.at == At::Verifying);
    assert!(world.now - turned >= 20_000, "{}", world.now - turned);
}

#[test]
fn a_try_again_whose_hosts_another_step_lost_meanwhile_is_left_out_and_never_unlimited() {
    let mut plan = plan(5, &[5]);
    (plan.limits.max_unavailable, plan.limits.min_in_service, plan.limits.budget) = (5, 0, 1);
    plan.stages[1].groups = vec![vec![Step { retries: 1, ..playbook("deploy/1") }, playbook("deploy/2")]];
    let held = ["deploy/1".to_owned(), "deploy/2".to_owned()];
    let mut world = World::with(plan, |world| world.held.extend(held));
    world.until("both", |s| s.steps.len() == 3);
    for (child, ..) in std::mem::take(&mut world.open) {
        let mark = |n| if n == 4 { Mark::Unreachable } else { Mark::New };
        let hosts = (1..=5).map(|n| (format!("w{n}"), mark(n))).collect();
        world.input(Input::Exited { child, end: ChildEnd { hosts, transient: true, ..ChildEnd::default() } });
    }
    for n in [1, 2, 3, 5] {
        world.hosts.insert(format!("w{n}"), "2".into());
    }
    assert_eq!(world.ends(), At::Succeeded);
    let last = world.state.steps.iter().rfind(|run| run.key.step == "deploy/1").unwrap();
    assert_eq!((last.key.attempt, last.child, last.ended.unwrap().0), (2, None, StepOutcome::Skipped));
}

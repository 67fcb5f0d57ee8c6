//! Verbs of people: what is skipped, retried, approved, marked and accepted, and what is refused.

use super::*;

fn approve() -> Verb {
    Verb::Approve { digest: "d".into() }
}

#[test]
fn a_stopped_line_is_asked_for_before_every_batch_and_after_every_pause() {
    let mut world = World::new(plan(2, &[1, 1]));
    world.until("the first gate", |s| s.at == At::Gating { batch: 0 });
    world.ask(Verb::Pause { reason: None }, bob()).unwrap();
    world.paused();
    world.blocks = vec!["eve stopped the line: disk full".into()];
    world.ask(Verb::Resume, bob()).unwrap();
    assert_eq!(world.paused(), "eve stopped the line: disk full");
    assert_eq!(world.acts.len(), 2, "the second batch was not begun");
    world.ask(Verb::Rollback { reason: None }, bob()).unwrap();
    assert_eq!(world.ends(), At::RolledBack, "a rollback is always allowed");
}

#[test]
fn a_freeze_that_begins_before_a_switch_holds_it() {
    let mut world = World::new(blue_green());
    world.until("the gate", |s| s.at == At::Gating { batch: 0 });
    world.blocks = vec!["frozen until Monday".into()];
    assert_eq!(world.paused(), "frozen until Monday");
    assert_eq!((world.state.pause.as_ref().unwrap().resume_to, world.active.as_str()), (At::Switching, "blue"));
    world.ask(skip("frozen"), bob()).unwrap();
    assert_eq!(world.ends(), At::Succeeded);
}

#[test]
fn a_skip_means_one_thing_and_holds_for_one_visit() {
    let mut world = World::new(plan(3, &[1, 1, 1]));
    world.verdict = Verdict::Inconclusive;
    world.paused();
    world.blocks = vec!["eve stopped the line: backup is broken".into(), "frozen until Monday".into()];
    world.ask(skip("up"), bob()).unwrap();
    assert_eq!(world.paused(), "eve stopped the line: backup is broken; frozen until Monday", "no part of a word");
    assert!(world.ask(skip("up"), bob()).is_err(), "no gate is read now");
    assert!(world.ask(skip("backup"), bob()).is_err(), "no part of a sentence either");
    world.ask(skip("eve stopped the line"), bob()).unwrap();
    assert_eq!(world.paused(), "frozen until Monday");
    world.ask(skip("frozen until Monday"), bob()).unwrap();
    let why = world.paused();
    assert!(why.contains("gate up cannot be measured"), "the next batch asks again: {why}");
    world.verdict = Verdict::Pass;
    world.ask(Verb::Resume, bob()).unwrap();
    assert!(world.paused().contains("stopped the line"), "the next visit asks again");
    let what = skip(world.waits());
    world.ask(what, bob()).unwrap();
    assert_eq!(world.ends_or_pauses(), At::Succeeded);
}

#[test]
fn a_breaker_that_was_left_out_is_left_out_however_it_stands_by_then() {
    let of = |stands: &str| vec![format!("breaker service:prod/web is {stands}")];
    let mut plan = plan(1, &[1]);
    plan.approval.needed = 1;
    let mut world = World::new(plan);
    world.leased = true;
    world.blocks = of("open: 3 failures in a row; tried again at 14:02:07");
    world.ask(approve(), bob()).unwrap();
    world.until("what stands in the way", |s| !s.blocks.is_empty());
    world.ask(skip("breaker service:prod/web"), bob()).unwrap();
    world.until("the lease alone", |s| s.blocks.is_empty() && s.at == At::Queued);
    world.blocks = of("half open: its time is over: it is tried");
    for _ in 0..5 {
        world.now += 1_000;
        world.settle();
    }
    assert!(world.state.blocks.is_empty(), "{}", world.waits());
    world.blocks = of("forced open by eve: the disks are changed");
    world.until("a person's word", |s| !s.blocks.is_empty() && s.at == At::Queued);
}

#[test]
fn a_skip_without_an_effect_is_refused() {
    let mut plan = plan(1, &[1]);
    plan.approval.needed = 1;
    let mut world = World::new(plan);
    let refused = world.ask(skip("approvals"), bob()).unwrap_err();
    assert!(refused.0.contains("nothing can be left out now"), "{refused}");
}

#[test]
fn approvals_in_a_batch_are_given_for_each_batch() {
    let mut plan = plan(2, &[1, 1]);
    plan.stages[1].groups.push(vec![step("deploy/3", StepKind::Approval { needed: 1 })]);
    let mut world = World::new(plan);
    for batch in 0..2 {
        world.until("an approval", |s| s.waits.as_deref().is_some_and(|w| w.contains("approvals")));
        assert_eq!(world.state.at, At::Deploying { batch });
        assert!(world.ask(approve(), ann()).is_err(), "never by who submitted it");
        world.ask(approve(), bob()).unwrap();
    }
    assert_eq!(world.ends(), At::Succeeded);
}

/// One host failed, and its rollback fails too.
fn needs_operator() -> World {
    let mut plan = plan(2, &[1, 1]);
    plan.on_failure = OnFailure::Pause;
    plan.version_probe = None;
    let mut world = World::with(plan, |world| _ = world.held.insert("deploy/2".into()));
    world.until("the second step", |s| s.steps.iter().any(|run| run.key.step == "deploy/2"));
    let child = world.open.pop().unwrap().0;
    world.input(Input::Exited { child, end: ChildEnd { lost: true, why: "gone".into(), ..ChildEnd::default() } });
    world.until("a person to be needed", |s| s.at == At::NeedsOperator);
    world
}

#[test]
fn two_people_mark_a_host_or_accept_two_versions_and_nobody_twice() {
    let mark = |mark| Verb::Mark { host: "w1".into(), mark };
    let mut world = needs_operator();
    world.ask(mark(Mark::New), bob()).unwrap();
    assert!(world.ask(mark(Mark::New), bob()).is_err(), "a second person must say so");
    world.ask(mark(Mark::Old), eve()).unwrap();
    assert_eq!(world.state.mark("w1"), Mark::Unknown, "they do not agree");
    world.ask(mark(Mark::New), eve()).unwrap();
    world.until("a pause", |s| s.at == At::Paused);
    assert_eq!(world.state.mark("w1"), Mark::New);
    assert!(world.state.votes.is_empty(), "what was said before counts for nothing later");
    let accept = Verb::AcceptMixed { reason: "w2 is being replaced".into() };
    world.ask(accept.clone(), bob()).unwrap();
    assert_eq!(world.state.at, At::Paused);
    world.ask(accept, eve()).unwrap();
    assert_eq!(world.state.at, At::ClosedMixed);
}

#[test]
fn a_release_that_needs_a_person_gives_way_to_one_that_goes_forward() {
    let mut world = needs_operator();
    let verb = |to: &str| Verb::RollForward { to: to.into(), reason: "2.1 mends it".into() };
    assert!(world.ask(verb(" "), bob()).is_err());
    world.ask(verb("0199-2"), bob()).unwrap();
    assert_eq!(world.state.at, At::NeedsOperator, "one person ends no release with hosts of two versions");
    assert!(world.ask(verb("0199-2"), bob()).is_err());
    world.ask(verb("0199-3"), eve()).unwrap();
    assert_eq!(world.state.at, At::NeedsOperator, "eve said something else");
    world.ask(verb("0199-2"), eve()).unwrap();
    assert_eq!(world.state.at, At::ClosedMixed);
    assert!(world.state.history.last().unwrap().2.contains("0199-2"));
    let mut fine = World::new(plan(1, &[1]));
    assert!(fine.ask(verb("0199-2"), bob()).is_err(), "it needs nobody");
}

#[test]
fn a_retry_works_on_hosts_that_are_not_new_and_never_beside_a_process() {
    let mut plan = plan(3, &[1, 2]);
    plan.on_failure = OnFailure::Pause;
    let mut world = World::with(plan, |world| _ = world.broken.insert("w3".into()));
    world.paused();
    world.broken.clear();
    let before = world.acts.len();
    world.ask(Verb::RetryFailed, bob()).unwrap();
    assert_eq!(world.ends(), At::Succeeded);
    assert_eq!(world.acts[before], ["w3"]);
    let mut beside = self::plan(2, &[2]);
    beside.stages[1].groups =
        vec![vec![playbook("deploy/1"), step("deploy/2", StepKind::Pause { message: "look".into(), seconds: None })]];
    let mut world = World::with(beside, |world| _ = world.held.insert("deploy/1".into()));
    world.paused();
    let refused = world.ask(Verb::RetryFailed, bob()).unwrap_err();
    assert!(refused.0.contains("still at work"), "{refused}");
}

#[test]
fn a_batch_that_a_step_paused_goes_on_with_what_the_budget_bore() {
    let mut plan = plan(3, &[3]);
    (plan.limits.budget, plan.limits.max_unavailable, plan.limits.min_in_service) = (1, 3, 0);
    let pause = step("deploy/2", StepKind::Pause { message: "look".into(), seconds: None });
    plan.stages[1].groups = vec![vec![playbook("deploy/1")], vec![pause], vec![playbook("deploy/3")]];
    let mut world = World::with(plan, |world| _ = world.broken.insert("w2".into()));
    assert_eq!(world.paused(), "look");
    world.ask(Verb::Resume, bob()).unwrap();
    assert_eq!(world.ends(), At::Succeeded);
    assert_eq!(world.acts, [outs(&["w1", "w2", "w3"]), outs(&["w1", "w3"])]);
}

fn outs(hosts: &[&str]) -> Vec<String> {
    hosts.iter().map(|host| (*host).to_owned()).collect()
}

#[test]
fn a_lease_that_another_took_is_got_again_before_anything_goes_on_and_can_be_taken_over() {
    let mut world = World::with(plan(2, &[1, 1]), |world| _ = world.held.insert("deploy/1".into()));
    world.leased = true;
    world.dies();
    let why = world.paused();
    assert!(why.contains("not ours any more"), "{why}");
    assert_eq!(world.state.lease, None);
    world.held.clear();
    world.ask(Verb::Resume, bob()).unwrap();
    assert_eq!((world.state.at, world.waits()), (At::Deploying { batch: 0 }, "another run holds it"));
    assert!(world.acts.is_empty(), "nothing is done without it");
    world.ask(Verb::TakeOver { reason: "it hangs".into() }, bob()).unwrap();
    assert_eq!(world.ends(), At::Succeeded);
}

//! What must hold at every act of a release (releases.md part 1).

use super::world::{Holder, World, limit};
use opsdeck::release::event::{Event, Person};
use opsdeck::release::machine::{Effect, Verb};
use opsdeck::release::plan::{Plan, Strategy};
use opsdeck::release::state::{At, Mark, Release};
use opsdeck::release::traffic::Op;

/// Before an effect is performed.
pub fn effect(plan: &Plan, state: &Release, world: &World, effect: &Effect) -> Result<(), String> {
    match effect {
        Effect::Start { child, kind, step, .. } => {
            // One that was begun is only found again.
            if !world.processes.iter().any(|process| process.child == *child) {
                leased(state, world)?;
            }
            let known =
                state.steps.iter().any(|run| run.child == Some(*child) && run.key == *step && run.ended.is_none());
            rule(known, "a process without an intent")?;
            let slice = state.slice.as_ref().map(|slice| slice.hosts.as_slice()).unwrap_or_default();
            for host in limit(kind).into_iter().flat_map(|limit| limit.split(',')) {
                rule(
                    step.batch.is_none() || slice.iter().any(|of| of == host),
                    "a host is acted on without an intent",
                )?;
                rule(state.touched.contains(host), "a host is acted on without an intent")?;
            }
            Ok(())
        }
        Effect::Do { .. } => leased(state, world),
        Effect::Traffic(op) if !matches!(op, Op::Status | Op::Check { .. }) => {
            leased(state, world)?;
            let open = state.traffic_open.as_ref() == Some(op) || (state.draining && matches!(op, Op::Drain { .. }));
            rule(open, "traffic is moved without an intent")?;
            match op {
                Op::Weight { hosts, percent } => {
                    let (before, after) =
                        (serving(plan, state, &[], share(state)), serving(plan, state, &[], Some((hosts, *percent))));
                    enough(plan, state, before, after)
                }
                _ => Ok(()),
            }
        }
        Effect::Record(Event::BatchIntent { hosts, rollback, .. }) => {
            let open = world.processes.iter().any(|process| !process.hosts.is_empty());
            rule(!open, "a batch begins while a process still works on hosts")?;
            if matches!(plan.strategy, Strategy::BlueGreen { .. }) {
                return Ok(());
            }
            let (before, after) = (serving(plan, state, &[], share(state)), serving(plan, state, hosts, share(state)));
            // What was lost before the way back holds nobody up: what it takes itself is counted, and one is always left.
            let taken = before.saturating_sub(after);
            let borne =
                *rollback && taken <= plan.limits.max_unavailable as usize && (after > 0 || plan.traffic.is_none());
            if borne { Ok(()) } else { enough(plan, state, before, after) }
        }
        Effect::Record(Event::Approved { by, .. }) => rule(by.uid != 1, "somebody approved their own"),
        Effect::Record(Event::Entered { at: At::Succeeded, .. }) => {
            let all = plan.batches.iter().flat_map(|batch| &batch.hosts);
            let new = all.filter(|host| state.mark(host) == Mark::New).count();
            let all = plan.batches.iter().map(|batch| batch.hosts.len()).sum::<usize>();
            rule(
                new + plan.limits.budget as usize >= all,
                "it succeeded with more hosts amiss than the budget allows",
            )?;
            rule(world.processes.is_empty(), "it ended while a process runs")
        }
        Effect::Record(Event::Entered { at, .. }) if at.is_terminal() => {
            rule(world.processes.is_empty(), "it ended while a process runs")
        }
        _ => Ok(()),
    }
}

/// What a person was allowed.
pub fn verb(before: &Release, verb: &Verb, by: &Person, effects: &[Effect]) -> Result<(), String> {
    let enters =
        |to: fn(&At) -> bool| effects.iter().any(|e| matches!(e, Effect::Record(Event::Entered { at, .. }) if to(at)));
    if matches!(before.at, At::RollingBack { .. }) {
        rule(!enters(|at| matches!(at, At::RollingBack { .. })), "a rollback is rolled back")?;
    }
    if matches!(verb, Verb::AcceptMixed { .. }) && enters(|at| *at == At::ClosedMixed) {
        let other = before.votes.iter().any(|(person, what)| what == "accept_mixed" && person.uid != by.uid);
        rule(other, "one person accepted two versions")?;
    }
    Ok(())
}

/// Never two who act: ours by the journal and by the world.
fn leased(state: &Release, world: &World) -> Result<(), String> {
    rule(state.lease.is_some() && world.lease == Holder::Us, "it acts without the lease")
}

type Share<'a> = Option<(&'a Vec<String>, u8)>;

fn share(state: &Release) -> Share<'_> {
    state.ops.iter().rev().find_map(|done| match &done.op {
        Op::Weight { hosts, percent } if done.ok => Some((hosts, *percent)),
        _ => None,
    })
}

/// Hosts that serve while `taken` are out, with shares of the traffic counted.
fn serving(plan: &Plan, state: &Release, taken: &[String], share: Share<'_>) -> usize {
    let all: Vec<&String> = plan.batches.iter().flat_map(|batch| &batch.hosts).collect();
    let surge = |host: &String| matches!(&plan.strategy, Strategy::Rolling { surge } if surge.contains(host));
    let serves = |host: &&&String| {
        let up = match state.mark(host) {
            Mark::New => true,
            Mark::Untouched | Mark::Old => !surge(host),
            _ => false,
        };
        let idle = match share {
            Some((new, 0)) => new.contains(host),
            Some((new, 100)) => !new.is_empty() && !new.contains(host),
            _ => false,
        };
        up && !idle && !taken.contains(host)
    };
    all.iter().filter(serves).count()
}

/// Never fewer than must serve, unless it were fewer already; or a person bore it.
fn enough(plan: &Plan, state: &Release, before: usize, after: usize) -> Result<(), String> {
    let least = plan.limits.min_in_service as usize;
    let borne = state.skips.iter().any(|skip| !skip.gate);
    rule(after >= least || after >= before || borne, &format!("{after} hosts would serve, {least} must"))
}

fn rule(holds: bool, words: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(words.to_owned()) }
}

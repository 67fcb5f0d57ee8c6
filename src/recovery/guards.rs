//! May auto-recovery act on a host now? A pure function of facts; all guards of releases.md part 4, each with the number
//! that the policy sets. The first that does not hold is the answer, the most serious first where several might.

use crate::project::config::recovery::{Guards, Policy};
use crate::state::recovery::Token;
use crate::text::human;

/// Milliseconds of an hour.
const HOUR: i64 = 3_600_000;

/// How a check is on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub host: String,
    /// Not well: it fails, or nobody can tell, or nobody looked for too long.
    pub bad: bool,
    /// It is so often enough to count.
    pub counts: bool,
    /// Since when it fails (Unix milliseconds).
    pub since: i64,
    /// When the look began of which this is the answer (Unix milliseconds).
    pub began: i64,
    /// When readings of others are there, or late, that were on their way when this began to count (Unix milliseconds).
    pub settled: i64,
    /// That is too long ago to go by.
    pub stale: bool,
}

/// All that a decision is made from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// Now (Unix milliseconds).
    pub now: i64,
    pub environment: String,
    pub host: String,
    /// Action, by the name of its runbook.
    pub action: String,
    /// A person switched it off: who and why.
    pub off: Option<String>,
    /// A person silenced the host, the check or the service: until when, who and why.
    pub silenced: Option<String>,
    /// Who else works on the host: releases, playbooks, commands, other recoveries.
    pub busy: Vec<String>,
    /// Breakers of the host, its service and the fleet that are not closed.
    pub breakers: Vec<String>,
    /// Dependencies that are not well.
    pub depends: Vec<String>,
    /// The check on every host of the service.
    pub readings: Vec<Reading>,
    /// Actions of the last hour, or of the pause between two on a host, in all environments, without the one that is asked about.
    pub tokens: Vec<Token>,
    /// Whether the last runs of this action helped, newest first; since a person switched it on again.
    pub helped: Vec<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    /// Not now; why.
    Inhibited(String),
    /// Not at all: a person must look; why.
    Escalate(String),
}

pub fn decide(policy: &Policy, facts: &Facts) -> Verdict {
    let guards = &policy.guards;
    let inhibit = |why: Option<String>| why.map(Verdict::Inhibited);
    let escalate = |why: Option<String>| why.map(Verdict::Escalate);
    inhibit(facts.off.clone())
        .or_else(|| inhibit(facts.silenced.clone()))
        .or_else(|| inhibit(words("a breaker is not closed", &facts.breakers)))
        // Who did not look yet cannot say that it is this host alone.
        .or_else(|| inhibit(unseen(facts)))
        .or_else(|| {
            let why = common_cause(guards, facts).or_else(|| blast_radius(guards, facts))?;
            // All of them are one piece of news: it waits for the last of them.
            inhibit(on_its_way(facts)).or(Some(Verdict::Escalate(why)))
        })
        .or_else(|| escalate(futile(guards, facts)))
        .or_else(|| inhibit(words("somebody works there", &facts.busy)))
        .or_else(|| inhibit(words("what it depends on is not well", &facts.depends)))
        .or_else(|| inhibit(in_flight(policy, facts)))
        .or_else(|| inhibit(rate(policy, facts)))
        .unwrap_or(Verdict::Allow)
}

fn words(what: &str, all: &[String]) -> Option<String> {
    (!all.is_empty()).then(|| format!("{what}: {}", all.join("; ")))
}

/// Every host of the service must have been looked at since this one went bad.
fn unseen(facts: &Facts) -> Option<String> {
    let Some(own) = facts.readings.iter().find(|r| r.host == facts.host) else {
        return Some("nobody looked at the host yet".to_owned());
    };
    if own.stale {
        return Some("nobody looked at the host for too long".to_owned());
    }
    let unseen: Vec<&str> =
        facts.readings.iter().filter(|r| !r.stale && !r.bad && r.began < own.since).map(|r| r.host.as_str()).collect();
    let was = if unseen.len() == 1 { "was" } else { "were" };
    let hosts = human::of(unseen.len() as u64, "host");
    (!unseen.is_empty()).then(|| format!("{hosts} of the service {was} not looked at since it went bad"))
}

/// Others began to fail with this one, and the reading that makes it count is on its way. None is waited for longer than for
/// one reading.
fn on_its_way(facts: &Facts) -> Option<String> {
    let own = facts.readings.iter().find(|r| r.host == facts.host)?;
    let failing = facts.readings.iter().filter(|r| r.bad && !r.counts && r.host != own.host).count();
    let fails = if failing == 1 { "fails" } else { "fail" };
    (failing > 0 && own.counts && facts.now < own.settled).then(|| {
        format!("{} of the service {fails}, too, and will be looked at again", human::of(failing as u64, "host"))
    })
}

/// Many hosts that fail the same check at once have one cause, and it is none of theirs.
fn common_cause(guards: &Guards, facts: &Facts) -> Option<String> {
    let own = facts.readings.iter().find(|r| r.host == facts.host)?;
    let near = |r: &&Reading| r.bad && (r.since - own.since).abs() <= i64::from(guards.common_within) * 1000;
    let n = facts.readings.iter().filter(near).count();
    let of = facts.readings.len();
    // One host alone has no common cause, however few there are.
    let common = n >= guards.common_hosts as usize || (n >= 2 && n * 100 > of * guards.common_percent as usize);
    common.then(|| format!("common cause: {n} of {of} hosts went bad within {} s", guards.common_within))
}

/// So many hosts are bad already that one more mistake would hurt.
fn blast_radius(guards: &Guards, facts: &Facts) -> Option<String> {
    let (bad, of) = (facts.readings.iter().filter(|r| r.bad).count(), facts.readings.len());
    let most = (of * guards.unhealthy_percent as usize / 100).max(1);
    (bad > most).then(|| format!("blast radius: {bad} of {of} hosts are not well, at most {most} may be"))
}

/// An action that never helps is no help.
fn futile(guards: &Guards, facts: &Facts) -> Option<String> {
    let row = facts.helped.iter().take_while(|helped| !**helped).count();
    let n = guards.failed_in_row as usize;
    (n > 0 && row >= n).then(|| {
        format!(
            "{:?} did not help the last {row} times and is disabled; `opsdeck recovery on` takes it up again",
            facts.action
        )
    })
}

fn in_flight(policy: &Policy, facts: &Facts) -> Option<String> {
    let open = facts.tokens.iter().filter(|t| t.helped.is_none() && of_service(t, policy, facts));
    let hosts: Vec<&str> = open.map(|t| t.host.as_str()).collect();
    (hosts.len() >= policy.guards.in_flight as usize)
        .then(|| format!("an action is under way in the service, on {}", hosts.join(", ")))
}

fn rate(policy: &Policy, facts: &Facts) -> Option<String> {
    let guards = &policy.guards;
    let on_host = |t: &&Token| t.environment == facts.environment && t.host == facts.host;
    let tokens = || facts.tokens.iter();
    let pause = i64::from(guards.host_pause) * 1000;
    if let Some(last) = tokens().filter(on_host).map(|t| t.at).max()
        && facts.now - last < pause
    {
        let every = human::short(pause);
        return Some(format!("one action on a host in {every}: the next is possible at {}", human::time(last + pause)));
    }
    let recent = |t: &&Token| facts.now - t.at < HOUR;
    let all = [
        ("on the host", guards.host_per_hour, tokens().filter(recent).filter(on_host).count()),
        (
            "in the service",
            guards.service_per_hour,
            tokens().filter(recent).filter(|t| of_service(t, policy, facts)).count(),
        ),
        ("everywhere", guards.all_per_hour, tokens().filter(recent).count()),
    ];
    let (place, most, n) = all.into_iter().find(|(_, most, n)| *n >= *most as usize)?;
    Some(format!("{n} actions {place} in the last hour, at most {most} may be"))
}

fn of_service(token: &Token, policy: &Policy, facts: &Facts) -> bool {
    token.environment == facts.environment && token.service == policy.service
}

#[cfg(test)]
#[path = "guards_tests.rs"]
mod tests;

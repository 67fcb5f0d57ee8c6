//! Why somebody should come, in words: from facts to sentences, the gravest first. Pure; clocks and time zones are given.

use super::{Escalated, Facts, Fires, Hands, Needs, Post, Waits};
use crate::state::outbox::Backlog;
use crate::text::human::{count, few, of};
use uuid::Uuid;

/// How grave a reason is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Somebody should look, in time.
    Warning,
    /// It cannot be told whether somebody must.
    Unknown,
    Bad,
}

/// Where a person does something about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Runs(Vec<Uuid>),
    /// At the health of the hosts.
    Health,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub grade: Grade,
    /// Environments that it is about; empty: of none in particular.
    pub environments: Vec<String>,
    /// Where it leads.
    pub place: Place,
    /// In as few words as it can be said.
    pub short: String,
    /// With who, where and since when.
    pub long: String,
    pub next: &'static str,
}

impl Reason {
    /// True if it speaks of this environment, or of none in particular.
    pub fn is_about(&self, environment: &str) -> bool {
        self.environments.is_empty() || self.environments.iter().any(|name| name == environment)
    }
}

/// What is in sight where the reasons are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sight<'a> {
    /// An environment whose readings are not fresh, though somebody looks at it: there it matters that nobody polls, whatever
    /// policies say.
    pub stale: Option<&'a str>,
}

/// The reasons, the gravest first; empty: nothing waits for anybody. `clock` says a moment (Unix milliseconds).
pub fn reasons(facts: &Facts, sight: Sight<'_>, clock: &dyn Fn(i64) -> String) -> Vec<Reason> {
    let mut all = Vec::new();
    all.extend(closed(facts));
    all.extend(releases(&facts.releases, Needs::Operator));
    all.extend(escalated(&facts.escalated));
    all.extend(acts(&facts.posts, clock));
    all.extend(polls(&facts.posts, sight, clock));
    all.extend(unknown(facts));
    all.extend(alerts(&facts.alerts));
    all.extend(releases(&facts.releases, Needs::Approval));
    all.extend(releases(&facts.releases, Needs::Resume));
    all.extend(undelivered(&facts.undelivered, clock));
    // Those of one grade keep the order in which they stand above.
    all.sort_by_key(|reason| std::cmp::Reverse(reason.grade));
    all
}

fn closed(facts: &Facts) -> Option<Reason> {
    let why = facts.closed.as_deref()?;
    Some(Reason {
        grade: Grade::Bad,
        environments: Vec::new(),
        place: Place::Runs(Vec::new()),
        short: "nothing can be recorded".to_owned(),
        long: format!("nothing can be recorded, so nothing is launched or decided but to stop: {why}"),
        next: "opsdeck doctor",
    })
}

fn releases(all: &[Waits], needs: Needs) -> Option<Reason> {
    let these: Vec<&Waits> = all.iter().filter(|waits| waits.needs == needs).collect();
    let alone = these.len() == 1;
    let (grade, does, brief) = match needs {
        Needs::Operator if alone => (Grade::Bad, "needs an operator", "needs operator"),
        Needs::Operator => (Grade::Bad, "need an operator", "need operator"),
        Needs::Approval if alone => (Grade::Warning, "waits for approval", "waits for approval"),
        Needs::Approval => (Grade::Warning, "wait for approval", "wait for approval"),
        Needs::Resume if alone => (Grade::Warning, "is paused", "paused"),
        Needs::Resume => (Grade::Warning, "are paused", "paused"),
    };
    let short = format!("{} {brief}", count(these.len() as u64));
    let environments = names(these.iter().filter_map(|waits| waits.environment.as_deref()));
    let long = match these.as_slice() {
        [] => return None,
        [Waits { number: Some(number), .. }] => format!("release #{number} {does}{}", on(&environments)),
        _ => format!("{} {does}{}", of(these.len() as u64, "release"), on(&environments)),
    };
    let place = Place::Runs(these.iter().map(|waits| waits.run).collect());
    Some(Reason { grade, environments, place, short, long, next: "opsdeck runs --live" })
}

fn escalated(all: &[Escalated]) -> Option<Reason> {
    let name = |one: &Escalated| format!("{} on {}", one.policy, one.host);
    let incidents = of(all.len() as u64, "incident");
    let environments = names(all.iter().map(|one| one.environment.as_str()));
    let long = match all {
        [] => return None,
        [one] => format!("incident escalated{}: {}", on(&environments), name(one)),
        [one, rest @ ..] => {
            format!("{incidents} escalated{}: {} and {} more", on(&environments), name(one), rest.len())
        }
    };
    let short = format!("{} escalated", count(all.len() as u64));
    let next = "opsdeck recovery";
    Some(Reason { grade: Grade::Bad, environments, place: Place::Health, short, long, next })
}

/// Only where a policy or a receiver says that somebody should.
fn acts(posts: &[Post], clock: &dyn Fn(i64) -> String) -> Vec<Reason> {
    let wanted = posts.iter().filter(|post| post.policy || post.receiver);
    let grade = |post: &Post| if post.policy { Grade::Bad } else { Grade::Warning };
    let all = wanted.map(|post| (post, &post.acts, grade(post)));
    missing(all, ("acts on", "whether anybody acts on"), "opsdeck serve", clock)
}

/// Only where a policy says that somebody should, and where somebody looks at what is old.
fn polls(posts: &[Post], sight: Sight<'_>, clock: &dyn Fn(i64) -> String) -> Vec<Reason> {
    let looked_at = |post: &&Post| post.policy || sight.stale == Some(post.environment.as_str());
    let grade = |post: &Post| if post.policy { Grade::Bad } else { Grade::Warning };
    let all = posts.iter().filter(looked_at).map(|post| (post, &post.polls, grade(post)));
    missing(all, ("polls", "whether anybody polls"), "opsdeck serve", clock)
}

/// Those whom nobody does it for, and those of which that cannot be told.
fn missing<'a>(
    all: impl Iterator<Item = (&'a Post, &'a Hands, Grade)>,
    (does, whether): (&str, &str),
    next: &'static str,
    clock: &dyn Fn(i64) -> String,
) -> Vec<Reason> {
    let (mut nobody, mut untold) = (Vec::new(), Vec::new());
    for (post, hands, grade) in all {
        match hands {
            Hands::Of(_) => {}
            Hands::Nobody(last) => nobody.push((post, last, grade)),
            Hands::Unknown(why) => untold.push((post, why)),
        }
    }
    let environments = names(nobody.iter().map(|(post, ..)| post.environment.as_str()));
    let short = format!("nobody {does} {}", few(environments.iter().map(String::as_str)));
    let long = match nobody.as_slice() {
        [(_, Some((who, at)), _)] => format!("{short} since {}, last {who}", clock(*at)),
        _ => short.clone(),
    };
    let gravest = nobody.iter().map(|(.., grade)| *grade).max();
    let place = || Place::Health;
    let nobody = gravest.map(|grade| Reason { grade, environments, place: place(), short, long, next });
    let environments = names(untold.iter().map(|(post, _)| post.environment.as_str()));
    let untold = untold.first().map(|(_, why)| {
        let short = format!("{whether} {} is not known", few(environments.iter().map(String::as_str)));
        let long = format!("{short}: {why}");
        Reason { grade: Grade::Unknown, environments, place: place(), short, long, next: "opsdeck doctor" }
    });
    nobody.into_iter().chain(untold).collect()
}

fn unknown(facts: &Facts) -> Option<Reason> {
    let why = facts.unknown.first()?;
    let short = "what waits for a person is not known".to_owned();
    let long = format!("{short}: {why}");
    let next = "opsdeck doctor";
    Some(Reason { grade: Grade::Unknown, environments: vec![], place: Place::Health, short, long, next })
}

fn alerts(all: &[Fires]) -> Option<Reason> {
    let critical = all.iter().any(|alert| alert.critical);
    let environments = names(all.iter().filter_map(|alert| alert.environment.as_deref()));
    // One that names no environment may be about any.
    let named = all.iter().all(|alert| alert.environment.is_some());
    let alerts = of(all.len() as u64, "alert");
    let mut by_weight: Vec<&Fires> = all.iter().collect();
    by_weight.sort_by_key(|alert| !alert.critical);
    let (short, long) = match by_weight.as_slice() {
        [] => return None,
        [one] => (format!("{alerts} fires"), format!("alert {} fires{}", one.name, on(&environments))),
        [one, rest @ ..] => {
            let more = rest.len();
            (format!("{alerts} fire"), format!("{alerts} fire{}: {} and {more} more", on(&environments), one.name))
        }
    };
    let grade = if critical { Grade::Bad } else { Grade::Warning };
    let environments = if named { environments } else { vec![] };
    Some(Reason { grade, environments, place: Place::Health, short, long, next: "opsdeck alerts" })
}

fn undelivered(all: &[Backlog], clock: &dyn Fn(i64) -> String) -> Option<Reason> {
    let oldest = all.iter().map(|of| of.oldest).min()?;
    let sum: u64 = all.iter().map(|of| of.count).sum();
    let short = format!("{} undelivered", count(sum));
    let receivers = names(all.iter().map(|of| of.receiver.as_str()));
    let long = format!(
        "{} undelivered to {} since {}",
        of(sum, "notice"),
        few(receivers.iter().map(String::as_str)),
        clock(oldest)
    );
    let next = "opsdeck notices --open";
    Some(Reason { grade: Grade::Warning, environments: vec![], place: Place::Health, short, long, next })
}

/// Each once, in their order.
fn names<'a>(all: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in all {
        if !names.iter().any(|there| there == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// ` on production, staging`; nothing where there is none.
fn on(environments: &[String]) -> String {
    match environments {
        [] => String::new(),
        some => format!(" on {}", few(some.iter().map(String::as_str))),
    }
}

#[cfg(test)]
#[path = "reasons_tests.rs"]
mod tests;

//! How many hosts serve, and how many may be taken from them. Holds in a rollback too (releases.md part 1, rule f).

use super::View;
use crate::release::plan::Strategy;
use crate::release::state::Mark;
use crate::release::traffic::Op;
use crate::text::human;
use std::collections::HashSet;

/// Hosts with one of these marks serve, where they have a share of the traffic.
const SERVING: [Mark; 3] = [Mark::Untouched, Mark::New, Mark::Old];
/// Hosts of which it is not known that they are well.
const BAD: [Mark; 3] = [Mark::Failed, Mark::Unreachable, Mark::Unknown];

/// Hosts that serve, as they would be counted.
struct Count {
    all: u32,
    /// Those of them that do not serve.
    out: u32,
    extra: u32,
}

impl View<'_> {
    /// Hosts whose loss counts: those that served when the release began.
    fn serves(&self, host: &str) -> bool {
        // The pool that takes no traffic may be worked on as one likes.
        !self.is_blue_green() && !self.is_surge(host)
    }

    /// It was added for the time of the release.
    pub(super) fn is_surge(&self, host: &str) -> bool {
        matches!(&self.plan.strategy, Strategy::Rolling { surge } if surge.iter().any(|s| s == host))
    }

    /// Shares of traffic were given to hosts.
    pub(super) fn is_shared(&self) -> bool {
        let weight = |op: &Op| matches!(op, Op::Weight { .. });
        self.plan.traffic.is_some()
            && (self.state.ops.iter().any(|done| weight(&done.op))
                || self.state.traffic_open.as_ref().is_some_and(weight))
    }

    /// The shares that were given last are the same for every host.
    pub(super) fn has_even_shares(&self) -> bool {
        let last = self.state.ops.iter().rev().find(|done| matches!(done.op, Op::Weight { .. }));
        last.is_some_and(|done| done.ok && matches!(&done.op, Op::Weight { hosts, .. } if hosts.is_empty()))
    }

    /// Why these hosts may not be taken out of service now; `None`: they may.
    pub(super) fn guard(&self, taken: &[String]) -> Option<String> {
        let share = self.state.ops.iter().rev().find_map(|done| match &done.op {
            Op::Weight { hosts, percent } if done.ok => Some((hosts.as_slice(), *percent)),
            _ => None,
        });
        self.too_few(&self.count(taken, share))
    }

    /// Why these hosts may not have this share (percent) of the traffic; `None`: they may.
    pub(super) fn guard_share(&self, hosts: &[String], percent: u8) -> Option<String> {
        self.too_few(&self.count(&[], Some((hosts, percent))))
    }

    fn count(&self, taken: &[String], share: Option<(&[String], u8)>) -> Count {
        let taken: HashSet<&str> = taken.iter().map(String::as_str).collect();
        let sharing: HashSet<&str> = share.iter().flat_map(|(hosts, _)| hosts.iter().map(String::as_str)).collect();
        // With nothing for one side, that side serves nobody; where there is one side only, all of it serves.
        let both = !sharing.is_empty() && self.hosts().any(|host| !sharing.contains(host.as_str()));
        let idle = |host: &str| match share {
            Some((_, 0)) => both && sharing.contains(host),
            Some((_, 100)) => both && !sharing.contains(host),
            _ => false,
        };
        let mut count = Count { all: 0, out: 0, extra: 0 };
        for host in self.hosts() {
            let up = SERVING.contains(&self.state.mark(host)) && !taken.contains(host.as_str()) && !idle(host);
            if self.serves(host) {
                count.all += 1;
                count.out += u32::from(!up);
            } else {
                count.extra += u32::from(up && self.is_surge(host) && self.state.mark(host) == Mark::New);
            }
        }
        count
    }

    fn too_few(&self, count: &Count) -> Option<String> {
        let limits = &self.plan.limits;
        let (most, serving) = (limits.max_unavailable + count.extra, count.all + count.extra - count.out);
        if count.all == 0 || (count.out <= most && serving >= limits.min_in_service) {
            return None;
        }
        Some(format!(
            "{} of {} hosts would be out of service, at most {most} may; {serving} would serve, {} must",
            count.out, count.all, limits.min_in_service
        ))
    }

    /// So many more hosts that serve may be taken, with all counted that do not serve, whoever took them.
    pub(super) fn may_take(&self) -> usize {
        let (limits, own) = (&self.plan.limits, self.hosts().filter(|host| self.serves(host)));
        let out = own.filter(|host| !self.state.serves(host)).count();
        (limits.max_unavailable as usize).saturating_sub(out).min(self.may_take_back())
    }

    /// So many more hosts that serve may be taken on the way back. What was out of service before counts against nobody:
    /// what is counted is what the way back itself has taken and not brought back. The last one is never taken from a
    /// balancer; without one it is taken only where there is no other.
    pub(super) fn may_take_back(&self) -> usize {
        let (limits, state) = (&self.plan.limits, self.state);
        let serving = self.hosts().filter(|host| state.serves(host)).count();
        // Where no balancer takes it out, one that cannot be reached was not taken: it is as it was.
        let as_it_was = |host: &String| !self.moves_hosts() && state.mark(host) == Mark::Unreachable;
        let lost = state.taken.iter().filter(|host| !state.serves(host) && !as_it_was(host)).count();
        let last = usize::from(self.moves_hosts() || serving > 1);
        // Where so few serve that nobody could ever be taken, the others are not held up for it.
        let least = (limits.min_in_service as usize).max(last);
        let least = if serving > least { least } else { last };
        (limits.max_unavailable as usize).saturating_sub(lost).min(serving.saturating_sub(least))
    }

    /// All hosts of the plan.
    fn hosts(&self) -> impl Iterator<Item = &String> {
        self.plan.batches.iter().flat_map(|batch| &batch.hosts)
    }

    /// Why it may not go on: more hosts are failed, unreachable or unknown than the budget allows.
    pub(super) fn over_budget(&self) -> Option<String> {
        let bad = self.state.hosts.values().filter(|host| BAD.contains(&host.mark)).count();
        let budget = self.plan.limits.budget as usize;
        (bad > budget).then(|| {
            format!("{} failed, unreachable or unknown, the budget is {budget}", human::of(bad as u64, "host"))
        })
    }
}

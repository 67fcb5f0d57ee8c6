//! How many hosts serve, and how many may be taken from them. Holds in a rollback too (releases.md part 1, rule f).

use super::View;
use crate::release::plan::Strategy;
use crate::release::state::Mark;
use std::collections::HashSet;

/// Hosts with one of these marks serve.
const SERVING: [Mark; 3] = [Mark::Untouched, Mark::New, Mark::Old];
/// Hosts of which it is not known that they are well.
const BAD: [Mark; 3] = [Mark::Failed, Mark::Unreachable, Mark::Unknown];

impl View<'_> {
    /// Hosts whose loss counts: those that served when the release began.
    fn serves(&self, host: &str) -> bool {
        match &self.plan.strategy {
            Strategy::Rolling { surge } => !surge.iter().any(|s| s == host),
            // The pool that takes no traffic may be worked on as one likes.
            Strategy::BlueGreen { .. } => false,
            Strategy::Canary => true,
        }
    }

    /// Why these hosts may not be taken out of service now; `None`: they may.
    pub(super) fn guard(&self, taken: &[String]) -> Option<String> {
        let taken: HashSet<&str> = taken.iter().map(String::as_str).collect();
        let mut extra = 0;
        let (mut out, mut all) = (0, 0);
        for host in self.plan.batches.iter().flat_map(|batch| &batch.hosts) {
            let up = SERVING.contains(&self.state.mark(host));
            if !self.serves(host) {
                extra += u32::from(self.state.mark(host) == Mark::New);
                continue;
            }
            all += 1;
            out += u32::from(!up || taken.contains(host.as_str()));
        }
        let limits = &self.plan.limits;
        let serving = all + extra - out;
        if all == 0 || (out <= limits.max_unavailable + extra && serving >= limits.min_in_service) {
            return None;
        }
        Some(format!(
            "{out} of {all} hosts would be out of service, at most {} may; {serving} would serve, {} must",
            limits.max_unavailable + extra,
            limits.min_in_service
        ))
    }

    /// So many more hosts that serve may be taken.
    pub(super) fn may_take(&self) -> usize {
        let serving = |host: &&String| self.serves(host) && !SERVING.contains(&self.state.mark(host));
        let out = self.plan.batches.iter().flat_map(|batch| &batch.hosts).filter(serving).count();
        (self.plan.limits.max_unavailable as usize).saturating_sub(out)
    }

    /// Hosts that are failed, unreachable or unknown: what the budget counts.
    pub(super) fn bad(&self) -> usize {
        self.state.touched.iter().filter(|host| BAD.contains(&self.state.mark(host))).count()
    }

    /// Why it may not go on: more hosts are bad than the budget allows.
    pub(super) fn over_budget(&self) -> Option<String> {
        let (bad, budget) = (self.bad(), self.plan.limits.budget as usize);
        (bad > budget).then(|| format!("{bad} hosts are failed, unreachable or unknown, the budget is {budget}"))
    }
}

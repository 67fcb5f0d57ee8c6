//! Between batches: soak, then gates, each a row of readings. A reading that could not be made never passes.

use super::{Effect, View, enter};
use crate::release::plan::{Batch, StepKind};
use crate::release::state::{At, Verdict};
use crate::text::human;

impl View<'_> {
    pub(super) fn gating(&self, batch: u32) -> Vec<Effect> {
        let since = self.state.entered_at();
        let soak = self.plan.limits.soak;
        if !self.state.promoted && !self.over(since, soak) {
            let left = since + i64::from(soak) * 1000 - self.now;
            return self.waits(format!("soak, {} left", human::clock(left)));
        }
        let mut effects = Vec::new();
        for name in self.batch_gates() {
            match self.gate(name, Some(batch)) {
                (Some(Verdict::Pass), _) => {}
                (Some(Verdict::Fail), _) => return self.failed(&format!("gate {name} failed"), At::Gating { batch }),
                (Some(Verdict::Inconclusive), _) => {
                    let why = format!("gate {name} cannot be measured, which is no pass");
                    return self.pause(why, None, At::Gating { batch });
                }
                (None, more) => effects.extend(more),
            }
        }
        // What comes next asks for itself whether a freeze or a stopped line stands in its way.
        if self.gates_passed(batch) { self.after_gates(batch) } else { effects }
    }

    /// Gates that stand between batches: those that no step names.
    pub(super) fn batch_gates(&self) -> impl Iterator<Item = &str> {
        let steps = || self.plan.stages.iter().flat_map(|stage| stage.groups.iter().flatten());
        let named = move |name: &str| steps().any(|s| matches!(&s.kind, StepKind::Gate { gate } if gate == name));
        self.plan.gates.iter().map(|gate| gate.name.as_str()).filter(move |name| !named(name))
    }

    /// Soak and all gates after this batch are over and passed.
    fn gates_passed(&self, batch: u32) -> bool {
        let soaked = self.state.promoted || self.over(self.state.entered_at(), self.plan.limits.soak);
        soaked && self.batch_gates().all(|name| self.verdict(name, Some(batch)) == Some(Verdict::Pass))
    }

    /// All gates of the bake hold at the moment, and the first that failed.
    pub(super) fn bake_gates(&self) -> (Vec<Effect>, Option<String>) {
        let (mut effects, mut failed) = (Vec::new(), None);
        for name in self.batch_gates() {
            match self.gate(name, None) {
                (Some(Verdict::Fail), _) => failed = failed.or_else(|| Some(name.to_owned())),
                // It is watched on, also while it passes.
                (_, more) => effects.extend(more.into_iter().filter(|e| matches!(e, Effect::Measure { .. }))),
            }
        }
        (effects, failed)
    }

    pub(super) fn bake_passed(&self) -> bool {
        self.batch_gates().all(|name| self.verdict(name, None) == Some(Verdict::Pass))
    }

    /// What a gate has come to; before that, what is to be done.
    pub(super) fn gate(&self, name: &str, batch: Option<u32>) -> (Option<Verdict>, Vec<Effect>) {
        let Some(gate) = self.plan.gates.iter().find(|gate| gate.name == name) else {
            return (Some(Verdict::Inconclusive), Vec::new());
        };
        let verdict = self.verdict(name, batch);
        let state = self.state.gates.iter().find(|g| g.name == name && g.batch == batch);
        let last = state.and_then(|state| state.readings.last());
        let measure = || Effect::Measure { gate: name.to_owned(), hosts: self.hosts_of(batch) };
        let mut effects = Vec::new();
        if last.is_none_or(|(at, ..)| self.over(*at, gate.interval)) {
            effects.push(measure());
        }
        if verdict.is_none() {
            let (passes, since) = match state {
                Some(s) if last.is_some_and(|(_, v, _)| *v == Verdict::Pass) => (s.streak, s.since),
                Some(s) => (0, s.since),
                None => (0, self.now),
            };
            let rest = (gate.passes.saturating_sub(passes) * gate.interval)
                .max(gate.window.saturating_sub(u32::try_from((self.now - since) / 1000).unwrap_or(0)));
            // Rounded, so that not every tick is news.
            let rest = i64::from(rest.div_ceil(5) * 5) * 1000;
            let got = last.map_or_else(|| "no reading yet".to_owned(), |(_, _, got)| got.clone());
            let words = format!(
                "gate {name}: {got}, passes {} of {} in a row, about {} if steady",
                passes.min(gate.passes),
                gate.passes,
                human::clock(rest)
            );
            effects.extend(self.waits(words));
        }
        (verdict, effects)
    }

    /// What the readings so far come to.
    fn verdict(&self, name: &str, batch: Option<u32>) -> Option<Verdict> {
        if self.state.skips.iter().any(|skip| skip.gate && skip.what == name) {
            return Some(Verdict::Pass);
        }
        let gate = self.plan.gates.iter().find(|gate| gate.name == name)?;
        let state = self.state.gates.iter().find(|g| g.name == name && g.batch == batch)?;
        let (at, last, _) = state.readings.last()?;
        let (passes, window) = if self.state.promoted { (1, 0) } else { (gate.passes, gate.window) };
        match last {
            Verdict::Pass if state.streak >= passes && at - state.since >= i64::from(window) * 1000 => {
                Some(Verdict::Pass)
            }
            Verdict::Fail if state.streak >= gate.fails => Some(Verdict::Fail),
            Verdict::Inconclusive if state.streak >= gate.inconclusive => Some(Verdict::Inconclusive),
            _ => None,
        }
    }

    /// Hosts that a gate looks at: those of its batch, else all.
    fn hosts_of(&self, batch: Option<u32>) -> Vec<String> {
        let of = |(n, _): &(usize, &Batch)| batch.is_none_or(|batch| batch as usize == *n);
        let batches = self.plan.batches.iter().enumerate().filter(of);
        batches.flat_map(|(_, batch)| batch.hosts.iter().cloned()).collect()
    }

    /// All gates after this batch passed.
    fn after_gates(&self, batch: u32) -> Vec<Effect> {
        let next = match (batch as usize + 1 < self.plan.batches.len(), self.is_blue_green()) {
            (true, _) => At::Deploying { batch: batch + 1 },
            (false, true) => At::Switching,
            (false, false) => At::Verifying,
        };
        if let Some(effects) = self.boundary(next) {
            return effects;
        }
        vec![self.deployed(true), enter(next, format!("batch {} is good", batch + 1))]
    }
}

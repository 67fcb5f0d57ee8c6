//! What a failure leads to; stopping; and finding out what became of hosts that nobody knows about.

use super::steps::ended;
use super::{Effect, View, enter, record};
use crate::release::event::{Event, StepOutcome};
use crate::release::plan::OnFailure;
use crate::release::state::{At, Mark};
use crate::release::traffic::Op;
use crate::text::human;

/// For so long it is known whether a breaker is open (milliseconds).
const KNOWN: i64 = 5_000;
/// Marks of hosts of which nobody knows what became.
const OPEN: [Mark; 2] = [Mark::Running, Mark::Unknown];

impl View<'_> {
    /// Something failed: undo or wait, as the plan says. `resume_to`: where a person goes on.
    pub(super) fn failed(&self, why: &str, resume_to: At) -> Vec<Effect> {
        let known = self.state.breakers.as_ref().filter(|(at, _)| self.now - at <= KNOWN);
        let Some((_, open)) = known else { return vec![Effect::Breakers] };
        let open: Vec<&str> = open.iter().map(String::as_str).filter(|words| !self.is_skipped(words)).collect();
        if !open.is_empty() {
            // Not the release's doing, and no undo would get through either: a person looks first.
            return self.halt(&format!("{}; {why}", open.join("; ")), resume_to);
        }
        let mut effects = vec![self.deployed(false)];
        effects.extend(match self.may_undo_itself() {
            true => self.stop(At::RollingBack { batch: 0 }, why.to_owned()),
            false => self.halt(why, resume_to),
        });
        effects
    }

    /// Waits for a person, after what runs has come to its end.
    fn halt(&self, why: &str, resume_to: At) -> Vec<Effect> {
        if self.is_working() || self.has_open_hosts() {
            return self.stop(At::Paused, why.to_owned());
        }
        self.pause(why, None, resume_to)
    }

    /// What the breaker of the service learns.
    pub(super) fn deployed(&self, ok: bool) -> Effect {
        let began = self.state.slice.as_ref().map_or(self.state.entered_at(), |slice| slice.began);
        Effect::Deployed { began, ok }
    }

    /// At most once, never past the point of no return, never to what just failed.
    pub(super) fn may_undo_itself(&self) -> bool {
        let back = &self.plan.rollback;
        let to = back.to.as_ref().is_some_and(|to| *to != self.plan.version) || self.is_blue_green();
        self.plan.on_failure == OnFailure::Rollback
            && back.automatic
            && to
            && self.state.rollbacks == 0
            && self.state.no_return.is_none()
            && self.is_touched()
    }

    /// Stops what runs; then on to `then`.
    pub(super) fn stop(&self, then: At, why: String) -> Vec<Effect> {
        vec![record(Event::StopBegun { then }), enter(At::Stopping, why)]
    }

    /// The ladder on every child process; when all are gone, a look at the hosts.
    pub(super) fn stopping(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for run in self.state.steps.iter().filter(|run| run.ended.is_none()) {
            match run.child {
                Some(_) => effects.extend(self.next_rung(run).into_iter().flatten()),
                None => effects.push(ended(run, StepOutcome::Cancelled, "stopped")),
            }
        }
        if self.is_working() {
            let n = self.open_children().count();
            effects.extend(self.waits(format!("{n} processes to end")));
            return effects;
        }
        // What nobody carries out any more is not waited for: whoever goes on does it again.
        // Neither is what only waits itself: it gives way.
        let acts = |open: &&Op| self.state.traffic_lost.is_none() && !open.only_waits();
        if let Some(open) = self.state.traffic_open.as_ref().filter(acts) {
            effects.extend(self.waits(format!("the load balancers ({})", open.words())));
            return effects;
        }
        // Began, and gave no result: nobody knows. No step of their slice began: they are what they were.
        let running = self.state.touched_with(&[Mark::Running]);
        if !running.is_empty() {
            let begun = self.state.slice.as_ref().is_none_or(|slice| slice.first_step < self.state.steps.len());
            let was = |host: &String| self.state.hosts.get(host).map_or(Mark::Untouched, |state| state.was);
            let mark = |host: String| (host.clone(), if begun { Mark::Unknown } else { was(&host) });
            let marks = running.into_iter().map(mark).collect();
            effects.push(record(Event::Hosts { marks, by: None }));
        }
        effects.push(enter(At::Reconciling, "everything has come to rest"));
        effects
    }

    /// Unknown hosts are asked what they run, and what is out and old is put back; nothing else is done to any. Whom the
    /// balancers find dead is asked last: nobody waits for their silence.
    pub(super) fn reconciling(&self) -> Vec<Effect> {
        if let Some(effects) = self.looked() {
            return effects;
        }
        let then = self.state.after_stop.unwrap_or(At::Paused);
        // Their steps are idempotent: what is unknown is brought back too.
        let brought_back = matches!(then, At::RollingBack { .. }) && !self.plan.rollback.steps.is_empty();
        let unknown = self.state.touched_with(&OPEN);
        let (dead, alive): (Vec<String>, Vec<String>) = unknown.into_iter().partition(|host| self.state.is_down(host));
        for (hosts, ask) in [(alive, true), (dead, !brought_back)] {
            if let Some(effects) = self.seen(hosts, ask && self.plan.version_probe.is_some()) {
                return effects;
            }
            if let Some(effects) = self.put_back(self.state.entered_op) {
                return effects;
            }
        }
        match self.state.touched_with(&OPEN).len() {
            0 => self.settled(then),
            _ if brought_back => self.settled(then),
            n => {
                let why = format!("of {} it is not known what they run", human::of(n as u64, "host"));
                let mut effects = self.page(&why).to_vec();
                effects.push(enter(At::NeedsOperator, why));
                effects
            }
        }
    }

    /// What these hosts run, asked of them since the state was entered; `None`: it is known, or cannot be.
    fn seen(&self, hosts: Vec<String>, ask: bool) -> Option<Vec<Effect>> {
        let state = |host: &String| self.state.hosts.get(host);
        let asked = |host: &&String| state(host).is_some_and(|state| state.asked > self.state.entered_seq);
        if ask && !hosts.iter().all(|host| asked(&host)) {
            return Some(vec![Effect::Observe { hosts }]);
        }
        let old = self.plan.rollback.to.as_deref().or(self.plan.current.as_deref());
        let mark = |host: &String| match state(host).filter(|_| ask).and_then(|state| state.version.as_deref()) {
            Some(version) if version == self.plan.version => Mark::New,
            Some(version) if Some(version) == old => Mark::Old,
            _ => Mark::Unknown,
        };
        let marks: Vec<(String, Mark)> = hosts.into_iter().map(|host| (host.clone(), mark(&host))).collect();
        let news = marks.iter().any(|(host, mark)| self.state.mark(host) != *mark);
        news.then(|| vec![record(Event::Hosts { marks, by: None })])
    }

    /// Of some hosts that were touched nobody knows what became.
    pub(super) fn has_open_hosts(&self) -> bool {
        !self.state.touched_with(&OPEN).is_empty()
    }

    fn settled(&self, then: At) -> Vec<Effect> {
        let why = self.state.history.iter().rev().find(|(at, ..)| *at == At::Stopping).map(|(.., why)| why.clone());
        let why = why.unwrap_or_default();
        match then {
            _ if !self.is_touched() => vec![enter(At::Cancelled, format!("{why}; nothing was changed"))],
            At::Paused => self.pause(why, None, self.resume_after_stop()),
            then => vec![enter(then, why)],
        }
    }

    /// Where work goes on after a stop: the batch that was stopped, with the hosts that are not new.
    fn resume_after_stop(&self) -> At {
        let before = self.state.history.iter().rev().map(|(at, ..)| *at);
        let active = |at: &At| !matches!(at, At::Stopping | At::Reconciling | At::Paused | At::NeedsOperator);
        before.into_iter().find(active).unwrap_or(At::Queued)
    }
}

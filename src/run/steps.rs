//! What is known of each child process of a run, and of each host in it. Several may run at once.

use super::event::Tally;
use super::state::{RunState, StepHost, StepState};

impl StepState {
    pub(super) fn host(&mut self, index: usize) -> &mut StepHost {
        if self.hosts.len() <= index {
            self.hosts.resize_with(index + 1, StepHost::default);
        }
        let host = &mut self.hosts[index];
        host.part = true;
        host
    }
}

impl RunState {
    /// Number of the step whose intent came last (0: none yet).
    pub fn last_step(&self) -> u32 {
        self.steps.last().map_or(0, |(number, _)| *number)
    }

    /// True if the last step's end is on record.
    pub fn has_exited(&self) -> bool {
        self.steps.last().is_some_and(|(_, step)| step.exited.is_some())
    }

    /// Hosts that took part in a step, in order of appearance.
    pub fn step_hosts(&self, step: u32) -> impl Iterator<Item = (&str, &StepHost)> {
        let hosts = self.steps.get(&step).map_or(&[][..], |s| &s.hosts);
        self.hosts.keys().map(String::as_str).zip(hosts).filter(|(_, host)| host.part)
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        *self = self.with(other, u32::saturating_add);
    }
}

impl std::ops::SubAssign for Tally {
    fn sub_assign(&mut self, other: Tally) {
        *self = self.with(other, u32::saturating_sub);
    }
}

impl Tally {
    fn with(self, other: Tally, f: fn(u32, u32) -> u32) -> Tally {
        Tally {
            ok: f(self.ok, other.ok),
            changed: f(self.changed, other.changed),
            failed: f(self.failed, other.failed),
            unreachable: f(self.unreachable, other.unreachable),
            skipped: f(self.skipped, other.skipped),
            rescued: f(self.rescued, other.rescued),
            ignored: f(self.ignored, other.ignored),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::event::{Entry, Event, Json, Rung, Source, Status};
    use crate::run::{State, fold};

    fn src(step: u32) -> Source {
        Source { step, off: 0, len: 1 }
    }

    fn folded(events: Vec<Event<'static>>) -> RunState {
        fold((1..).zip(events).map(|(seq, event)| Entry { seq, ts: 1_000 + seq as i64, event }))
    }

    fn result(t: u32, s: Status, step: u32) -> Event<'static> {
        Event::Result { t, h: "w1".into(), s, ig: false, diff: false, ms: None, msg: None, src: src(step) }
    }

    fn begun(step: u32) -> Vec<Event<'static>> {
        let task = |name: &'static str| Event::Task {
            n: None,
            name: name.into(),
            action: "ping".into(),
            handler: false,
            path: None,
            src: src(step),
        };
        vec![Event::StepIntent { step }, Event::StepStarted { step, pid: 40 + step }, task("a")]
    }

    #[test]
    fn two_steps_at_once_sum_up_and_a_recap_replaces_its_own_part_only() {
        let mut events = [begun(1), begun(2)].concat();
        let recap = Tally { ok: 1, changed: 1, rescued: 1, ..Tally::default() };
        events.extend([
            Event::Start { t: 1, h: "w1".into(), src: src(2) },
            result(0, Status::Failed, 1),
            result(0, Status::Changed, 1),
            Event::Stats { hosts: vec![("w1".into(), recap)], src: src(1) },
            Event::Signal { step: 2, rung: Rung::Interrupt, what: String::new() },
            Event::StepExited { step: 1, rc: Some(0), signal: None, seen: true },
        ]);
        let mut state = folded(events.clone());
        let part = |state: &RunState, step| state.step_hosts(step).next().map(|(name, h)| (name.to_owned(), h.clone()));
        let (_, first) = part(&state, 1).unwrap();
        assert_eq!((first.tally, first.running), (recap, None));
        assert_eq!(part(&state, 2).unwrap().1.running, Some(1), "the other goes on");
        assert_eq!(state.hosts["w1"].tally, recap);
        assert_eq!((state.steps[&1].exited, state.steps[&2].exited), (Some(true), None));
        assert_eq!((state.steps[&1].recap, state.steps[&2].recap), (true, false));
        assert_eq!((state.steps[&1].rungs.len(), state.steps[&2].rungs.len(), state.steps[&2].pid), (0, 1, Some(42)));
        events.push(result(1, Status::Unreachable, 2));
        state = folded(events);
        assert_eq!(state.hosts["w1"].tally, Tally { unreachable: 1, ..recap });
        assert_eq!(part(&state, 2).unwrap().1.tally.unreachable, 1);
        assert_eq!(part(&state, 3), None);
    }

    #[test]
    fn a_run_with_a_machine_of_its_own_stands_where_that_says() {
        let phase = |name: &str, state| Event::Phase { name: name.into(), state, why: "so".into() };
        let own = |n: u32| Event::Own { body: Json(format!("{{\"n\":{n}}}")) };
        let mut events = vec![Event::Requested, own(1), phase("queued", State::Queued)];
        events.extend(begun(1));
        let state = folded(events.clone());
        assert_eq!((state.state, state.state_name(), state.started_at()), (State::Queued, "queued", None));
        events.extend([phase("deploying", State::Running), phase("stopping", State::Stopping), own(2)]);
        events.push(phase("rolling_back", State::Running));
        let state = folded(events.clone());
        assert_eq!((state.state, state.state_name()), (State::Running, "rolling_back"), "not held by the stop");
        assert_eq!(state.own.iter().map(|(_, json)| json.as_str()).collect::<Vec<_>>(), ["{\"n\":1}", "{\"n\":2}"]);
        assert_eq!(state.started_at(), Some(1_007));
        events.push(phase("rolled_back", State::Failed));
        assert_eq!(folded(events.clone()).state, State::Running, "only an end ends it");
        let (why, maybe_running_on) = (String::new(), Vec::new());
        events.push(Event::Ended { state: State::Failed, why, failure: None, maybe_running_on });
        let state = folded(events);
        assert_eq!((state.state, state.state_name(), state.phases.len()), (State::Failed, "rolled_back", 5));
    }
}

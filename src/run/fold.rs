//! The fold: events in, state out. Pure; the same in the supervisor, the CLI and the screen.

use super::event::{Entry, Event, LOST, Source, Status, Tally};
use super::state::{Cell, CellStatus, HostState, PlayState, RunState, State, StepHost, TaskState};

/// Folds entries from the beginning.
pub fn fold<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> RunState {
    let mut state = RunState::default();
    entries.into_iter().for_each(|entry| state.apply(&entry));
    state
}

impl RunState {
    /// Takes in the next entry. Entries that were taken in already are left out. Never panics: what an event names
    /// and was never announced (a task's number) is passed over.
    pub fn apply(&mut self, entry: &Entry<'_>) {
        if entry.seq <= self.seq {
            return;
        }
        self.seq = entry.seq;
        self.updated_at = entry.ts;
        let ts = entry.ts;
        match &entry.event {
            Event::Requested => self.enter(State::Requested, ts),
            Event::Queued { by, why } => {
                self.queued_by = Some(by.clone());
                self.why = Some(why.clone());
                self.enter(State::Queued, ts);
            }
            Event::Leased { token } => {
                self.lease = Some(*token);
                self.queued_by = None;
                self.why = None;
            }
            Event::StepIntent { step } => {
                self.steps.entry(*step).or_default().intent_at = ts;
                self.enter(State::Starting, ts);
            }
            Event::StepStarted { step, pid } => {
                let step = self.steps.entry(*step).or_default();
                (step.pid, step.started_at) = (Some(*pid), Some(ts));
            }
            Event::Hello { core, .. } => {
                self.core = Some(core.as_ref().to_owned());
                self.enter(State::Running, ts);
            }
            Event::Plan { plays, .. } => self.plan.clone_from(plays),
            Event::Play { name, hosts, of, src } => self.play(name, hosts, *of, ts, *src),
            Event::Task { name, action, handler, path, .. } => {
                let mut task = TaskState {
                    name: name.as_ref().to_owned(),
                    action: action.as_ref().to_owned(),
                    path: path.as_deref().map(str::to_owned),
                    handler: *handler,
                    play: self.plays.len().saturating_sub(1) as u32,
                    started_at: ts,
                    ..TaskState::default()
                };
                // Nothing more will be heard of it.
                task.ended_at = task.is_silent().then_some(ts);
                self.tasks.push(task);
            }
            Event::Start { t, h, src } => self.start(*t, h, *src),
            Event::Result { t, h, s, ig, msg, src, .. } => {
                self.result(ts, *t, h, (*s, *ig), msg.as_deref(), *src);
            }
            Event::Stats { hosts, src } => self.stats(hosts, *src),
            Event::Dropped { count, .. } => self.dropped += count,
            Event::Output { step, out, err } => self.output.push((ts, *step, *out, *err)),
            Event::StopAsked { level, .. } => {
                self.stop = self.stop.max(Some(*level));
                self.enter(State::Stopping, ts);
            }
            Event::Signal { step, rung, .. } => {
                self.rungs.push((*rung, ts));
                if let Some(step) = self.steps.get_mut(step) {
                    step.rungs.push((*rung, ts));
                }
            }
            Event::StepExited { step, rc, signal, seen } => {
                (self.rc, self.signal) = (*rc, *signal);
                let step = self.steps.entry(*step).or_default();
                (step.rc, step.exited) = (*rc, Some(*seen));
            }
            Event::Own { body } => self.own.push((ts, body.0.clone())),
            Event::Phase { name, state, why } => {
                if !state.is_terminal() {
                    self.stand(*state, ts);
                }
                self.phases.push((name.clone(), ts));
                (self.phase, self.why) = (Some(name.clone()), Some(why.clone()));
            }
            Event::Resumed { .. } => self.resumed += 1,
            Event::Ended { state, why, failure, maybe_running_on } => {
                self.why = Some(why.clone());
                self.failure = *failure;
                self.maybe_running_on.clone_from(maybe_running_on);
                self.stand(*state, ts);
                self.settle();
            }
            Event::Note { k, src, .. } if k == "no_hosts_remaining" => {
                if let Some(step) = self.steps.get_mut(&src.step) {
                    step.cut = true;
                }
            }
            Event::Note { k, t: Some(t), h: Some(h), msg, src } if k == LOST => self.lost(*t, h, msg.as_deref(), *src),
            Event::Note { .. } | Event::BreakGlass { .. } | Event::Unknown => {}
        }
    }

    /// When it entered this state last (Unix milliseconds).
    pub fn entered(&self, state: State) -> Option<i64> {
        self.history.iter().rev().find(|(s, _)| *s == state).map(|(_, at)| *at)
    }

    /// When its child was started; for a run with a machine of its own: when that began to work.
    pub fn started_at(&self) -> Option<i64> {
        let began = |(s, _): &&(State, i64)| matches!(s, State::Starting | State::Running);
        match self.phase {
            None => self.entered(State::Starting),
            Some(_) => self.history.iter().find(began).map(|(_, at)| *at),
        }
    }

    /// Where it stands, in its own machine's word where it has one.
    pub fn state_name(&self) -> &str {
        self.phase.as_deref().unwrap_or(self.state.name())
    }

    pub fn ended_at(&self) -> Option<i64> {
        self.history.last().filter(|(s, _)| s.is_terminal()).map(|(_, at)| *at)
    }

    /// Hosts with a task that began and has no result yet; none once the run ended.
    pub fn hosts_running(&self) -> Vec<String> {
        if self.state.is_terminal() {
            return Vec::new();
        }
        self.hosts.iter().filter(|(_, h)| h.running.is_some()).map(|(name, _)| name.clone()).collect()
    }

    // What one step tells moves a run that is nothing but that step. One that is being stopped stays so until it ends,
    // whatever Ansible still reports; one with a machine of its own stands where that machine says.
    fn enter(&mut self, state: State, ts: i64) {
        if self.state != State::Stopping && self.phase.is_none() {
            self.stand(state, ts);
        }
    }

    // Nothing follows an end.
    fn stand(&mut self, state: State, ts: i64) {
        if self.state.is_terminal() || self.history.last().is_some_and(|(last, _)| *last == state) {
            return;
        }
        self.state = state;
        self.history.push((state, ts));
    }

    fn host(&mut self, name: &str) -> usize {
        match self.hosts.get_index_of(name) {
            Some(index) => index,
            None => self.hosts.insert_full(name.to_owned(), HostState::default()).0,
        }
    }

    /// A host's part in a step. A step that was never announced has none.
    fn part(&mut self, src: Source, index: usize) -> Option<&mut StepHost> {
        self.steps.get_mut(&src.step).map(|step| step.host(index))
    }

    fn stats(&mut self, hosts: &[(String, Tally)], src: Source) {
        self.recap = true;
        if let Some(step) = self.steps.get_mut(&src.step) {
            step.recap = true;
        }
        for (name, tally) in hosts {
            let index = self.host(name);
            let counted = match self.part(src, index) {
                Some(part) => std::mem::replace(&mut part.tally, *tally),
                None => self.hosts[index].tally,
            };
            self.hosts[index].tally -= counted;
            self.hosts[index].tally += *tally;
        }
    }

    fn play(&mut self, name: &str, hosts: &[String], of: Option<u32>, ts: i64, src: Source) {
        for host in hosts {
            let index = self.host(host);
            self.part(src, index);
        }
        self.plays.push(PlayState {
            name: name.to_owned(),
            hosts: hosts.len() as u32,
            of,
            first_task: self.tasks.len() as u32,
            started_at: ts,
        });
    }

    fn start(&mut self, t: u32, host: &str, src: Source) {
        let index = self.host(host);
        let Some(task) = self.tasks.get_mut(t as usize) else { return };
        if task.cell(index).status == CellStatus::None {
            task.counts.running += 1;
            task.set_cell(index, cell(CellStatus::Running, src));
            self.hosts[index].running = Some(t);
            if let Some(part) = self.part(src, index) {
                part.running = Some(t);
            }
        }
    }

    fn result(
        &mut self,
        ts: i64,
        t: u32,
        host: &str,
        (status, ignored): (Status, bool),
        msg: Option<&str>,
        src: Source,
    ) {
        let index = self.host(host);
        let Some(task) = self.tasks.get_mut(t as usize) else { return };
        if task.cell(index).status == CellStatus::Running {
            task.counts.running = task.counts.running.saturating_sub(1);
        }
        let shown = if ignored && status == Status::Failed { CellStatus::Ignored } else { status.into() };
        task.set_cell(index, cell(shown, src));
        task.ended_at = Some(ts);
        self.result_at = Some(ts);
        let counts = &mut task.counts;
        let one = match shown {
            CellStatus::Changed => {
                counts.changed += 1;
                Tally { changed: 1, ok: 1, ..Tally::default() }
            }
            CellStatus::Failed => {
                counts.failed += 1;
                Tally { failed: 1, ..Tally::default() }
            }
            CellStatus::Ignored => {
                counts.ignored += 1;
                Tally { ignored: 1, ok: 1, ..Tally::default() }
            }
            CellStatus::Unreachable => {
                counts.unreachable += 1;
                Tally { unreachable: 1, ..Tally::default() }
            }
            CellStatus::Skipped => {
                counts.skipped += 1;
                Tally { skipped: 1, ..Tally::default() }
            }
            _ => {
                counts.ok += 1;
                Tally { ok: 1, ..Tally::default() }
            }
        };
        if let Some(part) = self.part(src, index) {
            part.tally += one;
            part.running = part.running.filter(|running| *running != t);
        }
        let host = &mut self.hosts[index];
        host.running = host.running.filter(|running| *running != t);
        host.tally += one;
        if matches!(shown, CellStatus::Failed | CellStatus::Unreachable) && host.failed.is_none() {
            host.failed = Some((t, msg.unwrap_or_default().to_owned()));
        }
    }

    // It stays among those on which something may run.
    fn lost(&mut self, t: u32, host: &str, msg: Option<&str>, src: Source) {
        let index = self.host(host);
        let Some(task) = self.tasks.get_mut(t as usize) else { return };
        if task.cell(index).status == CellStatus::Running {
            task.counts.running = task.counts.running.saturating_sub(1);
        }
        task.set_cell(index, cell(CellStatus::Unknown, src));
        let host = &mut self.hosts[index];
        host.running = Some(t);
        if host.failed.is_none() {
            host.failed = Some((t, msg.unwrap_or_default().to_owned()));
        }
    }

    /// What its journal says next cannot be read: unless its end was among what could be, it cannot be known how it ended,
    /// or whether it has.
    pub fn lose(&mut self, why: &str) {
        if self.state.is_terminal() {
            return;
        }
        self.maybe_running_on = self.hosts_running();
        self.why = Some(why.to_owned());
        self.stand(State::Unknown, self.updated_at);
        if self.phase.is_some() {
            self.phase = Some(State::Unknown.name().to_owned());
        }
        self.settle();
    }

    /// What its journal says of where it stands is not believed, its end neither.
    pub fn disbelieve(&mut self, why: &str) {
        while self.history.pop_if(|(state, _)| state.is_terminal()).is_some() {}
        self.state = self.history.last().map_or(State::Requested, |(state, _)| *state);
        self.failure = None;
        self.lose(why);
    }

    /// It is not known where it stands, but it is not over: its supervisor may be at work.
    pub fn goes_on(&mut self) {
        while self.history.pop_if(|(state, _)| state.is_terminal()).is_some() {}
    }

    // The run is over: what still ran has no result, and nobody knows how it went.
    fn settle(&mut self) {
        let hosts = self.hosts.len();
        for task in self.tasks.iter_mut().filter(|t| t.counts.running > 0) {
            for index in 0..hosts {
                let cell = task.cell(index);
                if cell.status == CellStatus::Running {
                    task.set_cell(index, Cell { status: CellStatus::Unknown, ..cell });
                }
            }
            task.counts.running = 0;
        }
    }
}

fn cell(status: CellStatus, src: Source) -> Cell {
    Cell { status, step: src.step.try_into().unwrap_or(u16::MAX), len: src.len, off: src.off }
}

//! The fold: events in, state out. Pure; the same in the supervisor, the CLI and the screen.

use super::event::{Entry, Event, Source, Status};
use super::state::{Cell, CellStatus, HostState, PlayState, RunState, State, TaskState};

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
            Event::Leased { .. } => {
                self.queued_by = None;
                self.why = None;
            }
            Event::StepIntent { step } => {
                (self.step, self.exited) = (*step, None);
                self.enter(State::Starting, ts);
            }
            Event::StepStarted { step, .. } => (self.step, self.started) = (*step, Some(*step)),
            Event::Hello { core, .. } => {
                self.core = Some(core.as_ref().to_owned());
                self.enter(State::Running, ts);
            }
            Event::Plan { plays, .. } => self.plan.clone_from(plays),
            Event::Play { name, hosts, of, .. } => self.play(name, hosts, *of, ts),
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
            Event::Stats { hosts, .. } => {
                self.recap = true;
                for (name, tally) in hosts {
                    let index = self.host(name);
                    self.hosts[index].tally = *tally;
                }
            }
            Event::Dropped { count, .. } => self.dropped += count,
            Event::Output { step, out, err } => self.output.push((ts, *step, *out, *err)),
            Event::StopAsked { level, .. } => {
                self.stop = self.stop.max(Some(*level));
                self.enter(State::Stopping, ts);
            }
            Event::Signal { rung, .. } => self.rungs.push((*rung, ts)),
            Event::StepExited { rc, signal, seen, .. } => {
                (self.rc, self.signal, self.exited) = (*rc, *signal, Some(*seen));
            }
            Event::Resumed { .. } => self.resumed += 1,
            Event::Ended { state, why, failure, maybe_running_on } => {
                self.why = Some(why.clone());
                self.failure = *failure;
                self.maybe_running_on.clone_from(maybe_running_on);
                self.enter(*state, ts);
                self.settle();
            }
            Event::Note { .. } | Event::Unknown => {}
        }
    }

    /// When it entered this state last (Unix milliseconds).
    pub fn entered(&self, state: State) -> Option<i64> {
        self.history.iter().rev().find(|(s, _)| *s == state).map(|(_, at)| *at)
    }

    /// When its child was started.
    pub fn started_at(&self) -> Option<i64> {
        self.entered(State::Starting)
    }

    /// When it ended.
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

    // A run that is being stopped stays so until it ends, whatever Ansible still reports; nothing follows an end.
    fn enter(&mut self, state: State, ts: i64) {
        let stays = self.state.is_terminal() || (self.state == State::Stopping && !state.is_terminal());
        if stays || self.history.last().is_some_and(|(last, _)| *last == state) {
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

    fn play(&mut self, name: &str, hosts: &[String], of: Option<u32>, ts: i64) {
        for host in hosts {
            self.host(host);
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
        let (host, counts) = (&mut self.hosts[index], &mut task.counts);
        if host.running == Some(t) {
            host.running = None;
        }
        let tally = &mut host.tally;
        match shown {
            CellStatus::Changed => {
                (counts.changed, tally.changed, tally.ok) = (counts.changed + 1, tally.changed + 1, tally.ok + 1)
            }
            CellStatus::Failed => (counts.failed, tally.failed) = (counts.failed + 1, tally.failed + 1),
            CellStatus::Ignored => {
                (counts.ignored, tally.ignored, tally.ok) = (counts.ignored + 1, tally.ignored + 1, tally.ok + 1)
            }
            CellStatus::Unreachable => {
                (counts.unreachable, tally.unreachable) = (counts.unreachable + 1, tally.unreachable + 1)
            }
            CellStatus::Skipped => (counts.skipped, tally.skipped) = (counts.skipped + 1, tally.skipped + 1),
            _ => (counts.ok, tally.ok) = (counts.ok + 1, tally.ok + 1),
        }
        if matches!(shown, CellStatus::Failed | CellStatus::Unreachable) && host.failed.is_none() {
            host.failed = Some((t, msg.unwrap_or_default().to_owned()));
        }
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

//! How the supervisor touches the world: the lease, the step runner, the rungs of the stop ladder, and what is left to
//! do when the run has ended.

use super::attach::{self, Found};
use super::ingest::Ingest;
use super::{Step, SuperviseError, Supervisor, now};
use crate::run::event::{Event, Rung};
use crate::run::journal::Reader;
use crate::run::lease::{self, Hold};
use crate::run::machine::{EffectOf, Input, Machine, World};
use crate::run::step::{Processes, StepCommand, Word};
use crate::run::verdict::Exit;
use crate::run::{closing, glass, list, rungs, snapshot, spawn};
use crate::state::tree;
use crate::state::{Control, DbError, Index, StateDir, StepDir, file};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// How long other writers of the index are waited for.
const INDEX: Duration = Duration::from_millis(250);

impl<M: Machine, W: World<M>> Supervisor<M, W> {
    pub(super) fn take_lease(&mut self, force: bool) -> Vec<EffectOf<M>> {
        let taken = control(&mut self.control, &self.store).and_then(|control| match force {
            true => lease::break_and_take(&self.store, control, &self.spec, now()),
            false => lease::take(&self.store, control, &self.spec, now()),
        });
        let taken = taken.or_else(|e| lease::take_whole(&self.store, &self.spec, e, now()));
        match taken {
            Ok(Hold::Got { token }) => self.decide(&Input::LeaseGot { token }),
            Ok(Hold::HeldBy { run, why }) => self.decide(&Input::LeaseHeld { by: run.to_string(), why }),
            Err(e) => {
                self.decide(&Input::LeaseUnknown { why: format!("whether its hosts are held cannot be told: {e}") })
            }
        }
    }

    /// Starts a step (where it `may`), or finds the one that was started.
    pub(super) fn start(
        &mut self,
        number: u32,
        child: Option<&StepCommand>,
        may: bool,
    ) -> Result<Vec<EffectOf<M>>, SuperviseError> {
        if self.steps.contains_key(&number) {
            return Ok(Vec::new());
        }
        let dir = self.dir.step(number);
        let mark = self.mark(number);
        let (offset, tasks) = self.resume_at(number)?;
        let ingest = Ingest::new(dir.clone(), number, offset, tasks, &self.state);
        self.steps.insert(number, Step { processes: None, ingest });
        let mut found = attach::look(&dir, &mark);
        if found == Found::Nothing && !may {
            found =
                Found::Ended(failed("it was never begun: its run was stopped, or its supervisor gone, before".into()));
        }
        if found == Found::Nothing {
            // What is begun must be recorded where all the rest is.
            self.hold_rows(false)?;
            found = match self.spawn(&dir, number, child) {
                Ok(()) => attach::look(&dir, &mark),
                Err(e) => Found::Ended(failed(format!("the step runner could not be started: {e}"))),
            };
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        while matches!(found, Found::Starting | Found::Unknown(_)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
            found = attach::look(&dir, &mark);
        }
        match found {
            Found::Running(processes) => Ok(self.watch(dir, mark, number, processes)),
            Found::Unknown(_) | Found::Starting => {
                tracing::error!(
                    "step {number} of run {}: {found:?}; it counts as running until more is known",
                    self.spec.id
                );
                let ends = self.ends.clone();
                std::thread::spawn(move || {
                    let exit = attach::until_known(&dir, &mark);
                    let _ = ends.send((number, exit));
                });
                Ok(Vec::new())
            }
            Found::Ended(exit) => {
                // In order behind what the step reported before it ended.
                let _ = self.ends.send((number, exit));
                Ok(Vec::new())
            }
            Found::Nothing => {
                let exit = failed("the step runner did not come up; see supervisor.log in the run's folder".into());
                let _ = self.ends.send((number, exit));
                Ok(Vec::new())
            }
        }
    }

    fn watch(&mut self, dir: StepDir, mark: String, number: u32, processes: Processes) -> Vec<EffectOf<M>> {
        let pid = processes.child.as_ref().map_or(0, |c| c.pid);
        let (ends, watched) = (self.ends.clone(), processes.clone());
        std::thread::spawn(move || {
            let exit = attach::wait_end(&dir, &mark, &watched);
            // Nobody listens any more only when the supervisor ends for another reason.
            let _ = ends.send((number, exit));
        });
        if let Some(step) = self.steps.get_mut(&number) {
            step.processes = Some(processes);
        }
        // A supervisor that took over finds the word of its predecessor in the journal.
        let known = self.state.steps.get(&number).is_some_and(|step| step.pid.is_some());
        if known { Vec::new() } else { self.decide(&Input::Started { step: number, pid }) }
    }

    /// Where to go on in a step's events, and which tasks of the run are its own.
    fn resume_at(&self, number: u32) -> io::Result<(u64, BTreeMap<u32, u32>)> {
        let (mut offset, mut tasks, mut count) = (0, BTreeMap::new(), 0);
        if self.state.steps.get(&number).is_some_and(|step| step.pid.is_some()) {
            let pass = Reader::open(&self.dir.journal())?.read(|entry| {
                let src = entry.event.source().filter(|s| s.step == number);
                if let Event::Task { n, .. } = entry.event {
                    if src.is_some() {
                        tasks.insert(n.unwrap_or(tasks.len() as u32), count);
                    }
                    count += 1;
                }
                if let Some(src) = src {
                    offset = src.off + u64::from(src.len);
                }
            });
            pass.map_err(io::Error::other)?;
        }
        Ok((offset, tasks))
    }

    fn spawn(&mut self, dir: &StepDir, number: u32, child: Option<&StepCommand>) -> io::Result<()> {
        if let Some(command) = child {
            file::private_dir(dir.path())?;
            file::write_whole(&dir.command(), &serde_json::to_vec(command)?)?;
        }
        let command = StepCommand::read(dir)?;
        // Where the launcher wrote the step down there is no other: then no password stays in this process.
        let secrets = if child.is_none() { self.secrets.take() } else { self.secrets.clone() };
        let secrets = secrets.filter(|_| command.secrets);
        if command.secrets && secrets.is_none() {
            return Err(io::Error::other(
                "the passwords were lost with the supervisor that had them; nothing was started",
            ));
        }
        let mut words = vec!["step".to_owned(), self.spec.id.to_string(), number.to_string()];
        // Under the lease that the run holds now: one that lost it meanwhile begins nothing.
        words.extend(self.state.lease.filter(|_| command.fence.is_none()).map(|token| format!("--fence={token}")));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut child = spawn::own(&self.store, &words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file::append(&self.dir.supervisor_log())?)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // It may have ended already, with its reason in the exit file.
            let _ = stdin.write_all(&secrets.unwrap_or_default());
        }
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        // Reaps it when it ends; its own files tell all the rest.
        std::thread::spawn(move || child.wait());
        match serde_json::from_str::<Word>(&line) {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::other("it ended without a word; see supervisor.log in the run's folder")),
        }
    }

    /// Takes a rung of the stop ladder: first done, then recorded.
    pub(super) fn take(&mut self, number: u32, rung: Rung) -> Result<(), SuperviseError> {
        let Some(step) = self.steps.get(&number) else { return Ok(()) };
        let what = rungs::take(&self.dir.step(number), &self.mark(number), step.processes.as_ref(), rung);
        Ok(self.record(Event::Signal { step: number, rung, what })?)
    }

    fn mark(&self, step: u32) -> String {
        tree::mark(&self.spec.id.to_string(), step)
    }

    /// Tells the index where the run stands, if that is news to it.
    pub(super) fn put_row(&mut self) {
        self.put_at = super::now();
        let row = list::whole_row(&self.dir, None, &self.spec, &self.state);
        if self.put.as_ref() == Some(&row) {
            return;
        }
        let index = self.index.take().map_or_else(|| hasty(&self.store), Ok);
        match index.and_then(|index| index.put(&row).map(|()| index)) {
            Ok(index) => (self.index, self.put) = (Some(index), Some(row)),
            Err(e) => {
                tracing::warn!("{e}");
                // One that has a row is looked at until that says that it has ended; one that has none must be missed.
                if self.put.is_none()
                    && let Err(e) = Index::lacks(&self.store)
                {
                    tracing::warn!("{e}");
                }
            }
        }
    }

    /// A snapshot, so that whoever looks next need not fold it all. Only a cache: failing to write it is no failure.
    pub(super) fn snapshot(&mut self) {
        self.snapshot_at = self.journal.seq();
        let written =
            snapshot::save(&self.dir.snapshot(), self.spec.id, &self.dir.journal(), self.journal.len(), &self.state);
        if let Err(e) = written {
            tracing::warn!("{e}");
        }
    }

    /// After the end: the ledger, the index, the lease, the snapshot. May run twice, after a death in between.
    pub(super) fn finish(&mut self) {
        // What was stopped is on record before its end is: else whoever writes the end later writes both.
        let launched = glass::is_settled(&self.store, &self.spec);
        let late = launched && self.note_late() && (self.state.stop.is_none() || self.stops());
        if !late {
            tracing::error!("the end of run {} is recorded late, too", self.spec.id);
            self.put_row();
            self.free_lease();
            return;
        }
        let journal = self.journal.sum().map_err(|e| tracing::error!("no digest of the journal: {e}")).ok();
        let end = crate::run::ledger::End { approvals: self.machine.approved_by(&self.own), journal, late: false };
        if let Err(e) = crate::run::ledger::ended(&self.store, &self.spec, &self.state, end) {
            tracing::error!("the audit ledger could not take the end of run {}: {e}", self.spec.id);
        }
        self.put_row();
        self.free_lease();
        self.snapshot();
    }

    /// What a supervisor before this one did, and could not record, either.
    fn stops(&self) -> bool {
        let written = closing::stops(&self.store, self.spec.id);
        written
            .map_err(|e| tracing::error!("the audit ledger did not take a stop of run {}: {e}", self.spec.id))
            .is_ok()
    }

    pub(super) fn free_lease(&mut self) {
        if self.spec.break_glass.is_some()
            && let Err(e) = lease::whole::free(&self.store, self.spec.id)
        {
            tracing::warn!("the lease for the whole state is freed by whoever asks for it next: {e}");
        }
        // One that died between the lease and its event knows no token.
        let token = self.state.lease;
        let freed = control(&mut self.control, &self.store)
            .and_then(|control| lease::free(&self.store, control, self.spec.id, token, "it needs its hosts no more"));
        if let Err(e) = freed {
            tracing::warn!("its lease is freed by whoever asks for it next: {e}");
        }
    }
}

/// The index, for which no run waits long: what is not written now is told by the journal.
fn hasty(store: &StateDir) -> Result<Index, DbError> {
    let index = Index::open(store)?;
    index.set_patience(INDEX)?;
    Ok(index)
}

/// The control database; opened again where that failed, or where another took its place.
fn control<'a>(open: &'a mut Option<Control>, store: &StateDir) -> Result<&'a Control, DbError> {
    let control = match open.take().filter(|control| control.is_in_place()) {
        Some(control) => control,
        None => Control::open(store)?,
    };
    Ok(open.insert(control))
}

fn failed(why: String) -> Exit {
    Exit { error: Some(why), seen: true, ended_at: now(), ..Exit::default() }
}

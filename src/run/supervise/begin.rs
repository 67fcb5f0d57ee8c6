//! The beginning of a step, on a thread of its own that then waits for its end: what was begun is found, what was not begun is
//! started, where it may be.

use super::attach::{self, Found};
use super::ingest::Ingest;
use super::places::Places;
use super::{Came, Step, SuperviseError, Supervisor, now};
use crate::run::journal::Reader;
use crate::run::machine::{Input, Machine, World};
use crate::run::step::{Processes, StepCommand, Word};
use crate::run::verdict::Exit;
use crate::run::{RunSpec, event::Event, frozen, spawn};
use crate::state::{RunDir, StateDir, StepDir, file, tree};
use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use zeroize::Zeroizing;

/// How long a step runner may take to say what it started.
const COMING: Duration = Duration::from_secs(10);
const GLANCE: Duration = Duration::from_millis(2);

/// What beginning a step came to.
pub(super) struct Begun {
    /// Its processes, as far as they are known; none also where it has ended already.
    processes: Option<Processes>,
    /// Where to go on in its events, and which tasks of the run are its own.
    offset: u64,
    tasks: BTreeMap<u32, u32>,
    /// The databases beside which it works, or why they are not the same any more: then it was not begun.
    places: Option<Result<Places, String>>,
    /// Passwords that no step took.
    secrets: Option<Zeroizing<Vec<u8>>>,
}

/// All that it takes to begin one.
struct Beginning {
    store: StateDir,
    spec: RunSpec,
    number: u32,
    child: Option<Box<StepCommand>>,
    /// Where nothing was begun it is.
    may: bool,
    /// The journal tells of its beginning.
    known: bool,
    lease: Option<i64>,
    places: Option<Places>,
    secrets: Option<Zeroizing<Vec<u8>>>,
}

impl<M: Machine, W: World<M>> Supervisor<M, W> {
    /// Starts a step (where it `may`), or finds the one that was started.
    pub(super) fn start(&mut self, number: u32, child: Option<Box<StepCommand>>, may: bool) {
        if self.steps.contains_key(&number) {
            return;
        }
        self.steps.insert(number, Step::default());
        // Where the launcher wrote the step down there is no other: then no password stays in this process.
        let secrets = if child.is_none() { self.secrets.take() } else { self.secrets.clone() };
        let beginning = Beginning {
            store: self.store.clone(),
            spec: self.spec.clone(),
            number,
            child,
            may,
            known: self.is_known(number),
            lease: self.state.lease,
            places: self.places.clone(),
            secrets,
        };
        let back = self.back.clone();
        std::thread::spawn(move || beginning.run(&back));
    }

    pub(super) fn begun(&mut self, number: u32, begun: Begun) -> Result<(), SuperviseError> {
        match begun.places {
            Some(Err(why)) => {
                self.astray = Some(why.clone());
                return Err(io::Error::new(io::ErrorKind::InvalidData, why).into());
            }
            Some(Ok(places)) => self.places = Some(places),
            None => {}
        }
        self.secrets = self.secrets.take().or(begun.secrets);
        let ingest = Ingest::new(self.dir.step(number), number, begun.offset, begun.tasks, &self.state);
        let pid = begun.processes.as_ref().map(|p| p.child.as_ref().map_or(0, |c| c.pid));
        self.steps.insert(number, Step { processes: begun.processes, ingest: Some(ingest) });
        // A supervisor that took over finds the word of its predecessor in the journal.
        if let Some(pid) = pid.filter(|_| !self.is_known(number)) {
            let effects = self.decide(&Input::Started { step: number, pid });
            self.settle(effects)?;
        }
        // It was stopped while it was begun: that rung met nobody.
        let rung = self.state.steps.get(&number).and_then(|step| step.rungs.last()).map(|(rung, _)| *rung);
        match rung.filter(|_| pid.is_some()) {
            Some(rung) => self.take(number, rung),
            None => Ok(()),
        }
    }

    fn is_known(&self, number: u32) -> bool {
        self.state.steps.get(&number).is_some_and(|step| step.pid.is_some())
    }
}

impl Beginning {
    /// Tells what it came to, then how the step ended. Nobody listens any more only where the supervisor has ended.
    fn run(mut self, back: &UnboundedSender<Came>) {
        let (number, dir) = (self.number, self.dir().step(self.number));
        let mark = tree::mark(&self.spec.id.to_string(), number);
        let (found, begun) = match self.begin(&dir, &mark) {
            Ok(begun) => begun,
            Err(e) => {
                let _ = back.send(Came::Begun(number, Err(e)));
                return;
            }
        };
        let astray = matches!(begun.places, Some(Err(_)));
        let _ = back.send(Came::Begun(number, Ok(begun)));
        if astray {
            return;
        }
        let exit = match found {
            Found::Running(processes) => attach::wait_end(&dir, &mark, &processes),
            Found::Unknown(_) | Found::Starting => {
                tracing::error!(
                    "step {number} of run {}: {found:?}; it counts as running until more is known",
                    self.spec.id
                );
                attach::until_known(&dir, &mark)
            }
            Found::Ended(exit) => exit,
            Found::Nothing => {
                failed("the step runner did not come up; see supervisor.log in the run's folder".to_owned())
            }
        };
        let _ = back.send(Came::Ended(number, exit));
    }

    fn begin(&mut self, dir: &StepDir, mark: &str) -> io::Result<(Found, Begun)> {
        let (offset, tasks) = self.resume_at()?;
        let mut places = None;
        let mut found = attach::look(dir, mark);
        if found == Found::Nothing && !self.may {
            let why = "it was never begun: its run was stopped, or its supervisor gone, before".to_owned();
            found = Found::Ended(failed(why));
        }
        if found == Found::Nothing {
            // What is begun must be recorded where all the rest is.
            places = self.places.take().map(|places| places.held(&self.store, false));
            if !matches!(places, Some(Err(_))) {
                found = match self.spawn(dir) {
                    Ok(()) => attach::look(dir, mark),
                    Err(e) => Found::Ended(failed(format!("the step runner could not be started: {e}"))),
                };
            }
        }
        let deadline = Instant::now() + COMING;
        while matches!(found, Found::Starting | Found::Unknown(_)) && Instant::now() < deadline {
            std::thread::sleep(GLANCE);
            found = attach::look(dir, mark);
        }
        let processes = if let Found::Running(processes) = &found { Some(processes.clone()) } else { None };
        Ok((found, Begun { processes, offset, tasks, places, secrets: self.secrets.take() }))
    }

    fn dir(&self) -> RunDir {
        self.store.run(self.spec.id)
    }

    /// Where to go on in the step's events, and which tasks of the run are its own.
    fn resume_at(&self) -> io::Result<(u64, BTreeMap<u32, u32>)> {
        let (mut offset, mut tasks, mut count) = (0, BTreeMap::new(), 0);
        if self.known {
            let pass = Reader::open(&self.dir().journal())?.read(|entry| {
                let src = entry.event.source().filter(|s| s.step == self.number);
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

    fn spawn(&mut self, dir: &StepDir) -> io::Result<()> {
        if let Some(command) = &self.child {
            file::private_dir(dir.path())?;
            file::write_whole(&dir.command(), &serde_json::to_vec(command)?)?;
        }
        let command = StepCommand::read(dir)?;
        // What the launcher wrote down may have waited for hours. Under break-glass no row need tell what it was.
        if self.child.is_none()
            && self.spec.break_glass.is_none()
            && let Some(why) = frozen::differs(&self.store, &self.spec)?
        {
            return Err(io::Error::other(why));
        }
        let secrets = self.secrets.take().filter(|_| command.secrets);
        if command.secrets && secrets.is_none() {
            return Err(io::Error::other(
                "the passwords were lost with the supervisor that had them; nothing was started",
            ));
        }
        let mut words = vec!["step".to_owned(), self.spec.id.to_string(), self.number.to_string()];
        // Under the lease that the run holds now: one that lost it meanwhile begins nothing.
        words.extend(self.lease.filter(|_| command.fence.is_none()).map(|token| format!("--fence={token}")));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut child = spawn::own(&self.store, &words);
        child.stderr(file::append(&self.dir().supervisor_log())?);
        let (mut child, word) = spawn::heard(child, secrets.as_ref())?;
        // Reaps it when it ends; its own files tell all the rest.
        std::thread::spawn(move || child.wait());
        match serde_json::from_str::<Word>(&word) {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::other("it ended without a word; see supervisor.log in the run's folder")),
        }
    }
}

fn failed(why: String) -> Exit {
    Exit { error: Some(why), seen: true, ended_at: now(), ..Exit::default() }
}

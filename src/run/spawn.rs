//! Starting opsdeck's own processes: the supervisor (by the launcher, or by whoever notices that one is missing).

use super::belongs::{self, Belongs};
use super::elder::{self, Elder};
use super::ledger::{self, EndRow};
use super::{Follower, State, control, frozen};
use crate::state::{Answer, Lock, RunDir, StateDir, child, file, tree};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The line a supervisor prints when the run is in its hands.
pub const TAKEN: &str = "taken";

/// How long a supervisor that is coming up may let a connection wait.
const HEARS: Duration = Duration::from_millis(200);

/// Seconds within which a launcher has started a supervisor, or never will.
const LAUNCHING: i64 = 30;

/// This program with other arguments. By its descriptor, not its path: an upgrade may have replaced the file.
pub fn own(store: &StateDir, args: &[&str]) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("opsdeck");
    // A run that is launched from inside another run's task is no part of it.
    command.env_remove(tree::RUN).env_remove(tree::MARK).arg("--state-dir").arg(store.root()).args(args);
    command
}

/// Starts one of our own processes, hands it its secrets on stdin, and waits for its word: a line on stdout; an empty one where
/// it ended without.
///
/// # Errors
/// It cannot be started, or not be heard.
pub fn heard(mut command: Command, secrets: Option<&Zeroizing<Vec<u8>>>) -> io::Result<(Child, String)> {
    let mut child = spoken_to(command.stdout(Stdio::piped()), secrets)?;
    let mut word = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut word)?;
    }
    Ok((child, word.trim_end().to_owned()))
}

/// Likewise one whose word nobody waits for.
///
/// # Errors
/// It cannot be started.
pub fn spoken_to(command: &mut Command, secrets: Option<&Zeroizing<Vec<u8>>>) -> io::Result<Child> {
    let mut child = child::spawn(command.stdin(if secrets.is_some() { Stdio::piped() } else { Stdio::null() }))?;
    if let (Some(mut stdin), Some(secrets)) = (child.stdin.take(), secrets) {
        // One that ended before it read them ends with its own reason.
        let _ = stdin.write_all(secrets);
    }
    Ok(child)
}

/// Starts the first supervisor of a run, under its parent, hands it the secrets through a pipe, and waits until it has the run in hand.
pub fn supervisor(store: &StateDir, id: Uuid, secrets: Option<Zeroizing<Vec<u8>>>) -> io::Result<()> {
    let dir = store.run(id);
    let mut command = command(store, &dir, id)?;
    command.args(["--first"].into_iter().chain(secrets.is_some().then_some("--secrets")));
    let (mut child, word) = heard(command, secrets.as_ref())?;
    if word == TAKEN {
        // Reaps it when it ends, should this process live that long.
        std::thread::spawn(move || child.wait());
        return Ok(());
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(io::Error::other(format!("the supervisor did not take the run: {}", last_word(&dir))))
}

/// What became of an attempt to revive a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revival {
    /// It has a supervisor, or is about to get its first.
    Supervised,
    Started,
    Ended,
    /// A supervisor of an earlier version has it and must keep it: why, and what that means.
    Elder(String),
    /// It gets none here, and why: it belongs elsewhere, or is damaged.
    Refused(String),
    /// It gets none now, and why: it cannot be told whether it has one, or belongs here.
    Unknown(String),
}

/// Starts a supervisor for a run that has none and has not ended: the one door through which a run is gone on with. Two who
/// do so at once start one: the second finds the lock held and leaves. One of an earlier version gives way to it.
///
/// # Errors
/// None could be started.
pub fn revive(store: &StateDir, id: Uuid) -> io::Result<Revival> {
    let dir = store.run(id);
    match Lock::is_held(&dir.lock()) {
        Answer::Yes if !elder::may_be(store) => return Ok(Revival::Supervised),
        Answer::Yes => {
            let spec = super::read_own_spec(&dir).ok();
            match spec.filter(|spec| belongs::of(store, id, spec) == Belongs::Here).map(|spec| elder::end(&dir, &spec))
            {
                Some(Elder::Ended) => {}
                Some(Elder::Stays(why)) => return Ok(Revival::Elder(why)),
                Some(Elder::None) | None => return Ok(Revival::Supervised),
            }
        }
        Answer::Unknown(why) => {
            return Ok(Revival::Unknown(format!("whether run {id} has a supervisor cannot be told: {why}")));
        }
        Answer::No if is_being_launched(&dir, id) => return Ok(Revival::Supervised),
        Answer::No => {}
    }
    match Lock::is_held(&dir.guard()) {
        // Its parent lives: the next one is on its way.
        Answer::Yes => return Ok(Revival::Supervised),
        Answer::Unknown(why) => {
            return Ok(Revival::Unknown(format!(
                "whether run {id} is about to get a supervisor cannot be told: {why}"
            )));
        }
        Answer::No => {}
    }
    if let Some(other) = unfit(store, id)? {
        return Ok(other);
    }
    let mut child = child::spawn(command(store, &dir, id)?.stdin(Stdio::null()).stdout(Stdio::null()))?;
    // It needs a moment until it hears: only then it goes on with the run, and whoever looks next starts no other.
    let deadline = Instant::now() + Duration::from_secs(2);
    while control::whose(&dir, HEARS).is_err() && Instant::now() < deadline {
        match child.try_wait()? {
            Some(end) if !end.success() => return Ok(refused(&last_word(&dir))),
            Some(_) => break,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    std::thread::spawn(move || child.wait());
    Ok(Revival::Started)
}

/// Why a run is not to be gone on with here, or not now; `None`: it is. Asked before each supervisor but the first, whoever
/// starts it.
///
/// # Errors
/// Its files cannot be read.
pub fn unfit(store: &StateDir, id: Uuid) -> io::Result<Option<Revival>> {
    let dir = store.run(id);
    let spec = match super::read_own_spec(&dir) {
        Ok(spec) => spec,
        Err(e) => return Ok(Some(Revival::Refused(e.to_string()))),
    };
    let belongs = belongs::of(store, id, &spec);
    let unknown = matches!(belongs, Belongs::Unknown(_));
    if let Some(why) = belongs.read_only() {
        return Ok(Some(if unknown { Revival::Unknown(why) } else { Revival::Refused(why) }));
    }
    // Break-glass lives beside a ledger that cannot be read.
    let needs_ledger = spec.break_glass.is_none();
    let run = Follower::open(&dir)?;
    if let Some(damage) = run.damage {
        return Ok(Some(refused(&damage)));
    }
    let (ended, well) = (run.state.state.is_terminal(), run.state.state == State::Succeeded);
    let journal = dir.journal();
    let doubt = match ledger::end_of(store, id) {
        // Its end is on record there alone: it is not lived through a second time.
        Ok(Some(EndRow::Recorded { row, .. })) if !ended => {
            format!("row {row} of the ledger holds its end, {} does not: it was cut", journal.display())
        }
        Ok(Some(EndRow::Recorded { row, well: false })) if well => {
            format!("{} says that it ended well, row {row} of the ledger that it did not", journal.display())
        }
        // Whoever supervised it died before it could record its end: its next supervisor does, if that can be its end.
        Ok(Some(EndRow::Open)) => String::new(),
        Ok(_) if ended => return Ok(Some(Revival::Ended)),
        Ok(_) => String::new(),
        Err(_) if ended => return Ok(Some(Revival::Ended)),
        Err(e) if needs_ledger => {
            let why =
                format!("whether the ledger holds the end of run {id} cannot be told, so nobody goes on with it: {e}");
            return Ok(Some(Revival::Unknown(why)));
        }
        Err(e) => {
            tracing::warn!("whether the ledger holds the end of run {id} cannot be told: {e}");
            String::new()
        }
    };
    if !doubt.is_empty() {
        file::write_whole(&dir.doubt(), doubt.as_bytes())?;
        return Ok(Some(refused(&doubt)));
    }
    // Of what has ended and is on record nothing is begun any more: then it is told as it was.
    match frozen::differs(store, &spec) {
        Ok(None) => {}
        Ok(Some(why)) => {
            file::write_whole(&dir.doubt(), why.as_bytes())?;
            return Ok(Some(refused(&why)));
        }
        Err(e) if needs_ledger => {
            let why = format!("whether run {id} is what was launched cannot be told, so nobody goes on with it: {e}");
            return Ok(Some(Revival::Unknown(why)));
        }
        Err(e) => tracing::warn!("whether run {id} is what was launched cannot be told: {e}"),
    }
    if let Err(why) = store.access().may_write() {
        return Ok(Some(Revival::Unknown(format!("run {id} has no supervisor, and none can be started: {why}"))));
    }
    Ok(None)
}

fn refused(why: &str) -> Revival {
    Revival::Refused(format!("it cannot be supervised: {why}"))
}

/// What a run's own log says last.
fn last_word(dir: &RunDir) -> String {
    let log = crate::open::text_own(&dir.supervisor_log(), crate::open::WRITTEN).unwrap_or_default();
    log.lines().last().unwrap_or("its supervisor ended without a word").to_owned()
}

/// Starts a process that fills the index and ends. Several that start one do no harm: the first does it.
pub fn reindex(store: &StateDir) -> io::Result<()> {
    let mut command = own(store, &["reindex"]);
    let mut child =
        child::spawn(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file::append(&store.log())?))?;
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// Nothing was recorded yet and the run is young: its launcher is just about to start the first supervisor.
fn is_being_launched(dir: &RunDir, id: Uuid) -> bool {
    let Some((seconds, _)) = id.get_timestamp().map(|t| t.to_unix()) else { return false };
    let age = jiff::Timestamp::now().as_second() - i64::try_from(seconds).unwrap_or(0);
    // By the wall clock: a run of the future was made before that was set back, and nobody is just launching it.
    age.abs() < LAUNCHING && Answer::is_there(&dir.journal()) != Answer::Yes
}

fn command(store: &StateDir, dir: &RunDir, id: Uuid) -> io::Result<Command> {
    let mut command = own(store, &["guard", &id.to_string()]);
    command.stderr(file::append(&dir.supervisor_log())?);
    Ok(command)
}

//! From a step's files to what became of it: started, running, ended, or not begun. Looks only; kills nothing.

use crate::ansible::event::{self, CallbackEvent, What};
use crate::open;
use crate::run::journal::LINE;
use crate::run::step::Processes;
use crate::run::verdict::Exit;
use crate::state::tree;
use crate::state::{Answer, Identity, Life, Lock, StepDir, file};
use serde::de::DeserializeOwned;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// How often what cannot be told is looked at again.
const AGAIN: Duration = Duration::from_secs(1);

/// What became of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// No step runner ever took it.
    Nothing,
    /// A step runner has it and has not written yet what it started.
    Starting,
    /// Its processes live, or did a moment ago.
    Running(Processes),
    Ended(Exit),
    /// It cannot be told, and why: it is neither begun nor taken for ended.
    Unknown(String),
}

/// Looks at a step; `mark` is that of its processes.
pub fn look(dir: &StepDir, mark: &str) -> Found {
    seen(dir, mark).unwrap_or_else(|e| Found::Unknown(format!("what became of it cannot be told: {e}")))
}

fn seen(dir: &StepDir, mark: &str) -> io::Result<Found> {
    if let Some(exit) = exit(dir)? {
        return Ok(Found::Ended(exit));
    }
    let held = match Lock::is_held(&dir.lock()) {
        Answer::Unknown(why) => return Ok(Found::Unknown(why)),
        held => held == Answer::Yes,
    };
    let found: Processes = match read(&dir.pid())? {
        Some(Ok(found)) => found,
        // It may have written its first word between our two looks, and its last one.
        None => return Ok(if held { Found::Starting } else { exit(dir)?.map_or(Found::Nothing, Found::Ended) }),
        Some(Err(_)) if !held && tree::oldest(mark)?.is_none() => {
            return Ok(Found::Ended(exit(dir)?.unwrap_or(Exit { ended_at: now(), ..Exit::default() })));
        }
        Some(Err(e)) => return Ok(Found::Unknown(file::at(&dir.pid(), "read", e.into()).to_string())),
    };
    let Some(child) = &found.child else {
        // The step runner died in the moment between its two writings: the child wears the step's mark.
        return Ok(match (held, if held { None } else { tree::oldest(mark)? }) {
            (true, _) => Found::Starting,
            (false, Some(child)) => Found::Running(Processes { child: Some(child), ..found }),
            (false, None) => Found::Ended(exit(dir)?.unwrap_or_else(|| unseen(&found.runner))),
        });
    };
    Ok(match (child.life(), found.runner.life()) {
        (Life::Alive, _) | (_, Life::Alive) => Found::Running(found),
        (Life::Unknown, _) | (_, Life::Unknown) => {
            Found::Unknown(format!("whether process {} is the one that was started cannot be told", child.pid))
        }
        // It may have written its last word between our two looks.
        _ => Found::Ended(exit(dir)?.unwrap_or_else(|| unseen(child))),
    })
}

/// Waits until it is known what became of a step that cannot be told of, and then for its end. Blocks: for a thread of
/// its own.
pub fn until_known(dir: &StepDir, mark: &str) -> Exit {
    loop {
        match look(dir, mark) {
            Found::Ended(exit) => return exit,
            Found::Running(processes) => return wait_end(dir, mark, &processes),
            Found::Nothing => {
                let why = "it was never begun: for a while that could not be told".to_owned();
                return Exit { error: Some(why), seen: true, ended_at: now(), ..Exit::default() };
            }
            Found::Starting | Found::Unknown(_) => std::thread::sleep(AGAIN),
        }
    }
}

/// Waits until the step has ended and tells how. Blocks: for a thread of its own.
pub fn wait_end(dir: &StepDir, mark: &str, processes: &Processes) -> Exit {
    const LONG: Duration = Duration::from_secs(3600);
    while processes.runner.gone_within(LONG) != Answer::Yes {}
    if let Some(exit) = certain(|| exit(dir)) {
        return exit;
    }
    // The step runner was killed. Its child lives on; only its exit code is lost.
    let Some(child) = &processes.child else { return unseen(&processes.runner) };
    release(&dir.secrets());
    while child.gone_within(LONG) != Answer::Yes {}
    // As the step runner would have done it; what it would have seen the events tell.
    let killed = Answer::is_there(&dir.stop()) == Answer::Yes || !has_finished(dir);
    let left = if killed { tree::kill(&[], mark) } else { 0 };
    Exit { left, ..unseen(child) }
}

/// Ansible came to the end of its work, or what ran is no Ansible, which says nothing; what cannot be read says nothing, either.
fn has_finished(dir: &StepDir) -> bool {
    let Ok(file) = open::own(&dir.events()) else { return true };
    let read = || -> io::Result<Vec<u8>> {
        let size = file.metadata()?.len();
        let mut end = vec![0; size.min(LINE) as usize];
        file.read_exact_at(&mut end, size.saturating_sub(LINE))?;
        Ok(end)
    };
    let Ok(end) = read() else { return true };
    let mut lines = end.rsplit(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    match (lines.next(), lines.next()) {
        (None, _) => true,
        (Some(last), before) if before.is_some() || (end.len() as u64) < LINE => {
            matches!(event::decode(last), Ok(CallbackEvent { what: What::Stats(_), .. }))
        }
        // Longer than any line that the callback writes.
        _ => true,
    }
}

/// Looks again until there is something to see.
fn certain<T>(look: impl Fn() -> io::Result<T>) -> T {
    loop {
        match look() {
            Ok(seen) => return seen,
            Err(e) => tracing::warn!("{e}; it is looked at again"),
        }
        std::thread::sleep(AGAIN);
    }
}

/// It is written last: one that makes no sense still says that the step ended, and no more how.
fn exit(dir: &StepDir) -> io::Result<Option<Exit>> {
    Ok(read(&dir.exit())?.map(|exit| exit.unwrap_or_else(|_| Exit { ended_at: now(), ..Exit::default() })))
}

/// What lies there: only what is not there says nothing.
fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<serde_json::Result<T>>> {
    match open::read_own(path, open::WORD) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(file::at(path, "read", e)),
    }
}

fn unseen(last: &Identity) -> Exit {
    Exit { rebooted: last.life() == Life::Rebooted, ended_at: now(), ..Exit::default() }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Whoever waits at a FIFO that nobody serves any more gets an end instead of waiting for ever.
pub fn release(folder: &Path) {
    use rustix::fs::{Mode, OFlags};
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        // Succeeds only while a reader waits, and lets it go when the descriptor is closed again.
        drop(rustix::fs::open(entry.path(), OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()));
    }
    let _ = std::fs::remove_dir_all(folder);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::RunDir;

    /// A step whose files say this.
    fn step(pid: &str, exit: Option<&str>) -> (tempfile::TempDir, StepDir) {
        let dir = tempfile::tempdir().unwrap();
        let step = RunDir::at(dir.path()).step(1);
        file::private_dir(step.path()).unwrap();
        std::fs::write(step.pid(), pid).unwrap();
        if let Some(exit) = exit {
            std::fs::write(step.exit(), exit).unwrap();
        }
        (dir, step)
    }

    fn pids(runner: &Identity, child: Option<&Identity>) -> String {
        serde_json::to_string(&Processes { runner: runner.clone(), child: child.cloned() }).unwrap()
    }

    #[test]
    fn what_cannot_be_told_is_neither_begun_nor_taken_for_ended() {
        let mark = uuid::Uuid::now_v7().to_string();
        let look = |pid: &str, exit: Option<&str>| {
            let (_dir, step) = step(pid, exit);
            look(&step, &mark)
        };
        let own = Identity::own();
        let gone = Identity { start: own.start + 1, ..own.clone() };
        let before = Identity { boot: "before".into(), ..own.clone() };
        let nameless = Identity { boot: String::new(), ..own.clone() };
        assert!(matches!(look(&pids(&gone, Some(&own)), None), Found::Running(_)));
        assert!(matches!(look(&pids(&gone, Some(&gone)), None), Found::Ended(exit) if !exit.rebooted && !exit.seen));
        assert!(matches!(look(&pids(&before, Some(&before)), None), Found::Ended(exit) if exit.rebooted));
        assert!(matches!(look(&pids(&gone, Some(&nameless)), None), Found::Unknown(_)), "of which boot is not known");
        assert!(matches!(look(&pids(&gone, None), None), Found::Ended(_)));
        assert!(matches!(look("{\"runner\"", None), Found::Ended(exit) if !exit.seen), "nothing of it lives");
        assert!(matches!(look(&pids(&own, Some(&own)), Some("{")), Found::Ended(exit) if !exit.seen), "it ended");
        let (_dir, locked) = step("{", None);
        let _lock = Lock::try_take(&locked.lock()).unwrap();
        assert!(matches!(super::look(&locked, &mark), Found::Unknown(_)), "somebody has it");
        let (_dir, unreadable) = step("", None);
        std::fs::remove_file(unreadable.pid()).unwrap();
        std::fs::create_dir(unreadable.pid()).unwrap();
        assert!(matches!(super::look(&unreadable, &mark), Found::Unknown(_)), "it may have been begun");
    }
}

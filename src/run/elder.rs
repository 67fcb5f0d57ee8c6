//! A supervisor of version 0.1, found at a live run after this version took its state directory over. It looks up what is
//! decided in a database in which nothing is decided any more: a queued run would wait for ever, a release would not see
//! that its line is stopped. So exactly that process is ended, and the next one goes on from the journal, as after any death.

use super::control::{self, Command};
use super::spec::Work;
use super::{Follower, RunSpec};
use crate::state::{Answer, Identity, Lock, RunDir, StateDir};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// The format of what that version launched.
const FORMAT: u32 = 1;
/// How long it may take to answer: one that does not is asked again at the next look.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long one that was killed may take to be gone.
const LAST_BREATH: Duration = Duration::from_secs(2);

/// What was found at a run, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elder {
    /// None that is certainly of an earlier version: it is left alone.
    None,
    /// It was one, and is gone.
    Ended,
    /// It is one, and stays; why, in words.
    Stays(String),
}

/// Only where an earlier version was at work there is one to look for.
pub fn may_be(store: &StateDir) -> bool {
    Answer::is_there(&store.legacy()) == Answer::Yes
}

/// Ends the supervisor of a run that belongs here if it is certainly of an earlier version. It stays where passwords would
/// be lost with it.
pub fn end(dir: &RunDir, spec: &RunSpec) -> Elder {
    if spec.version > FORMAT {
        return Elder::None;
    }
    let who = match control::ask_whom(dir, &Command::Version, PATIENCE) {
        Ok((who, reply)) if !reply.ok && reply.message.starts_with("not a command") => who,
        // It answers, or it comes up or goes down, or has no time: it cannot be told.
        Ok(_) | Err(_) => return Elder::None,
    };
    if holds_passwords(dir, spec) {
        return Elder::Stays(format!(
            "an earlier opsdeck (process {}) has it in hand and holds its passwords: it sees nothing that is decided from \
             now on. Stop it and launch it again, or end that process and give them anew",
            who.pid
        ));
    }
    if !is_supervisor(&who, spec) || !who.signal(Signal::KILL) {
        return Elder::None;
    }
    tracing::warn!("run {}: its supervisor of an earlier version, process {}, gives way to this one", spec.id, who.pid);
    let deadline = Instant::now() + LAST_BREATH;
    while Lock::is_held(&dir.lock()) != Answer::No {
        if Instant::now() >= deadline {
            return Elder::None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Elder::Ended
}

/// What was handed to the one step of a run is with its step runner; a plan may need it again.
fn holds_passwords(dir: &RunDir, spec: &RunSpec) -> bool {
    let is_begun = || Follower::open_exact(dir).is_ok_and(|run| run.state.last_step() > 0);
    !spec.secrets.is_empty() && (matches!(spec.work, Work::Plan(_)) || !is_begun())
}

/// By its own command line, too: what listens there is what we start for this run.
fn is_supervisor(who: &Identity, spec: &RunSpec) -> bool {
    let id = spec.id.to_string();
    who.words().windows(2).any(|pair| pair == ["supervise", id.as_str()])
}

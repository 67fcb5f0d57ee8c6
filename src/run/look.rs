//! A run as it is to be shown: one without a supervisor gets one, and what its journal says of its end is held against what
//! else is known. Lists and views come through here, so that they say the same at every moment.

use super::control::{Command, ask};
use super::spawn::{self, Revival};
use super::{Belongs, Follower, belongs};
use crate::state::{Answer, Lock, RunDir, StateDir};
use std::io;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long a supervisor may take to tidy up after the end of its run.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one that is at work may take to say so.
const SAYS: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub struct Looked {
    pub run: Follower,
    /// Why nobody goes on with it here, or not as this version would.
    pub aside: Option<String>,
}

/// Opens a run to show it.
///
/// # Errors
/// Its files cannot be read.
pub fn look(store: &StateDir, id: Uuid) -> io::Result<Looked> {
    let dir = store.run(id);
    let mut run = Follower::open(&dir)?;
    let mut aside = None;
    if run.is_lost() {
        // What its journal says is not known, but a supervisor has it in hand, or may have.
        if Lock::is_held(&dir.lock()) != Answer::No {
            run.state.goes_on();
        }
    } else if run.state.state.is_terminal() {
        if let Answer::No = over(store, &mut run) {
            run.state.goes_on();
        }
    } else {
        match spawn::revive(store, id) {
            Ok(Revival::Refused(why) | Revival::Unknown(why) | Revival::Elder(why)) => aside = Some(why),
            Ok(_) => {}
            Err(e) => tracing::warn!("run {id} has no supervisor and none could be started: {e}"),
        }
        run.poll();
    }
    // It stands as it stood, and for this reason; where it does not, it says why itself.
    aside = aside.filter(|_| !run.is_lost());
    run.state.why = aside.clone().or(run.state.why.take());
    Ok(Looked { run, aside })
}

/// Is a run over whose journal tells of its end? One whose supervisor says that it is at work is not; one whose end nobody
/// recorded is closed by its own machine, which may find that it can be no end. Then `run` says what is known.
pub fn over(store: &StateDir, run: &mut Follower) -> Answer {
    let (dir, id) = (run.dir().clone(), run.spec.id);
    match left(&dir) {
        Ok(None) => {}
        Ok(Some(says)) => {
            let journal = dir.journal();
            run.doubt(&format!("{} says that it ended, its supervisor that it is {says}", journal.display()));
            return Answer::No;
        }
        Err(why) => return Answer::Unknown(why),
    }
    // Of a copy, or of what is another's, the journal is all that is known.
    if belongs::of(store, id, &run.spec) != Belongs::Here {
        return Answer::Yes;
    }
    match spawn::revive(store, id) {
        Ok(Revival::Started | Revival::Refused(_)) => {
            let gone = left(&dir);
            run.poll();
            match (gone, &run.damage) {
                (Err(why), _) => Answer::Unknown(why),
                (_, Some(damage)) if run.is_lost() => Answer::Unknown(damage.clone()),
                _ => Answer::Yes,
            }
        }
        Ok(Revival::Unknown(why)) => Answer::Unknown(why),
        Ok(_) => Answer::Yes,
        Err(e) => Answer::Unknown(e.to_string()),
    }
}

/// Waits a moment until a supervisor has left. What it says, where it is at work; an error where it stays and says nothing.
fn left(dir: &RunDir) -> Result<Option<String>, String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Lock::is_held(&dir.lock()) {
            Answer::No => return Ok(None),
            Answer::Unknown(why) => return Err(format!("whether it has a supervisor cannot be told: {why}")),
            Answer::Yes => {}
        }
        // It answers only as long as the run goes on.
        if let Ok(reply) = ask(dir, &Command::Ping, SAYS)
            && reply.ok
        {
            return Ok(Some(reply.message.replace('_', " ")));
        }
        if Instant::now() >= deadline {
            return Err("its supervisor is there and says nothing".to_owned());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

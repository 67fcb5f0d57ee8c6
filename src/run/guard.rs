//! The parent of a run's supervisor: it waits, and starts the next one when that is killed. It knows nothing of the run, but
//! holds its secrets in memory, so that the next supervisor has them too.

use super::spawn::{self, Revival, TAKEN};
use crate::state::{Lock, StateDir, file};
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Between the death of a supervisor and the next one: nothing the first time, then longer and longer.
const PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
];
/// One that lived so long begins the pauses anew.
const HEALTHY: Duration = Duration::from_secs(60);
/// The exit code of a program that panicked.
const PANICKED: i32 = 101;

/// Minds the supervisors of a run, one after the other, until one has ended the run. `first`: the run is being launched, and
/// the launcher waits on stdout for the word that it is in safe hands. Returns at once where another minds them. Gives the exit
/// code of the last one; 1 where nobody is to go on with the run.
///
/// # Errors
/// No supervisor can be started.
pub fn mind(store: &StateDir, id: Uuid, first: bool, secrets: Option<Zeroizing<Vec<u8>>>) -> io::Result<u8> {
    let Some(_lock) = Lock::try_take(&store.run(id).guard())? else { return Ok(0) };
    let mut deaths = 0;
    let mut launching = first;
    loop {
        let began = Instant::now();
        let command = supervisor(store, id, launching, secrets.is_some())?;
        let mut child = match launching {
            true => {
                let (mut child, word) = spawn::heard(command, secrets.as_ref())?;
                if word != TAKEN {
                    // It said why in its log, and whoever launched it reads that.
                    child.wait()?;
                    return Ok(1);
                }
                // Whoever launched it may be gone: the run goes on.
                let mut stdout = io::stdout();
                let _ = writeln!(stdout, "{TAKEN}").and_then(|()| stdout.flush());
                child
            }
            false => spawn::spoken_to({ command }.stdout(Stdio::null()), secrets.as_ref())?,
        };
        launching = false;
        let status = child.wait()?;
        // One that ended by itself has ended the run, or said why it cannot go on: whoever looks at the run judges that.
        if let Some(code) = status.code().filter(|code| *code != PANICKED) {
            return Ok(u8::try_from(code).unwrap_or(1));
        }
        if began.elapsed() > HEALTHY {
            deaths = 0;
        }
        tracing::warn!("the supervisor of run {id} ended before its run did ({status}): another one goes on");
        if !is_fit(store, id, deaths)? {
            return Ok(1);
        }
        deaths += 1;
    }
}

/// Whether a run is to be gone on with, after the pause that is due. What cannot be told now (a busy ledger, no descriptor
/// left) is asked again, a few times.
fn is_fit(store: &StateDir, id: Uuid, deaths: usize) -> io::Result<bool> {
    for pause in &PAUSES[deaths.min(PAUSES.len() - 1)..] {
        std::thread::sleep(*pause);
        match spawn::unfit(store, id)? {
            None => return Ok(true),
            Some(Revival::Unknown(why)) => tracing::warn!("{why}"),
            Some(other) => {
                tracing::warn!("nobody goes on with run {id}: {other:?}");
                return Ok(false);
            }
        }
    }
    tracing::warn!("nobody goes on with run {id} until it can be told whether it may be gone on with");
    Ok(false)
}

fn supervisor(store: &StateDir, id: Uuid, first: bool, secrets: bool) -> io::Result<Command> {
    let (log, id) = (store.run(id).supervisor_log(), id.to_string());
    let mut args = vec!["supervise", &id];
    args.extend(first.then_some("--first"));
    args.extend(secrets.then_some("--secrets"));
    let mut command = spawn::own(store, &args);
    command.stderr(file::append(&log)?);
    Ok(command)
}

//! Break-glass: a person launches although the ledger cannot take it, and says why. It skips the ledger and nothing else: the
//! lease is taken all the same (`lease::whole` where control.db cannot be used), journal and spec must be written, it is
//! told to whoever launches and to the system's log, and the ledger gets it late: by the run itself, or by the next process
//! that may write. Until then a file in `unrecorded/` says that it is owed.

use super::launch::LaunchError;
use super::ledger;
use super::spec::{BreakGlass, RunSpec};
use super::{Follower, read_own_spec};
use crate::ansible::secrets::Secrets;
use crate::ansible::{Ask, command, shell};
use crate::audit::{Action, Acts, Error, Ledger, Phase};
use crate::state::{Access, Answer, Control, DbError, Lock, StateDir, file, syslog};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

/// How long other writers of the ledger are waited for.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// control.db, as far as it can be used: not on a full disk, where opening it takes the room that the run needs.
///
/// # Errors
/// It cannot.
pub fn control(store: &StateDir) -> Result<Control, DbError> {
    match store.access() {
        Access::Full(why) => Err(DbError::LookOnly(why)),
        _ => Control::open(store),
    }
}

/// Notes that the ledger lacks the launch of a run, and why. Before the run is begun.
///
/// # Errors
/// It cannot be noted: then nobody would record it.
pub fn owe(store: &StateDir, spec: &mut RunSpec, why: &LaunchError) -> io::Result<()> {
    let why = Some(self::why(why));
    file::private_dir(&store.unrecorded())?;
    drop(file::append(&note(store, spec.id))?);
    file::sync_dir(&store.unrecorded())?;
    spec.break_glass = spec.break_glass.take().map(|glass| BreakGlass { unrecorded: why, ..glass });
    Ok(())
}

/// What is wrong, without the way on, which was taken.
fn why(error: &LaunchError) -> String {
    match error {
        LaunchError::Db(e) => e.to_string(),
        LaunchError::Audit(e) => e.to_string(),
        LaunchError::Ledger(why) | LaunchError::Home(why) => why.clone(),
        other => other.to_string(),
    }
}

/// It was not launched after all.
pub fn forget(store: &StateDir, run: Uuid) {
    if let Err(e) = std::fs::remove_file(note(store, run))
        && e.kind() != ErrorKind::NotFound
    {
        tracing::warn!("run {run} was not launched, and its note in unrecorded/ stays: {e}");
    }
}

/// What is said of a launch under break-glass, to whoever launched and to the system's log.
pub fn tell(spec: &RunSpec) -> Option<String> {
    let BreakGlass { reason, unrecorded } = spec.break_glass.as_ref()?;
    let what = format!("run {} was launched by {} ({reason})", spec.id, spec.operator.name);
    Some(loudly(&what, unrecorded.as_deref()))
}

/// Tells the system's log that something was done under break-glass, and what keeps the ledger from it, if anything does; gives
/// the line for whoever did it.
pub fn loudly(what: &str, unrecorded: Option<&str>) -> String {
    let recorded = match unrecorded {
        None => "it is in the audit ledger".to_owned(),
        Some(why) => format!("it is not in the audit ledger, and is recorded late ({why})"),
    };
    let line = format!("BREAK GLASS: {what}: {recorded}");
    tracing::error!("{line}");
    match syslog::warn(&line) {
        Ok(()) => line,
        Err(e) => format!("{line}; the system's log did not take this ({e})"),
    }
}

/// The refusal of what cannot be launched even so: with the line that does it by hand, where there is one.
pub fn by_hand(error: LaunchError, ask: &Ask, secrets: &Secrets, cwd: &Path) -> LaunchError {
    let state = matches!(
        error,
        LaunchError::Home(_) | LaunchError::Db(_) | LaunchError::Audit(_) | LaunchError::Ledger(_) | LaunchError::Io(_)
    );
    if !state {
        return error;
    }
    let names: Vec<_> = secrets.names().cloned().collect();
    let line = shell(&command::shown(ask, &names));
    LaunchError::ByHand { why: why(&error), cwd: cwd.to_owned(), line }
}

/// True if the ledger holds the launch of a run, or does now.
pub fn is_settled(store: &StateDir, spec: &RunSpec) -> bool {
    if spec.break_glass.as_ref().is_none_or(|glass| glass.unrecorded.is_none()) {
        return true;
    }
    let settled = settle(store, spec.id);
    settled.map_err(|e| tracing::error!("the launch of run {} is not in the audit ledger yet: {e}", spec.id)).is_ok()
}

/// Records late what is owed to the ledger. What cannot be recorded stays owed.
///
/// # Errors
/// What is owed cannot be listed.
pub fn settle_all(store: &StateDir) -> io::Result<()> {
    let folder = store.unrecorded();
    if Answer::is_there(&folder) == Answer::No {
        return Ok(());
    }
    for entry in std::fs::read_dir(&folder).map_err(|e| file::at(&folder, "list", e))? {
        let name = entry.map_err(|e| file::at(&folder, "list", e))?.file_name();
        let Some(run) = name.to_str().and_then(|name| Uuid::parse_str(name).ok()) else { continue };
        if let Err(e) = settle(store, run) {
            tracing::warn!("the launch of run {run} is not in the audit ledger yet: {e}");
        }
    }
    Ok(())
}

/// Records one, if that is still owed.
fn settle(store: &StateDir, run: Uuid) -> Result<(), Error> {
    let note = note(store, run);
    if Answer::is_there(&note) == Answer::No {
        return Ok(());
    }
    let Some(_one) = Lock::try_take(&note)? else {
        return Err(io::Error::other("another process is just recording it").into());
    };
    let dir = store.run(run);
    if Answer::is_there(&dir.journal()) != Answer::Yes {
        return Err(io::Error::other("it is just being launched").into());
    }
    let spec = read_own_spec(&dir)?;
    let control = Control::open(store)?;
    control.number(run)?;
    let acts = Acts::open_within(store, &control, PATIENCE)?;
    let ledger = Ledger::open_within(&store.audit(), PATIENCE)?;
    if ledger.find(run, Action::RunLaunch, Phase::Intent)?.is_none() {
        let intent = ledger::launching(&acts, &spec, None)?.event_id;
        ledger::launched(store, &spec, intent, None)?;
    }
    let lease = Follower::open(&dir)?.state.lease;
    if let Some(token) = lease
        && !ledger::has_taken(store, run, token)?
    {
        ledger::lease_taken(store, &spec, token)?;
    }
    std::fs::remove_file(&note).map_err(|e| file::at(&note, "remove", e))?;
    Ok(())
}

fn note(store: &StateDir, run: Uuid) -> std::path::PathBuf {
    store.unrecorded().join(run.to_string())
}

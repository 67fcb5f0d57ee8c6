//! A run's lease on its hosts: what it is on, and whether whoever holds one is still alive. A dead holder's lease is
//! freed by evidence (its run has ended, or nothing of it lives), never because time went by. Where control.db cannot be used
//! a run under break-glass takes the one for the whole state ([`whole`]).

pub mod fence;
pub mod whole;

use super::belongs::{self, Belongs};
use super::spawn::Revival;
use super::spec::{Ask, OnConflict, RunSpec, Work};
use super::{Follower, ledger, look, supervise::attach};
use crate::audit;
use crate::project::scope;
use crate::state::leases::{Lease, Taken};
use crate::state::tree;
use crate::state::{Answer, Control, DbError, Lock, StateDir};
use crate::text::{self, human};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long the end of a run is waited for of which nothing lives.
const ENDING: Duration = Duration::from_secs(2);

/// What taking a lease came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    Got { token: i64 },
    HeldBy { run: Uuid, why: String },
}

/// Takes the lease of a run.
///
/// # Errors
/// control.db cannot be used.
pub fn take(store: &StateDir, control: &Control, spec: &RunSpec, now: i64) -> Result<Hold, DbError> {
    let scope = scope(spec.work.inventory(), &spec.cwd);
    loop {
        match control.take_lease(spec.id, &scope, spec.touched().as_deref(), now)? {
            // Whoever took it before was killed, or refused, between the lease and its row: then it gets its row now.
            Taken::Got { token, new: false }
                if is_owed(spec) || ledger::has_taken(store, spec.id, token).map_err(io::Error::other)? =>
            {
                return Ok(Hold::Got { token });
            }
            Taken::Got { token, .. } => match confirmed(store, control, spec, token) {
                Ok(None) => return Ok(Hold::Got { token }),
                Ok(Some((run, why))) => {
                    control.free_lease(spec.id, Some(token))?;
                    return Ok(Hold::HeldBy { run, why });
                }
                Err(e) => {
                    control.free_lease(spec.id, Some(token))?;
                    return Err(e);
                }
            },
            Taken::HeldBy(lease) if is_dead(store, &lease) => free_dead(store, control, &lease)?,
            Taken::HeldBy(lease) => {
                return Ok(Hold::HeldBy { why: words(store, &lease), run: lease.run });
            }
        }
    }
}

/// Whether a lease that was just taken counts; gives who holds all hosts instead, beside control.db.
fn confirmed(
    store: &StateDir,
    control: &Control,
    spec: &RunSpec,
    token: i64,
) -> Result<Option<(Uuid, String)>, DbError> {
    let ledger = |e| DbError::from(io::Error::other::<audit::Error>(e));
    // In a control.db that was put back from a backup the leases that were taken since are missing. Under break-glass nothing
    // else is asked of the ledger, and it is told later.
    let odds = match is_owed(spec) {
        true => audit::outrun(store, control).unwrap_or_else(|e| {
            tracing::warn!("whether control.db is what it was cannot be told: {e}");
            None
        }),
        false => audit::at_odds(store, control).map_err(ledger)?,
    };
    if let Some(why) = odds {
        return Err(DbError::Lost(why));
    }
    if let Some(held) = whole::holder(store, Some(spec.id))? {
        return Ok(Some(held));
    }
    // What cannot be recorded is not held: nothing is begun under it.
    if !is_owed(spec) {
        ledger::lease_taken(store, spec, token).map_err(ledger)?;
    }
    Ok(None)
}

/// It was launched under break-glass, and the ledger is told later.
fn is_owed(spec: &RunSpec) -> bool {
    spec.break_glass.as_ref().is_some_and(|glass| glass.unrecorded.is_some())
}

/// The lease for the whole state, for a run under break-glass; for any other what keeps it from one in control.db.
///
/// # Errors
/// It is not under break-glass; or it cannot be taken.
pub fn take_whole(store: &StateDir, spec: &RunSpec, failed: DbError, now: i64) -> Result<Hold, DbError> {
    if spec.break_glass.is_none() {
        return Err(failed);
    }
    tracing::warn!("it takes the lease for the whole state, since it can take none in control.db: {failed}");
    whole::take(store, spec, now)
}

/// Takes the lease of a run from whoever holds it: a person wants it so. What the other started and has not begun yet is
/// refused by its step runner from now on.
///
/// # Errors
/// control.db cannot be used.
pub fn break_and_take(store: &StateDir, control: &Control, spec: &RunSpec, now: i64) -> Result<Hold, DbError> {
    let wanted = spec.touched();
    for lease in control.leases(&scope(spec.work.inventory(), &spec.cwd))? {
        if lease.run != spec.id && lease.overlaps(wanted.as_deref()) {
            if let Err(e) = super::ledger::lease_broken(store, spec, lease.run) {
                tracing::error!("the audit ledger could not take a broken lease: {e}");
            }
            free(store, control, lease.run, Some(lease.token), "a person took it away")?;
        }
    }
    take(store, control, spec, now)
}

fn free_dead(store: &StateDir, control: &Control, lease: &Lease) -> Result<(), DbError> {
    free(store, control, lease.run, Some(lease.token), "nothing of it lives").map(drop)
}

/// Frees the lease of a run (with a `token` only that one), if it holds it, and records that. False: it held none.
///
/// # Errors
/// control.db cannot be used; what cannot be recorded is freed all the same.
pub fn free(store: &StateDir, control: &Control, run: Uuid, token: Option<i64>, why: &str) -> Result<bool, DbError> {
    let Some(token) = control.free_lease(run, token)? else { return Ok(false) };
    if let Err(e) = ledger::lease_freed(store, run, token, why) {
        tracing::error!("the audit ledger could not take that the lease of run {run} was freed: {e}");
    }
    Ok(true)
}

/// The live run, if any, that holds a lease on hosts which `ask` may touch. Without control.db the runs' folders tell.
///
/// # Errors
/// It cannot be told.
pub fn holder(
    store: &StateDir,
    control: Option<&Control>,
    ask: &Ask,
    cwd: &Path,
    hosts: Option<&[String]>,
) -> Result<Option<(Uuid, String)>, DbError> {
    if let Some(held) = whole::holder(store, None)? {
        return Ok(Some(held));
    }
    let Some(control) = control else {
        return whole::others(store, None, &scope(&ask.common().inventory, cwd), hosts);
    };
    for lease in control.leases(&scope(&ask.common().inventory, cwd))? {
        if !lease.overlaps(hosts) {
            continue;
        }
        if is_dead(store, &lease) {
            free_dead(store, control, &lease)?;
        } else {
            return Ok(Some((lease.run, words(store, &lease))));
        }
    }
    Ok(None)
}

/// What a kind of run does about a held lease when nobody says: ad-hoc commands are never blocked.
pub fn default_conflict(ask: &Ask) -> OnConflict {
    match ask {
        Ask::Adhoc(_) | Ask::Shell(_) => OnConflict::Warn,
        Ask::Playbook(_) => OnConflict::Refuse,
    }
}

fn is_dead(store: &StateDir, lease: &Lease) -> bool {
    let dir = store.run(lease.run);
    let unsupervised = Lock::is_held(&dir.lock()) == Answer::No;
    let Ok(mut run) = Follower::open_exact(&dir) else {
        // Its folder was removed: nothing of it can be looked at, and nothing of it is supervised.
        return unsupervised && Answer::is_there(dir.path()) == Answer::No;
    };
    // Its record is damaged: it may still be at work, and whoever knows better can break its lease.
    if run.is_lost() {
        return false;
    }
    // Its end is in its journal: whoever saw it may launch the next, as soon as its supervisor has left.
    if run.state.state.is_terminal() {
        return look::over(store, &mut run) == Answer::Yes;
    }
    if !unsupervised {
        return false;
    }
    // Its supervisor was killed. What it started may live on: then it still works on its hosts. A plan goes on whatever
    // lives of it.
    let step = run.state.last_step().max(1);
    let lives = match attach::look(&dir.step(step), &tree::mark(&lease.run.to_string(), step)) {
        attach::Found::Running(_) | attach::Found::Starting | attach::Found::Unknown(_) => true,
        // Of a directory that this one is a copy of, nobody goes on with it here.
        _ if matches!(belongs::of(store, lease.run, &run.spec), Belongs::Elsewhere(_)) => return true,
        attach::Found::Nothing | attach::Found::Ended(_) => matches!(run.spec.work, Work::Plan(_)),
    };
    // Either way somebody must bring it to its end. What is gone on with is alive: it frees its lease itself.
    let revival = match super::spawn::revive(store, lease.run) {
        Ok(revival) => revival,
        Err(e) => Revival::Unknown(format!("none could be started: {e}")),
    };
    if let Revival::Refused(why) | Revival::Unknown(why) = &revival {
        tracing::warn!("run {} has no supervisor, and gets none: {why}", lease.run);
    }
    match revival {
        Revival::Ended => true,
        Revival::Unknown(_) => false,
        Revival::Refused(_) => !lives,
        _ => !lives && ends_within(store, lease.run, ENDING),
    }
}

/// True once the run has ended, if that is soon: a supervisor that finds nothing of it alive has only its end to tell.
fn ends_within(store: &StateDir, run: Uuid, time: Duration) -> bool {
    let deadline = Instant::now() + time;
    loop {
        if super::list::is_over(store, run) == Some(true) {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Who holds it, since when, and what for.
fn words(store: &StateDir, lease: &Lease) -> String {
    let run = Follower::open(&store.run(lease.run)).ok();
    let spec = run.as_ref().map(|run| &run.spec);
    let (who, what) = match &run {
        Some(Follower { spec, state, .. }) => {
            let what = format!("{} {}, {}", spec.work.kind(), spec.work.title(), state.state_name());
            (Some(spec.operator.name.as_str()), what)
        }
        None => (None, "another run".to_owned()),
    };
    let environment = spec.filter(|spec| spec.work.ask().is_none()).map(|spec| {
        spec.environment.as_ref().map_or("the whole inventory".to_owned(), |name| format!("the whole of {name}"))
    });
    let hosts = match (&lease.hosts, environment) {
        (Some(hosts), _) if hosts.len() <= 3 => hosts.join(", "),
        (Some(hosts), _) => format!("{} hosts", hosts.len()),
        (None, Some(environment)) => environment,
        (None, None) => {
            let why = spec.as_ref().and_then(|spec| spec.open.as_deref());
            let why = why.map_or(String::new(), |why| format!(" ({why})"));
            format!("hosts that are not known before it runs{why}")
        }
    };
    let since = human::date_time(lease.taken_at);
    let of = who.map_or(String::new(), |who| format!(" of {who}"));
    text::plain(&format!("run {}{of} holds {hosts} since {since}: {what}", lease.run)).into_owned()
}

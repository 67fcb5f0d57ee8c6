//! Lists of runs, and ids from what a person types. Whoever lists also notices runs whose supervisor was killed.

use super::event::Failure;
use super::spawn::{self, Revival};
use super::{Follower, RunSpec, RunState};
use crate::state::{Filter, Index, IndexError, RunRow, StateDir};
use std::path::PathBuf;
use uuid::Uuid;

/// The index row of a run.
pub fn row(spec: &RunSpec, state: &RunState) -> RunRow {
    let count = |f: fn(&super::event::Tally) -> u32| state.hosts.values().filter(|h| f(&h.tally) > 0).count() as u32;
    RunRow {
        id: spec.id,
        kind: spec.work.kind().to_owned(),
        title: spec.work.title(),
        environment: spec.environment.clone(),
        operator: spec.operator.name.clone(),
        cwd: spec.cwd.display().to_string(),
        state: state.state_name().to_owned(),
        failure: state.failure.map(Failure::name).map(str::to_owned),
        why: state.why.clone(),
        rc: state.rc,
        created_at: spec.created_at,
        started_at: state.started_at(),
        ended_at: state.ended_at(),
        hosts: match (&spec.hosts, state.hosts.len()) {
            (Some(hosts), 0) => hosts.len() as u32,
            (_, n) => n as u32,
        },
        failed: count(|t| t.failed),
        unreachable: count(|t| t.unreachable),
        changed: count(|t| t.changed),
        check: spec.work.check(),
    }
}

/// Opens the index. One that is lost or damaged is made anew from the runs' own folders.
///
/// # Errors
/// It was written by a newer opsdeck, or the disk refuses.
pub fn open_index(store: &StateDir) -> Result<Index, IndexError> {
    let index = match Index::open(store) {
        Err(IndexError::Sql { source, .. }) if is_damaged(&source) => {
            let aside = PathBuf::from(format!("{}.damaged-{}", store.index().display(), std::process::id()));
            tracing::warn!("the index is damaged ({source}): put aside as {} and made anew", aside.display());
            for suffix in ["", "-wal", "-shm"] {
                let from = PathBuf::from(format!("{}{suffix}", store.index().display()));
                let _ = std::fs::rename(from, format!("{}{suffix}", aside.display()));
            }
            Index::open(store)?
        }
        other => other?,
    };
    if index.is_fresh() {
        for dir in std::fs::read_dir(store.runs()).into_iter().flatten().flatten() {
            let Ok(id) = dir.file_name().to_string_lossy().parse::<Uuid>() else { continue };
            if let Ok(run) = Follower::open(&store.run(id)) {
                index.put(&row(&run.spec, &run.state))?;
            }
        }
    }
    Ok(index)
}

fn is_damaged(e: &rusqlite::Error) -> bool {
    matches!(e.sqlite_error_code(), Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt))
}

/// Runs, newest first. Those that say that they live are looked at: one without a supervisor gets one.
///
/// # Errors
/// The index cannot be used.
pub fn list(store: &StateDir, index: &Index, filter: &Filter) -> Result<Vec<RunRow>, IndexError> {
    let mut rows = index.list(filter)?;
    for row in rows.iter_mut().filter(|r| r.ended_at.is_none()) {
        let dir = store.run(row.id);
        let Ok(mut run) = Follower::open(&dir) else { continue };
        let mut read_only = None;
        if !run.state.state.is_terminal() {
            match spawn::revive(store, row.id) {
                Ok(Revival::Refused(why) | Revival::Unknown(why)) => read_only = Some(why),
                Ok(_) => drop(run.poll()),
                Err(e) => tracing::warn!("run {} has no supervisor and none could be started: {e}", row.id),
            }
        }
        // The index may be a moment behind; the journal is the truth.
        *row = self::row(&run.spec, &run.state);
        row.why = read_only.or(row.why.take());
    }
    let states = &filter.states;
    rows.retain(|r| (states.is_empty() || states.contains(&r.state)) && !(filter.live && r.ended_at.is_some()));
    Ok(rows)
}

/// Why a text names no run.
#[derive(Debug, thiserror::Error)]
pub enum NoSuchRun {
    /// The index cannot be used.
    #[error("{0}")]
    Index(#[from] IndexError),
    /// None begins like that.
    #[error("no run begins with {0:?}; `opsdeck runs` lists them")]
    None(String),
    /// There is no run at all.
    #[error("there is no run yet in {0}")]
    Empty(PathBuf),
    /// Several do.
    #[error("{0:?} is not enough: {1} begin so; type more of the id")]
    Several(String, String),
}

/// The run that a person means: its id, the beginning of it, or `last` for the newest.
///
/// # Errors
/// See [`NoSuchRun`].
pub fn find(store: &StateDir, index: &Index, text: &str) -> Result<Uuid, NoSuchRun> {
    if let Ok(id) = Uuid::parse_str(text)
        && store.run(id).spec().exists()
    {
        return Ok(id);
    }
    if text == "last" {
        let newest = index.list(&Filter { limit: Some(1), ..Filter::default() })?;
        return newest.first().map(|r| r.id).ok_or_else(|| NoSuchRun::Empty(store.root().to_owned()));
    }
    let ids = index.ids_with_prefix(&text.to_ascii_lowercase(), 5)?;
    match ids.as_slice() {
        [] => Err(NoSuchRun::None(text.to_owned())),
        [id] => Ok(*id),
        several => {
            let names = several.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", ");
            Err(NoSuchRun::Several(text.to_owned(), names))
        }
    }
}

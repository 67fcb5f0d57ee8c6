//! Runs: lists, one run with all that is known of it, and what would do it again.

use super::Desk;
use crate::ansible::secrets::{SecretName, Secrets};
use crate::audit;
use crate::run::list::NoSuchRun;
use crate::run::log::LogStore;
use crate::run::look::{Looked, look};
use crate::run::outputs::{self, Group};
use crate::run::rerun::{self, unfinished};
use crate::run::state::Cell;
use crate::run::{self, Follower, Request, Revival, RunSpec, Whole, belongs, find, open_index};
use crate::state::lines::Line;
use crate::state::{Access, Answer, Control, DbError, Filter, Index, Lock, RunRow, StateDir, presence, seen};
use serde_json::Value;
use std::io;
use uuid::Uuid;

/// One run in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub row: RunRow,
    /// A supervisor watches it, or it ended. False: nobody knows how it stands.
    pub watched: bool,
}

impl Desk {
    /// The run that a person means: `last`, a number, an id or its beginning.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn find(&self, text: &str) -> Result<Uuid, NoSuchRun> {
        find(&self.state, text)
    }

    /// Runs, newest first. One that lives without a supervisor gets one, unless this desk only looks.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn runs(&self, filter: &Filter) -> Result<Vec<RunRow>, DbError> {
        let index = open_index(&self.state)?;
        if self.looks_only { run::seen(&self.state, &index, filter) } else { run::list(&self.state, &index, filter) }
    }

    /// Runs as the index has them, looked at no further; where it does not have all, as they lie there.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn listed(&self, filter: &Filter) -> Result<Vec<RunRow>, DbError> {
        let index = Index::open(&self.state)?;
        match index.is_whole()? {
            true => index.list(filter),
            false => run::seen(&self.state, &index, filter),
        }
    }

    /// The list of the newest so many runs, to be kept fresh.
    pub fn list(&self, most: u32) -> List {
        List::new(self.clone(), most)
    }

    /// A run as it is to be shown.
    ///
    /// # Errors
    /// Its files cannot be read.
    pub fn look(&self, run: Uuid) -> io::Result<Looked> {
        look(&self.state, run)
    }

    /// A run, to follow it.
    ///
    /// # Errors
    /// Its files cannot be read.
    pub fn follow(&self, run: Uuid) -> io::Result<Follower> {
        Follower::open(&self.state.run(run))
    }

    /// A run by its journal alone, for whoever decides by what it says.
    ///
    /// # Errors
    /// Its files cannot be read.
    pub fn exact(&self, run: Uuid) -> io::Result<Follower> {
        Follower::open_exact(&self.state.run(run))
    }

    /// Gives a run a supervisor where it has none; `None`: this desk starts nothing.
    ///
    /// # Errors
    /// None could be started.
    pub fn revive(&self, run: Uuid) -> io::Result<Option<Revival>> {
        if self.looks_only { Ok(None) } else { run::revive(&self.state, run).map(Some) }
    }

    /// Why a run is read-only here; `None`: it is not.
    pub fn is_read_only(&self, run: &RunSpec) -> Option<String> {
        belongs::of(&self.state, run.id, run).read_only()
    }

    /// Notes that somebody watches a run, until what is given is dropped; nobody learns of it where nothing can be written.
    pub fn watch(&self, run: Uuid) -> Option<presence::Watching> {
        if self.state.access() != Access::Write {
            return None;
        }
        presence::watch(&self.state.run(run)).inspect_err(|e| tracing::debug!("{e}")).ok()
    }

    /// Is a run in a supervisor's hands?
    pub fn is_watched(&self, run: Uuid) -> bool {
        Lock::is_held(&self.state.run(run).lock()) == Answer::Yes
    }

    /// How long the last runs of this title took there (milliseconds).
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn past(&self, title: &str, environment: Option<&str>) -> Result<Vec<i64>, DbError> {
        Index::open(&self.state)?.past_durations(title, environment)
    }

    /// The full result of a host's task, as Ansible wrote it; `None`: none came.
    ///
    /// # Errors
    /// It is not there any more.
    pub fn result(&self, run: Uuid, cell: Cell) -> io::Result<Option<Value>> {
        run::result(&self.state.run(run), cell)
    }

    /// What hosts printed, like with like.
    pub fn outputs(&self, run: Uuid, cells: &[(String, Cell)]) -> Vec<Group> {
        let dir = self.state.run(run);
        outputs::fold(&cells.iter().map(|(host, cell)| outputs::at(&dir, host, *cell)).collect::<Vec<_>>())
    }

    /// Outputs of a host that are too long for its results, and lie whole in files.
    ///
    /// # Errors
    /// A result cannot be read.
    pub fn whole(&self, run: &Follower, host: &str) -> io::Result<Vec<Whole>> {
        Whole::of(&self.state.run(run.spec.id), &run.state, host)
    }

    pub fn log(&self, run: Uuid) -> LogStore {
        LogStore::open(&self.state.run(run))
    }

    /// What would do a run again, on all hosts or on those that did not come to their end, and the names of the secrets that it
    /// had: they were not kept.
    ///
    /// # Errors
    /// Its files cannot be read.
    pub fn again(&self, run: Uuid, failed_hosts: bool) -> io::Result<(Request, Vec<SecretName>)> {
        let old = self.exact(run)?;
        let hosts = failed_hosts.then(|| unfinished(&old.spec, &old.state));
        let request = rerun::again(&self.state, &old.spec, hosts.as_deref(), Secrets::default())?;
        let secrets = old.spec.secrets.iter().filter_map(|name| name.parse().ok()).collect();
        Ok((request, secrets))
    }

    /// Notes that whoever asks looks now, where that can be written.
    ///
    /// # Errors
    /// It could be, and was not.
    pub fn looks(&self) -> io::Result<()> {
        match self.state.access() {
            Access::Write => seen::mark(&self.state, &self.who.name, super::now()),
            _ => Ok(()),
        }
    }

    /// When whoever asks looked last (Unix milliseconds); `None`: never.
    pub fn last_looked(&self) -> Option<i64> {
        seen::last(&self.state, &self.who.name)
    }
}

/// What people decided, if it is all of it.
fn decided(state: &StateDir) -> Result<Control, audit::Error> {
    let control = Control::open(state)?;
    match audit::outrun(state, &control)? {
        Some(why) => Err(audit::Error::Lost(why)),
        None => Ok(control),
    }
}

/// The list of runs, kept fresh: read again only where it may differ from what it was.
#[derive(Debug)]
pub struct List {
    desk: Desk,
    most: u32,
    /// Kept open: the index tells only an open connection that others changed it.
    index: Option<Index>,
    control: Option<Control>,
    versions: Option<(i64, i64)>,
    last: Option<Result<Vec<Item>, String>>,
    /// Or why that cannot be told.
    stopped: Result<Vec<Line>, String>,
}

impl List {
    fn new(desk: Desk, most: u32) -> Self {
        Self { desk, most, index: None, control: None, versions: None, last: None, stopped: Ok(vec![]) }
    }

    fn watched(&self, row: &RunRow) -> bool {
        row.ended_at.is_some() || Lock::is_held(&self.desk.state.run(row.id).lock()) == Answer::Yes
    }

    /// The runs, as a list that may be the same as before. `thorough`: each live one is looked at in its journal, and
    /// given a supervisor where it has none; else that is done only if the index speaks of a live one that nobody watches.
    pub fn read(&mut self, thorough: bool) -> Result<Vec<Item>, String> {
        let index = match self.index.take().filter(|index| index.is_in_place() && !index.is_fixed()) {
            Some(index) => index,
            None => run::open_index(&self.desk.state).map_err(|e| e.to_string())?,
        };
        let control = match self.control.take().filter(|control| control.is_in_place()) {
            Some(control) => Ok(control),
            None => decided(&self.desk.state),
        };
        // What was decided is another matter than what ran: that is shown all the same.
        let control = control.and_then(|control| Ok((control.stopped_lines()?, control)));
        let (control, stopped) = match control {
            Ok((lines, control)) => (Some(control), Ok(lines)),
            Err(e) => (None, Err(e.to_string())),
        };
        // Asked first: what is written from here on is seen the next time.
        self.versions = index.version().ok().zip(control.as_ref().and_then(|control| control.version().ok()));
        let filter = Filter { limit: Some(self.most), ..Filter::default() };
        let mut rows = index.list(&filter).map_err(|e| e.to_string())?;
        let whole = index.is_whole().map_err(|e| e.to_string())?;
        // What the index does not have, or what it says cannot be corrected in it.
        let by_folders = !whole || !index.is_kept();
        if self.desk.looks_only && by_folders {
            rows = run::seen(&self.desk.state, &index, &filter).map_err(|e| e.to_string())?;
        } else if !self.desk.looks_only && (thorough || by_folders || !rows.iter().all(|row| self.watched(row))) {
            rows = run::list(&self.desk.state, &index, &filter).map_err(|e| e.to_string())?;
        }
        self.stopped = stopped;
        (self.index, self.control) = (Some(index), control);
        Ok(rows.into_iter().map(|row| Item { watched: self.watched(&row), row }).collect())
    }

    /// Lines that are stopped, as they were at the last reading; or why that cannot be told.
    pub fn stopped(&self) -> &Result<Vec<Line>, String> {
        &self.stopped
    }

    /// True if the index is as it was and every live run is watched as it was: a look at a number and at a few locks.
    fn is_current(&self) -> bool {
        let Some(Ok(items)) = &self.last else { return false };
        let (Some(index), Some(control)) = (&self.index, &self.control) else { return false };
        let now = index.version().ok().zip(control.version().ok());
        let same = index.is_kept()
            && index.is_in_place()
            && control.is_in_place()
            && self.versions.is_some()
            && now == self.versions;
        let watched = |item: &Item| item.watched == self.watched(&item.row) && (item.watched || self.desk.looks_only);
        same && items.iter().all(watched)
    }

    /// The list, if it differs from the one before.
    pub fn news(&mut self) -> Option<Result<Vec<Item>, String>> {
        if self.is_current() {
            return None;
        }
        let now = self.read(false);
        if self.last.as_ref() == Some(&now) {
            return None;
        }
        self.last = Some(now.clone());
        Some(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::operator::Operator;

    fn list(state: &StateDir, looks_only: bool) -> List {
        let desk = Desk::new(state.clone(), Operator::current());
        (if looks_only { desk.looks_only() } else { desk }).list(10)
    }

    /// Of a run that lives.
    fn row() -> RunRow {
        RunRow {
            id: Uuid::now_v7(),
            number: None,
            kind: "playbook".into(),
            title: "deploy.yml".into(),
            environment: None,
            operator: "ann".into(),
            cwd: "/p".into(),
            state: "running".into(),
            failure: None,
            why: None,
            rc: None,
            created_at: 1,
            started_at: Some(1),
            ended_at: None,
            hosts: 1,
            failed: 0,
            unreachable: 0,
            changed: 0,
            check: false,
            journal: None,
        }
    }

    #[test]
    fn it_reads_again_only_when_something_changed() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("s"));
        let mut reader = list(&state, true);
        assert_eq!(reader.news(), Some(Ok(vec![])));
        assert!(reader.is_current());
        assert_eq!(reader.news(), None);
        let row = row();
        Index::open(&state).unwrap().put(&row).unwrap();
        assert!(!reader.is_current());
        let item = |watched| Item { row: row.clone(), watched };
        assert_eq!(reader.news(), Some(Ok(vec![item(false)])));
        assert!(reader.is_current(), "a read-only screen only looks");
        std::fs::create_dir_all(state.run(row.id).path()).unwrap();
        let lock = Lock::try_take(&state.run(row.id).lock()).unwrap();
        assert_eq!(reader.news(), Some(Ok(vec![item(true)])), "the index is the same, and somebody watches now");
        drop(lock);
        assert_eq!(reader.news(), Some(Ok(vec![item(false)])));
        std::fs::rename(state.index(), dir.path().join("aside")).unwrap();
        assert_eq!(reader.news(), Some(Ok(vec![])), "another index");
    }

    #[test]
    fn runs_are_listed_also_where_what_was_decided_is_gone_or_nothing_can_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("s"));
        drop(Control::open(&state).unwrap());
        let row = row();
        Index::open(&state).unwrap().put(&row).unwrap();
        std::fs::remove_file(state.control()).unwrap();
        for read_only in [false, true] {
            let mut reader = list(&state, read_only);
            let ids = |list: Vec<Item>| list.iter().map(|item| item.row.id).collect::<Vec<_>>();
            assert_eq!(reader.news().unwrap().map(ids), Ok(vec![row.id]));
            assert!(reader.stopped.as_ref().unwrap_err().contains("control.db is gone"));
            assert_eq!(reader.news(), None, "the same is no news");
        }
        std::fs::set_permissions(state.root(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        let mut reader = list(&state, true);
        assert_eq!(reader.news().unwrap().map(|list| list.len()), Ok(1), "others may write to it: it is looked at");
    }
}

//! Performs the effects of Runs and Away: the list of runs, read again when it may have changed; when the operator
//! looked last.

use super::Context;
use crate::audit;
use crate::run;
use crate::state::lines::Line;
use crate::state::{Access, Answer, Control, DbError, Filter, Index, Lock, RunRow, StateDir, seen};
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::runs::Item;
use crate::tui::screens::{away, runs};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Runs in the list at most.
const NEWEST: u32 = runs::NEWEST as u32;
/// How often the list is read again.
const EVERY: Duration = Duration::from_secs(1);
/// How often it is noted that the operator still looks, in readings of the list.
const NOTE: u32 = 20;
/// What is told to whoever looks for the first time (milliseconds): a day.
const FIRST: i64 = 86_400_000;

pub(super) fn perform(context: &Context, effect: runs::Effect) {
    match effect {
        runs::Effect::Load => {
            tell(context, Reader::new(context).read(true));
        }
        runs::Effect::Search(words) => {
            let found = search(&context.state, &words).unwrap_or_else(|e| {
                tracing::warn!("older runs could not be searched: {e}");
                vec![]
            });
            context.answer(Msg::Data(Data::Runs(runs::Data::Older(words, found))));
        }
    }
}

/// Runs whose line holds these words, of all that there are.
fn search(state: &StateDir, words: &str) -> Result<Vec<Item>, DbError> {
    let words = words.split_whitespace().map(str::to_owned).collect();
    let filter = Filter { words, limit: Some(NEWEST), ..Filter::default() };
    let rows = listed(state, &filter)?;
    Ok(rows.into_iter().map(|row| Item { watched: row.ended_at.is_some(), row }).collect())
}

/// Runs as the index has them; where it does not have all, as they lie there.
pub(super) fn listed(state: &StateDir, filter: &Filter) -> Result<Vec<RunRow>, DbError> {
    let index = Index::open(state)?;
    match index.is_whole()? {
        true => index.list(filter),
        false => run::seen(state, &index, filter),
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

/// Reads the list of runs, and only if it may differ from what it read before.
struct Reader {
    state: StateDir,
    read_only: bool,
    /// Kept open: the index tells only an open connection that others changed it.
    index: Option<Index>,
    control: Option<Control>,
    /// What both told last.
    versions: Option<(i64, i64)>,
    last: Option<Result<Vec<Item>, String>>,
    /// Or why that cannot be told.
    stopped: Result<Vec<Line>, String>,
}

impl Reader {
    fn new(context: &Context) -> Self {
        Self::of(context.state.clone(), context.read_only)
    }

    fn of(state: StateDir, read_only: bool) -> Self {
        Self { state, read_only, index: None, control: None, versions: None, last: None, stopped: Ok(vec![]) }
    }

    fn watched(&self, row: &RunRow) -> bool {
        row.ended_at.is_some() || Lock::is_held(&self.state.run(row.id).lock()) == Answer::Yes
    }

    /// The runs, as a list that may be the same as before. `thorough`: each live one is looked at in its journal, and
    /// given a supervisor where it has none; else that is done only if the index speaks of a live one that nobody watches.
    fn read(&mut self, thorough: bool) -> Result<Vec<Item>, String> {
        let index = match self.index.take().filter(|index| index.is_in_place() && !index.is_fixed()) {
            Some(index) => index,
            None => run::open_index(&self.state).map_err(|e| e.to_string())?,
        };
        let control = match self.control.take().filter(|control| control.is_in_place()) {
            Some(control) => Ok(control),
            None => decided(&self.state),
        };
        // What was decided is another matter than what ran: that is shown all the same.
        let control = control.and_then(|control| Ok((control.stopped_lines()?, control)));
        let (control, stopped) = match control {
            Ok((lines, control)) => (Some(control), Ok(lines)),
            Err(e) => (None, Err(e.to_string())),
        };
        // Asked first: what is written from here on is seen the next time.
        self.versions = index.version().ok().zip(control.as_ref().and_then(|control| control.version().ok()));
        let filter = Filter { limit: Some(NEWEST), ..Filter::default() };
        let mut rows = index.list(&filter).map_err(|e| e.to_string())?;
        let whole = index.is_whole().map_err(|e| e.to_string())?;
        // What the index does not have, or what it says cannot be corrected in it.
        let by_folders = !whole || !index.is_kept();
        if self.read_only && by_folders {
            rows = run::seen(&self.state, &index, &filter).map_err(|e| e.to_string())?;
        } else if !self.read_only && (thorough || by_folders || !rows.iter().all(|row| self.watched(row))) {
            rows = run::list(&self.state, &index, &filter).map_err(|e| e.to_string())?;
        }
        self.stopped = stopped;
        (self.index, self.control) = (Some(index), control);
        Ok(rows.into_iter().map(|row| Item { watched: self.watched(&row), row }).collect())
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
        let watched = |item: &Item| item.watched == self.watched(&item.row) && (item.watched || self.read_only);
        same && items.iter().all(watched)
    }

    /// The list, if it differs from the one before.
    fn news(&mut self) -> Option<Result<Vec<Item>, String>> {
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

/// False: nobody listens.
fn tell(context: &Context, list: Result<Vec<Item>, String>) -> bool {
    let data = match list {
        Ok(items) => runs::Data::Rows(items),
        Err(why) => runs::Data::Failed(why),
    };
    context.answer(Msg::Data(Data::Runs(data)))
}

/// What happened since the operator looked last; from then on the list is kept fresh, and that they look is noted.
pub(super) fn look(context: &Context, effect: &away::Effect) {
    let away::Effect::Look = effect;
    if context.looking.swap(true, Ordering::SeqCst) {
        return;
    }
    let context = context.clone();
    let thread = std::thread::Builder::new().name("runs".into());
    let started = thread.spawn(move || {
        let mut reader = Reader::new(&context);
        let last = seen::last(&context.state, &context.operator.name);
        let since = last.unwrap_or_else(|| crate::tui::app::now().ms - FIRST);
        let happened = |i: &Item| i.row.created_at > since || i.row.ended_at.is_none_or(|at| at > since);
        match reader.read(true) {
            Ok(items) => {
                let items = items.into_iter().filter(happened).collect();
                context.answer(Msg::Data(Data::Away(away::Data::Since { since, first: last.is_none(), items })));
            }
            Err(why) => tracing::warn!("what happened while {} was away is not known: {why}", context.operator.name),
        }
        let mut stopped = Ok(vec![]);
        for turn in 0u32.. {
            if turn % NOTE == 0
                && context.state.access() == Access::Write
                && let Err(e) = seen::mark(&context.state, &context.operator.name, crate::tui::app::now().ms)
            {
                tracing::warn!("it can't be noted that {} looks: {e}", context.operator.name);
            }
            if reader.news().is_some_and(|list| !tell(&context, list)) {
                return;
            }
            if stopped != reader.stopped {
                stopped.clone_from(&reader.stopped);
                if !context.answer(Msg::Data(Data::Runs(runs::Data::Stopped(stopped.clone())))) {
                    return;
                }
            }
            std::thread::sleep(EVERY);
        }
    });
    if let Err(e) = started {
        tracing::error!("no thread to read the list of runs: {e}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_again_only_when_something_changed() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("s"));
        let mut reader = Reader::of(state.clone(), true);
        assert_eq!(reader.news(), Some(Ok(vec![])));
        assert!(reader.is_current());
        assert_eq!(reader.news(), None);
        let row = runs::tests::items().remove(1).row;
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
        let row = runs::tests::items().remove(1).row;
        Index::open(&state).unwrap().put(&row).unwrap();
        std::fs::remove_file(state.control()).unwrap();
        for read_only in [false, true] {
            let mut reader = Reader::of(state.clone(), read_only);
            let ids = |list: Vec<Item>| list.iter().map(|item| item.row.id).collect::<Vec<_>>();
            assert_eq!(reader.news().unwrap().map(ids), Ok(vec![row.id]));
            assert!(reader.stopped.as_ref().unwrap_err().contains("control.db is gone"));
            assert_eq!(reader.news(), None, "the same is no news");
        }
        std::fs::set_permissions(state.root(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        let mut reader = Reader::of(state.clone(), true);
        assert_eq!(reader.news().unwrap().map(|list| list.len()), Ok(1), "others may write to it: it is looked at");
    }
}

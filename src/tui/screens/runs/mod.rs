//! Runs: live and past, of everybody on this control host; filtered, sorted, in groups by state.

mod actions;
mod rows;
#[cfg(test)]
pub mod tests;
mod view;

use super::{Screen, ScreenId, release};
pub use crate::api::Item;
use crate::recovery;
use crate::release::state::At;
use crate::release::supervise;
use crate::run::State;
use crate::state::lines::Line;
use crate::text;
use crate::tui::effect;
use crate::tui::hits::Target;
use crate::tui::list::{List, Motion};
use crate::tui::model::Model;
use crate::tui::msg::Level;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::sign::{self, Sign};
use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};
pub use rows::{Row, Sort};
use uuid::Uuid;
pub use view::{line, numbers};

pub const SCREEN: Screen = Screen {
    actions: actions::ACTIONS,
    typing: |m| m.runs.typing,
    key,
    paste: |m, text| {
        m.runs.filter.paste(text);
        refresh(m);
        search(m)
    },
    motion,
    mouse,
    enter: |_| vec![effect::Effect::Runs(Effect::Load)],
    ..Screen::plain(ScreenId::Runs, view::view)
};

/// Runs in the list at most, newest first; older ones are searched for.
pub const NEWEST: usize = 2_000;

/// Name of the list in the hits.
const LIST: &str = "runs";

impl Item {
    /// Its state; that of a machine of its own is what it counts as, a word of a newer version is unknown.
    pub fn state(&self) -> State {
        let plain = || State::ALL.into_iter().find(|s| s.name() == self.row.state).unwrap_or(State::Unknown);
        self.own().map_or_else(plain, |(state, _)| state)
    }

    /// How its state is shown.
    fn sign(&self) -> Sign {
        match self.own() {
            Some((state, sign)) if self.watched || state.is_terminal() => sign,
            _ => sign::run(self.state(), self.watched),
        }
    }

    /// What the state of its own machine counts as and how it is shown, if it has one: a release, a recovery.
    fn own(&self) -> Option<(State, Sign)> {
        let name = &self.row.state;
        match self.row.kind.as_str() {
            supervise::KIND => At::named(name).map(|at| (at.counts_as(), release::signs::at(at))),
            recovery::KIND => recovery::state::At::named(name).map(|at| (at.counts_as(), super::run::recovery::at(at))),
            _ => None,
        }
    }

    /// It goes no further until a person says so, or a pause is over.
    pub fn waits(&self) -> bool {
        let at = At::named(&self.row.state).filter(|_| self.row.kind == supervise::KIND);
        matches!(at, Some(At::NeedsOperator | At::AwaitingApproval | At::Paused))
    }

    /// It is only watched whether it stays well: nothing is done any more, and its time counts no further.
    fn is_only_watched(&self) -> bool {
        self.row.kind == recovery::KIND && self.row.state == recovery::state::At::Probation.name()
    }
}

/// What arrives for this screen.
#[derive(Debug)]
pub enum Data {
    Rows(Vec<Item>),
    /// Older runs that hold the words of a filter.
    Older(String, Vec<Item>),
    /// Environments whose line is stopped, or why nobody can tell.
    Stopped(Result<Vec<Line>, String>),
    /// They could not be read.
    Failed(String),
}

/// What this screen wants done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Read the list, and again when it changes.
    Load,
    /// Look for these words in all runs, those that are too old for the list too.
    Search(String),
}

#[derive(Debug, Default)]
pub struct Runs {
    /// What is known, newest first; `None`: not read yet.
    items: Option<Vec<Item>>,
    /// Runs at the end of `items` that are too old for the list: they were searched for.
    older: usize,
    /// Why the list could not be read the last time.
    problem: Option<String>,
    /// What is shown: heads and places in `items`.
    rows: Vec<Row>,
    list: List,
    sort: Sort,
    grouped: bool,
    live_only: bool,
    filter: Field,
    typing: bool,
}

impl Runs {
    /// The run under the cursor.
    pub fn current(&self) -> Option<&Item> {
        match self.rows.get(self.list.cursor)? {
            Row::Run(i) => self.items.as_ref()?.get(*i),
            Row::Head { .. } => None,
        }
    }

    fn take_older(&mut self) -> Vec<Item> {
        let Some(items) = &mut self.items else { return Vec::new() };
        items.split_off(items.len() - std::mem::take(&mut self.older))
    }

    fn add_older(&mut self, mut older: Vec<Item>) {
        let Some(items) = &mut self.items else { return };
        let last = items.last().map(|item| item.row.id);
        older.retain(|item| last.is_none_or(|last| item.row.id < last));
        self.older = older.len();
        items.append(&mut older);
    }

    /// What is known of a run.
    pub fn find(&self, id: Uuid) -> Option<&Item> {
        self.items.as_ref()?.iter().find(|i| i.row.id == id)
    }
}

pub fn arrived(model: &mut Model, data: Data) -> Vec<effect::Effect> {
    match data {
        Data::Rows(items) => {
            model.live_runs = Some(items.iter().filter(|i| !i.state().is_terminal()).count());
            let older = model.runs.take_older();
            (model.runs.items, model.runs.problem) = (Some(items), None);
            model.runs.add_older(older);
        }
        // What was asked for before the last key is not what is asked for now.
        Data::Older(words, _) if words != model.runs.filter.text() => return vec![],
        Data::Older(_, items) => {
            model.runs.take_older();
            model.runs.add_older(items);
        }
        Data::Stopped(lines) => {
            if let Err(why) = &lines {
                model.toast(Level::Error, text::plain(why).into_owned());
            }
            model.stopped = lines.ok();
            return vec![];
        }
        Data::Failed(why) => model.runs.problem = Some(why),
    }
    refresh(model);
    vec![]
}

/// Makes the rows anew; the cursor stays on its run.
fn refresh(model: &mut Model) {
    let page = model.page(LIST);
    let s = &mut model.runs;
    let kept = s.current().map(|i| i.row.id);
    let items = s.items.as_deref().unwrap_or_default();
    s.rows = rows::rows(items, s.filter.text(), s.live_only, s.sort, s.grouped);
    let at = s.rows.iter().position(|r| matches!(r, Row::Run(i) if Some(items[*i].row.id) == kept));
    let first = s.rows.iter().position(|r| matches!(r, Row::Run(_))).unwrap_or(0);
    s.list.select(at.unwrap_or(first), s.rows.len(), page);
}

fn motion(model: &mut Model, motion: Motion) -> Vec<effect::Effect> {
    let page = model.page(LIST);
    let s = &mut model.runs;
    s.list.motion(motion, s.rows.len(), page);
    // A head is nothing to stand on: on in the same direction, back where there is nothing more.
    let head = |s: &Runs| matches!(s.rows.get(s.list.cursor), Some(Row::Head { .. }));
    if head(s) {
        let up = matches!(motion, Motion::Up | Motion::PageUp) && s.list.cursor > 0;
        s.list.motion(if up { Motion::Up } else { Motion::Down }, s.rows.len(), page);
    }
    vec![]
}

fn key(model: &mut Model, key: KeyEvent) -> Option<Vec<effect::Effect>> {
    if !model.runs.typing {
        return None;
    }
    match key.code {
        KeyCode::Enter => model.runs.typing = false,
        KeyCode::Esc => {
            model.runs.typing = false;
            model.runs.filter.set("");
            refresh(model);
        }
        KeyCode::Up => return Some(motion(model, Motion::Up)),
        KeyCode::Down => return Some(motion(model, Motion::Down)),
        _ => {
            if model.runs.filter.key(key)? {
                refresh(model);
                return Some(search(model));
            }
        }
    }
    Some(vec![])
}

/// Where the list is cut off, what a filter looks for may lie behind its end.
fn search(model: &Model) -> Vec<effect::Effect> {
    let s = &model.runs;
    let cut = s.items.as_ref().is_some_and(|items| items.len() - s.older >= NEWEST);
    let words = s.filter.text();
    let asked = cut && !words.trim().is_empty();
    asked.then(|| effect::Effect::Runs(Effect::Search(words.to_owned()))).into_iter().collect()
}

fn mouse(model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<effect::Effect> {
    match (event.kind, target) {
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Row { list: LIST, index })) => {
            let again = model.runs.list.cursor == index;
            let (len, page) = (model.runs.rows.len(), model.page(LIST));
            model.runs.list.select(index, len, page);
            if again { actions::open(model) } else { vec![] }
        }
        (MouseEventKind::ScrollUp, _) => motion(model, Motion::Up),
        (MouseEventKind::ScrollDown, _) => motion(model, Motion::Down),
        _ => vec![],
    }
}

//! One run: its machine, its hosts and tasks, the error that matters, its output. The same for live and past ones.

mod actions;
mod data;
mod groups;
mod keys;
mod logs;
mod look;
mod machine;
mod panes;
mod plan;
pub mod recovery;
mod stop;
#[cfg(test)]
pub mod tests;
mod view;

use super::{Request, Screen, ScreenId};
use crate::recovery::watch::Watched;
use crate::run::log::LogStore;
use crate::run::state::Cell;
use crate::run::{RunSpec, RunState};
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::log::LogPane;
use crate::tui::widgets::matrix::Cursor;
use crate::tui::widgets::order::{Order, Wish};
use crate::tui::widgets::result::Line;
pub use data::{Data, arrived};
use groups::Groups;
pub use look::PANES;
pub use panes::draw_in as draw_panes;
use uuid::Uuid;
pub use view::inner;

pub const SCREEN: Screen = Screen {
    crumbs: view::crumbs,
    actions: actions::ACTIONS,
    shared: PANES,
    typing: |m| m.run.typing != Typing::No || m.run.stop.is_some(),
    key: keys::key,
    paste: |m, text| {
        if m.run.typing != Typing::No {
            m.run.line.paste(text);
            keys::typed(m);
        }
        vec![]
    },
    motion: keys::motion,
    mouse: keys::mouse,
    enter: |m| m.run.id.map(|id| effect::Effect::Run(Effect::Open(id))).into_iter().collect(),
    asked: |m, request| if let Request::Run(id) = request { open(m, id) } else { vec![] },
    settle: logs::settle,
    ..Screen::plain(ScreenId::Run, view::view)
};

/// Names of the parts in the hits. A cell of the matrix is found by its row (`CELLS`, the task's place) and by the
/// column under the pointer (`COLUMNS`, the host's place).
pub const GRID: &str = "run.grid";
pub const RESULT: &str = "run.result";
/// A row of the list of hosts.
pub const HOSTS: &str = "run.hosts";

pub const GROUPS: &str = "run.groups";

pub const LOG: &str = "run.log";

/// Hosts that one task's row can have in a packed place.
pub const PACK: usize = 1 << 20;

/// Which part has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The matrix, or the list of hosts.
    #[default]
    Grid,
    /// The result that is unfolded.
    Result,
    Log,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Typing {
    #[default]
    No,
    /// A part of a host's name.
    Host,
    /// What to search in the output.
    Search,
    /// Which lines of the output to show.
    Only,
}

impl Typing {
    /// The word before the field.
    fn word(self) -> &'static str {
        match self {
            Typing::No => "",
            Typing::Host => " host: ",
            Typing::Search => " search: ",
            Typing::Only => " only lines with (! without): ",
        }
    }
}

/// A run as far as it was read.
#[derive(Debug)]
pub struct Opened {
    /// Index of the environment that it acts on: what the top line wears, and what guards it.
    pub env: Option<usize>,
    pub spec: Box<RunSpec>,
    pub state: Box<RunState>,
    /// What is wrong with its journal.
    pub damage: Option<String>,
    pub log: LogStore,
    /// The recovery that it is, if it is one.
    recovery: Option<Watched>,
}

impl Opened {
    /// A run as far as it is known; what it is beyond that is worked out once, not for every frame.
    pub fn new(env: Option<usize>, spec: RunSpec, state: RunState, damage: Option<String>, log: LogStore) -> Self {
        let recovery = Watched::of(&spec, &state);
        Opened { env, spec: Box::new(spec), state: Box::new(state), damage, log, recovery }
    }
}

/// One host's result of one task.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub task: u32,
    pub host: u32,
    /// Its lines; `None`: being read. Or why it could not be read.
    pub lines: Option<Result<Vec<Line>, String>>,
    pub top: usize,
    /// All of it, not only the first forty lines.
    pub unfolded: bool,
}

#[derive(Debug, Default)]
pub struct Run {
    /// Which run; `None` until one was opened.
    pub id: Option<Uuid>,
    opened: Option<Opened>,
    /// Why it could not be read.
    problem: Option<String>,
    /// A supervisor watches it; `None`: not known yet.
    watched: Option<bool>,
    /// How long the same thing took before (milliseconds).
    past: Vec<i64>,
    wish: Wish,
    order: Order,
    cursor: Cursor,
    /// The cursor stays on the newest task.
    follow: bool,
    /// A row a host instead of the matrix.
    by_host: bool,
    /// What the hosts said, folded, instead of either.
    by_group: bool,
    groups: Groups,
    pane: Pane,
    zoom: bool,
    result: Option<Shown>,
    /// The person chose what is unfolded: news of another error does not replace it.
    chosen: bool,
    log: LogPane,
    /// The output may have grown since the pane took it in.
    grown: bool,
    /// A [`Effect::More`] is under way.
    more: bool,
    /// What is being typed, and what for.
    line: Field,
    typing: Typing,
    /// Place in the stop menu, while it is open.
    stop: Option<usize>,
}

/// Opens a run and goes to its screen.
pub fn open(model: &mut Model, id: Uuid) -> Vec<effect::Effect> {
    if model.run.id != Some(id) {
        model.release.forget();
        model.run = Run { id: Some(id), follow: true, log: LogPane::new(), ..Run::default() };
    }
    model.go(ScreenId::Run)
}

/// What was asked in the run that is open, and what happened so far.
pub fn opened(model: &Model) -> Option<(&RunSpec, &RunState)> {
    model.run.opened.as_ref().map(|o| (&*o.spec, &*o.state))
}

/// Shows only tasks of these steps and the hosts that have a part in them; none: all.
pub fn only_steps(model: &mut Model, steps: Vec<u32>) {
    if model.run.wish.steps != steps {
        model.run.wish.steps = steps;
        model.run.reorder();
    }
}

/// Somebody watches the run that is open, or it ended.
pub fn watched(model: &Model) -> bool {
    model.run.is_watched()
}

/// When its last event happened (Unix milliseconds).
pub fn seen(model: &Model) -> i64 {
    model.run.state().map_or(0, |s| s.updated_at)
}

/// One of its parts has the whole screen.
pub fn is_zoomed(model: &Model) -> bool {
    model.run.zoom
}

impl Run {
    /// What happened, if it was read.
    fn state(&self) -> Option<&RunState> {
        self.opened.as_ref().map(|o| &*o.state)
    }

    /// Index of the environment that it acts on.
    pub fn environment(&self) -> Option<usize> {
        self.opened.as_ref()?.env
    }

    /// It is known that it lives and somebody watches it, or it ended. Until the contrary is known it is believed.
    fn is_watched(&self) -> bool {
        self.watched.unwrap_or(true)
    }

    /// It has not ended, and somebody watches it.
    fn is_live(&self) -> bool {
        self.is_watched() && self.state().is_some_and(|s| !s.state.is_terminal())
    }

    /// The part that has the keys.
    fn focus(&self) -> Pane {
        if self.pane == Pane::Result && self.result.is_none() { Pane::Grid } else { self.pane }
    }

    /// Makes the order anew; the cursor stays on its task and host, or follows the newest task.
    fn reorder(&mut self) {
        let Some(o) = &self.opened else { return };
        let kept = (self.order.tasks.get(self.cursor.task).copied(), self.order.hosts.get(self.cursor.host).copied());
        self.order = crate::tui::widgets::order::order(&o.state, &self.wish);
        let place = |list: &[u32], kept: Option<u32>| kept.and_then(|k| list.iter().position(|x| *x == k));
        self.cursor.task = match self.follow {
            true => self.order.tasks.len().saturating_sub(1),
            false => place(&self.order.tasks, kept.0).unwrap_or(0),
        };
        self.cursor.host = place(&self.order.hosts, kept.1).unwrap_or(0);
    }

    /// Puts the cursor on a task and a host, showing them if a filter hid them.
    fn jump(&mut self, task: u32, host: u32) {
        if !self.order.tasks.contains(&task) || !self.order.hosts.contains(&host) {
            (self.wish.failed_only, self.follow) = (false, false);
            self.wish.host.clear();
            self.reorder();
        }
        self.follow = false;
        self.cursor.task = self.order.tasks.iter().position(|t| *t == task).unwrap_or(0);
        self.cursor.host = self.order.hosts.iter().position(|h| *h == host).unwrap_or(0);
    }

    /// Task and host under the cursor.
    fn under_cursor(&self) -> Option<(u32, u32)> {
        Some((*self.order.tasks.get(self.cursor.task)?, *self.order.hosts.get(self.cursor.host)?))
    }

    /// Unfolds a result: the effect reads it.
    fn unfold(&mut self, task: u32, host: u32) -> Vec<effect::Effect> {
        let Some((state, id)) = self.state().zip(self.id) else { return vec![] };
        let cell: Cell = state.tasks.get(task as usize).map(|t| t.cell(host as usize)).unwrap_or_default();
        if self.result.as_ref().is_some_and(|r| (r.task, r.host) == (task, host) && r.lines.is_some()) {
            return vec![];
        }
        self.result = Some(Shown { task, host, lines: None, top: 0, unfolded: false });
        vec![effect::Effect::Run(Effect::Result { id, task, host, cell })]
    }
}

/// What this screen wants done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Read a run and go on reading as it grows; the one that was followed before is left.
    Open(Uuid),
    /// Answer with [`Data::More`] at once, so that keys come between.
    More(Uuid),
    Result {
        id: Uuid,
        task: u32,
        host: u32,
        /// Where it lies.
        cell: Cell,
    },
    /// Read and fold what the hosts said at these places.
    Groups {
        id: Uuid,
        cells: Vec<(String, Cell)>,
    },
    Stop {
        id: Uuid,
        level: crate::run::event::StopLevel,
    },
    /// Find out what would do it again.
    Again {
        id: Uuid,
        /// Only on the hosts that failed or were not reached.
        failed_hosts: bool,
    },
}

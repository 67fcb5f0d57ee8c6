//! What the Run screen knows, what arrives for it and what it wants done.

use crate::ansible::secrets::SecretName;
use crate::recovery::watch::Watched;
use crate::run::RunSpec;
use crate::run::RunState;
use crate::run::log::LogStore;
use crate::run::outputs::Group;
use crate::run::state::Cell;
use crate::tui::model::secrets::Sealed;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::log::LogPane;
use crate::tui::widgets::matrix::Cursor;
use crate::tui::widgets::order::Order;
use crate::tui::widgets::order::Wish;
use crate::tui::widgets::result::Line;
use uuid::Uuid;

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

/// What arrives for this screen. What comes for another run than the one in sight is late, and left out.
#[derive(Debug)]
pub enum Data {
    Opened(Uuid, Box<Opened>),
    /// It could not be.
    Failed(Uuid, String),
    /// Its journal has gained these lines; what is wrong with it, if something is.
    Grown(Uuid, crate::run::Grown),
    /// Whether a supervisor watches it.
    Watched(Uuid, bool),
    /// How long the same thing took before (milliseconds).
    Past(Uuid, Vec<i64>),
    Result {
        id: Uuid,
        task: u32,
        host: u32,
        /// Its lines, or why not.
        lines: Result<Vec<Line>, String>,
    },
    /// What the hosts said was read and folded.
    Groups(Uuid, Vec<Group>),
    /// Go on with what is under way in the output.
    More(Uuid),
    /// What would do the run again, and the names of the passwords that it had.
    Again {
        id: Uuid,
        /// As it would be launched.
        request: Sealed,
        /// Names of passwords and private answers.
        secrets: Vec<SecretName>,
    },
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
    pub recovery: Option<Watched>,
}

#[derive(Debug, Default)]
pub struct Run {
    /// Which run; `None` until one was opened.
    pub id: Option<Uuid>,
    pub opened: Option<Opened>,
    /// Why it could not be read.
    pub problem: Option<String>,
    /// A supervisor watches it; `None`: not known yet.
    pub watched: Option<bool>,
    /// How long the same thing took before (milliseconds).
    pub past: Vec<i64>,
    pub wish: Wish,
    pub order: Order,
    pub cursor: Cursor,
    /// The cursor stays on the newest task.
    pub follow: bool,
    /// A row a host instead of the matrix.
    pub by_host: bool,
    /// What the hosts said, folded, instead of either.
    pub by_group: bool,
    pub groups: Groups,
    pub pane: Pane,
    pub zoom: bool,
    pub result: Option<Shown>,
    /// The person chose what is unfolded: news of another error does not replace it.
    pub chosen: bool,
    pub log: LogPane,
    /// The output may have grown since the pane took it in.
    pub grown: bool,
    /// A [`Effect::More`] is under way.
    pub more: bool,
    /// What is being typed, and what for.
    pub line: Field,
    pub typing: Typing,
    /// Place in the stop menu, while it is open.
    pub stop: Option<usize>,
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

/// What is known of the outputs.
#[derive(Debug, Default)]
pub struct Groups {
    pub list: Vec<Group>,
    /// Event of the run up to which they were asked for.
    pub asked: u64,
    pub busy: bool,
    pub top: usize,
}

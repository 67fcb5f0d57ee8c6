//! What the Health screen knows, what arrives for it and what it wants done.

use crate::health::board::Board;
use crate::health::breaker::Breaker;
use crate::health::breaker::Forcing;
use crate::health::breaker::Input;
use crate::health::breaker::Key;
use crate::health::record::Raw;
use crate::health::silence::Silences;
use crate::health::silence::Word;
use crate::recovery::incident::Incident;
use crate::tui::list::List;
use crate::tui::widgets::field::Field;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What this screen wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Read the last answers of a probe.
    Answers {
        env: usize,
        /// The host; `None`: asked once for all.
        host: Option<String>,
        probe: String,
    },
    /// Say a person's word over a breaker; answered by a toast.
    Force { key: Key, input: Input, reason: String },
    /// Take incidents of recovery over; answered by a toast.
    TakeOver {
        ids: Vec<Uuid>,
        /// Why, where that was said.
        reason: Option<String>,
    },
    /// Silence something, or lift that; answered by a toast.
    Silence {
        word: Word,
        /// Until when (Unix milliseconds); `None`: lift it.
        until: Option<i64>,
    },
}

/// What arrives for this screen.
#[derive(Debug)]
pub enum Data {
    Picture(Box<Picture>),
    /// It could not be read, and why.
    Failed {
        env: usize,
        why: String,
    },
    /// The last answers of a probe.
    Answers {
        env: usize,
        /// The host; `None`: asked once for all.
        host: Option<String>,
        probe: String,
        /// They, newest first, or why not.
        raws: Result<Vec<Raw>, String>,
    },
}

/// How an environment is, as it was read at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pub env: usize,
    /// The moment (Unix milliseconds).
    pub at: i64,
    /// It holds every host; else only those of which anything is known.
    pub whole: bool,
    pub board: Board,
    /// Who polls, and since when (Unix milliseconds); `None`: nobody.
    pub poller: Option<(String, i64)>,
    /// Breakers that have anything to tell.
    pub breakers: Vec<(Key, Breaker)>,
    pub silences: Silences,
    /// What recovery has in hand.
    pub incidents: Vec<Incident>,
}

#[derive(Debug, Default)]
pub struct Health {
    /// What was read last, of whichever environment.
    pub picture: Option<Picture>,
    /// Why an environment could not be read the last time.
    pub problem: Option<(usize, String)>,
    pub choice: Choice,
    pub filter: Field,
    pub typing: bool,
    pub lines: Vec<Line>,
    pub list: List,
    /// The cursor was moved, so that it stays with its line.
    pub moved: bool,
    pub face: Face,
    /// A person's word over a breaker or a silence, while it is typed.
    pub form: Option<Form>,
}

/// What is said, while it is typed.
#[derive(Debug)]
pub struct Form {
    pub what: What,
    pub chosen: usize,
    pub time: Field,
    pub reason: Field,
    /// The keyboard is at the time, not at the reason.
    pub at_time: bool,
    pub mistake: Option<String>,
}

#[derive(Debug)]
pub enum What {
    /// Of a breaker; `None`: it is left to itself again.
    Force(Key, Option<Forcing>),
    /// One of these is silent.
    Silence(Vec<Offer>),
    /// One of these is silent no more; how it is now.
    Lift(Vec<Offer>, String),
    /// A person takes these incidents over; what they are.
    TakeOver(Vec<Uuid>, String),
}

/// One thing that can be chosen.
#[derive(Debug)]
pub struct Offer {
    /// What it is about, in words.
    pub head: String,
    /// The word, without a reason yet.
    pub word: Word,
}

/// What the screen shows below its head.
#[derive(Debug, Default)]
pub enum Face {
    #[default]
    Table,
    /// The last answers of one.
    Answers(Answers),
    Wall(Wall),
}

/// Where the cursor stands.
#[derive(Debug, Default)]
pub struct Wall {
    pub cursor: usize,
}

/// Whose answers, and what is known of them.
#[derive(Debug)]
pub struct Answers {
    /// The host; `None`: asked once for all.
    pub host: Option<String>,
    /// The probe, under whose name they are kept.
    pub probe: String,
    /// The check that was opened.
    pub check: String,
    /// They, or why not; `None`: not read yet.
    pub raws: Option<Result<Vec<Raw>, String>>,
    pub list: List,
}

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// A common cause, by its place among the board's.
    Cause(usize),
    /// A row, by its place among the board's.
    Row {
        at: usize,
        /// It stands under its cause.
        under: bool,
    },
}

/// What is shown of a board.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub sort: Sort,
    /// Only what is not well.
    pub loud: bool,
    /// Words that a row must hold, in lower case.
    pub words: Vec<String>,
    /// Only this host.
    pub host: Option<String>,
    /// Causes that are open, by `name`.
    pub open: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The worst first, common causes folded.
    #[default]
    Worst,
    Newest,
    Host,
    Check,
}

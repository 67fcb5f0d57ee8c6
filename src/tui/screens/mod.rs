//! The screens: each a record of functions over the model, a state, and a `Data` and an `Effect` type of its own.

pub mod audit;
pub mod away;
pub mod diagnostics;
pub mod fleet;
pub mod health;
pub mod launch;
pub mod release;
pub mod releases;
pub mod run;
pub mod runs;

use super::actions::Action;
use super::effect::Effect;
use super::hits::{Hits, Target};
use super::list::Motion;
use super::model::Model;
use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Every screen, in the order of the help.
pub const ALL: &[&Screen] = &[
    &fleet::SCREEN,
    &launch::SCREEN,
    &releases::SCREEN,
    &runs::SCREEN,
    &run::SCREEN,
    &release::SCREEN,
    &audit::SCREEN,
    &health::SCREEN,
    &diagnostics::SCREEN,
    &away::SCREEN,
];

pub struct Screen {
    /// Its name, also the first part of its actions' ids.
    pub name: &'static str,
    /// Its part of the breadcrumbs.
    pub crumbs: fn(&Model) -> Vec<String>,
    /// What can be done on it.
    pub actions: &'static [Action],
    /// What it has in common with another screen; its own actions come first where both have a key.
    pub shared: &'static [Action],
    /// True while a text field has the keyboard: printable keys then go to `key` first and are never commands.
    pub typing: fn(&Model) -> bool,
    /// A key that no action has (while typing: every key first). `None`: not wanted.
    pub key: fn(&mut Model, KeyEvent) -> Option<Vec<Effect>>,
    pub paste: fn(&mut Model, &str) -> Vec<Effect>,
    pub motion: fn(&mut Model, Motion) -> Vec<Effect>,
    /// The mouse, on something that is no action. The wheel comes with the target under it, too.
    pub mouse: fn(&mut Model, MouseEvent, Option<Target>) -> Vec<Effect>,
    pub enter: fn(&mut Model) -> Vec<Effect>,
    /// It is left behind for good: what must not stay (secrets) goes.
    pub leave: fn(&mut Model),
    /// Draws it, and says what lies where. The area lacks the top line and the footer.
    pub view: fn(&Model, &mut Frame, Rect, &mut Hits),
}

impl Screen {
    /// A screen that has nothing but a view; fill in the rest with `..Screen::plain(...)`.
    pub const fn plain(name: &'static str, view: fn(&Model, &mut Frame, Rect, &mut Hits)) -> Self {
        Self {
            name,
            crumbs: |_| vec![],
            actions: &[],
            shared: &[],
            typing: |_| false,
            key: |_, _| None,
            paste: |_, _| vec![],
            motion: |_, _| vec![],
            mouse: |_, _, _| vec![],
            enter: |_| vec![],
            leave: |_| (),
            view,
        }
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Screen({})", self.name)
    }
}

//! What lies above the screen and takes the keyboard: its state.

use crate::tui::actions::Action;
use crate::tui::list::List;
use crate::tui::theme::Theme;
use crate::tui::widgets::field::Field;

/// An overlay and its state.
#[derive(Debug)]
pub enum Overlay {
    /// `?` and `:`.
    Menu(Menu),
    /// A question before something dangerous.
    Confirm(Confirm),
    Themes(Picker),
}

#[derive(Debug)]
pub struct Menu {
    pub kind: Kind,
    pub filter: Field,
    pub list: List,
}

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `?`: keys first.
    Help,
    /// `:`: names first.
    Palette,
}

#[derive(Debug)]
pub struct Confirm {
    pub action: &'static Action,
    pub lines: Vec<String>,
    /// What must be typed, where anything must.
    pub typing: Option<Typing>,
    pub typed: Field,
    /// Another name was typed and meant.
    pub wrong: bool,
    /// True: the button that goes on has the focus; else Cancel.
    pub go: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Typing {
    Name(String),
    Reason,
}

#[derive(Debug)]
pub struct Picker {
    pub before: Theme,
    pub list: List,
}

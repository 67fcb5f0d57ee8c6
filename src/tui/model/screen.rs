//! What a screen is: a record of functions over the model, named by its id. Screens do not know each other: one goes to another by
//! its id, and asks something of it by a [`Request`].

use super::Model;
use super::action::Action;
use super::secrets::Sealed;
use crate::ansible::secrets::SecretName;
use crate::tui::effect::Effect;
use crate::tui::hits::{Hits, Target};
use crate::tui::list::Motion;
use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScreenId {
    Fleet,
    Launch,
    Releases,
    Runs,
    Run,
    Release,
    Audit,
    Health,
    Diagnostics,
    Away,
}

impl ScreenId {
    /// Its name, also the first part of its actions' ids.
    pub const fn name(self) -> &'static str {
        match self {
            ScreenId::Fleet => "fleet",
            ScreenId::Launch => "launch",
            ScreenId::Releases => "releases",
            ScreenId::Runs => "runs",
            ScreenId::Run => "run",
            ScreenId::Release => "release",
            ScreenId::Audit => "audit",
            ScreenId::Health => "health",
            ScreenId::Diagnostics => "diagnostics",
            ScreenId::Away => "away",
        }
    }
}

/// What one screen asks of another. Where there is no such screen, nothing happens.
#[derive(Debug)]
pub enum Request {
    /// Show this run.
    Run(Uuid),
    /// Fill the form with what would do a run again, and the names of the passwords that it had.
    Again { request: Sealed, secrets: Vec<SecretName> },
    /// A run was read and is open.
    RunOpened,
    /// The run that is open has gained events.
    RunGrown,
}

impl Request {
    fn to(&self) -> ScreenId {
        match self {
            Request::Run(_) => ScreenId::Run,
            Request::Again { .. } => ScreenId::Launch,
            Request::RunOpened | Request::RunGrown => ScreenId::Release,
        }
    }
}

/// Where there are no screens.
static NOWHERE: Screen = Screen::plain(ScreenId::Fleet, |_, _, _, _| ());

impl Model {
    fn find(&self, id: ScreenId) -> Option<&'static Screen> {
        self.screens.iter().copied().find(|screen| screen.id == id)
    }

    /// The screen in sight.
    pub fn screen(&self) -> &'static Screen {
        self.stack.last().copied().unwrap_or(&NOWHERE)
    }

    pub fn is_at(&self, id: ScreenId) -> bool {
        self.screen().id == id
    }

    /// Puts a screen in sight: back to it if it is among those behind, else on top of them. The caller runs its `enter`.
    pub fn show(&mut self, id: ScreenId) {
        match self.stack.iter().position(|screen| screen.id == id) {
            Some(at) => {
                let left = self.stack.split_off(at + 1);
                left.iter().for_each(|screen| (screen.leave)(self));
            }
            None => self.stack.extend(self.find(id)),
        }
        self.overlay = None;
    }

    /// Goes to a screen and lets it begin.
    pub fn go(&mut self, id: ScreenId) -> Vec<Effect> {
        let Some(screen) = self.find(id) else { return vec![] };
        self.show(id);
        (screen.enter)(self)
    }

    /// Asks something of another screen.
    pub fn ask(&mut self, request: Request) -> Vec<Effect> {
        self.find(request.to()).map(|screen| (screen.asked)(self, request)).unwrap_or_default()
    }
}

pub struct Screen {
    pub id: ScreenId,
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
    /// Another screen asks something of it.
    pub asked: fn(&mut Model, Request) -> Vec<Effect>,
    /// Called after each message that changed what it shows, so that drawing changes nothing.
    pub settle: fn(&mut Model) -> Vec<Effect>,
    /// Where on it the panes of the run that is open lie; `None`: on all of it, or nowhere.
    pub panes: fn(&Model, Rect) -> Option<Rect>,
    pub enter: fn(&mut Model) -> Vec<Effect>,
    /// It is left behind for good: what must not stay (secrets) goes.
    pub leave: fn(&mut Model),
    /// Draws it, and says what lies where. The area lacks the top line and the footer.
    pub view: fn(&Model, &mut Frame, Rect, &mut Hits),
}

impl Screen {
    /// A screen that has nothing but a view; fill in the rest with `..Screen::plain(...)`.
    pub const fn plain(id: ScreenId, view: fn(&Model, &mut Frame, Rect, &mut Hits)) -> Self {
        Self {
            id,
            name: id.name(),
            crumbs: |_| vec![],
            actions: &[],
            shared: &[],
            typing: |_| false,
            key: |_, _| None,
            paste: |_, _| vec![],
            motion: |_, _| vec![],
            mouse: |_, _, _| vec![],
            asked: |_, _| vec![],
            settle: |_| vec![],
            panes: |_, _| None,
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

//! Away: "while you were away": what began, ended or waits since this operator's screen last looked. Shown once, when
//! there is something to show; the list of runs has it all.

#[cfg(test)]
mod tests;
mod view;

use super::runs::Item;
use super::{Request, Screen, ScreenId};
use crate::run::State;
use crate::tui::actions::Action;
use crate::tui::effect;
use crate::tui::hits::Target;
use crate::tui::list::{List, Motion};
use crate::tui::model::Model;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

pub const SCREEN: Screen = Screen { actions: ACTIONS, motion, mouse, ..Screen::plain(ScreenId::Away, view::view) };

/// Name of the list in the hits.
const LIST: &str = "away";

const ACTIONS: &[Action] = &[
    Action::new("away.open", &["enter"], "open", "Open the run", open)
        .hint(80)
        .unless(|m| m.away.current().is_none().then(|| "no run under the cursor".into())),
    Action::new("away.runs", &["r"], "all runs", "Go to the list of all runs", |m| m.go(ScreenId::Runs)).hint(70),
    Action::new("away.fleet", &["f"], "fleet", "Go on to environments and hosts", |m| m.go(ScreenId::Fleet)).hint(75),
];

/// What arrives for this screen.
#[derive(Debug)]
pub enum Data {
    /// What happened since then; empty: nothing.
    Since {
        /// When this operator's screen last looked; where it never did, the begin of what is told (Unix milliseconds).
        since: i64,
        /// It never looked before.
        first: bool,
        /// Runs that began or ended after that, or still live.
        items: Vec<Item>,
    },
}

/// What this screen wants done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Find what happened since the operator looked last, then note that the operator looks now, and go on noting it.
    Look,
}

/// Groups in the order of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Waits,
    Bad,
    Live,
    Good,
}

impl Group {
    fn of(item: &Item) -> Self {
        match item.state() {
            _ if item.waits() => Group::Waits,
            State::Succeeded => Group::Good,
            s if s.is_terminal() || !item.watched => Group::Bad,
            _ => Group::Live,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Group::Waits => "These wait: they need a person, or are paused",
            Group::Bad => "Look at these: they failed, were stopped, or nobody knows",
            Group::Live => "Still going on",
            Group::Good => "Ended well",
        }
    }
}

#[derive(Debug, Default)]
pub struct Away {
    /// Since when it is told; `None`: that is not read yet.
    since: Option<i64>,
    /// This operator's screen never looked before.
    first: bool,
    items: Vec<Item>,
    list: List,
}

impl Away {
    fn current(&self) -> Option<&Item> {
        self.items.get(self.list.cursor)
    }
}

/// What is wanted when the screen starts.
pub fn start() -> effect::Effect {
    effect::Effect::Away(Effect::Look)
}

/// Data arrived: the screen comes up by itself, unless the person is already somewhere.
pub fn arrived(model: &mut Model, data: Data) -> Vec<effect::Effect> {
    let Data::Since { since, first, mut items } = data;
    items.sort_by_key(|i| (Group::of(i), std::cmp::Reverse(i.row.ended_at.unwrap_or(i.row.created_at))));
    model.away = Away { since: Some(since), first, items, list: List::default() };
    // Who never looked was not away: it does not come up by itself.
    if !first
        && !model.away.items.is_empty()
        && model.stack.len() == 1
        && model.overlay.is_none()
        && !(model.screen().typing)(model)
    {
        return model.go(ScreenId::Away);
    }
    vec![]
}

fn open(model: &mut Model) -> Vec<effect::Effect> {
    model.away.current().map(|i| i.row.id).map(|id| model.ask(Request::Run(id))).unwrap_or_default()
}

fn motion(model: &mut Model, motion: Motion) -> Vec<effect::Effect> {
    let (len, page) = (model.away.items.len(), model.page(LIST));
    model.away.list.motion(motion, len, page);
    vec![]
}

fn mouse(model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<effect::Effect> {
    match (event.kind, target) {
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Part { part: LIST, index })) => {
            let again = model.away.list.cursor == index;
            let (len, page) = (model.away.items.len(), model.page(LIST));
            model.away.list.select(index, len, page);
            if again { open(model) } else { vec![] }
        }
        (MouseEventKind::ScrollUp, _) => motion(model, Motion::Up),
        (MouseEventKind::ScrollDown, _) => motion(model, Motion::Down),
        _ => vec![],
    }
}

//! Fleet: environments, groups and hosts; where everything begins.

use crate::tui::actions::Action;
use crate::tui::effect;
use crate::tui::hits::{Hits, Target};
use crate::tui::list::{List, Motion};
use crate::tui::model::Model;
use crate::tui::screens::Screen;
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::line;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::layout::Rect;

/// The screen.
pub const SCREEN: Screen = Screen { actions: ACTIONS, motion, mouse, ..Screen::plain("fleet", view) };

const ACTIONS: &[Action] = &[];

/// What arrives for this screen.
#[derive(Debug)]
pub enum Data {}

/// What this screen wants done.
#[derive(Debug, PartialEq)]
pub enum Effect {}

/// Its state.
#[derive(Debug, Default)]
pub struct Fleet {
    environments: List,
}

/// Data arrived.
pub fn arrived(_model: &mut Model, data: Data) -> Vec<effect::Effect> {
    match data {}
}

fn motion(model: &mut Model, motion: Motion) -> Vec<effect::Effect> {
    let (len, page) = (model.project.environments.len(), model.page("environments"));
    model.fleet.environments.motion(motion, len, page);
    model.env = (len > 0).then_some(model.fleet.environments.cursor);
    vec![]
}

fn mouse(model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<effect::Effect> {
    match (event.kind, target) {
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Row { list: "environments", index })) => {
            model.fleet.environments.cursor = index;
            model.env = Some(index);
            vec![]
        }
        (MouseEventKind::ScrollUp, _) => motion(model, Motion::Up),
        (MouseEventKind::ScrollDown, _) => motion(model, Motion::Down),
        _ => vec![],
    }
}

fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let theme = &model.theme;
    let head = Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: 1, ..area };
    line::put(frame.buffer_mut(), theme, head, "Environments", theme.style(Role::Title));
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..head };
    let environments = &model.project.environments;
    let window = model.fleet.environments.window(environments.len(), usize::from(body.height));
    hits.list("environments", body, window.start, environments.len());
    for (index, y) in window.zip(body.y..) {
        let current = model.env == Some(index);
        let row = Rect { y, height: 1, ..body };
        let cursor = if current { theme.glyph(Glyph::Cursor) } else { " " };
        let role = if current { Role::Cursor } else { Role::Text };
        line::put(frame.buffer_mut(), theme, row, &format!("{cursor} {}", environments[index].name), theme.style(role));
    }
}

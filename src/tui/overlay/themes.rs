//! The theme picker: the whole screen wears the theme under the cursor; Enter takes it, Esc goes back.

use super::Overlay;
use crate::tui::effect::Effect;
use crate::tui::hits::{Hits, Target};
use crate::tui::list::{List, Motion};
use crate::tui::model::Model;
pub use crate::tui::model::overlay::Picker;
use crate::tui::msg::Level;
use crate::tui::theme::Role;
use crate::tui::widgets::{dialog, line};
use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Name of the list in the hits.
const LIST: &str = "themes";

impl Picker {
    /// With the cursor on the theme in use.
    pub fn new(model: &Model) -> Self {
        let at = model.themes.names().position(|name| name == model.theme.name).unwrap_or(0);
        Self { before: model.theme.clone(), list: List { cursor: at, offset: 0 } }
    }

    fn wear(&self, model: &mut Model) {
        let name = model.themes.names().nth(self.list.cursor).map(str::to_owned);
        if let Some(mut theme) = name.and_then(|n| model.themes.get(&n).cloned()) {
            theme.ascii |= model.ascii;
            model.theme = theme;
        }
    }

    pub(super) fn key(mut self, model: &mut Model, key: KeyEvent) -> Vec<Effect> {
        let motion = match key.code {
            KeyCode::Esc | KeyCode::Char('q') => {
                model.theme = self.before;
                return vec![];
            }
            KeyCode::Enter => {
                let name = &model.theme.name;
                let words = format!("{name} until you leave; --theme {name} or OPSDECK_THEME={name} begins with it");
                model.toast(Level::Info, words);
                return vec![];
            }
            KeyCode::Up | KeyCode::Char('k') => Motion::Up,
            KeyCode::Down | KeyCode::Char('j') => Motion::Down,
            KeyCode::Home => Motion::First,
            KeyCode::End => Motion::Last,
            _ => Motion::Left,
        };
        let len = model.themes.names().count();
        if self.list.motion(motion, len, model.page(LIST)) {
            self.wear(model);
        }
        model.overlay = Some(Overlay::Themes(self));
        vec![]
    }

    pub(super) fn mouse(mut self, model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<Effect> {
        match (event.kind, target) {
            (MouseEventKind::Down(MouseButton::Left), Some(Target::Row { list: LIST, index })) => {
                let again = index == self.list.cursor;
                self.list.cursor = index;
                self.wear(model);
                if again {
                    return vec![];
                }
            }
            (MouseEventKind::Down(_), None) => {
                model.theme = self.before;
                return vec![];
            }
            _ => {}
        }
        model.overlay = Some(Overlay::Themes(self));
        vec![]
    }

    pub(super) fn view(&self, model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
        let names: Vec<_> = model.themes.names().collect();
        let rows = u16::try_from(names.len() + 3).unwrap_or(u16::MAX);
        let inside = dialog::open(&model.theme, frame, area, (30, rows), "theme", Role::BorderFocus, hits);
        hits.add(inside, Target::Part { part: LIST, index: 0 });
        let body = Rect { height: inside.height.saturating_sub(1), ..inside };
        let window = self.list.window(names.len(), usize::from(body.height));
        hits.list(LIST, body, window.start, names.len());
        for (index, y) in window.zip(body.y..) {
            let role = if index == self.list.cursor { Role::Cursor } else { Role::Text };
            line::put(
                frame.buffer_mut(),
                &model.theme,
                Rect { y, height: 1, ..body },
                names[index],
                model.theme.style(role),
            );
        }
        let foot = Rect { y: body.bottom(), height: 1, ..inside };
        line::put(
            frame.buffer_mut(),
            &model.theme,
            foot,
            "enter takes it, esc goes back",
            model.theme.style(Role::Dim),
        );
    }
}

//! `?` and `:`: every command that works here, found by typing, run with Enter. Those that can't be used say why.

use super::Overlay;
use crate::tui::actions::{self, Action};
use crate::tui::effect::Effect;
use crate::tui::hits::{Hits, Target};
use crate::tui::list::{List, Motion};
use crate::tui::model::Model;
pub use crate::tui::model::overlay::{Kind, Menu};
use crate::tui::overlay::perform;
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::{dialog, field::Field, fuzzy, line};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Rows for what the chosen command does, in full.
const FOOT: u16 = 2;
/// Name of the list in the hits.
const LIST: &str = "menu";

impl Menu {
    pub fn new(kind: Kind) -> Self {
        Self { kind, filter: Field::default(), list: List::default() }
    }

    /// The actions that match what was typed, best first; with nothing typed in their own order.
    pub fn items(&self, model: &Model) -> Vec<&'static Action> {
        let all: Vec<_> = actions::on(model.screen()).collect();
        // Whoever types a name means it: what only its sentence holds comes after.
        let mut items = fuzzy::rank(self.filter.text(), all.clone(), |a| format!("{} {}", a.label, a.id));
        let rest = all.into_iter().filter(|a| !items.iter().any(|i| i.id == a.id)).collect();
        items.extend(fuzzy::rank(self.filter.text(), rest, |a| format!("{} {} {}", a.label, a.id, a.help)));
        items
    }

    pub(super) fn key(mut self, model: &mut Model, key: KeyEvent) -> Vec<Effect> {
        let items = self.items(model);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let motion = match key.code {
            KeyCode::Esc => return vec![],
            KeyCode::Char('c') if control => return vec![],
            KeyCode::Enter => return items.get(self.list.cursor).map(|a| perform(model, a)).unwrap_or_default(),
            KeyCode::Up => Some(Motion::Up),
            KeyCode::Down => Some(Motion::Down),
            KeyCode::Char('p') if control => Some(Motion::Up),
            KeyCode::Char('n') if control => Some(Motion::Down),
            KeyCode::PageUp => Some(Motion::PageUp),
            KeyCode::PageDown => Some(Motion::PageDown),
            _ => None,
        };
        match motion {
            Some(motion) => {
                self.list.motion(motion, items.len(), model.page(LIST));
            }
            None => {
                if self.filter.key(key) == Some(true) {
                    self.list = List::default();
                }
            }
        }
        model.overlay = Some(Overlay::Menu(self));
        vec![]
    }

    pub(super) fn mouse(mut self, model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<Effect> {
        let items = self.items(model);
        match (event.kind, target) {
            (MouseEventKind::Down(MouseButton::Left), Some(Target::Row { list: LIST, index })) => {
                return items.get(index).map(|a| perform(model, a)).unwrap_or_default();
            }
            // A click beside the box closes it.
            (MouseEventKind::Down(_), None) => return vec![],
            (MouseEventKind::ScrollUp, _) => self.list.motion(Motion::Up, items.len(), model.page(LIST)),
            (MouseEventKind::ScrollDown, _) => self.list.motion(Motion::Down, items.len(), model.page(LIST)),
            _ => false,
        };
        model.overlay = Some(Overlay::Menu(self));
        vec![]
    }

    pub(super) fn view(&self, model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
        let theme = &model.theme;
        let items = self.items(model);
        let title = match self.kind {
            Kind::Help => format!("keys on {}", model.screen().name),
            Kind::Palette => "commands".to_owned(),
        };
        let rows = u16::try_from(actions::on(model.screen()).count() + 5).unwrap_or(u16::MAX);
        let size = (96.min(area.width.saturating_sub(4)), rows.min(area.height.saturating_sub(2)));
        let inside = dialog::open(theme, frame, area, size, &title, Role::BorderFocus, hits);
        hits.add(inside, Target::Part { part: "menu", index: 0 });
        let prompt = Rect { width: 2.min(inside.width), height: 1, ..inside };
        line::put(
            frame.buffer_mut(),
            theme,
            prompt,
            if self.kind == Kind::Help { "/" } else { ":" },
            theme.style(Role::Key),
        );
        let input = Rect { x: prompt.right(), width: inside.width - prompt.width, height: 1, ..inside };
        self.filter.view(theme, frame, input, true);

        let body = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1 + FOOT), ..inside };
        let window = self.list.window(items.len(), usize::from(body.height));
        hits.list(LIST, body, window.start, items.len());
        for (row, index) in window.clone().enumerate() {
            if let (Some(action), Ok(row)) = (items.get(index), u16::try_from(row)) {
                self.row(model, frame, Rect { y: body.y + row, height: 1, ..body }, action, index == self.list.cursor);
            }
        }
        let text = match items.get(self.list.cursor) {
            None => "no command matches".to_owned(),
            Some(a) => match a.why_not(model) {
                Some(why) => format!("{} not now: {why}", theme.glyph(Glyph::Warning)),
                None => format!("{} ({})", a.help, a.id),
            },
        };
        // The row cuts what it says: here it stands whole.
        let rows = line::fold(&text, usize::from(inside.width));
        for (text, n) in rows.iter().zip(0..FOOT) {
            let foot = Rect { y: inside.bottom().saturating_sub(FOOT - n), height: 1, ..inside };
            line::put(frame.buffer_mut(), theme, foot, text, theme.style(Role::Dim));
        }
    }

    fn row(&self, model: &Model, frame: &mut Frame, area: Rect, action: &'static Action, current: bool) {
        let theme = &model.theme;
        let off = action.why_not(model).is_some();
        let keys: Vec<_> = model.keymap.keys_on(model.screen(), action).iter().map(ToString::to_string).collect();
        let part = |at: u16, wide: u16| Rect {
            x: area.x + at.min(area.width),
            width: wide.min(area.width.saturating_sub(at)),
            ..area
        };
        let style = |role| if off { theme.style(Role::KeyDisabled) } else { theme.style(role) };
        line::put(frame.buffer_mut(), theme, part(0, 11), &keys.join(" "), style(Role::Key));
        line::put(frame.buffer_mut(), theme, part(12, 15), action.label, style(Role::Strong));
        let rest = area.width.saturating_sub(27);
        line::put(frame.buffer_mut(), theme, part(27, rest), action.help, style(Role::Dim));
        if current {
            frame.buffer_mut().set_style(area, theme.style(Role::Cursor));
        }
    }
}

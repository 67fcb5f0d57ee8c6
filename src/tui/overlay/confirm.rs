//! The question before something dangerous: Cancel is the default; a protected environment's name must be typed.

use super::Overlay;
use crate::text;
use crate::tui::actions::{Action, Danger};
use crate::tui::effect::Effect;
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::{dialog, field::Field, header, line};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Its state.
#[derive(Debug)]
pub struct Confirm {
    action: &'static Action,
    lines: Vec<String>,
    /// The name that must be typed, where one must.
    name: Option<String>,
    typed: Field,
    /// True: the button that goes on has the focus; else Cancel.
    go: bool,
}

impl Confirm {
    /// The question for an action, as the model stands now.
    pub fn new(model: &Model, action: &'static Action) -> Self {
        let protected = model.environment().filter(|e| e.protect && action.danger == Danger::TypeName);
        Self {
            action,
            lines: (action.question)(model),
            name: protected.map(|e| e.name.clone()),
            typed: Field::default(),
            go: false,
        }
    }

    fn ready(&self) -> bool {
        self.name.as_ref().is_none_or(|name| self.typed.text() == name)
    }

    /// The model may have changed while the question stood: an action that is off by now is not done.
    fn accept(self, model: &mut Model) -> Vec<Effect> {
        match self.action.why_not(model) {
            Some(why) => {
                model.toast(crate::tui::msg::Level::Warning, format!("{}: {why}", self.action.label));
                vec![]
            }
            None => (self.action.run)(model),
        }
    }

    pub(super) fn key(mut self, model: &mut Model, key: KeyEvent) -> Vec<Effect> {
        match (key.code, &self.name) {
            (KeyCode::Esc, _) => return vec![],
            (KeyCode::Char('c'), _) if key.modifiers.contains(KeyModifiers::CONTROL) => return vec![],
            (KeyCode::Enter, Some(_)) if self.ready() => return self.accept(model),
            (KeyCode::Enter, None) if self.go => return self.accept(model),
            (KeyCode::Enter, None) | (KeyCode::Char('n' | 'N'), None) => return vec![],
            (KeyCode::Char('y' | 'Y'), None) => return self.accept(model),
            (KeyCode::Left | KeyCode::Right | KeyCode::Tab | KeyCode::BackTab, None) => self.go = !self.go,
            (_, Some(_)) => {
                self.typed.key(key);
            }
            _ => {}
        }
        model.overlay = Some(Overlay::Confirm(self));
        vec![]
    }

    pub(super) fn mouse(self, model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<Effect> {
        if event.kind == MouseEventKind::Down(MouseButton::Left) {
            match target {
                Some(Target::Part { part: "confirm.go", .. }) if self.ready() => return self.accept(model),
                Some(Target::Part { part: "confirm.cancel", .. }) => return vec![],
                _ => {}
            }
        }
        model.overlay = Some(Overlay::Confirm(self));
        vec![]
    }

    pub(super) fn view(&self, model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
        let theme = &model.theme;
        let widest = self.lines.iter().map(|l| text::width(l)).max().unwrap_or(0).max(60);
        let columns = u16::try_from(widest + 4).unwrap_or(u16::MAX).min(area.width.saturating_sub(2));
        let inner = usize::from(columns.saturating_sub(4)).max(1);
        let lines: Vec<&str> = self.lines.iter().flat_map(|l| line::fold(l, inner)).collect();
        let rows = u16::try_from(lines.len() + 5).unwrap_or(u16::MAX).min(area.height);
        let role = if self.name.is_some() { Role::Error } else { Role::Warning };
        let title = format!("{}?", self.action.label);
        let inside = dialog::open(theme, frame, area, (columns, rows), &title, role, hits);
        for (line, y) in lines.iter().zip(inside.y..inside.bottom().saturating_sub(2)) {
            line::put(frame.buffer_mut(), theme, Rect { y, height: 1, ..inside }, line, theme.style(Role::Text));
        }
        let last = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
        match &self.name {
            Some(name) => self.name_line(model, frame, last, name),
            None => self.buttons(model, frame, last, hits),
        }
    }

    fn name_line(&self, model: &Model, frame: &mut Frame, area: Rect, name: &str) {
        let theme = &model.theme;
        let above = Rect { y: area.y.saturating_sub(1), ..area };
        let text = format!("{} {name} is protected. Type its name; Esc cancels.", theme.glyph(Glyph::Warning));
        line::put(frame.buffer_mut(), theme, above, &text, header::style(model));
        self.typed.view(theme, frame, area, true);
    }

    fn buttons(&self, model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
        let mut x = area.x;
        let go = format!("{} (y)", self.action.label);
        for (part, text, focus) in [("confirm.cancel", "Cancel (esc)", !self.go), ("confirm.go", go.as_str(), self.go)]
        {
            let role = if focus { Role::Cursor } else { Role::Key };
            let text = format!("[ {text} ]");
            let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
            let wide = line::put(frame.buffer_mut(), &model.theme, rest, &text, model.theme.style(role));
            hits.add(Rect { x, width: wide, ..area }, Target::Part { part, index: 0 });
            x += wide + 2;
        }
    }
}

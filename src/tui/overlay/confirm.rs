//! The question before something dangerous: Cancel is the default; a protected environment's name, or a reason, must be
//! typed.

use super::Overlay;
use crate::text;
use crate::tui::actions::{Action, Danger};
use crate::tui::effect::Effect;
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
pub use crate::tui::model::overlay::{Confirm, Typing};
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::{dialog, field::Field, header, line};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::layout::Rect;

impl Confirm {
    /// The question for an action, as the model stands now.
    pub fn new(model: &Model, action: &'static Action) -> Self {
        let protected = model.environment().filter(|e| e.protect);
        let typing = match action.danger {
            Danger::TypeName => protected.map(|e| Typing::Name(e.name.clone())),
            Danger::Reason => Some(Typing::Reason),
            Danger::None | Danger::Confirm | Danger::Form => None,
        };
        let lines = (action.question)(model);
        Self { action, lines, typing, typed: Field::default(), wrong: false, go: false }
    }

    fn ready(&self) -> bool {
        match &self.typing {
            None => true,
            Some(Typing::Name(name)) => self.typed.text() == name,
            Some(Typing::Reason) => !self.typed.text().trim().is_empty(),
        }
    }

    /// The model may have changed while the question stood: an action that is off by now is not done.
    fn accept(self, model: &mut Model) -> Vec<Effect> {
        match self.action.why_not(model) {
            Some(why) => {
                model.toast(crate::tui::msg::Level::Warning, format!("{}: {why}", self.action.label));
                vec![]
            }
            None => {
                model.reason = (self.typing == Some(Typing::Reason)).then(|| self.typed.text().trim().to_owned());
                (self.action.run)(model)
            }
        }
    }

    pub(super) fn key(mut self, model: &mut Model, key: KeyEvent) -> Vec<Effect> {
        match (key.code, &self.typing) {
            (KeyCode::Esc, _) => return vec![],
            (KeyCode::Char('c'), _) if key.modifiers.contains(KeyModifiers::CONTROL) => return vec![],
            (KeyCode::Enter, Some(_)) if self.ready() => return self.accept(model),
            (KeyCode::Enter, None) if self.go => return self.accept(model),
            (KeyCode::Enter, None) | (KeyCode::Char('n' | 'N'), None) => return vec![],
            (KeyCode::Char('y' | 'Y'), None) => return self.accept(model),
            (KeyCode::Left | KeyCode::Right | KeyCode::Tab | KeyCode::BackTab, None) => self.go = !self.go,
            (KeyCode::Enter, Some(_)) => self.wrong = true,
            (_, Some(_)) => {
                self.typed.key(key);
                self.wrong = false;
            }
            _ => {}
        }
        model.overlay = Some(Overlay::Confirm(self));
        vec![]
    }

    /// A name that must be typed is not to be pasted: typing it is the point.
    pub(super) fn paste(&mut self, text: &str) {
        if self.typing == Some(Typing::Reason) {
            self.typed.paste(text);
        }
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
        let role = if matches!(self.typing, Some(Typing::Name(_))) { Role::Error } else { Role::Warning };
        let title = format!("{}?", self.action.label);
        let inside = dialog::open(theme, frame, area, (columns, rows), &title, role, hits);
        for (line, y) in lines.iter().zip(inside.y..inside.bottom().saturating_sub(2)) {
            line::put(frame.buffer_mut(), theme, Rect { y, height: 1, ..inside }, line, theme.style(Role::Text));
        }
        let last = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
        match &self.typing {
            Some(typing) => self.typed_line(model, frame, last, typing),
            None => self.buttons(model, frame, last, hits),
        }
    }

    fn typed_line(&self, model: &Model, frame: &mut Frame, area: Rect, typing: &Typing) {
        let theme = &model.theme;
        let above = Rect { y: area.y.saturating_sub(1), ..area };
        let (text, style) = match typing {
            Typing::Name(name) => {
                let warning = theme.glyph(Glyph::Warning);
                let text = match self.wrong {
                    true => format!("{warning} That is not its name: type {name}, letter by letter; Esc cancels."),
                    false => format!("{warning} {name} is protected. Type its name; Esc cancels."),
                };
                (text, header::style(model))
            }
            Typing::Reason => ("Why? Others read it. Enter does it; Esc cancels.".into(), theme.style(Role::Strong)),
        };
        line::put(frame.buffer_mut(), theme, above, &text, style);
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

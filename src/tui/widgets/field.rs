//! A line of text being edited. What Ctrl-A, Ctrl-E, Ctrl-W, Ctrl-U and friends do in a shell they do here.

use super::line;
use crate::text;
use crate::tui::theme::{Role, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use tui_input::{Input, InputRequest};

#[derive(Debug, Clone, Default)]
pub struct Field {
    input: Input,
}

impl Field {
    /// A field with a text in it, the cursor behind it.
    pub fn new(text: impl Into<String>) -> Self {
        Self { input: Input::new(text.into()) }
    }

    pub fn text(&self) -> &str {
        self.input.value()
    }

    pub fn set(&mut self, text: impl Into<String>) {
        self.input = Input::new(text.into());
    }

    /// An editing key. `None`: not one; `Some(changed)`: taken.
    pub fn key(&mut self, key: KeyEvent) -> Option<bool> {
        let request = request(key)?;
        Some(self.input.handle(request).is_some_and(|change| change.value))
    }

    /// Pasted text: line ends become spaces, other control characters are dropped.
    pub fn paste(&mut self, text: &str) {
        for c in text.trim_end_matches(['\n', '\r']).chars() {
            let c = if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c };
            if !c.is_control() {
                self.input.handle(InputRequest::InsertChar(c));
            }
        }
    }

    /// Draws it over the whole area's first line; with `focus` the terminal's cursor stands in it.
    pub fn view(&self, theme: &Theme, frame: &mut Frame, area: Rect, focus: bool) {
        if area.is_empty() {
            return;
        }
        let style = theme.style(if focus { Role::Input } else { Role::Text });
        let scroll = self.input.visual_scroll(usize::from(area.width).saturating_sub(1));
        frame.buffer_mut().set_style(Rect { height: 1, ..area }, style);
        line::put(frame.buffer_mut(), theme, area, text::skip(self.input.value(), scroll).0, style);
        if focus {
            let x = self.input.visual_cursor().saturating_sub(scroll);
            let x = area.x.saturating_add(u16::try_from(x).unwrap_or(u16::MAX)).min(area.right().saturating_sub(1));
            frame.set_cursor_position(Position::new(x, area.y));
        }
    }
}

fn request(key: KeyEvent) -> Option<InputRequest> {
    use InputRequest as R;
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    Some(match (key.code, control, alt) {
        (KeyCode::Char(c), false, false) => R::InsertChar(c),
        (KeyCode::Backspace, false, false) | (KeyCode::Char('h'), true, _) => R::DeletePrevChar,
        (KeyCode::Delete, ..) | (KeyCode::Char('d'), true, _) => R::DeleteNextChar,
        (KeyCode::Left, false, false) => R::GoToPrevChar,
        (KeyCode::Right, false, false) => R::GoToNextChar,
        (KeyCode::Left, ..) | (KeyCode::Char('b'), _, true) => R::GoToPrevWord,
        (KeyCode::Right, ..) | (KeyCode::Char('f'), _, true) => R::GoToNextWord,
        (KeyCode::Home, ..) | (KeyCode::Char('a'), true, _) => R::GoToStart,
        (KeyCode::End, ..) | (KeyCode::Char('e'), true, _) => R::GoToEnd,
        (KeyCode::Char('w'), true, _) | (KeyCode::Backspace, ..) => R::DeletePrevWord,
        (KeyCode::Char('u'), true, _) => R::DeleteLine,
        (KeyCode::Char('k'), true, _) => R::DeleteTillEnd,
        (KeyCode::Char('y'), true, _) => R::Yank,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keymap::Chord;

    fn press(field: &mut Field, key: &str) -> Option<bool> {
        field.key(key.parse::<Chord>().unwrap().event())
    }

    #[test]
    fn it_edits_as_a_shell_does() {
        let mut field = Field::new("state=started name=nginx");
        assert_eq!(press(&mut field, "ctrl-w"), Some(true));
        press(&mut field, "ctrl-a");
        press(&mut field, "x");
        assert_eq!(field.text(), "xstate=started name=");
        assert_eq!(press(&mut field, "enter"), None);
        assert_eq!(press(&mut field, "ctrl-s"), None);
    }

    #[test]
    fn pasted_control_characters_do_not_get_in() {
        let mut field = Field::default();
        field.paste("a\x1b[31m\tb\nc\n");
        assert_eq!(field.text(), "a[31m b c");
    }
}

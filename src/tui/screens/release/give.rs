//! The box that asks for a release's passwords again, after the supervisor that had them died. What is typed is wiped when
//! the box is closed or the passwords are sent.

use super::refuse;
use crate::ansible::secrets::Secrets;
use crate::tui::hits::Hits;
use crate::tui::model::Model;
pub use crate::tui::model::release::Give;
use crate::tui::screens::run;
use crate::tui::theme::Role;
use crate::tui::widgets::dialog;
use crate::tui::widgets::paint::put;
use crate::tui::widgets::secret::Secret;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Columns of the names.
const NAMES: u16 = 20;

/// What a key came to.
#[derive(Debug)]
pub enum Answer {
    Open(Give),
    /// It is closed; these are to be sent.
    Done(Option<Secrets>),
}

/// Why it is not opened.
pub fn refused(model: &Model) -> Option<String> {
    refuse::closed(model)
        .or_else(|| box_of(model).is_none().then(|| "it was launched without passwords: it waits for none".into()))
}

/// For the release that is open.
pub fn box_of(model: &Model) -> Option<Give> {
    let (spec, state) = run::opened(model)?;
    let names = spec.secrets.iter().filter(|_| !state.state.is_terminal()).filter_map(|name| name.parse().ok());
    let fields: Vec<_> = names.map(|name| (name, Secret::default())).collect();
    (!fields.is_empty()).then_some(Give { fields, at: 0 })
}

impl Give {
    /// A key. Enter goes from field to field, and sends when all are filled.
    pub fn key(mut self, key: KeyEvent) -> Answer {
        let last = self.fields.len() - 1;
        match key.code {
            KeyCode::Esc => return Answer::Done(None),
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Answer::Done(None),
            KeyCode::Enter if self.fields.iter().all(|(_, secret)| !secret.is_empty()) => {
                let mut secrets = Secrets::default();
                self.fields.iter().for_each(|(name, secret)| secrets.typed(name.clone(), secret.value()));
                return Answer::Done(Some(secrets));
            }
            KeyCode::Up | KeyCode::BackTab => self.at = self.at.saturating_sub(1),
            KeyCode::Down | KeyCode::Tab | KeyCode::Enter => self.at = (self.at + 1).min(last),
            _ => drop(self.fields[self.at].1.key(key)),
        }
        Answer::Open(self)
    }

    pub fn paste(&mut self, text: &str) {
        self.fields[self.at].1.paste(text);
    }

    /// Draws it above the screen.
    pub fn view(&self, model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
        let theme = &model.theme;
        let rows = u16::try_from(self.fields.len()).unwrap_or(u16::MAX).saturating_add(3);
        let inside = dialog::open(theme, frame, area, (60, rows), "its passwords, again", Role::Warning, hits);
        for ((i, (name, secret)), y) in self.fields.iter().enumerate().zip(inside.y..inside.bottom()) {
            let focus = i == self.at;
            let style = theme.style(if focus { Role::Title } else { Role::Dim });
            put(frame.buffer_mut(), theme, inside.x, y, NAMES.min(inside.width), &name.to_string(), style);
            let x = inside.x + NAMES.min(inside.width);
            secret.view(theme, frame, Rect { x, y, width: inside.right() - x, height: 1 }, focus);
        }
        if let Some(y) = inside.bottom().checked_sub(1).filter(|y| usize::from(y - inside.y) >= self.fields.len()) {
            let text = "Only its supervisor gets them. Enter: send; esc: leave.";
            put(frame.buffer_mut(), theme, inside.x, y, inside.width, text, theme.style(Role::Dim));
        }
    }
}

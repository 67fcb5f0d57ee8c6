//! A choice, or a reason, or both, asked in a box above the release. Nothing is done by default: where a choice does
//! something without a reason to type, the first one does nothing.

mod draw;

use crate::release::machine::Verb;
pub use crate::tui::model::release::{Choice, Dialog};
use crate::tui::theme::Role;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::line;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Name of the choices in the hits.
pub const PART: &str = "release.choice";

impl Choice {
    /// Its rows: what it is, and with `full` what it leads to.
    fn rows(&self, columns: usize, full: bool) -> Vec<(&str, Role)> {
        let head = line::fold(&self.head, columns).into_iter().map(|part| (part, Role::Strong));
        let text = if full && !self.text.is_empty() { line::fold(&self.text, columns) } else { vec![] };
        head.chain(text.into_iter().map(|part| (part, Role::Dim))).collect()
    }
}

/// What a key came to.
#[derive(Debug)]
pub enum Answer {
    Open(Dialog),
    /// It is closed; this is to be asked.
    Done(Option<Verb>),
}

impl Dialog {
    /// Choices, of which the first should do nothing.
    pub fn choose(title: &str, choices: Vec<Choice>) -> Self {
        Self { title: title.into(), choices, at: 0, reason: None }
    }

    /// Choices with a reason to be typed.
    pub fn reason(title: &str, choices: Vec<Choice>) -> Self {
        Self { reason: Some(Field::default()), ..Self::choose(title, choices) }
    }

    /// Pasted text goes into the reason.
    pub fn paste(&mut self, text: &str) {
        if let Some(field) = &mut self.reason {
            field.paste(text);
        }
    }

    pub fn key(mut self, key: KeyEvent) -> Answer {
        let last = self.choices.len().saturating_sub(1);
        let typed = self.reason.is_some();
        match key.code {
            KeyCode::Esc => return Answer::Done(None),
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Answer::Done(None),
            KeyCode::Char('q' | 'n') if !typed => return Answer::Done(None),
            KeyCode::Enter => return self.accept(),
            KeyCode::Up => self.at = self.at.saturating_sub(1),
            KeyCode::Down | KeyCode::Tab => self.at = (self.at + 1).min(last),
            KeyCode::Char('k') if !typed => self.at = self.at.saturating_sub(1),
            KeyCode::Char('j') if !typed => self.at = (self.at + 1).min(last),
            _ => {
                if let Some(field) = &mut self.reason {
                    field.key(key);
                }
            }
        }
        Answer::Open(self)
    }

    /// A click on a choice: where a reason is asked it only moves the cursor.
    pub fn click(mut self, index: usize) -> Answer {
        self.at = index.min(self.choices.len().saturating_sub(1));
        if self.reason.is_some() { Answer::Open(self) } else { self.accept() }
    }

    fn accept(self) -> Answer {
        let why = self.reason.as_ref().map(|f| f.text().trim().to_owned());
        if why.as_deref() == Some("") {
            return Answer::Open(self);
        }
        let verb = self.choices.into_iter().nth(self.at).and_then(|c| c.verb);
        Answer::Done(verb.map(|v| with(v, why)))
    }
}

/// A verb with the reason that was typed.
fn with(verb: Verb, why: Option<String>) -> Verb {
    let Some(why) = why else { return verb };
    match verb {
        Verb::Reject { .. } => Verb::Reject { reason: why },
        Verb::Skip { what, .. } => Verb::Skip { what, reason: why },
        Verb::AcceptMixed { .. } => Verb::AcceptMixed { reason: why },
        Verb::TakeOver { .. } => Verb::TakeOver { reason: why },
        Verb::Pause { .. } => Verb::Pause { reason: Some(why) },
        Verb::Stop { how, .. } => Verb::Stop { how, reason: Some(why) },
        Verb::Rollback { .. } => Verb::Rollback { reason: Some(why) },
        other => other,
    }
}

//! A choice, or a reason, or both, asked in a box above the release. Nothing is done by default: where a choice does
//! something without a reason to type, the first one does nothing.

use crate::release::machine::Verb;
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::paint::{put, row_style};
use crate::tui::widgets::{dialog, line};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Name of the choices in the hits.
pub const PART: &str = "release.choice";

/// One thing that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it is.
    pub head: String,
    /// What it leads to; may be empty.
    pub text: String,
    /// What is asked of the supervisor; `None`: nothing.
    pub verb: Option<Verb>,
}

impl Choice {
    /// Its rows: what it is, and with `full` what it leads to.
    fn rows(&self, columns: usize, full: bool) -> Vec<(&str, Role)> {
        let head = line::fold(&self.head, columns).into_iter().map(|part| (part, Role::Strong));
        let text = if full && !self.text.is_empty() { line::fold(&self.text, columns) } else { vec![] };
        head.chain(text.into_iter().map(|part| (part, Role::Dim))).collect()
    }
}

/// The box.
#[derive(Debug)]
pub struct Dialog {
    title: String,
    choices: Vec<Choice>,
    at: usize,
    /// Why; must not stay empty where it is asked.
    reason: Option<Field>,
}

/// What a key came to.
#[derive(Debug)]
pub enum Answer {
    /// It goes on.
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

    /// A key.
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

    /// Draws it above the screen.
    pub fn view(&self, model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
        let theme = &model.theme;
        let columns = 78.min(area.width);
        let inner = usize::from(columns.saturating_sub(6)).max(1);
        let foot = if self.reason.is_some() { 3 } else { 0 };
        let total: usize = self.choices.iter().map(|c| c.rows(inner, true).len()).sum();
        let wanted = u16::try_from(total + 2 + foot).unwrap_or(u16::MAX);
        // Too low a screen for all of it: only the chosen one says what it leads to, and it is in sight.
        let brief = wanted > area.height;
        let size = (columns, wanted.min(area.height));
        let inside = dialog::open(theme, frame, area, size, &self.title, Role::Warning, hits);
        let body = Rect { height: inside.height.saturating_sub(u16::try_from(foot).unwrap_or(0)), ..inside };
        let buf = frame.buffer_mut();
        let first = if brief { self.at.saturating_sub(usize::from(body.height / 2)) } else { 0 };
        let mut y = body.y;
        for (i, choice) in self.choices.iter().enumerate().skip(first) {
            let mark = theme.glyph(if i == self.at { Glyph::Cursor } else { Glyph::Dot });
            put(buf, theme, body.x, y, 1.min(body.bottom().saturating_sub(y)), mark, theme.style(Role::Strong));
            for (part, role) in choice.rows(inner, !brief || i == self.at) {
                if y >= body.bottom() {
                    break;
                }
                put(buf, theme, body.x + 2, y, body.width.saturating_sub(2), part, theme.style(role));
                if i == self.at && role == Role::Strong {
                    row_style(buf, body, y, theme.style(Role::Cursor));
                }
                hits.add(Rect { y, height: 1, ..body }, Target::Part { part: PART, index: i });
                y += 1;
            }
        }
        if let Some(field) = &self.reason {
            let at = |up: u16| Rect { y: inside.bottom().saturating_sub(up), height: 1.min(inside.height), ..inside };
            line::put(
                buf,
                theme,
                at(2),
                "Why? It is recorded. Enter does it, Esc does nothing.",
                theme.style(Role::Dim),
            );
            field.view(theme, frame, at(1), true);
        }
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

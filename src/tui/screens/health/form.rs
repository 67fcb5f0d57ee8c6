//! The form of a person's word over a breaker or a silence: for how long, and why.

use super::Effect;
use crate::health::breaker::{Forced, Forcing, Input, Key};
use crate::health::silence::Word;
use crate::text::human::span;
use crate::text::plain;
use crate::tui::effect;
use crate::tui::hits::Hits;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::{dialog, line};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;

/// What is said.
#[derive(Debug)]
pub enum What {
    /// Of a breaker; `None`: it is left to itself again.
    Force(Key, Option<Forcing>),
    /// These are silent; their reason is still to be typed.
    Silence(Word),
    /// They are no more.
    Lift(Word),
}

/// What is said, while it is typed.
#[derive(Debug)]
pub struct Form {
    what: What,
    time: Field,
    reason: Field,
    /// The keyboard is at the time, not at the reason.
    at_time: bool,
    mistake: Option<String>,
}

/// Asks for how long and why.
pub fn begin(model: &mut Model, what: What) -> Vec<effect::Effect> {
    let (time, reason) = (Field::new("30m"), Field::default());
    model.health.form = Some(Form { what, time, reason, at_time: false, mistake: None });
    vec![]
}

/// A key while the form is open.
pub fn typed(model: &mut Model, pressed: KeyEvent) -> Vec<effect::Effect> {
    let Some(mut form) = model.health.form.take() else { return vec![] };
    match pressed.code {
        KeyCode::Esc => return vec![],
        KeyCode::Char('c') if pressed.modifiers.contains(KeyModifiers::CONTROL) => return vec![],
        KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down if form.what.lasts() => {
            form.at_time = !form.at_time;
        }
        KeyCode::Enter => match form.effect(model) {
            Ok(effect) => return vec![effect::Effect::Health(effect)],
            Err(why) => form.mistake = Some(why),
        },
        _ => {
            form.mistake = None;
            let field = if form.at_time { &mut form.time } else { &mut form.reason };
            field.key(pressed);
        }
    }
    model.health.form = Some(form);
    vec![]
}

impl What {
    /// It holds for a while.
    fn lasts(&self) -> bool {
        matches!(self, What::Force(_, Some(_)) | What::Silence(_))
    }

    fn title(&self) -> String {
        match self {
            What::Force(key, Some(Forcing::Open)) => format!("force open {key}"),
            What::Force(key, Some(Forcing::Closed)) => format!("force closed {key}"),
            What::Force(key, Some(Forcing::MetricsOnly)) => format!("only watch {key}"),
            What::Force(key, None) => format!("leave to itself {key}"),
            What::Silence(word) => format!("silence {}", word.words()),
            What::Lift(word) => format!("silence no more {}", word.words()),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            What::Force(_, Some(_)) => "30m, 2h; nothing: until taken back. Tab goes to the other field.",
            What::Silence(_) => "30m, 2h. Tab goes to the other field.",
            What::Force(_, None) | What::Lift(_) => "Others read it.",
        }
    }
}

impl Form {
    /// Pasted text goes where the keyboard is.
    pub fn paste(&mut self, text: &str) {
        if self.at_time { &mut self.time } else { &mut self.reason }.paste(text);
    }

    fn effect(&self, model: &Model) -> Result<Effect, String> {
        let reason = self.reason.text().trim().to_owned();
        if reason.is_empty() {
            return Err("a reason is missing: others read it".into());
        }
        let (now, time) = (model.now.ms, self.time.text().trim());
        Ok(match &self.what {
            What::Force(key, to) => {
                let until = if time.is_empty() || to.is_none() { None } else { Some(now + span(time)?) };
                let force = |to| Forced { to, until, by: model.operator.name.clone(), reason: reason.clone(), at: now };
                let input = to.map_or(Input::Auto, |to| Input::Force(force(to)));
                Effect::Force { key: key.clone(), input, reason }
            }
            What::Silence(word) => {
                Effect::Silence { word: Word { reason, ..word.clone() }, until: Some(now + span(time)?) }
            }
            What::Lift(word) => Effect::Silence { word: Word { reason, ..word.clone() }, until: None },
        })
    }
}

/// Draws the form.
pub fn view(model: &Model, form: &Form, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let theme = &model.theme;
    let title = form.what.title();
    let inside = dialog::open(theme, frame, area, (72, 7), &plain(&title), Role::Warning, hits);
    let row = |n: u16| Rect { y: inside.y + n, height: u16::from(n < inside.height), ..inside };
    let mut at = 0;
    for (word, field, focus, shown) in
        [("for  ", &form.time, form.at_time, form.what.lasts()), ("why  ", &form.reason, !form.at_time, true)]
    {
        if shown {
            let used = line::put(frame.buffer_mut(), theme, row(at), word, theme.style(Role::Key));
            let place = Rect { x: inside.x + used, width: inside.width.saturating_sub(used), ..row(at) };
            field.view(theme, frame, place, focus);
            at += 1;
        }
    }
    let (text, role) = match &form.mistake {
        Some(why) => (why.as_str(), Role::Error),
        None => (form.what.hint(), Role::Dim),
    };
    line::put(frame.buffer_mut(), theme, row(at + 1), text, theme.style(role));
    let keys = "Enter does it and the audit ledger keeps it; Esc cancels.";
    line::put(frame.buffer_mut(), theme, row(at + 2), keys, theme.style(Role::Dim));
}

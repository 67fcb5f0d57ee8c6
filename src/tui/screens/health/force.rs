//! A person's word over a breaker: which breaker a line has, for how long, and why. The question before it is the action's.

use super::{Effect, note};
use crate::health::breaker::{Forced, Forcing, Input, Key, span};
use crate::tui::effect;
use crate::tui::hits::Hits;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::{dialog, line};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;

/// What is said of a breaker.
#[derive(Debug)]
pub struct Form {
    key: Key,
    /// `None`: it is left to itself again.
    to: Option<Forcing>,
    time: Field,
    reason: Field,
    /// The keyboard is at the time, not at the reason.
    at_time: bool,
    mistake: Option<String>,
}

/// The breaker of the line under the cursor.
pub fn key(model: &Model) -> Option<Key> {
    let environment = model.project.environments.get(model.env?)?.name.clone();
    let row = model.health.current()?;
    let policy = model.project.recovery.iter().find(|p| p.check == row.check);
    match (policy, &row.host) {
        (Some(policy), _) => Some(Key::Service { environment, service: policy.service.clone() }),
        (None, Some(host)) => Some(Key::Transport { environment, host: host.clone() }),
        (None, None) => None,
    }
}

/// Why there is none to speak of.
pub fn none(model: &Model) -> Option<String> {
    key(model).is_none().then(|| "no breaker belongs to this line: choose the row of a host".into())
}

/// What will happen, before it is asked for how long and why.
pub fn question(model: &Model, to: Option<Forcing>) -> Vec<String> {
    let Some(key) = key(model) else { return vec![] };
    let what = match to {
        Some(Forcing::Open) => "Force it open: nothing goes through. Releases wait, recovery leaves it alone.",
        Some(Forcing::Closed) => "Force it closed: everything goes through, whatever results say.",
        Some(Forcing::MetricsOnly) => "It only watches: changes are shown, nobody is stopped.",
        None => "Leave it to itself: results decide again.",
    };
    let now = model.now.ms;
    let breakers = model.health.of(model.env).into_iter().flat_map(|picture| &picture.breakers);
    let stands = breakers.filter(|(of, _)| *of == key).find_map(|(_, breaker)| note::stands(breaker, now));
    let stands = stands.map_or("It is closed now.".into(), |(words, _)| format!("Now: {words}."));
    vec![format!("The breaker of {} ({key}).", key.words()), stands, what.into()]
}

/// Asks for how long and why.
pub fn begin(model: &mut Model, to: Option<Forcing>) -> Vec<effect::Effect> {
    if let Some(key) = key(model) {
        let (time, reason) = (Field::new("30m"), Field::default());
        model.health.form = Some(Form { key, to, time, reason, at_time: false, mistake: None });
    }
    vec![]
}

/// A key while the form is open.
pub fn typed(model: &mut Model, pressed: KeyEvent) -> Vec<effect::Effect> {
    let Some(mut form) = model.health.form.take() else { return vec![] };
    match pressed.code {
        KeyCode::Esc => return vec![],
        KeyCode::Char('c') if pressed.modifiers.contains(KeyModifiers::CONTROL) => return vec![],
        KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down if form.to.is_some() => {
            form.at_time = !form.at_time;
        }
        KeyCode::Enter => match form.input(model) {
            Ok(input) => {
                let (key, reason) = (form.key, form.reason.text().trim().to_owned());
                return vec![effect::Effect::Health(Effect::Force { key, input, reason })];
            }
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

impl Form {
    /// Pasted text goes where the keyboard is.
    pub fn paste(&mut self, text: &str) {
        if self.at_time { &mut self.time } else { &mut self.reason }.paste(text);
    }

    fn input(&self, model: &Model) -> Result<Input, String> {
        let reason = self.reason.text().trim();
        if reason.is_empty() {
            return Err("a reason is missing: others read it".into());
        }
        let Some(to) = self.to else { return Ok(Input::Auto) };
        let now = model.now.ms;
        let time = self.time.text().trim();
        let until = if time.is_empty() { None } else { Some(now + span(time)?) };
        let (by, reason) = (model.operator.name.clone(), reason.to_owned());
        Ok(Input::Force(Forced { to, until, by, reason, at: now }))
    }

    fn title(&self) -> &'static str {
        match self.to {
            Some(Forcing::Open) => "force open",
            Some(Forcing::Closed) => "force closed",
            Some(Forcing::MetricsOnly) => "only watch",
            None => "leave to itself",
        }
    }
}

/// Draws the form.
pub fn view(model: &Model, form: &Form, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let theme = &model.theme;
    let title = format!("{} {}", form.title(), crate::text::plain(&form.key.to_string()));
    let inside = dialog::open(theme, frame, area, (72, 7), &title, Role::Warning, hits);
    let row = |n: u16| Rect { y: inside.y + n, height: u16::from(n < inside.height), ..inside };
    let mut at = 0;
    for (word, field, focus, shown) in
        [("for  ", &form.time, form.at_time, form.to.is_some()), ("why  ", &form.reason, !form.at_time, true)]
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
        None if form.to.is_some() => ("30m, 2h; nothing: until taken back. Tab goes to the other field.", Role::Dim),
        None => ("Others read it.", Role::Dim),
    };
    line::put(frame.buffer_mut(), theme, row(at + 1), text, theme.style(role));
    let keys = "Enter does it and the audit ledger keeps it; Esc cancels.";
    line::put(frame.buffer_mut(), theme, row(at + 2), keys, theme.style(Role::Dim));
}

//! The form of a person's word over a breaker or a silence: for how long, and why.

use super::Effect;
use crate::health::breaker::{Forced, Forcing, Input};
use crate::health::silence::Word;
use crate::text::human::{self, span};
use crate::text::plain;
use crate::tui::effect;
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
pub use crate::tui::model::health::{Form, Offer, What};
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::{dialog, line};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Name of the offers in the hits.
pub const OFFER: &str = "health.offer";

/// Asks for how long and why.
pub fn begin(model: &mut Model, what: What) -> Vec<effect::Effect> {
    let (time, reason) = (Field::new("30m"), Field::default());
    model.health.form = Some(Form { what, chosen: 0, time, reason, at_time: false, mistake: None });
    vec![]
}

/// A key while the form is open.
pub fn typed(model: &mut Model, pressed: KeyEvent) -> Vec<effect::Effect> {
    let Some(mut form) = model.health.form.take() else { return vec![] };
    match pressed.code {
        KeyCode::Esc => return vec![],
        KeyCode::Char('c') if pressed.modifiers.contains(KeyModifiers::CONTROL) => return vec![],
        KeyCode::Up if form.what.offers().len() > 1 => form.choose(form.chosen.saturating_sub(1)),
        KeyCode::Down if form.what.offers().len() > 1 => form.choose(form.chosen + 1),
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
            What::Silence(_) => "silence".into(),
            What::Lift(..) => "lift a silence".into(),
            What::TakeOver(..) => "take over".into(),
        }
    }

    fn offers(&self) -> &[Offer] {
        match self {
            What::Force(..) | What::TakeOver(..) => &[],
            What::Silence(offers) | What::Lift(offers, _) => offers,
        }
    }

    fn about(&self, chosen: usize) -> Vec<String> {
        match self {
            What::Force(..) => vec![],
            What::Silence(offers) => {
                let hosts = offers.get(chosen).map(|offer| offer.word.hosts()).unwrap_or_default();
                let names = (hosts.len() > 1).then(|| format!("{}.", human::few(hosts.into_iter())));
                let sense = "Nobody is told of it, and recovery leaves it alone; it is measured and shown as ever.";
                names.into_iter().chain([sense.to_owned()]).collect()
            }
            What::Lift(_, said) => vec![
                format!("It is {}.", plain(said)),
                "Once lifted, people hear of it again, and recovery may act.".into(),
            ],
            What::TakeOver(_, about) => vec![
                plain(about).into_owned(),
                "It is in your hands then: nothing more is begun by itself, and nobody else is called.".into(),
            ],
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            What::Force(_, Some(_)) => "30m, 2h; nothing: until taken back. Tab goes to the other field.",
            What::Silence(_) => "30m, 2h. Tab goes to the other field, up and down choose what.",
            What::TakeOver(..) => "A reason may be left out; others read it.",
            What::Force(_, None) | What::Lift(..) => "Others read it.",
        }
    }

    fn enter(&self) -> &'static str {
        match self {
            What::Force(..) => "Enter does it and the audit ledger keeps it; Esc cancels.",
            What::Silence(_) => "Enter silences it and the audit ledger keeps it; Esc cancels.",
            What::TakeOver(..) => "Enter takes it over and the audit ledger keeps it; Esc cancels.",
            What::Lift(..) => "Enter lifts the silence and the audit ledger keeps it; Esc cancels.",
        }
    }
}

impl Form {
    /// Chooses one of the offers.
    pub fn choose(&mut self, at: usize) {
        self.chosen = at.min(self.what.offers().len().saturating_sub(1));
    }

    /// Pasted text goes where the keyboard is.
    pub fn paste(&mut self, text: &str) {
        if self.at_time { &mut self.time } else { &mut self.reason }.paste(text);
    }

    fn effect(&self, model: &Model) -> Result<Effect, String> {
        let reason = self.reason.text().trim().to_owned();
        let (now, time) = (model.now.ms, self.time.text().trim());
        Ok(match &self.what {
            What::TakeOver(ids, _) => {
                Effect::TakeOver { ids: ids.clone(), reason: (!reason.is_empty()).then_some(reason) }
            }
            _ if reason.is_empty() => return Err("a reason is missing: others read it".into()),
            What::Force(key, to) => {
                let until = if time.is_empty() || to.is_none() { None } else { Some(now + span(time)?) };
                let force = |to| Forced { to, until, by: model.operator.name.clone(), reason: reason.clone(), at: now };
                let input = to.map_or(Input::Auto, |to| Input::Force(force(to)));
                Effect::Force { key: key.clone(), input, reason }
            }
            What::Silence(_) => Effect::Silence { word: self.word(reason)?, until: Some(now + span(time)?) },
            What::Lift(..) => Effect::Silence { word: self.word(reason)?, until: None },
        })
    }

    fn word(&self, reason: String) -> Result<Word, String> {
        let offer = self.what.offers().get(self.chosen).ok_or("nothing is chosen")?;
        Ok(Word { reason, ..offer.word.clone() })
    }
}

/// Columns of the box.
const WIDE: u16 = 76;

/// Draws the form: what can be chosen, what comes of it, and the fields.
pub fn view(model: &Model, form: &Form, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let theme = &model.theme;
    let about = form.what.about(form.chosen);
    let inner = usize::from(WIDE.min(area.width).saturating_sub(4)).max(1);
    let about: Vec<&str> = about.iter().flat_map(|text| line::fold(text, inner)).collect();
    let (offers, fields) = (form.what.offers(), 1 + usize::from(form.what.lasts()));
    // An empty line stands below the offers, and below what comes of it.
    let gap = |lines: usize| lines + usize::from(lines > 0);
    let above = gap(offers.len()) + gap(about.len());
    let high = u16::try_from(above + fields + 5).unwrap_or(u16::MAX);
    let inside = dialog::open(theme, frame, area, (WIDE, high), &plain(&form.what.title()), Role::Warning, hits);
    let mut rows = (inside.y..inside.bottom()).map(|y| Rect { y, height: 1, ..inside });
    let mut row = || rows.next().unwrap_or(Rect { height: 0, ..inside });
    for (n, offer) in offers.iter().enumerate() {
        let (at, chosen) = (row(), n == form.chosen);
        let mark = theme.glyph(if chosen { Glyph::Cursor } else { Glyph::Dot });
        let role = if chosen { Role::Cursor } else { Role::Strong };
        line::put(frame.buffer_mut(), theme, at, &format!("{mark} {}", offer.head), theme.style(role));
        hits.add(at, Target::Part { part: OFFER, index: n });
    }
    if !offers.is_empty() {
        row();
    }
    for text in &about {
        line::put(frame.buffer_mut(), theme, row(), text, theme.style(Role::Text));
    }
    if !about.is_empty() {
        row();
    }
    for (word, field, focus, shown) in
        [("for  ", &form.time, form.at_time, form.what.lasts()), ("why  ", &form.reason, !form.at_time, true)]
    {
        if shown {
            let at = row();
            let used = line::put(frame.buffer_mut(), theme, at, word, theme.style(Role::Key));
            let place = Rect { x: at.x + used, width: at.width.saturating_sub(used), ..at };
            field.view(theme, frame, place, focus);
        }
    }
    row();
    let (text, role) = match &form.mistake {
        Some(why) => (why.as_str(), Role::Error),
        None => (form.what.hint(), Role::Dim),
    };
    line::put(frame.buffer_mut(), theme, row(), text, theme.style(role));
    line::put(frame.buffer_mut(), theme, row(), form.what.enter(), theme.style(Role::Dim));
}

//! Health: every check of every host, the worst first; what fails the same way at once in one line; stale is grey and says
//! how old it is. The picture comes from the edge, which reads what the one poller of the environment wrote.

mod about;
mod actions;
#[cfg(test)]
mod alarm_tests;
mod answers;
#[cfg(test)]
mod away_tests;
pub mod breakers;
#[cfg(test)]
mod breakers_tests;
mod columns;
mod data;
mod force;
mod form;
#[cfg(test)]
mod form_tests;
mod hands;
#[cfg(test)]
mod hands_tests;
mod head;
mod hush;
mod keys;
mod layout;
#[cfg(test)]
mod layout_tests;
mod news;
mod note;
mod reach;
mod rows;
#[cfg(test)]
mod silence_tests;
#[cfg(test)]
pub mod tests;
mod view;
mod wall;
mod wanted;

use super::{Screen, ScreenId};
use crate::health::board::Row;
use crate::tui::effect;
use crate::tui::list::List;
use crate::tui::model::Model;
use crate::tui::notices::Bell;
use crate::tui::overlay::Overlay;
use crate::tui::widgets::field::Field;
pub use data::{Data, Effect, Picture};
use rows::{Choice, Line};
pub use wanted::{Poll, Wanted, wanted};

pub const SCREEN: Screen = Screen {
    actions: actions::ACTIONS,
    typing: |m| m.health.typing || m.health.form.is_some(),
    key: keys::key,
    paste: keys::paste,
    motion: keys::motion,
    mouse: keys::mouse,
    enter,
    crumbs: |m| m.health.face.crumb().into_iter().collect(),
    ..Screen::plain(ScreenId::Health, view::view)
};

/// Name of the list in the hits.
const LIST: &str = "health";

#[derive(Debug, Default)]
pub struct Health {
    /// What was read last, of whichever environment.
    picture: Option<Picture>,
    /// Why an environment could not be read the last time.
    problem: Option<(usize, String)>,
    choice: Choice,
    filter: Field,
    typing: bool,
    lines: Vec<Line>,
    list: List,
    /// The cursor was moved, so that it stays with its line.
    moved: bool,
    face: Face,
    /// A person's word over a breaker or a silence, while it is typed.
    form: Option<form::Form>,
}

/// What the screen shows below its head.
#[derive(Debug, Default)]
enum Face {
    #[default]
    Table,
    /// The last answers of one.
    Answers(answers::Answers),
    Wall(wall::Wall),
}

impl Face {
    fn crumb(&self) -> Option<String> {
        match self {
            Face::Table => None,
            Face::Answers(_) => Some("answers".into()),
            Face::Wall(_) => Some("wall".into()),
        }
    }
}

/// What a line is, so that the cursor finds it again on the next picture.
#[derive(Debug, PartialEq, Eq)]
enum Name {
    Cause(String),
    Row(Option<String>, String),
}

impl Health {
    /// What is known of an environment.
    pub fn of(&self, env: Option<usize>) -> Option<&Picture> {
        self.picture.as_ref().filter(|picture| Some(picture.env) == env)
    }

    /// The row under the cursor.
    fn current(&self) -> Option<&Row> {
        match self.lines.get(self.list.cursor)? {
            Line::Row { at, .. } => self.picture.as_ref()?.board.rows.get(*at),
            Line::Cause(_) => None,
        }
    }

    /// The cause under the cursor, by its place.
    fn cause(&self) -> Option<usize> {
        match self.lines.get(self.list.cursor)? {
            Line::Cause(n) => Some(*n),
            Line::Row { .. } => None,
        }
    }

    fn name(&self, line: Line) -> Option<Name> {
        let board = &self.picture.as_ref()?.board;
        Some(match line {
            Line::Cause(n) => Name::Cause(rows::name(board, n)),
            Line::Row { at, .. } => {
                let row = board.rows.get(at)?;
                Name::Row(row.host.clone(), row.check.clone())
            }
        })
    }
}

/// What was read of another environment is nothing here, and nothing that can be done may mean its hosts.
fn enter(model: &mut Model) -> Vec<effect::Effect> {
    if model.health.of(model.env).is_none() {
        let s = &mut model.health;
        (s.picture, s.face, s.choice.host, s.lines) = (None, Face::Table, None, vec![]);
        (s.list, s.moved) = (List::default(), false);
    }
    vec![]
}

/// Data arrived. A frame is worth it where it is in sight.
pub fn arrived(model: &mut Model, data: Data) -> Vec<effect::Effect> {
    let env = model.env_in_sight();
    match data {
        // What was asked means the line that was under the cursor then: nothing moves beneath a question.
        Data::Picture(_) if matches!(model.overlay, Some(Overlay::Confirm(_))) => {}
        Data::Picture(picture) if Some(picture.env) == env => {
            let alerts = |m: &Model| m.health.of(env).map(|picture| picture.alerts(m.now.ms));
            let before = alerts(model);
            let kept = model.health.lines.get(model.health.list.cursor).and_then(|line| model.health.name(*line));
            let name = env.and_then(|env| model.project.environments.get(env)).map_or("", |env| env.name.as_str());
            let known = model.health.of(env).filter(|_| model.bell == Bell::All);
            let news = known.and_then(|before| news::news(name, before, &picture));
            if let Some(place) = model.fleet.places.get_mut(picture.env) {
                place.fares(&picture.board);
            }
            (model.health.picture, model.health.problem) = (Some(*picture), None);
            again(model, kept);
            model.dirty |= before != alerts(model) || shows(model);
            // There may be one more.
            let mut effects: Vec<_> = news.map(effect::Effect::Call).into_iter().collect();
            if let (Face::Answers(answers), Some(env)) = (&model.health.face, env) {
                effects.push(answers.ask(env));
            }
            return effects;
        }
        Data::Failed { env: of, why } if Some(of) == env => {
            model.health.problem = Some((of, why));
            model.dirty |= shows(model);
        }
        Data::Answers { env: of, host, probe, raws } if Some(of) == env => {
            if let Face::Answers(answers) = &mut model.health.face
                && (&answers.host, &answers.probe) == (&host, &probe)
            {
                answers.raws = Some(raws);
                model.dirty = true;
            }
        }
        // Another environment is in sight meanwhile.
        Data::Picture(_) | Data::Failed { .. } | Data::Answers { .. } => {}
    }
    vec![]
}

/// A screen that speaks of health is in sight.
pub fn shows(model: &Model) -> bool {
    model.is_at(ScreenId::Health) || model.is_at(ScreenId::Fleet)
}

/// Makes the lines anew; the cursor stays on what it was on.
fn refresh(model: &mut Model) {
    let kept = model.health.lines.get(model.health.list.cursor).and_then(|line| model.health.name(*line));
    again(model, kept);
}

fn again(model: &mut Model, kept: Option<Name>) {
    let (page, now, project) = (model.page(LIST), model.now.ms, std::sync::Arc::clone(&model.project));
    let s = &mut model.health;
    s.choice.words = s.filter.text().to_lowercase().split_whitespace().map(str::to_owned).collect();
    let lines = s.picture.as_ref().map(|picture| {
        let held = |row: &Row| {
            breakers::of_row(&project, picture, row, now).is_some() || note::is_escalated(&project, picture, row)
        };
        rows::lines(&picture.board, &s.choice, &held)
    });
    s.lines = lines.unwrap_or_default();
    // Whoever never moved wants to see the worst, whatever that is.
    let at = match (s.moved, kept) {
        (false, _) | (_, None) => None,
        (true, kept) => s.lines.iter().position(|line| s.name(*line) == kept),
    };
    s.list.select(at.unwrap_or(s.list.cursor), s.lines.len(), page);
}

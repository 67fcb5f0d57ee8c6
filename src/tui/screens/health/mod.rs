//! Health: every check of every host, the worst first; what fails the same way at once in one line; stale is grey and says
//! how old it is. The picture comes from the edge, which reads what the one poller of the environment wrote.

mod about;
mod actions;
mod columns;
mod data;
mod head;
mod note;
mod rows;
#[cfg(test)]
pub mod tests;
mod view;
mod wanted;

use super::Screen;
use crate::health::board::Row;
use crate::tui::effect;
use crate::tui::hits::Target;
use crate::tui::list::{List, Motion};
use crate::tui::model::Model;
use crate::tui::widgets::field::Field;
use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};
pub use data::{Data, Effect, Picture};
use rows::{Choice, Line};
pub use wanted::{Poll, Wanted, wanted};

/// The screen.
pub const SCREEN: Screen = Screen {
    actions: actions::ACTIONS,
    typing: |m| m.health.typing,
    key,
    paste: |m, text| {
        m.health.filter.paste(text);
        refresh(m);
        vec![]
    },
    motion,
    mouse,
    ..Screen::plain("health", view::view)
};

/// Name of the list in the hits.
const LIST: &str = "health";

/// Its state.
#[derive(Debug, Default)]
pub struct Health {
    /// What was read last, of whichever environment.
    picture: Option<Picture>,
    /// Why an environment could not be read the last time.
    problem: Option<(usize, String)>,
    choice: Choice,
    filter: Field,
    typing: bool,
    /// What is shown.
    lines: Vec<Line>,
    list: List,
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

/// Data arrived. A frame is worth it where it is in sight.
pub fn arrived(model: &mut Model, data: Data) -> Vec<effect::Effect> {
    let env = model.env_in_sight();
    match data {
        Data::Picture(picture) if Some(picture.env) == env => {
            let alerts = |m: &Model| m.health.of(env).map(|picture| picture.alerts(m.now.ms));
            let before = alerts(model);
            let kept = model.health.lines.get(model.health.list.cursor).and_then(|line| model.health.name(*line));
            (model.health.picture, model.health.problem) = (Some(*picture), None);
            again(model, kept);
            model.dirty |= before != alerts(model) || shows(model);
        }
        Data::Failed { env: of, why } if Some(of) == env => {
            model.health.problem = Some((of, why));
            model.dirty |= shows(model);
        }
        // Another environment is in sight meanwhile.
        Data::Picture(_) | Data::Failed { .. } => {}
    }
    vec![]
}

/// A screen that speaks of health is in sight.
pub fn shows(model: &Model) -> bool {
    [SCREEN.name, super::fleet::SCREEN.name].contains(&model.screen().name)
}

/// Makes the lines anew; the cursor stays on what it was on.
fn refresh(model: &mut Model) {
    let kept = model.health.lines.get(model.health.list.cursor).and_then(|line| model.health.name(*line));
    again(model, kept);
}

fn again(model: &mut Model, kept: Option<Name>) {
    let page = model.page(LIST);
    let s = &mut model.health;
    s.choice.words = s.filter.text().to_lowercase().split_whitespace().map(str::to_owned).collect();
    s.lines = s.picture.as_ref().map(|picture| rows::lines(&picture.board, &s.choice)).unwrap_or_default();
    // Whoever stands at the top wants to see the worst, whatever that is.
    let at = match (s.list.cursor, kept) {
        (0, _) | (_, None) => None,
        (_, kept) => s.lines.iter().position(|line| s.name(*line) == kept),
    };
    s.list.select(at.unwrap_or(s.list.cursor), s.lines.len(), page);
}

fn motion(model: &mut Model, motion: Motion) -> Vec<effect::Effect> {
    let page = model.page(LIST);
    match motion {
        Motion::Left => return actions::open(model, Some(false)),
        Motion::Right => return actions::open(model, Some(true)),
        _ => {}
    }
    let s = &mut model.health;
    s.list.motion(motion, s.lines.len(), page);
    vec![]
}

fn key(model: &mut Model, key: KeyEvent) -> Option<Vec<effect::Effect>> {
    if !model.health.typing {
        return None;
    }
    match key.code {
        KeyCode::Enter => model.health.typing = false,
        KeyCode::Esc => {
            model.health.typing = false;
            model.health.filter.set("");
            refresh(model);
        }
        KeyCode::Up => return Some(motion(model, Motion::Up)),
        KeyCode::Down => return Some(motion(model, Motion::Down)),
        _ => {
            if model.health.filter.key(key)? {
                refresh(model);
            }
        }
    }
    Some(vec![])
}

fn mouse(model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<effect::Effect> {
    match (event.kind, target) {
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Row { list: LIST, index })) => {
            let again = model.health.list.cursor == index;
            let (len, page) = (model.health.lines.len(), model.page(LIST));
            model.health.list.select(index, len, page);
            if again { actions::open(model, None) } else { vec![] }
        }
        (MouseEventKind::ScrollUp, _) => motion(model, Motion::Up),
        (MouseEventKind::ScrollDown, _) => motion(model, Motion::Down),
        _ => vec![],
    }
}

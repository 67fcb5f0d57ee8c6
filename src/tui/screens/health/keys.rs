//! Keys, movements and the mouse on Health: what they mean depends on its face.

use super::{Face, LIST, actions, form, refresh, wall};
use crate::tui::effect::Effect;
use crate::tui::hits::Target;
use crate::tui::list::Motion;
use crate::tui::model::Model;
use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};

pub fn motion(model: &mut Model, motion: Motion) -> Vec<Effect> {
    let (page, across) = (model.page(LIST), model.hits.len(wall::CELL).max(1));
    let hosts = model.health.of(model.env).map_or(0, |picture| picture.board.cells.len());
    let s = &mut model.health;
    match (&mut s.face, motion) {
        (Face::Wall(wall), _) => wall.cursor = wall::moved(motion, wall.cursor, hosts, across),
        (Face::Answers(answers), _) => answers.motion(motion, &model.hits),
        (Face::Table, Motion::Left) => return actions::fold(model, Some(false)),
        (Face::Table, Motion::Right) => return actions::fold(model, Some(true)),
        (Face::Table, _) => {
            s.moved = true;
            s.list.motion(motion, s.lines.len(), page);
        }
    }
    vec![]
}

/// A key that no action has; while something is typed, every key.
pub fn key(model: &mut Model, key: KeyEvent) -> Option<Vec<Effect>> {
    if model.health.form.is_some() {
        return Some(form::typed(model, key));
    }
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

pub fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match &mut model.health.form {
        Some(form) => form.paste(text),
        None if model.health.typing => {
            model.health.filter.paste(text);
            refresh(model);
        }
        None => {}
    }
    vec![]
}

/// The mouse: a click chooses, a click on what is chosen opens it.
pub fn mouse(model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<Effect> {
    match (event.kind, target) {
        (kind, target) if model.health.form.is_some() => {
            if let (MouseEventKind::Down(_), Some(Target::Part { part: form::OFFER, index })) = (kind, target)
                && let Some(form) = &mut model.health.form
            {
                form.choose(index);
            }
            vec![]
        }
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Row { list: LIST, index })) => {
            let again = model.health.list.cursor == index;
            let (len, page) = (model.health.lines.len(), model.page(LIST));
            model.health.list.select(index, len, page);
            model.health.moved = true;
            if again { actions::open(model) } else { vec![] }
        }
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Part { part: wall::CELL, index })) => {
            let Face::Wall(wall) = &mut model.health.face else { return vec![] };
            let again = std::mem::replace(&mut wall.cursor, index) == index;
            if again { actions::open(model) } else { vec![] }
        }
        (MouseEventKind::ScrollUp, _) => motion(model, Motion::Up),
        (MouseEventKind::ScrollDown, _) => motion(model, Motion::Down),
        _ => vec![],
    }
}

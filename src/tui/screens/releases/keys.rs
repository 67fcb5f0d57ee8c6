//! Keys and the mouse on the list of releases.

use super::{Effect, Part};
use crate::tui::effect;
use crate::tui::hits::Target;
use crate::tui::list::Motion;
use crate::tui::model::Model;
use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};

/// Name of the list in the hits.
pub const LIST: &str = "releases";
pub const PLAN: &str = "releases.plan";
pub const FIELD: &str = "releases.field";

/// Enter: in the list takes the release, in a field freezes the plan.
pub fn enter(model: &mut Model) -> Vec<effect::Effect> {
    let s = &mut model.releases;
    if s.part == Part::List {
        s.part = Part::Version;
        return vec![];
    }
    freeze(model)
}

/// Freezes the plan of what the fields say, and shows it.
pub fn freeze(model: &mut Model) -> Vec<effect::Effect> {
    let s = &mut model.releases;
    let Some(order) = s.order() else { return vec![] };
    if order.version.is_empty() {
        s.part = Part::Version;
        model.toast(crate::tui::msg::Level::Warning, "which version? type it");
        return vec![];
    }
    (s.part, s.top) = (Part::Plan, 0);
    if s.plan().is_some() {
        return vec![];
    }
    s.built = Some((order.clone(), None));
    vec![effect::Effect::Releases(Effect::Build(order))]
}

/// A key while a field has the keyboard.
pub fn key(model: &mut Model, key: KeyEvent) -> Option<Vec<effect::Effect>> {
    let s = &mut model.releases;
    if matches!(s.part, Part::List | Part::Plan) {
        return None;
    }
    match key.code {
        KeyCode::Up => s.part = s.step(-1, false),
        KeyCode::Down => s.part = s.step(1, false),
        KeyCode::Esc => s.part = Part::List,
        _ => s.fields.key(s.part, key)?,
    }
    Some(vec![])
}

pub fn paste(model: &mut Model, text: &str) -> Vec<effect::Effect> {
    let s = &mut model.releases;
    s.fields.paste(s.part, text);
    vec![]
}

/// A movement in the list or the plan.
pub fn motion(model: &mut Model, motion: Motion) -> Vec<effect::Effect> {
    let (page, shown) = (model.page(LIST), model.page(PLAN));
    let lines = model.hits.len(PLAN);
    let s = &mut model.releases;
    let len = s.offers().len();
    match s.part {
        Part::Plan => {
            let last = lines.saturating_sub(shown);
            s.top = match motion {
                Motion::Up => s.top.saturating_sub(1),
                Motion::Down => s.top + 1,
                Motion::PageUp => s.top.saturating_sub(shown),
                Motion::PageDown => s.top + shown,
                Motion::First => 0,
                Motion::Last => last,
                Motion::Left | Motion::Right => s.top,
            }
            .min(last);
        }
        _ => {
            s.list.motion(motion, len, page);
        }
    }
    vec![]
}

pub fn mouse(model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<effect::Effect> {
    match (event.kind, target) {
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Row { list: LIST, index })) => {
            let page = model.page(LIST);
            let s = &mut model.releases;
            let again = s.list.cursor == index && s.part == Part::List;
            let len = s.offers().len();
            s.list.select(index, len, page);
            s.part = if again { Part::Version } else { Part::List };
        }
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Part { part: FIELD, index })) => {
            let s = &mut model.releases;
            s.part = s.fields().get(index).copied().unwrap_or(s.part);
        }
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Row { list: PLAN, .. })) => {
            model.releases.part = Part::Plan;
        }
        (MouseEventKind::ScrollUp, _) => return motion(model, Motion::Up),
        (MouseEventKind::ScrollDown, _) => return motion(model, Motion::Down),
        _ => {}
    }
    vec![]
}

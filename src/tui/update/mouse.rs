//! The mouse: clicks go to what the last frame had there, the wheel to the list under it.

use super::perform;
use crate::tui::actions;
use crate::tui::effect::Effect;
use crate::tui::hits::Target;
use crate::tui::model::Model;
use crate::tui::overlay;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

pub(super) fn mouse(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    if matches!(event.kind, MouseEventKind::Moved | MouseEventKind::Up(_)) {
        return vec![];
    }
    model.dirty = true;
    let target = model.hits.at(event.column, event.row).cloned();
    if model.overlay.is_some() {
        return overlay::mouse(model, event, target);
    }
    match (event.kind, &target) {
        (MouseEventKind::Down(MouseButton::Left), Some(Target::Action(id))) => {
            actions::find(id).map(|action| perform(model, action)).unwrap_or_default()
        }
        _ => (model.screen().mouse)(model, event, target),
    }
}

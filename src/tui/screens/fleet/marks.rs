//! The mark actions: which hosts the next ad-hoc command or playbook is for.

use super::Place;
use crate::tui::effect::Effect;
use crate::tui::list::Motion;
use crate::tui::model::Model;

fn with(model: &mut Model, change: impl FnOnce(&mut Place)) -> Vec<Effect> {
    if let Some(place) = model.place_mut() {
        change(place);
    }
    vec![]
}

/// Marks the row and steps down, so that holding the key marks many.
pub(super) fn toggle(model: &mut Model) -> Vec<Effect> {
    let page = model.page("hosts");
    with(model, |place| {
        place.toggle_mark();
        place.host_list.motion(Motion::Down, place.rows.len(), page);
    })
}

pub(super) fn range(model: &mut Model) -> Vec<Effect> {
    with(model, Place::mark_range)
}

pub(super) fn all(model: &mut Model) -> Vec<Effect> {
    with(model, |place| place.mark_shown(true))
}

pub(super) fn none(model: &mut Model) -> Vec<Effect> {
    with(model, |place| place.marks.clear())
}

pub(super) fn invert(model: &mut Model) -> Vec<Effect> {
    with(model, Place::invert_marks)
}

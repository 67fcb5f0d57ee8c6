//! Keys and pasted text: to the overlay, else to a text field, else to the action that has the key.

use super::perform;
use crate::tui::effect::Effect;
use crate::tui::keymap::Chord;
use crate::tui::model::Model;
use crate::tui::overlay;
use crossterm::event::{KeyEvent, KeyEventKind};

pub(super) fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return vec![];
    }
    if model.overlay.is_some() {
        return overlay::key(model, key);
    }
    let screen = model.screen();
    let chord = Chord::from(key);
    if (screen.typing)(model) {
        if let Some(effects) = (screen.key)(model, key) {
            return effects;
        }
        if chord.is_text() {
            return vec![];
        }
    }
    match model.keymap.action(screen, chord) {
        Some(action) => perform(model, action),
        None => (screen.key)(model, key).unwrap_or_default(),
    }
}

/// Pasted text never is a command.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.overlay.is_some() {
        return overlay::paste(model, text);
    }
    (model.screen().paste)(model, text)
}

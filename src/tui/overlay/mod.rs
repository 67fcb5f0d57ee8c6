//! What lies above the screen and takes the keyboard: help, palette, questions, theme picker.

pub mod confirm;
pub mod menu;
pub mod themes;

use super::actions::{Action, Danger};
use super::effect::Effect;
use super::hits::{Hits, Target};
use super::model::Model;
use super::msg::Level;
pub use crate::tui::model::overlay::Overlay;
use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::Frame;
use ratatui::layout::Rect;

impl Overlay {
    /// `?`: what works here.
    pub fn help() -> Self {
        Overlay::Menu(menu::Menu::new(menu::Kind::Help))
    }

    /// `:`: any command by its name.
    pub fn palette() -> Self {
        Overlay::Menu(menu::Menu::new(menu::Kind::Palette))
    }

    /// A question before an action.
    pub fn confirm(model: &Model, action: &'static Action) -> Self {
        Overlay::Confirm(confirm::Confirm::new(model, action))
    }
}

/// Does an action, or says why not, or asks first.
pub fn perform(model: &mut Model, action: &'static Action) -> Vec<Effect> {
    if let Some(why) = action.why_not(model) {
        model.toast(Level::Warning, format!("{}: {why}", action.label));
        return vec![];
    }
    if !matches!(action.danger, Danger::None | Danger::Form) {
        model.overlay = Some(Overlay::confirm(model, action));
        return vec![];
    }
    (action.run)(model)
}

/// A key while an overlay is open. The overlay is taken out of the model for as long as it works.
pub fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    match model.overlay.take() {
        Some(Overlay::Menu(menu)) => menu.key(model, key),
        Some(Overlay::Confirm(confirm)) => confirm.key(model, key),
        Some(Overlay::Themes(picker)) => picker.key(model, key),
        None => vec![],
    }
}

/// Pasted text while an overlay is open.
pub fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match &mut model.overlay {
        Some(Overlay::Menu(menu)) => menu.filter.paste(text),
        Some(Overlay::Confirm(confirm)) => confirm.paste(text),
        Some(Overlay::Themes(_)) | None => {}
    }
    vec![]
}

/// The mouse while an overlay is open.
pub fn mouse(model: &mut Model, event: MouseEvent, target: Option<Target>) -> Vec<Effect> {
    match model.overlay.take() {
        Some(Overlay::Menu(menu)) => menu.mouse(model, event, target),
        Some(Overlay::Confirm(confirm)) => confirm.mouse(model, event, target),
        Some(Overlay::Themes(picker)) => picker.mouse(model, event, target),
        None => vec![],
    }
}

/// Draws the overlay, if there is one.
pub fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    match &model.overlay {
        Some(Overlay::Menu(menu)) => menu.view(model, frame, area, hits),
        Some(Overlay::Confirm(confirm)) => confirm.view(model, frame, area, hits),
        Some(Overlay::Themes(picker)) => picker.view(model, frame, area, hits),
        None => {}
    }
}

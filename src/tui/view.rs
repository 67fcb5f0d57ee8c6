//! The whole frame from the model: top line, alarm line while there is a reason, screen, footer, toasts, overlay. Pure: the same model, the same frame.

use super::hits::Hits;
use super::model::Model;
use super::msg::Level;
use super::overlay;
use super::theme::{Glyph, Role};
use super::widgets::{alarm, footer, header, line};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Draws the model; returns what lies where.
pub fn view(model: &Model, frame: &mut Frame) -> Hits {
    let mut hits = Hits::default();
    let area = frame.area();
    frame.buffer_mut().set_style(area, model.theme.style(Role::Text));
    if area.height < 3 || area.width < 10 {
        line::put(frame.buffer_mut(), &model.theme, area, "too small", model.theme.style(Role::Warning));
        return hits;
    }
    header::view(model, frame.buffer_mut(), area);
    let reasons = model.reasons();
    // Where there is hardly a row for the screen, the screen has it.
    let top = if reasons.is_empty() || area.height < LOW { 1 } else { 2 };
    let body = Rect { y: area.y + top, height: area.height - top - 1, ..area };
    if top > 1 {
        alarm::view(model, &reasons, frame.buffer_mut(), Rect { y: area.y + 1, ..area }, &mut hits);
    }
    (model.screen().view)(model, frame, body, &mut hits);
    let bottom = Rect { y: area.bottom() - 1, height: 1, ..area };
    footer::view(model, frame.buffer_mut(), bottom, &mut hits);
    let floor = hits.floor.unwrap_or(body.bottom());
    toasts(model, frame, Rect { height: floor.saturating_sub(body.y).min(body.height), ..body });
    overlay::view(model, frame, area, &mut hits);
    hits
}

/// Rows below which there is no alarm line.
const LOW: u16 = 6;
/// Rows that a toast may take.
const ROWS: usize = 5;

/// The newest three, at the bottom right of the screen, above everything but an overlay. Long ones take more rows: a path or
/// a reason that is cut helps nobody.
fn toasts(model: &Model, frame: &mut Frame, area: Rect) {
    let mut bottom = area.bottom();
    for toast in model.toasts.iter().rev().take(3) {
        let (glyph, role) = match toast.level {
            Level::Info => (Glyph::Ok, Role::Title),
            Level::Warning => (Glyph::Warning, Role::Warning),
            Level::Error => (Glyph::Failed, Role::Error),
        };
        let text = format!("{} {}", model.theme.glyph(glyph), toast.text);
        let style = model.theme.style(role).add_modifier(ratatui::style::Modifier::REVERSED);
        let parts = line::fold(&text, usize::from(area.width.saturating_sub(2)));
        for part in parts.into_iter().take(ROWS).rev() {
            bottom = bottom.saturating_sub(1);
            if bottom >= area.y && !area.is_empty() {
                let row = Rect { y: bottom, height: 1, ..area };
                line::put_right(frame.buffer_mut(), &model.theme, row, &format!(" {part} "), style);
            }
        }
    }
}

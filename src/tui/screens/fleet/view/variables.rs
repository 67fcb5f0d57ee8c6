//! All variables of one host, with where each comes from. Vaulted ones are shown as such, never opened.

use super::title;
use crate::tui::hits::Hits;
use crate::tui::model::Model;
use crate::tui::screens::fleet::Asked;
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::{line, paint};
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) fn view(model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
    let theme = &model.theme;
    let Some(Asked { what: host, answer }) = model.place().and_then(|p| p.vars.as_ref()) else { return };
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let used = title(model, frame, inner, "Variables", true) + 2;
    let rest = Rect { x: inner.x + used, width: inner.width.saturating_sub(used), ..inner };
    line::put(frame.buffer_mut(), theme, rest, host, theme.style(Role::Strong));
    let body = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let say = |frame: &mut Frame, text: &str, role| {
        for (text, y) in line::fold(text, usize::from(body.width)).iter().zip(body.y..body.bottom()) {
            line::put(frame.buffer_mut(), theme, Rect { y, height: 1, ..body }, text, theme.style(role));
        }
    };
    let vars = match answer {
        None => return say(frame, "Reading ...", Role::Running),
        Some(Err(why)) => return say(frame, why, Role::Error),
        Some(Ok(vars)) if vars.is_empty() => return say(frame, "It has none of its own.", Role::Dim),
        Some(Ok(vars)) => vars,
    };
    let list = model.place().map(|p| p.var_list).unwrap_or_default();
    let window = list.window(vars.len(), usize::from(body.height));
    hits.list("variables", body, window.start, vars.len());
    let names = vars[window.clone()].iter().map(|v| paint::width(&v.name)).max().unwrap_or(0).min(body.width / 3);
    let origins = (body.width / 3).min(44);
    for (index, y) in window.zip(body.y..) {
        let var = &vars[index];
        let row = Rect { y, height: 1, ..body };
        line::put(frame.buffer_mut(), theme, Rect { width: names, ..row }, &var.name, theme.style(Role::Key));
        let value = Rect { x: row.x + names + 2, width: row.width.saturating_sub(names + 2 + origins + 2), ..row };
        if var.vaulted {
            let text = format!("{} vaulted", theme.glyph(Glyph::Secret).repeat(6));
            line::put(frame.buffer_mut(), theme, value, &text, theme.style(Role::Unknown));
        } else {
            line::put(frame.buffer_mut(), theme, value, &var.value, theme.style(Role::Text));
        }
        let origin = Rect { x: row.right() - origins, width: origins, ..row };
        line::put(frame.buffer_mut(), theme, origin, &var.origin, theme.style(Role::Dim));
        if index == list.cursor {
            paint::row_style(frame.buffer_mut(), row, y, theme.style(Role::Cursor));
        }
    }
}

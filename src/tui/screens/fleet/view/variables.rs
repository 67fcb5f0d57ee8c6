//! All variables of one host, with where each comes from. Vaulted ones are shown as such, never opened.

use super::title;
use crate::tui::hits::Hits;
use crate::tui::model::Model;
use crate::tui::model::asked::Asked;
use crate::tui::screens::fleet::data::Var;
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
    let body = current(model, frame, body, vars.get(list.cursor));
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

/// The variable under the cursor in full, below the list; gives what is left for the list.
fn current(model: &Model, frame: &mut Frame, area: Rect, var: Option<&Var>) -> Rect {
    let theme = &model.theme;
    let Some(var) = var.filter(|_| area.height >= 4) else { return area };
    let value = if var.vaulted { "vaulted: never opened here" } else { var.value.as_str() };
    let origin = if var.origin.is_empty() { "where it comes from is not known" } else { var.origin.as_str() };
    let whole = format!("{}: {value}", var.name);
    let columns = usize::from(area.width);
    let mut lines: Vec<(&str, Role)> = line::fold(&whole, columns).into_iter().map(|l| (l, Role::Text)).collect();
    // Where a value is longer than half of the screen, its end is left out, and that is said.
    let room = usize::from(area.height / 2).saturating_sub(1).max(1);
    let cut = lines.len() > room;
    lines.truncate(room.saturating_sub(usize::from(cut)).max(1));
    if cut {
        lines.push(("... and more", Role::Dim));
    }
    lines.extend(line::fold(origin, columns).into_iter().take(2).map(|l| (l, Role::Dim)));
    let rows = u16::try_from(lines.len() + 1).unwrap_or(u16::MAX).min(area.height);
    let below = Rect { y: area.bottom() - rows, height: rows, ..area };
    let bar = theme.border().horizontal_top.repeat(usize::from(area.width));
    line::put(frame.buffer_mut(), theme, below, &bar, theme.style(Role::Border));
    for ((text, role), y) in lines.iter().zip(below.y + 1..below.bottom()) {
        line::put(frame.buffer_mut(), theme, Rect { y, height: 1, ..below }, text, theme.style(*role));
    }
    Rect { height: area.height - rows, ..area }
}

//! The lines below the table: what is known of the host under the cursor.

use super::hosts::last_run;
use crate::tui::model::Model;
use crate::tui::model::asked::Asked;
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::line;
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) fn view(model: &Model, frame: &mut Frame, area: Rect) {
    let theme = &model.theme;
    let bar = theme.border().horizontal_top.repeat(usize::from(area.width));
    line::put(frame.buffer_mut(), theme, area, &bar, theme.style(Role::Border));
    let Some(place) = model.place() else { return };
    let Some(host) = place.current() else { return };
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let row = |n: u16| Rect { y: inner.y + n, height: 1, ..inner };
    let dot = theme.glyph(Glyph::Dot);
    let index = place.rows.get(place.host_list.cursor).map_or(usize::MAX, |i| *i as usize);
    let groups = place.groups_of.get(index).map_or("", String::as_str);
    let name = row(1);
    let used = line::put(frame.buffer_mut(), theme, name, host, theme.style(Role::Strong)) + 2;
    let rest = Rect { x: name.x + used.min(name.width), width: name.width.saturating_sub(used), ..name };
    let rest = match super::health::words(model, host) {
        Some((words, role)) => {
            let half = Rect { x: rest.x + rest.width / 3, width: rest.width - rest.width / 3, ..rest };
            let used = line::put_right(frame.buffer_mut(), theme, half, &words, theme.style(role));
            Rect { width: rest.width.saturating_sub(used + 2), ..rest }
        }
        None => rest,
    };
    let groups = if groups.is_empty() { "in no group".to_owned() } else { format!("in {groups}") };
    line::put(frame.buffer_mut(), theme, rest, &groups, theme.style(Role::Dim));

    let (sign, role, more) = last_run(model, place, host);
    let used = line::put(frame.buffer_mut(), theme, row(2), "last run ", theme.style(Role::Dim)) + 1;
    let at = Rect { x: inner.x + used, width: inner.width.saturating_sub(used), ..row(2) };
    let text = match sign.as_str() {
        "-" => match place.newest {
            Some(newest) => format!("none among the newest {newest}"),
            None => "none on record".to_owned(),
        },
        "?" => "not known yet".to_owned(),
        _ => format!("{sign} {more}"),
    };
    line::put(frame.buffer_mut(), theme, at, &text, theme.style(role));

    let text = match &place.vars {
        Some(Asked { what, answer: Some(Ok(vars)) }) if what == host => {
            let vaulted = vars.iter().filter(|v| v.vaulted).count();
            let shown: Vec<_> = vars.iter().filter(|v| !v.vaulted).take(6).collect();
            let shown: Vec<_> = shown.iter().map(|v| format!("{} {}", v.name, v.value)).collect();
            format!("variables {} ({vaulted} vaulted) {dot} {}", vars.len(), shown.join(&format!(" {dot} ")))
        }
        _ => "enter shows its variables".to_owned(),
    };
    line::put(frame.buffer_mut(), theme, row(3), &text, theme.style(Role::Dim));
}

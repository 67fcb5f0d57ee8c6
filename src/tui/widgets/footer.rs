//! The footer: the keys that matter here and now, each from its action record, dimmed where it can't be used.

use super::line;
use crate::text;
use crate::tui::actions;
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws it into the area's first line. What has the lowest place goes first when the line is narrow.
pub fn view(model: &Model, buffer: &mut Buffer, area: Rect, hits: &mut Hits) {
    let typing = (model.screen().typing)(model);
    let mut hints: Vec<_> = actions::on(model.screen())
        .filter(|a| a.hint > 0 && (a.shown)(model))
        // While a line is typed a letter is text: another of the action's keys is shown, or none.
        .filter_map(|a| {
            Some((
                a,
                model.keymap.keys_on(model.screen(), a).into_iter().find(|k| !typing || !k.is_text())?.to_string(),
            ))
        })
        .collect();
    hints.sort_by_key(|(a, _)| std::cmp::Reverse(a.hint));
    let mut room = usize::from(area.width).saturating_sub(1);
    hints.retain(|(action, key)| {
        let wide = text::width(key) + 1 + text::width(action.label) + 2;
        let fits = wide <= room;
        room -= if fits { wide } else { 0 };
        fits
    });
    let mut x = area.x + 1;
    for (action, key) in hints {
        let off = action.why_not(model).is_some();
        let rest = |x: u16| Rect { x, width: area.right().saturating_sub(x), ..area };
        let start = x;
        let (key_role, word_role) = if off { (Role::KeyDisabled, Role::KeyDisabled) } else { (Role::Key, Role::Dim) };
        x += line::put(buffer, &model.theme, rest(x), &key, model.theme.style(key_role)) + 1;
        x += line::put(buffer, &model.theme, rest(x), action.label, model.theme.style(word_role));
        hits.add(Rect { x: start, width: x - start, height: 1, ..area }, Target::Action(action.id));
        x += 2;
    }
}

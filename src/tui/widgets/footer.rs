//! The footer: the keys that matter here and now, each from its action record, dimmed where it can't be used.

use super::line;
use crate::text;
use crate::tui::actions;
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws it into the area's first line. When the line is narrow, what can't be used goes first, then what has the lowest place.
pub fn view(model: &Model, buffer: &mut Buffer, area: Rect, hits: &mut Hits) {
    let typing = (model.screen().typing)(model);
    let mut hints: Vec<_> = actions::on(model.screen())
        .filter(|a| a.hint > 0 && (a.shown)(model))
        // While a line is typed a letter is text: another of the action's keys is shown, or none.
        .filter_map(|a| {
            let key = model.keymap.keys_on(model.screen(), a).into_iter().find(|k| !typing || !k.is_text())?;
            Some((a, key.to_string(), a.why_not(model).is_some()))
        })
        .collect();
    hints.sort_by_key(|(a, _, off)| (*off, std::cmp::Reverse(a.hint)));
    let mut room = usize::from(area.width).saturating_sub(1);
    hints.retain(|(action, key, _)| {
        let wide = text::width(key) + 1 + text::width(action.label) + 2;
        let fits = wide <= room;
        room -= if fits { wide } else { 0 };
        fits
    });
    // Those that are left keep their places among each other, whatever can be used just now.
    hints.sort_by_key(|(a, ..)| std::cmp::Reverse(a.hint));
    let mut x = area.x + 1;
    for (action, key, off) in hints {
        let rest = |x: u16| Rect { x, width: area.right().saturating_sub(x), ..area };
        let start = x;
        let (key_role, word_role) = if off { (Role::KeyDisabled, Role::KeyDisabled) } else { (Role::Key, Role::Dim) };
        x += line::put(buffer, &model.theme, rest(x), &key, model.theme.style(key_role)) + 1;
        x += line::put(buffer, &model.theme, rest(x), action.label, model.theme.style(word_role));
        hits.add(Rect { x: start, width: x - start, height: 1, ..area }, Target::Action(action.id));
        x += 2;
    }
}

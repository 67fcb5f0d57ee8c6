//! The box, drawn: every choice with what it leads to, or on a low screen only of the chosen one.

use super::{Dialog, PART};
use crate::tui::hits::{Hits, Target};
use crate::tui::model::Model;
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::paint::{put, row_style};
use crate::tui::widgets::{dialog, line};
use ratatui::Frame;
use ratatui::layout::Rect;

impl Dialog {
    /// Draws it above the screen.
    pub fn view(&self, model: &Model, frame: &mut Frame, area: Rect, hits: &mut Hits) {
        let theme = &model.theme;
        let columns = 78.min(area.width);
        let inner = usize::from(columns.saturating_sub(6)).max(1);
        let foot = if self.reason.is_some() { 3 } else { 0 };
        let total: usize = self.choices.iter().map(|c| c.rows(inner, true).len()).sum();
        let wanted = u16::try_from(total + 2 + foot).unwrap_or(u16::MAX);
        // Too low a screen for all of it: only the chosen one says what it leads to, and it is in sight.
        let brief = wanted > area.height;
        let size = (columns, wanted.min(area.height));
        let inside = dialog::open(theme, frame, area, size, &self.title, Role::Warning, hits);
        let body = Rect { height: inside.height.saturating_sub(u16::try_from(foot).unwrap_or(0)), ..inside };
        let buf = frame.buffer_mut();
        let first = if brief { self.at.saturating_sub(usize::from(body.height / 2)) } else { 0 };
        let mut y = body.y;
        for (i, choice) in self.choices.iter().enumerate().skip(first) {
            let mark = theme.glyph(if i == self.at { Glyph::Cursor } else { Glyph::Dot });
            put(buf, theme, body.x, y, 1.min(body.bottom().saturating_sub(y)), mark, theme.style(Role::Strong));
            for (part, role) in choice.rows(inner, !brief || i == self.at) {
                if y >= body.bottom() {
                    break;
                }
                put(buf, theme, body.x + 2, y, body.width.saturating_sub(2), part, theme.style(role));
                if i == self.at && role == Role::Strong {
                    row_style(buf, body, y, theme.style(Role::Cursor));
                }
                hits.add(Rect { y, height: 1, ..body }, Target::Part { part: PART, index: i });
                y += 1;
            }
        }
        if let Some(field) = &self.reason {
            let at = |up: u16| Rect { y: inside.bottom().saturating_sub(up), height: 1.min(inside.height), ..inside };
            line::put(
                buf,
                theme,
                at(2),
                "Why? It is recorded. Enter does it, Esc does nothing.",
                theme.style(Role::Dim),
            );
            field.view(theme, frame, at(1), true);
        }
    }
}

//! A box in the middle of the screen, above everything.

use crate::tui::hits::Hits;
use crate::tui::theme::{Role, Theme};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Clear};

/// Clears a box of at most `columns` by `rows` (border included) in the middle of `area`, draws its border and title,
/// and gives the inside. What lay below can't be clicked any more.
pub fn open(
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
    (columns, rows): (u16, u16),
    title: &str,
    role: Role,
    hits: &mut Hits,
) -> Rect {
    let (width, height) = (columns.min(area.width), rows.min(area.height));
    let outer = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    hits.cover();
    frame.render_widget(Clear, outer);
    frame.buffer_mut().set_style(outer, theme.style(Role::Text));
    let block = Block::bordered()
        .border_set(theme.border())
        .border_style(theme.style(role))
        .title_style(theme.style(role))
        .title(format!(" {title} "));
    let inside = block.inner(outer);
    frame.render_widget(block, outer);
    Rect { x: inside.x + 1.min(inside.width), width: inside.width.saturating_sub(2), ..inside }
}

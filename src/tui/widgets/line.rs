//! One line of text in an area: safe, cut by columns, in ASCII where the theme says so; and folding at words.

use super::paint;
use crate::text;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Writes a text at the start of the area's first line; returns how many columns it took.
pub fn put(buffer: &mut Buffer, theme: &Theme, area: Rect, text: &str, style: Style) -> u16 {
    if area.is_empty() {
        return 0;
    }
    paint::put(buffer, theme, area.x, area.y, area.width, text, style).saturating_sub(area.x)
}

/// Writes a text at the end of the area's first line; returns how many columns it took.
pub fn put_right(buffer: &mut Buffer, theme: &Theme, area: Rect, text: &str, style: Style) -> u16 {
    let wide = paint::width(text).min(area.width);
    put(buffer, theme, Rect { x: area.right() - wide, width: wide, ..area }, text, style)
}

/// A text in lines of at most `columns`; breaks at spaces where there are any.
pub fn fold(text: &str, columns: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut start, mut space, mut used) = (0, None, 0);
    for (at, grapheme, wide) in indices(text) {
        if grapheme != " " && used + wide > columns.max(1) && at > start {
            let end = space.filter(|s| *s > start).unwrap_or(at);
            lines.push(text[start..end].trim_end());
            start = end + text[end..].len() - text[end..].trim_start_matches(' ').len();
            used = text::width(&text[start.min(at)..at]);
            space = None;
        }
        if grapheme == " " {
            space = Some(at);
        }
        used += wide;
    }
    lines.push(text.get(start..).unwrap_or(""));
    lines
}

fn indices(text: &str) -> impl Iterator<Item = (usize, &str, usize)> {
    text::graphemes(text).scan(0, |at, (grapheme, wide)| {
        let here = *at;
        *at += grapheme.len();
        Some((here, grapheme, wide))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_breaks_at_spaces_and_loses_nothing_else() {
        assert_eq!(fold("ansible web -m service", 11), ["ansible web", "-m service"]);
        assert_eq!(fold("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(fold("数据库 数据库", 7), ["数据库", "数据库"]);
        assert_eq!(fold("", 7), [""]);
        assert_eq!(fold("a    b", 3), ["a", "b"]);
    }
}

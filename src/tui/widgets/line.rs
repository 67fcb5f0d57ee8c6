//! Putting one line of text into an area: cut by columns, never in the middle of a wide character.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Writes a text at the start of the area's first line; returns how many columns it took.
pub fn put(buffer: &mut Buffer, area: Rect, text: &str, style: Style) -> u16 {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return 0;
    }
    let (x, _) = buffer.set_stringn(area.x, area.y, text, usize::from(area.width), style);
    x.saturating_sub(area.x)
}

/// Writes a text at the end of the area's first line, cut at its own end where it is too long.
pub fn put_right(buffer: &mut Buffer, area: Rect, text: &str, style: Style) -> u16 {
    let wide = u16::try_from(width(text)).unwrap_or(u16::MAX).min(area.width);
    put(buffer, Rect { x: area.right() - wide, width: wide, ..area }, text, style)
}

/// A text cut to `columns`, with `ellipsis` (one column) at its end where something is missing.
pub fn cut(text: &str, columns: usize, ellipsis: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = width(grapheme);
        if used + wide + 1 > columns {
            break;
        }
        out.push_str(grapheme);
        used += wide;
    }
    if columns > 0 {
        out.push_str(ellipsis);
    }
    out
}

/// A text in lines of at most `columns`; breaks at spaces where there are any.
pub fn fold(text: &str, columns: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut start, mut space, mut used) = (0, None, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        if grapheme != " " && used + width(grapheme) > columns.max(1) && at > start {
            let end = space.filter(|s| *s > start).unwrap_or(at);
            lines.push(text[start..end].trim_end());
            start = end + text[end..].len() - text[end..].trim_start_matches(' ').len();
            used = width(&text[start.min(at)..at]);
            space = None;
        }
        if grapheme == " " {
            space = Some(at);
        }
        used += width(grapheme);
    }
    lines.push(text.get(start..).unwrap_or(""));
    lines
}

/// A text without its first `columns` columns.
pub fn skip(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        if used >= columns {
            return &text[at..];
        }
        used += width(grapheme);
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_are_never_halved() {
        assert_eq!(cut("数据库", 6, "…"), "数据库");
        assert_eq!(cut("数据库", 5, "…"), "数据…");
        assert_eq!(cut("数据库", 4, "…"), "数…");
        assert_eq!(cut("数据库", 1, "…"), "…");
        assert_eq!(cut("数据库", 0, "…"), "");
        assert_eq!(skip("数据库", 3), "库");
        assert_eq!(skip("abc", 9), "");
    }

    #[test]
    fn folding_breaks_at_spaces_and_loses_nothing_else() {
        assert_eq!(fold("ansible web -m service", 11), ["ansible web", "-m service"]);
        assert_eq!(fold("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(fold("数据库 数据库", 7), ["数据库", "数据库"]);
        assert_eq!(fold("", 7), [""]);
        assert_eq!(fold("a    b", 3), ["a", "b"]);
    }
}

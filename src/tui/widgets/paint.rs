//! Painting primitives: text that is cut by columns and never carries a control, numbers to the
//! right. What a widget draws with; no widget lives here.

use crate::text;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Characters of one text that are looked at: more than any screen has columns.
const MAX_CHARS: usize = 2_000;

/// Columns that `s` takes.
pub fn width(s: &str) -> u16 {
    u16::try_from(text::width(s)).unwrap_or(u16::MAX)
}

/// Writes one line of `s` at (`x`, `y`) in at most `max` columns, with a mark where it was cut. Made safe by
/// [`text::plain`]; in an ASCII theme what is not ASCII becomes `?`. Returns the column behind the last one written.
pub fn put(buf: &mut Buffer, theme: &Theme, x: u16, y: u16, max: u16, s: &str, style: Style) -> u16 {
    let area = buf.area;
    if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return x;
    }
    let room = usize::from(max.min(area.right() - x));
    // A hostile name may be very long: what can't be seen is not even looked at.
    let s = match s.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => &s[..end],
        None => s,
    };
    let safe = text::plain(s);
    let fitted = text::fit(&safe, room, theme.ascii);
    if theme.ascii && !fitted.is_ascii() {
        let ascii: String =
            text::graphemes(&fitted).map(|(g, w)| if g.is_ascii() { g.to_owned() } else { "?".repeat(w) }).collect();
        return buf.set_stringn(x, y, ascii, room, style).0;
    }
    buf.set_stringn(x, y, &fitted, room, style).0
}

/// Writes `s` so that it ends before column `right`, in at most `max` columns.
pub fn put_right(buf: &mut Buffer, theme: &Theme, right: u16, y: u16, max: u16, s: &str, style: Style) {
    let w = width(s).min(max);
    put(buf, theme, right.saturating_sub(w).max(buf.area.left()), y, w, s, style);
}

/// Writes pieces one behind the other; returns the column behind the last.
pub fn put_all(buf: &mut Buffer, theme: &Theme, x: u16, y: u16, max: u16, parts: &[(&str, Style)]) -> u16 {
    let end = x.saturating_add(max);
    parts.iter().fold(x, |at, (s, style)| put(buf, theme, at, y, end.saturating_sub(at), s, *style))
}

/// Fills a row of `area` with a style, keeping what stands there.
pub fn row_style(buf: &mut Buffer, area: Rect, y: u16, style: Style) {
    if y >= area.top() && y < area.bottom() {
        buf.set_style(Rect { y, height: 1, ..area }.intersection(buf.area), style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn painted(s: &str, max: u16, ascii: bool) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        put(&mut buf, &Theme::new("t", ascii, HashMap::new()), 0, 0, max, s, Style::new());
        let mut out = String::new();
        let mut x = 0;
        while x < 12 {
            let g = buf[(x, 0)].symbol();
            out.push_str(g);
            x += width(g).max(1);
        }
        out.trim_end().to_owned()
    }

    #[test]
    fn cuts_by_columns_and_says_so() {
        assert_eq!(painted("abcdef", 6, false), "abcdef");
        assert_eq!(painted("abcdefg", 6, false), "abcde…");
        assert_eq!(painted("abcdefg", 6, true), "abcde~");
        assert_eq!(painted("数据库主机", 6, false), "数据…");
        assert_eq!(painted("数据库", 6, false), "数据库");
        assert_eq!(painted("数据", 9, true), "????");
        assert_eq!(painted("x", 0, false), "");
    }

    #[test]
    fn controls_and_bidi_never_reach_a_cell() {
        assert_eq!(painted("a\u{1b}[31mb\u{202e}c\u{7}d\u{200b}", 12, false), "abcd");
    }
}

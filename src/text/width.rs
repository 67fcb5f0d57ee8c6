//! Columns: how wide text is and how to cut, pad and wrap it without splitting what stands in two cells.
//! Expects safe text; measures it as ratatui does.

use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

fn ascii(text: &str) -> bool {
    text.bytes().all(|b| (0x20..0x7f).contains(&b))
}

fn cell_width(grapheme: &str) -> usize {
    // Halfwidth sound marks take a cell of their own on terminals though Unicode joins them.
    grapheme.width() + grapheme.chars().filter(|c| matches!(c, '\u{ff9e}' | '\u{ff9f}')).count()
}

/// The grapheme clusters of a text and the columns of each.
pub fn graphemes(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.graphemes(true).map(|g| (g, cell_width(g)))
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    if ascii(text) { text.len() } else { graphemes(text).map(|(_, w)| w).sum() }
}

/// The longest beginning that fits into so many columns.
pub fn cut(text: &str, columns: usize) -> &str {
    // Between two ASCII characters one may always cut: no need to look at the rest of a long line.
    let end = columns.min(text.len());
    match (text.get(..end), text.as_bytes().get(end)) {
        (Some(head), None | Some(0x20..=0x7e)) if ascii(head) => head,
        _ => scan(text, columns),
    }
}

fn scan(text: &str, columns: usize) -> &str {
    let (mut end, mut used) = (0, 0);
    for (g, w) in graphemes(text) {
        if used + w > columns {
            break;
        }
        used += w;
        end += g.len();
    }
    &text[..end]
}

/// What is left after so many columns, and how many columns of a wide character that was cut in two must be shown as
/// spaces before it.
pub fn skip(text: &str, columns: usize) -> (&str, usize) {
    let (mut at, mut used) = (0, 0);
    for (g, w) in graphemes(text) {
        if used >= columns {
            break;
        }
        used += w;
        at += g.len();
    }
    (&text[at..], used.saturating_sub(columns))
}

/// Fits into so many columns, with `…` (or `~` in ASCII) as its last where something was cut off.
pub fn fit(text: &str, columns: usize, ascii_only: bool) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut out = cut(text, columns - 1).to_owned();
    out.push(if ascii_only { '~' } else { '…' });
    Cow::Owned(out)
}

/// Exactly so many columns: cut or followed by spaces.
pub fn pad(text: &str, columns: usize) -> String {
    let head = cut(text, columns);
    let mut out = String::with_capacity(columns);
    out.push_str(head);
    out.extend(std::iter::repeat_n(' ', columns - width(head)));
    out
}

/// Exactly so many columns: cut or led by spaces.
pub fn pad_left(text: &str, columns: usize) -> String {
    let head = cut(text, columns);
    let mut out = " ".repeat(columns - width(head));
    out.push_str(head);
    out
}

/// A text in rows of at most so many columns (at least one row; at least one character a row).
pub fn wrap(text: &str, columns: usize) -> Vec<&str> {
    let mut rows = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let head = cut(rest, columns);
        let end = if head.is_empty() { rest.graphemes(true).next().map_or(rest.len(), str::len) } else { head.len() };
        rows.push(&rest[..end]);
        rest = &rest[end..];
    }
    if rows.is_empty() {
        rows.push("");
    }
    rows
}

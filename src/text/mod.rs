//! Hostile text made safe, and the measures of text on a screen.
//!
//! Everything that came from a host, an inventory, a log or an error of another program goes through [`line()`] (a line
//! of output, its colours kept) or [`plain`] (a name or a message) before it reaches a terminal. No file is opened
//! here and nothing is known of Ansible.

mod hidden;
pub mod human;
mod line;
pub mod moment;
mod perform;
mod style;
mod width;

#[cfg(test)]
mod tests;

pub use line::{LINE_CAP, Line, Span, line, line_of, stripped};
pub use style::{Color, Sgr};
pub use width::{cut, fit, graphemes, pad, pad_left, skip, width, wrap};

use hidden::{Keep, keep};
use std::borrow::Cow;

/// A name or a message as one safe line without style: control sequences are removed, tabs and line breaks become one
/// space each, invisible and direction-changing characters are dropped. Borrows when there was nothing to do.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) || text.chars().all(|c| keep(c) == Keep::Yes) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (i, part) in text.split(['\n', '\r', '\t', '\u{2028}', '\u{2029}', '\u{85}']).enumerate() {
        if i > 0 && !out.ends_with(' ') && !out.is_empty() {
            out.push(' ');
        }
        for span in line(part.as_bytes(), false).spans {
            out.push_str(&span.text);
        }
    }
    out.truncate(out.trim_end_matches(' ').len());
    Cow::Owned(out)
}

/// A name or a message of many lines (an error's details), safe line by line, without style.
pub fn plain_lines(text: &str) -> Vec<String> {
    text.lines().map(|l| line(l.as_bytes(), false).text()).collect()
}

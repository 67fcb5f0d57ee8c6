//! One raw line of output to safe, styled spans. The terminal's rules for a line are in `perform`.

use super::perform::Screen;
use super::style::Sgr;
pub use super::style::Span;
use std::borrow::Cow;

/// Bytes of a line that are read; the rest is counted and named, never shown.
pub const LINE_CAP: usize = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Its pieces, left to right; neighbours differ in style.
    pub spans: Vec<Span>,
    /// Bytes that were left out because the line is longer than [`LINE_CAP`]; the last span says so.
    pub more: u64,
}

impl Line {
    pub fn text(&self) -> String {
        self.spans.iter().map(|s| s.text.as_str()).collect()
    }

    /// Columns that it takes.
    pub fn width(&self) -> usize {
        self.spans.iter().map(|s| super::width(&s.text)).sum()
    }
}

/// Makes one raw line (without its line feed) safe. `ascii`: a removed sequence is shown as `^[` instead of `␛`, for
/// terminals without UTF-8.
pub fn line(raw: &[u8], ascii: bool) -> Line {
    line_of(raw, raw.len() as u64, ascii)
}

/// One raw line (without its line feed), whole, without what is meant for terminals: for a file or another program.
pub fn stripped(raw: &[u8]) -> Cow<'_, [u8]> {
    // C1 controls have two bytes in UTF-8, the first of which is this.
    let plain = |b: &u8| *b == b'\t' || (*b >= 0x20 && *b != 0x7f && *b != 0xc2);
    let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
    if raw.iter().all(plain) {
        return Cow::Borrowed(raw);
    }
    let mut screen = Screen::new(false);
    screen.feed(&String::from_utf8_lossy(raw));
    let text: String = screen.into_spans().into_iter().map(|span| span.text).collect();
    Cow::Owned(text.into_bytes())
}

/// Like [`line()`] for a line of `total` bytes of which only the head `raw` was read.
pub fn line_of(raw: &[u8], total: u64, ascii: bool) -> Line {
    let head = &raw[..raw.len().min(LINE_CAP)];
    let mut more = total.saturating_sub(head.len() as u64);
    // Output of a pseudo-terminal ends its lines with CR LF: that is no overwriting.
    let head = if more == 0 { trim_cr(head) } else { whole_chars(head, &mut more) };
    let mut out = if head.iter().all(|b| (0x20..0x7f).contains(b)) {
        // Nearly every line of nearly every log.
        let text = String::from_utf8_lossy(head).into_owned();
        Line { spans: if text.is_empty() { vec![] } else { vec![Span { text, style: Sgr::default() }] }, more }
    } else {
        let mut screen = Screen::new(ascii);
        screen.feed(&String::from_utf8_lossy(head));
        Line { spans: screen.into_spans(), more }
    };
    if more > 0 {
        let dots = if ascii { "..." } else { "…" };
        let text = format!(" {dots} +{} bytes", super::human::count(more));
        out.spans.push(Span { text, style: Sgr { reverse: true, ..Sgr::default() } });
    }
    out
}

fn trim_cr(mut raw: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r'] = raw {
        raw = rest;
    }
    raw
}

/// Drops the bytes of a character that the cap has cut in two.
fn whole_chars<'a>(head: &'a [u8], more: &mut u64) -> &'a [u8] {
    let back = head.iter().rev().take(4).position(|b| b & 0xc0 != 0x80).map_or(0, |n| n + 1);
    let at = head.len() - back;
    match std::str::from_utf8(&head[at..]) {
        Err(e) if e.error_len().is_none() => {
            *more += back as u64;
            &head[..at]
        }
        _ => head,
    }
}

//! Between brackets libyaml, Python's own scanner and YAML 1.2 read unquoted text differently: what is refused there.

use saphyr_parser::{Event, Marker, ScalarStyle, Span};

/// Follows the events of one text.
pub struct Flow<'a> {
    lines: Vec<&'a str>,
    /// For each open collection: is it between brackets?
    open: Vec<bool>,
    /// The place asked for last: line, column and byte. Columns are counted on from there, lest a long line be counted from its
    /// begin at each event.
    last: (usize, usize, usize),
}

impl<'a> Flow<'a> {
    /// Before the first event.
    pub fn new(text: &'a str) -> Self {
        Self { lines: text.split('\n').collect(), open: Vec::new(), last: (0, 0, 0) }
    }

    /// Why libyaml would refuse this event, or read something else.
    pub fn refuses(&mut self, event: &Event<'_>, span: Span, is_key: bool) -> Option<&'static str> {
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                let inside = self.inside() || self.opens(span.start);
                self.open.push(inside);
                None
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
                None
            }
            Event::Scalar(text, style, ..) if self.inside() => {
                if is_key && span.end.line() > span.start.line() {
                    return Some("a key of several lines between brackets");
                }
                let rest = self.after(span.end).trim();
                if is_key && (rest.is_empty() || rest.starts_with('#')) {
                    return Some("a key between brackets whose colon is not on its line");
                }
                if *style != ScalarStyle::Plain || text.is_empty() {
                    return None;
                }
                if text.starts_with(['|', '>', ':', '%', '@', '`', '?']) || text.contains('?') {
                    return Some("an unquoted text with a mark in it, between brackets; put it in quotes");
                }
                let mut after = rest.chars();
                let joined = after.next() == Some(':') && after.next().is_some_and(|c| ",[]{}".contains(c));
                joined.then_some("a colon with a bracket or comma right after it; put a blank between them")
            }
            _ => None,
        }
    }

    fn inside(&self) -> bool {
        self.open.last().copied().unwrap_or(false)
    }

    /// True if a bracket stands at the mark, after tags and anchors, maybe on a later line.
    fn opens(&mut self, at: Marker) -> bool {
        let mut rest = self.after(at).trim_start();
        let mut later = self.lines.iter().skip(at.line());
        loop {
            while rest.starts_with(['!', '&']) {
                rest = rest.split_once([' ', '\t']).map_or("", |(_, rest)| rest.trim_start());
            }
            if !(rest.is_empty() || rest.starts_with('#')) {
                return rest.starts_with(['[', '{']);
            }
            match later.next() {
                Some(line) => rest = line.trim(),
                None => return false,
            }
        }
    }

    /// The line from a mark on.
    fn after(&mut self, at: Marker) -> &'a str {
        let number = at.line().saturating_sub(1);
        let line = self.lines.get(number).copied().unwrap_or_default();
        let (column, byte) = match self.last {
            (n, column, byte) if n == number && column <= at.col() => (column, byte),
            _ => (0, 0),
        };
        let rest = line.get(byte..).unwrap_or_default();
        let more = rest.char_indices().nth(at.col() - column).map_or(rest.len(), |(byte, _)| byte);
        self.last = (number, at.col(), byte + more);
        &rest[more..]
    }
}

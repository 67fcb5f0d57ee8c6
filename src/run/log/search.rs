//! Text search over lines: reads files in windows, looks at the text that a person sees.

use super::store::LogStore;
use crate::text;
use regex::Regex;
use std::io;

const WINDOW: usize = 256 * 1024;

/// Reads line after line; neighbours in a file come from one read.
#[derive(Debug, Default)]
pub struct Scan {
    source: usize,
    start: u64,
    bytes: Vec<u8>,
}

/// Where a search stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    At(usize),
    /// Nowhere until the end (or the beginning).
    Nowhere,
    /// Not in the lines looked at so far; go on here.
    Paused(usize),
}

impl Scan {
    /// True if line `i` of the store matches.
    ///
    /// # Errors
    /// If a file cannot be read any more.
    pub fn matches(&mut self, store: &LogStore, i: usize, pattern: &Regex) -> io::Result<bool> {
        let raw = self.raw(store, i)?;
        let clean = |b: &u8| !(matches!(b, 0..=0x1f | 0x7f));
        Ok(match std::str::from_utf8(raw) {
            Ok(line) if raw.iter().all(clean) => pattern.is_match(line),
            _ => pattern.is_match(&text::line(raw, false).text()),
        })
    }

    fn raw(&mut self, store: &LogStore, i: usize) -> io::Result<&[u8]> {
        let Some(entry) = store.entries.get(i) else { return Ok(&[]) };
        let len = (entry.len as usize).min(text::LINE_CAP);
        let (at, source) = (entry.offset(), entry.source());
        let inside =
            source == self.source && at >= self.start && at + len as u64 <= self.start + self.bytes.len() as u64;
        if !inside {
            // Backward scans want what lies before, forward ones what follows: some of both.
            let back = if source == self.source && at < self.start { WINDOW as u64 - len as u64 } else { 0 };
            self.source = source;
            self.start = at.saturating_sub(back);
            self.bytes.resize(WINDOW.max(len), 0);
            store.source(entry).fill(self.start, &mut self.bytes)?;
        }
        let from = (at - self.start) as usize;
        Ok(self.bytes.get(from..from + len).unwrap_or_default())
    }
}

impl LogStore {
    /// The first line that matches from `from` on (inclusive), forward or backward; looks at no more than `most` lines,
    /// so that a screen can search in slices.
    ///
    /// # Errors
    /// If a file cannot be read any more.
    pub fn find(&self, pattern: &Regex, from: usize, backward: bool, most: usize) -> io::Result<Found> {
        let mut scan = Scan::default();
        let mut i = from;
        for _ in 0..most {
            if i >= self.len() {
                return Ok(Found::Nowhere);
            }
            if scan.matches(self, i, pattern)? {
                return Ok(Found::At(i));
            }
            i = if backward { i.wrapping_sub(1) } else { i + 1 };
        }
        Ok(if i >= self.len() { Found::Nowhere } else { Found::Paused(i) })
    }
}

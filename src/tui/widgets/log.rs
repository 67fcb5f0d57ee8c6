//! The log pane: which lines of a run's log are shown, where one stands in them, what is searched and marked. State and
//! its changes here; drawing in `draw`, one line in `row`. Reading and filtering are the store's.

mod draw;
mod row;
#[cfg(test)]
mod tests;

pub use draw::draw;

use crate::run::log::{Filter, Found, LogStore, View};
use crate::text;
use regex::Regex;
use std::collections::BTreeSet;
use std::io;

/// Lines looked at by one slice of a search or a filter: a few milliseconds.
const SLICE: usize = 20_000;
/// Columns of the time of day and its space.
const TIME: usize = 9;
/// Columns beside the text: the mark on the left, the scrollbar on the right.
const SIDES: usize = 2;

#[derive(Debug, Clone, Copy)]
struct Seek {
    from: usize,
    backward: bool,
    /// It came to one end and went on from the other.
    around: bool,
}

/// A log pane's state. Every change is a method; the caller draws afterwards.
#[derive(Debug, Default)]
pub struct LogPane {
    view: View,
    follow: bool,
    pub wrap: bool,
    /// The time of each line is shown.
    pub time: bool,
    /// First row shown, and how many of its wrapped rows lie above the pane.
    top: (usize, usize),
    /// The row that a person stands on; none while following.
    focus: Option<usize>,
    /// Columns scrolled to the right.
    x: usize,
    width: usize,
    height: usize,
    search: Option<Regex>,
    marks: BTreeSet<usize>,
    seeking: Option<Seek>,
    pending: bool,
    note: Option<String>,
}

impl LogPane {
    /// A pane that follows, without filter.
    pub fn new() -> Self {
        Self { follow: true, ..Self::default() }
    }

    /// Tells the size of the pane (its lines, without the title). Call when it changes.
    pub fn resize(&mut self, width: u16, height: u16) {
        (self.width, self.height) = (width.into(), height.into());
    }

    /// Takes in what the store has gained and goes on with a search or a filter under way; true if there is more to
    /// do at once (call again, so that keys come between).
    ///
    /// # Errors
    /// If a file cannot be read any more.
    pub fn sync(&mut self, store: &LogStore) -> io::Result<bool> {
        self.pending = !self.view.extend(store, SLICE)?;
        if let (Some(seek), Some(pattern)) = (self.seeking, self.search.clone()) {
            let last = self.view.len().saturating_sub(1);
            match self.view.find(store, &pattern, seek.from, seek.backward, SLICE)? {
                Found::At(row) => {
                    self.seeking = None;
                    self.note = seek.around.then(|| "search went around the end".to_owned());
                    self.stand(row);
                }
                Found::Paused(from) => self.seeking = Some(Seek { from, ..seek }),
                Found::Nowhere if seek.around => {
                    self.seeking = None;
                    self.note = Some(format!("no match: {pattern}"));
                }
                Found::Nowhere => {
                    let from = if seek.backward { last } else { 0 };
                    self.seeking = Some(Seek { from, around: true, ..seek });
                }
            }
        }
        let last = self.view.len().saturating_sub(1);
        self.focus = self.focus.map(|f| f.min(last));
        // No emptiness below while there is something above.
        self.top = self.anchor(store).min(self.back_from(store, self.view.len(), self.height.max(1)));
        Ok(self.pending || self.seeking.is_some())
    }

    /// True while the newest line is kept in sight.
    pub fn following(&self) -> bool {
        self.follow
    }

    /// Follows the end, or stops where it is.
    pub fn toggle_follow(&mut self) {
        if self.follow {
            self.stand(self.view.len().saturating_sub(1));
        } else {
            self.end();
        }
    }

    /// Moves so many rows down (up if negative); moving down from the last row follows.
    pub fn step(&mut self, rows: isize) {
        let last = self.view.len().saturating_sub(1);
        let at = self.focus.unwrap_or(last);
        match at.checked_add_signed(rows) {
            Some(to) if to > last => self.end(),
            to => self.stand(to.unwrap_or(0)),
        }
    }

    pub fn page(&mut self, pages: isize) {
        let rows = self.height.saturating_sub(1).max(1) as isize;
        if self.focus.is_none() && pages < 0 {
            // From following one page up means the page above the one in sight.
            self.stand(self.view.len().saturating_sub(self.height));
        }
        self.step(pages * rows);
    }

    pub fn home(&mut self) {
        self.stand(0);
    }

    /// To the newest row, and follow.
    pub fn end(&mut self) {
        self.follow = true;
        self.focus = None;
    }

    /// Scrolls so many columns to the right (left if negative); without meaning while wrapping.
    pub fn right(&mut self, columns: isize) {
        self.x = self.x.saturating_add_signed(columns).min(text::LINE_CAP);
    }

    /// Shows other lines; stays at the line where one stood, or the next one that is shown.
    pub fn set_filter(&mut self, filter: Filter, store: &LogStore) {
        let line = self.focus.and_then(|row| self.view.line(row));
        self.view = View::new(filter);
        // All of it if that is quick; the rest comes with `sync`.
        let _ = self.view.extend(store, SLICE);
        self.focus = line.map(|l| self.view.row(l));
        self.top = (0, 0);
        self.seeking = None;
        self.note = None;
    }

    pub fn filter(&self) -> &Filter {
        self.view.filter()
    }

    /// Searches from where one stands, highlighting every match; `None` ends it.
    ///
    /// # Errors
    /// What is wrong with the pattern, in words. Letters in lower case match either case.
    pub fn search(&mut self, pattern: Option<&str>, backward: bool) -> Result<(), String> {
        (self.search, self.seeking, self.note) = (None, None, None);
        if let Some(pattern) = pattern.filter(|p| !p.is_empty()) {
            self.search = Some(pattern_of(pattern)?);
            let last = self.view.len().saturating_sub(1);
            let at = self.focus.unwrap_or(if backward { last } else { self.top.0 });
            self.seeking = Some(Seek { from: at, backward, around: false });
        }
        Ok(())
    }

    /// The next match after where one stands (or the previous one); goes around the end.
    pub fn next_match(&mut self, backward: bool) {
        let at = self.focus.unwrap_or_else(|| self.view.len().saturating_sub(1));
        self.note = None;
        let from = if backward { at.wrapping_sub(1) } else { at + 1 };
        self.seeking = Some(Seek { from, backward, around: false });
    }

    /// To the next failed or unreachable result (or the previous one; from following, the last).
    pub fn next_error(&mut self, store: &LogStore, backward: bool) {
        let at = self.focus.unwrap_or(if backward { self.view.len() } else { 0 });
        let first = self.focus.is_none() && !backward;
        let found = if first {
            self.view.errors(store).first().map(|r| *r as usize)
        } else {
            self.view.error(store, at, backward)
        };
        match found {
            Some(row) => self.stand(row),
            None => self.note = Some(format!("no error {}", if backward { "above" } else { "below" })),
        }
    }

    /// To the first failed or unreachable result.
    pub fn first_error(&mut self, store: &LogStore) {
        match self.view.errors(store).first() {
            Some(row) => self.stand(*row as usize),
            None => self.note = Some("no error".into()),
        }
    }

    /// Marks the line where one stands, or takes its mark away.
    pub fn toggle_mark(&mut self) {
        let row = self.focus.unwrap_or_else(|| self.view.len().saturating_sub(1));
        if let Some(line) = self.view.line(row)
            && !self.marks.remove(&line)
        {
            self.marks.insert(line);
        }
    }

    /// Marked lines of the store, ascending: for copying.
    pub fn marks(&self) -> impl Iterator<Item = usize> {
        self.marks.iter().copied()
    }

    /// The store's line on which one stands.
    pub fn line(&self) -> Option<usize> {
        self.view.line(self.focus?)
    }

    /// Stands on the first shown line from the store's line `line` on.
    pub fn go_to(&mut self, line: usize) {
        self.stand(self.view.row(line));
    }

    /// The row that the mouse points at: so many lines below the pane's first.
    pub fn click(&mut self, store: &LogStore, below: u16) {
        let (mut row, mut above) = (self.top.0, self.top.1);
        let mut left = usize::from(below);
        while row < self.view.len() {
            let rows = self.rows(store, row) - above;
            if left < rows {
                self.stand(row);
                return;
            }
            left -= rows;
            (row, above) = (row + 1, 0);
        }
    }

    fn stand(&mut self, row: usize) {
        self.follow = false;
        self.focus = Some(row.min(self.view.len().saturating_sub(1)));
    }

    /// Columns for text.
    fn columns(&self) -> usize {
        self.width.saturating_sub(SIDES + if self.time { TIME } else { 0 }).max(1)
    }

    /// Rows of the screen that a row of the view takes.
    fn rows(&self, store: &LogStore, row: usize) -> usize {
        match self.view.line(row) {
            Some(line) if self.wrap => row::height(store, line, self.columns()),
            _ => 1,
        }
    }

    /// The first row to show: the end in sight when following, else the focus in sight, moving as little as can be.
    fn anchor(&self, store: &LogStore) -> (usize, usize) {
        let (len, height) = (self.view.len(), self.height.max(1));
        if self.follow {
            return self.back_from(store, len, height);
        }
        let Some(focus) = self.focus else { return (self.top.0.min(len.saturating_sub(1)), 0) };
        if focus < self.top.0 || (focus == self.top.0 && self.top.1 > 0) {
            return (focus, 0);
        }
        if focus - self.top.0 < height {
            let used: usize = (self.top.0..=focus).map(|r| self.rows(store, r)).sum();
            if used - self.top.1.min(used) <= height {
                return self.top;
            }
        }
        let near = focus - self.top.0.min(focus) < 2 * height;
        if near {
            return self.back_from(store, focus + 1, height);
        }
        // A jump lands a third below the upper edge: what led there is seen, and more of what follows.
        self.back_from(store, focus + 1, height / 3 + 1)
    }

    /// Where to begin so that the rows before `end` fill so many rows of the screen.
    fn back_from(&self, store: &LogStore, end: usize, height: usize) -> (usize, usize) {
        let mut left = height;
        for row in (0..end).rev() {
            let rows = self.rows(store, row);
            if rows >= left {
                // A line taller than the pane that is stood on shows its beginning.
                let above = if row + 1 == end && !self.follow { 0 } else { rows - left };
                return (row, above);
            }
            left -= rows;
        }
        (0, 0)
    }
}

fn pattern_of(pattern: &str) -> Result<Regex, String> {
    let insensitive = !pattern.chars().any(char::is_uppercase);
    regex::RegexBuilder::new(pattern)
        .case_insensitive(insensitive)
        .size_limit(1 << 20)
        .build()
        .map_err(|e| format!("{pattern} is no pattern: {}", e.to_string().lines().last().unwrap_or_default()))
}

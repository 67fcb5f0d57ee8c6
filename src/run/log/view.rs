//! Which lines are shown: all of them, or those that a filter lets through, in a list that grows with the log.

use super::entry::Class;
use super::search::{Found, Scan};
use super::store::LogStore;
use regex::Regex;
use std::io;

/// What is let through. Several conditions must all hold; with `host` or `failed` the header of each task that has
/// such a line stays, so that one sees where it belongs.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only lines of this host.
    pub host: Option<String>,
    /// Only failed and unreachable results.
    pub failed: bool,
    /// Only lines that match.
    pub only: Option<Regex>,
    pub without: Option<Regex>,
}

impl Filter {
    /// True if everything is let through.
    pub fn is_none(&self) -> bool {
        self.host.is_none() && !self.failed && self.only.is_none() && self.without.is_none()
    }
}

/// The shown lines of a store. Rows count from 0.
#[derive(Debug, Default)]
pub struct View {
    filter: Filter,
    /// Lines let through, ascending; unused without a filter.
    lines: Vec<u32>,
    /// Rows of errors and of warnings; unused without a filter.
    errors: Vec<u32>,
    warnings: Vec<u32>,
    /// Lines of the store that were looked at.
    upto: usize,
    epoch: u64,
    settled: usize,
    scan: Scan,
}

impl View {
    /// A view with a filter. Call [`View::extend`] before use.
    pub fn new(filter: Filter) -> Self {
        Self { filter, ..Self::default() }
    }

    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Looks at the store's new lines, at most `most` of them; true if all were looked at.
    ///
    /// # Errors
    /// If a file cannot be read any more (only filters by text read).
    pub fn extend(&mut self, store: &LogStore, most: usize) -> io::Result<bool> {
        if self.epoch != store.epoch {
            let cut = if self.epoch + 1 == store.epoch { store.cut } else { self.settled };
            self.take_back(store, cut);
            self.epoch = store.epoch;
        }
        self.settled = store.settled().min(self.upto);
        if self.filter.is_none() {
            self.upto = store.len();
            self.settled = store.settled();
            return Ok(true);
        }
        // A host that no line names yet: nothing is its.
        let host = self.filter.host.as_ref().map(|name| store.hosts.find(name).unwrap_or(u32::MAX));
        let end = store.len().min(self.upto + most);
        while self.upto < end {
            let i = self.upto;
            if self.passes(store, i, host)? {
                if (host.is_some() || self.filter.failed)
                    && let Some(header) = store.header(i)
                    && self.lines.last().is_none_or(|last| (*last as usize) < header)
                    && header < i
                {
                    self.lines.push(header as u32);
                }
                self.push(store, i);
            }
            self.upto += 1;
        }
        self.settled = store.settled().min(self.upto);
        Ok(self.upto == store.len())
    }

    fn push(&mut self, store: &LogStore, i: usize) {
        let row = self.lines.len() as u32;
        if let Some(mark) = store.entries.get(i).map(|e| e.mark()).filter(|m| !m.continued) {
            match mark.class {
                Class::Failed | Class::Unreachable => self.errors.push(row),
                Class::Warning => self.warnings.push(row),
                _ => {}
            }
        }
        self.lines.push(i as u32);
    }

    fn passes(&mut self, store: &LogStore, i: usize, host: Option<u32>) -> io::Result<bool> {
        let Some(mark) = store.entries.get(i).map(|e| e.mark()) else { return Ok(false) };
        if host.is_some_and(|h| h != mark.host) || (self.filter.failed && !mark.class.is_error()) {
            return Ok(false);
        }
        if let Some(only) = &self.filter.only
            && !self.scan.matches(store, i, only)?
        {
            return Ok(false);
        }
        match &self.filter.without {
            Some(without) => Ok(!self.scan.matches(store, i, without)?),
            None => Ok(true),
        }
    }

    fn take_back(&mut self, store: &LogStore, line: usize) {
        self.upto = self.upto.min(line);
        self.lines.truncate(self.lines.partition_point(|l| (*l as usize) < line));
        if self.filter.host.is_some() || self.filter.failed {
            // A header stood there for what came after it.
            let header = |l: u32| store.entries.get(l as usize).is_some_and(|e| e.mark().class == Class::TaskHeader);
            while self.lines.last().is_some_and(|l| header(*l)) {
                self.lines.pop();
            }
        }
        let rows = self.lines.len();
        for list in [&mut self.errors, &mut self.warnings] {
            list.truncate(list.partition_point(|r| (*r as usize) < rows));
        }
        // What was read ahead may have grown.
        self.scan = Scan::default();
    }

    pub fn len(&self) -> usize {
        if self.filter.is_none() { self.upto } else { self.lines.len() }
    }

    /// True if nothing is shown.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The store's line at a row.
    pub fn line(&self, row: usize) -> Option<usize> {
        if self.filter.is_none() { (row < self.upto).then_some(row) } else { self.lines.get(row).map(|l| *l as usize) }
    }

    /// The row of a store's line, or the first after it.
    pub fn row(&self, line: usize) -> usize {
        if self.filter.is_none() { line.min(self.upto) } else { self.lines.partition_point(|l| (*l as usize) < line) }
    }

    pub fn errors<'a>(&'a self, store: &'a LogStore) -> &'a [u32] {
        if self.filter.is_none() { &store.errors } else { &self.errors }
    }

    pub fn warnings<'a>(&'a self, store: &'a LogStore) -> &'a [u32] {
        if self.filter.is_none() { &store.warnings } else { &self.warnings }
    }

    /// The next error's row after `row` (or the previous one before it).
    pub fn error(&self, store: &LogStore, row: usize, backward: bool) -> Option<usize> {
        let rows = self.errors(store);
        let n = if backward {
            rows.partition_point(|r| (*r as usize) < row).checked_sub(1)?
        } else {
            rows.partition_point(|r| (*r as usize) <= row)
        };
        rows.get(n).map(|r| *r as usize)
    }

    /// Like [`LogStore::find`] over the rows.
    ///
    /// # Errors
    /// If a file cannot be read any more.
    pub fn find(
        &self,
        store: &LogStore,
        pattern: &Regex,
        from: usize,
        backward: bool,
        most: usize,
    ) -> io::Result<Found> {
        let mut scan = Scan::default();
        let mut row = from;
        for _ in 0..most {
            let Some(line) = self.line(row) else { return Ok(Found::Nowhere) };
            if scan.matches(store, line, pattern)? {
                return Ok(Found::At(row));
            }
            row = if backward { row.wrapping_sub(1) } else { row + 1 };
        }
        Ok(if row >= self.len() { Found::Nowhere } else { Found::Paused(row) })
    }
}

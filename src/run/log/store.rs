//! The store: merges the files of all steps by the journal's marks, and reads lines where they lie.

use super::classify::Hosts;
use super::entry::{Class, Entries, Entry};
use super::source::{Progress, Source};
use crate::state::RunDir;
use crate::text;
use std::io;

/// The journal's marks, as [`crate::run::RunState`] keeps them: (Unix milliseconds, step, stdout bytes, stderr bytes).
pub type Marks = [(i64, u32, u64, u64)];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refresh {
    /// Lines came, grew, or found their place.
    pub changed: bool,
    /// More is there than the budget allowed: call again.
    pub more: bool,
}

/// What is known of a line without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info<'a> {
    pub class: Class,
    /// Belongs to the result that began above it.
    pub continued: bool,
    pub host: Option<&'a str>,
    /// Step, from 1.
    pub step: u32,
    pub stderr: bool,
    /// Length in bytes without the line feed (at most 4 GiB - 1 is told).
    pub len: u64,
    /// Its line feed has come.
    pub ended: bool,
    /// When it came (Unix milliseconds), once a mark tells.
    pub time: Option<i64>,
}

/// The lines of a run.
#[derive(Debug)]
pub struct LogStore {
    dir: RunDir,
    sources: Vec<Source>,
    pub(super) entries: Entries,
    pub(super) hosts: Hosts,
    marks: Vec<(i64, u32, u64, u64)>,
    applied: usize,
    /// Lines whose place is final.
    settled: usize,
    /// How far each file was read when the lines beyond the last mark were added, and how many of those are unended.
    tail: Option<(Vec<Progress>, usize)>,
    /// First lines of failed and unreachable results; warnings; task headers. Ascending.
    pub(super) errors: Vec<u32>,
    pub(super) warnings: Vec<u32>,
    pub(super) headers: Vec<u32>,
    /// Lines without a line feed: at most one a file.
    open: Vec<u32>,
    /// Changes whenever lines were taken back, the last time from line `cut` on.
    pub(super) epoch: u64,
    pub(super) cut: usize,
}

impl LogStore {
    /// The log of a run's folder. Reads nothing yet.
    pub fn open(dir: &RunDir) -> Self {
        Self {
            dir: dir.clone(),
            sources: Vec::new(),
            entries: Entries::default(),
            hosts: Hosts::default(),
            marks: Vec::new(),
            applied: 0,
            settled: 0,
            tail: None,
            errors: Vec::new(),
            warnings: Vec::new(),
            headers: Vec::new(),
            open: Vec::new(),
            epoch: 0,
            cut: 0,
        }
    }

    /// Takes in what the files and the marks have gained, reading at most about `budget` bytes. Cheap when nothing grew:
    /// a few `stat` calls.
    ///
    /// # Errors
    /// A file that cannot be read, with its path.
    pub fn refresh(&mut self, marks: &Marks, mut budget: usize) -> io::Result<Refresh> {
        let before = (self.entries.len(), self.epoch);
        if marks.len() > self.marks.len() {
            self.marks.extend_from_slice(&marks[self.marks.len()..]);
            self.take_back();
        }
        while let Some((_, step, out, err)) = self.marks.get(self.applied).copied() {
            if self.tail.is_some() {
                self.take_back();
            }
            self.steps_until(step);
            if !self.end_steps_before(step, &mut budget)? {
                return Ok(Refresh { changed: before != (self.entries.len(), self.epoch), more: true });
            }
            let first = (step.max(1) as usize - 1) * 2;
            let whole = self.read(first, out, &mut budget)? && self.read(first + 1, err, &mut budget)?;
            self.settled = self.entries.len();
            if !whole {
                return Ok(Refresh { changed: before != (self.entries.len(), self.epoch), more: true });
            }
            self.applied += 1;
        }
        let more = !self.read_tail(&mut budget)?;
        Ok(Refresh { changed: before != (self.entries.len(), self.epoch), more })
    }

    /// Lines beyond the last mark, stdout first: their place is final once a mark comes.
    fn read_tail(&mut self, budget: &mut usize) -> io::Result<bool> {
        let last = self.sources.len() / 2;
        if self.dir.step(last as u32 + 1).path().is_dir() {
            self.steps_until(last as u32 + 1);
        }
        let mut grown = false;
        for source in &mut self.sources {
            grown |= source.size()? > source.at.seen;
        }
        if !grown && self.tail.is_some() {
            return Ok(true);
        }
        let (saved, open) = self.tail.take().unwrap_or_else(|| (self.sources.iter().map(|s| s.at).collect(), 0));
        if open > 0 {
            self.truncate(self.entries.len() - open);
        }
        let mut whole = true;
        for i in 0..self.sources.len() {
            whole &= self.read(i, u64::MAX, budget)?;
        }
        let before = self.entries.len();
        for i in 0..self.sources.len() {
            if let Some(entry) = self.sources[i].open_line(&mut self.hosts)? {
                self.open.push(self.entries.len() as u32);
                self.push(entry);
            }
        }
        self.tail = Some((saved, self.entries.len() - before));
        Ok(whole)
    }

    /// Forgets the lines whose place was not final.
    fn take_back(&mut self) {
        let Some((saved, _)) = self.tail.take() else { return };
        for (source, at) in self.sources.iter_mut().zip(saved.into_iter().chain(std::iter::repeat(Progress::default())))
        {
            source.at = at;
        }
        if self.entries.len() > self.settled {
            self.truncate(self.settled);
        }
    }

    fn truncate(&mut self, len: usize) {
        self.entries.truncate(len);
        for list in [&mut self.errors, &mut self.warnings, &mut self.headers, &mut self.open] {
            list.truncate(list.partition_point(|i| (*i as usize) < len));
        }
        self.epoch += 1;
        self.cut = len;
    }

    fn steps_until(&mut self, step: u32) {
        for n in self.sources.len() as u32 / 2 + 1..=step {
            let dir = self.dir.step(n);
            let number = self.sources.len();
            self.sources.push(Source::new(dir.stdout(), number));
            self.sources.push(Source::new(dir.stderr(), number + 1));
        }
    }

    /// Whatever an earlier step has left unread comes before the next step's lines, ended or not. False: there is more.
    fn end_steps_before(&mut self, step: u32, budget: &mut usize) -> io::Result<bool> {
        for i in 0..(step.max(1) as usize - 1) * 2 {
            let source = &mut self.sources[i];
            if source.at.start == u64::MAX {
                continue;
            }
            let whole = self.read(i, u64::MAX, budget)?;
            self.settled = self.entries.len();
            if !whole {
                return Ok(false);
            }
            if let Some(entry) = self.sources[i].open_line(&mut self.hosts)? {
                self.open.push(self.entries.len() as u32);
                self.push(entry);
            }
            self.sources[i].at.start = u64::MAX;
            self.sources[i].at.seen = u64::MAX;
        }
        Ok(true)
    }

    fn read(&mut self, source: usize, until: u64, budget: &mut usize) -> io::Result<bool> {
        let Self { sources, entries, hosts, errors, warnings, headers, .. } = self;
        sources[source].read(until, budget, hosts, |entry| add(entries, errors, warnings, headers, entry))
    }

    fn push(&mut self, entry: Entry) {
        add(&mut self.entries, &mut self.errors, &mut self.warnings, &mut self.headers, entry);
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if no line is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lines below this number stay what they are; those above may be ordered anew when a mark comes.
    pub fn settled(&self) -> usize {
        self.settled
    }

    /// What is known of line `i`.
    pub fn info(&self, i: usize) -> Option<Info<'_>> {
        let entry = self.entries.get(i)?;
        let mark = entry.mark();
        let step = entry.source() as u32 / 2 + 1;
        let stderr = entry.source() % 2 == 1;
        let end = entry.offset() + u64::from(entry.len);
        let at = self.marks.partition_point(|m| (m.1, if stderr { m.3 } else { m.2 }) < (step, end));
        let time = self.marks.get(at).filter(|m| m.1 == step).map(|m| m.0);
        let host = self.hosts.name(mark.host);
        let (class, continued, len) = (mark.class, mark.continued, u64::from(entry.len));
        // An unended line is the last of its file as far as that was read.
        let ended = !self.open.contains(&(i as u32));
        Some(Info { class, continued, host, step, stderr, len, ended, time })
    }

    /// The raw bytes of line `i`, at most `cap`, without the line feed. Empty beyond the end.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn raw(&self, i: usize, cap: usize) -> io::Result<Vec<u8>> {
        match self.entries.get(i) {
            Some(entry) => self.sources[entry.source()].bytes(entry, cap),
            None => Ok(Vec::new()),
        }
    }

    /// Line `i`, safe to show, from at most `cap` of its bytes.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn line(&self, i: usize, cap: usize, ascii: bool) -> io::Result<text::Line> {
        let raw = self.raw(i, cap.min(text::LINE_CAP))?;
        let total = self.entries.get(i).map_or(0, |e| u64::from(e.len));
        Ok(text::line_of(&raw, total, ascii))
    }

    pub(super) fn source(&self, entry: Entry) -> &Source {
        &self.sources[entry.source()]
    }

    /// Hosts that lines were found of, sanitised, in order of appearance.
    pub fn hosts(&self) -> &[String] {
        self.hosts.names()
    }

    /// Number of failed and unreachable results.
    pub fn errors(&self) -> usize {
        self.errors.len()
    }

    /// The task's header above line `i` (or `i` itself).
    pub fn header(&self, i: usize) -> Option<usize> {
        let n = self.headers.partition_point(|h| *h as usize <= i);
        Some(*self.headers.get(n.checked_sub(1)?)? as usize)
    }
}

fn add(entries: &mut Entries, errors: &mut Vec<u32>, warnings: &mut Vec<u32>, headers: &mut Vec<u32>, entry: Entry) {
    let i = entries.len() as u32;
    let mark = entry.mark();
    match mark.class {
        Class::Failed | Class::Unreachable if !mark.continued => errors.push(i),
        Class::Warning if !mark.continued => warnings.push(i),
        Class::TaskHeader => headers.push(i),
        _ => {}
    }
    entries.push(entry);
}

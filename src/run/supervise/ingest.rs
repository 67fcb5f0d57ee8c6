//! A step's `events.jsonl` into the journal, from the last place on, and marks of how far the output had grown.

use super::translate::{Translated, Translator};
use crate::run::event::{Event, Source};
use crate::run::journal::{Journal, LINE};
use crate::run::state::RunState;
use crate::state::StepDir;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes read at once.
const CHUNK: usize = 256 << 10;
/// After so many pieces of lines without an end nothing more is read: that is no file of the callback's.
const TORN: u32 = 16;
/// Milliseconds between two marks of the output.
const MARK_EVERY: i64 = 200;

/// Takes in one step's events.
#[derive(Debug)]
pub struct Ingest {
    dir: StepDir,
    step: u32,
    file: Option<File>,
    offset: u64,
    translator: Translator,
    buffer: Vec<u8>,
    marked: (u64, u64),
    marked_at: i64,
    /// Pieces of lines that never end.
    torn: u32,
}

impl Ingest {
    /// For step `step`, from byte `offset` of its events on, when these tasks of it are in the journal.
    pub fn new(dir: StepDir, step: u32, offset: u64, tasks: BTreeMap<u32, u32>, state: &RunState) -> Self {
        let marked = state.output.iter().rev().find(|m| m.1 == step).map_or((0, 0), |m| (m.2, m.3));
        Self {
            dir,
            step,
            file: None,
            offset,
            translator: Translator::new(tasks),
            buffer: Vec::new(),
            marked,
            marked_at: 0,
            torn: 0,
        }
    }

    /// Takes in what is there. With `last`, also a line without an end (nothing will end it), and a last mark.
    ///
    /// # Errors
    /// The events cannot be read or the journal cannot be written; call again later, nothing is lost or doubled.
    pub fn pump(&mut self, journal: &mut Journal, state: &mut RunState, now: i64, last: bool) -> io::Result<()> {
        if self.file.is_none() {
            self.file = crate::open::own(&self.dir.events()).ok();
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = self.events(&mut buffer, journal, state, now, last);
        self.buffer = buffer;
        result?;
        self.mark(journal, state, now, last)?;
        journal.write()
    }

    fn events(
        &mut self,
        buffer: &mut Vec<u8>,
        journal: &mut Journal,
        state: &mut RunState,
        now: i64,
        last: bool,
    ) -> io::Result<()> {
        let Some(file) = self.file.take().filter(|_| self.torn <= TORN) else { return Ok(()) };
        let mut filled = 0;
        loop {
            if buffer.len() < filled + CHUNK {
                buffer.resize(filled + CHUNK, 0);
            }
            let n = file.read_at(&mut buffer[filled..], self.offset + filled as u64)?;
            if n == 0 {
                break;
            }
            let (old, end) = (filled, filled + n);
            let mut from = 0;
            for newline in memchr::memchr_iter(b'\n', &buffer[old..end]) {
                let newline = old + newline;
                self.line(&buffer[from..=newline], journal, state, now)?;
                from = newline + 1;
            }
            journal.write()?;
            buffer.copy_within(from..end, 0);
            filled = end - from;
            // Longer than any line that the callback writes: it is told as lost, piece by piece.
            if filled as u64 > LINE {
                self.line(&buffer[..filled], journal, state, now)?;
                journal.write()?;
                filled = 0;
                self.torn += 1;
                if self.torn > TORN {
                    break;
                }
            }
        }
        if last && filled > 0 {
            self.line(&buffer[..filled], journal, state, now)?;
        }
        self.file = Some(file);
        Ok(())
    }

    fn line(&mut self, line: &[u8], journal: &mut Journal, state: &mut RunState, now: i64) -> io::Result<()> {
        let src = Source { step: self.step, off: self.offset, len: line.len() as u32 };
        self.offset += line.len() as u64;
        let body = line.trim_ascii();
        if body.is_empty() {
            return Ok(());
        }
        let tasks = state.tasks.len() as u32;
        let mut put = |ts, event| -> io::Result<()> {
            let entry = journal.push(ts, event)?;
            state.apply(&entry);
            Ok(())
        };
        match crate::ansible::event::decode(body) {
            Ok(event) => {
                let ts = event.t;
                let Translated { before, event } = self.translator.event(event, tasks, src);
                before.into_iter().flatten().try_for_each(|event| put(ts, event))?;
                put(ts, event)
            }
            Err(e) => {
                self.translator.lost();
                let why = format!("a line of events.jsonl: {e}");
                put(now, Event::Dropped { count: 1, why, src: Some(src) })
            }
        }
    }

    fn mark(&mut self, journal: &mut Journal, state: &mut RunState, now: i64, last: bool) -> io::Result<()> {
        if !last && now - self.marked_at < MARK_EVERY {
            return Ok(());
        }
        let size = |path| std::fs::metadata(path).map_or(0, |m| m.len());
        let grown = (size(self.dir.stdout()), size(self.dir.stderr()));
        if grown != self.marked {
            let entry = journal.push(now, Event::Output { step: self.step, out: grown.0, err: grown.1 })?;
            state.apply(&entry);
            (self.marked, self.marked_at) = (grown, now);
        }
        Ok(())
    }
}

//! What a terminal would show of one line: overwriting by carriage return, tabs, erasing within the line. Everything
//! that reaches beyond the line is refused and leaves a visible mark.

use super::hidden::{Keep, keep};
use super::style::{Sgr, Span};
use unicode_width::UnicodeWidthChar;
use vte::{Params, Parser, Perform};

/// Combining marks that one character may carry; text stacked higher is an attack on the lines around it.
const MARKS: usize = 4;
/// Columns that cursor movement within a line may reach.
const COLUMNS: usize = 1000;
const TAB: usize = 8;

#[derive(Clone, Copy)]
struct Cell {
    char: char,
    /// Marks on it, NUL for none.
    marks: [char; MARKS],
    style: Sgr,
    /// True for the second column of a wide character.
    tail: bool,
}

const SPACE: Cell = Cell {
    char: ' ',
    marks: ['\0'; MARKS],
    style: Sgr {
        fg: None,
        bg: None,
        bold: false,
        dim: false,
        italic: false,
        underline: false,
        reverse: false,
        strike: false,
    },
    tail: false,
};

/// One line of a terminal.
pub(super) struct Screen {
    cells: Vec<Cell>,
    col: usize,
    style: Sgr,
    mark: &'static str,
    /// The last thing seen was a string whose terminator is still to come.
    open: bool,
    /// Set while asking the parser whether it is still inside a sequence.
    probe: Option<bool>,
}

impl Screen {
    pub(super) fn new(ascii: bool) -> Self {
        let mark = if ascii { "^[" } else { "␛" };
        Self { cells: Vec::new(), col: 0, style: Sgr::default(), mark, open: false, probe: None }
    }

    /// Runs a whole line through a fresh parser: a sequence that its line does not end must not swallow the next.
    pub(super) fn feed(&mut self, text: &str) {
        let mut parser: Parser = Parser::new();
        parser.advance(self, text.as_bytes());
        // The parser has no word for "inside"; a letter that is not printed tells.
        self.probe = Some(false);
        parser.advance(self, b"a");
        let printed = self.probe.take();
        if printed == Some(false) && !self.open {
            self.refuse();
        }
    }

    pub(super) fn into_spans(self) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for cell in self.cells.into_iter().filter(|c| !c.tail) {
            let text = std::iter::once(cell.char).chain(cell.marks.into_iter().take_while(|m| *m != '\0'));
            match spans.last_mut() {
                Some(last) if last.style == cell.style => last.text.extend(text),
                _ => spans.push(Span { text: text.collect(), style: cell.style }),
            }
        }
        spans
    }

    fn put(&mut self, c: char) {
        let wide = c.width() == Some(2);
        self.blank(self.col);
        if wide {
            self.blank(self.col + 1);
        }
        self.cells[self.col] = Cell { char: c, style: self.style, ..SPACE };
        if wide {
            self.cells[self.col + 1] = Cell { style: self.style, tail: true, ..SPACE };
        }
        self.col += 1 + usize::from(wide);
    }

    /// Makes a column exist and free: half of a wide character that is overwritten becomes a space.
    fn blank(&mut self, col: usize) {
        if self.cells.len() <= col {
            self.cells.resize(col + 1, SPACE);
        }
        if self.cells[col].tail && col > 0 {
            self.cells[col - 1] = SPACE;
        }
        if self.cells.get(col + 1).is_some_and(|c| c.tail) {
            self.cells[col + 1] = SPACE;
        }
        self.cells[col] = SPACE;
    }

    fn join(&mut self, mark: char) {
        let mut at = self.col;
        while at > 0 {
            at -= 1;
            match self.cells.get_mut(at) {
                Some(cell) if cell.tail => {}
                Some(cell) => {
                    if let Some(free) = cell.marks.iter_mut().find(|m| **m == '\0') {
                        *free = mark;
                    }
                    return;
                }
                None => return,
            }
        }
    }

    /// Leaves a mark where a sequence was taken out.
    fn refuse(&mut self) {
        let style = self.style;
        self.style.reverse = true;
        for c in self.mark.chars() {
            self.put(c);
        }
        self.style = style;
    }

    fn erase(&mut self, how: u16) {
        match how {
            0 => {
                if self.cells.get(self.col).is_some_and(|c| c.tail) {
                    self.blank(self.col);
                }
                self.cells.truncate(self.col);
            }
            1 => (0..=self.col.min(self.cells.len().saturating_sub(1))).for_each(|c| self.blank(c)),
            2 => self.cells.clear(),
            _ => self.refuse(),
        }
    }
}

impl Perform for Screen {
    fn print(&mut self, c: char) {
        if let Some(printed) = &mut self.probe {
            *printed = true;
            return;
        }
        self.open = false;
        match keep(c) {
            Keep::Yes => self.put(c),
            Keep::Mark => self.join(c),
            Keep::Space => self.put(' '),
            Keep::Replace => self.put('\u{fffd}'),
            Keep::No => {}
        }
    }

    fn execute(&mut self, byte: u8) {
        self.open = false;
        match byte {
            b'\t' => {
                let to = (self.col / TAB + 1) * TAB;
                while self.col < to {
                    // A tab moves over what stands there already; only beyond the end it leaves spaces.
                    if self.col >= self.cells.len() {
                        self.blank(self.col);
                    }
                    self.col += 1;
                }
            }
            b'\r' => self.col = 0,
            0x08 => self.col = self.col.saturating_sub(1),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if self.probe.is_some() {
            return;
        }
        self.open = false;
        let first = params.iter().next().and_then(|p| p.first().copied()).unwrap_or(0);
        let count = usize::from(first.max(1));
        match (intermediates, action) {
            _ if ignore => self.refuse(),
            ([], 'm') => self.style.apply(params),
            ([], 'K') => self.erase(first),
            ([], 'C') => self.col = (self.col + count).min(COLUMNS.max(self.col)),
            ([], 'D') => self.col = self.col.saturating_sub(count),
            ([], 'G') => self.col = (count - 1).min(COLUMNS),
            // Progress bars hide and show the cursor: of no consequence in a log.
            ([b'?'], 'h' | 'l') if first == 25 => {}
            _ => self.refuse(),
        }
    }

    fn esc_dispatch(&mut self, _intermediates: &[u8], _ignore: bool, byte: u8) {
        if self.probe.is_some() {
            return;
        }
        // The terminator of a string that was dealt with already.
        if !(byte == b'\\' && self.open) {
            self.refuse();
        }
        self.open = false;
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], _bell_terminated: bool) {
        if self.probe.is_some() {
            return;
        }
        // A hyperlink: its text stays, its target (which may differ from what the text says) goes.
        if params.first() != Some(&&b"8"[..]) {
            self.refuse();
        }
        self.open = true;
    }

    fn hook(&mut self, _params: &Params, _intermediates: &[u8], _ignore: bool, _action: char) {
        if self.probe.is_none() {
            self.refuse();
            self.open = true;
        }
    }
}

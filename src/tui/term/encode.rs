//! The pen: where the terminal's cursor stands, which style is set, and the cheapest way to the next cell.

use super::cell::{Cell, Style};
use super::sgr;

/// Bytes under construction and the terminal's state after them.
#[derive(Debug, Clone)]
pub(super) struct Pen {
    pub out: Vec<u8>,
    pub style: Style,
    /// Column and row; `None` when not known for sure.
    pub at: Option<(usize, usize)>,
    pub width: usize,
    pub height: usize,
}

impl Pen {
    pub(super) fn new(width: usize, height: usize, at: Option<(usize, usize)>) -> Self {
        Self { out: Vec::with_capacity(1024), style: Style::default(), at, width, height }
    }

    /// `ESC [ n c`, without the number where it is 1.
    pub(super) fn csi(&mut self, n: usize, c: u8) {
        self.out.extend_from_slice(b"\x1b[");
        if n != 1 {
            sgr::number(&mut self.out, n);
        }
        self.out.push(c);
    }

    pub(super) fn style(&mut self, to: Style) {
        sgr::write(&mut self.out, self.style, to);
        self.style = to;
    }

    /// Moves the cursor by the shortest sequence.
    pub(super) fn go(&mut self, x: usize, y: usize) {
        match self.at {
            Some(at) if at == (x, y) => return,
            Some((cx, cy)) if cy == y && x == 0 && cx > 0 => self.out.push(b'\r'),
            Some((cx, cy)) if cy == y && x > cx => self.csi(x - cx, b'C'),
            Some((cx, cy)) if cy == y && cx - x < 4 => (0..cx - x).for_each(|_| self.out.push(8)),
            Some((_, cy)) if cy == y => self.csi(x + 1, b'G'),
            // Only a line feed on the last row would scroll.
            Some((_, cy)) if cy + 1 == y && x == 0 && y < self.height => self.out.extend_from_slice(b"\r\n"),
            Some((cx, cy)) if cy + 1 == y && x == cx && y < self.height => self.out.push(b'\n'),
            Some((cx, cy)) if cx == x && y > cy => self.csi(y - cy, b'B'),
            Some((cx, cy)) if cx == x => self.csi(cy - y, b'A'),
            _ => self.place(x, y),
        }
        self.at = Some((x, y));
    }

    fn place(&mut self, x: usize, y: usize) {
        self.out.extend_from_slice(b"\x1b[");
        if y > 0 {
            sgr::number(&mut self.out, y + 1);
        }
        if x > 0 {
            self.out.push(b';');
            sgr::number(&mut self.out, x + 1);
        }
        self.out.push(b'H');
    }

    /// Prints a cell where the cursor stands.
    pub(super) fn put(&mut self, cell: &Cell) {
        // Letters of a space are not seen: no need to change their colour or weight.
        if !(cell.is_erased() && self.style.blank()) {
            self.style(cell.style);
        }
        self.out.extend_from_slice(cell.text());
        self.at = match self.at {
            Some((x, y)) if !cell.uncertain() && x + usize::from(cell.width) < self.width => {
                Some((x + usize::from(cell.width), y))
            }
            // In the last column terminals wait to wrap, each in its own way.
            _ => None,
        };
    }

    /// Erases so many columns from the cursor on, which stays.
    pub(super) fn erase(&mut self, columns: usize, to_end: bool) {
        if !self.style.blank() {
            self.style(Style::default());
        }
        if to_end {
            self.out.extend_from_slice(b"\x1b[K");
        } else {
            self.csi(columns, b'X');
        }
    }

    /// Scrolls the rows from `top` to `bottom` (inclusive) up, or down if negative; freed rows are empty.
    pub(super) fn scroll(&mut self, top: usize, bottom: usize, by: isize) {
        self.style(Style::default());
        self.out.extend_from_slice(b"\x1b[");
        sgr::number(&mut self.out, top + 1);
        self.out.push(b';');
        sgr::number(&mut self.out, bottom + 1);
        self.out.push(b'r');
        self.csi(by.unsigned_abs(), if by > 0 { b'S' } else { b'T' });
        self.out.extend_from_slice(b"\x1b[r");
        self.at = Some((0, 0));
    }
}

//! A frame as the writer compares it: one packed cell a column, exactly what the terminal is to show.

use super::caps::{Caps, Depth};
use super::color::Ink;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Position;
use ratatui::style::Modifier;

/// Bytes of one character with its marks; marks beyond are not sent.
const TEXT: usize = 22;

/// A style in the terminal's terms. No underline colour: terminals that do not know it read its parameters as others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Style {
    pub fg: Ink,
    pub bg: Ink,
    pub attr: Modifier,
}

impl Style {
    /// True if a space in this style looks like an erased cell.
    pub(super) fn blank(self) -> bool {
        let visible = Modifier::REVERSED | Modifier::UNDERLINED | Modifier::CROSSED_OUT;
        self.bg == Ink::default() && !self.attr.intersects(visible)
    }
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Cell {
    text: [u8; TEXT],
    len: u8,
    /// Columns: 1, 2, or 0 for the second column of a wide character.
    pub width: u8,
    pub style: Style,
}

impl Cell {
    pub(super) const BLANK: Self = Self::of(" ", 1);

    const fn of(text: &str, width: u8) -> Self {
        let mut bytes = [0; TEXT];
        let src = text.as_bytes();
        let mut i = 0;
        while i < src.len() && i < TEXT {
            bytes[i] = src[i];
            i += 1;
        }
        let style = Style { fg: DEFAULT, bg: DEFAULT, attr: Modifier::empty() };
        Self { text: bytes, len: i as u8, width, style }
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }

    /// An erased cell and this one look the same. (Colour and weight of a space's letter are not seen.)
    pub(super) fn is_erased(&self) -> bool {
        self.text() == b" " && self.style.blank()
    }

    /// True where terminals disagree about the columns: the cursor must be placed anew after it.
    pub(super) fn uncertain(&self) -> bool {
        self.len > 4 || self.text.starts_with(&[0xf0, 0x9f]) || self.text.starts_with(&[0xe2, 0x9a])
    }
}

const DEFAULT: Ink = Ink::NONE;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Frame {
    pub width: usize,
    pub height: usize,
    pub cells: Vec<Cell>,
    /// Where the cursor stands, if it is shown: column, row.
    pub cursor: Option<(u16, u16)>,
}

impl Frame {
    pub(super) fn blank(width: usize, height: usize) -> Self {
        Self { width, height, cells: vec![Cell::BLANK; width * height], cursor: None }
    }

    pub(super) fn row(&self, y: usize) -> &[Cell] {
        &self.cells[y * self.width..(y + 1) * self.width]
    }

    /// Takes over what ratatui has drawn, in the terminal's colours and characters. Reuses its memory.
    pub(super) fn load(&mut self, buffer: &Buffer, cursor: Option<Position>, caps: &Caps) {
        self.width = usize::from(buffer.area.width);
        self.height = usize::from(buffer.area.height);
        self.cursor = cursor.map(|p| (p.x, p.y));
        self.cells.clear();
        self.cells.reserve(buffer.content.len());
        let mut last = (ratatui::style::Style::reset(), Style::default());
        for row in buffer.content.chunks(self.width.max(1)) {
            let mut tail = 0;
            for (x, cell) in row.iter().enumerate() {
                if tail > 0 {
                    tail -= 1;
                    let head = self.cells[self.cells.len() - 1].style;
                    self.cells.push(Cell { style: head, ..Cell::of("", 0) });
                    continue;
                }
                let theirs = cell.style();
                if theirs != last.0 {
                    last = (theirs, style_of(cell, caps.depth));
                }
                let mut ours = glyph(cell.symbol(), caps.utf8);
                if x + usize::from(ours.width) > row.len() {
                    ours = Cell::BLANK;
                }
                tail = usize::from(ours.width) - 1;
                self.cells.push(Cell { style: last.1, ..ours });
            }
        }
    }
}

fn style_of(cell: &ratatui::buffer::Cell, depth: Depth) -> Style {
    // Concealed and blinking text is nothing that we want to show.
    let mut attr = cell.modifier & !(Modifier::HIDDEN | Modifier::SLOW_BLINK | Modifier::RAPID_BLINK);
    if attr.contains(Modifier::DIM) {
        // Some terminals know both at once, some only the last that was set.
        attr -= Modifier::BOLD;
    }
    Style { fg: Ink::of(cell.fg, depth), bg: Ink::of(cell.bg, depth), attr }
}

/// The last guard: no control character passes here either, whoever drew it.
fn glyph(symbol: &str, utf8: bool) -> Cell {
    if let [b @ 0x20..=0x7e] = symbol.as_bytes() {
        let mut cell = Cell::BLANK;
        cell.text[0] = *b;
        return cell;
    }
    if symbol.is_empty() || symbol.chars().any(char::is_control) {
        return Cell::BLANK;
    }
    let width = match symbol.cell_width() {
        0 => return Cell::BLANK,
        1 => 1,
        // Wider clusters than two do not exist on terminals.
        _ => 2,
    };
    if !utf8 {
        // Two columns must stay two columns; each half would be a cell of its own, so one is enough.
        return if width == 1 { Cell::of("?", 1) } else { Cell::of("??", 2) };
    }
    let mut end = symbol.len().min(TEXT);
    while !symbol.is_char_boundary(end) {
        end -= 1;
    }
    Cell::of(&symbol[..end], width)
}

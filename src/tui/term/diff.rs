//! From what the terminal shows to what it shall show: changed cells only, as few bytes as can be.

use super::caps::Caps;
use super::cell::{Cell, Frame, Style};
use super::encode::Pen;
use super::scroll;

/// From how many bytes on a frame is wrapped into a synchronised update; less than that cannot tear visibly.
const SYNC_FROM: usize = 160;
/// From how many bytes on it is worth looking for a scroll.
const SCROLL_FROM: usize = 64;

/// Bytes that turn `shown` into `next`; none if nothing changed. With no `shown` the terminal's content is unknown:
/// everything is drawn. The style is plain before and after.
pub(super) fn frame(shown: Option<&Frame>, next: &Frame, caps: &Caps) -> Vec<u8> {
    let same_size = shown.filter(|s| (s.width, s.height) == (next.width, next.height));
    let Some(shown) = same_size else {
        return wrap(full(next), true, caps);
    };
    if shown == next {
        return Vec::new();
    }
    // Whatever wrote on the terminal besides us (`wall`, a kernel message): the first move is absolute.
    let mut pen = Pen::new(next.width, next.height, None);
    cells(&mut pen, shown, next);
    let mut scrolled = false;
    if caps.scroll && pen.out.len() >= SCROLL_FROM {
        for s in scroll::find(shown, next) {
            let mut other = Pen::new(next.width, next.height, None);
            other.scroll(s.top, s.bottom, s.by);
            cells(&mut other, &scroll::applied(shown, s), next);
            if other.out.len() < pen.out.len() {
                pen = other;
                scrolled = true;
            }
        }
    }
    pen.style(Style::default());
    caret(&mut pen, shown.cursor.is_some(), next);
    let sync = scrolled || pen.out.len() >= SYNC_FROM;
    wrap(pen.out, sync, caps)
}

fn full(next: &Frame) -> Vec<u8> {
    let mut pen = Pen::new(next.width, next.height, Some((0, 0)));
    pen.out.extend_from_slice(b"\x1b[?25l\x1b[m\x1b[r\x1b[H\x1b[2J");
    cells(&mut pen, &Frame::blank(next.width, next.height), next);
    pen.style(Style::default());
    caret(&mut pen, false, next);
    pen.out
}

fn caret(pen: &mut Pen, was_shown: bool, next: &Frame) {
    match next.cursor {
        Some((x, y)) => {
            pen.go(usize::from(x), usize::from(y));
            if !was_shown {
                pen.out.extend_from_slice(b"\x1b[?25h");
            }
        }
        None if was_shown => pen.out.extend_from_slice(b"\x1b[?25l"),
        None => {}
    }
}

fn wrap(bytes: Vec<u8>, sync: bool, caps: &Caps) -> Vec<u8> {
    if !(sync && caps.sync) {
        return bytes;
    }
    [b"\x1b[?2026h", bytes.as_slice(), b"\x1b[?2026l"].concat()
}

fn cells(pen: &mut Pen, shown: &Frame, next: &Frame) {
    for y in 0..next.height {
        let (old, new) = (shown.row(y), next.row(y));
        if old != new {
            row(pen, old, new, y);
        }
    }
}

fn row(pen: &mut Pen, old: &[Cell], new: &[Cell], y: usize) {
    let width = new.len();
    // Everything from here to the right end looks erased.
    let text_end = new.iter().rposition(|c| !c.is_erased()).map_or(0, |i| i + 1);
    let mut x = 0;
    while x < width {
        if same(&old[x], &new[x]) || new[x].width == 0 {
            x += 1;
            continue;
        }
        if x >= text_end {
            let last = (x..width).rev().find(|i| !same(&old[*i], &new[*i])).unwrap_or(x);
            // Cheaper than the erase sequence: one or two spaces.
            if last - x >= 2 {
                pen.go(x, y);
                pen.erase(width - x, true);
                return;
            }
        }
        let blanks = new[x..].iter().take_while(|c| c.is_erased()).count();
        if blanks >= 8 && (x..x + blanks).filter(|i| !same(&old[*i], &new[*i])).count() >= 8 {
            pen.go(x, y);
            pen.erase(blanks, false);
            x += blanks;
            continue;
        }
        reach(pen, new, x, y);
        pen.put(&new[x]);
        x += usize::from(new[x].width.max(1));
    }
}

fn same(old: &Cell, new: &Cell) -> bool {
    old == new || (old.is_erased() && new.is_erased())
}

/// Goes to a cell; over a short gap by printing again what stands there, if that is shorter.
fn reach(pen: &mut Pen, new: &[Cell], x: usize, y: usize) {
    if let Some((cx, cy)) = pen.at
        && cy == y
        && cx < x
        && x - cx <= 3
        && new[cx..x].iter().all(|c| c.text().len() == 1 && c.style == pen.style)
    {
        for cell in &new[cx..x] {
            pen.put(cell);
        }
    }
    pen.go(x, y);
}

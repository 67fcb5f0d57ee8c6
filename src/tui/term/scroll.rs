//! Finds rows that moved up or down as a block. Only a guess is made here; the caller draws what the guess got wrong.

use super::cell::{Cell, Frame};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Rows `top` to `bottom` (inclusive) move up by `by` rows, down if negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scroll {
    pub top: usize,
    pub bottom: usize,
    pub by: isize,
}

/// Up to two promising scrolls, best first.
pub(super) fn find(shown: &Frame, next: &Frame) -> Vec<Scroll> {
    let (old, new) = (keys(shown), keys(next));
    let height = new.len();
    // Votes: rows of the new screen that stood elsewhere on the old one, by how far they moved.
    let mut votes = vec![0u32; 2 * height + 1];
    for (y, key) in new.iter().enumerate() {
        let Some(key) = key else { continue };
        if old[y] == Some(*key) {
            continue;
        }
        for (from, _) in old.iter().enumerate().filter(|(_, k)| **k == Some(*key)) {
            votes[height + from - y] += 1;
        }
    }
    let mut best: Vec<usize> = (0..votes.len()).filter(|i| votes[*i] > 0).collect();
    best.sort_by_key(|i| std::cmp::Reverse(votes[*i]));
    best.truncate(2);
    best.into_iter().filter_map(|i| region(&old, &new, i as isize - height as isize)).collect()
}

/// The longest block of rows that all moved by `by`; empty rows and a few changed ones inside do not break it.
fn region(old: &[Option<u64>], new: &[Option<u64>], by: isize) -> Option<Scroll> {
    let moved = |y: usize| {
        let from = y.checked_add_signed(by).filter(|f| *f < old.len())?;
        Some(old[from] == new[y])
    };
    let mut best: Option<(usize, usize, usize)> = None;
    let mut run: Option<(usize, usize, usize)> = None;
    for y in 0..new.len() {
        match (moved(y), run) {
            (Some(true), Some((a, _, n))) => run = Some((a, y, n + 1)),
            (Some(true), None) => run = Some((y, y, 1)),
            // A changed row inside a block that goes on soon is cheaper to draw than to leave the block.
            (Some(false), Some((_, b, _))) if y - b <= 2 => {}
            _ => run = None,
        }
        if run.map(|r| r.2) > best.map(|b| b.2) {
            best = run;
        }
    }
    let (a, b, _) = best?;
    let n = by.unsigned_abs();
    Some(if by > 0 { Scroll { top: a, bottom: b + n, by } } else { Scroll { top: a - n, bottom: b, by } })
}

/// A row's identity, without its last columns, where a scrollbar may stand. `None` for an empty row: it tells nothing.
fn keys(frame: &Frame) -> Vec<Option<u64>> {
    (0..frame.height)
        .map(|y| {
            let row = frame.row(y);
            let row = &row[..row.len().saturating_sub(2)];
            let mut hash = DefaultHasher::new();
            if row.iter().all(Cell::is_erased) {
                return None;
            }
            row.hash(&mut hash);
            Some(hash.finish())
        })
        .collect()
}

/// What the terminal shows after the scroll.
pub(super) fn applied(shown: &Frame, s: Scroll) -> Frame {
    let mut frame = shown.clone();
    let w = frame.width;
    let rows = &mut frame.cells[s.top * w..(s.bottom + 1) * w];
    let n = s.by.unsigned_abs() * w;
    if n >= rows.len() {
        rows.fill(Cell::BLANK);
    } else if s.by > 0 {
        rows.copy_within(n.., 0);
        let len = rows.len();
        rows[len - n..].fill(Cell::BLANK);
    } else {
        let len = rows.len();
        rows.copy_within(..len - n, n);
        rows[..n].fill(Cell::BLANK);
    }
    frame
}

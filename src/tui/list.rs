//! A list's cursor and window, by numbers only: ten thousand rows cost as much as ten.

use std::ops::Range;

/// Movements that every list and pane understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Left,
    Right,
}

/// Where the cursor stands and what is in sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct List {
    /// Index of the current row.
    pub cursor: usize,
    /// Index of the first row in sight, as far as remembered; [`List::window`] corrects it.
    pub offset: usize,
}

impl List {
    /// Moves the cursor within `len` rows of which `page` are in sight. True if it moved.
    pub fn motion(&mut self, motion: Motion, len: usize, page: usize) -> bool {
        let last = len.saturating_sub(1);
        let before = *self;
        self.cursor = match motion {
            Motion::Up => self.cursor.saturating_sub(1),
            Motion::Down => self.cursor.saturating_add(1),
            Motion::PageUp => self.cursor.saturating_sub(page.saturating_sub(1).max(1)),
            Motion::PageDown => self.cursor.saturating_add(page.saturating_sub(1).max(1)),
            Motion::First => 0,
            Motion::Last => last,
            Motion::Left | Motion::Right => self.cursor,
        }
        .min(last);
        self.offset = self.window(len, page).start;
        *self != before
    }

    /// Puts the cursor on a row.
    pub fn select(&mut self, index: usize, len: usize, page: usize) {
        self.cursor = index.min(len.saturating_sub(1));
        self.offset = self.window(len, page).start;
    }

    /// The rows in sight: the cursor is always among them.
    pub fn window(&self, len: usize, page: usize) -> Range<usize> {
        let page = page.max(1);
        let cursor = self.cursor.min(len.saturating_sub(1));
        let lowest = (cursor + 1).saturating_sub(page);
        let first = self.offset.clamp(lowest, cursor).min(len.saturating_sub(page));
        first..len.min(first + page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_always_in_sight() {
        let mut list = List::default();
        for motion in [Motion::Down, Motion::PageDown, Motion::Last, Motion::Up, Motion::PageUp, Motion::First] {
            list.motion(motion, 100, 10);
            let window = list.window(100, 10);
            assert!(window.contains(&list.cursor), "{motion:?}: {list:?} {window:?}");
            assert_eq!(window.len(), 10);
        }
    }

    #[test]
    fn an_empty_list_and_one_that_shrank_are_no_trouble() {
        let mut list = List { cursor: 50, offset: 45 };
        assert_eq!(list.window(0, 10), 0..0);
        assert_eq!(list.window(3, 10), 0..3);
        assert!(list.motion(Motion::Down, 3, 10));
        assert_eq!(list.cursor, 2);
    }
}
